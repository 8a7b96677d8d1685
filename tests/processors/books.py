"""Books kept from the outputs alone, as a reader of the topics would, and what must hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from processors.accounts import Account, Status, audit_hash, score_of
from processors.accounts.state import Timer, timers
from processors.policy import Pack
from schemas.records import (
    AuditKind,
    AuditRecord,
    AuthorityReport,
    ComplaintFeedback,
    ComplaintState,
    CreditAction,
    CreditChange,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationStatus,
    MeasureStep,
    Notice,
    NoticeKind,
    Verdict,
)

NEXT_STATES = {
    None: {ComplaintState.RECEIVED},
    ComplaintState.RECEIVED: {ComplaintState.ACCEPTED, ComplaintState.NOT_ACCEPTED},
    ComplaintState.ACCEPTED: {ComplaintState.SCREENING},
    ComplaintState.NOT_ACCEPTED: {ComplaintState.FEEDBACK},
    ComplaintState.SCREENING: {
        ComplaintState.DISPOSAL,
        ComplaintState.NEED_EVIDENCE,
        ComplaintState.ESCALATED,
        ComplaintState.FEEDBACK,
    },
    ComplaintState.NEED_EVIDENCE: {
        ComplaintState.DISPOSAL,
        ComplaintState.ESCALATED,
        ComplaintState.FEEDBACK,
        ComplaintState.NEED_EVIDENCE,  # the same ticket sent again is told its state
    },
    ComplaintState.ESCALATED: {
        ComplaintState.DISPOSAL,
        ComplaintState.FEEDBACK,
        ComplaintState.NEED_EVIDENCE,
        ComplaintState.ESCALATED,  # here, too
    },
    ComplaintState.DISPOSAL: {ComplaintState.FEEDBACK},
    ComplaintState.FEEDBACK: {ComplaintState.CLOSED},
    ComplaintState.CLOSED: {ComplaintState.CLOSED, ComplaintState.RECEIVED},
}
ALLOWED = (Decision.ALLOW, Decision.ALLOW_LABELLED)
OPEN_STATES = (ComplaintState.ESCALATED, ComplaintState.NEED_EVIDENCE)
OF_DISPOSALS = (
    NoticeKind.MEASURE_BEGUN,
    NoticeKind.MEASURE_EXTENDED,
    NoticeKind.MEASURE_LIFTED,
)


class Books:
    """Everything that was put out about one account."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.entries: dict[str, int] = {}
        self.measures: dict[str, Disposal] = {}
        self.ended: set[str] = set()
        self.escalations: dict[str, Escalation] = {}
        self.tickets: dict[str, ComplaintState] = {}
        self.verdicts: dict[str, Verdict] = {}
        self.seq = 0
        self.last_hash = "0" * 64
        self.ids: set[str] = set()
        self._by_seq: dict[int, set[str]] = defaultdict(set)

    def add(self, outputs: Iterable[Any]) -> None:
        """Take up records in their order; each must fit to those before."""
        outputs = list(outputs)
        for record in outputs:
            assert record.account_seq in (self.seq, self.seq + 1), "numbers run on without a gap"
            self.seq = record.account_seq
            self._by_seq[record.account_seq].add(record.event_id)
            getattr(self, "_" + type(record).__name__.lower(), self._nothing)(record)
        self._check_disposals(outputs)

    def check(self, account: Account) -> None:
        """Compare the books with the state."""
        terms = self.pack.credit
        assert account.seq == self.seq
        assert score_of(account, terms) == self._fold()
        assert {entry.id: entry.points for entry in account.ledger} == self.entries
        live = {measure.id for measure in account.live_measures()}
        assert live == self.measures.keys() - self.ended
        self._check_deadlines(account)
        self._check_escalations(account)
        open_tickets = {ticket.id for ticket in account.open_tickets()}
        assert open_tickets == {
            ticket for ticket, state in self.tickets.items() if state in OPEN_STATES
        }
        for events in self._by_seq.values():
            assert events, "every number has a record with its event"

    def _check_deadlines(self, account: Account) -> None:
        causes = [
            (measure.rule, measure.field) for measure in account.live_measures() if measure.deadline
        ]
        assert len(causes) == len(set(causes)), "one live deadline per account and cause"
        for measure in account.live_measures():
            if measure.rule == "credit":
                assert not measure.deadline, "credit cannot be corrected"
            elif measure.step is MeasureStep.SUSPEND:
                assert measure.deadline or measure.ends, "a suspension ends or has a deadline"
            elif measure.step is MeasureStep.CORRECT:
                assert measure.deadline
        closed = {m.step for m in account.live_measures() if m.step is MeasureStep.CLOSE}
        assert bool(closed) == (account.status is Status.CLOSED)
        if account.status is Status.CANCELLED:
            assert {timed.timer for timed in timers(account)} <= {
                Timer.ENTRY,
                Timer.APPEAL,
                Timer.REPAIR,
                Timer.REPORT,
            }

    def _check_escalations(self, account: Account) -> None:
        waiting = [
            p.event_id
            for p in account.pending
            if p.decision.value.endswith("HOLD") and not (p.pause and p.phase == "PROPOSED")
        ]
        waiting += [ticket.id for ticket in account.open_tickets() if not ticket.evidence_due]
        waiting += [appeal.id for appeal in account.appeals]
        waiting += [breach.subject for breach in account.breaches]
        assert sorted(e.subject_id for e in self.escalations.values()) == sorted(waiting)

    def _fold(self) -> int:
        total = self.pack.credit.base + sum(self.entries.values())
        return max(0, min(1000, total)) if self.entries else self.pack.credit.base

    def _check_disposals(self, outputs: list[Any]) -> None:
        disposals = [o for o in outputs if type(o) is Disposal]
        notices = [o.notice_id for o in outputs if type(o) is Notice and _is_of_disposal(o)]
        audits = [
            o.audit_id for o in outputs if type(o) is AuditRecord and o.kind is AuditKind.DISPOSAL
        ]
        reports = [o.report_id for o in outputs if type(o) is AuthorityReport and not o.taken_back]
        assert notices == [d.notice_id for d in disposals]
        assert audits == [d.audit_id for d in disposals]
        assert reports == [d.report_id for d in disposals if d.report_id]
        for disposal in disposals:
            assert bool(disposal.report_id) == (disposal.action is DisposalAction.BEGIN)

    # -- one method a record type -------------------------------------------------------------

    def _nothing(self, record: Any) -> None:
        pass

    def _verdict(self, verdict: Verdict) -> None:
        before = self.verdicts.get(verdict.event_id)
        assert verdict.revision == (before.revision + 1 if before else 1)
        if before:
            assert before.decision not in (*ALLOWED, Decision.REFUSE) or before.phase == "APPLIED"
        self.verdicts[verdict.event_id] = verdict

    def _creditchange(self, change: CreditChange) -> None:
        if change.action is CreditAction.ADDED:
            assert change.entry_id not in self.entries
            self.entries[change.entry_id] = change.points
        elif change.action is CreditAction.REPAIRED:
            assert self.entries[change.entry_id] < change.points <= 0
            self.entries[change.entry_id] = change.points
            if not change.points:
                del self.entries[change.entry_id]
        else:
            assert self.entries.pop(change.entry_id) == change.points
        assert change.score == self._fold()

    def _disposal(self, disposal: Disposal) -> None:
        assert disposal.disposal_id not in self.ids
        self.ids.add(disposal.disposal_id)
        if disposal.action is DisposalAction.BEGIN:
            assert disposal.measure_id not in self.measures
            self.measures[disposal.measure_id] = disposal
            if disposal.step is MeasureStep.WARN:
                self.ended.add(disposal.measure_id)
            return
        assert disposal.measure_id in self.measures
        assert disposal.measure_id not in self.ended
        if disposal.action is DisposalAction.LIFT:
            self.ended.add(disposal.measure_id)

    def _escalation(self, escalation: Escalation) -> None:
        key = escalation.escalation_id
        if escalation.status is EscalationStatus.OPENED:
            again = self.escalations.get(key)
            assert again is None or again.subject_id == escalation.subject_id
            self.escalations[key] = escalation
            return
        opened = self.escalations.pop(key)
        for name in ("kind", "subject_id", "priority", "opened_at", "due_at"):
            assert getattr(opened, name) == getattr(escalation, name)

    def _complaintfeedback(self, feedback: ComplaintFeedback) -> None:
        before = self.tickets.get(feedback.complaint_id)
        assert feedback.state in NEXT_STATES[before], (before, feedback.state)
        self.tickets[feedback.complaint_id] = feedback.state

    def _auditrecord(self, record: AuditRecord) -> None:
        assert record.previous_hash == self.last_hash
        assert record.hash == audit_hash(record)
        self.last_hash = record.hash


def _is_of_disposal(notice: Notice) -> bool:
    return notice.kind in OF_DISPOSALS
