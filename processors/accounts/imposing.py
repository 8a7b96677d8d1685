"""Measures that a person orders. They take the place of automatic ones."""

from __future__ import annotations

from processors.accounts import closing, ladder, reasons
from processors.accounts.effects import Ground
from processors.accounts.state import STEP_RANK, Measure, Status
from processors.accounts.turn import DAY, Turn
from schemas.records import AccountRuling, Field, MeasureStep


def impose(
    turn: Turn, ruling: AccountRuling, ground: Ground, step: MeasureStep, field: Field | None
) -> tuple[Measure | None, str]:
    """Begin a measure by order. Returns it, None where nothing was begun, and what was done.

    Of two orders for the same step and field the longer one holds.
    """
    account = turn.account
    if account.status in (Status.CANCELLED, Status.ERASED):
        return None, "applied to nothing: the account is cancelled"
    if account.status is Status.CLOSED:
        if step in ladder.ENDING:
            return None, _lengthen_bar(turn, ruling, ground)
        return None, "applied to nothing: the account is closed"
    if step in ladder.ENDING:
        reason = reasons.ordered(ruling.reason)
        closure = closing.close(
            turn,
            ground,
            field,
            reason,
            bar_days=ruling.duration_days,
            reviewer=ruling.reviewer_id,
        )
        return closure, "the account is closed"
    ends, deadline = _length(turn, ruling, ground, step, field)
    standing = _standing(turn, ground, step, field, has_deadline=bool(deadline))
    if standing:
        if ruling.reviewer_id not in standing.confirmed:
            standing.confirmed.append(ruling.reviewer_id)
        return None, _lengthen(turn, ruling, standing, ends, deadline)
    for other in account.live_measures():
        if not other.reviewer and other.step is step and other.field is field and field:
            if ends:  # time served under what it replaces counts
                ends = max(turn.at, ends - (turn.at - other.begins))
            ladder.lift(turn, other, reasons.REPLACED_BY_REVIEWER, ruling.reviewer_id)
    measure = ladder.begin(
        turn,
        ground,
        step,
        field,
        reasons.ordered(ruling.reason),
        ends=ends,
        deadline=deadline,
        reviewer=ruling.reviewer_id,
    )
    return measure, f"{step} is in force"


def _length(
    turn: Turn, ruling: AccountRuling, ground: Ground, step: MeasureStep, field: Field | None
) -> tuple[int, int]:
    """End and deadline of an order: the ruling's days, else those of the pack of its rule."""
    terms, days = turn.ladder_of(ground.rule_id), ruling.duration_days
    if step is MeasureStep.CORRECT:
        return 0, turn.at + (days or terms.correct_days) * DAY
    if step is MeasureStep.RESTRICT:
        return turn.at + (days or terms.restrict_days) * DAY, 0
    if step is MeasureStep.SUSPEND:
        until = turn.at + (days or terms.suspend_days) * DAY
        return (0, until) if field and not days else (until, 0)
    return turn.at, 0


def _standing(
    turn: Turn, ground: Ground, step: MeasureStep, field: Field | None, *, has_deadline: bool
) -> Measure | None:
    """What is in force already by order, or with a graver deadline of the same cause."""
    for measure in turn.account.live_measures():
        if measure.field is not field:
            continue
        if measure.reviewer and measure.step is step:
            return measure
        graver = STEP_RANK[measure.step] > STEP_RANK[step]
        if has_deadline and measure.deadline and graver and measure.rule == ground.rule_id:
            return measure
    return None


def _lengthen(
    turn: Turn, ruling: AccountRuling, standing: Measure, ends: int, deadline: int
) -> str:
    if standing.deadline and deadline > standing.deadline:
        standing.deadline = deadline
        ladder.extend(
            turn, standing, standing.ends, reasons.ordered(ruling.reason), ruling.reviewer_id
        )
        return f"the deadline of {standing.id} is later"
    if standing.ends and ladder.ends_later(ends, standing.ends) and not deadline:
        ladder.extend(turn, standing, ends, reasons.ordered(ruling.reason), ruling.reviewer_id)
        return f"{standing.id} is extended"
    return f"applied to nothing: {standing.id} is in force and no shorter"


def _lengthen_bar(turn: Turn, ruling: AccountRuling, ground: Ground) -> str:
    ends = closing.bar_end(turn, ground, ruling.duration_days)
    for measure in turn.account.live_measures():
        if measure.step is MeasureStep.BAR:
            if not ladder.ends_later(ends, measure.ends):
                return f"applied to nothing: {measure.id} is in force and no shorter"
            ladder.extend(turn, measure, ends, reasons.ordered(ruling.reason), ruling.reviewer_id)
            return f"{measure.id} is extended"
    return "applied to nothing: the account is closed and its bar has ended"
