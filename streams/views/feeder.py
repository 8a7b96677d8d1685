"""The process `zhengming views`: topics in, Redis out, for as long as it runs.

1 take the lease · 2 read the positions; views of another layout, or of topics that were made anew
since, are thrown away · 3 read the topics from there · 4 apply each batch with the offsets it
reaches. Any failure of Redis: back to 1, for whether the last batch was applied is not known; and
where topics are made anew meanwhile. Redis away: it waits and says so; nothing else of the stream
depends on it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import redis

from processors.policy.model import CreditTerms
from streams.health import Health, away
from streams.logs import get_logger
from streams.settings import Settings
from streams.views.documents import Status
from streams.views.metrics import ViewMetrics
from streams.views.reader import ViewReader
from streams.views.reading import Reading
from streams.views.store import LeaseLost, ViewStore, now_ms

RETRY_S = 0.5
STATUS_S = 1.0
RENEW_S = 1.0
STALL_S = 60.0

log = get_logger(__name__)


def first_level(credit: CreditTerms) -> str:
    """The level at which an account begins."""
    return next(level.name for level in credit.levels if credit.base >= level.minimum)


class Feeder:
    """Feeds the views until it is told to stop."""

    def __init__(self, settings: Settings, credit: CreditTerms) -> None:
        self.stopping = threading.Event()
        self.metrics = ViewMetrics()
        self._settings = settings
        self._store = ViewStore(settings, first_level(credit))
        self._reader = ViewReader(settings, credit)
        self._waits = "it has just begun"
        self._progress = time.monotonic()
        self._told = 0.0
        self._silent_s = 0.0

    def run(self) -> None:
        """Feed until stopped. Raises `BrokerUnreachable`, `ConfigurationError`."""
        reading = Reading(self._settings)
        try:
            while not self.stopping.is_set():
                try:
                    self._hold(reading)
                except redis.RedisError as error:
                    self._wait(f"Redis is away ({type(error).__name__})")
                except LeaseLost as error:
                    self._wait(str(error))
        finally:
            reading.close()
            self._reader.close()
            self._store.close()

    def _hold(self, reading: Reading) -> None:
        """Feed for as long as the lease is held and the topics are the same.

        Raises `LeaseLost`, `redis.RedisError`.
        """
        if not self._store.take_lease():
            raise LeaseLost("another process feeds the views")
        topics, positions = reading.topics(), self._store.positions()
        if not self._store.are_of(topics):
            if positions:
                log.warning("the topics, or the layout, are not what the views are of: made anew")
            self._store.clear(topics)
            positions = {}
        log.info("feeding the views", partitions=len(positions))
        reading.start(positions)
        renewed = 0.0
        while not self.stopping.is_set() and not reading.made_anew():
            batch = reading.read()
            now, self._silent_s = time.monotonic(), reading.silent_s
            status = reading.status() if now - self._told > STATUS_S else None
            if batch or status is not None or now - renewed > RENEW_S:
                self._store.apply(batch, status)
                renewed = now
                self.metrics.applied(len(batch), time.monotonic() - now)
            self._waits, self._progress = "", now
            if status is not None:
                self._tell(status, now)

    def _tell(self, status: Status, now: float) -> None:
        self._told = now
        self.metrics.status(status)
        self.metrics.waits(self._reader.work(now_ms()), self._reader.levels())

    def _wait(self, why: str) -> None:
        if self._waits != why:
            log.warning("the views wait", why=why)
        self._waits = why
        self.metrics.waiting()
        self.stopping.wait(RETRY_S)

    def readiness(self) -> Health:
        """Whether it feeds the views, and Kafka answers it."""
        problems = (self._waits,) if self._waits else away(self._silent_s)
        return Health(not problems, problems)

    def liveness(self) -> Health:
        """Whether it does anything at all; waiting for Redis is no fault of its own."""
        silent = time.monotonic() - self._progress
        stuck = not self._waits and silent > STALL_S
        return Health(not stuck, (f"no batch for {silent:.0f} s",) if stuck else ())


def rebuild(
    settings: Settings, credit: CreditTerms, progress: Callable[[int, int], None] | None = None
) -> int:
    """Throw the views away and read them anew, up to where the topics end now.

    A running feeder waits meanwhile and then goes on. Returns the number of records applied.
    Raises `redis.RedisError`, `LeaseLost` when another rebuild begins, `BrokerUnreachable`.
    """
    store, reading = ViewStore(settings, first_level(credit)), Reading(settings)
    applied = total = 0
    try:
        store.take_lease(by_force=True)
        store.clear(reading.topics())
        reading.start({})
        while not reading.caught_up:
            batch = reading.read()
            store.apply(batch)
            applied += len(batch)
            total = max(total, applied + reading.status().unread)
            if progress is not None:
                progress(applied, total)
        return applied
    finally:
        reading.close()
        store.close()
