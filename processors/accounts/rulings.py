"""What people decide. A ruling on something unknown or settled is kept and changes nothing."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from processors.accounts import (
    across,
    appeals,
    breaches,
    cases,
    changes,
    closing,
    complaints,
    credit,
    duties,
    hearing,
    ladder,
    ledger,
    pauses,
    reasons,
    reopening,
    reporters,
    reports,
    reviews,
    tickets,
    values,
)
from processors.accounts.effects import Audited, Ground, ground_of
from processors.accounts.escalations import close_breach
from processors.accounts.grounds import RULING
from processors.accounts.imposing import impose
from processors.accounts.state import ALLOWING, Pending, Status, Ticket
from processors.accounts.turn import DAY, Turn
from processors.masking import mask
from processors.persons import same_person
from processors.policy.model import Judgement, Rule
from schemas.records import (
    AccountRuling,
    AuditKind,
    CaseOutcome,
    Decision,
    Field,
    MeasureStep,
    Phase,
    RulingAction,
)

_ERASED = "the account is erased"

NO_FIELD = "a correction names the field that is to be corrected"
"""Without one, nothing that the account does could lift it, and it would end in closure."""

EMPTY = "the field is empty: there is nothing to correct"
"""Of a value that its holder has taken away before the order came."""

MAX_CASES = 16
"""Cases that may hold the evidence of an account at a time."""


def apply_ruling(turn: Turn, ruling: AccountRuling) -> None:
    """Carry out a ruling and keep it for the record, also where it decides nothing.

    Its reason and what it names are free text and go out in records and notices: numbers and
    addresses of persons in them do not.
    """
    ruling = replace(ruling, reason=mask(ruling.reason))
    appeal = hearing.find(turn.account, ruling.subject_id)
    done = _ACTIONS[ruling.action](turn, ruling)
    if done.startswith(NOTHING) and close_breach(
        turn, ruling.subject_id, "A person has taken note."
    ):
        done += NOTED
    said = head(ruling.action, ruling.subject_id)
    summary = mask(f"{said}{done}{REASON_GIVEN}{ruling.reason}")
    audited = Audited(
        AuditKind.RULING, ruling.event_id, summary, ruling.reviewer_id, erased=done == _ERASED
    )
    outcome = _OUTCOMES.get(ruling.action)
    if outcome and appeal and appeal not in turn.account.appeals:
        audited = replace(
            audited,
            measure_id=appeal.measure,
            appeal_id=appeal.id,
            outcome=outcome,
        )
    turn.effects.insert(0, audited)


_OUTCOMES = {
    RulingAction.UPHOLD_APPEAL: CaseOutcome.UPHELD,
    RulingAction.DISMISS_APPEAL: CaseOutcome.DISMISSED,
}


NOTHING = "applied to nothing"
"""Begins what is said of a ruling that changes nothing."""

NOTED = "; the passed time limit was taken note of"
"""Ends what is said of a ruling that changes nothing else."""

REASON_GIVEN = ". Reason given: "
"""Stands between what came of a ruling and what the reviewer wrote."""


def head(action: RulingAction, subject_id: str) -> str:
    """How begins what is said of a ruling."""
    return f"{action} of {subject_id}: "


def _nothing(why: str) -> str:
    return f"{NOTHING}: {why}"


def _approve_change(turn: Turn, ruling: AccountRuling) -> str:
    pending = reviews.find(turn.account, ruling.subject_id)
    if pending is None or pending.decision in ALLOWING:  # that waits for answers, not for a person
        return _nothing("no change of this id waits for a person")
    pause = pauses.covering_pending(turn.pack, turn.account_id, turn.account, pending)
    # What waits for a pause does so also where the ruling has a time before it.
    if held_by := pause.id if pause else pending.pause:
        return _nothing(f"directive {held_by} holds it until it ends")
    reviewers: tuple[str, ...] = (ruling.reviewer_id,)
    if pending.decision is Decision.STRICT_HOLD:
        if not pending.first:
            pending.first = ruling.reviewer_id
            return "first of two reviewers"
        if same_person(pending.first, ruling.reviewer_id):
            return _nothing("a strict review asks for two different reviewers")
        reviewers = (pending.first, ruling.reviewer_id)
    if lacks := changes.lacking(turn, pending):
        return _nothing(duties.said(lacks).en.rstrip("."))
    return _allow(turn, pending, reviewers)


def _allow(turn: Turn, pending: Pending, reviewers: tuple[str, ...]) -> str:
    reason = "Approved by two reviewers." if len(reviewers) > 1 else "Approved by a reviewer."
    judgement = Judgement(Decision.ALLOW, (), (), reason)
    if across.must_ask(turn, pending):
        reviews.close(turn, pending, reason)
        if across.ask(turn, pending, judgement, reviewers):
            return "the change is allowed unless the check across accounts says otherwise"
    changes.allow(turn, pending, judgement, reviewers)
    return "the change is allowed"


def _reject_change(turn: Turn, ruling: AccountRuling) -> str:
    pending = reviews.find(turn.account, ruling.subject_id)
    if pending is None:
        return _nothing("no change of this id waits for a person")
    if pending.pause:
        return _nothing(f"directive {pending.pause} holds it; it is decided when that ends")
    rule = _rule_of(turn, reviews.rule_ids_of(pending))
    field = _field_in_breach(ruling, pending, rule)
    live = pending.phase is Phase.APPLIED
    if live and ruling.step is MeasureStep.CORRECT and field is None:
        return _nothing(NO_FIELD)
    reviewers = (pending.first,) if pending.first else ()
    reviewers = tuple(dict.fromkeys((*reviewers, ruling.reviewer_id)))
    reviews.refuse(turn, pending, "Rejected by a reviewer.", reviewers=reviewers)
    if live:
        return f"the value is found in breach; {_dispose(turn, ruling, rule, field)}"
    if rule:
        why = "A change was rejected by a reviewer."
        value = pending.values.get(field, "") if field else ""
        credit.charge_refusal(turn, rule, why, field, value, reviewers)
    return "the change is refused"


def _field_in_breach(ruling: AccountRuling, pending: Pending, rule: Rule | None) -> Field | None:
    """The field of a live value that a person found in breach."""
    only = next(iter(pending.values)) if len(pending.values) == 1 else None
    return next((f for r, f in pending.rules if rule is None or r == rule.id), ruling.field or only)


def _uphold_complaint(turn: Turn, ruling: AccountRuling) -> str:
    ticket = _open_ticket(turn, ruling)
    if ticket is None:
        return _nothing("no complaint of this id is open")
    rule = _rule_of(turn, tuple(ticket.rules))
    hit = _field_of(turn, rule)
    field = ticket.field or ruling.field or hit
    if ruling.step is MeasureStep.CORRECT and field is None:
        return _nothing(NO_FIELD)
    gone = (rule is not None and hit is None) or _is_empty(turn, field)
    corrected = gone and complaints.is_replaced(turn.account, ticket)
    # First of all: closing the account would end its complaints without a decision.
    outcome = CaseOutcome.UPHELD
    reporters.rate(turn, ticket, outcome)
    tickets.settle(turn, ticket, outcome, cases.UPHELD, disposal=cases.UPHELD, by_person=True)
    return f"the complaint is upheld; {_dispose(turn, ruling, rule, field, corrected=corrected)}"


def _dismiss_complaint(turn: Turn, ruling: AccountRuling) -> str:
    ticket = _open_ticket(turn, ruling)
    if ticket is None:
        return _nothing("no complaint of this id is open")
    reporters.rate(turn, ticket, CaseOutcome.DISMISSED, misuse=ruling.misuse)
    tickets.settle(turn, ticket, CaseOutcome.DISMISSED, cases.DISMISSED, by_person=True)
    if ticket.field:
        field = ticket.field
        values.approve(turn.account, [(rule, field) for rule in ticket.rules])
    return "the complaint is dismissed"


def _request_evidence(turn: Turn, ruling: AccountRuling) -> str:
    ticket = _open_ticket(turn, ruling)
    if ticket is None:
        return _nothing("no complaint of this id is open")
    if ticket.evidence_due:
        return _nothing("evidence is waited for already")
    if ticket.due <= turn.at:
        return _nothing("the time for feedback has passed: the complaint must be decided")
    days = ruling.duration_days or turn.pack.complaints.evidence_days
    tickets.ask_for_evidence(turn, ticket, turn.at + days * DAY, escalated=True)
    return "evidence is asked for"


def _uphold_appeal(turn: Turn, ruling: AccountRuling) -> str:
    appeal = hearing.find(turn.account, ruling.subject_id)
    if appeal is None:
        return _nothing("no appeal of this id is open")
    measure = ladder.find(turn.account, appeal.measure)
    if measure and appeals.judged_by(turn.account, measure, ruling.reviewer_id):
        return _nothing(_SECOND_PERSON)
    entry = None if measure else ledger.find(turn.account, appeal.measure)
    if entry and appeals.rejected_by(entry, ruling.reviewer_id):
        return _nothing(_SECOND_PERSON)
    said = cases.POINTS_UPHELD if entry else cases.APPEAL_UPHELD
    hearing.settle(turn, appeal, CaseOutcome.UPHELD, said, ruling.reason)
    if entry:
        done = appeals.reverse_entry(turn, entry, ruling.reviewer_id, appeal.id)
        return f"the appeal is upheld; {done}"
    if measure is None:
        return "the appeal is upheld; the measure is not known to this account"
    done = appeals.overturn(turn, measure, ruling.reviewer_id, appeal.id)
    return f"the appeal is upheld; {done}"


def _dismiss_appeal(turn: Turn, ruling: AccountRuling) -> str:
    appeal = hearing.find(turn.account, ruling.subject_id)
    if appeal is None:
        return _nothing("no appeal of this id is open")
    measure = ladder.find(turn.account, appeal.measure)
    if measure:
        if appeals.judged_by(turn.account, measure, ruling.reviewer_id):
            return _nothing(_SECOND_PERSON)
        appeals.confirm(measure, ruling.reviewer_id)
    elif entry := ledger.find(turn.account, appeal.measure):
        if appeals.rejected_by(entry, ruling.reviewer_id):
            return _nothing(_SECOND_PERSON)
        entry.reviewers = [*entry.reviewers, ruling.reviewer_id]
    hearing.settle(turn, appeal, CaseOutcome.DISMISSED, cases.APPEAL_DISMISSED, ruling.reason)
    return "the appeal is dismissed"


_SECOND_PERSON = "an appeal is decided by who neither ordered nor confirmed the measure"


def _impose_measure(turn: Turn, ruling: AccountRuling) -> str:
    if ruling.step is None:
        return _nothing("no step is named")
    if ruling.step is MeasureStep.CORRECT:
        if ruling.field is None:
            return _nothing(NO_FIELD)
        if _is_empty(turn, ruling.field):
            return _nothing(EMPTY)
    _, done = impose(turn, ruling, RULING, ruling.step, ruling.field)
    return done


def _lift_measure(turn: Turn, ruling: AccountRuling) -> str:
    account = turn.account
    measure = ladder.find(account, ruling.subject_id)
    if measure is None or measure.ended:
        return _nothing("no measure of this id is in force")
    together = [measure]
    if measure.step is MeasureStep.CLOSE:  # the bar has no sense without the closure
        together += [
            other
            for other in account.live_measures()
            if other.step is MeasureStep.BAR and other.root == measure.root
        ]
    for lifted in together:
        values.set_cause_aside(account, lifted)
        ladder.lift(turn, lifted, reasons.LIFTED_BY_REVIEWER, ruling.reviewer_id)
    reopening.reopen(turn, together)
    return f"lifted {', '.join(lifted.step for lifted in together)}"


def _report_delivered(turn: Turn, ruling: AccountRuling) -> str:
    if reports.deliver(turn, ruling.subject_id):
        return "the report was delivered"
    if close_breach(turn, ruling.subject_id, "The report was delivered late."):
        return "the report was delivered late"
    return _nothing("no report of this id is awaited")


def _erase_account(turn: Turn, ruling: AccountRuling) -> str:
    if turn.account.status is not Status.CANCELLED:
        return _nothing("only an account that its holder has cancelled is erased")
    if holds := turn.account.legal_holds:
        return _nothing(f"its evidence is held for {', '.join(holds)}")
    closing.erase(turn)
    return _ERASED


def _place_hold(turn: Turn, ruling: AccountRuling) -> str:
    """Keep the evidence of an account for a case of the authorities (Order No. 10, Art. 20)."""
    cases = turn.account.legal_holds
    if ruling.subject_id in cases:
        return _nothing("the case holds the evidence already")
    if len(cases) >= MAX_CASES:
        return _nothing(f"{MAX_CASES} cases hold the evidence; release one first")
    turn.account.legal_holds = [*cases, ruling.subject_id]
    return "the evidence is held"


def _release_hold(turn: Turn, ruling: AccountRuling) -> str:
    account = turn.account
    if ruling.subject_id not in account.legal_holds:
        return _nothing("no case of this id holds the evidence")
    account.legal_holds = [case for case in account.legal_holds if case != ruling.subject_id]
    if not account.legal_holds:
        account.evidence = []
        return "the evidence is held no more, and what was kept of it is dropped"
    return "the evidence is held for other cases"


def _dispose(
    turn: Turn,
    ruling: AccountRuling,
    rule: Rule | None,
    field: Field | None,
    *,
    corrected: bool = False,
) -> str:
    """Impose what a person has found due: the ruling's step, else the rule's, else CORRECT.

    Where no field is known, or the breach is ``corrected``, there is nothing that a correction
    could be waited for: a warning.
    """
    ground: Ground = ground_of(rule) if rule else RULING
    step = ruling.step or (rule.measure if rule else None) or MeasureStep.CORRECT
    asks, by_default = step is MeasureStep.CORRECT, ruling.step is None
    done_with = corrected and (asks or (by_default and step is MeasureStep.SUSPEND))
    if done_with or (by_default and asks and field is None):
        step = MeasureStep.WARN
    measure, done = impose(turn, ruling, ground, step, field)
    if rule and measure:
        entry = credit.charge(turn, rule, f"Measure {step} was ordered by a reviewer.")
        breaches.set_entry(turn, measure, entry)
    return done


def _rule_of(turn: Turn, rule_ids: tuple[str, ...]) -> Rule | None:
    """The first of these rules that the pack (still) has."""
    rules = (turn.examiner.rule(rule_id) for rule_id in rule_ids)
    return next((rule for rule in rules if rule), None)


def _is_empty(turn: Turn, field: Field | None) -> bool:
    """Whether a field is known to be empty."""
    return field is not None and turn.account.value(field) == ""


def _field_of(turn: Turn, rule: Rule | None) -> Field | None:
    """The field in which a rule hits now."""
    if rule is None:
        return None
    found = turn.judge_current().proposals
    return next((proposal.field for proposal in found if proposal.rule.id == rule.id), None)


def _open_ticket(turn: Turn, ruling: AccountRuling) -> Ticket | None:
    ticket = tickets.find_open(turn.account, ruling.subject_id)
    return None if ticket is None or ticket.asks else ticket


_ACTIONS: dict[RulingAction, Callable[[Turn, AccountRuling], str]] = {
    RulingAction.APPROVE_CHANGE: _approve_change,
    RulingAction.REJECT_CHANGE: _reject_change,
    RulingAction.UPHOLD_COMPLAINT: _uphold_complaint,
    RulingAction.DISMISS_COMPLAINT: _dismiss_complaint,
    RulingAction.UPHOLD_APPEAL: _uphold_appeal,
    RulingAction.DISMISS_APPEAL: _dismiss_appeal,
    RulingAction.IMPOSE_MEASURE: _impose_measure,
    RulingAction.LIFT_MEASURE: _lift_measure,
    RulingAction.REQUEST_EVIDENCE: _request_evidence,
    RulingAction.REPORT_DELIVERED: _report_delivered,
    RulingAction.ERASE_ACCOUNT: _erase_account,
    RulingAction.PLACE_HOLD: _place_hold,
    RulingAction.RELEASE_HOLD: _release_hold,
}
