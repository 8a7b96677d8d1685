"""A real HTTP server on loopback that serves what a test gives it, also badly."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Page = dict[str, Any]
"""``body``, ``type``, ``status``, ``location``, ``encoding``, ``length``, ``drip`` in seconds."""


class ImageServer:
    """Pages by path; ``asked`` lists the paths that were asked for."""

    def __init__(
        self, pages: dict[str, Page], certificate: tuple[Path, Path] | None = None
    ) -> None:
        self.pages = pages
        self.asked: list[str] = []
        self.hosts: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        ours = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                ours.asked.append(self.path)
                ours.hosts.append(self.headers["Host"])
                page = ours.pages.get(self.path, {"status": 404, "body": b""})
                body = page.get("body", b"")
                self.send_response(page.get("status", 200))
                self.send_header("Content-Type", page.get("type", "image/png"))
                self.send_header("Content-Length", str(page.get("length", len(body))))
                for name in ("location", "content-encoding"):
                    if name in page:
                        self.send_header(name, page[name])
                self.end_headers()
                for at in range(0, len(body), 1 if "drip" in page else 1 << 16):
                    try:
                        self.wfile.write(body[at : at + (1 if "drip" in page else 1 << 16)])
                        self.wfile.flush()
                    except OSError:
                        return
                    time.sleep(page.get("drip", 0))

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def __enter__(self) -> ImageServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(**pages: Page) -> Iterator[ImageServer]:
    """A server whose pages are named by their paths without the slash."""
    with ImageServer({f"/{name}": page for name, page in pages.items()}) as server:
        yield server
