"""What people decide. A ruling on something unknown or settled is kept and changes nothing."""

from __future__ import annotations

from collections.abc import Callable

from processors.accounts import (
    appeals,
    breaches,
    changes,
    closing,
    credit,
    duties,
    ladder,
    pauses,
    reasons,
    reviews,
    tickets,
    values,
)
from processors.accounts.effects import Audited, Ground, ground_of
from processors.accounts.escalations import close_breach
from processors.accounts.grounds import RULING
from processors.accounts.imposing import impose
from processors.accounts.state import Pending, Ticket
from processors.accounts.turn import Turn
from processors.policy.model import Rule
from schemas.records import (
    AccountRuling,
    AuditKind,
    Decision,
    Field,
    MeasureStep,
    Phase,
    RulingAction,
)


def apply_ruling(turn: Turn, ruling: AccountRuling) -> None:
    """Carry out a ruling and keep it for the record, also where it decides nothing."""
    done = _ACTIONS[ruling.action](turn, ruling)
    if done.startswith(NOTHING) and close_breach(
        turn, ruling.subject_id, "A person has taken note."
    ):
        done += "; the passed time limit was taken note of"
    summary = f"{ruling.action} of {ruling.subject_id}: {done}. Reason given: {ruling.reason}"
    kind = AuditKind.RULING
    turn.effects.insert(0, Audited(kind, ruling.event_id, summary, ruling.reviewer_id))


NOTHING = "applied to nothing"
"""Begins what is said of a ruling that changes nothing."""


def _nothing(why: str) -> str:
    return f"{NOTHING}: {why}"


def _approve_change(turn: Turn, ruling: AccountRuling) -> str:
    pending = reviews.find(turn.account, ruling.subject_id)
    if pending is None:
        return _nothing("no change of this id waits")
    if pause := pauses.covering_pending(turn.pack, turn.account_id, turn.account, pending):
        return _nothing(f"directive {pause.id} holds it until it ends")
    reviewers: tuple[str, ...] = (ruling.reviewer_id,)
    if pending.decision is Decision.STRICT_HOLD:
        if not pending.first:
            pending.first = ruling.reviewer_id
            return "first of two reviewers"
        if pending.first == ruling.reviewer_id:
            return _nothing("a strict review asks for two different reviewers")
        reviewers = (pending.first, ruling.reviewer_id)
    if lacks := changes.lacking(turn, pending):
        return _nothing(duties.said(lacks).en.rstrip("."))
    reason = "Approved by two reviewers." if len(reviewers) > 1 else "Approved by a reviewer."
    reviews.settle(turn, pending, reason)
    reviews.revise(turn, pending, Decision.ALLOW, reason, reviewers=reviewers)
    changes.carry_out(turn, pending)
    values.approve(turn.account, pending.rules)
    values.cure(turn, pending.values, (), reasons.APPROVED)
    return "the change is allowed"


def _reject_change(turn: Turn, ruling: AccountRuling) -> str:
    pending = reviews.find(turn.account, ruling.subject_id)
    if pending is None:
        return _nothing("no change of this id waits")
    if pending.pause:
        return _nothing(f"directive {pending.pause} holds it; it is decided when that ends")
    reviewers = (pending.first,) if pending.first else ()
    reviewers = tuple(dict.fromkeys((*reviewers, ruling.reviewer_id)))
    reviews.refuse(turn, pending, "Rejected by a reviewer.", reviewers=reviewers)
    rule = _rule_of(turn, reviews.rule_ids_of(pending))
    if pending.phase is Phase.APPLIED:
        return f"the value is found in breach; {_dispose_value(turn, ruling, pending, rule)}"
    if rule:
        credit.charge(turn, rule, "A change was rejected by a reviewer.")
    return "the change is refused"


def _dispose_value(turn: Turn, ruling: AccountRuling, pending: Pending, rule: Rule | None) -> str:
    """Begin the measure for a live value that a person found in breach."""
    only = next(iter(pending.values)) if len(pending.values) == 1 else None
    field = next(
        (f for r, f in pending.rules if rule is None or r == rule.id), ruling.field or only
    )
    return _dispose(turn, ruling, rule, field)


def _uphold_complaint(turn: Turn, ruling: AccountRuling) -> str:
    ticket = _open_ticket(turn, ruling)
    if ticket is None:
        return _nothing("no complaint of this id is open")
    rule = _rule_of(turn, tuple(ticket.rules))
    tickets_before = ticket.settled
    done = _dispose(turn, ruling, rule, ticket.field or ruling.field)
    if ticket.settled == tickets_before:  # closing the account settles its complaints
        tickets.settle(turn, ticket, "The complaint was upheld.", disposal=f"Upheld: {done}.")
    return f"the complaint is upheld; {done}"


def _dismiss_complaint(turn: Turn, ruling: AccountRuling) -> str:
    ticket = _open_ticket(turn, ruling)
    if ticket is None:
        return _nothing("no complaint of this id is open")
    tickets.settle(turn, ticket, "The complaint was dismissed: no breach was found.")
    if ticket.field:
        field = ticket.field
        values.approve(turn.account, [(rule, field) for rule in ticket.rules])
    return "the complaint is dismissed"


def _uphold_appeal(turn: Turn, ruling: AccountRuling) -> str:
    appeal = appeals.find(turn.account, ruling.subject_id)
    if appeal is None:
        return _nothing("no appeal of this id is open")
    measure = ladder.find(turn.account, appeal.measure)
    appeals.settle(turn, appeal, "The appeal was upheld.")
    if measure is None:
        return "the appeal is upheld; the measure is not known to this account"
    done = appeals.overturn(turn, measure, ruling.reviewer_id, appeal.id)
    return f"the appeal is upheld; {done}"


def _dismiss_appeal(turn: Turn, ruling: AccountRuling) -> str:
    appeal = appeals.find(turn.account, ruling.subject_id)
    if appeal is None:
        return _nothing("no appeal of this id is open")
    appeals.settle(turn, appeal, "The appeal was dismissed.")
    return "the appeal is dismissed"


def _impose_measure(turn: Turn, ruling: AccountRuling) -> str:
    if ruling.step is None:
        return _nothing("no step is named")
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
    closing.reopen(turn)
    return f"lifted {', '.join(lifted.step for lifted in together)}"


def _dispose(turn: Turn, ruling: AccountRuling, rule: Rule | None, field: Field | None) -> str:
    """Impose what a person has found due: the ruling's step, else the rule's, else CORRECT."""
    ground: Ground = ground_of(rule) if rule else RULING
    step = ruling.step or (rule.measure if rule else None) or MeasureStep.CORRECT
    measure, done = impose(turn, ruling, ground, step, field)
    if rule and measure:
        entry = credit.charge(turn, rule, f"Measure {step} was ordered by a reviewer.")
        breaches.set_entry(turn, measure, entry)
    return done


def _rule_of(turn: Turn, rule_ids: tuple[str, ...]) -> Rule | None:
    """The first of these rules that the pack (still) has."""
    rules = (turn.examiner.rule(rule_id) for rule_id in rule_ids)
    return next((rule for rule in rules if rule), None)


def _open_ticket(turn: Turn, ruling: AccountRuling) -> Ticket | None:
    ticket = tickets.find(turn.account, ruling.subject_id)
    return None if ticket is None or ticket.settled else ticket


_ACTIONS: dict[RulingAction, Callable[[Turn, AccountRuling], str]] = {
    RulingAction.APPROVE_CHANGE: _approve_change,
    RulingAction.REJECT_CHANGE: _reject_change,
    RulingAction.UPHOLD_COMPLAINT: _uphold_complaint,
    RulingAction.DISMISS_COMPLAINT: _dismiss_complaint,
    RulingAction.UPHOLD_APPEAL: _uphold_appeal,
    RulingAction.DISMISS_APPEAL: _dismiss_appeal,
    RulingAction.IMPOSE_MEASURE: _impose_measure,
    RulingAction.LIFT_MEASURE: _lift_measure,
}
