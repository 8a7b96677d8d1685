"""What decides when: the policy in force at every moment of event time.

A control value is immutable and taken whole: every transaction is processed under one. Each record
put out carries the hash of the policy that decided, so that a replay knows it for every turn.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple

from msgspec import json
from msgspec.structs import replace

from processors.policy import Policy, compose
from processors.policy.model import Guard, Pack, Pause

ALWAYS = (-(1 << 62), 1 << 62)
"""Before and after every event time (ms)."""


class Span(NamedTuple):
    """A policy, and the event times in [since, until) at which it is in force."""

    since: int
    until: int
    policy: Policy


class Timed(NamedTuple):
    """What a directive brings, and when: event times in [since, until), ms.

    A pause, or a pack that decides beside the others (an overlay).
    """

    since: int
    until: int
    pause: Pause | None = None
    pack: Pack | None = None


class Control:
    """The policies in force, one after the other. ``spans`` meet, and cover all times."""

    __slots__ = ("_begins", "spans")

    def __init__(self, spans: tuple[Span, ...]) -> None:
        self.spans = spans
        self._begins = [span.since for span in spans]

    def at(self, time: int) -> Span:
        """What is in force at an event time (ms)."""
        return self.spans[bisect_right(self._begins, time) - 1]

    @classmethod
    def of(cls, policy: Policy | Control) -> Control:
        """A control value as it is; a policy as one that is always in force."""
        return policy if isinstance(policy, Control) else cls((Span(*ALWAYS, policy),))

    @classmethod
    def under(cls, policy: Policy, orders: Sequence[Timed]) -> Control:
        """A policy, with pauses and overlays at their times.

        Raises `PackError` where an overlay does not go with the packs.
        """
        cuts = {cut for timed in orders for cut in (timed.since, timed.until)}
        edges = [ALWAYS[0], *sorted(cuts), ALWAYS[1]]
        return cls(
            tuple(
                Span(since, until, _amend(policy, [t for t in orders if _holds(t, since)]))
                for since, until in pairwise(edges)
            )
        )


def _holds(timed: Timed, at: int) -> bool:
    return timed.since <= at < timed.until


def _amend(policy: Policy, orders: list[Timed]) -> Policy:
    """A policy with pauses and overlays in force."""
    packs = sorted((t.pack for t in orders if t.pack), key=lambda pack: pack.id)
    if packs:
        policy = Policy(compose([*(policy.pack.parts or (policy.pack,)), *packs]))
    pauses = tuple(sorted((t.pause for t in orders if t.pause), key=lambda pause: pause.id))
    return _otherwise(policy, pauses, pauses=pauses) if pauses else policy


@lru_cache(maxsize=64)
def guarded(policy: Policy, guard: Guard) -> Policy:
    """A policy while the guard over the capacity of review is on."""
    return _otherwise(policy, guard, guard=guard)


def _otherwise(policy: Policy, why: object, **changes: Any) -> Policy:
    """A policy that decides otherwise than its packs do. The hash of each of them says so."""

    def rehashed(pack: Pack) -> Pack:
        return replace(pack, hash=sha256(json.encode([pack.hash, why])).hexdigest())

    parts = tuple(map(rehashed, policy.pack.parts))
    return policy.amended(replace(rehashed(policy.pack), parts=parts, **changes))
