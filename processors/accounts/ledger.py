"""The credit ledger of an account (Order No. 10, Art. 18): score == fold(ledger), always."""

from __future__ import annotations

from processors.accounts.effects import CreditChanged
from processors.accounts.ids import derive_id
from processors.accounts.state import Account, Entry
from processors.accounts.turn import DAY, Turn
from processors.policy.model import CreditTerms, Level
from schemas.records import CreditAction

MAX_SCORE = 1000
MAX_ENTRIES = 64
"""Live entries that an account keeps. Beyond it the oldest that no measure rests on is carried over
into the new one, so that the score stays the sum of what is listed."""


def score_of(account: Account, terms: CreditTerms) -> int:
    """Score of an account, 0 to 1000: the base and all live entries."""
    if not account.ledger:
        return terms.base
    total = terms.base + sum(entry.points for entry in account.ledger)
    return min(MAX_SCORE, max(0, total))


def entry_id(account_id: str, event_id: str, rule_id: str) -> str:
    """Id of what an event entered for a rule."""
    return derive_id("credit", account_id, event_id, rule_id)


def add(turn: Turn, rule_id: str, points: int, days: int | None, reason: str) -> Entry:
    """Enter points, which count for ``days`` or for good."""
    ledger = turn.account.ledger
    if len(ledger) >= MAX_ENTRIES:
        resting = {measure.entry for measure in turn.account.measures}
        oldest = next((entry for entry in ledger if entry.id not in resting), ledger[0])
        points += oldest.points
        remove(turn, oldest, CreditAction.EXPIRED, "Carried over into a newer entry.")
    entry = Entry(
        id=entry_id(turn.account_id, turn.event_id, rule_id),
        rule=rule_id,
        points=points,
        expires=0 if days is None else turn.at + days * DAY,
    )
    before = score_of(turn.account, turn.pack.credit)
    ledger.append(entry)
    _await_repair(turn)
    _changed(turn, entry, CreditAction.ADDED, reason, before)
    return entry


def remove(turn: Turn, entry: Entry, action: CreditAction, reason: str) -> None:
    """Take an entry out of the ledger: it expired or was reversed."""
    before = score_of(turn.account, turn.pack.credit)
    turn.account.ledger.remove(entry)
    if not any(other.points < 0 for other in turn.account.ledger):
        turn.account.repair_due = 0
    _changed(turn, entry, action, reason, before)


def repair(turn: Turn) -> None:
    """Time has passed without a new entry: the oldest that lowers the score weighs less, or ends.

    The score stays the sum of what is listed.
    """
    terms = turn.pack.credit
    if not terms.repair_days:  # no longer a term of the pack
        turn.account.repair_due = 0
        return
    entry = next(entry for entry in turn.account.ledger if entry.points < 0)
    before = score_of(turn.account, terms)
    entry.points = min(0, entry.points + terms.repair_points)
    if not entry.points:
        turn.account.ledger.remove(entry)
    _await_repair(turn)
    reason = f"{terms.repair_days} days passed without a new entry."
    _changed(turn, entry, CreditAction.REPAIRED, reason, before)


def find(account: Account, entry_id: str) -> Entry | None:
    """A live entry of the ledger."""
    return next((entry for entry in account.ledger if entry.id == entry_id), None)


def _await_repair(turn: Turn) -> None:
    """Clean time begins anew; it counts for as long as an entry lowers the score."""
    account, days = turn.account, turn.pack.credit.repair_days
    lowered = days and any(entry.points < 0 for entry in account.ledger)
    account.repair_due = turn.at + days * DAY if lowered else 0


def service_of(level: Level) -> str:
    """What a level means for the account, in one sentence; empty where it restricts nothing."""
    parts = []
    if level.review:
        parts.append(f"every change is reviewed ({level.review})")
    if level.rename_days:
        parts.append(f"names rest for {level.rename_days} days between two changes")
    if level.measure:
        parts.append(f"the measure {level.measure} is in force")
    if level.functions:
        parts.append(f"these functions are restricted: {', '.join(level.functions)}")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _changed(turn: Turn, entry: Entry, action: CreditAction, reason: str, before: int) -> None:
    level_of = turn.examiner.level
    score = score_of(turn.account, turn.pack.credit)
    level = level_of(score)
    turn.effects.append(
        CreditChanged(
            entry_id=entry.id,
            action=action,
            rule_id=entry.rule,
            reason=reason,
            points=entry.points,
            score=score,
            level=level.name,
            previous_level=level_of(before).name,
            expires_at=entry.expires or None,
            service=service_of(level),
        )
    )
