"""Turns effects into records: the one place where records of a decision come into being.

Every record carries the account, its sequence number, the event, and the pack that decided. Every
measure begun has exactly one notice, one audit record and, from the pack's step on, one report
item; every measure extended or lifted one notice and one audit record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

from processors.accounts import duties, ledger
from processors.accounts.audit import FIRST, seal
from processors.accounts.effects import (
    Audited,
    ComplaintMoved,
    CorrectionReminded,
    CreditChanged,
    EscalationClosed,
    EscalationOpened,
    Ground,
    MeasureBegun,
    MeasureExtended,
    MeasureLifted,
    MeasureTerms,
    VerdictGiven,
)
from processors.accounts.ids import derive_id
from processors.accounts.notices import compose
from processors.accounts.state import STEP_RANK
from processors.accounts.turn import DAY, HOUR, Turn
from processors.policy.model import Message
from schemas.records import (
    AuditKind,
    AuditRecord,
    AuthorityReport,
    ComplaintFeedback,
    CreditChange,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationStatus,
    Notice,
    NoticeKind,
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


def emit(turn: Turn, outputs: list[OutputRecord]) -> None:
    """Append the records of a turn's effects, in their order."""
    for effect in turn.effects:
        _WRITERS[type(effect)](turn, effect, outputs)


def _common(turn: Turn) -> Common:
    pack = turn.pack
    return {
        "account_id": turn.account_id,
        "account_seq": turn.seq,
        "event_id": turn.event_id,
        "pack_id": pack.id,
        "pack_version": pack.version,
        "pack_hash": pack.hash,
    }


def _verdict(turn: Turn, effect: VerdictGiven, outputs: list[OutputRecord]) -> None:
    pack = turn.pack
    outputs.append(
        Verdict(
            account_id=turn.account_id,
            account_seq=turn.seq,
            event_id=effect.event_id,
            revision=effect.revision,
            kind=effect.kind,
            phase=effect.phase,
            decision=effect.decision,
            findings=effect.findings,
            reason=effect.reason,
            reviewers=effect.reviewers,
            due_at=effect.due_at,
            level=turn.examiner.level(ledger.score_of(turn.account, pack.credit)).name,
            decided_at=turn.at,
            pack_id=pack.id,
            pack_version=pack.version,
            pack_hash=pack.hash,
            source_topic=effect.topic,
            source_partition=effect.partition,
            source_offset=effect.offset,
            missing=effect.missing,
            marks=effect.marks,
            ip_label=turn.account.place,
            publishable=duties.publishable(turn.account, pack.duties),
        )
    )


def _credit(turn: Turn, effect: CreditChanged, outputs: list[OutputRecord]) -> None:
    outputs.append(
        CreditChange(
            **_common(turn),
            entry_id=effect.entry_id,
            action=effect.action,
            rule_id=effect.rule_id,
            reason=effect.reason,
            points=effect.points,
            score=effect.score,
            level=effect.level,
            previous_level=effect.previous_level,
            expires_at=effect.expires_at,
            at=turn.at,
        )
    )


def _begun(turn: Turn, effect: MeasureBegun, outputs: list[OutputRecord]) -> None:
    report = turn.pack.report
    reported = STEP_RANK[effect.terms.step] >= STEP_RANK[report.from_step]
    kind = NoticeKind.MEASURE_BEGUN
    disposal = _dispose(turn, DisposalAction.BEGIN, kind, effect, effect.ground, reported, outputs)
    if disposal.report_id:
        outputs.append(
            AuthorityReport(
                **_common(turn),
                report_id=disposal.report_id,
                measure_id=disposal.measure_id,
                step=disposal.step,
                rule_id=disposal.rule_id,
                article=disposal.article,
                summary=f"{disposal.step}: {disposal.reason}",
                due_at=turn.at + report.hours * HOUR,
                at=turn.at,
            )
        )


def _extended(turn: Turn, effect: MeasureExtended, outputs: list[OutputRecord]) -> None:
    kind = NoticeKind.MEASURE_EXTENDED
    _dispose(turn, DisposalAction.EXTEND, kind, effect, None, False, outputs)


def _lifted(turn: Turn, effect: MeasureLifted, outputs: list[OutputRecord]) -> None:
    kind = NoticeKind.MEASURE_LIFTED
    _dispose(turn, DisposalAction.LIFT, kind, effect, None, False, outputs)


def _dispose(
    turn: Turn,
    action: DisposalAction,
    notice: NoticeKind,
    effect: MeasureBegun | MeasureExtended | MeasureLifted,
    ground: Ground | None,
    reported: bool,
    outputs: list[OutputRecord],
) -> Disposal:
    """A disposal with its notice and its audit record."""
    terms, reviewer = effect.terms, effect.reviewer
    disposal_id = derive_id("disposal", turn.account_id, turn.event_id, terms.measure_id, action)
    disposal = Disposal(
        **_common(turn),
        disposal_id=disposal_id,
        measure_id=terms.measure_id,
        action=action,
        step=terms.step,
        rule_id=terms.rule_id,
        obligation_id=terms.obligation,
        article=terms.article,
        fields=(terms.field,) if terms.field else (),
        reason=effect.reason.en,
        automatic=not reviewer,
        reviewers=(reviewer,) if reviewer else (),
        at=turn.at,
        begins_at=terms.begins,
        ends_at=terms.ends,
        deadline=terms.deadline,
        notice_id=derive_id("notice", disposal_id),
        report_id=derive_id("report", disposal_id) if reported else None,
        audit_id=derive_id("audit", disposal_id),
    )
    outputs.append(disposal)
    _notify(turn, disposal.notice_id, notice, terms, effect.reason, ground, outputs)
    summary = (
        f"{action} {terms.step} {terms.measure_id} by rule {terms.rule_id}: {effect.reason.en}"
    )
    actor = reviewer or AUTOMATIC
    kind = AuditKind.DISPOSAL
    _record(turn, disposal.audit_id, kind, disposal_id, summary, actor, outputs)
    return disposal


def _reminded(turn: Turn, effect: CorrectionReminded, outputs: list[OutputRecord]) -> None:
    notice_id = derive_id("notice", turn.account_id, turn.event_id, effect.terms.measure_id)
    kind = NoticeKind.CORRECTION_REMINDER
    _notify(turn, notice_id, kind, effect.terms, None, effect.ground, outputs)


def _notify(
    turn: Turn,
    notice_id: str,
    kind: NoticeKind,
    terms: MeasureTerms,
    reason: Message | None,
    ground: Ground | None,
    outputs: list[OutputRecord],
) -> None:
    lifted = kind is NoticeKind.MEASURE_LIFTED
    appeal_until = None if lifted else terms.begins + turn.pack.ladder.appeal_days * DAY
    words = compose(kind, turn.account.language, terms, reason, ground, appeal_until)
    outputs.append(
        Notice(
            **_common(turn),
            notice_id=notice_id,
            kind=kind,
            measure_id=terms.measure_id,
            language=words.language,
            title=words.title,
            body=words.body,
            rule_id=terms.rule_id,
            article=terms.article,
            deadline=terms.deadline,
            appeal_until=appeal_until,
            at=turn.at,
        )
    )


def _complaint(turn: Turn, effect: ComplaintMoved, outputs: list[OutputRecord]) -> None:
    feedback_id = derive_id(
        "feedback", turn.account_id, turn.event_id, effect.complaint_id, effect.state
    )
    outputs.append(
        ComplaintFeedback(
            **_common(turn),
            feedback_id=feedback_id,
            complaint_id=effect.complaint_id,
            state=effect.state,
            reason=effect.reason,
            merged_into=effect.merged_into,
            due_at=effect.due_at,
            language=effect.language,
            at=turn.at,
        )
    )


def _escalation(
    turn: Turn, effect: EscalationOpened | EscalationClosed, outputs: list[OutputRecord]
) -> None:
    opened = type(effect) is EscalationOpened
    outputs.append(
        Escalation(
            **_common(turn),
            escalation_id=effect.escalation_id,
            kind=effect.kind,
            status=EscalationStatus.OPENED if opened else EscalationStatus.CLOSED,
            subject_id=effect.subject_id,
            priority=effect.priority,
            opened_at=effect.opened_at,
            due_at=effect.due_at,
            reason=effect.reason,
            rule_ids=effect.rule_ids,
            at=turn.at,
        )
    )


def _audited(turn: Turn, effect: Audited, outputs: list[OutputRecord]) -> None:
    audit_id = derive_id("audit", turn.account_id, turn.event_id, effect.kind)
    _record(turn, audit_id, effect.kind, effect.subject_id, effect.summary, effect.actor, outputs)


def _record(
    turn: Turn,
    audit_id: str,
    kind: AuditKind,
    subject_id: str,
    summary: str,
    actor: str,
    outputs: list[OutputRecord],
) -> None:
    account = turn.account
    record = seal(
        AuditRecord(
            **_common(turn),
            audit_id=audit_id,
            kind=kind,
            subject_id=subject_id,
            summary=summary,
            actor=actor,
            at=turn.at,
            previous_hash=account.audit.hex() or FIRST,
            hash="",
            source_topic=turn.topic,
            source_partition=turn.partition,
            source_offset=turn.offset,
        )
    )
    account.audit = bytes.fromhex(record.hash)
    outputs.append(record)


_WRITERS: dict[type, Callable[[Turn, Any, list[OutputRecord]], None]] = {
    VerdictGiven: _verdict,
    CreditChanged: _credit,
    MeasureBegun: _begun,
    MeasureExtended: _extended,
    MeasureLifted: _lifted,
    CorrectionReminded: _reminded,
    ComplaintMoved: _complaint,
    EscalationOpened: _escalation,
    EscalationClosed: _escalation,
    Audited: _audited,
}
