"""A small web server with ``/metrics``, ``/health`` and ``/ready``, for processes without Faust."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from streams.errors import ConfigurationError
from streams.health import Health
from streams.metrics import show_ready
from streams.settings import Settings

Probe = Callable[[], Health]


@contextmanager
def probes(
    settings: Settings, registry: CollectorRegistry, health: Probe, ready: Probe
) -> Iterator[None]:
    """Serve the probes on ``web_host``:``web_port`` while inside. Raises `ConfigurationError`."""
    show_ready(registry, lambda: ready().ok)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif self.path in ("/health", "/ready"):
                told = health() if self.path == "/health" else ready()
                body = json.dumps({"ok": told.ok, "problems": told.problems}).encode()
                self._answer(200 if told.ok else 503, "application/json", body)
            else:
                self._answer(404, "text/plain", b"there are /metrics, /health and /ready\n")

        def _answer(self, code: int, kind: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Probes are not worth a line."""

    try:
        server = ThreadingHTTPServer((settings.web_host, settings.web_port), Handler)
    except OSError as error:
        raise ConfigurationError(
            f"cannot serve on {settings.web_host}:{settings.web_port} ({error.strerror}): "
            "set ZHENGMING_WEB_PORT to a free port"
        ) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.2,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
