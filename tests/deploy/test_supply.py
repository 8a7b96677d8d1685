"""The bill of materials, and what is made of the answer of the advisory database."""

from __future__ import annotations

import json
from importlib.metadata import distributions
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy.supply import advice_of, licences_of, write_sbom


@pytest.fixture(scope="module")
def sbom(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return write_sbom(tmp_path_factory.mktemp("dist") / "sbom.json", validate=False)


def test_the_bill_holds_against_its_schema(sbom: dict[str, Any]) -> None:
    """A part of it: all would take a quarter of a minute, as it does in `make audit`."""
    names = [sbom["metadata"]["component"], *sbom["components"][:15]]
    kept = {one["bom-ref"] for one in names}
    links = [
        one | {"dependsOn": [ref for ref in one.get("dependsOn", ()) if ref in kept]}
        for one in sbom["dependencies"]
        if one["ref"] in kept
    ]
    part = sbom | {"components": names[1:], "dependencies": links}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(part)) is None


def name_of(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def test_the_bill_names_every_package_that_is_installed_with_its_version(
    sbom: dict[str, Any],
) -> None:
    listed = {name_of(one["name"]): one["version"] for one in sbom["components"]}
    root = sbom["metadata"]["component"]
    assert root["name"] == "zhengming"
    there = {name_of(d.metadata["Name"]): d.version for d in distributions()}
    there.pop("zhengming")
    assert {name: listed.get(name) for name in there} == there


def test_the_licence_of_every_package_that_states_one_is_told(sbom: dict[str, Any]) -> None:
    licences = licences_of(sbom)
    assert "BSD" in licences["msgspec"]
    assert sum(map(bool, licences.values())) > 0.9 * len(licences)


def answer(**more: Any) -> str:
    sound = {"name": "sound", "version": "1", "vulns": []}
    return json.dumps({"dependencies": [sound, {"name": "other", "version": "2", **more}]})


@pytest.mark.parametrize(
    ("told", "code", "vulnerable", "unknown"),
    [
        (answer(vulns=[]), 0, [], []),
        (
            answer(vulns=[{"id": "PYSEC-1", "fix_versions": ["3"]}]),
            1,
            ["other 2: PYSEC-1, mended in 3"],
            [],
        ),
        (answer(skip_reason="not found"), 4, [], ["other"]),
        ("", 4, [], []),
        ("ERROR: no connection", 4, [], []),
        (json.dumps({"dependencies": []}), 4, [], []),
    ],
)
def test_a_database_that_was_not_asked_is_told_apart_from_one_that_knows_nothing(
    told: str, code: int, vulnerable: list[str], unknown: list[str]
) -> None:
    advice = advice_of(told)
    assert (advice.exit_code, advice.vulnerable, advice.unknown) == (code, vulnerable, unknown)
