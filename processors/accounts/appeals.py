"""Appeals against measures, answers to complaints, and what an upheld appeal takes back.

An appeal is decided by a person who neither ordered nor confirmed the measure.
"""

from __future__ import annotations

from processors.accounts import (
    cases,
    credit,
    hearing,
    ladder,
    ledger,
    reasons,
    reopening,
    repetition,
    reports,
    tickets,
    values,
)
from processors.accounts.effects import CaseTold
from processors.accounts.escalations import open_breach
from processors.accounts.state import STEP_RANK, Account, Appeal, Entry, Measure, Pending
from processors.accounts.turn import HOUR, Turn
from processors.persons import same_person
from schemas.records import AccountAppeal, CaseOutcome, MeasureStep, NoticeKind, Phase

MAX_OPEN = 16
"""Appeals an account may have open at once. Beyond it a further one is answered with a closed
escalation, unless it is the first against its measure: no measure is out of reach of a person."""

_URGENT = STEP_RANK[MeasureStep.SUSPEND]
_WARNED = STEP_RANK[MeasureStep.WARN]


def apply_appeal(turn: Turn, appeal: AccountAppeal) -> None:
    """Put an appeal before a person, or an answer before the one who has the complaint."""
    if appeal.complaint_id:
        _answer(turn, appeal.complaint_id, appeal.appeal_id)
        return
    account = turn.account
    known = hearing.find(account, appeal.appeal_id)
    if known:
        why = "An appeal of this id was received before and is still open."
        hearing.open_before_a_person(turn, known, why)
        return
    measure = ladder.find(account, appeal.measure_id)
    entry = None if measure else _entry(turn, appeal.measure_id)
    if entry:  # of what began with a measure, the measure is appealed against
        measure = next((m for m in account.measures if m.entry == entry.id), None)
    said = cases.APPEAL_RECEIVED
    until = ladder.appeal_until(turn, measure) if measure else 0
    if measure is None and entry:
        reason = "Appeal against a deduction from the credit."
    elif measure is None:
        said = cases.APPEAL_UNKNOWN
        reason = "Appeal against a measure that this account is not known to have."
    elif turn.at > until:
        said = cases.APPEAL_LATE
        reason = f"Appeal against the measure {measure.step}, after the time for appeals."
    else:
        reason = f"Appeal against the measure {measure.step}."
    urgent = measure is not None and STEP_RANK[measure.step] >= _URGENT
    waiting = Appeal(
        id=appeal.appeal_id,
        measure=measure.id if measure else entry.id if entry else "",
        priority=1 if urgent else 2,
        at=turn.at,
        due=turn.at + turn.pack.review.hold_hours * HOUR,
    )
    rule_ids = (measure.rule,) if measure else (entry.rule,) if entry else ()
    hearing.open_before_a_person(turn, waiting, reason, rule_ids)
    if len(account.appeals) >= MAX_OPEN and not _is_first(account, waiting):
        hearing.settle(turn, waiting, CaseOutcome.NOT_ACCEPTED, cases.TOO_MANY_APPEALS)
        return
    account.appeals.append(waiting)
    hearing.tell(turn, NoticeKind.APPEAL_RECEIVED, waiting, said)


def _entry(turn: Turn, named: str) -> Entry | None:
    """The entry of the ledger that an appeal names, by its id or by the event that was charged."""
    return next(
        (
            entry
            for entry in turn.account.ledger
            if entry.id in (named, ledger.entry_id(turn.account_id, named, entry.rule))
        ),
        None,
    )


def _is_first(account: Account, appeal: Appeal) -> bool:
    """Whether an appeal names something known, against which no other is open."""
    return bool(appeal.measure) and all(a.measure != appeal.measure for a in account.appeals)


def breach_appeal(turn: Turn, appeal: Appeal) -> None:
    """The time for deciding an appeal has passed; it stays open."""
    appeal.breached = True
    open_breach(turn, appeal.id, "The time for deciding an appeal has passed.")


def overturn(turn: Turn, measure: Measure, reviewer: str, appeal_id: str) -> str:
    """Take a measure back, with all that followed from it and its credit entry. Says what was done.

    Later measures that had counted it as a repetition are a step too grave, and are lowered; a
    closure for a level of credit that is not reached without the entry is lifted. The rule is set
    aside for the current value, so that verifying it again does not bring the measure back; not
    where that is a newer value, under a measure of its own or before a person.
    """
    account = turn.account
    lifted = []
    back = [other for other in _together(account, measure) if not other.overturned]
    for other in back:
        warned = other.step is MeasureStep.WARN
        if (warned or not other.ended) and not _is_of_a_former_value(account, other):
            values.set_cause_aside(account, other)
        if not other.ended:
            ladder.lift(turn, other, reasons.APPEAL_UPHELD, reviewer, appeal_id)
            lifted.append(other)
        other.overturned = True
    met = _meet_older(turn, measure, reviewer, appeal_id)
    tickets.set_aside(account, {other.begins for other in back})
    owed = any(other.deadline for other in lifted)
    counted, lowered = repetition.lower(turn, measure, reviewer, appeal_id, owed=owed)
    for other in counted:
        # A warning asks for nothing: the value may stay.
        if other.counts == _WARNED and not _is_of_a_former_value(account, other):
            values.set_cause_aside(account, other)
    reversed_ = credit.reverse(turn, measure.entry, reasons.APPEAL_UPHELD.en)
    unclosed = _unclose(turn, reviewer, appeal_id)
    for other in (*back, *counted, *unclosed):
        reports.take_back(turn, ladder.terms_of(turn, other))
    reopening.reopen(turn, [*lifted, *counted, *unclosed])
    for appeal in list(account.appeals):
        against = ladder.find(account, appeal.measure)
        if against is not None and against.root == measure.root:
            hearing.settle(turn, appeal, CaseOutcome.UPHELD, cases.APPEAL_MOOT)
    done = f"lifted {', '.join(one.step for one in lifted)}" if lifted else "the measure had ended"
    points = "; its credit entry was reversed" if reversed_ else "; no credit entry counted"
    return f"{done}{met}{lowered}{points}"


def _meet_older(turn: Turn, measure: Measure, reviewer: str, appeal_id: str) -> str:
    """A value that is right after all corrects older ones of its cause. Says what was done.

    The later of two automatic measures of a cause was begun for a newer value, which the deadline
    of the earlier one went on for.
    """
    account, field = turn.account, measure.field
    if field is None or measure.reviewer or _is_of_a_former_value(account, measure):
        return ""
    said = ""
    for older in ladder.of_cause(account, measure.rule, field):
        if older.deadline and not ladder.ordered_by(account, older):
            values.approve(account, [(measure.rule, field)])
            values.relieve(turn, older, reasons.APPROVED, reviewer, appeal_id)
            said += f"; {older.step} {older.id} is met by the value"
    return said


def reverse_entry(turn: Turn, entry: Entry, reviewer: str, appeal_id: str) -> str:
    """Take back points that no measure began with, as of a change that was refused."""
    values.accept_again(turn.account, entry)
    credit.reverse(turn, entry.id, reasons.APPEAL_UPHELD.en)
    unclosed = _unclose(turn, reviewer, appeal_id)
    for measure in unclosed:
        reports.take_back(turn, ladder.terms_of(turn, measure))
    reopening.reopen(turn, unclosed)
    return "its credit entry was reversed"


def _unclose(turn: Turn, reviewer: str, appeal_id: str) -> list[Measure]:
    """Lift a closure for a level of credit on which the account is not, points taken back."""
    closures = credit.unfounded_closure(turn)
    for measure in closures:
        ladder.lift(turn, measure, reasons.APPEAL_UPHELD, reviewer, appeal_id)
        measure.overturned = True
    return closures


def _is_of_a_former_value(account: Account, measure: Measure) -> bool:
    """Whether a later breach of the cause is under a measure, or before a person: a newer value."""
    if any((measure.rule, measure.field) in p.rules for p in account.pending if _is_live(p)):
        return True
    return any(
        later.root != measure.root and later.begins > measure.begins
        for later in ladder.of_cause(account, measure.rule, measure.field)
    )


def _is_live(pending: Pending) -> bool:
    return pending.phase is Phase.APPLIED


def confirm(measure: Measure, reviewer: str) -> None:
    """A person has looked at a measure and left it in force."""
    if reviewer not in measure.confirmed:
        measure.confirmed.append(reviewer)


def judged_by(account: Account, measure: Measure, reviewer: str) -> bool:
    """Whether a person has ordered or confirmed a measure, or one of the same breach."""
    return any(
        same_person(person, reviewer)
        for other in _together(account, measure)
        for person in (other.reviewer, *other.confirmed)
        if person
    )


def rejected_by(entry: Entry, reviewer: str) -> bool:
    """Whether a person has rejected what points were entered for, or dismissed an appeal of it."""
    return any(same_person(person, reviewer) for person in entry.reviewers)


def _together(account: Account, measure: Measure) -> list[Measure]:
    """A measure and all of the same breach."""
    return [other for other in account.measures if other.root == measure.root]


def _answer(turn: Turn, complaint_id: str, answer: str) -> None:
    """The account answers a complaint: the person who rules on it will read that, too."""
    ticket = tickets.find_open(turn.account, complaint_id)
    if ticket is None:
        said, outcome = cases.NOTHING_TO_ANSWER, CaseOutcome.NOT_ACCEPTED
    else:
        tickets.hear(turn, ticket, answer)
        said, outcome = cases.ANSWERED, None
    kind = NoticeKind.ANSWER_RECEIVED
    turn.effects.append(
        CaseTold(kind, said, complaint_id=complaint_id, appeal_id=answer, outcome=outcome)
    )
