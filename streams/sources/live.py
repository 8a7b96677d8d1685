"""A public stream as inputs of the demo: from now on, nothing kept."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing
from queue import Empty, Queue

from schemas.records import AccountChange
from streams.simulate import Simulated
from streams.sources.web import WebSource, follow

AHEAD = 1_000
"""Changes that wait for the demo, at most."""
LOOK_S = 0.2


class LiveInputs:
    """Iterates over the changes of a public stream until closed. Raises what ends the stream."""

    def __init__(self, source: WebSource) -> None:
        self._source = source
        self._queue: Queue[Simulated] = Queue(AHEAD)
        self._closed = threading.Event()
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[Simulated]:
        thread = threading.Thread(target=self._read, daemon=True)
        thread.start()
        while not self._closed.is_set():
            try:
                yield self._queue.get(timeout=LOOK_S)
            except Empty:
                if self._error is not None:
                    raise self._error from None

    def close(self) -> None:
        """End the iteration; the connection ends with the next message."""
        self._closed.set()

    def _read(self) -> None:
        try:
            asyncio.run(self._follow())
        except Exception as error:
            self._error = error

    async def _follow(self) -> None:
        async with aclosing(follow(self._source, None)) as received:
            async for items, _position in received:
                for item in items:
                    if isinstance(item, AccountChange):
                        self._queue.put(Simulated("account.changes", item))
                if self._closed.is_set():
                    return
