"""Prometheus metrics of the image worker. No label carries an account or a person."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram

from streams.metrics import SECONDS, create_registry


class Outcome(StrEnum):
    """What became of a request. The facts in its answer say why."""

    CHECKED = "checked"
    NOT_CHECKED = "not_checked"
    NOT_FETCHED = "not_fetched"


class ImageMetrics:
    """All metrics of one image worker, in one registry."""

    def __init__(self) -> None:
        self.registry = registry = create_registry()
        self._requests = Counter(
            "zhengming_images_requests",
            "Requests answered, by what became of the image.",
            ["outcome"],
            registry=registry,
        )
        for outcome in Outcome:
            self._requests.labels(outcome)
        self.seconds = Histogram(
            "zhengming_images_seconds",
            "Time to fetch one image and look into it.",
            buckets=(*SECONDS, 30.0, 60.0),
            registry=registry,
        )
        self.unread = Gauge(
            "zhengming_images_unread_requests", "Requests not yet read.", registry=registry
        )

    def answered(self, outcome: Outcome) -> None:
        """Count an answer that is in Kafka."""
        self._requests.labels(outcome).inc()
