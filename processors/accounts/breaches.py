"""What a live breach leads to: a step of the ladder, credit, or a person (Art. 17).

A proposal that asks for a person is never acted upon automatically. For every field the most severe
proposal counts; of all measures that one event begins, the most severe rule is charged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from msgspec.structs import replace

from processors.accounts import closing, credit, ladder, repetition
from processors.accounts.brakes import Cause
from processors.accounts.effects import Ground, ground_of
from processors.accounts.ids import digest
from processors.accounts.reasons import found
from processors.accounts.reviews import HOLDING
from processors.accounts.state import STEP_RANK, Account, Measure, Status
from processors.accounts.turn import DAY, Turn
from processors.policy.model import Message, Proposal, Rule
from schemas.records import Decision, Field, MeasureStep

_STEPS = tuple(MeasureStep)


class Answer(NamedTuple):
    """Measures in force for a breach, new ones or there before, and what asks for a person."""

    measures: list[Measure]
    reviews: list[Proposal]


def unapproved(account: Account, proposals: Iterable[Proposal]) -> list[Proposal]:
    """Proposals that no person has set aside for the current values."""
    if not account.approvals:
        return list(proposals)
    aside = {
        (approval.field, rule)
        for approval in account.approvals
        for rule in approval.rules
        if not approval.value
    }
    return [p for p in proposals if (p.field, p.rule.id) not in aside]


def unsaid(account: Account, proposals: Iterable[Proposal]) -> list[Proposal]:
    """Proposals that no person has set aside, but for fields whose most severe rule has warned.

    A warning is said once of a value, whoever looks again; a complaint alone takes the next step.
    """
    left = unapproved(account, proposals)
    gravest = {proposal.field: proposal for proposal in reversed(left)}
    warned = {field for field, proposal in gravest.items() if _was_warned_of(account, proposal)}
    return [proposal for proposal in left if proposal.field not in warned]


def _was_warned_of(account: Account, proposal: Proposal) -> bool:
    cause = proposal.rule.id, proposal.field
    of_cause = [m for m in account.measures if (m.rule, m.field) == cause]
    if not of_cause or of_cause[-1].step is not MeasureStep.WARN:
        return False
    value = digest(account.value(proposal.field) or "")
    return of_cause[-1].value in (b"", value)  # an earlier build does not say of which


def answer(turn: Turn, proposals: Iterable[Proposal], fresh: Collection[Field] = ()) -> Answer:
    """Act on what was found in live values. Fields in ``fresh`` have just taken a new value."""
    result = Answer([], [])
    charged: tuple[Rule, Measure] | None = None
    met: set[Field] = set()
    for proposal in proposals:
        field, rule = proposal.field, proposal.rule
        if field in met or turn.account.status is Status.CLOSED:
            continue
        met.add(field)
        if proposal.finding.decision in HOLDING:
            # What a person has found in breach, and was not changed since, needs no second look.
            known = [] if field in fresh else ladder.of_cause(turn.account, rule.id, field)
            if known:
                result.measures.append(known[-1])
            else:
                result.reviews.append(proposal)
            continue
        measure, begun = enter(turn, rule, field, proposal.finding.why, fresh=field in fresh)
        if measure is None:
            result.reviews.append(_for_a_person(proposal))
            continue
        result.measures.append(measure)
        if begun and rule.points and charged is None:
            charged = rule, measure
    if charged:
        rule, measure = charged
        set_entry(turn, measure, credit.charge(turn, rule, f"Measure {measure.step} was begun."))
    return result


def set_entry(turn: Turn, measure: Measure, entry: str) -> None:
    """Tie a measure, and what began together with it, to its entry in the ledger."""
    for other in turn.account.measures:
        if other.root == measure.root:
            other.entry = entry


def enter(
    turn: Turn, rule: Rule, field: Field, reason: str, *, fresh: bool
) -> tuple[Measure | None, bool]:
    """Step on to the ladder for a breach of ``rule`` in a live value.

    Returns the measure that answers the breach and whether it was begun now. The same value found
    again meets the measure it is already under. A new breach while a measure of the same cause is
    live or recent goes one step up. Where the step's quota is used up there is no measure.
    """
    account = turn.account
    live = ladder.of_cause(account, rule.id, field)
    if live and not fresh:
        return live[-1], False
    before = ladder.recent_rank(turn, rule.id, field)
    rank = repetition.rank_of(repetition.own_rank(rule), before)
    standing = next((m for m in reversed(live) if STEP_RANK[m.step] >= rank), None)
    standing = standing or _ordered_by_person(account, field, rank)
    if standing:
        return standing, False
    step = _STEPS[rank]
    if not within_quota(turn, rule.id, step, field):
        return None, False
    return begin_step(turn, ground_of(rule), step, field, found(reason)), True


def within_quota(turn: Turn, rule_id: str, step: MeasureStep, field: Field | None) -> bool:
    """Whether a measure may begin by itself; where it may, it is counted and must begin."""
    brakes = turn.examiner.brakes
    return brakes is None or brakes.allows(turn, Cause(rule_id, step, field))


def _for_a_person(proposal: Proposal) -> Proposal:
    """The same, asking for a person: what is over the quota is held, not dropped."""
    why = f"{proposal.finding.why} The quota of automatic measures is used up."
    return proposal._replace(finding=replace(proposal.finding, decision=Decision.HOLD, why=why))


def begin_step(
    turn: Turn,
    ground: Ground,
    step: MeasureStep,
    field: Field | None,
    reason: Message,
    *,
    root: str = "",
    entry: str = "",
) -> Measure:
    """Begin a step automatically, with the pack's lengths and the duty to correct a field."""
    terms = turn.ladder_of(ground.rule_id)
    if step in (MeasureStep.CLOSE, MeasureStep.BAR):
        return closing.close(turn, ground, field, reason, root=root, entry=entry)
    ends = deadline = 0
    if step is MeasureStep.CORRECT:
        deadline = turn.at + terms.correct_days * DAY
    elif step is MeasureStep.SUSPEND:
        deadline = turn.at + terms.suspend_days * DAY
    elif step is MeasureStep.RESTRICT:
        ends = turn.at + terms.restrict_days * DAY
        # One live deadline a cause: an earlier duty to correct goes on, else it ends with this.
        owed = any(m.deadline for m in ladder.of_cause(turn.account, ground.rule_id, field))
        deadline = 0 if owed or field is None else ends
    return ladder.begin(
        turn, ground, step, field, reason, ends=ends, deadline=deadline, root=root, entry=entry
    )


def _ordered_by_person(account: Account, field: Field, rank: int) -> Measure | None:
    """A deadline that a person has set for a field stands in for an automatic one."""
    for measure in account.live_measures():
        if (
            measure.reviewer
            and measure.field is field
            and measure.deadline
            and STEP_RANK[measure.step] >= rank
        ):
            return measure
    return None
