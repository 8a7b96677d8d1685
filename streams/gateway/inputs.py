"""Publishes inputs, keyed by account, and waits until Kafka has them."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from processors import engine
from processors.validation import InputRecord, check
from streams.clients import create_producer
from streams.codecs import open_codec
from streams.dead_letters import Origin
from streams.errors import BrokerUnreachable
from streams.gateway.problems import Problem
from streams.offline import limits_of
from streams.settings import Settings
from streams.topics import real_name, topic_of
from streams.views.store import now_ms

POLL_S = 0.1
FLUSH_S = 5.0
WITHIN_S = 10.0
"""A record that Kafka did not take by then is given up, and the caller told so."""


class Inputs:
    """Publishes what the gateway is given. Its thread serves delivery reports."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limits: engine.Limits = limits_of(settings)
        self._encode = open_codec(settings).encode
        self._producer: Any = create_producer(
            settings, linger_ms=1, delivery_timeout_ms=int(WITHIN_S * 1_000)
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait for what is under way, and stop."""
        self._producer.flush(FLUSH_S)
        self._stopping.set()
        self._thread.join(FLUSH_S)

    async def publish(self, record: InputRecord) -> Origin:
        """Publish an input; returns where it stands once Kafka has it.

        Raises `Problem` 422 for one that the stream would set aside, `BrokerUnreachable` when
        Kafka does not take it: it may then still have been taken, so the caller should repeat it
        under the same event id.
        """
        if fault := check(record, now_ms(), self._limits):
            raise Problem(422, fault.detail)
        try:
            value = self._encode(record)
        except ValueError as error:
            raise Problem(422, "a text is not valid Unicode, or a number is too large") from error
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Origin] = loop.create_future()

        def settle(error: Any, origin: Origin) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(origin)
            else:
                future.set_exception(BrokerUnreachable(error.str()))

        def delivered(error: Any, message: Any) -> None:
            origin = (message.topic(), message.partition(), message.offset())
            loop.call_soon_threadsafe(settle, error, origin)

        topic = real_name(self._settings, topic_of(type(record)).name)
        try:
            self._producer.produce(
                topic, key=record.account_id.encode(), value=value, on_delivery=delivered
            )
        except BufferError as error:
            raise BrokerUnreachable("too much waits to be published") from error
        return await future

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._producer.poll(POLL_S)
