"""Measures: how they begin, are extended, and end (Order No. 10, Art. 15 and 17).

The *cause* of a measure is a rule and a field. At any time at most one measure of a cause carries
a live deadline for correction.
"""

from __future__ import annotations

from processors.accounts import reports
from processors.accounts.effects import (
    Ground,
    MeasureBegun,
    MeasureExtended,
    MeasureLifted,
    MeasureTerms,
)
from processors.accounts.escalations import close_breach
from processors.accounts.grounds import BUILT_IN, CREDIT, RULING
from processors.accounts.ids import derive_id, digest
from processors.accounts.ledger import score_of
from processors.accounts.reasons import replaced_by, served
from processors.accounts.rollback import evidence_of, keep_compliant, last_compliant
from processors.accounts.state import STEP_RANK, Account, Measure
from processors.accounts.turn import DAY, Turn
from processors.policy.model import Message
from schemas.records import Field, MeasureStep

ENDING = (MeasureStep.CLOSE, MeasureStep.BAR)
"""Steps that end an account."""

KEPT_ENDED = 16
"""Ended measures that an account keeps, for repetition and appeals, beside those from which a live
one followed; older ones are forgotten."""


def terms_of(turn: Turn, measure: Measure) -> MeasureTerms:
    """A measure as it stands now."""
    return MeasureTerms(
        measure_id=measure.id,
        step=measure.step,
        rule_id=measure.rule,
        obligation=measure.obligation,
        article=measure.article,
        field=measure.field,
        begins=measure.begins,
        ends=measure.ended or measure.ends or None,
        deadline=None if measure.ended else measure.deadline or None,
        appeal=appeal_until(turn, measure),
        clause=measure.clause,
        functions=functions_of(turn, measure),
    )


def functions_of(turn: Turn, measure: Measure) -> tuple[str, ...]:
    """What a measure restricts, as it was begun: whoever lifts it must know, whatever the pack."""
    known = measure.functions
    return functions_now(turn, measure.rule, measure.step) if known is None else known


def functions_now(turn: Turn, rule_id: str, step: MeasureStep) -> tuple[str, ...]:
    """What a step would restrict by the pack, or the credit level that holds it."""
    restricted = turn.ladder_of(rule_id).functions.get(step, ())
    if rule_id != CREDIT.rule_id:
        return restricted
    terms = turn.pack.credit
    now = turn.examiner.level(score_of(turn.account, terms))
    levels = [level for level in (now, *terms.levels) if level.measure is step]
    return levels[0].functions or restricted if levels else restricted


def appeal_until(turn: Turn, measure: Measure) -> int:
    """Until when one may appeal, as was told with the measure, whatever the pack says later (ms).

    It counts from when the measure was begun or last extended (DSA Art. 20).
    """
    return measure.appeal or _appeal_from(turn, measure.rule, measure.extended or measure.begins)


def _appeal_from(turn: Turn, rule_id: str, at: int) -> int:
    return at + turn.ladder_of(rule_id).appeal_days * DAY


def ground_of(turn: Turn, measure: Measure) -> Ground:
    """What a measure was begun for, in the words of today."""
    ground = turn.examiner.ground(measure.rule, BUILT_IN.get(measure.rule, RULING))
    return ground._replace(
        rule_id=measure.rule,
        obligation=measure.obligation,
        article=measure.article,
        severity=measure.severity,
        clause=measure.clause,
    )


def begin(
    turn: Turn,
    ground: Ground,
    step: MeasureStep,
    field: Field | None,
    reason: Message,
    *,
    ends: int = 0,
    deadline: int = 0,
    root: str = "",
    entry: str = "",
    reviewer: str = "",
) -> Measure:
    """Put a measure in force. A deadline takes over from that of any other of the same cause."""
    if own := getattr(turn.pack.grounds, ground.rule_id, None):
        ground = ground._replace(obligation=own.obligation, article=own.article, clause=own.clause)
    rollback = None if step in ENDING else last_compliant(turn, field)
    if deadline:
        _take_over_deadline(turn, ground.rule_id, field, step)
    measure_id = _new_id(turn, ground.rule_id, step, field)
    share = turn.ladder_of(ground.rule_id).reminder_share
    reminds = deadline and step is MeasureStep.CORRECT and 0 < share < 1
    measure = Measure(
        id=measure_id,
        root=root or measure_id,
        step=step,
        rule=ground.rule_id,
        obligation=ground.obligation,
        article=ground.article,
        severity=ground.severity,
        field=field,
        begins=turn.at,
        ends=ends,
        deadline=deadline,
        reminder=turn.at + int((deadline - turn.at) * share) if reminds else 0,
        entry=entry,
        reviewer=reviewer,
        clause=ground.clause,
        rollback=rollback,
        appeal=_appeal_from(turn, ground.rule_id, turn.at),
        functions=functions_now(turn, ground.rule_id, step),
    )
    evidence = evidence_of(turn, ground.rule_id, field)
    if step is MeasureStep.WARN:  # a warning is said once and has no length
        measure.ended = turn.at
        measure.rollback = None
        measure.value = digest(turn.account.value(field) or "") if field else b""
    reports.await_delivery(turn, measure_id, step, ground.rule_id)
    turn.account.measures.append(measure)
    turn.effects.append(
        MeasureBegun(terms_of(turn, measure), ground, reason, reviewer, evidence, rollback)
    )
    _forget_old(turn)
    return measure


def lift(
    turn: Turn, measure: Measure, reason: Message, reviewer: str = "", appeal_id: str = ""
) -> None:
    """End a measure that is in force, saying for how long it was where that matters."""
    measure.ended = turn.at
    close_breach(turn, measure.id, reason.en)
    keep_compliant(turn, measure)
    if STEP_RANK[measure.step] >= STEP_RANK[MeasureStep.RESTRICT]:
        time = served(turn.at - measure.begins)
        reason = Message(zh=reason.zh + time.zh, en=f"{reason.en} {time.en}")
    turn.claims_changed |= measure.step is MeasureStep.BAR
    turn.effects.append(MeasureLifted(terms_of(turn, measure), reason, reviewer, appeal_id))
    measure.functions = ()
    _forget_old(turn)


def extend(turn: Turn, measure: Measure, ends: int, reason: Message, reviewer: str) -> None:
    """Let a measure that is in force end later; ``ends`` 0 for no end."""
    until = appeal_until(turn, measure)
    measure.ends = ends
    measure.extended = turn.at
    measure.appeal = max(until, _appeal_from(turn, measure.rule, turn.at))
    turn.claims_changed |= measure.step is MeasureStep.BAR
    if reviewer and reviewer not in measure.confirmed:
        measure.confirmed.append(reviewer)
    turn.effects.append(MeasureExtended(terms_of(turn, measure), reason, reviewer))


def ends_later(ends: int, than: int) -> bool:
    """Whether a time of end lies after another, where 0 is no end."""
    return than != 0 and (ends == 0 or ends > than)


def of_cause(account: Account, rule_id: str, field: Field | None) -> list[Measure]:
    """Live measures of a cause, the mildest first."""
    if not account.measures:
        return []
    found = [
        measure
        for measure in account.measures
        if not measure.ended and measure.rule == rule_id and measure.field == field
    ]
    return sorted(found, key=lambda measure: STEP_RANK[measure.step])


def lift_cause(turn: Turn, rule_id: str, reason: Message) -> None:
    """End what stands for a duty that is met now. A closure is not undone by meeting it late."""
    for measure in of_cause(turn.account, rule_id, None):
        if STEP_RANK[measure.step] < STEP_RANK[MeasureStep.CLOSE]:
            lift(turn, measure, reason)


def recent_rank(turn: Turn, rule_id: str, field: Field | None) -> int:
    """Rank of the gravest measure of a cause that is live or recent, -1 for none.

    Recent is what ended within the appeal window and was not overturned.
    """
    horizon = turn.at - turn.ladder_of(rule_id).appeal_days * DAY
    ranks = [
        rank_of(measure)
        for measure in turn.account.measures
        if measure.rule == rule_id
        and measure.field == field
        and not measure.overturned
        and (not measure.ended or measure.ended >= horizon)
    ]
    return max(ranks, default=-1)


def rank_of(measure: Measure) -> int:
    """Rank as which a measure counts for repetition: its step, or what that should have been."""
    return STEP_RANK[measure.step] if measure.counts < 0 else measure.counts


def ordered_by(account: Account, measure: Measure) -> str:
    """Who ordered a measure, or the one from which it followed; empty where no person did."""
    if measure.reviewer or measure.root == measure.id:
        return measure.reviewer
    root = find(account, measure.root)
    return root.reviewer if root else ""


def find(account: Account, measure_id: str) -> Measure | None:
    """A measure that the account keeps, live or ended."""
    return next((measure for measure in account.measures if measure.id == measure_id), None)


def _new_id(turn: Turn, rule_id: str, step: MeasureStep, field: Field | None) -> str:
    """Id of a measure, of its own also where a turn has begun the same, as for another level."""
    measure_id = derive_id("measure", turn.account_id, turn.event_id, rule_id, step, field or "")
    while find(turn.account, measure_id):
        measure_id = derive_id("measure", measure_id)
    return measure_id


def _take_over_deadline(turn: Turn, rule_id: str, field: Field | None, step: MeasureStep) -> None:
    for other in of_cause(turn.account, rule_id, field):
        if other.deadline or step is MeasureStep.SUSPEND:
            lift(turn, other, replaced_by(step))


def _forget_old(turn: Turn) -> None:
    measures = turn.account.measures
    roots = {measure.root for measure in measures if not measure.ended}
    ended = [measure for measure in measures if measure.ended and measure.id not in roots]
    for measure in ended[: max(0, len(ended) - KEPT_ENDED)]:
        measures.remove(measure)
