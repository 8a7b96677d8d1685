"""Complaints: receipt, screening, and a new look at what is complained of (Order No. 10, Art. 19).

A complaint is never itself a verdict: the value is verified again by the same rules. What they do
not settle goes to a person.
"""

from __future__ import annotations

from processors.accounts import breaches, tickets
from processors.accounts.escalations import open_breach, open_escalation
from processors.accounts.ids import digest
from processors.accounts.state import Account, Measure, Status, Ticket
from processors.accounts.turn import DAY, Turn, current_values
from processors.policy.model import Proposal
from schemas.records import (
    AccountComplaint,
    ComplaintCategory,
    ComplaintState,
    EscalationKind,
    Field,
)

MAX_OPEN_PER_SUBJECT = 2
"""Open tickets per field and category. Complaints of one field, value and category are one ticket;
a further value of the same field and category joins the newest ticket, which a person has open."""


class _Case:
    """A complaint on its way through its states."""

    def __init__(self, turn: Turn, complaint: AccountComplaint) -> None:
        self._turn = turn
        self.id = complaint.complaint_id
        self.due = turn.at + turn.pack.complaints.feedback_days * DAY
        self._language = complaint.language

    def move(
        self,
        state: ComplaintState,
        reason: str,
        merged_into: str | None = None,
        rule_ids: tuple[str, ...] = (),
    ) -> None:
        tickets.move(
            self._turn,
            self.id,
            state,
            reason,
            self.due,
            self._language,
            merged_into=merged_into,
            rule_ids=rule_ids,
        )

    def end(self, reason: str, merged_into: str | None = None) -> None:
        self.move(ComplaintState.FEEDBACK, reason, merged_into)
        self.move(ComplaintState.CLOSED, "The complaint is closed.", merged_into)


def apply_complaint(turn: Turn, complaint: AccountComplaint) -> None:
    """Take a complaint as far as it goes without a person."""
    account = turn.account
    known = tickets.find(account, complaint.complaint_id)
    if known:
        _say_again(turn, known)
        return
    case = _Case(turn, complaint)
    case.move(ComplaintState.RECEIVED, "The complaint was received.")
    refusal = _not_acceptable(account, complaint.field)
    if refusal:
        case.move(ComplaintState.NOT_ACCEPTED, refusal)
        case.end(refusal)
        return
    case.move(ComplaintState.ACCEPTED, "The complaint was accepted.")
    value = _value_hash(account, complaint.field)
    first = _same(turn, complaint.field, complaint.category, value)
    if first:
        first.merged += 1
        why = f"The same was complained of before; the outcome of {first.id} applies."
        case.move(ComplaintState.SCREENING, why, first.id)
        case.end(why, first.id)
        return
    case.move(ComplaintState.SCREENING, "The information complained of is verified again.")
    _verify(turn, complaint, case, value)


def breach_ticket(turn: Turn, ticket: Ticket) -> None:
    """The time for feedback has passed; the complaint stays open."""
    ticket.breached = True
    reason = "The time for feedback on a complaint has passed."
    open_breach(turn, ticket.id, reason, tuple(ticket.rules))


def _verify(turn: Turn, complaint: AccountComplaint, case: _Case, value: bytes) -> None:
    proposals = _proposals(turn, complaint.field)
    relevant = [p for p in proposals if _answers(p, complaint.category)]
    rule_ids = tuple(dict.fromkeys(p.rule.id for p in relevant))
    result = breaches.answer(turn, proposals)
    measure = _measure_for(result.measures, relevant)
    if measure:
        why = f"Measure {measure.id} ({measure.step}) answers it."
        case.move(ComplaintState.DISPOSAL, why, rule_ids=rule_ids)
        case.end(why)
        return
    ticket = Ticket(
        id=complaint.complaint_id,
        category=complaint.category,
        field=complaint.field,
        value=value,
        language=complaint.language,
        at=turn.at,
        due=case.due,
        rules=list(rule_ids),
    )
    if turn.account.status is Status.CLOSED:
        case.end("The account was closed.")
        return
    why = "A person looks at the complaint."
    case.move(ComplaintState.ESCALATED, why, rule_ids=rule_ids)
    turn.account.tickets.append(ticket)
    priority = tickets.priority_of(turn, ticket)
    reason = f"Complaint of the category {ticket.category}."
    kind = EscalationKind.COMPLAINT
    open_escalation(turn, kind, ticket.id, priority, ticket.due, reason, rule_ids)


def _proposals(turn: Turn, field: Field | None) -> list[Proposal]:
    values = current_values(turn.account)
    if field is not None:
        values = {field: values[field]} if field in values else {}
    judgement = turn.judge_current(values)
    return breaches.unapproved(turn.account, judgement.proposals)


def _answers(proposal: Proposal, category: ComplaintCategory) -> bool:
    """Whether a rule is about what such complaints are about."""
    categories = proposal.rule.categories
    return not categories or category in categories


def _measure_for(measures: list[Measure], relevant: list[Proposal]) -> Measure | None:
    causes = {(p.rule.id, p.field) for p in relevant}
    fields = {p.field for p in relevant}
    for measure in measures:
        by_person = measure.reviewer and measure.field in fields
        if (measure.rule, measure.field) in causes or by_person:
            return measure
    return None


def _not_acceptable(account: Account, field: Field | None) -> str:
    if account.status is Status.CLOSED:
        return "The account is closed."
    if account.status is Status.CANCELLED:
        return "The account was cancelled by its holder."
    if account.status is Status.REFUSED:
        return "The account was not registered."
    if field is not None and account.value(field) == "":
        return "The field complained of is empty."
    return ""


def _same(
    turn: Turn, field: Field | None, category: ComplaintCategory, value: bytes
) -> Ticket | None:
    """The ticket that a complaint repeats: of the same value, or, where too many are open, newest.

    A decided ticket is shared for as long as an appeal would be possible.
    """
    horizon = turn.at - turn.pack.ladder.appeal_days * DAY
    alike = [t for t in turn.account.tickets if t.field is field and t.category is category]
    for ticket in alike:
        if ticket.value == value and (not ticket.settled or ticket.settled >= horizon):
            return ticket
    still_open = [ticket for ticket in alike if not ticket.settled]
    return still_open[-1] if len(still_open) >= MAX_OPEN_PER_SUBJECT else None


def _value_hash(account: Account, field: Field | None) -> bytes:
    if field is not None:
        return digest(account.value(field) or "")
    return digest("\x1f".join(value or "" for value in account.values))


def _say_again(turn: Turn, ticket: Ticket) -> None:
    state = ComplaintState.CLOSED if ticket.settled else ComplaintState.ESCALATED
    reason = "A ticket of this id was received before; this is its state."
    tickets.move(turn, ticket.id, state, reason, ticket.due, ticket.language)
