"""Credit with its consequence: a level may hold a measure while the account is on it (Art. 18)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from processors.accounts import closing, ladder, ledger, reasons
from processors.accounts.grounds import CREDIT
from processors.accounts.ids import digest
from processors.accounts.state import ALLOWING, Account, Entry, Measure, Status
from processors.accounts.turn import Turn
from processors.policy.model import Judgement, Level, Message, Rule
from schemas.records import CreditAction, Field, MeasureStep


def charge(turn: Turn, rule: Rule, reason: str) -> str:
    """Enter the points of a rule. Returns the id of the entry, empty for a rule without points."""
    entry = _charge(turn, rule, reason)
    return entry.id if entry else ""


def charge_refusal(
    turn: Turn,
    rule: Rule,
    reason: str,
    field: Field | None,
    value: str,
    reviewers: Sequence[str] = (),
) -> None:
    """Enter the points of a rule for a value that is refused, by ``reviewers`` or by the rule."""
    entry = _charge(turn, rule, reason)
    if entry:
        entry.reviewers = list(reviewers)
        entry.field, entry.value = field, digest(value)


def _charge(turn: Turn, rule: Rule, reason: str) -> Entry | None:
    if not rule.points:
        return None
    before = _level(turn)
    entry = ledger.add(turn, rule.id, rule.points, rule.points_days, reason)
    _follow(turn, before)
    return entry


def expire(turn: Turn, entry: Entry) -> None:
    """An entry has counted for its time."""
    before = _level(turn)
    ledger.remove(turn, entry, CreditAction.EXPIRED, "The entry has counted for its time.")
    _follow(turn, before)


def repair(turn: Turn, _account: Account) -> None:
    """Clean time has passed."""
    before = _level(turn)
    ledger.repair(turn)
    _follow(turn, before)


def deepen(turn: Turn, judgement: Judgement, fields: Collection[Field]) -> Judgement:
    """What is asked of a change that would be allowed, at the account's credit level.

    A correction that a measure waits for is not held back.
    """
    review = _level(turn).review
    if review is None or judgement.decision not in ALLOWING or not fields:
        return judgement
    awaited = {m.field for m in turn.account.live_measures() if m.deadline}
    if awaited.issuperset(fields):
        return judgement
    why = f"The credit level {_level(turn).name} asks for a review of every change."
    return replace(judgement, decision=review, reason=why, marks=())


def reverse(turn: Turn, entry_id: str, reason: str) -> bool:
    """Take back an entry. Whether it still counted."""
    entry = ledger.find(turn.account, entry_id)
    if entry is None:
        return False
    before = _level(turn)
    ledger.remove(turn, entry, CreditAction.REVERSED, reason)
    _follow(turn, before)
    return True


def unfounded_closure(turn: Turn) -> list[Measure]:
    """The closure for a level of credit, with its bar, where the credit is on a better one now."""
    if turn.account.status is not Status.CLOSED or _level(turn).measure in ladder.ENDING:
        return []
    return [
        measure
        for measure in ladder.of_cause(turn.account, CREDIT.rule_id, None)
        if measure.step in ladder.ENDING
    ]


def hold_level(turn: Turn) -> None:
    """Have the measure of the account's credit level in force, and that of no other level."""
    if turn.account.status is not Status.OPEN:
        return
    lift_others(turn)
    level = _level(turn)
    if level.measure and not ladder.of_cause(turn.account, CREDIT.rule_id, None):
        _begin(turn, level.measure, reasons.credit_fell(level.name))


def lift_others(turn: Turn) -> bool:
    """Lift the measures of levels on which an open account is not; whether there were any.

    So it is where the score has moved, and where a pack draws the levels otherwise than the one
    under which a measure began. Where the two levels differ in the functions alone, that of the
    account's own level begins.
    """
    if turn.account.status is not Status.OPEN:
        return False
    level = _level(turn)
    held = ladder.of_cause(turn.account, CREDIT.rule_id, None)
    others = [measure for measure in held if not _is_of(turn, measure, level)]
    for measure in others:
        ladder.lift(turn, measure, reasons.credit_moved(level.name))
    if level.measure and any(measure.step is level.measure for measure in others):
        _begin(turn, level.measure, reasons.credit_moved(level.name))
    return bool(others)


def _is_of(turn: Turn, measure: Measure, level: Level) -> bool:
    """Whether a measure is that of a level: of its step, and on the same functions."""
    if measure.step is not level.measure:
        return False
    restricted = ladder.functions_now(turn, CREDIT.rule_id, measure.step)
    return set(ladder.functions_of(turn, measure)) == set(restricted)


def go_on(turn: Turn) -> None:
    """Hold the level of an account again that a person has reopened.

    Not one that closes accounts: the person has just said otherwise.
    """
    if _level(turn).measure not in ladder.ENDING:
        hold_level(turn)


def _level(turn: Turn) -> Level:
    return turn.examiner.level(ledger.score_of(turn.account, turn.pack.credit))


def _follow(turn: Turn, before: Level) -> None:
    """Begin a measure with a level that is another one: a person may have lifted that of this."""
    if _level(turn).name != before.name:
        hold_level(turn)
    else:
        lift_others(turn)


def _begin(turn: Turn, step: MeasureStep, reason: Message) -> Measure:
    if step in (MeasureStep.CLOSE, MeasureStep.BAR):
        return closing.close(turn, CREDIT, None, reason)
    # No end and no deadline: credit cannot be corrected, it recovers as entries expire.
    return ladder.begin(turn, CREDIT, step, None, reason)
