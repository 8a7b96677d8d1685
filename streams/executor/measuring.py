"""Prometheus metrics of the executor. No label carries an account or a person."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from schemas.records import OutcomeStatus
from streams.metrics import SECONDS, create_registry


class ExecutorMetrics:
    """All metrics of one executor, in one registry."""

    def __init__(self) -> None:
        self.registry = registry = create_registry()
        self._attempts = Counter(
            "zhengming_executor_attempts",
            "Attempts to deliver a disposal, by how they ended.",
            ["status"],
            registry=registry,
        )
        for status in OutcomeStatus:
            self._attempts.labels(status)
        self._seconds = Histogram(
            "zhengming_executor_attempt_seconds",
            "Time until the platform answered an attempt, or did not.",
            buckets=SECONDS,
            registry=registry,
        )
        self._waiting = Gauge(
            "zhengming_executor_waiting", "Disposals not delivered yet.", registry=registry
        )
        self._oldest = Gauge(
            "zhengming_executor_oldest_seconds",
            "Age of the oldest of them; 0 when none waits.",
            registry=registry,
        )

    def attempted(self, status: str, seconds: float) -> None:
        """Count an attempt."""
        self._attempts.labels(status).inc()
        self._seconds.observe(seconds)

    def waiting(self, count: int, oldest_s: float) -> None:
        """Show what waits, and for how long the oldest has."""
        self._waiting.set(count)
        self._oldest.set(oldest_s)
