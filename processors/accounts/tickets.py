"""Complaints as tickets: their states, and how they end (Order No. 10, Art. 19).

RECEIVED → ACCEPTED → SCREENING → DISPOSAL or ESCALATED (→ DISPOSAL) → FEEDBACK → CLOSED, or
RECEIVED → NOT_ACCEPTED → FEEDBACK → CLOSED. A complaint that repeats another goes from SCREENING to
FEEDBACK. Every state reached is an effect of its own.
"""

from __future__ import annotations

from processors.accounts.effects import ComplaintMoved
from processors.accounts.escalations import close_breach, close_escalation
from processors.accounts.state import Account, Ticket
from processors.accounts.turn import Turn
from schemas.records import ComplaintState, EscalationKind

KEPT_SETTLED = 8
"""Settled tickets that an account keeps, so that repetitions share their outcome."""


def move(
    turn: Turn,
    complaint_id: str,
    state: ComplaintState,
    reason: str,
    due: int,
    language: str | None,
    *,
    merged_into: str | None = None,
    rule_ids: tuple[str, ...] = (),
) -> None:
    """Say that a complaint has reached a state."""
    turn.effects.append(
        ComplaintMoved(complaint_id, state, reason, due, merged_into, language, rule_ids)
    )


def settle(turn: Turn, ticket: Ticket, reason: str, *, disposal: str = "") -> None:
    """End an escalated complaint: with a disposal, where its words are given, then feedback."""
    rules = tuple(ticket.rules)
    if disposal:
        _move(turn, ticket, ComplaintState.DISPOSAL, disposal)
    _move(turn, ticket, ComplaintState.FEEDBACK, reason)
    _move(turn, ticket, ComplaintState.CLOSED, "The complaint is closed.")
    close_escalation(
        turn,
        EscalationKind.COMPLAINT,
        ticket.id,
        priority_of(turn, ticket),
        ticket.at,
        ticket.due,
        reason,
        rules,
    )
    close_breach(turn, ticket.id, reason)
    ticket.settled = turn.at
    settled = [other for other in turn.account.tickets if other.settled]
    for old in settled[: max(0, len(settled) - KEPT_SETTLED)]:
        turn.account.tickets.remove(old)


def settle_all(turn: Turn, reason: str, *, disposal: str = "") -> None:
    """End every open complaint: the account has come to its end."""
    for ticket in turn.account.open_tickets():
        settle(turn, ticket, reason, disposal=disposal)


def find(account: Account, complaint_id: str) -> Ticket | None:
    """A complaint that the account keeps, open or settled."""
    return next((ticket for ticket in account.tickets if ticket.id == complaint_id), None)


def priority_of(turn: Turn, ticket: Ticket) -> int:
    """Priority of a complaint's escalation, by its category."""
    return turn.pack.complaints.priorities.get(ticket.category, 4)


def _move(turn: Turn, ticket: Ticket, state: ComplaintState, reason: str) -> None:
    rules = tuple(ticket.rules)
    move(turn, ticket.id, state, reason, ticket.due, ticket.language, rule_ids=rules)
