"""Complaints as tickets: their states, and how they end (Order No. 10, Art. 19).

RECEIVED → ACCEPTED → SCREENING → DISPOSAL, or NEED_EVIDENCE or ESCALATED (→ DISPOSAL) → FEEDBACK →
CLOSED, or RECEIVED → NOT_ACCEPTED → FEEDBACK → CLOSED. A complaint that repeats another goes from
SCREENING to FEEDBACK. Every state reached is an effect of its own.
"""

from __future__ import annotations

from collections.abc import Collection

from processors.accounts import cases
from processors.accounts.effects import CaseTold, ComplaintMoved
from processors.accounts.escalations import close_breach, close_escalation, open_escalation
from processors.accounts.state import Account, Ticket
from processors.accounts.turn import Turn
from processors.policy.model import Message
from schemas.records import CaseOutcome, ComplaintState, EscalationKind, NoticeKind

KEPT_SETTLED = 8
"""Settled tickets that an account keeps, so that repetitions share their outcome."""


def move(
    turn: Turn,
    ticket: Ticket,
    state: ComplaintState,
    reason: Message,
    *,
    merged_into: str | None = None,
    by_person: bool = False,
) -> None:
    """Say that a complaint has reached a state."""
    turn.effects.append(
        ComplaintMoved(
            ticket.id,
            state,
            reason,
            ticket.due,
            merged_into,
            ticket.language,
            tuple(ticket.rules),
            ticket.outcome,
            ticket.evidence_due or None,
            by_person,
        )
    )


def escalate(turn: Turn, ticket: Ticket, reason: Message = cases.AT_A_PERSON) -> None:
    """Put a complaint before a person. The account, which may answer, is told once."""
    ticket.evidence_due = 0
    move(turn, ticket, ComplaintState.ESCALATED, reason)
    look_again(turn, ticket)
    if ticket.told:
        return
    ticket.told = True
    said = cases.complained_of(ticket.category, ticket.field, ticket.due)
    kind = NoticeKind.COMPLAINT_RECEIVED
    turn.effects.append(CaseTold(kind, said, complaint_id=ticket.id, until=ticket.due))


def ask_for_evidence(turn: Turn, ticket: Ticket, until: int, *, escalated: bool) -> None:
    """Wait for evidence until then, or until feedback is due; meanwhile no person has it."""
    if escalated:
        _close(turn, ticket, "Evidence is waited for.")
    ticket.evidence_due = min(until, ticket.due)
    reason = cases.evidence_wanted(ticket.evidence_due)
    move(turn, ticket, ComplaintState.NEED_EVIDENCE, reason)


def hear(turn: Turn, ticket: Ticket, answer: str) -> None:
    """The account has answered; who has the complaint is told."""
    ticket.answer = answer
    if not (ticket.evidence_due or ticket.asks):
        look_again(turn, ticket)


def settle(
    turn: Turn,
    ticket: Ticket,
    outcome: CaseOutcome,
    reason: Message,
    *,
    disposal: Message | None = None,
    by_person: bool = False,
) -> None:
    """End a complaint: with a disposal, where its words are given, then feedback to both sides.

    One that is only received has not been screened, and is not accepted any more.
    """
    received = bool(ticket.asks)
    ticket.outcome = CaseOutcome.NOT_ACCEPTED if received else outcome
    if received:
        move(turn, ticket, ComplaintState.NOT_ACCEPTED, reason)
    elif disposal:
        move(turn, ticket, ComplaintState.DISPOSAL, disposal)
    move(turn, ticket, ComplaintState.FEEDBACK, reason, by_person=by_person)
    move(turn, ticket, ComplaintState.CLOSED, cases.CLOSED)
    if not received:
        tell_account(turn, ticket.id, outcome)
    if not (ticket.evidence_due or received):
        _close(turn, ticket, reason.en)
    ticket.evidence_due, ticket.asks = 0, ""
    close_breach(turn, ticket.id, reason.en)
    ticket.settled = turn.at
    settled = [other for other in turn.account.tickets if other.settled]
    for old in settled[: max(0, len(settled) - KEPT_SETTLED)]:
        turn.account.tickets.remove(old)


def settle_all(turn: Turn, reason: Message, *, disposal: Message | None = None) -> None:
    """End every open complaint: the account has come to its end."""
    for ticket in turn.account.open_tickets():
        settle(turn, ticket, CaseOutcome.WITHOUT_DECISION, reason, disposal=disposal)


def set_aside(account: Account, times: Collection[int]) -> None:
    """Complaints upheld by measures that began then, and were taken back, answer no others."""
    for ticket in account.tickets:
        if ticket.outcome is CaseOutcome.UPHELD and ticket.settled in times:
            ticket.lapsed = True


def tell_account(turn: Turn, complaint_id: str, outcome: CaseOutcome) -> None:
    """Tell the account how a complaint about it ended."""
    said = cases.decided(outcome)
    turn.effects.append(
        CaseTold(NoticeKind.COMPLAINT_DECIDED, said, complaint_id=complaint_id, outcome=outcome)
    )


def find(account: Account, complaint_id: str) -> Ticket | None:
    """A complaint that the account keeps, open or settled."""
    return next((ticket for ticket in account.tickets if ticket.id == complaint_id), None)


def find_open(account: Account, complaint_id: str) -> Ticket | None:
    """A complaint that is not settled."""
    ticket = find(account, complaint_id)
    return None if ticket is None or ticket.settled else ticket


def say_again(turn: Turn, ticket: Ticket, reason: Message) -> None:
    """Tell the state of a ticket once more."""
    state = ComplaintState.ESCALATED
    if ticket.settled:
        state = ComplaintState.CLOSED
    elif ticket.asks:
        state = ComplaintState.RECEIVED
    elif ticket.evidence_due:
        state = ComplaintState.NEED_EVIDENCE
    move(turn, ticket, state, reason)


def look_again(turn: Turn, ticket: Ticket) -> None:
    """Open the escalation of a complaint, or tell the person who has it that there is more."""
    reason = f"Complaint of the category {ticket.category}."
    if ticket.evidence:
        reason += f" Evidence was brought: {ticket.evidence}."
    if ticket.answer:
        reason += f" The account has answered: {ticket.answer}."
    open_escalation(
        turn,
        EscalationKind.COMPLAINT,
        ticket.id,
        _priority_of(turn, ticket),
        ticket.due,
        reason,
        tuple(ticket.rules),
        opened_at=ticket.at,
    )


def _priority_of(turn: Turn, ticket: Ticket) -> int:
    """Priority of a complaint's escalation, by its category."""
    return ticket.priority or turn.pack.complaints.priorities.get(ticket.category, 4)


def _close(turn: Turn, ticket: Ticket, reason: str) -> None:
    close_escalation(
        turn,
        EscalationKind.COMPLAINT,
        ticket.id,
        _priority_of(turn, ticket),
        ticket.at,
        ticket.due,
        reason,
        tuple(ticket.rules),
    )
