"""How often a name may change: a rest after each rename, and so many names tried in a day."""

from __future__ import annotations

from msgspec.structs import replace

from processors.accounts.ledger import score_of
from processors.accounts.turn import DAY, Turn
from processors.policy.model import Judgement
from schemas.records import ChangeKind, Decision, Field

_NAME = Field.NAME  # looked up once, as in `changes`


def limit(turn: Turn, kind: ChangeKind, judgement: Judgement) -> Judgement:
    """Count a proposed name, and refuse it where there were too many, or one not long ago.

    Whoever has to correct the name may do so at once.
    """
    terms = turn.pack.names
    tried = _try(turn) if terms.tries_a_day else 0
    if judgement.decision is Decision.REFUSE or _to_be_corrected(turn):
        return judgement
    if tried > terms.tries_a_day:
        return _refused(judgement, f"More than {terms.tries_a_day} names were tried within a day.")
    days = max(terms.cooldown_days, _rest_of_level(turn))
    if not (days and turn.account.renamed and kind is ChangeKind.EDIT):
        return judgement
    if turn.at < turn.account.renamed + days * DAY:
        return _refused(judgement, f"The name was changed less than {days} days ago.")
    return judgement


def _rest_of_level(turn: Turn) -> int:
    """Days between two renames at the account's credit level (Art. 18)."""
    if not turn.account.ledger:
        return 0
    return turn.examiner.level(score_of(turn.account, turn.pack.credit)).rename_days


def _try(turn: Turn) -> int:
    """How many names were tried within the day that began with the first of them."""
    account = turn.account
    if not account.tries or turn.at >= account.tries[0] + DAY:
        account.tries = [turn.at, 0]
    account.tries[1] += 1
    return account.tries[1]


def _to_be_corrected(turn: Turn) -> bool:
    return any(m.field is _NAME and m.deadline for m in turn.account.live_measures())


def _refused(judgement: Judgement, reason: str) -> Judgement:
    return replace(judgement, decision=Decision.REFUSE, reason=reason, marks=(), missing=())
