"""Prometheus metrics of a source, and whether it is well. No label carries an account or a person.

Counters of changes and messages move when Kafka has taken them, not before.
"""

from __future__ import annotations

import time

from prometheus_client import Counter, Gauge

from streams.health import STALL_S, Health
from streams.metrics import create_registry
from streams.sources.item import FAULTS, Rejected, Skipped

NEVER = "nothing was read yet"


class SourceMetrics:
    """All metrics of one source, in one registry."""

    def __init__(self) -> None:
        self.registry = registry = create_registry()
        self.messages = Counter(
            "zhengming_source_messages",
            "Messages read, whose changes Kafka has taken.",
            registry=registry,
        )
        self.changes = Counter(
            "zhengming_source_changes",
            "Account changes published, that Kafka has taken.",
            registry=registry,
        )
        self._skipped = Counter(
            "zhengming_source_skipped",
            "What changes no account, by reason.",
            ["reason"],
            registry=registry,
        )
        self._rejected = Counter(
            "zhengming_source_rejected",
            "What should have been a change and cannot be read, by reason.",
            ["reason"],
            registry=registry,
        )
        for reason in FAULTS:
            self._rejected.labels(reason)
        self.expired = Counter(
            "zhengming_expired_records",
            "Messages that retention deleted before they were read.",
            ["topic"],
            registry=registry,
        )
        self.connected = Gauge(
            "zhengming_source_connected",
            "1 while it is connected to what it reads.",
            registry=registry,
        )
        self.reconnections = Counter(
            "zhengming_source_reconnections",
            "Connections to a public stream that ended and were made again.",
            registry=registry,
        )
        self.behind = Gauge(
            "zhengming_source_behind_seconds",
            "Age of the last message at its reading; 0 when there is nothing more to read.",
            registry=registry,
        )
        self.last_event = Gauge(
            "zhengming_source_last_event_timestamp_seconds",
            "Time of the last message that was read, since unix epoch.",
            registry=registry,
        )
        self.unread = Gauge(
            "zhengming_source_unread_messages",
            "Messages of its Kafka topics not read yet; 0 for a public stream.",
            registry=registry,
        )

    def left_out(self, item: Skipped | Rejected) -> None:
        """Count what becomes no change."""
        counter = self._rejected if isinstance(item, Rejected) else self._skipped
        counter.labels(item.reason).inc()


class Watch:
    """How a source goes: what the probes answer, and the metrics that say the same."""

    def __init__(self) -> None:
        self.metrics = SourceMetrics()
        self._turned = time.monotonic()
        self._apart = NEVER

    def turned(self) -> None:
        """Note a turn of the loop: what was read is in Kafka, and the position is kept."""
        self._turned = time.monotonic()

    def read(self, at_ms: int | None) -> None:
        """Note that a message came, with its own time where that is known."""
        self.joined()
        if at_ms is not None:
            self.metrics.last_event.set(at_ms / 1e3)
            self.metrics.behind.set(max(0.0, time.time() - at_ms / 1e3))

    def caught_up(self) -> None:
        """Note that nothing waits to be read."""
        self.metrics.behind.set(0)

    def joined(self) -> None:
        """Note that it is connected."""
        self._apart = ""
        self.metrics.connected.set(1)

    def parted(self, why: str) -> None:
        """Note that it is not connected, or no more."""
        self._apart = why
        self.metrics.connected.set(0)

    def lost(self, why: str) -> None:
        """Note that the connection to a public stream has ended, and is made again."""
        self.metrics.reconnections.inc()
        self.parted(why)

    def liveness(self) -> Health:
        """Whether it turns. One whose stream is away does: it tries to connect again."""
        still = time.monotonic() - self._turned
        stuck = still > STALL_S
        return Health(not stuck, (f"stands still for {still:.0f} s",) if stuck else ())

    def readiness(self) -> Health:
        """Whether it is connected to what it reads, and turns."""
        apart = (f"not connected: {self._apart}",) if self._apart else ()
        problems = (*self.liveness().problems, *apart)
        return Health(not problems, problems)
