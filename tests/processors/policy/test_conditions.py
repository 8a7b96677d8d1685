"""Conditions in CEL: asked where the detector has hit, bounded, and never a reason to allow."""

from __future__ import annotations

import pytest

from processors.policy import Detector, DetectorKind, Judgement, Policy, SubjectView, load_pack
from processors.policy.conditions import VARIABLES, Condition, ConditionError, check
from schemas.records import (
    Decision,
    Field,
    FieldLabel,
    RuleOutcome,
    SubjectKind,
    Verdict,
    VerificationKind,
)
from tests.processors.accounts.world import World, make_pack, one, rule
from tests.processors.policy.small_pack import changed

VALUES = {name: value for name, (_, value) in VARIABLES.items()}


def judged(condition: str, text: str, **proofs: tuple[str, ...]) -> Judgement:
    files = changed("decision: NEED_MATERIAL", f"decision: REFUSE\n    when: >-\n      {condition}")
    policy = Policy(load_pack(files))
    held = {VerificationKind(kind): values for kind, values in proofs.items()}
    view = SubjectView(SubjectKind.INDIVIDUAL, held)
    return policy.judge(view, {Field.NAME: text}, {text: policy.scan([text])[0]})


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("match.entry == '坏词'", True),
        ("match.entry == '好词'", False),
        ("field == 'NAME' && size(text) < 10", True),
        ("match.length == 2 && match.technique == 'plain'", True),
        ("'IDENTITY' in proofs", True),
        ("proofs.exists(kind, kind == 'OCCUPATION')", False),
        ("text.matches('^一.*词$')", True),
        ("account.seen || account.score < 600", False),
    ],
)
def test_a_rule_hits_where_its_condition_holds(condition: str, holds: bool):
    judgement = judged(condition, "一个坏词", IDENTITY=("",))
    assert judgement.decision is (Decision.REFUSE if holds else Decision.ALLOW)
    assert [f.outcome for f in judgement.findings] == ([RuleOutcome.HIT] if holds else [])


@pytest.mark.parametrize(
    "condition", ["proofs['OCCUPATION'][0] == '医师'", "9223372036854775807 + match.severity > 0"]
)
def test_a_condition_without_an_answer_asks_for_a_person_and_says_why(condition: str):
    judgement = judged(condition, "坏词")
    assert judgement.decision is Decision.HOLD
    assert "its condition has no answer: " in judgement.reason
    assert [f.outcome for f in judgement.findings] == [RuleOutcome.ERROR]


def test_a_condition_is_asked_only_where_the_detector_has_hit():
    assert judged("proofs['OCCUPATION'][0] == '医师'", "无事").findings == ()


def test_a_condition_that_would_take_too_long_is_stopped():
    digits = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"
    nested = "a + b + c + d + e >= 0"
    for letter in "edcba":
        nested = f"{digits}.all({letter}, {nested})"
    assert check(nested) == []
    with pytest.raises(ConditionError, match="budget"):
        Condition(nested).holds(VALUES)


def test_a_regular_expression_takes_linear_time():
    assert not Condition("text.matches('^(a+)+$')").holds(VALUES | {"text": "a" * 50_000 + "b"})


@pytest.mark.parametrize("name", VARIABLES)
def test_every_name_can_be_asked_for(name: str):
    assert Condition(f"{name} == {name}").holds(VALUES)


def test_a_condition_knows_the_account():
    pack = make_pack()
    late = tuple(
        rule("advert", Decision.REFUSE, when="account.seen && account.inputs > 2")
        if r.id == "advert"
        else r
        for r in pack.rules
    )
    world = World(Policy(make_pack(rules=late)))
    assert one(world.propose(bio="advert"), Verdict).decision is Decision.ALLOW
    assert one(world.propose(bio="advert!"), Verdict).decision is Decision.REFUSE


def test_a_condition_on_a_label_is_asked_of_the_text_that_has_it():
    """What the label says of it stands in no list: the words around are all that can be asked."""
    pack = make_pack()
    labels = Detector("labels", DetectorKind.LABELS, names=("LONGING",))
    labelled = rule("labels", Decision.REFUSE, when="text.contains('sea')")
    policy = Policy(make_pack(detectors=(*pack.detectors, labels), rules=(*pack.rules, labelled)))
    world = World(policy)

    def decision(bio: str) -> Decision:
        label = FieldLabel(field=Field.BIO, label="LONGING", score=900)
        return one(world.propose(bio=bio, labels=(label,)), Verdict).decision

    assert decision("by the lake") is Decision.ALLOW
    assert decision("by the sea") is Decision.REFUSE
