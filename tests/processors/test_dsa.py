"""A second regime on the same engine: the Digital Services Act, as ``dsa2022`` has it."""

from __future__ import annotations

import pytest

from processors.accounts.grounds import BUILT_IN
from processors.policy import Policy, compose, lint_pack, shipped_pack
from processors.policy.model import GroundsTerms
from schemas.records import (
    ComplaintCategory,
    ComplaintFeedback,
    ComplaintState,
    CreditAction,
    CreditChange,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationKind,
    Field,
    MeasureStep,
    Notice,
    NoticeKind,
    RulingAction,
    Verdict,
)
from tests.processors.accounts.world import DAY, World, none, of, one
from tests.support import shipped

DSA = shipped("dsa2022")
CAC = shipped()
SCAM = "Doublez votre argent"
GIVEN = {
    "statement": "They promise what nobody can.",
    "complainant_token": "token-1",
    "good_faith": True,
}


@pytest.fixture
def world() -> World:
    return World(Policy(DSA))


def states(outputs: list) -> list[ComplaintState]:
    return [record.state for record in of(outputs, ComplaintFeedback)]


@pytest.mark.obligation("DSA-16")
def test_a_whole_notice_is_accepted_and_answered(world: World):
    world.propose(bio="I garden.")
    told = states(world.complain("n1", ComplaintCategory.ILLEGAL, Field.BIO, **GIVEN))
    assert told[:2] == [ComplaintState.RECEIVED, ComplaintState.ACCEPTED]


@pytest.mark.obligation("DSA-16")
@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ({"statement": " "}, "the reasons for it"),
        ({"complainant_token": None}, "a contact of the complainant"),
        ({"good_faith": None}, "a statement of good faith"),
        ({"good_faith": False, "statement": None}, "the reasons for it, a statement of good faith"),
    ],
)
def test_a_notice_that_lacks_a_part_is_not_accepted_and_says_which(world: World, lacking, said):
    world.propose(bio="I garden.")
    outputs = world.complain("n1", ComplaintCategory.ILLEGAL, Field.BIO, **GIVEN | lacking)
    assert ComplaintState.NOT_ACCEPTED in states(outputs)
    refused = next(f for f in of(outputs, ComplaintFeedback) if f.state == "NOT_ACCEPTED")
    assert said in refused.reason
    assert none(outputs, Disposal)


@pytest.mark.obligation("DSA-16")
def test_a_notice_without_a_place_is_not_accepted_and_may_come_again_with_it(world: World):
    world.propose(bio="I garden.")
    outputs = world.complain("n1", ComplaintCategory.ILLEGAL, None, **GIVEN)
    assert ComplaintState.NOT_ACCEPTED in states(outputs)
    again = world.complain("n2", ComplaintCategory.ILLEGAL, Field.BIO, **GIVEN)
    assert ComplaintState.ACCEPTED in states(again)


def feedback(outputs: list) -> str:
    """What the complainant reads at the end."""
    (told,) = [f.message for f in of(outputs, ComplaintFeedback) if f.state == "FEEDBACK"]
    return told


@pytest.mark.obligation("DSA-16")
def test_who_gave_a_notice_is_told_whether_a_machine_decided_and_the_redress(world: World):
    world.apply(bio=SCAM)
    by_machine = feedback(world.complain("n1", ComplaintCategory.ILLEGAL, Field.BIO, **GIVEN))
    world.complain("n2", ComplaintCategory.VULGAR, Field.NAME, **GIVEN)
    by_person = feedback(world.rule(RulingAction.DISMISS_COMPLAINT, "n2"))
    assert "Decided by automated means: yes." in by_machine
    assert "Decided by automated means: no." in by_person
    for told in (by_machine, by_person):
        assert told.endswith("certified out-of-court dispute settlement body, or to a court.")


def test_whose_language_is_not_known_is_told_in_that_of_the_pack(world: World):
    """Art. 17(4): clear and easily comprehensible. Chinese is that to few in the Union."""
    unknown = World(Policy(DSA), registered=False)
    assert one(unknown.apply(bio=SCAM), Notice).language == "en"
    told = unknown.complain("n1", ComplaintCategory.ILLEGAL, Field.BIO, **GIVEN)
    assert of(told, ComplaintFeedback)[0].message == "The complaint was received."
    assert World(Policy(CAC), registered=False).policy.pack.language == "zh"


@pytest.mark.obligation("DSA-17")
def test_a_restriction_tells_its_ground_its_facts_its_time_its_means_and_the_redress(world: World):
    outputs = world.apply(bio=SCAM)
    disposal = one(outputs, Disposal)
    body = one(outputs, Notice).body
    for said in (
        "Restriction of functions",
        "misleading commercial practice",
        "introduction",
        "Directive 2005/29/EC",
        "Detected by automated means: yes.",
        "Decided by automated means: yes.",
        "You may appeal until",
        "out-of-court dispute settlement",
    ):
        assert said in body, said
    assert disposal.ends_at == disposal.at + 7 * DAY
    assert SCAM not in body


@pytest.mark.obligation("DSA-17")
def test_what_a_person_decided_after_automatic_detection_is_told_so(world: World):
    world.apply("e", name="Europol")
    notice = one(world.rule(RulingAction.REJECT_CHANGE, "e"), Notice)
    assert "Detected by automated means: yes." in notice.body
    assert "Decided by automated means: no." in notice.body


@pytest.mark.obligation("DSA-17")
def test_the_order_of_a_person_rests_on_the_terms_of_the_platform(world: World):
    outputs = world.rule(
        RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.RESTRICT, field=Field.BIO
    )
    disposal, body = one(outputs, Disposal), one(outputs, Notice).body
    assert disposal.obligation_id == "DSA-17"
    assert disposal.article == "Terms and conditions, decisions of reviewers"
    assert f"so decided. Ground: {disposal.article}" in body
    assert "Order No. 10" not in body


@pytest.mark.obligation("DSA-17")
def test_a_pack_with_statements_names_the_ground_of_what_no_rule_causes():
    files = dict(shipped_pack("dsa2022"))
    lines = files["pack.yaml"].decode().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("  ruling:")]
    assert len(kept) == len(lines) - 1
    (problem,) = lint_pack(files | {"pack.yaml": "".join(kept).encode()})
    assert problem.code == "missing-ground"
    assert problem.message.endswith(": ruling")
    assert set(GroundsTerms.__struct_fields__) == set(BUILT_IN)


@pytest.mark.obligation("DSA-20")
def test_a_decision_may_be_complained_of_for_six_months_and_a_person_decides(world: World):
    notice = one(world.apply(bio=SCAM), Notice)
    assert notice.appeal_until is not None
    assert notice.appeal_until >= notice.at + 183 * DAY
    world.wait(days=180)
    outputs = world.appeal("ap", notice.measure_id)
    assert one(outputs, Escalation).kind is EscalationKind.APPEAL
    assert none(outputs, Disposal)


@pytest.mark.obligation("DSA-20")
@pytest.mark.parametrize("action", [RulingAction.UPHOLD_APPEAL, RulingAction.DISMISS_APPEAL])
def test_the_decision_of_an_appeal_has_its_reason_and_the_redress(world: World, action):
    world.appeal("ap", one(world.apply(bio=SCAM), Disposal).measure_id)
    outputs = world.rule(action, "ap")
    (notice,) = [n for n in of(outputs, Notice) if n.kind is NoticeKind.APPEAL_DECIDED]
    assert "Reason: so decided." in notice.body
    assert "out-of-court dispute settlement" in notice.body


@pytest.mark.obligation("DSA-20")
def test_an_upheld_complaint_reverses_the_decision_and_its_credit_at_once(world: World):
    began = world.apply(bio=SCAM)
    measure, entry = one(began, Disposal).measure_id, one(began, CreditChange).entry_id
    world.appeal("ap", measure)
    outputs = world.rule(RulingAction.UPHOLD_APPEAL, "ap", "rev-2")
    lifted = one(outputs, Disposal)
    assert (lifted.measure_id, lifted.action) == (measure, DisposalAction.LIFT)
    credit = one(outputs, CreditChange)
    assert (credit.entry_id, credit.action) == (entry, CreditAction.REVERSED)


@pytest.mark.obligation("DSA-23")
def test_who_provides_illegal_content_again_and_again_is_suspended(world: World):
    outputs = [*world.apply(bio=SCAM), *world.apply(bio=f"{SCAM} !")]
    begun = [d.step for d in of(outputs, Disposal) if d.action is DisposalAction.BEGIN]
    assert begun == [MeasureStep.RESTRICT, MeasureStep.SUSPEND]


def test_both_regimes_judge_one_event_and_each_answers_for_itself():
    world = World(Policy(compose([CAC, DSA])), registered=False)
    verdict = one(world.propose(bio=f"{SCAM} http://example.com"), Verdict)
    assert verdict.decision is Decision.REFUSE
    assert {(f.rule_id, f.pack_id) for f in verdict.findings} == {
        ("contacts.individual", "cac2022"),
        ("dsa.scams", "dsa2022"),
    }
    outputs = world.apply(bio=SCAM)
    disposal = next(d for d in of(outputs, Disposal) if d.rule_id == "dsa.scams")
    notice = next(n for n in of(outputs, Notice) if n.rule_id == "dsa.scams")
    assert disposal.pack_hash == notice.pack_hash == DSA.hash
    assert notice.kind is NoticeKind.MEASURE_BEGUN
    assert "是否以自动方式决定：是。" in notice.body
    outputs = world.apply(signature="http://example.com")
    contact = next(n for n in of(outputs, Notice) if n.rule_id == "contacts.individual")
    assert contact.pack_hash == CAC.hash
    assert "自动方式" not in contact.body


def test_the_packs_search_for_contacts_once():
    assert sum(d.kind == "contacts" for d in compose([CAC, DSA]).detectors) == 1
