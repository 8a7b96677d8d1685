"""What decides when: the policy in force at every moment of event time.

A control value is immutable and taken whole: every transaction is processed under one. Each record
put out carries the hash of the policy that decided, so that a replay knows it for every turn.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from processors.policy import Policy

ALWAYS = (-(1 << 62), 1 << 62)
"""Before and after every event time (ms)."""


class Span(NamedTuple):
    """A policy, and the event times in [since, until) at which it is in force."""

    since: int
    until: int
    policy: Policy


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
