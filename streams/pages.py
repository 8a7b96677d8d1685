"""What a worker answers over HTTP: metrics, health, readiness."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from aiokafka import TopicPartition
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from streams.app import ZhengmingApp
from streams.health import Health, away, liveness, longest_wait, most_overdue, readiness
from streams.metrics import show_ready
from streams.task import PartitionTask


def add_pages(app: ZhengmingApp, notes: Callable[[], tuple[str, ...]] = tuple) -> None:
    """Add ``/metrics``, ``/health`` (is it stuck?) and ``/ready`` (does it serve?).

    ``notes`` is what ``/health`` says besides.
    """
    tasks = app.tasks
    shown = tasks.metrics

    def silence(task: PartitionTask) -> float:
        """Seconds since Kafka last answered about each input; while work waits it is not asked."""
        if task.waiting_since is not None:
            return 0.0
        thread = app.consumer._thread
        sources = [TopicPartition(topic, task.partition) for topic in app.input_names]
        oldest = min(thread.answered(tp) or 0 for tp in sources)
        return max(0, time.time_ns() // 1_000_000 - max(oldest, tasks.settled_at)) / 1e3

    def serving() -> int:
        return sum(task.ready and not away(silence(task)) for task in tasks.tasks.values())

    shown.partitions_ready.set_function(serving)
    shown.waiting.set_function(lambda: longest_wait(tasks.tasks.values()))
    shown.overdue.set_function(
        lambda: most_overdue(tasks.tasks.values(), time.time_ns() // 1_000_000)
    )

    def serves() -> Health:
        return readiness(tasks.tasks.values(), app.assigned_once, tasks.allowed.is_set(), silence)

    show_ready(shown.registry, lambda: serves().ok)

    async def metrics(web: Any, _request: Any) -> Any:
        body = generate_latest(shown.registry)
        return web.bytes(body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def health(web: Any, _request: Any) -> Any:
        return _answer(web, liveness(tasks.tasks.values(), notes()))

    async def ready(web: Any, _request: Any) -> Any:
        return _answer(web, serves())

    for path, page in (("/metrics", metrics), ("/health", health), ("/ready", ready)):
        app.page(path)(page)


def _answer(web: Any, health: Health) -> Any:
    body = {"ok": health.ok, "problems": list(health.problems), "notes": list(health.notes)}
    return web.json(body, status=200 if health.ok else 503)
