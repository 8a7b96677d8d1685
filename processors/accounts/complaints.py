"""Complaints: receipt, screening, and a new look at what is complained of (Order No. 10, Art. 19).

A complaint is never itself a verdict: the value is verified again by the same rules. What they do
not settle goes to a person.
"""

from __future__ import annotations

import re

from processors.accounts import breaches, cases, notices_given, reporters, tickets
from processors.accounts.escalations import open_breach
from processors.accounts.ids import digest
from processors.accounts.reporters import Heard, Standing
from processors.accounts.state import Account, Measure, Status, Ticket
from processors.accounts.turn import DAY, Turn, current_values
from processors.policy.model import Message, Proposal
from schemas.records import (
    AccountComplaint,
    CaseOutcome,
    ComplaintCategory,
    ComplaintState,
    Field,
    KeyFinding,
)

MAX_OPEN_PER_SUBJECT = 2
"""Open tickets per field and category. Complaints of one field, value and category are one ticket;
a further value of the same field and category joins the newest ticket, which a person has open."""


def apply_complaint(turn: Turn, complaint: AccountComplaint) -> None:
    """Receive a complaint, and take it as far as it goes without a person.

    Its time limit is the one in force now.
    """
    known = tickets.find(turn.account, complaint.complaint_id)
    if known:
        _bring(turn, known, len(complaint.evidence))
        return
    key = reporters.key_of(turn, complaint)
    ticket = Ticket(
        id=complaint.complaint_id,
        category=complaint.category,
        field=complaint.field,
        value=b"",
        language=_tag(complaint.language),
        at=turn.at,
        due=turn.at + turn.pack.complaints.feedback_days * DAY,
        rules=[],
        evidence=len(complaint.evidence),
        reporters=[key] if key else [],
    )
    tickets.move(turn, ticket, ComplaintState.RECEIVED, cases.RECEIVED)
    refusal = _not_acceptable(turn.account, ticket.field)
    if not refusal and (lacks := notices_given.lacking(turn.pack.complaints, complaint)):
        refusal = notices_given.said(lacks)
    if refusal:
        _refuse(turn, ticket, refusal)
    elif reporters.ask(turn, ticket):
        turn.account.tickets.append(ticket)
    else:
        _accept(turn, ticket, Heard(Standing.UNKNOWN))


_TAG = re.compile("[A-Za-z]{1,8}(?:[-_][A-Za-z0-9]{1,8}){0,7}")


def _tag(language: str | None) -> str | None:
    """A language as given, None for what is none: feedback repeats nothing else (Art. 16)."""
    return language if language and _TAG.fullmatch(language) else None


def screen(turn: Turn, ticket: Ticket, finding: KeyFinding) -> None:
    """Go on with a complaint whose complainant is known now."""
    ticket.asks = ""
    turn.account.tickets.remove(ticket)
    heard = reporters.hear(turn, ticket, finding)
    refusal = _not_acceptable(turn.account, ticket.field)
    if heard.standing is Standing.LIMITED:
        refusal = heard.said
    if refusal:
        _refuse(turn, ticket, refusal)
    else:
        _accept(turn, ticket, heard)


def _refuse(turn: Turn, ticket: Ticket, why: Message) -> None:
    ticket.outcome = CaseOutcome.NOT_ACCEPTED
    tickets.move(turn, ticket, ComplaintState.NOT_ACCEPTED, why)
    _end(turn, ticket, why)


def _accept(turn: Turn, ticket: Ticket, heard: Heard) -> None:
    account = turn.account
    tickets.move(turn, ticket, ComplaintState.ACCEPTED, heard.said or cases.ACCEPTED)
    ticket.value = _value_hash(account, ticket.field)
    of_category = turn.pack.complaints.priorities.get(ticket.category, 4)
    ticket.priority = reporters.priority(heard.standing, of_category)
    first = _same(turn, ticket)
    if first:
        _join(turn, ticket, first)
        return
    tickets.move(turn, ticket, ComplaintState.SCREENING, cases.VERIFYING)
    _verify(turn, ticket)


def _join(turn: Turn, ticket: Ticket, first: Ticket) -> None:
    """A complaint repeats another, and shares its outcome.

    The evidence that it brings is evidence in one that is not decided yet, and that one does not
    come later for who was first to complain.
    """
    first.merged += 1
    if not first.settled:
        _strengthen(turn, ticket, first)
    for key in ticket.reporters:
        if reporters.join(first, key) and first.settled:
            reporters.rate_one(turn, key, first.outcome)  # who knows the outcome already
    why = cases.repeats(first.id)
    ticket.outcome = first.outcome
    tickets.move(turn, ticket, ComplaintState.SCREENING, why, merged_into=first.id)
    _end(turn, ticket, why, merged_into=first.id)


def _strengthen(turn: Turn, ticket: Ticket, first: Ticket) -> None:
    """An open complaint has what one brings that repeats it; who has it is told."""
    sooner = 0 < ticket.priority < first.priority
    if sooner:
        first.priority = ticket.priority
    first.evidence += ticket.evidence
    if ticket.evidence and first.evidence_due:
        tickets.escalate(turn, first, cases.BROUGHT)
    elif (sooner or ticket.evidence) and not first.evidence_due:
        tickets.look_again(turn, first)


def _end(turn: Turn, ticket: Ticket, why: Message, merged_into: str | None = None) -> None:
    """Feedback at once, to a complaint that nobody needs to keep."""
    tickets.move(turn, ticket, ComplaintState.FEEDBACK, why, merged_into=merged_into)
    tickets.move(turn, ticket, ComplaintState.CLOSED, cases.CLOSED, merged_into=merged_into)


def breach_ticket(turn: Turn, ticket: Ticket) -> None:
    """The time for feedback has passed; the complaint stays open."""
    ticket.breached = True
    reason = "The time for feedback on a complaint has passed."
    open_breach(turn, ticket.id, reason, tuple(ticket.rules))


def miss_evidence(turn: Turn, ticket: Ticket) -> None:
    """The time to bring evidence has passed. Nobody decided, so it answers no other complaint."""
    ticket.lapsed = True
    tickets.settle(turn, ticket, CaseOutcome.DISMISSED, cases.NO_EVIDENCE)


def _bring(turn: Turn, ticket: Ticket, references: int) -> None:
    """A ticket comes again: with evidence, it goes to the person; else its state is told."""
    if not references or ticket.settled:
        tickets.say_again(turn, ticket, cases.SAID_BEFORE)
        return
    ticket.evidence += references
    if ticket.evidence_due:
        tickets.escalate(turn, ticket, cases.BROUGHT)
        return
    tickets.say_again(turn, ticket, cases.BROUGHT)
    if not ticket.asks:
        tickets.look_again(turn, ticket)


def _verify(turn: Turn, ticket: Ticket) -> None:
    """Verify what is complained of by the same rules as ever (Art. 15)."""
    proposals = _proposals(turn, ticket.field)
    relevant = [p for p in proposals if _answers(p, ticket.category)]
    ticket.rules = list(dict.fromkeys(p.rule.id for p in relevant))
    result = breaches.answer(turn, proposals)
    measure = _measure_for(result.measures, relevant)
    if measure:
        why = cases.answered_by(measure.id, measure.step)
        ticket.outcome = CaseOutcome.UPHELD
        tickets.move(turn, ticket, ComplaintState.DISPOSAL, why)
        _end(turn, ticket, why)
        tickets.tell_account(turn, ticket.id, ticket.outcome)
        reporters.rate(turn, ticket, ticket.outcome)
        return
    if turn.account.status is Status.CLOSED:
        ticket.outcome = CaseOutcome.WITHOUT_DECISION
        _end(turn, ticket, cases.ACCOUNT_CLOSED_NOW)
        return
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


def _same(turn: Turn, ticket: Ticket) -> Ticket | None:
    """The ticket that a complaint repeats: of the same value, or, where too many are open, newest.

    A decided ticket is shared for as long as an appeal would be possible. One that nobody decided
    is not, nor is a dismissed one by who brings evidence where there was none: else anybody could
    keep an account from complaints by an empty one of their own.
    """
    horizon = turn.at - turn.pack.ladder.appeal_days * DAY
    alike = [
        other
        for other in turn.account.tickets
        if other.field is ticket.field and other.category is ticket.category and not other.asks
    ]
    for other in alike:
        if other.value == ticket.value and _answers_too(other, ticket, horizon):
            return other
    still_open = [other for other in alike if not other.settled]
    return still_open[-1] if len(still_open) >= MAX_OPEN_PER_SUBJECT else None


_DECIDED = (CaseOutcome.UPHELD, CaseOutcome.DISMISSED)


def _answers_too(other: Ticket, ticket: Ticket, horizon: int) -> bool:
    """Whether the outcome of a complaint is, or will be, that of another of the same value."""
    if not other.settled:
        return True
    decided = other.outcome in _DECIDED and not other.lapsed and other.settled >= horizon
    new = other.outcome is CaseOutcome.DISMISSED and ticket.evidence and not other.evidence
    return decided and not new


def is_replaced(account: Account, ticket: Ticket) -> bool:
    """Whether what was complained of is another value by now."""
    return ticket.value != _value_hash(account, ticket.field)


def _value_hash(account: Account, field: Field | None) -> bytes:
    if field is not None:
        return digest(account.value(field) or "")
    return digest("\x1f".join(value or "" for value in account.values))
