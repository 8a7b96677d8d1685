"""Statements of reasons as the DSA Transparency Database takes them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from processors.policy import Policy
from schemas.records import ComplaintCategory, Field, MeasureStep, RulingAction
from streams.cli import app
from streams.errors import ConfigurationError
from streams.statements import AT_ONCE, EU, Statements
from tests.processors.accounts.world import World
from tests.processors.test_dsa import GIVEN, SCAM
from tests.support import shipped

POLICY = Policy(shipped("dsa2022"))
REQUIRED = {
    "puid",
    "decision_ground",
    "content_type",
    "content_date",
    "category",
    "territorial_scope",
    "application_date",
    "decision_facts",
    "source_type",
    "automated_detection",
    "automated_decision",
}


def exported(outputs: list[Any], policy: Policy = POLICY) -> list[dict[str, Any]]:
    made = Statements(policy, EU)
    for output in outputs:
        made.take(output)
    return [statement for body in made.bodies() for statement in body["statements"]]


@pytest.fixture
def world() -> World:
    return World(POLICY)


@pytest.mark.obligation("DSA-24-5")
def test_a_restriction_has_every_field_that_the_database_asks_for(world: World):
    (statement,) = exported(world.apply(bio=SCAM))
    assert statement.keys() >= REQUIRED
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,500}", statement["puid"])
    assert statement | {"puid": "", "content_date": "", "application_date": ""} == {
        "puid": "",
        "decision_provision": "DECISION_PROVISION_PARTIAL_SUSPENSION",
        "end_date_service_restriction": "2023-11-21",
        "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
        "illegal_content_legal_ground": "Directive 2005/29/EC, Art. 5",
        "illegal_content_explanation": (
            "The account information advertises a scam or another misleading commercial practice."
        ),
        "content_type": ["CONTENT_TYPE_TEXT"],
        "content_date": "",
        "category": "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
        "territorial_scope": EU,
        "application_date": "",
        "decision_facts": statement["decision_facts"],
        "source_type": "SOURCE_VOLUNTARY",
        "automated_detection": "Yes",
        "automated_decision": "AUTOMATED_DECISION_FULLY",
    }
    assert statement["content_date"] == statement["application_date"] == "2023-11-14"


@pytest.mark.obligation("DSA-24-5")
def test_no_value_of_an_account_is_in_a_statement(world: World):
    text = f"{SCAM}, write to +32 470 12 34 56"
    assert "470" not in json.dumps(exported(world.apply(bio=text)))


def test_a_statement_is_known_by_its_disposal_and_made_once(world: World):
    outputs = world.apply(bio=SCAM)
    (first,) = exported(outputs)
    assert exported(outputs + outputs) == [first]


def test_suspension_and_closure_are_of_the_account(world: World):
    outputs = world.rule(
        RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.SUSPEND, duration_days=9
    )
    (suspended,) = exported(outputs)
    assert suspended["decision_account"] == "DECISION_ACCOUNT_SUSPENDED"
    assert suspended["end_date_account_restriction"] == "2023-11-23"
    assert suspended["automated_decision"] == "AUTOMATED_DECISION_NOT_AUTOMATED"
    assert suspended["automated_detection"] == "No"
    assert suspended["content_type_other"] == "The account"
    (closed,) = exported(world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CLOSE))
    assert closed["decision_account"] == "DECISION_ACCOUNT_TERMINATED"
    assert "end_date_account_restriction" not in closed


def test_what_a_person_decides_on_a_detected_name_is_partly_automated(world: World):
    world.apply("e", name="Europol")
    (statement,) = exported(world.rule(RulingAction.REJECT_CHANGE, "e"))
    assert statement["automated_detection"] == "Yes"
    assert statement["automated_decision"] == "AUTOMATED_DECISION_PARTIALLY"
    assert statement["incompatible_content_ground"] == "Terms and conditions, impersonation"


def test_what_a_notice_led_to_names_it_as_the_source(world: World):
    world.propose(bio="I garden.")
    world.complain("n1", ComplaintCategory.OTHER, Field.BIO, **GIVEN)
    ruling = RulingAction.UPHOLD_COMPLAINT
    (statement,) = exported(world.rule(ruling, "n1", step=MeasureStep.RESTRICT))
    assert statement["source_type"] == "SOURCE_ARTICLE_16"


def test_a_closure_that_ends_a_notice_about_something_else_was_not_asked_for(world: World):
    world.propose(bio="I garden.")
    world.complain("n1", ComplaintCategory.OTHER, Field.BIO, **GIVEN)
    world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CLOSE)
    (statement,) = exported(world.log)
    assert statement["source_type"] == "SOURCE_VOLUNTARY"


def test_a_warning_a_demand_to_correct_and_another_regime_have_no_statement(world: World):
    assert exported(world.apply(name="www.example.com")) == []
    cac = Policy(shipped())
    assert exported(World(POLICY).apply(bio=SCAM), cac) == []


def test_a_call_takes_a_hundred_statements(world: World):
    (disposal,) = [o for o in world.apply(bio=SCAM) if type(o).__name__ == "Disposal"]
    made = Statements(POLICY, EU)
    for number in range(2 * AT_ONCE + 1):
        made.take(msgspec.structs.replace(disposal, disposal_id=f"d{number}"))
    assert [len(body["statements"]) for body in made.bodies()] == [AT_ONCE, AT_ONCE, 1]


@pytest.mark.usefixtures("no_settings")
def test_the_command_reads_outputs_as_replay_prints_them(world: World, tmp_path: Path):
    file = tmp_path / "outputs.jsonl"
    lines = [
        msgspec.json.encode({"type": type(output).__name__, "record": output})
        for output in world.apply(bio=SCAM)
    ]
    file.write_bytes(b"\n".join(lines))

    def run(*more: str) -> Any:
        arguments = ["export", "statements", str(file), "--pack", "dsa2022", *more]
        return CliRunner().invoke(app, arguments)

    (body,) = [json.loads(line) for line in run("--territory", "de,FR").stdout.splitlines()]
    assert body["statements"][0]["territorial_scope"] == ["DE", "FR"]
    assert isinstance(run("--territory", "US").exception, ConfigurationError)
    file.write_text('{"type": "Disposal", "record": {"nonsense": 1}}\n')
    bad = run()
    assert bad.exit_code == 2
    assert "outputs.jsonl:1" in bad.stderr
