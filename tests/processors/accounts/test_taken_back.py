"""An upheld appeal restores: later steps, credit and closures that rested on what was wrong."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from processors.accounts import Status, score_of
from processors.accounts.appeals import MAX_OPEN
from processors.policy import BrakeTerms, CreditTerms, LadderTerms, Level, Policy, ReportTerms
from schemas.records import (
    AuditRecord,
    AuthorityReport,
    CaseOutcome,
    ChangeKind,
    ComplaintCategory,
    ComplaintFeedback,
    ComplaintState,
    CreditAction,
    CreditChange,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationStatus,
    Field,
    MeasureStep,
    Notice,
    NoticeKind,
    RulingAction,
    Verdict,
    VerificationKind,
)
from tests.processors.accounts.world import DAY, World, make_pack, none, of, one

pytestmark = pytest.mark.obligation("CAC-17-1")

CORRECT, RESTRICT, SUSPEND = MeasureStep.CORRECT, MeasureStep.RESTRICT, MeasureStep.SUSPEND
CLOSING = Policy(
    make_pack(credit=CreditTerms(700, (Level("A", 500), Level("B", 0, MeasureStep.CLOSE))))
)


def begun(outputs: list[Any]) -> Disposal:
    """The measure that began last."""
    return [d for d in of(outputs, Disposal) if d.action is DisposalAction.BEGIN][-1]


def uphold(world: World, measure: str) -> list[Any]:
    """An appeal against a measure, which a person upholds."""
    world.appeal(f"against-{measure}", measure)
    return world.rule(RulingAction.UPHOLD_APPEAL, f"against-{measure}", "judge")


def breaches(world: World, word: str, number: int) -> list[Disposal]:
    """So many breaches, corrected in between; the last one is live."""
    found = []
    for turn in range(number):
        world.apply(bio=f"fine {turn}")
        found.append(begun(world.apply(bio=f"{word} {turn}")))
    return found


# -- a later step that counted it ---------------------------------------------------------------


def test_a_suspension_that_counted_a_wrong_measure_becomes_a_restriction():
    world = World()
    first, _, third = breaches(world, "contact", 3)
    assert third.step is SUSPEND
    world.wait(days=2)
    outputs = uphold(world, first.measure_id)
    assert world.live() == [RESTRICT]
    lifted, now = of(outputs, Disposal)
    assert (lifted.action, lifted.measure_id) == (DisposalAction.LIFT, third.measure_id)
    assert "taken back on appeal" in now.reason
    assert now.ends_at is not None
    assert round((now.ends_at - world.now) / DAY) == world.policy.pack.ladder.restrict_days - 2
    assert [n.kind for n in of(outputs, Notice)] == [
        NoticeKind.APPEAL_DECIDED,
        NoticeKind.MEASURE_LIFTED,
        NoticeKind.MEASURE_BEGUN,
    ]
    assert "counts as RESTRICT" in of(outputs, AuditRecord)[0].summary
    world.apply(bio="fine at last")
    world.wait(days=30)
    assert world.live() == []


def test_what_has_ended_counts_as_the_step_it_should_have_been():
    wrongly, rightly = World(), World()
    first, second = breaches(wrongly, "contact", 2)
    assert second.step is RESTRICT
    wrongly.apply(bio="fine")
    wrongly.wait(days=8)
    uphold(wrongly, first.measure_id)
    (only,) = breaches(rightly, "contact", 1)
    assert only.step is CORRECT
    for world in (wrongly, rightly):
        world.apply(bio="all fine")
        assert begun(world.apply(bio="contact again")).step is RESTRICT


def test_a_closure_that_came_of_a_step_that_should_have_been_a_warning_is_taken_back():
    world = World()
    first, second = breaches(world, "boast", 2)
    assert (first.step, second.step) == (MeasureStep.WARN, CORRECT)
    world.wait(days=60)
    assert world.status is Status.CLOSED
    score = score_of(world.account, world.policy.pack.credit)
    uphold(world, first.measure_id)
    assert (world.status, world.live()) == (Status.OPEN, [])
    assert score_of(world.account, world.policy.pack.credit) == score + 10


def test_a_suspension_for_want_of_correction_stands():
    world = World()
    first, second = breaches(world, "contact", 2)
    world.wait(days=8)
    assert (second.step, world.live()) == (RESTRICT, [SUSPEND])
    uphold(world, first.measure_id)
    assert world.live() == [SUSPEND]


@pytest.mark.obligation("CAC-15-2")
@pytest.mark.parametrize(("word", "values"), [("contact", 2), ("boast", 3)])
def test_what_an_appeal_says_of_a_value_is_not_said_of_a_newer_one(word: str, values: int):
    """The newer one still is to be corrected, by a measure of the step that is due without."""
    world = World()
    found = [begun(world.apply(name=f"{word} {number}")) for number in range(values)]
    assert [d.step for d in found][-2:] == [CORRECT, RESTRICT]
    uphold(world, found[0].measure_id)
    assert world.live() == [CORRECT]
    assert world.account.approvals == []
    world.wait(days=8)
    assert world.live() == [SUSPEND]


def test_an_appeal_for_an_older_value_says_nothing_of_one_that_a_person_looks_at():
    world = World(Policy(make_pack(brakes=BrakeTerms(quotas={RESTRICT: 0}))))
    first = begun(world.apply(name="contact 1"))
    world.apply("newer", name="contact 2")
    uphold(world, first.measure_id)
    assert (world.live(), world.account.approvals) == ([], [])
    assert begun(world.rule(RulingAction.REJECT_CHANGE, "newer")).step is CORRECT


@pytest.mark.obligation("CAC-15-2")
@pytest.mark.parametrize("served", [False, True])
def test_a_newer_value_that_was_right_ends_the_duty_to_correct_the_older_one(served: bool):
    terms = replace(LadderTerms(), restrict_days=3)
    world = World(Policy(make_pack(ladder=terms)))
    first, second = (begun(world.apply(bio=f"contact {number}")) for number in range(2))
    world.wait(days=4 * served)
    assert world.live() == ([CORRECT] if served else [CORRECT, RESTRICT])
    outputs = uphold(world, second.measure_id)
    lifted = of(outputs, Disposal)[-1]
    assert (lifted.measure_id, lifted.action) == (first.measure_id, DisposalAction.LIFT)
    assert (lifted.reviewers, lifted.appeal_id) == (("judge",), f"against-{second.measure_id}")
    assert f"CORRECT {first.measure_id} is met" in of(outputs, AuditRecord)[0].summary
    assert none(world.wait(days=60), Disposal)
    assert begun(world.apply(bio="contact 3")).step is RESTRICT, "the older one was real"


def test_an_appeal_against_an_order_leaves_what_the_rules_ask_of_the_value():
    world = World()
    world.apply(bio="contact 1")
    order = {"step": RESTRICT, "field": Field.BIO, "duration_days": 5}
    ordered = begun(world.rule(RulingAction.IMPOSE_MEASURE, "x", **order))
    uphold(world, ordered.measure_id)
    assert world.live() == [CORRECT]


def test_what_was_corrected_is_not_asked_for_again_after_an_appeal():
    world = World()
    first, second = (begun(world.apply(bio=f"contact {number}")) for number in range(2))
    world.apply(bio="fine")
    assert (second.step, world.live()) == (RESTRICT, [RESTRICT])
    uphold(world, first.measure_id)
    assert world.live() == []


def test_a_complaint_does_not_bring_a_warning_back_that_was_wrong():
    world = World()
    warned = begun(world.apply(bio="boast"))
    uphold(world, warned.measure_id)
    complaint = world.complain("c1", ComplaintCategory.FALSE_CLAIM, Field.BIO)
    assert none(complaint, Disposal)
    assert begun(world.apply(bio="boast of more")).step is MeasureStep.WARN


def test_what_a_person_ordered_is_not_lowered():
    world = World()
    (first,) = breaches(world, "contact", 1)
    order = {"step": SUSPEND, "field": Field.BIO, "duration_days": 5}
    world.rule(RulingAction.IMPOSE_MEASURE, "x", **order)
    uphold(world, first.measure_id)
    assert world.live() == [SUSPEND]


def test_a_closure_taken_back_after_an_appeal_brings_back_the_step_that_is_due_without_it():
    world = World()
    first, second = (begun(world.apply(bio=f"contact {number}")) for number in range(2))
    closure = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CLOSE)
    closed = next(d for d in of(closure, Disposal) if d.step is MeasureStep.CLOSE)
    uphold(world, first.measure_id)
    back = world.rule(RulingAction.LIFT_MEASURE, closed.measure_id, "judge")
    assert (second.step, world.live()) == (RESTRICT, [CORRECT])
    assert none(back, CreditChange), "nothing new was found"


def test_a_closure_taken_back_after_an_appeal_brings_nothing_back_that_is_a_warning_without_it():
    world = World()
    first, second = (begun(world.apply(bio=f"boast {number}")) for number in range(2))
    closure = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CLOSE)
    closed = next(d for d in of(closure, Disposal) if d.step is MeasureStep.CLOSE)
    uphold(world, first.measure_id)
    back = world.rule(RulingAction.LIFT_MEASURE, closed.measure_id, "judge")
    assert (second.step, world.live()) == (CORRECT, [])
    assert none(back, CreditChange)
    assert none(world.wait(days=60), Disposal)


# -- credit -------------------------------------------------------------------------------------


def test_a_closure_for_credit_is_taken_back_with_the_points():
    world = World(CLOSING)
    first, second = breaches(world, "casino", 2)
    assert (second.step, second.rule_id) == (MeasureStep.BAR, "credit")
    outputs = uphold(world, first.measure_id)
    assert world.status is Status.OPEN
    assert world.live() == [RESTRICT]
    assert none([o for o in of(outputs, CreditChange) if o.action is CreditAction.ADDED], object)


@pytest.mark.obligation("CAC-18")
@pytest.mark.parametrize("by_event", [True, False])
def test_points_for_a_refusal_may_be_appealed_against(by_event: bool):
    world = World()
    charged = one(world.propose("ev-refused", bio="contact"), CreditChange)
    receipt = world.appeal("a1", charged.event_id if by_event else charged.entry_id)
    assert one(receipt, Notice).body == "A person decides on your appeal."
    outputs = world.rule(RulingAction.UPHOLD_APPEAL, "a1")
    assert "deduction from your credit is taken back" in one(outputs, Notice).body
    assert one(outputs, CreditChange).action is CreditAction.REVERSED
    assert world.account.ledger == []


@pytest.mark.obligation("CAC-18")
def test_who_rejected_a_change_does_not_decide_over_its_points():
    world = World()
    world.propose("held", name="ministry")
    entry = one(world.rule(RulingAction.REJECT_CHANGE, "held", "ann"), CreditChange).entry_id
    world.appeal("a1", entry)
    assert none(world.rule(RulingAction.UPHOLD_APPEAL, "a1", "Ann"), CreditChange)
    world.rule(RulingAction.DISMISS_APPEAL, "a1", "ben")
    world.appeal("a2", entry)
    assert none(world.rule(RulingAction.UPHOLD_APPEAL, "a2", "ben"), CreditChange)
    assert not none(world.rule(RulingAction.UPHOLD_APPEAL, "a2", "cat"), CreditChange)


@pytest.mark.parametrize("by_person", [False, True])
def test_what_was_refused_by_mistake_may_come_again(by_person: bool):
    field, value = (Field.NAME, "ministry") if by_person else (Field.BIO, "contact me")
    new = {field.lower(): value}
    world = World()
    outputs = world.propose("refused", **new)
    if by_person:
        outputs = world.rule(RulingAction.REJECT_CHANGE, "refused", "ann")
    world.appeal("a1", one(outputs, CreditChange).entry_id)
    world.rule(RulingAction.UPHOLD_APPEAL, "a1", "ben")
    again = world.propose("again", **new)
    assert one(again, Verdict).decision is Decision.ALLOW
    assert "an appeal against that was upheld" in one(again, Verdict).reason
    assert none(again, CreditChange) and world.account.value(field) == value
    world.verify(VerificationKind.OCCUPATION, value="doctor", expires_at=world.now + DAY)
    world.wait(days=2)  # the end of a proof has all verified anew
    assert world.live() == []
    other = world.propose("other", **{field.lower(): f"{value}, please"})
    assert one(other, Verdict).decision is not Decision.ALLOW
    world.apply("away", **{field.lower(): "calm"})
    back = world.propose("back", **new)
    assert one(back, Verdict).decision is Decision.ALLOW


def test_what_one_owner_may_write_another_may_not():
    world = World()
    entry = one(world.propose("refused", bio="contact"), CreditChange).entry_id
    world.appeal("a1", entry)
    world.rule(RulingAction.UPHOLD_APPEAL, "a1", "ben")
    world.change("sold", kind=ChangeKind.OWNER_CHANGE, owner_token="other")
    assert one(world.propose("again", bio="contact"), Verdict).decision is Decision.REFUSE


# -- many appeals -------------------------------------------------------------------------------


def test_the_first_appeal_against_a_measure_always_goes_to_a_person():
    world = World()
    order = {"step": MeasureStep.WARN, "field": Field.BIO}
    last = begun(world.rule(RulingAction.IMPOSE_MEASURE, "x", **order))
    for number in range(MAX_OPEN):
        world.appeal(f"a{number}", "nothing we know")
    outputs = world.appeal("first", last.measure_id)
    assert one(outputs, Notice).kind is NoticeKind.APPEAL_RECEIVED
    assert one(outputs, Escalation).status is EscalationStatus.OPENED
    again = world.appeal("second", last.measure_id)
    assert one(again, Notice).outcome is CaseOutcome.NOT_ACCEPTED


# -- what authorities were told -----------------------------------------------------------------


@pytest.mark.obligation("CAC-17-3")
def test_authorities_are_told_what_was_taken_back_and_once():
    world = World(Policy(make_pack(report=ReportTerms(confirm=True))))
    told = {r.measure_id: r for r in of(world.apply(bio="fraud"), AuthorityReport)}
    assert [r.taken_back for r in told.values()] == [False, False]
    outputs = uphold(world, next(iter(told)))
    corrected = of(outputs, AuthorityReport)
    assert [(r.taken_back, r.step) for r in corrected] == [
        (True, MeasureStep.CLOSE),
        (True, MeasureStep.BAR),
    ]
    assert {r.measure_id for r in corrected} == told.keys()
    assert not {r.report_id for r in corrected} & {r.report_id for r in told.values()}
    assert {r.id for r in world.account.reports} >= {r.report_id for r in corrected}
    world.appeal("again", corrected[0].measure_id)
    assert none(world.rule(RulingAction.UPHOLD_APPEAL, "again", "judge-2"), AuthorityReport)


@pytest.mark.obligation("CAC-17-3")
def test_a_warning_that_ended_at_once_is_corrected_with_the_authorities_too():
    world = World(Policy(make_pack(report=ReportTerms(from_step=MeasureStep.WARN))))
    (warning,) = breaches(world, "boast", 1)
    assert one(uphold(world, warning.measure_id), AuthorityReport).taken_back


@pytest.mark.obligation("CAC-19-4")
def test_a_complaint_upheld_by_what_was_taken_back_answers_no_other():
    world = World()
    world.complain("t1", ComplaintCategory.OTHER, Field.NAME)
    restricted = world.rule(RulingAction.UPHOLD_COMPLAINT, "t1", "ann", step=RESTRICT)
    shared = of(world.complain("t2", ComplaintCategory.OTHER, Field.NAME), ComplaintFeedback)
    assert shared[-1].outcome is CaseOutcome.UPHELD
    uphold(world, begun(restricted).measure_id)
    outputs = world.complain("t3", ComplaintCategory.OTHER, Field.NAME)
    assert of(outputs, ComplaintFeedback)[-1].state is ComplaintState.ESCALATED
