"""Prometheus metrics of the executor. No label carries an account or a person."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class ExecutorMetrics:
    """All metrics of one executor, in one registry."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._attempts = Counter(
            "zhengming_executor_attempts",
            "Attempts to deliver a disposal, by how they ended.",
            ["status"],
            registry=registry,
        )
        self._waiting = Gauge(
            "zhengming_executor_waiting", "Disposals not delivered yet.", registry=registry
        )

    def attempted(self, status: str) -> None:
        """Count an attempt."""
        self._attempts.labels(status).inc()

    def waiting(self, count: int) -> None:
        """Show what waits."""
        self._waiting.set(count)
