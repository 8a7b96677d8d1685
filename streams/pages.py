"""What a worker answers over HTTP: metrics, health, readiness."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from streams.app import ZhengmingApp
from streams.health import Health, liveness, longest_wait, most_overdue, readiness
from streams.metrics import show_ready


def add_pages(app: ZhengmingApp, notes: Callable[[], tuple[str, ...]] = tuple) -> None:
    """Add ``/metrics``, ``/health`` (is it stuck?) and ``/ready`` (does it serve?).

    ``notes`` is what ``/health`` says besides.
    """
    tasks = app.tasks
    shown = tasks.metrics
    shown.partitions_ready.set_function(lambda: sum(task.ready for task in tasks.tasks.values()))
    shown.waiting.set_function(lambda: longest_wait(tasks.tasks.values()))
    shown.overdue.set_function(
        lambda: most_overdue(tasks.tasks.values(), time.time_ns() // 1_000_000)
    )

    def serves() -> Health:
        return readiness(tasks.tasks.values(), app.assigned_once, tasks.allowed.is_set())

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
