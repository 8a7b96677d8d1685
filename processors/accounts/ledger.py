"""The credit ledger of an account (Order No. 10, Art. 18): score == fold(ledger), always."""

from __future__ import annotations

from processors.accounts.effects import CreditChanged
from processors.accounts.ids import derive_id
from processors.accounts.state import Account, Entry
from processors.accounts.turn import DAY, Turn
from processors.policy.model import CreditTerms
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


def add(turn: Turn, rule_id: str, points: int, days: int | None, reason: str) -> Entry:
    """Enter points, which count for ``days`` or for good."""
    ledger = turn.account.ledger
    if len(ledger) >= MAX_ENTRIES:
        resting = {measure.entry for measure in turn.account.measures}
        oldest = next((entry for entry in ledger if entry.id not in resting), ledger[0])
        points += oldest.points
        remove(turn, oldest, CreditAction.EXPIRED, "Carried over into a newer entry.")
    entry = Entry(
        id=derive_id("credit", turn.account_id, turn.event_id, rule_id),
        rule=rule_id,
        points=points,
        expires=0 if days is None else turn.at + days * DAY,
    )
    before = score_of(turn.account, turn.pack.credit)
    ledger.append(entry)
    _changed(turn, entry, CreditAction.ADDED, reason, before)
    return entry


def remove(turn: Turn, entry: Entry, action: CreditAction, reason: str) -> None:
    """Take an entry out of the ledger: it expired or was reversed."""
    before = score_of(turn.account, turn.pack.credit)
    turn.account.ledger.remove(entry)
    _changed(turn, entry, action, reason, before)


def find(account: Account, entry_id: str) -> Entry | None:
    """A live entry of the ledger."""
    return next((entry for entry in account.ledger if entry.id == entry_id), None)


def _changed(turn: Turn, entry: Entry, action: CreditAction, reason: str, before: int) -> None:
    level = turn.examiner.level
    score = score_of(turn.account, turn.pack.credit)
    turn.effects.append(
        CreditChanged(
            entry_id=entry.id,
            action=action,
            rule_id=entry.rule,
            reason=reason,
            points=entry.points,
            score=score,
            level=level(score).name,
            previous_level=level(before).name,
            expires_at=entry.expires or None,
        )
    )
