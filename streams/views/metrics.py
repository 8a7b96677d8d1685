"""Prometheus metrics of the views. No label carries an account or a person."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram

from streams.metrics import SECONDS, create_registry
from streams.views.documents import Status
from streams.views.reader import Work


class ViewMetrics:
    """All metrics of one feeder, in one registry."""

    def __init__(self) -> None:
        self.registry = registry = create_registry()
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

        self._work = Gauge(
            "zhengming_views_work",
            "What waits for a person, by queue.",
            ["queue"],
            registry=registry,
        )
        self._overdue = Gauge(
            "zhengming_views_work_overdue",
            "What of it is past its due time.",
            ["queue"],
            registry=registry,
        )
        self._accounts = Gauge(
            "zhengming_views_accounts",
            "Accounts by credit level.",
            ["level"],
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

    def waits(self, work: Mapping[str, Work], levels: Mapping[str, int]) -> None:
        """Show what the views say of people's work and of the accounts."""
        for queue, waiting in work.items():
            self._work.labels(queue).set(waiting.open)
            self._overdue.labels(queue).set(waiting.overdue)
        for level, accounts in levels.items():
            self._accounts.labels(level).set(accounts)

    def waiting(self) -> None:
        """Show that nothing is fed; what was last known is whoever feeds to say."""
        self._feeding.set(0)
        for gauge in (self._unread, self._behind):
            gauge.set(0)
        for labelled in (self._work, self._overdue, self._accounts):
            labelled.clear()
