"""Appeals: the window, the second person, and word to the account holder."""

from __future__ import annotations

from typing import Any

import pytest

from processors.accounts import Status
from schemas.records import (
    AuditKind,
    AuditRecord,
    CaseOutcome,
    ChangeKind,
    CreditChange,
    Disposal,
    Escalation,
    EscalationKind,
    EscalationStatus,
    Field,
    MeasureStep,
    Notice,
    NoticeKind,
    RulingAction,
)
from tests.processors.accounts.world import DAY, World, none, of, one

pytestmark = pytest.mark.obligation("CAC-17-1")


def ordered(world: World, reviewer: str = "ann") -> str:
    """A restriction that a reviewer ordered; returns its id."""
    step = MeasureStep.RESTRICT
    outputs = world.rule(
        RulingAction.IMPOSE_MEASURE, "x", reviewer, step=step, field=Field.BIO, duration_days=20
    )
    return one(outputs, Disposal).measure_id


def told(outputs: list[Any], kind: NoticeKind) -> Notice:
    (notice,) = [notice for notice in of(outputs, Notice) if notice.kind is kind]
    return notice


def test_an_appeal_has_a_receipt():
    world = World()
    measure = ordered(world)
    notice = told(world.appeal("a1", measure), NoticeKind.APPEAL_RECEIVED)
    assert (notice.appeal_id, notice.measure_id) == ("a1", measure)
    assert notice.body == "A person decides on your appeal."


def test_an_appeal_after_the_window_is_told_so_and_still_goes_to_a_person():
    world = World()
    measure = ordered(world)
    world.wait(days=181)
    outputs = world.appeal("a1", measure)
    assert "time for appeals has passed" in told(outputs, NoticeKind.APPEAL_RECEIVED).body
    assert "after the time for appeals" in one(outputs, Escalation).reason


@pytest.mark.parametrize("action", [RulingAction.UPHOLD_APPEAL, RulingAction.DISMISS_APPEAL])
def test_who_ordered_a_measure_does_not_decide_on_the_appeal(action: RulingAction):
    world = World()
    world.appeal("a1", ordered(world, "ann"))
    for spelt in ("ann", "Ann "):
        outputs = world.rule(action, "a1", spelt)
        assert "neither ordered nor confirmed" in one(outputs, AuditRecord).summary
        assert len(outputs) == 1
    assert [appeal.id for appeal in world.account.appeals] == ["a1"]
    assert not none(world.rule(action, "a1", "ben"), Notice)
    assert world.account.appeals == []


def test_who_lengthened_a_measure_does_not_decide_either():
    world = World()
    measure = ordered(world, "ann")
    world.rule(
        RulingAction.IMPOSE_MEASURE,
        "x",
        "ben",
        step=MeasureStep.RESTRICT,
        field=Field.BIO,
        duration_days=60,
    )
    world.appeal("a1", measure)
    assert none(world.rule(RulingAction.UPHOLD_APPEAL, "a1", "ben"), Disposal)
    assert not none(world.rule(RulingAction.UPHOLD_APPEAL, "a1", "eve"), Disposal)


def test_who_dismissed_an_appeal_does_not_decide_on_the_next_one():
    world = World()
    measure = ordered(world, "ann")
    world.appeal("a1", measure)
    world.rule(RulingAction.DISMISS_APPEAL, "a1", "ben")
    world.appeal("a2", measure)
    assert none(world.rule(RulingAction.UPHOLD_APPEAL, "a2", "ben"), Disposal)
    assert not none(world.rule(RulingAction.UPHOLD_APPEAL, "a2", "eve"), Disposal)


def test_who_ordered_the_first_measure_of_a_breach_does_not_decide_on_what_followed():
    world = World()
    world.apply(bio="odd")
    world.rule(RulingAction.IMPOSE_MEASURE, "x", "ann", step=MeasureStep.CORRECT, field=Field.BIO)
    suspended = of(world.wait(days=7), Disposal)[-1]
    assert (suspended.step, suspended.automatic) == (MeasureStep.SUSPEND, True)
    world.appeal("a1", suspended.measure_id)
    assert none(world.rule(RulingAction.UPHOLD_APPEAL, "a1", "ann"), Disposal)
    assert not none(world.rule(RulingAction.UPHOLD_APPEAL, "a1", "ben"), Disposal)


@pytest.mark.obligation("CAC-18")
def test_the_outcome_is_told_kept_and_carried_out_at_once():
    world = World()
    measure = one(world.apply(bio="casino"), Disposal).measure_id
    world.appeal("a1", measure)
    outputs = world.rule(RulingAction.UPHOLD_APPEAL, "a1", "ben")
    notice = told(outputs, NoticeKind.APPEAL_DECIDED)
    assert (notice.appeal_id, notice.outcome) == ("a1", CaseOutcome.UPHELD)
    assert one(outputs, Disposal).appeal_id == "a1"
    assert one(outputs, CreditChange).score == 700
    ruling, disposal = of(outputs, AuditRecord)
    assert (ruling.kind, disposal.kind) == (AuditKind.RULING, AuditKind.DISPOSAL)
    for audit in (ruling, disposal):
        assert (audit.measure_id, audit.appeal_id) == (measure, "a1")
        assert audit.outcome is CaseOutcome.UPHELD


@pytest.mark.invariant("INV-14")
@pytest.mark.parametrize("by_appeal", [True, False])
def test_what_a_closure_had_replaced_goes_on_once_the_closure_is_taken_back(by_appeal: bool):
    world = World()
    world.apply(bio="contact")
    ordered(world, "ann")
    world.wait(days=2)
    before = {m.step: m for m in world.account.live_measures()}
    world.apply(signature="fraud")
    closure = next(m for m in world.account.live_measures() if m.step is MeasureStep.CLOSE)
    world.wait(days=30)
    if by_appeal:
        world.appeal("a1", closure.id)
        outputs = world.rule(RulingAction.UPHOLD_APPEAL, "a1", "ben")
    else:
        outputs = world.rule(RulingAction.LIFT_MEASURE, closure.id, "ben")
    assert world.status is Status.OPEN
    after = {m.step: m for m in world.account.live_measures() if m.rule != "credit"}
    assert set(after) == set(before) == {MeasureStep.CORRECT, MeasureStep.RESTRICT}
    for step, measure in after.items():
        old = before[step]
        left = [at - closure.begins if at else 0 for at in (old.deadline, old.ends)]
        assert [at - world.now if at else 0 for at in (measure.deadline, measure.ends)] == left
        assert (measure.root, measure.entry) == (old.root, old.entry)
        assert (measure.rule, measure.reviewer) == (old.rule, old.reviewer)
        told_of = [d for d in of(outputs, Disposal) if d.measure_id == measure.id]
        assert "goes on with the time that was left" in told_of[0].reason


def test_what_has_lost_its_cause_does_not_go_on_after_a_closure():
    world = World()
    world.apply(bio="contact")
    world.apply("both", bio="plain", signature="fraud")
    closure = next(m for m in world.account.live_measures() if m.step is MeasureStep.CLOSE)
    world.appeal("a1", closure.id)
    world.rule(RulingAction.UPHOLD_APPEAL, "a1", "ben")
    assert (world.status, world.live()) == (Status.OPEN, [])


def test_a_dismissal_is_told_and_kept():
    world = World()
    measure = ordered(world)
    world.appeal("a1", measure)
    outputs = world.rule(RulingAction.DISMISS_APPEAL, "a1", "ben")
    assert told(outputs, NoticeKind.APPEAL_DECIDED).outcome is CaseOutcome.DISMISSED
    assert one(outputs, AuditRecord).outcome is CaseOutcome.DISMISSED


def test_the_outcome_is_told_in_the_language_of_the_account_holder():
    world = World(registered=False)
    world.change(kind=ChangeKind.REGISTRATION, name="plain", language="zh")
    world.appeal("a1", ordered(world))
    outputs = world.rule(RulingAction.DISMISS_APPEAL, "a1", "ben")
    notice = told(outputs, NoticeKind.APPEAL_DECIDED)
    assert (notice.title, notice.body) == (
        "申诉处理结果",
        "申诉不成立，处置维持。理由：so decided。",
    )


def test_an_appeal_of_which_nothing_is_left_to_decide_is_told_so():
    world = World()
    measure = ordered(world)
    world.appeal("a1", measure)
    world.appeal("a2", measure)
    outputs = world.rule(RulingAction.UPHOLD_APPEAL, "a1", "ben")
    assert [n.appeal_id for n in of(outputs, Notice) if n.appeal_id] == ["a1", "a2"]


def test_cancelling_ends_an_appeal_without_a_decision():
    world = World()
    world.appeal("a1", ordered(world))
    outputs = world.change(kind=ChangeKind.CANCELLATION)
    notice = told(outputs, NoticeKind.APPEAL_DECIDED)
    assert notice.outcome is CaseOutcome.WITHOUT_DECISION
    (closed,) = [e for e in of(outputs, Escalation) if e.kind is EscalationKind.APPEAL]
    assert closed.status is EscalationStatus.CLOSED


def test_against_an_extension_one_may_appeal_from_then_on():
    world = World()
    world.rule(RulingAction.IMPOSE_MEASURE, "x", "ann", step=MeasureStep.CLOSE, duration_days=300)
    world.wait(days=200)
    outputs = world.rule(
        RulingAction.IMPOSE_MEASURE, "x", "bob", step=MeasureStep.BAR, duration_days=300
    )
    extended = told(outputs, NoticeKind.MEASURE_EXTENDED)
    assert extended.appeal_until == world.now + 180 * DAY
    world.wait(days=179)
    appealed = world.appeal("a1", one(outputs, Disposal).measure_id)
    assert told(appealed, NoticeKind.APPEAL_RECEIVED).body == "A person decides on your appeal."
