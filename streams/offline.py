"""The pure domain over inputs from anywhere, without a broker: what `check` and `replay` run.

Deadlines of all accounts fire as event time passes them, as on a partition; time ends with the
last input. The registry of keys is at hand: it answers before the next input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from processors import engine
from processors.policy import Policy
from schemas.errors import DeadLetterReason
from streams.regions import NO_REGIONS, Regions
from streams.settings import Settings
from streams.work import Deadlines

MAX_DUE = 1_000


class Applied(NamedTuple):
    """What a batch came to. ``rejected`` counts in the batch, ``outputs`` are in order."""

    outputs: list[Any]
    rejected: list[engine.Rejection]


def limits_of(settings: Settings) -> engine.Limits:
    """The limits of inputs under these settings."""
    return engine.Limits(settings.max_field_chars, settings.max_id_chars, settings.max_future_ms)


class Offline:
    """Applies inputs to accounts that begin empty, and keeps their states."""

    def __init__(
        self,
        policy: Policy,
        limits: engine.Limits,
        regions: Regions = NO_REGIONS,
        value_key: bytes | engine.ValueKeys = b"",
    ) -> None:
        self._policy = policy
        self._value_key = value_key
        self._regions = regions
        self._limits = limits
        self._deadlines = Deadlines(engine.next_due)
        self._watermark = 0
        self.states: dict[bytes, bytes | None] = {}
        self.duplicates = 0

    @property
    def accounts(self) -> int:
        """How many accounts there are; a key that begins with a zero is the partition's own."""
        return sum(bool(key[0]) for key in self.states)

    def apply(self, inputs: Sequence[engine.Input]) -> Applied:
        """Apply inputs in order, then fire what fell due. An input that raises is rejected."""
        inputs = [replace(item, record=self._regions.resolve(item.record)) for item in inputs]
        try:
            outcome = engine.run(
                inputs, self.states.get, self._policy, self._limits, self._value_key, alone=True
            )
        except Exception as error:
            if len(inputs) == 1:
                reason = DeadLetterReason.PROCESSING_FAILED
                return Applied([], [engine.Rejection(0, reason, type(error).__name__)])
            return self._apply_one_by_one(inputs)
        outputs = self._take(outcome)
        self._watermark = max(self._watermark, *(item.timestamp for item in inputs))
        while due := self._deadlines.pop_due(self._watermark, self.states.get, MAX_DUE):
            fired = engine.run_due(
                due, self.states.get, self._policy, self._watermark, self._value_key, alone=True
            )
            outputs += self._take(fired)
        return Applied(outputs, outcome.rejected)

    def _apply_one_by_one(self, inputs: Sequence[engine.Input]) -> Applied:
        applied = Applied([], [])
        for index, item in enumerate(inputs):
            outputs, rejected = self.apply([item])
            applied.outputs.extend(outputs)
            applied.rejected.extend(r._replace(index=index) for r in rejected)
        return applied

    def _take(self, outcome: engine.Outcome) -> list[Any]:
        self.states.update(outcome.states)
        self._deadlines.learn(outcome.states.items())
        self.duplicates += outcome.duplicates
        return list(outcome.outputs)
