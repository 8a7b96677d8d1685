"""Prometheus metrics of the views. No label carries an account or a person."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.metrics import SECONDS
from streams.views.documents import Status


class ViewMetrics:
    """All metrics of one feeder, in one registry."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._records = Counter(
            "zhengming_views_records", "Records applied to the views.", registry=registry
        )
        self._seconds = Histogram(
            "zhengming_views_batch_seconds",
            "Time to apply one batch to Redis.",
            buckets=SECONDS,
            registry=registry,
        )
        self._unread = Gauge(
            "zhengming_views_unread_records", "Offsets not yet read.", registry=registry
        )
        self._behind = Gauge(
            "zhengming_views_behind_seconds",
            "Age of the last record read, while there are more.",
            registry=registry,
        )
        self._feeding = Gauge(
            "zhengming_views_feeding",
            "1 while this process feeds the views, 0 while it waits.",
            registry=registry,
        )

    def applied(self, records: int, seconds: float) -> None:
        """Count a batch."""
        self._feeding.set(1)
        if records:
            self._records.inc(records)
            self._seconds.observe(seconds)

    def status(self, status: Status) -> None:
        """Show how far it is."""
        self._unread.set(status.unread)
        self._behind.set(status.behind_ms / 1_000)

    def waiting(self) -> None:
        """Show that nothing is fed."""
        self._feeding.set(0)
