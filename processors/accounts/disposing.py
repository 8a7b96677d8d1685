"""Records of measures: disposals with their notice, their audit record and their report item.

A disposal says all that Order No. 10 asks to be kept of it (Art. 17). The only value of an account
that any output carries is `rollback_value`: the last compliant one, in which no contact is found.
"""

from __future__ import annotations

from processors.accounts import reports
from processors.accounts.effects import (
    CorrectionReminded,
    Ground,
    MeasureBegun,
    MeasureExtended,
    MeasureLifted,
    MeasureTerms,
    ReportTakenBack,
)
from processors.accounts.ids import derive_id
from processors.accounts.notices import compose, means_and_redress
from processors.accounts.recording import AUTOMATIC, OutputRecord, common, record
from processors.accounts.state import INDEX
from processors.accounts.turn import HOUR, Turn
from processors.policy.model import Message
from schemas.records import (
    AuditKind,
    AuthorityReport,
    Disposal,
    DisposalAction,
    Field,
    Notice,
    NoticeKind,
)


def begun(turn: Turn, effect: MeasureBegun, outputs: list[OutputRecord]) -> None:
    """Records of a measure that begins, with a report item from the pack's step on."""
    rule_id = effect.terms.rule_id
    reported = reports.is_reported(turn, effect.terms.step, rule_id)
    disposal = _dispose(turn, DisposalAction.BEGIN, effect, outputs, reported=reported)
    if disposal.report_id:
        outputs.append(
            AuthorityReport(
                **common(turn, rule_id),
                report_id=disposal.report_id,
                measure_id=disposal.measure_id,
                step=disposal.step,
                rule_id=disposal.rule_id,
                article=disposal.article,
                summary=f"{disposal.step}: {disposal.reason}",
                due_at=turn.at + reports.terms_of(turn, rule_id).hours * HOUR,
                at=turn.at,
            )
        )


def extended(turn: Turn, effect: MeasureExtended, outputs: list[OutputRecord]) -> None:
    """Records of a measure that ends later."""
    _dispose(turn, DisposalAction.EXTEND, effect, outputs)


def lifted(turn: Turn, effect: MeasureLifted, outputs: list[OutputRecord]) -> None:
    """Records of a measure that ends."""
    _dispose(turn, DisposalAction.LIFT, effect, outputs)


def report_taken_back(turn: Turn, effect: ReportTakenBack, outputs: list[OutputRecord]) -> None:
    """The report item that corrects the one on a measure."""
    terms = effect.terms
    outputs.append(
        AuthorityReport(
            **common(turn, terms.rule_id),
            report_id=effect.report_id,
            measure_id=terms.measure_id,
            step=terms.step,
            rule_id=terms.rule_id,
            article=terms.article,
            summary=f"{terms.step} is taken back: an appeal was upheld.",
            due_at=turn.at + reports.terms_of(turn, terms.rule_id).hours * HOUR,
            at=turn.at,
            taken_back=True,
        )
    )


def reminded(turn: Turn, effect: CorrectionReminded, outputs: list[OutputRecord]) -> None:
    """The notice that a correction is due."""
    notice_id = derive_id("notice", turn.account_id, turn.event_id, effect.terms.measure_id)
    kind = NoticeKind.CORRECTION_REMINDER
    _notify(turn, notice_id, kind, effect.terms, None, effect.ground, outputs)


_NOTICES = {
    DisposalAction.BEGIN: NoticeKind.MEASURE_BEGUN,
    DisposalAction.EXTEND: NoticeKind.MEASURE_EXTENDED,
    DisposalAction.LIFT: NoticeKind.MEASURE_LIFTED,
}


def _dispose(
    turn: Turn,
    action: DisposalAction,
    effect: MeasureBegun | MeasureExtended | MeasureLifted,
    outputs: list[OutputRecord],
    *,
    reported: bool = False,
) -> Disposal:
    """A disposal with its notice and its audit record."""
    terms, reviewer = effect.terms, effect.reviewer
    began = effect if isinstance(effect, MeasureBegun) else None
    ended = effect if isinstance(effect, MeasureLifted) else None
    before, after = _hashes(turn, terms.field)
    disposal_id = reports.disposal_id(turn, terms.measure_id, action)
    disposal = Disposal(
        **common(turn, terms.rule_id),
        disposal_id=disposal_id,
        measure_id=terms.measure_id,
        action=action,
        step=terms.step,
        rule_id=terms.rule_id,
        obligation_id=terms.obligation,
        article=terms.article,
        clause=terms.clause,
        fields=(terms.field,) if terms.field else (),
        reason=effect.reason.en,
        automatic=not reviewer,
        reviewers=(reviewer,) if reviewer else (),
        at=turn.at,
        begins_at=terms.begins,
        ends_at=terms.ends,
        deadline=terms.deadline,
        functions=terms.functions,
        evidence=began.evidence if began else (),
        previous_value_hash=before,
        value_hash=after,
        rollback_value=began.rollback if began else None,
        served_ms=max(0, turn.at - terms.begins) if ended else None,
        appeal_id=(ended.appeal_id or None) if ended else None,
        notice_id=derive_id("notice", disposal_id),
        report_id=reports.report_id(turn, terms.measure_id) if reported else None,
        audit_id=derive_id("audit", disposal_id),
    )
    outputs.append(disposal)
    ground = began.ground if began else None
    kind = _NOTICES[action]
    _notify(turn, disposal.notice_id, kind, terms, effect.reason, ground, outputs, disposal)
    summary = (
        f"{action} {terms.step} {terms.measure_id} by rule {terms.rule_id}: {effect.reason.en}"
    )
    actor = reviewer or AUTOMATIC
    audit_id, kept = disposal.audit_id, AuditKind.DISPOSAL
    record(turn, audit_id, kept, disposal_id, summary, actor, outputs, disposal)
    return disposal


def _named(turn: Turn, terms: MeasureTerms, functions: tuple[str, ...]) -> tuple[Message, ...]:
    """Functions as a person reads them: by the names of the pack, where it has some."""
    names = turn.ladder_of(terms.rule_id).function_names
    return tuple([names.get(one) or Message(one, one) for one in functions])


def _hashes(turn: Turn, field: Field | None) -> tuple[str | None, str | None]:
    """Keyed hashes of the value of a field before the event and after it."""
    if field is None:
        return None, None
    index = INDEX[field]
    after = turn.account.values[index]
    before = turn.former[index] if turn.former else after
    hash_of, at = turn.examiner.hash_value, turn.at
    return (None if before == after else hash_of(field, before, at)), hash_of(field, after, at)


def _notify(
    turn: Turn,
    notice_id: str,
    kind: NoticeKind,
    terms: MeasureTerms,
    reason: Message | None,
    ground: Ground | None,
    outputs: list[OutputRecord],
    disposal: Disposal | None = None,
) -> None:
    over = kind is NoticeKind.MEASURE_LIFTED
    appeal_until = None if over else terms.appeal
    found = disposal.evidence if disposal else ()
    functions = _named(turn, terms, disposal.functions) if disposal else ()
    words = compose(kind, turn.language, terms, reason, ground, appeal_until, found, functions)
    outputs.append(
        Notice(
            **common(turn, terms.rule_id),
            notice_id=notice_id,
            kind=kind,
            measure_id=terms.measure_id,
            language=words.language,
            title=words.title,
            body=words.body + _means_and_redress(turn, terms, words.language, disposal),
            rule_id=terms.rule_id,
            article=terms.article,
            clause=terms.clause,
            deadline=terms.deadline,
            appeal_until=appeal_until,
            at=turn.at,
        )
    )


def _means_and_redress(
    turn: Turn, terms: MeasureTerms, language: str, disposal: Disposal | None
) -> str:
    """What a statement of reasons says besides, where the pack has them (DSA Art. 17(3)).

    Whether automated means detected what was found, and apart from it whether they decided; and
    where else one may turn to.
    """
    statements = turn.examiner.policy.pack_of(terms.rule_id).statements
    if statements is None or disposal is None or disposal.action is DisposalAction.LIFT:
        return ""
    detected = turn.examiner.rule(terms.rule_id) is not None
    return means_and_redress(language, statements, detected=detected, decided=disposal.automatic)
