"""Two brakes on automatic disposal, counted per partition on event time.

*New rules.* A rule that is new and hits too large a share of the changes loses its power: from one
moment of event time on it is reported and has no consequence, and a person is told once. That
moment lies after every event time the partition has seen, so whether a rule had its power when an
account was judged depends on the time of that judgement alone.

*Quotas.* Of each step so many measures begin in a window of time; what goes beyond waits for a
person.

The counters are a state of the partition under a key of their own, written with the states of its
accounts: exactly once, and restored with them. What they decide about an account is in the outputs,
so that a replay of one account alone can repeat it (`RecordedBrakes`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Set
from functools import cached_property
from typing import NamedTuple, Protocol

import msgspec
from msgspec import Struct

from processors.accounts.effects import VerdictGiven
from processors.accounts.escalations import open_breach
from processors.accounts.ids import derive_id
from processors.accounts.turn import HOUR, Turn
from processors.policy import Policy
from schemas.records import EscalationKind, Field, Finding, MeasureStep, RuleMode, RuleOutcome

KEY = b"\0brakes"
"""Where the counters stand among the states; keys of accounts never begin with a zero byte."""

KEPT_WINDOWS = 3
"""Windows of a quota that are remembered. What is later than these begins nothing by itself."""

_NO_DEADLINE = bytes(8)  # as in front of the state of an account
_NONE: Set[str] = frozenset()


class Watch(Struct, array_like=True):
    """What is counted of a rule that came into force at ``since``.

    ``changes`` were judged while it was new, ``hits`` of them hit; ``over`` says that it is new no
    more. ``braked`` is the event time from which it has no power, 0 while it has; ``told`` is the
    account and the event of the change that was too many.
    """

    rule: str
    since: int
    changes: int = 0
    hits: int = 0
    over: bool = False
    braked: int = 0
    told: tuple[str, str] = ("", "")


class Counters(Struct, array_like=True):
    """The state of the brakes of one partition. ``latest`` is the latest event time seen."""

    latest: int = 0
    watches: list[Watch] = []
    quotas: dict[MeasureStep, dict[int, int]] = {}


class Cause(NamedTuple):
    """A measure that is about to begin: its rule, step and field."""

    rule_id: str
    step: MeasureStep
    field: Field | None


class Brakes(Protocol):
    """What an account is judged and disposed of under."""

    def braked_at(self, at: int) -> Set[str]:
        """Rules that have no power at an event time."""

    def allows(self, turn: Turn, cause: Cause) -> bool:
        """Whether a measure may begin by itself; where it may, it is counted."""

    def saw(self, turn: Turn) -> None:
        """Take note of a turn that is complete."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Counters).decode


def decode_counters(state: bytes) -> Counters:
    """The counters in a state that stands under `KEY`."""
    return _decode(state[8:])


def gather(partitions: Collection[Counters]) -> Counters:
    """The counters of a partition to which accounts of all these are moved.

    What was counted about a rule is added up. It errs on the side of caution: a rule that has lost
    its power in one has it in none, and of a quota as much is used as where most is.
    """
    gathered = Counters(latest=max((one.latest for one in partitions), default=0))
    watches: dict[tuple[str, int], Watch] = {}
    for counters in partitions:
        for watch in counters.watches:
            known = watches.setdefault((watch.rule, watch.since), Watch(watch.rule, watch.since))
            known.changes += watch.changes
            known.hits += watch.hits
            known.over |= watch.over
            if watch.braked and not 0 < known.braked <= watch.braked:
                known.braked, known.told = watch.braked, watch.told
        for step, windows in counters.quotas.items():
            kept = gathered.quotas.setdefault(step, {})
            for window, used in windows.items():
                kept[window] = max(used, kept.get(window, 0))
    gathered.watches = list(watches.values())
    return gathered


def encode_counters(counters: Counters) -> bytes:
    """The state that stands under `KEY`."""
    return _NO_DEADLINE + _encode(counters)


class Counted:
    """The counters of a partition in a batch, read when they are first asked for."""

    def __init__(self, read: Callable[[bytes], bytes | None]) -> None:
        self.changed = False
        self._read = read

    @cached_property
    def counters(self) -> Counters:
        """The counters, to be changed in place."""
        state = self._read(KEY)
        return Counters() if state is None else decode_counters(state)

    def state(self) -> bytes | None:
        """The new state, None where nothing has changed."""
        return encode_counters(self.counters) if self.changed else None


class LiveBrakes:
    """The brakes of a partition at work, as one policy has them."""

    def __init__(self, policy: Policy, counted: Counted) -> None:
        self._terms = policy.pack.brakes
        self._new = self._terms.new_hours * HOUR
        self._counted = counted
        self._counters = counted.counters
        self._watches = [self._watch(rule, since) for rule, since in policy.watched]
        self._braked = [watch for watch in self._watches if watch.braked]

    def braked_at(self, at: int) -> Set[str]:
        """Rules that have no power at an event time."""
        return {w.rule for w in self._braked if at >= w.braked} if self._braked else _NONE

    def allows(self, turn: Turn, cause: Cause) -> bool:
        """Whether the quota of the step has room; then it is one less."""
        quota = self._terms.quotas.get(cause.step)
        if quota is None:
            return True
        windows = self._counters.quotas.setdefault(cause.step, {})
        window = window_of(turn.at, self._terms.quota_hours)
        newest = max(windows, default=window)
        used = windows.get(window, 0)
        if used >= quota or window <= newest - KEPT_WINDOWS:
            return False
        windows[window] = used + 1
        for old in [w for w in windows if w <= max(newest, window) - KEPT_WINDOWS]:
            del windows[old]
        self._counted.changed = True
        return True

    def saw(self, turn: Turn) -> None:
        """Count a change, or an account in a sweep; brake a rule that hits too many of them."""
        if all(watch.over for watch in self._watches):
            return
        counters = self._counters
        late = turn.at < counters.latest
        counted = turn.found
        if counted is None:
            counted = next(
                (
                    effect.findings
                    for effect in turn.effects
                    if type(effect) is VerdictGiven and effect.revision == 1
                ),
                None,
            )
        for watch in self._watches:
            if watch.over:
                continue
            self._counted.changed = True
            counters.latest = max(counters.latest, turn.at)
            if turn.at >= watch.since + self._new:
                watch.over = True
            elif counted is not None and turn.at >= watch.since:
                watch.changes += 1
                watch.hits += any(has_hit(finding, watch.rule) for finding in counted)
                if not (late or watch.braked) and self._too_many(watch):
                    self._brake(turn, watch)

    def _too_many(self, watch: Watch) -> bool:
        terms = self._terms
        return watch.changes >= terms.least_changes and watch.hits > terms.share * watch.changes

    def _brake(self, turn: Turn, watch: Watch) -> None:
        watch.braked = self._counters.latest + 1
        watch.told = (turn.account_id, turn.event_id)
        self._braked.append(watch)
        tell_of_brake(turn, watch)

    def _watch(self, rule: str, since: int) -> Watch:
        for watch in self._counters.watches:
            if (watch.rule, watch.since) == (rule, since):
                return watch
        watch = Watch(rule, since)
        self._counters.watches = [*self._counters.watches, watch]  # an old one explains old turns
        return watch


class RecordedBrakes:
    """The brakes as a run had them: repeats for an account what was decided about it.

    ``watches`` are those of the account's partition, ``begun`` the ids of all measures that began.
    The account was judged under ``policy``.
    """

    def __init__(self, policy: Policy, watches: Collection[Watch], begun: Collection[str]) -> None:
        self._terms = policy.pack.brakes
        self._braked = [w for w in watches if w.braked and (w.rule, w.since) in policy.watched]
        self._begun = begun
        self.used: dict[MeasureStep, dict[int, int]] = {}

    def braked_at(self, at: int) -> Set[str]:
        """Rules that had no power at an event time."""
        return {w.rule for w in self._braked if at >= w.braked} if self._braked else _NONE

    def allows(self, turn: Turn, cause: Cause) -> bool:
        """Whether the measure began then."""
        if cause.step not in self._terms.quotas:
            return True
        rule_id, step, field = cause
        name = derive_id("measure", turn.account_id, turn.event_id, rule_id, step, field or "")
        if name not in self._begun:
            return False
        windows = self.used.setdefault(step, {})
        window = window_of(turn.at, self._terms.quota_hours)
        windows[window] = windows.get(window, 0) + 1
        return True

    def saw(self, turn: Turn) -> None:
        """Tell of a brake where it was told."""
        for watch in self._braked:
            if watch.told == (turn.account_id, turn.event_id):
                tell_of_brake(turn, watch)


def window_of(at: int, hours: int) -> int:
    """Number of the window of a quota in which an event time lies."""
    return at // (hours * HOUR)


def has_hit(finding: Finding, rule_id: str) -> bool:
    """Whether a finding counts for a rule that is watched."""
    in_force = finding.mode is RuleMode.ENFORCE or finding.outcome is RuleOutcome.SNOOZED
    return in_force and finding.rule_id == rule_id


def tell_of_brake(turn: Turn, watch: Watch) -> None:
    """Tell a person, once, that a rule has lost its power."""
    reason = (
        f"The new rule {watch.rule} hits too large a share of the changes and has lost its power. "
        "Mend it, or let it come into force anew."
    )
    open_breach(turn, watch.rule, reason, (watch.rule,), kind=EscalationKind.BRAKE)
