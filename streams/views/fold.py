"""Folds records into documents and counters. Pure: Redis comes before and after.

The order of records within one topic and partition counts; that between topics does not.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import msgspec

from schemas.records import (
    AccountAppeal,
    AccountComplaint,
    AuditRecord,
    AuthorityReport,
    ComplaintFeedback,
    ComplaintState,
    CreditChange,
    Decision,
    Disposal,
    Escalation,
    EscalationKind,
    EscalationStatus,
    Finding,
    Notice,
    RuleMode,
    Verdict,
)
from streams.views import documents as d
from streams.views.keys import MINUTE_MS, RECENT

QUEUE_OF = {
    EscalationKind.HOLD: "review",
    EscalationKind.STRICT_HOLD: "review",
    EscalationKind.DISPOSAL: "review",
    EscalationKind.COMPLAINT: "complaint",
    EscalationKind.APPEAL: "appeal",
    EscalationKind.SLA_BREACH: "breach",
}
"""In which queue an escalation waits; a kind that is not here waits with the reviews."""

_FOR_A_PERSON = frozenset((Decision.HOLD, Decision.STRICT_HOLD))

Line = TypeVar("Line")
_encode = msgspec.msgpack.Encoder().encode


class Seen(NamedTuple):
    """One record as it was read: its real topic, partition, offset, and the record."""

    topic: str
    partition: int
    offset: int
    record: Any


class Fold:
    """What a batch comes to: apply all its records, then write what stands here.

    ``documents`` are those of the batch's accounts as Redis has them; new ones are added.
    """

    def __init__(self, documents: dict[str, d.AccountView], first_level: str) -> None:
        self.documents = documents
        self.touched: set[str] = set()
        self.minutes: Counter[tuple[int, str]] = Counter()
        self.levels: Counter[str] = Counter()
        self.queued: dict[str, d.EscalationLine] = {}
        """Escalations by id; the last word on each in this batch, open or closed."""
        self.reports: list[d.ReportLine] = []
        self.verdicts: list[d.Headline] = []
        self.findings: list[d.Headline] = []
        self.disposals: list[d.Headline] = []
        self.reached: dict[str, int] = {}
        self._first_level = first_level

    def apply(self, batch: Iterable[Seen]) -> None:
        """Fold the records in."""
        for seen in batch:
            self.reached[f"{seen.topic}:{seen.partition}"] = seen.offset + 1
            record = seen.record
            document = self._document(record.account_id)
            _FOLDERS[type(record)](self, document, record, seen)
            if document.erased:  # topics are read in any order: what is old may come later
                document.forget()

    def latest(self, lines: list[d.Headline]) -> dict[bytes, int]:
        """The newest of these lines, packed, with their times."""
        newest = heapq.nlargest(RECENT, lines, key=lambda line: line.at)
        if len(newest) == RECENT:  # of those of one time all count: Redis orders them by bytes
            newest = [line for line in lines if line.at >= newest[-1].at]
        return {_encode(line): line.at for line in newest}

    def _document(self, account_id: str) -> d.AccountView:
        self.touched.add(account_id)
        document = self.documents.get(account_id)
        if document is None:
            document = self.documents[account_id] = d.AccountView(account_id)
            document.level = self._first_level
            self.levels[self._first_level] += 1
        return document

    def _count(self, at: int, name: str) -> None:
        self.minutes[at // MINUTE_MS, name] += 1

    def _verdict(self, document: d.AccountView, record: Verdict, seen: Seen) -> None:
        _advance(document, record.account_seq, record.decided_at)
        line = verdict_line(record)
        document.verdicts.append(line)
        if len(document.verdicts) > d.VERDICTS:
            waiting = _waiting(document.verdicts)
            _drop_oldest(document.verdicts, d.VERDICTS, lambda v: v.event_id not in waiting)
        at = record.decided_at
        self._count(at, f"decision:{record.decision}")
        self._count(at, f"pack:{line.pack}")
        for rule, mode in {(f.rule_id, f.mode) for f in record.findings}:
            self._count(at, f"rule:{mode}:{rule}")
        headline = _headline(record)
        self.verdicts.append(headline)
        if record.findings:
            self.findings.append(headline)

    def _disposal(self, document: d.AccountView, record: Disposal, seen: Seen) -> None:
        _advance(document, record.account_seq, record.at)
        line = d.MeasureLine(
            record.measure_id,
            record.step,
            record.action,
            record.rule_id,
            record.obligation_id,
            record.article,
            record.fields,
            record.reason,
            record.automatic,
            record.reviewers,
            record.begins_at,
            record.ends_at,
            record.deadline,
            record.at,
            record.account_seq,
        )
        _replace(document.measures, line, lambda m: m.measure_id == line.measure_id)
        _drop_oldest(document.measures, d.MEASURES, lambda m: not m.live)
        self._count(record.at, f"disposal:{record.action}:{record.step}")
        self.disposals.append(
            d.Headline(
                record.account_id,
                record.event_id,
                f"{record.action} {record.step}",
                record.rule_id,
                record.obligation_id,
                " ".join(record.fields),
                record.reason,
                record.at,
                record.account_seq,
            )
        )

    def _escalation(self, document: d.AccountView, record: Escalation, seen: Seen) -> None:
        _advance(document, record.account_seq, record.at)
        closed = record.at if record.status is EscalationStatus.CLOSED else 0
        line = d.EscalationLine(
            record.account_id,
            record.escalation_id,
            record.kind,
            record.subject_id,
            record.priority,
            record.opened_at,
            record.due_at,
            record.reason,
            record.rule_ids,
            record.event_id,
            record.account_seq,
            closed,
        )
        same = [e for e in document.escalations if e.escalation_id == line.escalation_id]
        if closed and same:  # what it was opened for says more than why it was closed
            line = msgspec.structs.replace(same[0], closed=closed)
        _replace(document.escalations, line, lambda e: e.escalation_id == line.escalation_id)
        _drop_oldest(document.escalations, d.ESCALATIONS, lambda e: bool(e.closed))
        self.queued[line.escalation_id] = line
        self._count(record.at, f"escalation:{record.status}:{record.kind}")

    def _credit(self, document: d.AccountView, record: CreditChange, seen: Seen) -> None:
        _advance(document, record.account_seq, record.at)
        line = d.CreditLine(
            record.score,
            record.level,
            record.points,
            record.action,
            record.rule_id,
            record.reason,
            record.at,
            record.account_seq,
        )
        _append(document.credit, line, d.CREDITS)
        if document.level != record.level:
            self.levels[document.level] -= 1
            self.levels[record.level] += 1
        document.score, document.level = record.score, record.level

    def _feedback(self, document: d.AccountView, record: ComplaintFeedback, seen: Seen) -> None:
        _advance(document, record.account_seq, record.at)
        before = next(
            (c.history for c in document.complaints if c.complaint_id == record.complaint_id), ()
        )
        line = d.ComplaintLine(
            record.complaint_id,
            record.state,
            record.reason,
            record.merged_into,
            record.due_at,
            record.at,
            record.account_seq,
            (*before, (record.state, record.at)),
        )
        _replace(document.complaints, line, lambda c: c.complaint_id == line.complaint_id)
        _drop_oldest(document.complaints, d.COMPLAINTS, lambda c: c.state is ComplaintState.CLOSED)
        self._count(record.at, f"complaint:{record.state}")

    def _notice(self, document: d.AccountView, record: Notice, seen: Seen) -> None:
        _advance(document, record.account_seq, record.at)
        line = d.NoticeLine(
            record.notice_id,
            record.kind,
            record.measure_id,
            record.title,
            record.language,
            record.at,
            record.account_seq,
        )
        _append(document.notices, line, d.NOTICES)

    def _audit(self, document: d.AccountView, record: AuditRecord, seen: Seen) -> None:
        _advance(document, record.account_seq, record.at)
        line = d.AuditLine(
            record.kind,
            record.summary,
            record.actor,
            record.event_id,
            record.at,
            record.account_seq,
        )
        _append(document.audit, line, d.AUDITS)
        if record.erased:
            document.erased, document.erased_at = record.account_seq, record.at

    def _report(self, document: d.AccountView, record: AuthorityReport, seen: Seen) -> None:
        _advance(document, record.account_seq, record.at)
        self.reports.append(
            d.ReportLine(
                record.report_id,
                record.account_id,
                record.measure_id,
                record.step,
                record.rule_id,
                record.article,
                record.summary,
                record.due_at,
                record.at,
                record.taken_back,
            )
        )

    def _complaint(self, document: d.AccountView, record: AccountComplaint, seen: Seen) -> None:
        source = d.Source(seen.topic, seen.partition, seen.offset)
        line = d.TicketLine(
            record.complaint_id, record.category, record.field, record.occurred_at, source
        )
        _append_new(document.tickets, line)

    def _appeal(self, document: d.AccountView, record: AccountAppeal, seen: Seen) -> None:
        source = d.Source(seen.topic, seen.partition, seen.offset)
        line = d.TicketLine(record.appeal_id, record.measure_id, None, record.occurred_at, source)
        _append_new(document.appeals, line)


def _append_new(lines: list[d.TicketLine], line: d.TicketLine) -> None:
    """Append a ticket, unless it came before: the first is the one that was processed."""
    if all(other.ticket_id != line.ticket_id for other in lines):
        _append(lines, line, d.TICKETS)


def verdict_line(record: Verdict) -> d.VerdictLine:
    """A verdict as views keep it."""
    return d.VerdictLine(
        record.event_id,
        record.revision,
        record.kind,
        record.phase,
        record.decision,
        record.findings,
        record.reason,
        record.reviewers,
        record.due_at,
        record.decided_at,
        record.account_seq,
        f"{record.pack_id} {record.pack_version}",
        d.Source(record.source_topic, record.source_partition, record.source_offset),
        record.level,
        record.missing,
        record.marks,
        record.ip_label,
        record.publishable,
    )


def _advance(document: d.AccountView, seq: int, at: int) -> None:
    document.seq = max(document.seq, seq)
    document.at = max(document.at, at)


def _append(lines: list[Line], line: Line, most: int) -> None:
    lines.append(line)
    del lines[:-most]


def _replace(lines: list[Line], line: Line, same: Callable[[Line], bool]) -> None:
    """Put a line in the place of the one it renews, or at the end."""
    for index, other in enumerate(lines):
        if same(other):
            lines[index] = line
            return
    lines.append(line)


def _drop_oldest(lines: list[Line], most: int, may_go: Callable[[Line], bool]) -> None:
    """Of the lines that may go, keep as many as this, the newest; the others stay."""
    for line in [line for line in lines if may_go(line)][:-most]:
        lines.remove(line)


def _waiting(verdicts: list[d.VerdictLine]) -> set[str]:
    """Changes that wait for a person by the last verdict on them."""
    last = {verdict.event_id: verdict.decision for verdict in verdicts}
    return {event_id for event_id, decision in last.items() if decision in _FOR_A_PERSON}


def _headline(verdict: Verdict) -> d.Headline:
    """A verdict in one line: its own reason, and the rule where that tells of what a rule found."""
    rule = next((f for f in verdict.findings if _decides(f, verdict)), None)
    return d.Headline(
        verdict.account_id,
        verdict.event_id,
        verdict.decision,
        rule.rule_id if rule else "",
        rule.obligation_id if rule else "",
        rule.field if rule else "",
        verdict.reason,
        verdict.decided_at,
        verdict.account_seq,
    )


def _decides(finding: Finding, verdict: Verdict) -> bool:
    return (
        finding.mode is RuleMode.ENFORCE
        and finding.decision is verdict.decision
        and verdict.reason.startswith(finding.why)
    )


_FOLDERS: dict[type, Callable[[Fold, d.AccountView, Any, Seen], None]] = {
    Verdict: Fold._verdict,
    Disposal: Fold._disposal,
    Escalation: Fold._escalation,
    CreditChange: Fold._credit,
    ComplaintFeedback: Fold._feedback,
    Notice: Fold._notice,
    AuditRecord: Fold._audit,
    AuthorityReport: Fold._report,
    AccountComplaint: Fold._complaint,
    AccountAppeal: Fold._appeal,
}
RECORDS = tuple(_FOLDERS)
"""Types of the records that the views are made of."""
