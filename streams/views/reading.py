"""Reads the topics of the views at ``read_committed``, from given positions on."""

from __future__ import annotations

from typing import Any

from confluent_kafka import KafkaError, Message, TopicPartition

from schemas.errors import DecodeError
from streams.clients import FIRST, create_admin, create_consumer
from streams.codecs import open_codec
from streams.errors import BrokerUnreachable, ConfigurationError
from streams.settings import Settings
from streams.topics import Direction, TopicIds, real_name, topic_of
from streams.views.documents import Status
from streams.views.fold import RECORDS, Seen
from streams.views.store import Positions, now_ms

AT_ONCE = 2_000
COLLECT_S = 0.03


class Reading:
    """A consumer of everything the views are made of."""

    def __init__(self, settings: Settings) -> None:
        topics = {real_name(settings, topic_of(record).name): record for record in RECORDS}
        self._types = topics
        self._inputs = {
            name for name, record in topics.items() if topic_of(record).direction is Direction.IN
        }
        self._partitions = [(name, p) for name in topics for p in range(settings.partitions)]
        self._decode = open_codec(settings).decode
        self._consumer = create_consumer(settings, enable_partition_eof=True)
        self._ids = TopicIds(create_admin(settings), list(topics))
        self._known: dict[str, str] = {}
        self._at_end: set[tuple[str, int]] = set()
        self._ended: set[tuple[str, int]] = set()
        self._newest = 0

    def close(self) -> None:
        """Close the consumer."""
        self._consumer.close()

    def topics(self) -> dict[str, str]:
        """The topics as they are now, with the id that each got when it was made.

        Raises `BrokerUnreachable`, `ConfigurationError` where one is not there.
        """
        self._known = self._ids.get()
        return self._known

    def made_anew(self) -> bool:
        """Whether topics are no more those of `topics`: offsets of old ones say nothing of new.

        Looks now and then, and waits for no answer.
        """
        self._ids.look()
        told = self._ids.told()
        return told is not None and told != self._known

    @property
    def silent_s(self) -> float:
        """For how long Kafka has not answered, in seconds, as far as `made_anew` was asked."""
        return self._ids.silent_s

    def start(self, positions: Positions) -> None:
        """Read from these positions on, and from the beginning where there is none."""
        self._at_end.clear()
        self._ended.clear()
        self._consumer.assign(
            [TopicPartition(*tp, positions.get(tp, FIRST)) for tp in self._partitions]
        )

    def read(self) -> list[Seen]:
        """What has come, after at most a short wait. Raises `BrokerUnreachable`.

        Raises `ConfigurationError` for an output that this version cannot read. An input that
        nobody can read is left out: it is a dead letter.
        """
        batch: list[Seen] = []
        for message in self._consumer.consume(AT_ONCE, COLLECT_S):
            if (seen := self._take(message)) is not None:
                batch.append(seen)
        return batch

    @property
    def caught_up(self) -> bool:
        """Whether every partition has been at its end once since the start."""
        return len(self._ended) == len(self._partitions)

    def status(self) -> Status:
        """How far it is."""
        left = [TopicPartition(*tp) for tp in self._partitions if tp not in self._at_end]
        unread = 0
        for position in self._consumer.position(left) if left else ():
            _, high = self._consumer.get_watermark_offsets(position, cached=True)
            unread += max(0, high - max(position.offset, 0))
        behind = max(0, now_ms() - self._newest) if unread and self._newest else 0
        return Status(now_ms(), unread, behind)

    def _take(self, message: Message) -> Seen | None:
        topic, partition = str(message.topic()), int(message.partition() or 0)
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                self._at_end.add((topic, partition))
                self._ended.add((topic, partition))
                return None
            if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise ConfigurationError(
                    f"topic {topic} is not there; run `zhengming topics create`"
                )
            raise BrokerUnreachable(f"cannot read {topic}: {error.str()}")
        self._at_end.discard((topic, partition))
        self._newest = int(message.timestamp()[1])
        offset, value = int(message.offset() or 0), message.value()
        try:
            record: Any = self._decode(self._types[topic], _bytes(value))
        except DecodeError as fault:
            if topic in self._inputs:
                return None
            raise ConfigurationError(
                f"{topic}[{partition}]@{offset} cannot be read ({fault}): "
                "it was written by a newer version; upgrade this process"
            ) from fault
        return Seen(topic, partition, offset, record)


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
