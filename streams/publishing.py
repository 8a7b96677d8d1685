"""A plain producer that knows what Kafka did not take."""

from __future__ import annotations

from collections import Counter
from typing import Any

from confluent_kafka import KafkaException

from streams.clients import create_producer
from streams.errors import BrokerUnreachable
from streams.settings import Settings

FLUSH_S = 30.0
QUEUE_FULL_S = 0.1
LARGEST = 9 << 20
"""Bytes of the largest message, beyond what any topic takes."""
RECORD_BYTES = 36
"""What a producer counts of a record beside its key and its value, at most."""


def record_bytes(key: bytes, value: bytes) -> int:
    """The size of a record as a producer counts it, which takes none beyond its largest message."""
    return len(key) + len(value) + RECORD_BYTES


class Publisher:
    """Publishes records. Raises `BrokerUnreachable` when Kafka did not take all of them."""

    def __init__(self, settings: Settings, **overrides: Any) -> None:
        self._producer = create_producer(settings, **overrides)
        self._errors: Counter[str] = Counter()
        self.published = 0

    def send(self, topic: str, key: bytes | None, value: bytes | None, **more: Any) -> None:
        """Queue one record; waits while the producer's queue is full."""
        while True:
            try:
                self._producer.produce(
                    topic, key=key, value=value, on_delivery=self._delivered, **more
                )
                break
            except BufferError:
                self._producer.poll(QUEUE_FULL_S)
        self._producer.poll(0)

    def finish(self) -> None:
        """Wait for all deliveries."""
        if left := self._producer.flush(FLUSH_S):
            self._errors["no answer"] += left
        if self._errors:
            told = ", ".join(f"{count} x {error}" for error, count in self._errors.items())
            raise BrokerUnreachable(
                f"Kafka took {self.published} records, and not the others: {told}; "
                "`zhengming doctor` says what may be wrong"
            )

    def _delivered(self, error: Any, _message: Any) -> None:
        if error is None:
            self.published += 1
        else:
            self._errors[error.str()] += 1


class TransactionalPublisher(Publisher):
    """A publisher whose records become visible together. One at a time per name.

    It sends what Kafka has taken once, from anybody, so that only a topic says what is too large:
    a producer counts the bytes before they are packed, a topic those after.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        super().__init__(
            settings, transactional_id=f"{settings.app_id}-{name}", message_max_bytes=LARGEST
        )
        self._try(lambda: self._producer.init_transactions(FLUSH_S))

    def begin(self) -> None:
        """Begin a transaction."""
        self._try(self._producer.begin_transaction)

    def abort(self) -> None:
        """Take back everything since `begin`."""
        self._try(lambda: self._producer.abort_transaction(FLUSH_S))

    def reached(self, consumer: Any, offsets: list[Any]) -> None:
        """Let the positions of a consumer's group become visible together with the records."""
        group = consumer.consumer_group_metadata()
        self._try(lambda: self._producer.send_offsets_to_transaction(offsets, group, FLUSH_S))

    def commit(self) -> None:
        """Make everything since `begin` visible, or nothing."""
        try:
            self._try(lambda: self._producer.commit_transaction(FLUSH_S))
        except BrokerUnreachable:
            self._try(lambda: self._producer.abort_transaction(FLUSH_S))
            raise

    def _try(self, step: Any) -> None:
        try:
            step()
        except KafkaException as error:
            raise BrokerUnreachable(f"nothing was changed: {error.args[0].str()}") from error
