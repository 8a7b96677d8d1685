"""What a worker answers over HTTP: metrics, health, readiness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from streams.app import ZhengmingApp
from streams.health import Health, liveness, readiness


def add_pages(app: ZhengmingApp, notes: Callable[[], tuple[str, ...]] = tuple) -> None:
    """Add ``/metrics``, ``/health`` (is it stuck?) and ``/ready`` (does it serve?).

    ``notes`` is what ``/health`` says besides.
    """
    tasks = app.tasks

    async def metrics(web: Any, _request: Any) -> Any:
        body = generate_latest(tasks.metrics.registry)
        return web.bytes(body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def health(web: Any, _request: Any) -> Any:
        return _answer(web, liveness(tasks.tasks.values(), notes()))

    async def ready(web: Any, _request: Any) -> Any:
        verdict = readiness(tasks.tasks.values(), app.assigned_once, tasks.allowed.is_set())
        return _answer(web, verdict)

    for path, page in (("/metrics", metrics), ("/health", health), ("/ready", ready)):
        app.page(path)(page)


def _answer(web: Any, health: Health) -> Any:
    body = {"ok": health.ok, "problems": list(health.problems), "notes": list(health.notes)}
    return web.json(body, status=200 if health.ok else 503)
