"""Appeals against measures, and what an upheld one takes back."""

from __future__ import annotations

from processors.accounts import closing, credit, ladder, reasons, values
from processors.accounts.escalations import (
    close_breach,
    close_escalation,
    open_breach,
    open_escalation,
)
from processors.accounts.state import STEP_RANK, Account, Appeal, Measure
from processors.accounts.turn import DAY, HOUR, Turn
from schemas.records import AccountAppeal, EscalationKind, MeasureStep

MAX_OPEN = 16
"""Appeals an account may have open at once; a further one is answered with a closed escalation."""

_URGENT = STEP_RANK[MeasureStep.SUSPEND]


def apply_appeal(turn: Turn, appeal: AccountAppeal) -> None:
    """Put an appeal before a person."""
    account = turn.account
    known = find(account, appeal.appeal_id)
    if known:
        why = "An appeal of this id was received before and is still open."
        _open(turn, known, why, opened_at=known.at)
        return
    measure = ladder.find(account, appeal.measure_id)
    until = measure.begins + turn.ladder_of(measure.rule).appeal_days * DAY if measure else 0
    if measure is None:
        reason = "Appeal against a measure that this account is not known to have."
    elif turn.at > until:
        reason = f"Appeal against the measure {measure.step}, after the time for appeals."
    else:
        reason = f"Appeal against the measure {measure.step}."
    urgent = measure is not None and STEP_RANK[measure.step] >= _URGENT
    waiting = Appeal(
        id=appeal.appeal_id,
        measure=measure.id if measure else "",
        priority=1 if urgent else 2,
        at=turn.at,
        due=turn.at + turn.pack.review.hold_hours * HOUR,
    )
    rule_ids = (measure.rule,) if measure else ()
    _open(turn, waiting, reason, rule_ids=rule_ids)
    if len(account.appeals) >= MAX_OPEN:
        _close(turn, waiting, f"{MAX_OPEN} appeals are open; they must be decided first.")
    else:
        account.appeals.append(waiting)


def settle(turn: Turn, appeal: Appeal, reason: str) -> None:
    """Take an appeal off the waiting list."""
    turn.account.appeals.remove(appeal)
    _close(turn, appeal, reason)
    close_breach(turn, appeal.id, reason)


def breach_appeal(turn: Turn, appeal: Appeal) -> None:
    """The time for deciding an appeal has passed; it stays open."""
    appeal.breached = True
    open_breach(turn, appeal.id, "The time for deciding an appeal has passed.")


def overturn(turn: Turn, measure: Measure, reviewer: str, appeal_id: str) -> str:
    """Take a measure back, with all that followed from it and its credit entry. Says what was done.

    The rule is set aside for the current value, so that verifying it again does not bring the
    measure back.
    """
    account = turn.account
    lifted = []
    for other in list(account.measures):
        if other.root != measure.root:
            continue
        if not other.ended:
            values.set_cause_aside(account, other)
            ladder.lift(turn, other, reasons.APPEAL_UPHELD, reviewer, appeal_id)
            lifted.append(other.step)
        other.overturned = True
    closing.reopen(turn)
    reversed_ = credit.reverse(turn, measure.entry, reasons.APPEAL_UPHELD.en)
    for appeal in list(account.appeals):
        against = ladder.find(account, appeal.measure)
        if against is not None and against.root == measure.root:
            settle(turn, appeal, "The measure was taken back.")
    done = f"lifted {', '.join(lifted)}" if lifted else "the measure had ended"
    return done + ("; its credit entry was reversed" if reversed_ else "; no credit entry counted")


def find(account: Account, appeal_id: str) -> Appeal | None:
    """An appeal that waits."""
    return next((appeal for appeal in account.appeals if appeal.id == appeal_id), None)


def _open(
    turn: Turn,
    appeal: Appeal,
    reason: str,
    *,
    opened_at: int | None = None,
    rule_ids: tuple[str, ...] = (),
) -> None:
    kind = EscalationKind.APPEAL
    open_escalation(
        turn,
        kind,
        appeal.id,
        appeal.priority,
        appeal.due,
        reason,
        rule_ids,
        opened_at=opened_at,
    )


def _close(turn: Turn, appeal: Appeal, reason: str) -> None:
    kind = EscalationKind.APPEAL
    close_escalation(turn, kind, appeal.id, appeal.priority, appeal.at, appeal.due, reason)
