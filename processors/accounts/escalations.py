"""What a person must look at: opened and closed under one id that is derived, not stored."""

from __future__ import annotations

from processors.accounts.effects import EscalationClosed, EscalationOpened
from processors.accounts.ids import derive_id
from processors.accounts.state import Breach
from processors.accounts.turn import HOUR, Turn
from schemas.records import EscalationKind

MAX_BREACHES = 16
"""Passed time limits an account keeps open; beyond it the oldest is closed, saying so."""

BREACH_PRIORITY = 1


def open_escalation(
    turn: Turn,
    kind: EscalationKind,
    subject_id: str,
    priority: int,
    due: int,
    reason: str,
    rule_ids: tuple[str, ...] = (),
    *,
    opened_at: int | None = None,
) -> None:
    """Ask a person to look, by ``due``; with ``opened_at``, once more since then."""
    opened_at = turn.at if opened_at is None else opened_at
    turn.effects.append(
        EscalationOpened(
            escalation_id=_id(turn, kind, subject_id, opened_at),
            kind=kind,
            subject_id=subject_id,
            priority=priority,
            opened_at=opened_at,
            due_at=due,
            reason=reason,
            rule_ids=rule_ids,
        )
    )


def close_escalation(
    turn: Turn,
    kind: EscalationKind,
    subject_id: str,
    priority: int,
    opened_at: int,
    due: int,
    reason: str,
    rule_ids: tuple[str, ...] = (),
) -> None:
    """Take an escalation off the queue; what was said at its opening must be said again."""
    turn.effects.append(
        EscalationClosed(
            escalation_id=_id(turn, kind, subject_id, opened_at),
            kind=kind,
            subject_id=subject_id,
            priority=priority,
            opened_at=opened_at,
            due_at=due,
            reason=reason,
            rule_ids=rule_ids,
        )
    )


def open_breach(
    turn: Turn,
    subject_id: str,
    reason: str,
    rule_ids: tuple[str, ...] = (),
    *,
    kind: EscalationKind = EscalationKind.SLA_BREACH,
) -> None:
    """Say that a time limit passed without the decision it was set for, or that a brake held."""
    breaches = turn.account.breaches
    if len(breaches) >= MAX_BREACHES:
        _close(turn, breaches.pop(0), "Too many passed time limits are open; this is the oldest.")
    due = turn.at + turn.pack.review.hold_hours * HOUR
    breaches.append(Breach(subject_id, turn.at, due, kind))
    open_escalation(turn, kind, subject_id, BREACH_PRIORITY, due, reason, rule_ids)


def close_breach(turn: Turn, subject_id: str, reason: str) -> bool:
    """Close the breaches over a subject; whether there were any."""
    breaches = turn.account.breaches
    over = [breach for breach in breaches if breach.subject == subject_id]
    for breach in over:
        breaches.remove(breach)
        _close(turn, breach, reason)
    return bool(over)


def close_all_breaches(turn: Turn, reason: str) -> None:
    """Close every breach of the account."""
    for breach in turn.account.breaches:
        _close(turn, breach, reason)
    turn.account.breaches.clear()


def _close(turn: Turn, breach: Breach, reason: str) -> None:
    close_escalation(
        turn,
        breach.kind,
        breach.subject,
        BREACH_PRIORITY,
        breach.opened,
        breach.due,
        reason,
    )


def _id(turn: Turn, kind: EscalationKind, subject_id: str, opened_at: int) -> str:
    return derive_id("escalation", turn.account_id, kind, subject_id, opened_at)
