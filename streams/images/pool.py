"""A bounded pool of processes that look into images.

Decoders of images are attacked by images: what takes too long, or takes its process with it, is
given up, and its neighbours are looked into again.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import OrderedDict
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from hashlib import sha256

from schemas.records import ImageFacts
from streams.images.look import look_into

SECONDS = 20.0
"""Longest time one image may take; the first one of a process loads the libraries as well."""

CACHED = 10_000
"""Images whose facts are remembered by their bytes: many accounts have the same avatar."""

_BROKEN = "Looking into the image made the decoder fail."
_SLOW = "Looking into the image took too long."


class LookPool:
    """Looks into images in ``processes`` processes. `look` may be called from several threads."""

    def __init__(self, processes: int, seconds: float = SECONDS) -> None:
        self._processes = processes
        self._seconds = seconds
        self._lock = threading.Lock()
        self._alone = threading.Lock()
        self._pool = self._start(processes)
        self._known: OrderedDict[bytes, ImageFacts] = OrderedDict()

    def look(self, body: bytes) -> ImageFacts:
        """What an image holds; never raises for any bytes."""
        key = sha256(body).digest()
        with self._lock:
            pool, known = self._pool, self._known.get(key)
        if known is not None:
            return known
        try:
            facts = pool.submit(look_into, body).result(self._seconds)
        except (BrokenProcessPool, TimeoutError):
            self._replace(pool)
            facts = self._look_alone(body)
        with self._lock:
            self._known[key] = facts
            if len(self._known) > CACHED:
                self._known.popitem(last=False)
        return facts

    def close(self) -> None:
        """Stop the processes."""
        _end(self._pool)

    def _look_alone(self, body: bytes) -> ImageFacts:
        """Try once more where nothing else can be harmed, and blame this image if that fails."""
        with self._alone:
            pool = self._start(1)
            try:
                return pool.submit(look_into, body).result(self._seconds)
            except TimeoutError:
                return ImageFacts(checked=False, detail=_SLOW)
            except BrokenProcessPool:
                return ImageFacts(checked=False, detail=_BROKEN)
            finally:
                _end(pool)

    def _replace(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = self._start(self._processes)
        _kill(pool)  # and no more: what waits in it hears that it is broken, and looks again

    @staticmethod
    def _start(processes: int) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(processes, mp_context=spawn, initializer=_begin)


def _begin() -> None:
    """In a process of the pool: leave Ctrl-C to the worker, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(0)


def _kill(pool: ProcessPoolExecutor) -> None:
    """Kill the processes of a pool, whatever they are doing: it is broken then."""
    for process in list((pool._processes or {}).values()):
        process.kill()


def _end(pool: ProcessPoolExecutor) -> None:
    """Stop a pool now; nobody waits in it."""
    _kill(pool)
    pool.shutdown(wait=False, cancel_futures=True)
