"""Complaints: every state is told, none is skipped, each gets its feedback or a breach."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from processors.accounts.complaints import MAX_OPEN_PER_SUBJECT
from processors.policy import Policy
from schemas.records import (
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
