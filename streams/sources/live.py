"""A public stream as inputs of the demo: from now on, nothing kept."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing, suppress
from functools import partial
from queue import Empty, Full, Queue

from schemas.records import AccountChange
from streams.simulate import Simulated
from streams.sources.web import WebSource, follow

AHEAD = 1_000
"""Changes that wait for the demo, at most."""
LOOK_S = 0.2
END_S = 5.0


class LiveInputs:
    """Iterates over the changes of a public stream until closed. Raises what ends the stream."""

    def __init__(self, source: WebSource) -> None:
        self._source = source
        self._queue: Queue[Simulated] = Queue(AHEAD)
        self._closed = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._stop: Callable[[], object] = self._closed.set

    def __iter__(self) -> Iterator[Simulated]:
        self._thread.start()
        while not self._closed.is_set():
            try:
                yield self._queue.get(timeout=LOOK_S)
            except Empty:
                if self._error is not None:
                    raise self._error from None

    def close(self) -> None:
        """End the iteration and the connection; nothing of it is left."""
        self._closed.set()
        with suppress(RuntimeError):  # it has just ended by itself
            self._stop()
        if self._thread.is_alive():
            self._thread.join(END_S)

    def _read(self) -> None:
        try:
            asyncio.run(self._follow())
        except asyncio.CancelledError:
            pass  # closed
        except Exception as error:
            self._error = error

    async def _follow(self) -> None:
        loop, reading = asyncio.get_running_loop(), asyncio.current_task()
        assert reading is not None
        self._stop = partial(loop.call_soon_threadsafe, reading.cancel)
        if self._closed.is_set():
            return
        async with aclosing(follow(self._source, None)) as received:
            async for items, _position in received:
                for item in items:
                    if isinstance(item, AccountChange):
                        self._put(Simulated("account.changes", item))

    def _put(self, item: Simulated) -> None:
        while not self._closed.is_set():
            with suppress(Full):
                self._queue.put(item, timeout=LOOK_S)
                return
