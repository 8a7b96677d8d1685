"""What people decide, and what an appeal takes back."""

from __future__ import annotations

import pytest

from processors.accounts import Status, score_of
from schemas.records import (
    AuditKind,
    AuditRecord,
    ChangeKind,
    ComplaintCategory,
    CreditAction,
    CreditChange,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationKind,
    EscalationStatus,
    Field,
    MeasureStep,
    RulingAction,
    Verdict,
    VerificationKind,
    VerificationResult,
)
from tests.processors.accounts.world import DAY, HOUR, World, none, of, one


def steps(outputs: list[object]) -> list[tuple[str, str]]:
    return [(d.action.value, d.step.value) for d in of(outputs, Disposal)]


def test_an_approved_change_becomes_current():
    world = World()
    world.propose("e1", name="ministry")
    outputs = world.rule(RulingAction.APPROVE_CHANGE, "e1")
    verdict = one(outputs, Verdict)
    assert (verdict.decision, verdict.revision, verdict.reviewers) == (
        Decision.ALLOW,
        2,
        ("rev-1",),
    )
    assert world.value(Field.NAME) == "ministry"
    assert one(outputs, Escalation).status is EscalationStatus.CLOSED


def test_a_rejected_change_is_refused_and_charged():
    world = World()
    world.propose("e1", name="ministry")
    outputs = world.rule(RulingAction.REJECT_CHANGE, "e1")
    assert one(outputs, Verdict).decision is Decision.REFUSE
    assert one(outputs, CreditChange).rule_id == "ministry"
    assert world.value(Field.NAME) == "plain"


@pytest.mark.obligation("CAC-10-2")
def test_a_strict_hold_asks_for_two_different_reviewers():
    world = World()
    verdict = one(world.propose("e1", name="national"), Verdict)
    assert verdict.decision is Decision.STRICT_HOLD
    assert none(world.rule(RulingAction.APPROVE_CHANGE, "e1", "ann"), Verdict)
    outputs = world.rule(RulingAction.APPROVE_CHANGE, "e1", "ann")
    assert "two different reviewers" in one(outputs, AuditRecord).summary
    for spelt in ("Ann", "ann ", "ａｎｎ"):
        outputs = world.rule(RulingAction.APPROVE_CHANGE, "e1", spelt)
        assert "two different reviewers" in one(outputs, AuditRecord).summary
    verdict = one(world.rule(RulingAction.APPROVE_CHANGE, "e1", "ben"), Verdict)
    assert (verdict.decision, verdict.reviewers) == (Decision.ALLOW, ("ann", "ben"))


@pytest.mark.obligation("CAC-10-2")
def test_one_reviewer_is_enough_to_keep_the_old_value():
    world = World()
    world.propose("e1", name="national")
    world.rule(RulingAction.APPROVE_CHANGE, "e1", "ann")
    verdict = one(world.rule(RulingAction.REJECT_CHANGE, "e1", "ben"), Verdict)
    assert (verdict.decision, verdict.reviewers) == (Decision.REFUSE, ("ann", "ben"))


@pytest.mark.obligation("CAC-10-2")
def test_a_strict_hold_is_not_released_by_any_proof():
    world = World()
    world.propose("e1", name="national ministry")
    assert none(world.verify(VerificationKind.INSTITUTION, value="ministry"), Verdict)


def test_an_approval_holds_for_the_value_and_not_for_the_next_one():
    world = World()
    world.propose("e1", name="ministry")
    world.rule(RulingAction.APPROVE_CHANGE, "e1")
    outputs = world.complain("t1", ComplaintCategory.IMPERSONATION, Field.NAME)
    assert one(outputs, Escalation).rule_ids == ()
    assert one(world.propose(name="ministry two"), Verdict).decision is Decision.HOLD


def test_an_approved_value_lifts_what_waited_for_a_correction():
    world = World()
    world.apply(name="contact")
    world.propose("e1", name="ministry")
    assert steps(world.rule(RulingAction.APPROVE_CHANGE, "e1")) == [("LIFT", "CORRECT")]


def test_to_approve_what_one_rule_found_lifts_nothing_of_another():
    world = World()
    world.verify(VerificationKind.INSTITUTION, value="ministry")
    assert steps(world.apply(bio="doctor of the ministry")) == [("BEGIN", "CORRECT")]
    revoked = VerificationResult.REVOKED
    world.verify(VerificationKind.INSTITUTION, revoked, event="ended", value="ministry")
    assert steps(world.rule(RulingAction.APPROVE_CHANGE, "ended")) == []
    assert world.live() == [MeasureStep.CORRECT]
    assert steps(world.verify(VerificationKind.OCCUPATION, value="doctor")) == [("LIFT", "CORRECT")]


def test_to_approve_a_change_says_nothing_of_a_field_that_a_newer_one_took_over():
    world = World()
    world.apply(bio="ministry one")
    world.propose("e1", bio="ministry two", signature="ministry")
    world.propose("e2", bio="ministry three")
    world.rule(RulingAction.APPROVE_CHANGE, "e1")
    assert [approval.field for approval in world.account.approvals] == [Field.SIGNATURE]


@pytest.mark.parametrize("action", sorted(set(RulingAction) - {RulingAction.PLACE_HOLD}))
def test_a_ruling_on_something_unknown_is_kept_and_changes_nothing(action: RulingAction):
    world = World()
    outputs = world.rule(action, "nothing")
    audit = one(outputs, AuditRecord)
    assert audit.kind is AuditKind.RULING
    assert "applied to nothing" in audit.summary
    assert audit.actor == "rev-1"
    assert len(outputs) == 1


@pytest.mark.parametrize("action", [RulingAction.APPROVE_CHANGE, RulingAction.REJECT_CHANGE])
def test_a_second_ruling_on_a_settled_change_changes_nothing(action: RulingAction):
    world = World()
    world.propose("e1", name="ministry")
    world.rule(RulingAction.APPROVE_CHANGE, "e1")
    outputs = world.rule(action, "e1")
    assert "applied to nothing" in one(outputs, AuditRecord).summary


# -- measures by order ------------------------------------------------------------------------


def test_a_measure_by_order_has_the_length_that_was_ordered():
    world = World()
    outputs = world.rule(
        RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.RESTRICT, duration_days=3
    )
    disposal = one(outputs, Disposal)
    assert (disposal.ends_at, disposal.automatic) == (world.now + 3 * DAY, False)
    assert "so decided" in disposal.reason
    assert steps(world.wait(days=3)) == [("LIFT", "RESTRICT")]


def test_a_suspension_by_order_for_a_field_lasts_until_it_is_corrected():
    world = World()
    world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.SUSPEND, field=Field.NAME)
    assert steps(world.propose(name="sunny")) == [("LIFT", "SUSPEND")]


def test_a_suspension_by_order_without_a_field_just_ends():
    world = World()
    world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.SUSPEND)
    assert steps(world.wait(days=30)) == [("LIFT", "SUSPEND")]
    assert world.status is Status.OPEN


def test_of_two_orders_the_longer_one_holds():
    world = World()
    order = {"step": MeasureStep.RESTRICT, "field": Field.NAME}
    world.rule(RulingAction.IMPOSE_MEASURE, "x", duration_days=5, **order)
    outputs = world.rule(RulingAction.IMPOSE_MEASURE, "x", duration_days=9, **order)
    disposal = one(outputs, Disposal)
    assert (disposal.action, disposal.ends_at) == (DisposalAction.EXTEND, world.now + 9 * DAY)
    assert steps(world.rule(RulingAction.IMPOSE_MEASURE, "x", duration_days=1, **order)) == []


def test_an_order_takes_the_place_of_an_automatic_measure():
    world = World()
    world.apply(bio="contact")
    outputs = world.rule(
        RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CORRECT, field=Field.BIO
    )
    assert steps(outputs) == [("LIFT", "CORRECT"), ("BEGIN", "CORRECT")]
    assert steps(world.apply(bio="contact again")) == [("BEGIN", "RESTRICT")]
    assert steps(world.apply(bio="clean")) == [("LIFT", "CORRECT")]


def test_a_closure_by_order_bars_and_its_lift_opens_again():
    world = World()
    outputs = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CLOSE)
    closure = of(outputs, Disposal)[0]
    assert world.status is Status.CLOSED
    longer = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.BAR, duration_days=900)
    assert steps(longer) == [("EXTEND", "BAR")]
    outputs = world.rule(RulingAction.LIFT_MEASURE, closure.measure_id)
    assert steps(outputs) == [("LIFT", "CLOSE"), ("LIFT", "BAR")]
    assert world.status is Status.OPEN


def test_a_lifted_measure_does_not_come_back_for_the_same_value():
    world = World()
    measure = one(world.apply(bio="contact"), Disposal).measure_id
    world.rule(RulingAction.LIFT_MEASURE, measure)
    outputs = world.complain("t1", ComplaintCategory.CONTACTS, Field.BIO)
    assert none(outputs, Disposal)


def test_nothing_is_ordered_against_a_cancelled_account():
    world = World()
    world.change(kind=ChangeKind.CANCELLATION)
    outputs = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.SUSPEND)
    assert "applied to nothing" in one(outputs, AuditRecord).summary


# -- appeals ----------------------------------------------------------------------------------


def test_an_appeal_is_put_before_a_person():
    world = World()
    measure = one(world.apply(bio="contact"), Disposal).measure_id
    escalation = one(world.appeal("a1", measure), Escalation)
    assert (escalation.kind, escalation.subject_id) == (EscalationKind.APPEAL, "a1")
    assert escalation.due_at == world.now + 72 * HOUR
    assert escalation.rule_ids == ("contact",)


def test_an_upheld_appeal_lifts_the_measure_and_reverses_the_credit_at_once():
    world = World()
    begun = world.apply(bio="casino")
    measure, entry = one(begun, Disposal).measure_id, one(begun, CreditChange).entry_id
    world.appeal("a1", measure)
    world.wait(days=2)
    outputs = world.rule(RulingAction.UPHOLD_APPEAL, "a1")
    lifted, credit = one(outputs, Disposal), one(outputs, CreditChange)
    assert (lifted.measure_id, lifted.action) == (measure, DisposalAction.LIFT)
    assert "Served: 2 d" in lifted.reason
    assert (credit.entry_id, credit.action) == (entry, CreditAction.REVERSED)
    assert credit.account_seq == lifted.account_seq
    assert score_of(world.account, world.policy.pack.credit) == 700
    assert one(outputs, Escalation).status is EscalationStatus.CLOSED


def test_an_upheld_appeal_takes_back_what_followed_from_the_measure():
    world = World()
    measure = one(world.apply(bio="contact"), Disposal).measure_id
    world.wait(days=40)
    assert world.status is Status.CLOSED
    world.appeal("a1", measure)
    outputs = world.rule(RulingAction.UPHOLD_APPEAL, "a1")
    assert steps(outputs) == [("LIFT", "CLOSE"), ("LIFT", "BAR")]
    assert one(outputs, CreditChange).action is CreditAction.REVERSED
    assert world.status is Status.OPEN
    assert steps(world.complain("t1", ComplaintCategory.CONTACTS, Field.BIO)) == []


def test_an_overturned_measure_does_not_count_for_repetition():
    world = World()
    measure = one(world.apply(bio="contact"), Disposal).measure_id
    world.appeal("a1", measure)
    world.rule(RulingAction.UPHOLD_APPEAL, "a1")
    assert steps(world.apply(bio="contact again")) == [("BEGIN", "CORRECT")]


def test_a_dismissed_appeal_leaves_the_measure():
    world = World()
    measure = one(world.apply(bio="contact"), Disposal).measure_id
    world.appeal("a1", measure)
    outputs = world.rule(RulingAction.DISMISS_APPEAL, "a1")
    assert one(outputs, Escalation).status is EscalationStatus.CLOSED
    assert world.live() == [MeasureStep.CORRECT]


def test_an_appeal_against_something_unknown_says_so_and_can_be_settled():
    world = World()
    escalation = one(world.appeal("a1", "nowhere"), Escalation)
    assert "not known" in escalation.reason
    assert one(world.rule(RulingAction.UPHOLD_APPEAL, "a1"), Escalation).status is (
        EscalationStatus.CLOSED
    )


def test_an_appeal_after_its_time_says_so():
    world = World()
    measure = one(world.apply(bio="contact"), Disposal).measure_id
    world.apply(bio="clean")
    world.wait(days=181)
    assert "after the time" in one(world.appeal("a1", measure), Escalation).reason


def test_an_appeal_that_nobody_decided_in_time_stays_open():
    world = World()
    measure = one(world.apply(bio="casino"), Disposal).measure_id
    world.appeal("a1", measure)
    breach = one(world.wait(hours=72), Escalation)
    assert (breach.kind, breach.subject_id) == (EscalationKind.SLA_BREACH, "a1")
    closed = of(world.rule(RulingAction.DISMISS_APPEAL, "a1"), Escalation)
    assert {e.kind for e in closed} == {EscalationKind.APPEAL, EscalationKind.SLA_BREACH}


def test_too_many_open_appeals_are_answered_and_not_kept():
    world = World()
    for number in range(20):
        outputs = world.appeal(f"a{number}", "nowhere")
    opened, closed = of(outputs, Escalation)
    assert (opened.status, closed.status) == (EscalationStatus.OPENED, EscalationStatus.CLOSED)
    assert len(world.account.appeals) == 16


def test_the_same_appeal_again_keeps_its_escalation():
    world = World()
    measure = one(world.apply(bio="contact"), Disposal).measure_id
    first = one(world.appeal("a1", measure), Escalation)
    again = one(world.appeal("a1", measure), Escalation)
    assert (again.escalation_id, again.opened_at) == (first.escalation_id, first.opened_at)
    assert len(world.account.appeals) == 1


def test_an_upheld_appeal_settles_the_others_against_the_measure():
    world = World()
    measure = one(world.apply(bio="contact"), Disposal).measure_id
    other = one(world.apply(name="contact"), Disposal).measure_id
    for ticket, target in (("a1", measure), ("a2", measure), ("a3", other)):
        world.appeal(ticket, target)
    world.rule(RulingAction.UPHOLD_APPEAL, "a1")
    assert [appeal.id for appeal in world.account.appeals] == ["a3"]


def test_a_cancellation_settles_open_appeals():
    world = World()
    measure = one(world.apply(bio="contact"), Disposal).measure_id
    world.appeal("a1", measure)
    outputs = world.change(kind=ChangeKind.CANCELLATION)
    assert one(outputs, Escalation).kind is EscalationKind.APPEAL
    assert world.account.appeals == []


# -- orders against what is in force ----------------------------------------------------------


def test_a_later_deadline_by_order_extends_the_earlier_one():
    world = World()
    order = {"step": MeasureStep.CORRECT, "field": Field.NAME}
    world.rule(RulingAction.IMPOSE_MEASURE, "x", duration_days=2, **order)
    outputs = world.rule(RulingAction.IMPOSE_MEASURE, "x", duration_days=9, **order)
    disposal = one(outputs, Disposal)
    assert (disposal.action, disposal.deadline) == (DisposalAction.EXTEND, world.now + 9 * DAY)


def test_a_deadline_by_order_stands_in_for_an_automatic_one():
    world = World()
    world.apply(bio="odd")
    world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CORRECT, field=Field.BIO)
    outputs = world.apply(bio="contact")
    assert none(outputs, Disposal)
    assert none(outputs, CreditChange)
    assert steps(world.apply(bio="clean")) == [("LIFT", "CORRECT")]


def test_a_milder_order_does_not_replace_a_graver_deadline_of_its_cause():
    world = World()
    order = {"field": Field.NAME}
    world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.SUSPEND, **order)
    outputs = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CORRECT, **order)
    assert "applied to nothing" in one(outputs, AuditRecord).summary


@pytest.mark.parametrize(("step", "days"), [(MeasureStep.RESTRICT, None), (MeasureStep.BAR, 1)])
def test_a_closed_account_is_only_barred_for_longer(step: MeasureStep, days: int | None):
    world = World()
    world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CLOSE)
    outputs = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=step, duration_days=days)
    assert "applied to nothing" in one(outputs, AuditRecord).summary


@pytest.mark.parametrize("step", [MeasureStep.CLOSE, MeasureStep.BAR])
def test_a_second_order_without_days_bars_for_what_the_pack_says_and_not_for_ever(
    step: MeasureStep,
):
    world = World()
    world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CLOSE)
    world.wait(days=10)
    again = one(world.rule(RulingAction.IMPOSE_MEASURE, "x", "rev-2", step=step), Disposal)
    assert (again.action, again.step) == (DisposalAction.EXTEND, MeasureStep.BAR)
    assert again.ends_at == world.now + world.policy.pack.ladder.bar_days[1] * DAY
    assert steps(world.wait(days=180)) == [("LIFT", "BAR")]


def test_an_order_without_days_makes_no_longer_bar_shorter():
    world = World()
    world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CLOSE, duration_days=400)
    outputs = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.BAR)
    assert "in force and no shorter" in one(outputs, AuditRecord).summary


def test_a_bar_that_has_ended_is_not_lengthened():
    world = World()
    world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CLOSE, duration_days=1)
    world.wait(days=2)
    outputs = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.BAR)
    assert "its bar has ended" in one(outputs, AuditRecord).summary


def test_two_findings_by_people_set_two_rules_aside():
    world = World()
    world.apply("e1", name="ministry")
    world.complain("t1", ComplaintCategory.IMPERSONATION, Field.NAME)
    world.rule(RulingAction.DISMISS_COMPLAINT, "t1")
    measure = one(world.apply(name="contact ministry"), Disposal).measure_id
    world.rule(RulingAction.LIFT_MEASURE, measure)
    assert world.account.approvals[0].rules == ["contact"]
    world.complain("t2", ComplaintCategory.IMPERSONATION, Field.NAME)
    world.rule(RulingAction.DISMISS_COMPLAINT, "t2")
    assert world.account.approvals[0].rules == ["contact", "ministry"]


def test_passed_time_limits_that_nobody_notes_are_bounded():
    world = World()
    for number in range(18):
        world.propose(f"h{number}", name="ministry")
        outputs = world.wait(days=3)
    assert len(world.account.breaches) == 16
    assert "Too many" in of(outputs, Escalation)[-2].reason


def test_ended_measures_are_bounded():
    world = World()
    for _ in range(20):
        world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.WARN)
    assert len(world.account.measures) == 16


# -- a correction needs a field ---------------------------------------------------------------


def test_a_complaint_about_the_account_as_a_whole_is_corrected_where_the_rule_hits():
    world = World()
    world.apply(bio="ministry")
    world.complain("t1", ComplaintCategory.IMPERSONATION)
    disposal = one(world.rule(RulingAction.UPHOLD_COMPLAINT, "t1"), Disposal)
    assert (disposal.step, disposal.fields) == (MeasureStep.CORRECT, (Field.BIO,))
    assert steps(world.apply(bio="clean")) == [("LIFT", "CORRECT")]
    assert steps(world.wait(days=60)) == []


def test_an_upheld_complaint_that_concerns_no_field_warns_and_ends_nowhere():
    """Nothing the account does could lift a correction of no field: it would be closed for it."""
    world = World()
    world.complain("t1", ComplaintCategory.OTHER)
    assert steps(world.rule(RulingAction.UPHOLD_COMPLAINT, "t1")) == [("BEGIN", "WARN")]
    assert steps(world.wait(days=60)) == []
    assert world.status is Status.OPEN


def test_an_order_to_correct_names_the_field_and_decides_nothing_without():
    world = World()
    step = MeasureStep.CORRECT
    ordered = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=step)
    world.complain("t1", ComplaintCategory.OTHER)
    upheld = world.rule(RulingAction.UPHOLD_COMPLAINT, "t1", step=step)
    for outputs in (ordered, upheld):
        assert "applied to nothing: a correction names the field" in (
            one(outputs, AuditRecord).summary
        )
    assert [ticket.id for ticket in world.account.open_tickets()] == ["t1"]
    outputs = world.rule(RulingAction.UPHOLD_COMPLAINT, "t1", step=step, field=Field.NAME)
    assert steps(outputs) == [("BEGIN", "CORRECT")]


def test_a_complaint_upheld_after_the_correction_warns_and_suspends_nobody():
    world = World()
    world.apply(bio="ministry")
    world.complain("t1", ComplaintCategory.IMPERSONATION, Field.BIO)
    world.apply(bio="clean")
    outputs = world.rule(RulingAction.UPHOLD_COMPLAINT, "t1")
    assert steps(outputs) == [("BEGIN", "WARN")]
    assert one(outputs, CreditChange).rule_id == "ministry"
    assert steps(world.wait(days=60)) == []


@pytest.mark.obligation("CAC-15-2")
def test_what_follows_from_an_order_goes_on_to_closure():
    world = World()
    order = {"step": MeasureStep.CORRECT, "field": Field.NAME}
    world.rule(RulingAction.IMPOSE_MEASURE, "x", **order)
    suspended = of(world.wait(days=8), Disposal)[-1]
    assert (suspended.step, suspended.automatic) == (MeasureStep.SUSPEND, True)
    assert one(world.propose(name="plain"), Verdict).decision is Decision.REFUSE, "it repeats it"
    world.wait(days=31)
    assert world.status is Status.CLOSED


@pytest.mark.obligation("CAC-15-2")
def test_what_follows_from_an_order_is_met_by_a_value_in_which_nothing_is_found():
    world = World()
    order = {"step": MeasureStep.CORRECT, "field": Field.NAME}
    world.rule(RulingAction.IMPOSE_MEASURE, "x", **order)
    world.wait(days=8)
    assert steps(world.apply(name="contact me")) == [("BEGIN", "CORRECT")]
    assert steps(world.propose(name="sunny")) == [("LIFT", "SUSPEND"), ("LIFT", "CORRECT")]


# -- a ruling for a value that is gone ----------------------------------------------------------


@pytest.mark.obligation("CAC-15-2")
@pytest.mark.parametrize(("name", "new"), [("ministry", "plain again"), ("of nobody", "")])
def test_an_order_to_correct_what_was_corrected_before_it_came_is_a_warning(name: str, new: str):
    world = World()
    world.apply(signature=name)
    world.complain("t1", ComplaintCategory.IMPERSONATION, Field.SIGNATURE)
    world.apply(signature=new)
    outputs = world.rule(RulingAction.UPHOLD_COMPLAINT, "t1", step=MeasureStep.CORRECT)
    assert one(outputs, Disposal).step is MeasureStep.WARN
    assert none(world.wait(days=60), Disposal)
    assert world.status is Status.OPEN


@pytest.mark.obligation("CAC-15-2")
def test_an_order_to_correct_an_empty_field_changes_nothing():
    world = World()
    order = {"step": MeasureStep.CORRECT, "field": Field.BIO}
    outputs = world.rule(RulingAction.IMPOSE_MEASURE, "x", **order)
    assert "there is nothing to correct" in one(outputs, AuditRecord).summary
    assert none(outputs, Disposal)
