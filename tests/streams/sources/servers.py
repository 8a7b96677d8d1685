"""Public streams on loopback: they replay messages, drop connections in the middle, and repeat."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.streams.sources.wire import encoded

_quiet = logging.getLogger("tests.jetstream")
_quiet.propagate = False  # a command in this process may have pointed the root's handlers elsewhere


class Jetstream:
    """What was asked of a server, and where it is."""

    def __init__(self) -> None:
        self.cursors: list[int | None] = []
        self.collections: list[str] = []
        self.url = ""


@contextmanager
def jetstream_server(
    events: Sequence[dict[str, Any]], drop_after: int, port: int = 0
) -> Iterator[Jetstream]:
    """Send events from a cursor on; a connection ends without a word after ``drop_after``."""
    seen = Jetstream()

    def handle(connection: ServerConnection) -> None:
        asked = parse_qs(urlsplit(connection.request.path).query)
        cursor = int(asked["cursor"][0]) if "cursor" in asked else None
        seen.cursors.append(cursor)
        seen.collections += asked["wantedCollections"]
        left = [event for event in events if event["time_us"] >= (cursor or 0)]
        with contextlib.suppress(ConnectionClosed, OSError):
            for event in left[:drop_after]:
                connection.send(encoded(event).decode())
            if len(left) > drop_after:
                connection.socket.shutdown(socket.SHUT_RDWR)
            else:
                connection.recv()  # nothing comes; it waits until the reader goes

    with serve(handle, "127.0.0.1", port, logger=_quiet) as server:
        seen.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/subscribe"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield seen


class EventStream:
    """What was asked of a server, and where it is."""

    def __init__(self) -> None:
        self.last_ids: list[str | None] = []
        self.url = ""


def composite_id(number: int) -> str:
    """Ids of Wikimedia's streams are JSON arrays, one entry for each data centre."""
    return json.dumps(
        [
            {"topic": "eqiad.mediawiki.recentchange", "partition": 0, "offset": -1},
            {"topic": "codfw.mediawiki.recentchange", "partition": 0, "timestamp": 10**12 + number},
        ]
    )


@contextmanager
def event_stream_server(
    events: Sequence[dict[str, Any]], drop_after: int, refusals: Sequence[int] = ()
) -> Iterator[EventStream]:
    """Send events from the last id on, that one again; end in the middle of one after so many.

    The first connections are refused with ``refusals``.
    """
    seen, refused, closing = EventStream(), list(refusals), threading.Event()
    places = {composite_id(number): number for number in range(len(events))}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if refused:
                self.send_response(refused.pop(0))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            last = self.headers.get("Last-Event-ID")
            seen.last_ids.append(last)
            first = 0 if last is None else places[last]
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            with contextlib.suppress(OSError):
                for number in range(first, min(first + drop_after, len(events))):
                    self._send(number, encoded(events[number]))
                if first + drop_after < len(events):
                    self._send(first + drop_after, b'{"type": "lo', end=b"")
                else:
                    closing.wait(60)
            self.close_connection = True

        def _send(self, number: int, data: bytes, end: bytes = b"\n\n") -> None:
            frame = f"event: message\nid: {composite_id(number)}\ndata: ".encode() + data + end
            self.wfile.write(f"{len(frame):x}\r\n".encode() + frame + b"\r\n")
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        seen.url = f"http://127.0.0.1:{server.server_address[1]}/v2/stream/recentchange"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield seen
        finally:
            closing.set()
            server.shutdown()
