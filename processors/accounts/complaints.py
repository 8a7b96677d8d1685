"""Complaints: receipt, screening, and a new look at what is complained of (Order No. 10, Art. 19).

A complaint is never itself a verdict: the value is verified again by the same rules. What they do
not settle goes to a person.
"""

from __future__ import annotations

from processors.accounts import breaches, cases, notices_given, tickets
from processors.accounts.escalations import open_breach
from processors.accounts.ids import digest
from processors.accounts.state import Account, Measure, Status, Ticket
from processors.accounts.turn import DAY, Turn, current_values
from processors.policy.model import Message, Proposal
from schemas.records import (
    AccountComplaint,
    CaseOutcome,
    ComplaintCategory,
    ComplaintState,
    Field,
)

MAX_OPEN_PER_SUBJECT = 2
"""Open tickets per field and category. Complaints of one field, value and category are one ticket;
a further value of the same field and category joins the newest ticket, which a person has open."""


class _Case:
    """A complaint on its way through its states. Its time limit is that in force at receipt."""

    def __init__(self, turn: Turn, complaint: AccountComplaint) -> None:
        self._turn = turn
        self.id = complaint.complaint_id
        self.due = turn.at + turn.pack.complaints.feedback_days * DAY
        self._language = complaint.language

    def move(
        self,
        state: ComplaintState,
        reason: Message,
        merged_into: str | None = None,
        rule_ids: tuple[str, ...] = (),
        outcome: CaseOutcome | None = None,
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
            outcome=outcome,
        )

    def end(
        self, reason: Message, outcome: CaseOutcome | None, merged_into: str | None = None
    ) -> None:
        self.move(ComplaintState.FEEDBACK, reason, merged_into, outcome=outcome)
        self.move(ComplaintState.CLOSED, cases.CLOSED, merged_into, outcome=outcome)


def apply_complaint(turn: Turn, complaint: AccountComplaint) -> None:
    """Take a complaint as far as it goes without a person."""
    account = turn.account
    known = tickets.find(account, complaint.complaint_id)
    if known:
        _bring(turn, known, len(complaint.evidence))
        return
    case = _Case(turn, complaint)
    case.move(ComplaintState.RECEIVED, cases.RECEIVED)
    refusal = _not_acceptable(account, complaint.field)
    if not refusal and (lacks := notices_given.lacking(turn.pack.complaints, complaint)):
        refusal = notices_given.said(lacks)
    if refusal:
        case.move(ComplaintState.NOT_ACCEPTED, refusal, outcome=CaseOutcome.NOT_ACCEPTED)
        case.end(refusal, CaseOutcome.NOT_ACCEPTED)
        return
    case.move(ComplaintState.ACCEPTED, cases.ACCEPTED)
    value = _value_hash(account, complaint.field)
    first = _same(turn, complaint.field, complaint.category, value)
    if first:
        first.merged += 1
        why = cases.repeats(first.id)
        case.move(ComplaintState.SCREENING, why, first.id)
        case.end(why, first.outcome, first.id)
        return
    case.move(ComplaintState.SCREENING, cases.VERIFYING)
    _verify(turn, complaint, case, value)


def breach_ticket(turn: Turn, ticket: Ticket) -> None:
    """The time for feedback has passed; the complaint stays open."""
    ticket.breached = True
    reason = "The time for feedback on a complaint has passed."
    open_breach(turn, ticket.id, reason, tuple(ticket.rules))


def miss_evidence(turn: Turn, ticket: Ticket) -> None:
    """The time to bring evidence has passed."""
    tickets.settle(turn, ticket, CaseOutcome.DISMISSED, cases.NO_EVIDENCE)


def _bring(turn: Turn, ticket: Ticket, references: int) -> None:
    """A ticket comes again: with evidence, it goes to the person; else its state is told."""
    if not references or ticket.settled:
        tickets.say_again(turn, ticket, cases.SAID_BEFORE)
        return
    ticket.evidence += references
    if ticket.evidence_due:
        tickets.escalate(turn, ticket, cases.BROUGHT)
    else:
        tickets.say_again(turn, ticket, cases.BROUGHT)
        tickets.look_again(turn, ticket)


def _verify(turn: Turn, complaint: AccountComplaint, case: _Case, value: bytes) -> None:
    proposals = _proposals(turn, complaint.field)
    relevant = [p for p in proposals if _answers(p, complaint.category)]
    rule_ids = tuple(dict.fromkeys(p.rule.id for p in relevant))
    result = breaches.answer(turn, proposals)
    measure = _measure_for(result.measures, relevant)
    if measure:
        why = cases.answered_by(measure.id, measure.step)
        case.move(ComplaintState.DISPOSAL, why, rule_ids=rule_ids)
        case.end(why, CaseOutcome.UPHELD)
        tickets.tell_account(turn, case.id, CaseOutcome.UPHELD)
        return
    if turn.account.status is Status.CLOSED:
        case.end(cases.ACCOUNT_CLOSED_NOW, CaseOutcome.WITHOUT_DECISION)
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
        evidence=len(complaint.evidence),
    )
    turn.account.tickets.append(ticket)
    terms = turn.pack.complaints
    if ticket.category in terms.evidence_for and not ticket.evidence:
        until = turn.at + terms.evidence_days * DAY
        tickets.ask_for_evidence(turn, ticket, until, escalated=False)
    else:
        tickets.escalate(turn, ticket)


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


_NOT_ACCEPTED = {
    Status.CLOSED: cases.ACCOUNT_CLOSED,
    Status.CANCELLED: cases.ACCOUNT_CANCELLED,
    Status.ERASED: cases.ACCOUNT_CANCELLED,
    Status.REFUSED: cases.NOT_REGISTERED,
}


def _not_acceptable(account: Account, field: Field | None) -> Message | None:
    """Why there is nothing to complain of, None where there is."""
    refusal = _NOT_ACCEPTED.get(account.status)
    if refusal is None and field is not None and account.value(field) == "":
        return cases.EMPTY
    return refusal


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
