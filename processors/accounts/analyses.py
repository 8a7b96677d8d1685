"""Analyses of machines: taken up, and what rests on them judged anew (Order No. 10, Art. 8, 10)."""

from __future__ import annotations

from processors.accounts import analysed, breaches, values
from processors.accounts.effects import Audited
from processors.accounts.state import Status
from processors.accounts.turn import Turn
from processors.accounts.waiting import judge_again
from schemas.records import AuditKind, Field, FieldAnalysis, Phase


def apply_analysis(turn: Turn, analysis: FieldAnalysis) -> None:
    """Take up what was found in a value that is current or waits; anything else is only noted."""
    account, field, value = turn.account, analysis.field, analysis.value
    waiting = [p for p in account.pending if p.values.get(field) == value]
    current = account.status is Status.OPEN and account.value(field) == value
    if not value or not (waiting or current):
        _audit(turn, analysis, "not kept: the value is neither current nor waiting")
        return
    analysed.note(account, analysis)
    _audit(turn, analysis, _said(analysis))
    for pending in waiting:
        if pending in account.pending:
            judge_again(turn, pending)
    if current and not any(p.phase is Phase.APPLIED for p in waiting):
        _judge_live(turn, field, value)


def _judge_live(turn: Turn, field: Field, value: str) -> None:
    judgement = turn.judge_current({field: value})
    answer = breaches.answer(turn, breaches.unsaid(turn.account, judgement.proposals))
    values.review(turn, answer.reviews)


def _said(analysis: FieldAnalysis) -> str:
    """What was taken up, without a word of what was read."""
    parts = []
    if analysis.labels:
        parts.append(f"{len(analysis.labels)} labels")
    if analysis.image is not None and analysis.image.checked:
        parts.append(f"image checked for {', '.join(analysis.image.parts) or 'nothing'}")
    elif analysis.image is not None:
        parts.append("image not checked")
    return "kept: " + ("; ".join(parts) or "nothing was found")


def _audit(turn: Turn, analysis: FieldAnalysis, what: str) -> None:
    summary = f"Analysis of the {analysis.field.lower()}: {what}."
    kind = AuditKind.VERIFICATION
    turn.effects.append(Audited(kind, analysis.event_id, summary, "auto"))
