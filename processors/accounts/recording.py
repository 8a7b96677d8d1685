"""What every record of a turn carries, and the audit records, each sealed to the one before."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

from msgspec.structs import replace

from processors.accounts.audit import FIRST, seal
from processors.accounts.turn import Turn
from schemas.records import (
    AuditKind,
    AuditRecord,
    AuthorityReport,
    CaseOutcome,
    ComplaintFeedback,
    CreditChange,
    Disposal,
    Escalation,
    ImageRequest,
    Notice,
    Verdict,
)

OutputRecord = (
    Verdict
    | Disposal
    | Escalation
    | ComplaintFeedback
    | CreditChange
    | Notice
    | AuthorityReport
    | AuditRecord
    | ImageRequest
)

AUTOMATIC = "auto"
"""Actor of an audit record where no person acted."""


class Common(TypedDict):
    """What every record of a turn carries."""

    account_id: str
    account_seq: int
    event_id: str
    pack_id: str
    pack_version: str
    pack_hash: str


def common(turn: Turn, rule_id: str = "") -> Common:
    """What every record of the turn carries; the pack is that of the rule that caused it."""
    pack = turn.examiner.policy.pack_of(rule_id) if rule_id else turn.pack
    return {
        "account_id": turn.account_id,
        "account_seq": turn.seq,
        "event_id": turn.event_id,
        "pack_id": pack.id,
        "pack_version": pack.version,
        "pack_hash": pack.hash,
    }


class Case(NamedTuple):
    """A decided appeal: the measure, the appeal and how it ended."""

    measure_id: str | None
    appeal_id: str
    outcome: CaseOutcome


def record(
    turn: Turn,
    audit_id: str,
    kind: AuditKind,
    subject_id: str,
    summary: str,
    actor: str,
    outputs: list[OutputRecord],
    disposal: Disposal | None = None,
    case: Case | None = None,
    *,
    erased: bool = False,
) -> None:
    """Append an audit record, sealed; with all of the disposal, or the appeal, that it keeps."""
    account, pack = turn.account, turn.pack
    if disposal:
        pack = turn.examiner.policy.pack_of(disposal.rule_id)
    audit = AuditRecord(  # by position: so many keywords would cost a microsecond
        turn.account_id,
        turn.seq,
        turn.event_id,
        audit_id,
        kind,
        subject_id,
        summary,
        actor,
        turn.at,
        account.audit.hex() or FIRST,
        "",
        pack.id,
        pack.version,
        pack.hash,
        turn.topic,
        turn.partition,
        turn.offset,
    )
    if disposal:
        audit = replace(audit, **{name: getattr(disposal, name) for name in _OF_DISPOSAL})
        if disposal.appeal_id:
            audit = replace(audit, outcome=CaseOutcome.UPHELD)
    if case:
        audit = replace(audit, **case._asdict())
    if erased:
        audit = replace(audit, erased=True)
    audit = seal(audit)
    account.audit = bytes.fromhex(audit.hash)
    outputs.append(audit)


_OF_DISPOSAL = (
    "measure_id",
    "action",
    "step",
    "rule_id",
    "obligation_id",
    "article",
    "clause",
    "fields",
    "previous_value_hash",
    "value_hash",
    "evidence",
    "begins_at",
    "ends_at",
    "deadline",
    "functions",
    "notice_id",
    "report_id",
    "appeal_id",
)
"""What an audit record repeats of the disposal that it keeps (Art. 17)."""
