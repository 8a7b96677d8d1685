"""Deadlines take effect at their due time, whenever they are fired; the state decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from processors.accounts import (
    breaches,
    changes,
    credit,
    duties,
    ladder,
    pauses,
    reasons,
    reviews,
    waiting,
)
from processors.accounts.appeals import breach_appeal
from processors.accounts.complaints import breach_ticket, miss_evidence
from processors.accounts.effects import Audited, CorrectionReminded
from processors.accounts.escalations import open_breach
from processors.accounts.examiner import Examiner
from processors.accounts.grounds import REREGISTERED
from processors.accounts.ids import derive_id
from processors.accounts.reports import breach_report
from processors.accounts.state import Account, Measure, Pending, Timed, Timer, timers
from processors.accounts.turn import DAY, HOUR, Turn
from processors.accounts.verification import expire_fact
from processors.policy.model import Message
from schemas.records import AuditKind, Decision, EscalationKind, MeasureStep, Phase

_MATERIAL = Decision.NEED_MATERIAL


def fire_next(
    account_id: str, account: Account, examiner_at: Callable[[int], Examiner], upto: int
) -> Turn | None:
    """Fire the earliest deadline due at or before ``upto`` (ms), or None when there is none.

    ``examiner_at`` judges by the policy in force at a time.
    """
    passed = [timed for timed in timers(account) if timed.due <= upto]
    if not passed:
        return _lift_next(account_id, account, examiner_at, upto)
    first = _first_of(passed)
    event_id = derive_id("deadline", account_id, first.timer.name, first.ident(), first.due)
    turn = Turn(account_id, account, examiner_at(first.due), event_id, first.due)
    _HANDLERS[first.timer](turn, first.part)
    return turn


def _first_of(passed: list[Timed]) -> Timed:
    """What takes effect first; of what waited for pauses until then, what came first."""
    first = min(passed, key=lambda timed: (timed.due, timed.timer, timed.ident()))
    if first.timer is not Timer.PENDING or not first.part.pause:
        return first
    return next(t for t in passed if t.due == first.due and t.timer is first.timer and t.part.pause)


def _lift_next(
    account_id: str, account: Account, examiner_at: Callable[[int], Examiner], upto: int
) -> Turn | None:
    """Decide at ``upto`` what waits for a pause that was lifted early, or None."""
    if not any(pending.pause for pending in account.pending):
        return None
    examiner = examiner_at(upto)
    found = pauses.next_lifted(examiner.pack, account_id, account, upto)
    if found is None:
        return None
    pending, pause = found
    event_id = derive_id("lift", account_id, pending.event_id, pending.pause, pending.due, upto)
    turn = Turn(account_id, account, examiner, event_id, upto)
    if pause is None:
        changes.release(turn, pending)
    else:
        pauses.extend(turn, pending, pause)
    return turn


def _end_wait(turn: Turn, pending: Pending) -> None:
    if pending.pause:
        pause = pauses.covering_pending(turn.pack, turn.account_id, turn.account, pending)
        if pause is None:
            changes.release(turn, pending)
        else:
            pauses.extend(turn, pending, pause)
    elif pending.awaiting:
        waiting.give_up(turn, pending)
    elif waiting.let_go(turn, pending):
        pass
    elif pending.phase is Phase.APPLIED:
        pending.breached = True
        reason = "The time for reviewing a live value has passed."
        open_breach(turn, pending.event_id, reason, reviews.rule_ids_of(pending))
    elif pending.decision is Decision.NEED_MATERIAL:
        reason = "No material was given in time; the old value stays."
        reviews.refuse(turn, pending, reason)
        kind = AuditKind.VERIFICATION
        turn.effects.append(
            Audited(kind, pending.event_id, reason, "auto", reviews.rule_ids_of(pending))
        )
    else:
        reviews.refuse(turn, pending, "No decision was taken in time; the old value stays.")
        reason = "The time for reviewing a change has passed."
        open_breach(turn, pending.event_id, reason, reviews.rule_ids_of(pending))


def _remind(turn: Turn, measure: Measure) -> None:
    measure.reminder = 0
    if not _still_found(turn, measure):
        ladder.lift(turn, measure, reasons.NOT_FOUND)
        return
    turn.effects.append(
        CorrectionReminded(ladder.terms_of(turn, measure), ladder.ground_of(turn, measure))
    )


def _end_measure(turn: Turn, measure: Measure) -> None:
    if not measure.deadline:
        ladder.lift(turn, measure, reasons.TIME_PASSED)
    elif not _still_found(turn, measure):
        ladder.lift(turn, measure, reasons.NOT_FOUND)
    elif waiting_for := _correction_that_waits(turn, measure):
        if not waiting_for.pause:
            measure.waited_for = waiting_for.event_id
        _give_time(turn, measure, waiting_for.due, reasons.CORRECTION_WAITS)
    elif measure.rule == REREGISTERED.rule_id:
        _wait_for_a_person(turn, measure)
    elif measure.step is MeasureStep.SUSPEND:
        _go_up(turn, measure, MeasureStep.CLOSE, reasons.NOT_CORRECTED_SUSPENDED)
    else:
        _go_up(turn, measure, MeasureStep.SUSPEND, reasons.NOT_CORRECTED)


def _go_up(turn: Turn, measure: Measure, step: MeasureStep, reason: Message) -> None:
    if turn.examiner.rule(measure.rule) and not breaches.within_quota(
        turn, measure.rule, step, measure.field
    ):
        _wait_for_quota(turn, measure, step)
        return
    ground = ladder.ground_of(turn, measure)
    breaches.begin_step(
        turn, ground, step, measure.field, reason, root=measure.root, entry=measure.entry
    )


def _correction_that_waits(turn: Turn, measure: Measure) -> Pending | None:
    """A correction that the account has proposed in time and that waits for us, not for it.

    A time limit waits for one proposal, through all that this waits for, lest one after the other
    puts it off for good; and for pauses as long as they last.
    """
    if measure.field is None:
        return None
    for pending in turn.account.pending:
        value = pending.values.get(measure.field)
        waits_for_us = pending.phase is Phase.PROPOSED and pending.decision is not _MATERIAL
        if value is None or not waits_for_us or pending.due <= turn.at:
            continue
        if measure.waited_for not in ("", pending.event_id) and not pending.pause:
            continue
        found = turn.judge_current({measure.field: value}).proposals
        if not any(proposal.rule.id == measure.rule for proposal in found):
            return pending
    return None


def _give_time(turn: Turn, measure: Measure, until: int, reason: Message) -> None:
    """Let a deadline that is over come later, and a restriction last until then."""
    measure.deadline, measure.put_off = until, True
    ladder.extend(turn, measure, until if measure.ends else 0, reason, "")


def _wait_for_quota(turn: Turn, measure: Measure, step: MeasureStep) -> None:
    """The step's quota is used up: the deadline moves on by one window, and a person is told."""
    until = turn.at + turn.pack.brakes.quota_hours * HOUR
    _give_time(turn, measure, until, reasons.QUOTA)
    if not any(breach.subject == measure.id for breach in turn.account.breaches):
        why = f"The quota of automatic measures {step} is used up; the time to correct is longer."
        open_breach(turn, measure.id, why, (measure.rule,), kind=EscalationKind.BRAKE)


def _wait_for_a_person(turn: Turn, measure: Measure) -> None:
    """Nothing that the account could do lifts it, and the other account's bar may be gone by now.

    So it is not closed by itself: it stays suspended until a person has decided.
    """
    days = turn.ladder_of(measure.rule).suspend_days
    _give_time(turn, measure, turn.at + days * DAY, reasons.FOR_A_PERSON)
    if not any(breach.subject == measure.id for breach in turn.account.breaches):
        why = "Its subject was barred when it came: a person decides whether the account is closed."
        open_breach(turn, measure.id, why, (measure.rule,))


def _still_found(turn: Turn, measure: Measure) -> bool:
    """Whether what a measure was begun for is there: a rule that is gone hits nothing any more."""
    if ladder.ordered_by(turn.account, measure):
        return True
    field = measure.field
    if field is None:
        return duties.owed(turn, measure.rule)
    value = turn.account.value(field)
    proposals = turn.judge_current({field: value}).proposals if value else ()
    return any(proposal.rule.id == measure.rule for proposal in proposals)


_HANDLERS: dict[Timer, Callable[[Turn, Any], None]] = {
    Timer.FACT: expire_fact,
    Timer.ENTRY: credit.expire,
    Timer.PENDING: _end_wait,
    Timer.REMINDER: _remind,
    Timer.MEASURE: _end_measure,
    Timer.TICKET: breach_ticket,
    Timer.APPEAL: breach_appeal,
    Timer.REPAIR: credit.repair,
    Timer.EVIDENCE: miss_evidence,
    Timer.REPORT: breach_report,
}
