"""Reads single inputs back from their topics, for those who may see the texts of an account.

Nothing of it is kept but a small memory of this process: Redis and the outputs hold no text.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaError, TopicPartition

from schemas.errors import DecodeError
from streams.clients import END_WITHIN_MS, create_consumer
from streams.codecs import open_codec
from streams.errors import BrokerUnreachable
from streams.settings import Settings
from streams.topics import input_topics, real_name
from streams.views.documents import Source

KEPT = 500
WITHIN_S = 2.0
"""Kafka that says nothing for so long does not answer."""
POLL_S = 0.05


class Originals:
    """Inputs by where they stand. One read at a time."""

    def __init__(self, settings: Settings) -> None:
        self._types = {real_name(settings, t.name): t.record for t in input_topics()}
        # Outputs name the topic of their input as this project does, a view what it read itself.
        self._real = {t.name: real_name(settings, t.name) for t in input_topics()}
        self._decode = open_codec(settings).decode
        self._consumer: Any = create_consumer(
            settings, fetch_wait_max_ms=END_WITHIN_MS, enable_partition_eof=True
        )
        self._kept: OrderedDict[Source, Any] = OrderedDict()
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Close the consumer."""
        self._consumer.close()

    def read(self, sources: Iterable[Source]) -> dict[Source, Any]:
        """The inputs at these places; those that retention has deleted are missing.

        Raises `BrokerUnreachable` where Kafka does not say which it is.
        """
        asked = {source: self._placed(source) for source in sources}
        wanted = [s for s in dict.fromkeys(asked.values()) if s.topic in self._types]
        with self._lock:
            found = {source: self._kept[source] for source in wanted if source in self._kept}
            left = [source for source in wanted if source not in found]
            while left:
                left = self._round(left, found)
        return {source: found[place] for source, place in asked.items() if place in found}

    def _placed(self, source: Source) -> Source:
        return Source(self._real.get(source.topic, source.topic), source.partition, source.offset)

    def _round(self, left: list[Source], found: dict[Source, Any]) -> list[Source]:
        """Read one record of each partition at once; returns what is left after that."""
        now = {(source.topic, source.partition): source for source in reversed(left)}
        self._consumer.assign([TopicPartition(*tp, source.offset) for tp, source in now.items()])
        later = [source for source in left if source not in now.values()]
        deadline = time.monotonic() + WITHIN_S
        while now and time.monotonic() < deadline:
            message = self._consumer.poll(POLL_S)
            if message is None:
                continue
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                continue
            source = now.pop((message.topic(), message.partition()), None)
            if source is None or error is not None:  # nothing is left from there on
                continue
            if message.offset() == source.offset:  # else it has been deleted
                self._keep(source, message.value(), found)
        self._consumer.unassign()
        if now:
            raise BrokerUnreachable("inputs cannot be read")
        return later

    def _keep(self, source: Source, value: bytes, found: dict[Source, Any]) -> None:
        try:
            found[source] = self._decode(self._types[source.topic], value)
        except DecodeError:
            return
        self._kept[source] = found[source]
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
