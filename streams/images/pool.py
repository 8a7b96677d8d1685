"""A bounded pool of processes that look into images.

Decoders of images are attacked by images: what takes too long, or takes its process with it, is
given up. A process looks into one image at a time, so that no other is harmed or blamed.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import threading
from collections import OrderedDict
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from hashlib import sha256
from queue import SimpleQueue

from schemas.records import ImageFacts
from streams.images.look import look_into, tools

SECONDS = 20.0
"""Longest time one image may take."""

START_S = 30.0
"""Longest time a process may take to load the libraries, before its first image."""

TRIES = 2
"""An image whose process ends is given another one: whoever ended it, it may not be the image."""

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
        self._all = [_Process() for _ in range(processes)]
        self._idle: SimpleQueue[_Process] = SimpleQueue()
        for process in self._all:
            self._idle.put(process)
        self._known: OrderedDict[bytes, ImageFacts] = OrderedDict()

    def look(self, body: bytes) -> ImageFacts:
        """What an image holds; never raises for any bytes. Waiting for a process has no limit."""
        key = sha256(body).digest()
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            return known
        process = self._idle.get()
        try:
            facts = process.look(body, self._seconds)
        finally:
            self._idle.put(process)
        with self._lock:
            self._known[key] = facts
            if len(self._known) > CACHED:
                self._known.popitem(last=False)
        return facts

    def longest_s(self, images: int) -> float:
        """The longest time that so many images take which come at once, in seconds."""
        return math.ceil(images / self._processes) * TRIES * (START_S + self._seconds)

    def close(self) -> None:
        """Stop the processes."""
        for process in self._all:
            process.end()


class _Process:
    """One process, and another one when that has ended or does not come to an end."""

    def __init__(self) -> None:
        self._executor = _start()

    def look(self, body: bytes, seconds: float) -> ImageFacts:
        """What an image holds; the time that the process takes to start does not count."""
        for _ in range(TRIES):
            try:
                self._executor.submit(_load).result(START_S)
                return self._executor.submit(look_into, body).result(seconds)
            except TimeoutError:
                self._replace()
                return ImageFacts(checked=False, detail=_SLOW)
            except BrokenProcessPool:
                self._replace()
        return ImageFacts(checked=False, detail=_BROKEN)

    def end(self) -> None:
        """Kill it, whatever it is doing."""
        for process in list((self._executor._processes or {}).values()):
            process.kill()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _replace(self) -> None:
        self.end()
        self._executor = _start()


def _start() -> ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_begin)


def _load() -> None:
    """In a process of the pool: load the libraries, once."""
    tools()


def _begin() -> None:
    """In a process of the pool: leave Ctrl-C to the worker, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(0)
