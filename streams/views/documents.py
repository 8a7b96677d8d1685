"""What the views keep of an account, and the lines it is made of.

Each list of a document is fed from one topic only. Topics are read side by side in any order, so
this is what makes the end state the same whatever the order was. Times are in ms since the epoch.
A new field stands at the end and has a default, or `LAYOUT` rises.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from schemas.records import (
    AuditKind,
    ChangeKind,
    ComplaintState,
    CreditAction,
    Decision,
    DisposalAction,
    EscalationKind,
    Field,
    Finding,
    Mark,
    MeasureStep,
    NoticeKind,
    Phase,
)

LAYOUT = "1"
"""Form of everything in Redis. Views of another layout are thrown away and read anew."""

VERDICTS = 20
MEASURES = 16
CREDITS = 60
ESCALATIONS = 32
COMPLAINTS = 16
TICKETS = 256
NOTICES = 16
AUDITS = 40


class Source(Struct, omit_defaults=True, frozen=True):
    """Where an input stands: its real topic, partition and offset."""

    topic: str
    partition: int
    offset: int


class VerdictLine(Struct, omit_defaults=True, frozen=True):
    """A verdict; ``source`` is the change it is about."""

    event_id: str
    revision: int
    kind: ChangeKind
    phase: Phase
    decision: Decision
    findings: tuple[Finding, ...]
    reason: str
    reviewers: tuple[str, ...]
    due_at: int | None
    at: int
    seq: int
    pack: str
    source: Source
    level: str = ""
    missing: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    ip_label: str | None = None
    publishable: bool | None = None


class MeasureLine(Struct, omit_defaults=True, frozen=True):
    """A measure as its last disposal left it."""

    measure_id: str
    step: MeasureStep
    action: DisposalAction
    rule_id: str
    obligation_id: str
    article: str
    fields: tuple[Field, ...]
    reason: str
    automatic: bool
    reviewers: tuple[str, ...]
    begins_at: int
    ends_at: int | None
    deadline: int | None
    at: int
    seq: int

    @property
    def live(self) -> bool:
        """Whether it is in force, as far as any record has said."""
        return self.action is not DisposalAction.LIFT and self.step is not MeasureStep.WARN


class CreditLine(Struct, omit_defaults=True, frozen=True):
    """A point of the credit curve."""

    score: int
    level: str
    points: int
    action: CreditAction
    rule_id: str
    reason: str
    at: int
    seq: int


class EscalationLine(Struct, omit_defaults=True, frozen=True):
    """What a person must look at; ``closed`` says when it was settled, 0 while it is open."""

    account_id: str
    escalation_id: str
    kind: EscalationKind
    subject_id: str
    priority: int
    opened_at: int
    due_at: int
    reason: str
    rule_ids: tuple[str, ...]
    event_id: str
    seq: int
    closed: int = 0


class ComplaintLine(Struct, omit_defaults=True, frozen=True):
    """A complaint as its last feedback left it, and the states it went through."""

    complaint_id: str
    state: ComplaintState
    reason: str
    merged_into: str | None
    due_at: int
    at: int
    seq: int
    history: tuple[tuple[ComplaintState, int], ...] = ()


class TicketLine(Struct, omit_defaults=True, frozen=True):
    """A complaint or an appeal as it came in; its words stay where ``source`` says."""

    ticket_id: str
    about: str
    """Category of a complaint, measure of an appeal."""
    field: Field | None
    at: int
    source: Source


class NoticeLine(Struct, omit_defaults=True, frozen=True):
    """A notice that was given."""

    notice_id: str
    kind: NoticeKind
    measure_id: str
    title: str
    language: str
    at: int
    seq: int


class AuditLine(Struct, omit_defaults=True, frozen=True):
    """What was done, and by whom."""

    kind: AuditKind
    summary: str
    actor: str
    event_id: str
    at: int
    seq: int


class AccountView(Struct, omit_defaults=True):
    """Everything the views keep of one account; every list is oldest first."""

    account_id: str
    seq: int = 0
    at: int = 0
    score: int | None = None
    level: str = ""
    verdicts: list[VerdictLine] = []
    measures: list[MeasureLine] = []
    credit: list[CreditLine] = []
    escalations: list[EscalationLine] = []
    complaints: list[ComplaintLine] = []
    tickets: list[TicketLine] = []
    appeals: list[TicketLine] = []
    notices: list[NoticeLine] = []
    audit: list[AuditLine] = []
    erased: int = 0
    """Number of the input by which it was erased, 0 where it was not."""
    erased_at: int = 0

    def forget(self) -> None:
        """Drop all that is from before it was erased, but for audit records and open work."""
        since = self.erased
        self.verdicts = [line for line in self.verdicts if line.seq > since]
        self.measures = [line for line in self.measures if line.seq > since]
        self.credit = [line for line in self.credit if line.seq > since]
        self.complaints = [line for line in self.complaints if line.seq > since]
        self.notices = [line for line in self.notices if line.seq > since]
        self.escalations = [e for e in self.escalations if e.seq > since or not e.closed]
        self.tickets = [line for line in self.tickets if line.at > self.erased_at]
        self.appeals = [line for line in self.appeals if line.at > self.erased_at]

    @property
    def unsettled(self) -> bool:
        """Whether something goes on: a live measure, or work for a person."""
        return any(m.live for m in self.measures) or any(not e.closed for e in self.escalations)

    def live_measures(self, now: int) -> list[MeasureLine]:
        """Measures in force at a time."""
        return [m for m in self.measures if m.live and (m.ends_at is None or m.ends_at > now)]

    def verdict(self, event_id: str) -> VerdictLine | None:
        """The last verdict on a change."""
        return next((v for v in reversed(self.verdicts) if v.event_id == event_id), None)


class Headline(Struct, omit_defaults=True, frozen=True):
    """A verdict or a disposal in one line, for lists over all accounts."""

    account_id: str
    event_id: str
    what: str
    rule_id: str
    obligation_id: str
    field: str
    why: str
    at: int
    seq: int


class ReportLine(Struct, omit_defaults=True, frozen=True):
    """An item of the report outbox."""

    report_id: str
    account_id: str
    measure_id: str
    step: MeasureStep
    rule_id: str
    article: str
    summary: str
    due_at: int
    at: int
    taken_back: bool = False
    """Whether it corrects the report on this measure, which was taken back."""


class Status(Struct, frozen=True):
    """How far the views are: when they last wrote, and what is left to read."""

    at: int
    unread: int
    behind_ms: int


pack_account = msgspec.msgpack.Encoder().encode
unpack_account = msgspec.msgpack.Decoder(AccountView).decode
unpack_escalation = msgspec.msgpack.Decoder(EscalationLine).decode
unpack_headline = msgspec.msgpack.Decoder(Headline).decode
unpack_report = msgspec.msgpack.Decoder(ReportLine).decode
unpack_status = msgspec.msgpack.Decoder(Status).decode
