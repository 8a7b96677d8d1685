"""Prometheus metrics of the gateway. Paths by their pattern: no label carries an account."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from fastapi.routing import APIRoute
from prometheus_client import Counter, Histogram

from streams.metrics import SECONDS, create_registry

UNFORESEEN = 500


class GatewayMetrics:
    """All metrics of one gateway process, in one registry."""

    def __init__(self) -> None:
        self.registry = registry = create_registry()
        self._requests = Counter(
            "zhengming_gateway_requests",
            "Requests by operation and status.",
            ["path", "method", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "zhengming_gateway_request_seconds",
            "Time to the head of the answer.",
            ["path"],
            buckets=SECONDS,
            registry=registry,
        )

    def expect(self, routes: Iterable[Any]) -> None:
        """Show the answers that the operations may give before any is given."""
        for route in routes:
            if isinstance(route, APIRoute):
                self._seconds.labels(route.path)
                for method in route.methods or ():
                    for status in (*(route.responses or (200,)), UNFORESEEN):
                        self._requests.labels(route.path, method, str(status))

    def answered(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(path, method, str(status)).inc()
        self._seconds.labels(path).observe(seconds)


class Measured:
    """Counts and times every answer of the API."""

    def __init__(self, app: Any, metrics: GatewayMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, answered = time.perf_counter(), False

        def count(status: int) -> None:
            nonlocal answered
            answered = True
            path = getattr(scope.get("route"), "path", "other")
            self._metrics.answered(path, scope["method"], status, time.perf_counter() - began)

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                count(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            if not answered:  # whoever is around us answers it
                count(UNFORESEEN)
            raise
