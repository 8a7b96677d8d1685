"""Report items whose delivery to the authorities is awaited (Order No. 10, Art. 17)."""

from __future__ import annotations

from processors.accounts.effects import MeasureTerms, ReportTakenBack
from processors.accounts.escalations import open_breach
from processors.accounts.ids import derive_id
from processors.accounts.state import STEP_RANK, Report
from processors.accounts.turn import HOUR, Turn
from processors.policy.model import ReportTerms
from schemas.records import DisposalAction, MeasureStep

MAX_AWAITED = 32
"""Reports that an account awaits; a further one makes the oldest a breach before its time."""


def disposal_id(turn: Turn, measure_id: str, action: DisposalAction) -> str:
    """Id of what is done to a measure by this event."""
    return derive_id("disposal", turn.account_id, turn.event_id, measure_id, action)


def report_id(turn: Turn, measure_id: str) -> str:
    """Id of the report item on a measure that begins with this event."""
    return derive_id("report", disposal_id(turn, measure_id, DisposalAction.BEGIN))


def terms_of(turn: Turn, rule_id: str) -> ReportTerms:
    """How measures by a rule are reported: as its own pack says."""
    return turn.examiner.policy.pack_of(rule_id).report


def is_reported(turn: Turn, step: MeasureStep, rule_id: str) -> bool:
    """Whether a step by a rule is reported."""
    return STEP_RANK[step] >= STEP_RANK[terms_of(turn, rule_id).from_step]


def await_delivery(turn: Turn, measure_id: str, step: MeasureStep, rule: str) -> None:
    """Where the pack asks for it, wait for word that the report on a measure was delivered."""
    if is_reported(turn, step, rule):
        _await(turn, report_id(turn, measure_id), rule)


def take_back(turn: Turn, terms: MeasureTerms) -> None:
    """Correct the report on a measure that an upheld appeal has taken back (Art. 17).

    What authorities were told of a person must not stand where it was wrong.
    """
    if is_reported(turn, terms.step, terms.rule_id):
        report = derive_id("report", "taken back", turn.account_id, terms.measure_id)
        turn.effects.append(ReportTakenBack(terms, report))
        _await(turn, report, terms.rule_id)


def _await(turn: Turn, report: str, rule: str) -> None:
    terms = terms_of(turn, rule)
    if not terms.confirm:
        return
    awaited = turn.account.reports
    if len(awaited) >= MAX_AWAITED:
        breach_report(turn, awaited[0])
    awaited.append(Report(report, rule, turn.at + terms.hours * HOUR))


def deliver(turn: Turn, report: str) -> bool:
    """A report was delivered. Whether it was awaited."""
    found = next((item for item in turn.account.reports if item.id == report), None)
    if found is None:
        return False
    turn.account.reports.remove(found)
    return True


def breach_report(turn: Turn, report: Report) -> None:
    """The time to report has passed."""
    turn.account.reports.remove(report)
    reason = "The time to report a disposal to the authorities has passed."
    open_breach(turn, report.id, reason, (report.rule,))
