"""What a measure that is taken back has led to: later ones that counted it are lowered (Art. 17).

A new breach of the same cause goes one step up. Where an earlier measure was wrong, the later one
stands a step too high, though its own breach was real.
"""

from __future__ import annotations

from processors.accounts import ladder, reasons
from processors.accounts.effects import ground_of
from processors.accounts.state import STEP_RANK, Measure
from processors.accounts.turn import DAY, Turn
from processors.policy.model import Rule
from schemas.records import MeasureStep

HIGHEST = STEP_RANK[MeasureStep.SUSPEND]
"""Repetition alone does not close an account: severity, an expired suspension or a person does."""

_STEPS = tuple(MeasureStep)
_WARNED = STEP_RANK[MeasureStep.WARN]
_RESTRICTED = STEP_RANK[MeasureStep.RESTRICT]


def rank_of(own: int, before: int) -> int:
    """Rank at which a breach enters the ladder: a rule's ``own``, or one above what was before."""
    return own if before < 0 else max(own, min(before + 1, HIGHEST))


def own_rank(rule: Rule) -> int:
    """Rank of the step at which a rule enters the ladder by itself."""
    return STEP_RANK[rule.measure or MeasureStep.CORRECT]


def lower(
    turn: Turn, back: Measure, reviewer: str, appeal_id: str, *, owed: bool
) -> tuple[list[Measure], str]:
    """Lower the later automatic measures of a cause that counted ``back``, which was overturned.

    ``owed`` says that what was lifted with it carried the duty to correct, for later ones too.
    Returns what was lifted for it, and what was done, in words. A measure that has ended already
    counts from now on as the step that it should have been; one that a person ordered stays.
    """
    rule = turn.examiner.rule(back.rule)
    lifted: list[Measure] = []
    if rule is None:
        return lifted, ""
    said = ""
    for first in list(turn.account.measures):
        if first.id != first.root or first.overturned or first.reviewer or not _alike(first, back):
            continue
        due = rank_of(own_rank(rule), _before(turn, first))
        if due < ladder.rank_of(first) and (taken := _lower_to(turn, first, due, rule)) is not None:
            for measure in taken:
                ladder.lift(turn, measure, reasons.LOWERED, reviewer, appeal_id)
            lifted += taken
            said += f"; {first.step} {first.id} counts as {_STEPS[due]}"
            owed = owed or any(measure.deadline for measure in taken)
            if owed and first in taken and due > _WARNED:  # what was said once is not said again
                _begin(turn, first, due, rule)
    return lifted, said


def go_on(turn: Turn, first: Measure) -> bool:
    """Take up a lowered measure again that a closure had replaced; whether that was done here."""
    rule = turn.examiner.rule(first.rule)
    if rule is None:
        return False
    due = first.counts
    if due == _RESTRICTED and _left(first, rule, turn) <= 0:
        return False
    # Where an older one carried the duty for it, that may have been taken back since.
    if not any(other.deadline for other in ladder.of_cause(turn.account, first.rule, first.field)):
        _begin(turn, first, due, rule)
    return True


def _alike(one: Measure, other: Measure) -> bool:
    return one.rule == other.rule and one.field == other.field


def _before(turn: Turn, first: Measure) -> int:
    """Rank of the gravest measure of the cause that was live or recent when ``first`` began."""
    measures = turn.account.measures
    horizon = first.begins - turn.ladder_of(first.rule).appeal_days * DAY
    ranks = [
        ladder.rank_of(measure)
        for measure in measures[: measures.index(first)]
        if _alike(measure, first)
        and not measure.overturned
        and (not measure.ended or measure.ended >= horizon)
    ]
    return max(ranks, default=-1)


def _lower_to(turn: Turn, first: Measure, due: int, rule: Rule) -> list[Measure] | None:
    """What of a breach is to be lifted where it should have entered at ``due``; None for no change.

    What followed because it was not corrected stands, unless nothing would have been asked for.
    """
    whole = [measure for measure in turn.account.measures if measure.root == first.root]
    concerned = whole if due == _WARNED else [first]
    if due == _RESTRICTED and not first.ended and _left(first, rule, turn) <= 0:
        return None  # not corrected within the restriction, it would be suspended by now, too
    for measure in concerned:
        measure.counts = due
    return [measure for measure in concerned if not measure.ended]


def _begin(turn: Turn, first: Measure, due: int, rule: Rule) -> None:
    """Put the milder step in force until it is corrected. Time served counts."""
    ends = turn.at + _left(first, rule, turn) if due == _RESTRICTED else 0
    ladder.begin(
        turn,
        ground_of(rule),
        _STEPS[due],
        first.field,
        reasons.LOWERED,
        ends=ends,
        deadline=ends or turn.at + turn.ladder_of(rule.id).correct_days * DAY,
        root=first.root,
        entry=first.entry,
    )


def _left(first: Measure, rule: Rule, turn: Turn) -> int:
    """What is left of a restriction that would have begun with ``first``, in ms."""
    served = (first.ended or turn.at) - first.begins
    return turn.ladder_of(rule.id).restrict_days * DAY - served
