"""Messages of Kafka topics: positions are the offsets of a consumer group.

Kafka forgets the offsets of a group that was away for long, and then it looks like one that never
was. To read all again would bring old values back as what is live now. So a topic in which the
group has no position at all is begun only where that is asked for, and from then on it has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import Any

import structlog
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaError, KafkaException, TopicPartition

from streams.clients import (
    METADATA_WITHIN_S,
    create_admin,
    create_consumer,
    first_offsets,
    topic_partitions,
    unread_messages,
)
from streams.errors import BrokerUnreachable, ConfigurationError
from streams.settings import Settings
from streams.sources.feed import Feed
from streams.sources.item import Mapper, Message

READ_AT_ONCE = 500
WAIT_S = 0.5

RESET = "kafka-consumer-groups.sh --reset-offsets"

log = structlog.get_logger(__name__)


class TopicSource:
    """Reads topics with a consumer group of its own; several processes share the partitions.

    ``from_beginning`` says where to begin in a topic in which the group has no position; without
    it `ConfigurationError` is raised there.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        group: str,
        mapper: Mapper,
        from_beginning: bool = False,
    ) -> None:
        self._admin = create_admin(settings)
        there = topic_partitions(self._admin)
        if missing := [topic for topic in topics if topic not in there]:
            raise ConfigurationError(f"no such topic: {', '.join(missing)}; --topic names it")
        self._map, self._group, self._from_beginning = mapper, group, from_beginning
        self._next: dict[tuple[str, int], int] = {}
        self.feed = Feed(settings, self._commit)
        self._expired = self.feed.watch.metrics.expired
        for topic in topics:
            self._expired.labels(topic)
        self._consumer = create_consumer(
            settings,
            group,
            auto_offset_reset="error",
            session_timeout_ms=int(settings.session_timeout_s * 1_000),
            heartbeat_interval_ms=int(settings.heartbeat_interval_s * 1_000),
        )
        self._consumer.subscribe(
            list(topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
        )

    def run(self, stopping: Event) -> None:
        """Read until told to stop; then keep the position and leave the group."""
        try:
            while not stopping.is_set():
                for message in self._consumer.consume(READ_AT_ONCE, WAIT_S):
                    self._take(message)
                self.feed.settle()
                self._look_around()
        finally:
            self._consumer.close()

    def _take(self, message: Any) -> None:
        if (error := message.error()) is not None:
            if error.retriable():
                return
            what = f"cannot read {message.topic()}: {error.str()}"
            if error.code() == KafkaError._AUTO_OFFSET_RESET:
                what += f"; {RESET} gives the group {self._group} a position that is there"
            raise BrokerUnreachable(what)
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        items = self._map(Message(message.value(), (topic, partition, offset)))
        kind, at_ms = message.timestamp()
        known = None if kind == TIMESTAMP_NOT_AVAILABLE else at_ms
        due = self.feed.take(items, known, topic=topic, partition=partition, offset=offset)
        self._next[topic, partition] = offset + 1
        if due:
            self.feed.settle()

    def _commit(self) -> None:
        offsets = [TopicPartition(*tp, offset) for tp, offset in self._next.items()]
        self._next.clear()
        self._commit_offsets(offsets)

    def _commit_offsets(self, offsets: list[TopicPartition]) -> None:
        if not offsets:
            return
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            # The group has moved on: whoever has the partitions now reads the messages again.
            log.warning("offsets not committed", error=error.args[0].str())

    def _look_around(self) -> None:
        unread = unread_messages(self._consumer)
        self.feed.watch.metrics.unread.set(unread)
        if not unread:
            self.feed.watch.caught_up()

    def _assigned(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        """In the group, with partitions or without: then another process has them."""
        if partitions:
            placed = self._place(partitions)
            consumer.assign(partitions)
            # At once: what was begun is told from what is forgotten, and what is lost is told once.
            self._commit_offsets(placed)
        self.feed.watch.joined()

    def _place(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        """Set where to read on in each partition; answers those whose position is a new one.

        A partition without a position is new where the group has one elsewhere in the topic.
        """
        first = first_offsets(self._admin, sorted({place.topic for place in partitions}))
        try:
            told = self._consumer.committed(
                [TopicPartition(*tp) for tp in first], METADATA_WITHIN_S
            )
        except KafkaException as error:
            why = error.args[0].str()
            raise BrokerUnreachable(f"no offsets of {self._group}: {why}") from error
        kept = {(p.topic, p.partition): p.offset for p in told if p.offset >= 0}
        known = {topic for topic, _ in kept}
        placed: list[TopicPartition] = []
        for place in partitions:
            beginning = first[place.topic, place.partition]
            position = kept.get((place.topic, place.partition))
            place.offset = beginning if position is None else max(position, beginning)
            if position is None:
                if place.topic not in known and not self._from_beginning:
                    raise _no_position(self._group, place.topic)
                placed.append(place)
            elif position < beginning:
                placed.append(place)
                self._expired.labels(place.topic).inc(beginning - position)
                log.critical(
                    "messages deleted by retention before they were read",
                    topic=place.topic,
                    partition=place.partition,
                    messages=beginning - position,
                    remedy="raise retention.ms of the topic; feed again what its rows are now",
                )
        return placed

    def _revoked(self, _consumer: Any, _partitions: Any) -> None:
        self.feed.settle()

    def _lost(self, _consumer: Any, _partitions: Any) -> None:
        self.feed.watch.parted("the group has given its partitions to others")
        self._next.clear()


def _no_position(group: str, topic: str) -> ConfigurationError:
    return ConfigurationError(
        f"the group {group} has no position in {topic}. At its first start --from-beginning reads "
        "all that is there. If it has read there before, Kafka has forgotten how far "
        "(offsets.retention.minutes), and to read all again would bring old values back as live "
        f"ones: set a position with {RESET} --to-datetime"
    )
