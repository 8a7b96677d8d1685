"""Reads single inputs back from their topics, for those who may see the texts of an account.

Nothing of it is kept but a small memory of this process: Redis and the outputs hold no text. A
place alone says nothing: after a restore, or where a topic was made anew, another record stands
there, of anybody. So each is asked for by what it is as well.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from msgspec import structs

from schemas.errors import DecodeError
from schemas.records import AccountAppeal, AccountComplaint
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
UNREAD = "inputs cannot be read"


class Sought(NamedTuple):
    """An input by where it stood, its account and its id: that of a ticket, or of the event."""

    source: Source
    account_id: str
    id: str


class Originals:
    """Inputs by where they stand and what they are. One read at a time."""

    def __init__(self, settings: Settings) -> None:
        self._types = {real_name(settings, t.name): t.record for t in input_topics()}
        # Outputs name the topic of their input as this project does, a view what it read itself.
        self._real = {t.name: real_name(settings, t.name) for t in input_topics()}
        self._decode = open_codec(settings).decode
        self._consumer: Any = create_consumer(
            settings, fetch_wait_max_ms=END_WITHIN_MS, enable_partition_eof=True
        )
        self._kept: OrderedDict[Sought, Any] = OrderedDict()
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Close the consumer."""
        self._consumer.close()

    def read(self, inputs: Iterable[Sought]) -> dict[Sought, Any]:
        """These inputs; those are missing that are not there any more.

        Retention has deleted them, or their place is another record's by now. Raises
        `BrokerUnreachable` where Kafka does not say which it is.
        """
        asked = {sought: self._placed(sought) for sought in inputs}
        wanted = [s for s in dict.fromkeys(asked.values()) if s.source.topic in self._types]
        with self._lock:
            found = {sought: self._kept[sought] for sought in wanted if sought in self._kept}
            left = self._there([sought for sought in wanted if sought not in found])
            while left:
                left = self._round(left, found)
        return {sought: found[placed] for sought, placed in asked.items() if placed in found}

    def _placed(self, sought: Sought) -> Sought:
        topic, partition, offset = structs.astuple(sought.source)
        return sought._replace(source=Source(self._real.get(topic, topic), partition, offset))

    def _there(self, wanted: list[Sought]) -> list[Sought]:
        """Those in partitions that are there: topics made anew may have fewer."""
        counts = {topic: self._partitions(topic) for topic in {s.source.topic for s in wanted}}
        return [
            sought for sought in wanted if sought.source.partition < counts[sought.source.topic]
        ]

    def _partitions(self, topic: str) -> int:
        try:
            told = self._consumer.list_topics(topic, WITHIN_S).topics[topic]
        except KafkaException as error:
            raise BrokerUnreachable(UNREAD) from error
        if told.error is not None:
            raise BrokerUnreachable(UNREAD)
        return len(told.partitions)

    def _round(self, left: list[Sought], found: dict[Sought, Any]) -> list[Sought]:
        """Read one record of each partition at once; returns what is left after that."""
        now = {(sought.source.topic, sought.source.partition): sought for sought in reversed(left)}
        places = [TopicPartition(*tp, sought.source.offset) for tp, sought in now.items()]
        self._consumer.assign(places)
        later = [sought for sought in left if sought not in now.values()]
        deadline = time.monotonic() + WITHIN_S
        while now and time.monotonic() < deadline:
            message = self._consumer.poll(POLL_S)
            if message is None:
                continue
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                continue
            sought = now.pop((message.topic(), message.partition()), None)
            if sought is None or error is not None:  # nothing is left from there on
                continue
            if message.offset() == sought.source.offset:  # else it has been deleted
                self._keep(sought, message.value(), found)
        self._consumer.unassign()
        if now:
            raise BrokerUnreachable(UNREAD)
        return later

    def _keep(self, sought: Sought, value: bytes, found: dict[Sought, Any]) -> None:
        try:
            record = self._decode(self._types[sought.source.topic], value)
        except DecodeError:
            return
        if not _is(record, sought):
            return
        found[sought] = self._kept[sought] = record
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def _is(record: Any, sought: Sought) -> bool:
    """Whether a record is the one that is sought, and not one that has its place now."""
    if isinstance(record, AccountComplaint):
        known = record.complaint_id
    elif isinstance(record, AccountAppeal):
        known = record.appeal_id
    else:
        known = record.event_id
    return (record.account_id, known) == sought[1:]
