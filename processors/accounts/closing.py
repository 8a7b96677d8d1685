"""How an account ends: closed by a measure, or cancelled by its holder."""

from __future__ import annotations

from processors.accounts import ladder, reasons, reviews, tickets
from processors.accounts.effects import Ground
from processors.accounts.escalations import close_all_breaches, close_escalation
from processors.accounts.state import FIELDS, Measure, Status
from processors.accounts.turn import DAY, Turn
from processors.policy.model import Message
from schemas.records import EscalationKind, Field, MeasureStep


def close(
    turn: Turn,
    ground: Ground,
    field: Field | None,
    reason: Message,
    *,
    bar_days: int | None = None,
    root: str = "",
    entry: str = "",
    reviewer: str = "",
) -> Measure:
    """Close an account and bar its registration anew, by severity or for ``bar_days``.

    Whatever waits is refused, complaints get their feedback. Appeals stay open.
    """
    account = turn.account
    for measure in account.live_measures():
        ladder.lift(turn, measure, reasons.replaced_by(MeasureStep.CLOSE), reviewer)
    account.status = Status.CLOSED
    closure = ladder.begin(
        turn,
        ground,
        MeasureStep.CLOSE,
        field,
        reason,
        root=root,
        entry=entry,
        reviewer=reviewer,
    )
    if bar_days is None:
        bar_days = turn.ladder_of(ground.rule_id).bar_days[ground.severity - 1]
    ladder.begin(
        turn,
        ground,
        MeasureStep.BAR,
        field,
        reasons.BAR,
        ends=turn.at + bar_days * DAY if bar_days else 0,
        root=closure.root,
        entry=entry,
        reviewer=reviewer,
    )
    reviews.refuse_all(turn, "The account is closed.")
    tickets.settle_all(turn, "The account is closed.", disposal="The account was closed.")
    close_all_breaches(turn, "The account is closed.")
    return closure


def cancel(turn: Turn) -> None:
    """End an account at its holder's wish. It bars nothing, and personal values are dropped."""
    account = turn.account
    account.status = Status.CANCELLED
    why = reasons.CANCELLED.en
    reviews.refuse_all(turn, why)
    for measure in account.live_measures():
        ladder.lift(turn, measure, reasons.CANCELLED)
    tickets.settle_all(turn, why)
    for appeal in account.appeals:
        close_escalation(
            turn,
            EscalationKind.APPEAL,
            appeal.id,
            appeal.priority,
            appeal.at,
            appeal.due,
            why,
        )
    account.appeals.clear()
    close_all_breaches(turn, why)
    account.values = [""] * len(FIELDS)
    account.owner = account.agreement = account.place = None
    account.facts.clear()
    account.approvals.clear()
    account.analyses.clear()


def reopen(turn: Turn) -> None:
    """Undo a closure whose measure was lifted."""
    if turn.account.status is Status.CLOSED and not any(
        measure.step is MeasureStep.CLOSE for measure in turn.account.live_measures()
    ):
        turn.account.status = Status.OPEN
