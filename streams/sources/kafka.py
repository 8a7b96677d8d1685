"""Messages of Kafka topics: positions are the offsets of a consumer group."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import Any

import structlog
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaException, TopicPartition

from streams.clients import create_admin, create_consumer, topic_partitions, unread_messages
from streams.errors import BrokerUnreachable, ConfigurationError
from streams.settings import Settings
from streams.sources.feed import Feed
from streams.sources.item import Mapper, Message

READ_AT_ONCE = 500
WAIT_S = 0.5

log = structlog.get_logger(__name__)


class TopicSource:
    """Reads topics with a consumer group of its own; several processes share the partitions."""

    def __init__(
        self, settings: Settings, topics: Sequence[str], group: str, mapper: Mapper
    ) -> None:
        there = topic_partitions(create_admin(settings))
        if missing := [topic for topic in topics if topic not in there]:
            raise ConfigurationError(f"no such topic: {', '.join(missing)}; --topic names it")
        self._map = mapper
        self._next: dict[tuple[str, int], int] = {}
        self.feed = Feed(settings, self._commit)
        self._consumer = create_consumer(
            settings,
            group,
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
            raise BrokerUnreachable(f"cannot read {message.topic()}: {error.str()}")
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

    def _assigned(self, _consumer: Any, _partitions: Any) -> None:
        """In the group, with partitions or without: then another process has them."""
        self.feed.watch.joined()

    def _revoked(self, _consumer: Any, _partitions: Any) -> None:
        self.feed.settle()

    def _lost(self, _consumer: Any, _partitions: Any) -> None:
        self.feed.watch.parted("the group has given its partitions to others")
        self._next.clear()
