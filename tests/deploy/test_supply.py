"""The bill of materials, and what is made of the answer of the advisory database."""

from __future__ import annotations

import json
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy.supply import advice_of, licences_of, write_sbom


@pytest.fixture(scope="module")
def sbom(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file: Path = tmp_path_factory.mktemp("dist") / "sbom.json"
    made = write_sbom(file)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(file.read_text("utf-8")) is None
    return made


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
