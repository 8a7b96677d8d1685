"""Capacity of review: what waits for persons, counted per partition (Order No. 10, Art. 14).

Where more waits than reviewers can settle in time, or something waits too long, the guard is on: a
change in which a rule found something is held although it would be allowed. So the queue grows, and
what is allowed automatically does not. It goes off when a fifth of the room is free again.

The count is a state of the partition under a key of its own. Whether the guard is on is part of the
policy that a turn is decided under, and so of the hash in its records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from processors.accounts import reviews
from processors.accounts.escalations import open_breach
from processors.accounts.state import ALLOWING, Account
from processors.accounts.turn import DAY, HOUR, Turn
from processors.policy.model import Guard, Judgement, ReviewTerms
from schemas.records import Decision, EscalationKind, Field, RuleMode

KEY = b"\0backlog"
"""Where the count stands among the states; keys of accounts never begin with a zero byte."""

SUBJECT = "capacity"
"""Subject of the alert: what a reviewer names who takes note of it."""

FREE_AGAIN = 0.8
_NO_DEADLINE = bytes(8)  # as in front of the state of an account


class Backlog(Struct, array_like=True):
    """Open escalations by the day (since the epoch) of their opening, and if the guard is on."""

    days: dict[int, int] = {}
    over: bool = False

    @property
    def open(self) -> int:
        """How many wait for a person."""
        return sum(self.days.values())

    def oldest(self, at: int) -> int:
        """How long the oldest has waited at least, in ms; 0 for none."""
        return max(0, at - (min(self.days) + 1) * DAY) if self.days else 0

    def count(self, before: Iterable[int], after: Iterable[int]) -> bool:
        """Take note of what waits with an account now instead of before; whether that differs.

        Each is when something was opened (ms). Records do not tell: one may be opened once more.
        """
        now = Counter(at // DAY for at in after)
        now.subtract(at // DAY for at in before)
        for day, more in now.items():
            left = self.days.get(day, 0) + more
            if left > 0:
                self.days[day] = left
            else:  # less than nothing: opened before anything was counted
                self.days.pop(day, None)
        return any(now.values())

    def exceeds(self, terms: ReviewTerms, at: int) -> bool:
        """Whether the guard is to be on at an event time."""
        share = FREE_AGAIN if self.over else 1.0
        room = terms.capacity_per_day * terms.hold_hours / 24
        crowded = terms.capacity_per_day > 0 and self.open > room * share
        return crowded or 0 < terms.oldest_hours * HOUR < self.oldest(at)


def read(state: bytes | None) -> Backlog:
    """The count in a state that stands under `KEY`."""
    return Backlog() if state is None else _decode(state[8:])


def write(backlog: Backlog) -> bytes:
    """The state of a count."""
    return _NO_DEADLINE + _encode(backlog)


def opened_of(account: Account) -> Iterator[int]:
    """When each escalation of an account was opened that a person has not settled (ms)."""
    for pending in account.pending:
        if reviews.shown(pending):
            yield pending.opened
    for ticket in account.open_tickets():
        if not (ticket.asks or ticket.evidence_due):
            yield ticket.at
    for appeal in account.appeals:
        yield appeal.at
    for breach in account.breaches:
        yield breach.opened


def count_again(accounts: Iterable[Account], over: bool) -> Backlog:
    """The count of what waits with these accounts, as it is anew after they were moved."""
    backlog = Backlog(over=over)
    for account in accounts:
        backlog.count((), opened_of(account))
    return backlog


def guard(turn: Turn, judgement: Judgement, fields: Collection[Field]) -> Judgement:
    """What is asked of a change while the guard is on: none is allowed in which a rule hit.

    A rule on trial has no consequence, and a correction that a measure waits for is not held back.
    """
    in_force = any(finding.mode is RuleMode.ENFORCE for finding in judgement.findings)
    if judgement.decision not in ALLOWING or not in_force:
        return judgement
    awaited = {m.field for m in turn.account.live_measures() if m.deadline}
    if fields and awaited.issuperset(fields):
        return judgement
    why = "More waits for review than can be settled in time; what a rule found is held (CAC-14-1)."
    return replace(judgement, decision=Decision.HOLD, reason=why, marks=())


def alert(turn: Turn) -> None:
    """Tell a person, once, that the guard went on, where it did with this turn."""
    if turn.pack.guard is Guard.BEGINS:
        reason = "More waits for review than can be settled in time: doubtful changes are held."
        open_breach(turn, SUBJECT, reason, kind=EscalationKind.CAPACITY)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Backlog).decode
