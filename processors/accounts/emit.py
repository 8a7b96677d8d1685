"""Turns effects into records: the one place where records of a decision come into being.

Every record carries the account, its sequence number, the event, and the pack that decided. Every
measure begun has exactly one notice, one audit record and, from the pack's step on, one report
item; every measure extended or lifted one notice and one audit record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from processors.accounts import cases, disposing, duties, ladder, ledger
from processors.accounts.effects import (
    Audited,
    CaseTold,
    ComplaintMoved,
    CorrectionReminded,
    CreditChanged,
    EscalationClosed,
    EscalationOpened,
    ImageAsked,
    MeasureBegun,
    MeasureExtended,
    MeasureLifted,
    ReportTakenBack,
    VerdictGiven,
)
from processors.accounts.ids import derive_id
from processors.accounts.notices import code_of, means_and_redress
from processors.accounts.recording import Case, OutputRecord, common, record
from processors.accounts.turn import Turn
from schemas.records import (
    CaseOutcome,
    ComplaintFeedback,
    ComplaintState,
    CreditChange,
    Escalation,
    EscalationStatus,
    ImageRequest,
    Notice,
    NoticeKind,
    Verdict,
)


def emit(turn: Turn, outputs: list[OutputRecord]) -> None:
    """Append the records of a turn's effects, in their order."""
    for effect in turn.effects:
        _WRITERS[type(effect)](turn, effect, outputs)


def _verdict(turn: Turn, effect: VerdictGiven, outputs: list[OutputRecord]) -> None:
    pack, account = turn.pack, turn.account
    outputs.append(
        Verdict(  # by position: so many keywords would cost a microsecond, for every change
            turn.account_id,
            turn.seq,
            effect.event_id,
            effect.revision,
            effect.kind,
            effect.phase,
            effect.decision,
            effect.reason,
            turn.examiner.level(ledger.score_of(account, pack.credit)).name,
            turn.at,
            pack.id,
            pack.version,
            pack.hash,
            effect.topic,
            effect.partition,
            effect.offset,
            effect.findings,
            effect.reviewers,
            effect.due_at,
            effect.missing,
            effect.marks,
            account.place,
            duties.publishable(account, pack.duties),
            effect.shadow_decision,
            turn.examiner.policy.others,
            effect.unchecked,
            None if effect.event_id == turn.event_id else turn.event_id,
            effect.association,
            _score(effect),
        )
    )


def _score(effect: VerdictGiven) -> int:
    return sum([key.weight for key in effect.association]) if effect.association else 0


def _credit(turn: Turn, effect: CreditChanged, outputs: list[OutputRecord]) -> None:
    outputs.append(
        CreditChange(
            **common(turn, effect.rule_id),
            entry_id=effect.entry_id,
            action=effect.action,
            rule_id=effect.rule_id,
            reason=effect.reason,
            points=effect.points,
            score=effect.score,
            level=effect.level,
            previous_level=effect.previous_level,
            expires_at=effect.expires_at,
            service=effect.service,
            at=turn.at,
        )
    )


def _complaint(turn: Turn, effect: ComplaintMoved, outputs: list[OutputRecord]) -> None:
    feedback_id = derive_id(
        "feedback", turn.account_id, turn.event_id, effect.complaint_id, effect.state
    )
    outputs.append(
        ComplaintFeedback(
            **common(turn),
            feedback_id=feedback_id,
            complaint_id=effect.complaint_id,
            state=effect.state,
            reason=effect.reason.en,
            merged_into=effect.merged_into,
            due_at=effect.due_at,
            language=effect.language,
            at=turn.at,
            message=_told(turn, effect),
            outcome=effect.outcome,
            evidence_due_at=effect.evidence_due_at,
        )
    )


_DECIDED = (CaseOutcome.UPHELD, CaseOutcome.DISMISSED, CaseOutcome.NOT_ACCEPTED)


def _told(turn: Turn, effect: ComplaintMoved) -> str:
    """What the complainant reads; with the decision, where the pack has statements, the redress."""
    language = code_of(effect.language or turn.pack.language)
    told = cases.in_language(language, effect.reason)
    statements = turn.pack.statements
    decided = effect.state is ComplaintState.FEEDBACK and effect.outcome in _DECIDED
    if statements is None or not decided:
        return told
    return told + means_and_redress(language, statements, decided=not effect.by_person)


def _case(turn: Turn, effect: CaseTold, outputs: list[OutputRecord]) -> None:
    case_id = effect.complaint_id or effect.appeal_id
    words = cases.put(effect.kind, turn.language, effect.said)
    outputs.append(
        Notice(
            **common(turn),
            notice_id=derive_id("notice", turn.account_id, turn.event_id, effect.kind, case_id),
            kind=effect.kind,
            measure_id=effect.measure_id,
            language=words.language,
            title=words.title,
            body=words.body + _redress(turn, effect, words.language),
            rule_id="",
            article="",
            deadline=effect.until,
            at=turn.at,
            complaint_id=effect.complaint_id or None,
            appeal_id=effect.appeal_id or None,
            outcome=effect.outcome,
        )
    )


def _redress(turn: Turn, effect: CaseTold, language: str) -> str:
    """Where else one may turn to against the decision of an appeal (DSA Art. 20(5))."""
    if effect.kind is not NoticeKind.APPEAL_DECIDED:
        return ""
    measure = ladder.find(turn.account, effect.measure_id)
    pack = turn.examiner.policy.pack_of(measure.rule) if measure else turn.pack
    return means_and_redress(language, pack.statements) if pack.statements else ""


def _escalation(
    turn: Turn, effect: EscalationOpened | EscalationClosed, outputs: list[OutputRecord]
) -> None:
    opened = type(effect) is EscalationOpened
    outputs.append(
        Escalation(
            **common(turn),
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


def _image_asked(turn: Turn, effect: ImageAsked, outputs: list[OutputRecord]) -> None:
    outputs.append(
        ImageRequest(
            **common(turn),
            request_id=derive_id("image", turn.account_id, turn.event_id, effect.field),
            field=effect.field,
            value=effect.value,
            at=turn.at,
        )
    )


def _audited(turn: Turn, effect: Audited, outputs: list[OutputRecord]) -> None:
    audit_id = derive_id("audit", turn.account_id, turn.event_id, effect.kind)
    case = None
    if effect.outcome:
        case = Case(effect.measure_id or None, effect.appeal_id, effect.outcome)
    kind, subject, actor = effect.kind, effect.subject_id, effect.actor
    told, gone = effect.summary, effect.erased
    record(turn, audit_id, kind, subject, told, actor, outputs, case=case, erased=gone)


_WRITERS: dict[type, Callable[[Turn, Any, list[OutputRecord]], None]] = {
    VerdictGiven: _verdict,
    CreditChanged: _credit,
    MeasureBegun: disposing.begun,
    MeasureExtended: disposing.extended,
    MeasureLifted: disposing.lifted,
    ReportTakenBack: disposing.report_taken_back,
    CorrectionReminded: disposing.reminded,
    ComplaintMoved: _complaint,
    CaseTold: _case,
    EscalationOpened: _escalation,
    EscalationClosed: _escalation,
    ImageAsked: _image_asked,
    Audited: _audited,
}
