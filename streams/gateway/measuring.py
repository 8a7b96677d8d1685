"""Prometheus metrics of the gateway. Paths by their pattern: no label carries an account."""

from __future__ import annotations

import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram

from streams.metrics import SECONDS


class GatewayMetrics:
    """All metrics of one gateway process, in one registry."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
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
        began = time.perf_counter()

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                route = scope.get("route")
                path = getattr(route, "path", "other")
                spent = time.perf_counter() - began
                self._metrics.answered(path, scope["method"], message["status"], spent)
            await send(message)

        await self._app(scope, receive, noted)
