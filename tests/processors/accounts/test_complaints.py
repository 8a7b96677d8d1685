"""Complaints: every state is told, none is skipped, each gets its feedback or a breach."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from processors.accounts.complaints import MAX_OPEN_PER_SUBJECT
from processors.policy import ComplaintTerms, Policy
from schemas.records import (
    CaseOutcome,
    ChangeKind,
    ComplaintCategory,
    ComplaintFeedback,
    ComplaintState,
    CreditChange,
    Disposal,
    Escalation,
    EscalationKind,
    EscalationStatus,
    Field,
    MeasureStep,
    Notice,
    NoticeKind,
    RuleMode,
    RulingAction,
)
from tests.processors.accounts.world import DAY, RULES, World, make_pack, none, of, one

RECEIVED, ACCEPTED = ComplaintState.RECEIVED, ComplaintState.ACCEPTED
SCREENING, ESCALATED = ComplaintState.SCREENING, ComplaintState.ESCALATED
DISPOSAL, FEEDBACK, CLOSED = (
    ComplaintState.DISPOSAL,
    ComplaintState.FEEDBACK,
    ComplaintState.CLOSED,
)


def states(outputs: list[object]) -> list[ComplaintState]:
    return [feedback.state for feedback in of(outputs, ComplaintFeedback)]


@pytest.mark.obligation("CAC-19-1")
def test_a_complaint_is_received_accepted_screened_and_put_before_a_person():
    world = World()
    outputs = world.complain("t1", ComplaintCategory.IMPERSONATION, Field.NAME, language="en")
    assert states(outputs) == [RECEIVED, ACCEPTED, SCREENING, ESCALATED]
    assert {f.language for f in of(outputs, ComplaintFeedback)} == {"en"}
    escalation = one(outputs, Escalation)
    assert (escalation.kind, escalation.subject_id) == (EscalationKind.COMPLAINT, "t1")
    assert escalation.priority == 1
    assert escalation.due_at == world.now + 7 * DAY


@pytest.mark.obligation("CAC-19-3")
def test_a_complaint_that_a_rule_answers_ends_in_a_disposal_at_once():
    world = World()
    measure = one(world.apply(bio="contact"), Disposal).measure_id
    outputs = world.complain("t1", ComplaintCategory.CONTACTS, Field.BIO)
    assert states(outputs) == [RECEIVED, ACCEPTED, SCREENING, DISPOSAL, FEEDBACK, CLOSED]
    assert measure in of(outputs, ComplaintFeedback)[3].reason
    assert none(outputs, Disposal)
    assert none(outputs, Escalation)


@pytest.mark.obligation("CAC-19-3")
def test_a_complaint_makes_the_value_be_verified_again():
    """A warning went by; the complaint finds the value still there and takes the next step."""
    world = World()
    world.apply(bio="boast")
    outputs = world.complain("t1", ComplaintCategory.FALSE_CLAIM, Field.BIO)
    assert one(outputs, Disposal).step is MeasureStep.CORRECT
    assert states(outputs)[-1] is CLOSED


@pytest.mark.obligation("CAC-19-3")
def test_a_complaint_alone_is_no_verdict():
    world = World()
    outputs = world.complain("t1", ComplaintCategory.ILLEGAL, Field.NAME)
    assert none(outputs, Disposal)
    assert none(outputs, CreditChange)


def test_a_rule_about_something_else_does_not_answer_the_complaint():
    world = World()
    world.apply(bio="contact")
    outputs = world.complain("t1", ComplaintCategory.VULGAR, Field.BIO)
    assert states(outputs)[-1] is ESCALATED


@pytest.mark.obligation("CAC-19-2")
def test_a_repeated_complaint_is_joined_to_the_first():
    world = World()
    world.complain("t1", ComplaintCategory.VULGAR, Field.NAME)
    outputs = world.complain("t2", ComplaintCategory.VULGAR, Field.NAME)
    assert states(outputs) == [RECEIVED, ACCEPTED, SCREENING, FEEDBACK, CLOSED]
    assert [f.merged_into for f in of(outputs, ComplaintFeedback)] == [None, None, *["t1"] * 3]
    assert none(outputs, Escalation)


@pytest.mark.obligation("CAC-19-2")
def test_a_wave_of_complaints_does_not_grow_the_state():
    world = World()
    world.complain("t0", ComplaintCategory.VULGAR, Field.NAME)
    world.complain("t1", ComplaintCategory.VULGAR, Field.NAME)
    before = len(world.account.tickets)
    for number in range(2, 500):
        outputs = world.complain(f"t{number}", ComplaintCategory.VULGAR, Field.NAME)
        assert states(outputs)[-1] is CLOSED
    assert len(world.account.tickets) == before
    assert world.account.tickets[0].merged == 499


def test_another_category_field_or_value_is_another_complaint():
    world = World()
    world.complain("t1", ComplaintCategory.VULGAR, Field.NAME)
    assert states(world.complain("t2", ComplaintCategory.OTHER, Field.NAME))[-1] is ESCALATED
    assert states(world.complain("t3", ComplaintCategory.VULGAR))[-1] is ESCALATED
    world.propose(name="sunny")
    assert states(world.complain("t4", ComplaintCategory.VULGAR, Field.NAME))[-1] is ESCALATED


def test_further_values_of_a_field_join_the_newest_open_complaint():
    world = World()
    for number in range(MAX_OPEN_PER_SUBJECT):
        world.complain(f"t{number}", ComplaintCategory.VULGAR, Field.NAME)
        world.propose(name=f"sunny {number}")
    outputs = world.complain("late", ComplaintCategory.VULGAR, Field.NAME)
    assert of(outputs, ComplaintFeedback)[-1].merged_into == f"t{MAX_OPEN_PER_SUBJECT - 1}"


def test_a_decided_complaint_answers_those_that_repeat_it():
    world = World()
    world.complain("t1", ComplaintCategory.VULGAR, Field.NAME)
    world.rule(RulingAction.DISMISS_COMPLAINT, "t1")
    outputs = world.complain("t2", ComplaintCategory.VULGAR, Field.NAME)
    assert states(outputs)[-1] is CLOSED
    world.propose(name="sunny")
    outputs = world.complain("t3", ComplaintCategory.VULGAR, Field.NAME)
    assert states(outputs)[-1] is ESCALATED


def test_the_same_ticket_again_is_told_its_state():
    world = World()
    world.complain("t1", field=Field.NAME)
    assert states(world.complain("t1", field=Field.NAME)) == [ESCALATED]


@pytest.mark.parametrize("ending", [ChangeKind.CANCELLATION, None])
def test_a_complaint_against_an_ended_account_is_not_accepted(ending: ChangeKind | None):
    world = World()
    if ending:
        world.change(kind=ending)
    else:
        world.apply(bio="fraud")
    outputs = world.complain("t1")
    assert states(outputs) == [RECEIVED, ComplaintState.NOT_ACCEPTED, FEEDBACK, CLOSED]


def test_a_complaint_about_an_empty_field_is_not_accepted():
    outputs = World().complain("t1", field=Field.AVATAR)
    assert states(outputs)[1] is ComplaintState.NOT_ACCEPTED


def test_a_complaint_about_an_account_never_seen_goes_to_a_person():
    world = World(registered=False)
    assert states(world.complain("t1", field=Field.NAME))[-1] is ESCALATED


@pytest.mark.obligation("CAC-19-4")
def test_a_passed_time_limit_is_told_and_the_complaint_stays_open():
    world = World()
    world.complain("t1", field=Field.NAME)
    breach = one(world.wait(days=7), Escalation)
    assert (breach.kind, breach.subject_id) == (EscalationKind.SLA_BREACH, "t1")
    assert none(world.wait(days=30), Escalation)
    outputs = world.rule(RulingAction.DISMISS_COMPLAINT, "t1")
    assert states(outputs) == [FEEDBACK, CLOSED]
    closed = {(e.kind, e.status) for e in of(outputs, Escalation)}
    assert closed == {
        (EscalationKind.COMPLAINT, EscalationStatus.CLOSED),
        (EscalationKind.SLA_BREACH, EscalationStatus.CLOSED),
    }


@pytest.mark.obligation("CAC-19-4")
def test_an_upheld_complaint_ends_in_a_measure_by_order():
    world = World()
    opened = one(world.complain("t1", ComplaintCategory.VULGAR, Field.NAME), Escalation)
    outputs = world.rule(RulingAction.UPHOLD_COMPLAINT, "t1")
    assert states(outputs) == [DISPOSAL, FEEDBACK, CLOSED]
    disposal = one(outputs, Disposal)
    assert (disposal.step, disposal.automatic) == (MeasureStep.CORRECT, False)
    assert disposal.fields == (Field.NAME,)
    assert disposal.deadline == world.now + 7 * DAY
    assert one(outputs, Escalation).escalation_id == opened.escalation_id


def test_an_upheld_complaint_charges_the_rule_that_had_hit():
    world = World()
    world.apply(name="ministry")
    world.complain("t1", ComplaintCategory.IMPERSONATION, Field.NAME)
    outputs = world.rule(RulingAction.UPHOLD_COMPLAINT, "t1", step=MeasureStep.SUSPEND)
    assert one(outputs, Disposal).rule_id == "ministry"
    assert one(outputs, Disposal).step is MeasureStep.SUSPEND
    assert one(outputs, CreditChange).points == -100


def test_a_dismissed_complaint_sets_its_rules_aside_for_the_value():
    world = World()
    world.apply("e1", name="ministry")
    world.complain("t1", ComplaintCategory.IMPERSONATION, Field.NAME)
    world.rule(RulingAction.DISMISS_COMPLAINT, "t1")
    assert world.account.approvals[0].rules == ["ministry"]


def test_an_upheld_complaint_that_closes_the_account_is_closed_once():
    world = World()
    world.complain("t1", field=Field.NAME)
    outputs = world.rule(RulingAction.UPHOLD_COMPLAINT, "t1", step=MeasureStep.CLOSE)
    assert states(outputs) == [DISPOSAL, FEEDBACK, CLOSED]


def test_settled_tickets_are_bounded():
    world = World()
    for number in range(12):
        world.propose(name=f"sunny {number}")
        world.complain(f"t{number}", field=Field.NAME)
        world.rule(RulingAction.DISMISS_COMPLAINT, f"t{number}")
    assert len(world.account.tickets) == 8


def test_a_complaint_against_a_refused_registration_is_not_accepted():
    world = World(registered=False)
    world.change(kind=ChangeKind.REGISTRATION, name="contact")
    assert states(world.complain("t1"))[1] is ComplaintState.NOT_ACCEPTED


def test_a_complaint_that_brings_the_account_to_its_end_has_its_feedback():
    """The new pack closes for what the account shows; that is not what was complained of."""
    world = World()
    world.apply(bio="curious")
    fatal = replace(
        next(rule for rule in RULES if rule.id == "curious"),
        mode=RuleMode.ENFORCE,
        measure=MeasureStep.CLOSE,
        categories=(ComplaintCategory.ILLEGAL,),
    )
    world.policy = Policy(make_pack(rules=(fatal,)))
    outputs = world.complain("t1", ComplaintCategory.VULGAR)
    assert states(outputs) == [RECEIVED, ACCEPTED, SCREENING, FEEDBACK, CLOSED]


# -- both sides -----------------------------------------------------------------------------------


def told(outputs: list[object], kind: NoticeKind) -> list[Notice]:
    return [notice for notice in of(outputs, Notice) if notice.kind is kind]


@pytest.mark.obligation("CAC-19-4")
def test_the_complainant_is_told_in_the_language_of_the_complaint():
    world = World()
    for language, words in (("zh-CN", "投诉举报已收到。"), ("fr", "The complaint was received.")):
        outputs = world.complain(f"t-{language}", ComplaintCategory.OTHER, language=language)
        assert of(outputs, ComplaintFeedback)[0].message == words


@pytest.mark.obligation("CAC-19-4")
def test_the_account_is_told_of_a_complaint_that_goes_to_a_person_and_not_by_whom():
    world = World()
    outputs = world.complain(
        "t1", ComplaintCategory.IMPERSONATION, Field.NAME, complainant_token="who-1"
    )
    (notice,) = told(outputs, NoticeKind.COMPLAINT_RECEIVED)
    assert (notice.complaint_id, notice.deadline) == ("t1", world.now + 7 * DAY)
    assert "impersonation" in notice.body
    assert "You may answer by" in notice.body
    assert not any("who-1" in str(output) for output in outputs)


@pytest.mark.obligation("CAC-19-4")
@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        (RulingAction.UPHOLD_COMPLAINT, CaseOutcome.UPHELD),
        (RulingAction.DISMISS_COMPLAINT, CaseOutcome.DISMISSED),
    ],
)
def test_both_sides_are_told_how_a_complaint_ended(action: RulingAction, outcome: CaseOutcome):
    world = World()
    world.complain("t1", ComplaintCategory.OTHER, Field.NAME)
    outputs = world.rule(action, "t1")
    assert of(outputs, ComplaintFeedback)[-1].outcome is outcome
    (notice,) = told(outputs, NoticeKind.COMPLAINT_DECIDED)
    assert (notice.complaint_id, notice.outcome) == ("t1", outcome)


@pytest.mark.obligation("CAC-19-4")
def test_both_sides_are_told_of_a_complaint_that_a_rule_answers():
    world = World()
    world.apply(bio="contact")
    outputs = world.complain("t1", ComplaintCategory.CONTACTS, Field.BIO)
    assert of(outputs, ComplaintFeedback)[-1].outcome is CaseOutcome.UPHELD
    assert told(outputs, NoticeKind.COMPLAINT_DECIDED)


def test_who_repeats_a_decided_complaint_is_told_its_outcome():
    world = World()
    world.complain("t1", ComplaintCategory.OTHER, Field.NAME)
    assert (
        of(world.complain("t2", ComplaintCategory.OTHER, Field.NAME), ComplaintFeedback)[-1].outcome
        is None
    )
    world.rule(RulingAction.DISMISS_COMPLAINT, "t1")
    outputs = world.complain("t3", ComplaintCategory.OTHER, Field.NAME)
    assert of(outputs, ComplaintFeedback)[-1].outcome is CaseOutcome.DISMISSED
    assert none(outputs, Notice)


@pytest.mark.obligation("CAC-19-4")
def test_the_limit_in_force_at_receipt_governs():
    world = World()
    outputs = world.complain("t1")
    promised = one(outputs, Escalation).due_at
    shorter = replace(world.policy.pack.complaints, feedback_days=1)
    world.policy = Policy(make_pack(complaints=shorter))
    assert none(world.wait(days=6), Escalation)
    breach = one(world.wait(days=1), Escalation)
    assert (breach.kind, breach.at) == (EscalationKind.SLA_BREACH, promised)


# -- evidence -------------------------------------------------------------------------------------

NEED_EVIDENCE = ComplaintState.NEED_EVIDENCE
PROVED = Policy(
    make_pack(
        complaints=replace(make_pack().complaints, evidence_for=(ComplaintCategory.IMPERSONATION,))
    )
)


def wanting() -> World:
    """An account with a complaint that needs evidence and has none."""
    world = World(PROVED)
    outputs = world.complain("t1", ComplaintCategory.IMPERSONATION, Field.NAME)
    assert states(outputs) == [RECEIVED, ACCEPTED, SCREENING, NEED_EVIDENCE]
    assert none(outputs, Escalation)
    assert of(outputs, ComplaintFeedback)[-1].evidence_due_at == world.now + 3 * DAY
    return world


def bring(world: World, *references: str) -> list[object]:
    return world.complain("t1", ComplaintCategory.IMPERSONATION, Field.NAME, evidence=references)


@pytest.mark.obligation("CAC-19-2")
def test_evidence_that_is_brought_in_time_puts_the_complaint_before_a_person():
    world = wanting()
    outputs = bring(world, "sha256:1", "sha256:2")
    assert states(outputs) == [ESCALATED]
    assert "Evidence was brought: 2." in one(outputs, Escalation).reason
    assert none(world.wait(days=4), ComplaintFeedback)


@pytest.mark.obligation("CAC-19-2")
def test_without_evidence_in_time_the_complaint_is_dismissed():
    world = wanting()
    outputs = world.wait(days=3)
    assert states(outputs) == [FEEDBACK, CLOSED]
    assert of(outputs, ComplaintFeedback)[0].outcome is CaseOutcome.DISMISSED
    assert "no evidence was brought" in of(outputs, ComplaintFeedback)[0].reason
    assert none(outputs, Escalation)
    assert none(world.wait(days=10), Escalation)


def test_a_complaint_that_brings_evidence_at_once_is_not_asked_for_it():
    world = World(PROVED)
    outputs = bring(world, "sha256:1")
    assert states(outputs) == [RECEIVED, ACCEPTED, SCREENING, ESCALATED]


def test_what_a_rule_answers_needs_no_evidence():
    world = World(PROVED)
    world.apply(name="ministry")
    world.rule(RulingAction.REJECT_CHANGE, world.account.pending[0].event_id)
    outputs = world.complain("t1", ComplaintCategory.IMPERSONATION, Field.NAME)
    assert DISPOSAL in states(outputs)


@pytest.mark.obligation("CAC-19-2")
def test_a_reviewer_asks_for_evidence_and_has_the_complaint_back_with_it():
    world = World()
    opened = one(world.complain("t1", ComplaintCategory.OTHER, Field.NAME), Escalation)
    outputs = world.rule(RulingAction.REQUEST_EVIDENCE, "t1", duration_days=2)
    assert states(outputs) == [NEED_EVIDENCE]
    assert one(outputs, Escalation).status is EscalationStatus.CLOSED
    outputs = world.complain("t1", evidence=("sha256:1",))
    again = one(outputs, Escalation)
    assert (again.status, again.escalation_id) == (
        EscalationStatus.OPENED,
        opened.escalation_id,
    )
    assert told(outputs, NoticeKind.COMPLAINT_RECEIVED) == []  # the account knows already
    assert states(world.rule(RulingAction.DISMISS_COMPLAINT, "t1")) == [FEEDBACK, CLOSED]


def test_evidence_never_waits_beyond_the_time_for_feedback():
    world = World()
    world.complain("t1")
    due = world.account.tickets[0].due
    outputs = world.rule(RulingAction.REQUEST_EVIDENCE, "t1", duration_days=30)
    assert one(outputs, ComplaintFeedback).evidence_due_at == due
    assert states(world.wait(days=7)) == [FEEDBACK, CLOSED]
    assert world.account.breaches == []


def test_further_evidence_for_a_complaint_before_a_person_reaches_that_person():
    world = World()
    world.complain("t1")
    outputs = world.complain("t1", evidence=("sha256:1",))
    assert states(outputs) == [ESCALATED]
    assert "Evidence was brought: 1." in one(outputs, Escalation).reason


def test_a_complaint_may_be_ruled_on_while_evidence_is_waited_for():
    world = wanting()
    outputs = world.rule(RulingAction.DISMISS_COMPLAINT, "t1")
    assert states(outputs) == [FEEDBACK, CLOSED]
    assert none(outputs, Escalation)
    assert none(world.wait(days=10), ComplaintFeedback)


# -- the account answers --------------------------------------------------------------------------


def answer(world: World, complaint: str) -> list[object]:
    return world.answer("n1", complaint)


@pytest.mark.obligation("CAC-19-3")
def test_a_counter_notice_goes_to_the_person_who_rules():
    world = World()
    opened = one(world.complain("t1", ComplaintCategory.IMPERSONATION, Field.NAME), Escalation)
    outputs = answer(world, "t1")
    again = one(outputs, Escalation)
    assert (again.escalation_id, again.status) == (
        opened.escalation_id,
        EscalationStatus.OPENED,
    )
    assert "The account has answered: n1." in again.reason
    (notice,) = told(outputs, NoticeKind.ANSWER_RECEIVED)
    assert (notice.complaint_id, notice.appeal_id, notice.outcome) == ("t1", "n1", None)


def test_an_answer_that_comes_before_the_evidence_is_there_for_the_person():
    world = wanting()
    assert none(answer(world, "t1"), Escalation)
    assert "The account has answered: n1." in one(bring(world, "sha256:1"), Escalation).reason


@pytest.mark.parametrize("complaint", ["t1", "unknown"])
def test_an_answer_to_nothing_is_told_so(complaint: str):
    world = World()
    world.complain("t1")
    world.rule(RulingAction.DISMISS_COMPLAINT, "t1")
    outputs = answer(world, complaint)
    assert one(outputs, Notice).outcome is CaseOutcome.NOT_ACCEPTED
    assert len(outputs) == 1


@pytest.mark.obligation("CAC-19-4")
def test_a_complaint_that_closes_the_account_was_upheld_and_others_were_not_decided():
    world = World()
    world.complain("t1", ComplaintCategory.IMPERSONATION, Field.NAME)
    world.complain("t2", ComplaintCategory.VULGAR, Field.NAME)
    outputs = world.rule(RulingAction.UPHOLD_COMPLAINT, "t1", step=MeasureStep.CLOSE)
    ended = {f.complaint_id: f.outcome for f in of(outputs, ComplaintFeedback)}
    assert ended == {"t1": CaseOutcome.UPHELD, "t2": CaseOutcome.WITHOUT_DECISION}


# -- what answers a repetition, and what does not -----------------------------------------------

IMPERSONATION = ComplaintCategory.IMPERSONATION
WITH_EVIDENCE = Policy(
    make_pack(complaints=ComplaintTerms(7, {}, evidence_days=3, evidence_for=(IMPERSONATION,)))
)


@pytest.mark.obligation("CAC-19-4")
def test_a_complaint_that_ended_with_a_closure_taken_back_answers_no_later_one():
    world = World()
    world.complain("t1", IMPERSONATION, Field.NAME)
    order = {"step": MeasureStep.CLOSE, "field": Field.BIO}
    closure = of(world.rule(RulingAction.IMPOSE_MEASURE, "x", **order), Disposal)[0]
    world.rule(RulingAction.LIFT_MEASURE, closure.measure_id, "rev-2")
    again = world.complain("t2", IMPERSONATION, Field.NAME)
    assert states(again) == [RECEIVED, ACCEPTED, SCREENING, ESCALATED]
    assert one(again, Escalation).subject_id == "t2"


@pytest.mark.obligation("CAC-19-2")
@pytest.mark.parametrize("evidence", [(), ("sha256:1",)])
def test_a_complaint_nobody_decided_for_want_of_evidence_shields_nobody(evidence):
    world = World(WITH_EVIDENCE)
    world.complain("empty", IMPERSONATION, Field.NAME)
    world.wait(days=4)
    outputs = world.complain("victim", IMPERSONATION, Field.NAME, evidence=evidence)
    last = ESCALATED if evidence else ComplaintState.NEED_EVIDENCE
    assert states(outputs) == [RECEIVED, ACCEPTED, SCREENING, last]


@pytest.mark.obligation("CAC-19-2")
def test_evidence_opens_what_was_dismissed_without_any():
    world = World()
    world.complain("t1", IMPERSONATION, Field.NAME)
    world.rule(RulingAction.DISMISS_COMPLAINT, "t1")
    assert states(world.complain("t2", IMPERSONATION, Field.NAME))[-1] is CLOSED
    outputs = world.complain("t3", IMPERSONATION, Field.NAME, evidence=("sha256:1",))
    assert states(outputs)[-1] is ESCALATED
    world.rule(RulingAction.DISMISS_COMPLAINT, "t3")
    repeated = world.complain("t4", IMPERSONATION, Field.NAME, evidence=("sha256:1",))
    assert of(repeated, ComplaintFeedback)[-1].merged_into == "t3"


@pytest.mark.obligation("CAC-19-2")
def test_the_evidence_of_who_joins_counts_for_the_complaint_that_waits_for_some():
    world = World(WITH_EVIDENCE)
    world.complain("t1", IMPERSONATION, Field.NAME)
    outputs = world.complain("t2", IMPERSONATION, Field.NAME, evidence=("sha256:1",))
    assert "Evidence was brought: 1." in one(outputs, Escalation).reason
    world.wait(days=4)
    assert [ticket.id for ticket in world.account.open_tickets()] == ["t1"]


@pytest.mark.obligation("CAC-16")
@pytest.mark.parametrize("language", ["13912345678", "li.lei@example.com", "zh-Hant-TW", "en_US"])
def test_feedback_repeats_a_language_and_nothing_else(language: str):
    outputs = World().complain("t1", field=Field.NAME, language=language)
    known = {feedback.language for feedback in of(outputs, ComplaintFeedback)}
    assert known == {language if language[0] in "ze" else None}
