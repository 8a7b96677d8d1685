"""An account whose closure a person takes back goes on where it was (Order No. 10, Art. 17)."""

from __future__ import annotations

from collections.abc import Iterable

from processors.accounts import closing, credit, ladder, reasons, repetition, values
from processors.accounts.grounds import CREDIT, IDENTITY
from processors.accounts.state import STEP_RANK, Measure, Status
from processors.accounts.turn import Turn
from schemas.records import MeasureStep

_NOT_REPLACED = (MeasureStep.WARN, *ladder.ENDING)
_WARNED = STEP_RANK[MeasureStep.WARN]


def reopen(turn: Turn, lifted: Iterable[Measure]) -> None:
    """Undo the closures among measures that a person has lifted.

    A closure ends whatever else was in force. That is taken up again with the time it had left,
    unless it has lost its cause; and what the account shows is verified anew.
    """
    closing.reopen(turn)
    closures = [measure for measure in lifted if measure.step is MeasureStep.CLOSE]
    if not closures or turn.account.status is not Status.OPEN:
        return
    hit = {(proposal.rule.id, proposal.field) for proposal in turn.judge_current().proposals}
    for closure in closures:
        for measure in list(turn.account.measures):
            if _was_replaced(measure, closure) and _has_its_cause(turn, measure, hit):
                _take_up(turn, measure)
    values.verify_current(turn)
    credit.go_on(turn)  # last: what is found may move the credit, and one level is held, once


def _was_replaced(measure: Measure, closure: Measure) -> bool:
    """Whether a closure has ended a measure of another breach."""
    return (
        measure.ended == closure.begins
        and measure.root != closure.root
        and measure.step not in _NOT_REPLACED
        and not measure.overturned
    )


def _has_its_cause(turn: Turn, measure: Measure, hit: set[values.Cause]) -> bool:
    """Whether what a measure was begun for is still so; of the level of credit `credit` knows."""
    if ladder.ordered_by(turn.account, measure):
        return True
    if measure.rule == IDENTITY.rule_id:
        return not values.identity_verified(turn.account)
    if measure.field is not None:
        return (measure.rule, measure.field) in hit
    return measure.rule != CREDIT.rule_id


def _take_up(turn: Turn, measure: Measure) -> None:
    if measure.counts == _WARNED:  # it asks for nothing: the value may stay
        values.set_cause_aside(turn.account, measure)
        return
    if measure.counts >= 0 and repetition.go_on(turn, measure):
        return
    again = ladder.begin(
        turn,
        ladder.ground_of(turn, measure),
        measure.step,
        measure.field,
        reasons.TAKEN_UP,
        ends=_later(turn, measure, measure.ends),
        deadline=_later(turn, measure, measure.deadline),
        root=measure.root,
        entry=measure.entry,
        reviewer=measure.reviewer,
    )
    again.confirmed = list(measure.confirmed)


def _later(turn: Turn, measure: Measure, at: int) -> int:
    """A time of a measure that has ended, as far from now as it was from its end; 0 for none."""
    return turn.at + at - measure.ended if at else 0
