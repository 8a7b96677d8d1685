"""One transaction of a partition task on its way to Kafka: steps 3 to 5 of the commit protocol."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    IllegalOperation,
    InvalidProducerEpoch,
    KafkaError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
)
from aiokafka.producer import sender

from streams.errors import MessageTooLarge
from streams.logs import get_logger
from streams.reserved import Controlled
from streams.work import Message, Overlay

if TYPE_CHECKING:
    from streams.manager import TaskOptions

log = get_logger(__name__)

STOP_TIMEOUT_S = 5.0
ABORT_TIMEOUT_S = 10.0

RECORD_OVERHEAD = 40
"""Bytes a record takes in a batch beside key, value and headers, at most."""
MAX_DEAD_LETTER_BYTES = 2 << 20
"""Largest message: a dead letter with its headers. Ordinary batches stay below max_batch_bytes."""

FENCED = (ProducerFenced, InvalidProducerEpoch, OutOfOrderSequenceNumber)
TRANSIENT = (KafkaError, asyncio.TimeoutError, IllegalOperation, AssertionError, OSError)
"""What a lost connection shows itself as; aiokafka asserts its own state machine."""

# aiokafka waits 20 ms when a transaction starts before the markers of the previous one are written
# (KAFKA-5477); with many small transactions that would be most of the time.
sender.BACKOFF_OVERRIDE = 0.003


def _send_nothing_that_was_refused(producer: Any) -> None:
    """Let the batches of a transaction fail that the coordinator has refused.

    aiokafka forgets then which partitions were to be added to the transaction, and sends their
    batches all the same. A partition that still waits for the marker of the transaction before
    takes them as part of that one: states would be committed without their outputs.
    """
    manager, accumulator = producer._txn_manager, producer._message_accumulator
    refuse, fail_all = manager.error_transaction, accumulator.fail_all

    def fail_unsent(error: BaseException) -> None:
        fail_all(error)
        for batch in chain(*accumulator._batches.values(), accumulator._pending_batches):
            batch._drain_waiter.exception()  # seen: nobody else looks, and asyncio would complain

    def error_transaction(error: BaseException) -> None:
        refuse(error)
        fail_unsent(error)

    accumulator.fail_all, manager.error_transaction = fail_unsent, error_transaction


@dataclass(slots=True)
class Transaction:
    """One unit of work on its way through the protocol, and what it took."""

    overlay: Overlay
    positions: dict[str, int]
    fired: list[bytes] = field(default_factory=list)
    records: int = 0
    passed_on: int = 0
    """Those of the records that a task has sent to another."""
    oldest: int = 0
    """Time of the first of the others, in ms."""
    dead: int = 0
    controlled: Controlled | None = None
    at: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    """When it began, by the wall clock in ms."""
    began: float = field(default_factory=time.perf_counter)
    steps: list[tuple[int, float]] = field(default_factory=list)

    def step(self, number: int) -> None:
        """Note the end of a step of the protocol."""
        self.steps.append((number, time.perf_counter()))

    def durations(self) -> dict[int, float]:
        """Seconds spent in each step."""
        last, spent = self.began, {}
        for number, at in self.steps:
            spent[number] = at - last
            last = at
        return spent


class TransactionalProducer:
    """Producer of one partition task; its transactional id is the fence between owners."""

    def __init__(self, options: TaskOptions, partition: int) -> None:
        self._options = options
        self._partition = partition
        self._producer: Any = None

    async def open(self) -> None:
        """Start anew: InitProducerId ends the transaction of the old owner and fences it."""
        await self.close()  # of an opening that another rebalance cut off
        options = self._options
        self._producer = AIOKafkaProducer(
            **options.kafka,
            acks="all",
            transactional_id=f"{options.app_id}-{self._partition}",
            transaction_timeout_ms=options.transaction_timeout_ms,
            max_batch_size=MAX_DEAD_LETTER_BYTES,
            max_request_size=2 * MAX_DEAD_LETTER_BYTES,
            request_timeout_ms=options.request_timeout_ms,
            retry_backoff_ms=20,
        )
        _send_nothing_that_was_refused(self._producer)
        await self._producer.start()

    async def close(self) -> None:
        """Stop the producer, if there is one."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            await asyncio.wait_for(producer.stop(), STOP_TIMEOUT_S)
        except TRANSIENT as error:
            log.info("producer did not stop cleanly", partition=self._partition, error=repr(error))

    async def commit(self, overlay: Overlay, done: Callable[[int], None]) -> int:
        """Send and commit what an overlay holds; ``done`` is told of each step that has ended.

        Returns the changelog offset after the transaction's last record. Raises `FENCED` where
        somebody else owns the partition; after any other error the outcome may be unknown.
        """
        try:
            return await self._commit(overlay, done)
        except TRANSIENT as error:
            if self._was_fenced() and not isinstance(error, FENCED):
                raise ProducerFenced from error
            raise

    def _was_fenced(self) -> bool:
        """Whether the producer has been fenced, whatever an error says.

        What is asked of it then may fail as out of turn, which says nothing of another owner: who
        began again after that would fence the owner in turn.
        """
        manager = self._producer._txn_manager
        return manager.is_fatal_error() and isinstance(
            manager.wait_for_transaction_end().exception(), FENCED
        )

    async def _commit(self, overlay: Overlay, done: Callable[[int], None]) -> int:
        producer = self._producer
        changelog = self._options.changelog
        deliveries: list[asyncio.Future[Any]] = []
        await producer.begin_transaction()
        try:
            by_place: dict[tuple[str, int | None], list[Message]] = {}
            for message in overlay.messages:
                by_place.setdefault((message.topic, message.partition), []).append(message)
            # Sending does not yield while there is room, so that all topics of the transaction go
            # to the coordinator in one request.
            for (topic, partition), messages in by_place.items():
                deliveries += (await self._send(topic, messages, partition))[0]
            changes = [Message(changelog, key, value) for key, value in overlay.states.items()]
            written, in_last = await self._send(changelog, changes)
            deliveries += written
            done(3)
            # aiokafka commits although the broker refused a batch: every delivery is awaited.
            await asyncio.gather(*deliveries)
            done(4)
        except BaseException as error:
            await self._abort(error, deliveries)
            raise
        await producer.commit_transaction()
        done(5)
        return int(written[-1].result().offset) + in_last  # a batch's offset is its first record's

    async def _send(
        self, topic: str, messages: Iterable[Message], partition: int | None = None
    ) -> tuple[list[asyncio.Future[Any]], int]:
        """Returns the delivery of each batch, and how many records the last one holds."""
        partition = self._partition if partition is None else partition
        producer, limit = self._producer, self._options.max_batch_bytes
        sent, size, batch = [], 0, producer.create_batch()
        for message in messages:
            key, value = message.key, message.value
            length = RECORD_OVERHEAD + len(key or b"") + len(value or b"")
            if size and size + length > limit:
                batch.close()
                sent.append(await producer.send_batch(batch, topic, partition=partition))
                size, batch = 0, producer.create_batch()
            headers = list(message.headers)
            if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
                raise MessageTooLarge(f"{topic}: {length} bytes")
            size += length
        in_last = int(batch.record_count())
        batch.close()
        sent.append(await producer.send_batch(batch, topic, partition=partition))
        return sent, in_last

    async def _abort(self, error: BaseException, deliveries: list[asyncio.Future[Any]]) -> None:
        for delivery in deliveries:
            if delivery.done() and not delivery.cancelled():
                delivery.exception()  # seen: the first one is being raised
        if isinstance(error, FENCED):
            return
        try:
            await asyncio.wait_for(self._producer.abort_transaction(), ABORT_TIMEOUT_S)
        except TRANSIENT as abort_error:
            log.info("abort failed", partition=self._partition, error=repr(abort_error))
