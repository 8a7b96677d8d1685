"""A small web server with ``/metrics``, ``/health`` and ``/ready``, for processes without Faust."""

from __future__ import annotations

import errno
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from streams.errors import ConfigurationError
from streams.health import Health
from streams.metrics import show_ready
from streams.settings import Settings, variable_of

Probe = Callable[[], Health]
Server = Literal["web", "gateway"]
"""What serves, by the beginning of its settings' names."""


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
        raise _cannot_serve(settings, "web", error) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.2,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def require_free(settings: Settings, server: Server) -> None:
    """Look whether a server that others start can have its port. Raises `ConfigurationError`."""
    host, port = _place(settings, server)
    try:
        for family, kind, *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:  # IPv4 has a socket of its own
                    tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                tried.bind(address)
                tried.listen()
    except OSError as error:
        if error.errno != errno.EAFNOSUPPORT:  # a kernel without IPv6: nobody binds it there
            raise _cannot_serve(settings, server, error) from error


def _place(settings: Settings, server: Server) -> tuple[str, int]:
    return getattr(settings, f"{server}_host"), getattr(settings, f"{server}_port")


def _cannot_serve(settings: Settings, server: Server, error: OSError) -> ConfigurationError:
    host, port = _place(settings, server)
    return ConfigurationError(
        f"cannot serve on {host}:{port} ({error.strerror}): "
        f"set {variable_of(f'{server}_port')} to a free port"
    )
