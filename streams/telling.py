"""Outputs in words, one line each, for people at a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from schemas.records import (
    AuditRecord,
    AuthorityReport,
    ComplaintFeedback,
    CreditAction,
    CreditChange,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationStatus,
    ImageRequest,
    Notice,
    Verdict,
)

STYLES = {
    Decision.ALLOW: "green",
    Decision.ALLOW_LABELLED: "green",
    Decision.NEED_MATERIAL: "yellow",
    Decision.HOLD: "yellow",
    Decision.STRICT_HOLD: "magenta",
    Decision.REFUSE: "red",
}


class Told(NamedTuple):
    """What an output says: what happened, why, which rules, and a style for the first."""

    what: str
    why: str
    rules: str = ""
    style: str = ""


def tell(record: Any) -> Told:
    """Put an output into words."""
    return _TELLERS[type(record)](record)


def _verdict(r: Verdict) -> Told:
    rules = dict.fromkeys(f"{f.rule_id} ({f.obligation_id})" for f in r.findings)
    again = f", revision {r.revision}" if r.revision > 1 else ""
    marks = dict.fromkeys(mark.zh for mark in r.marks)
    why = f"{r.reason} Shown: {', '.join(marks)}." if marks else r.reason
    return Told(f"{r.decision}{again}", why, ", ".join(rules), STYLES[r.decision])


def _disposal(r: Disposal) -> Told:
    verb = {
        DisposalAction.BEGIN: "begins",
        DisposalAction.EXTEND: "is extended",
        DisposalAction.LIFT: "is lifted",
    }[r.action]
    style = "green" if r.action is DisposalAction.LIFT else "red"
    where = f" ({', '.join(r.fields).lower()})" if r.fields else ""
    why = r.reason
    if r.rollback_value:
        why += f" Offered to be restored: {r.rollback_value!r}."
    return Told(f"measure {r.step}{where} {verb}", why, r.rule_id, style)


def _escalation(r: Escalation) -> Told:
    opened = r.status is EscalationStatus.OPENED
    what = f"{r.kind} for a person, priority {r.priority}" if opened else f"{r.kind} is settled"
    return Told(what, r.reason, ", ".join(r.rule_ids), "yellow" if opened else "")


def _credit(r: CreditChange) -> Told:
    moved = f"{r.previous_level} → {r.level}" if r.previous_level != r.level else r.level
    entry = f"{r.points:+d}" if r.action is CreditAction.ADDED else f"entry {r.action.lower()}"
    if r.action is CreditAction.REPAIRED:
        entry = f"entry repaired, {r.points} left"
    why = f"{r.reason} {r.service}" if r.service and r.previous_level != r.level else r.reason
    return Told(f"credit {entry}: {r.score}, level {moved}", why, r.rule_id)


_TELLERS: dict[type, Callable[[Any], Told]] = {
    Verdict: _verdict,
    Disposal: _disposal,
    Escalation: _escalation,
    CreditChange: _credit,
    ComplaintFeedback: lambda r: Told(f"complaint {r.complaint_id}: {r.state}", r.reason),
    Notice: lambda r: Told(f"notice {r.kind}", f"{r.title}: {r.body}" if r.outcome else r.title),
    AuthorityReport: lambda r: Told(f"report to the authorities: {r.step}", r.summary, r.rule_id),
    ImageRequest: lambda r: Told(f"look into the image of the {r.field.lower()}", "", ""),
    AuditRecord: lambda r: Told(f"audit record of {r.actor}", r.summary),
}
