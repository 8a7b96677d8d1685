"""Everything that happens to partition *p* happens in its `PartitionTask`.

The task owns the partition's state, an overlay of uncommitted changes, one transactional producer
(``transactional.id = <app>-<p>``, the fence), one lock and one runner. The runner takes everything
queued, from all inputs, into one Kafka transaction, so that transactions grow with the load. Each
costs broker and worker some milliseconds, whatever it holds: the runner begins one at most every
commit interval.

The commit protocol (the same words in docs/delivery.md and the tests):

1. select the records not yet covered by the positions
2. run the processing on the overlay
3. begin, send outputs, changelog and positions
4. await every delivery
5. commit
6. merge the overlay into the store

Any failure: abort, reopen (fence, restore, trim by position), retry. A gap: seek back. Fenced:
leave the process.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    IllegalOperation,
    InvalidProducerEpoch,
    KafkaError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
)
from aiokafka.producer import sender

from streams.errors import (
    BrokerUnreachable,
    ConfigurationError,
    DependencyUnavailable,
    MessageTooLarge,
    TaskCorrupted,
    TaskMigrated,
)
from streams.logs import get_logger
from streams.work import Deadlines, Message, Overlay, Read, Record, Work

if TYPE_CHECKING:
    from streams.manager import TaskManager
    from streams.store import Store
    from streams.sweeper import Sweeper
    from streams.transport import Batch

log = get_logger(__name__)

POSITIONS = b"\0positions"
"""Changelog key of the next input offset per topic; account keys never begin with a zero byte."""

CONTROL = b"\0control"
"""Changelog key of what the partition is processed under, and from which positions on."""

RESTORED = b"\0restored"
"""Changelog key of what a partition was restored from, and whether that has come to its end."""

RESERVED = b"\0"
"""What the changelog keys begin with that are no account's."""

ATTEMPTS = 6
RETRY_PAUSE_S = 0.2
GATHER_AT_MOST_S = 0.1
STOP_TIMEOUT_S = 5.0
ABORT_TIMEOUT_S = 10.0
MAX_SEEKS_BACK = 5
LOST_AFTER = 3
"""So many looks in a row find a batch neither waiting nor processed before it counts as lost."""
MAX_DUE = 5_000
"""Deadlines fired in one transaction; the rest follow in the next."""

RECORD_OVERHEAD = 40
"""Bytes a record takes in a batch beside key, value and headers, at most."""
MAX_DEAD_LETTER_BYTES = 2 << 20
"""Largest message: a dead letter with its headers. Ordinary batches stay below max_batch_bytes."""

FENCED = (ProducerFenced, InvalidProducerEpoch, OutOfOrderSequenceNumber)
TRANSIENT = (KafkaError, asyncio.TimeoutError, IllegalOperation, AssertionError, OSError)
"""What a lost connection shows itself as; aiokafka asserts its own state machine."""

NOT_THE_RECORDS_FAULT = (DependencyUnavailable, MemoryError)
"""Errors of processing for which no record may be set aside."""

# aiokafka waits 20 ms when a transaction starts before the markers of the previous one are written
# (KAFKA-5477); with many small transactions that would be most of the time.
sender.BACKOFF_OVERRIDE = 0.003

_encode_positions = msgspec.json.Encoder(order="sorted").encode
_decode_positions = msgspec.json.Decoder(dict[str, int]).decode


class Controlled(msgspec.Struct, frozen=True):
    """Value of `CONTROL`: how far the control topics were read, from which positions on."""

    revision: Mapping[str, int] = {}
    since: Mapping[str, int] = {}


class Restored(msgspec.Struct, frozen=True):
    """Value of `RESTORED`: id of the backup; how far each file was read; whether it is proved."""

    backup: str
    done: bool = False
    progress: Mapping[str, int] = {}


encode_controlled = msgspec.json.Encoder(order="sorted").encode
decode_controlled = msgspec.json.Decoder(Controlled).decode
encode_restored = msgspec.json.Encoder(order="sorted").encode
decode_restored = msgspec.json.Decoder(Restored).decode


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


@dataclass(slots=True)
class _SeekBack:
    """A gap being mended: ``epoch`` is that of our last seek, None while it is under way."""

    epoch: int | None
    tries: int


More = Callable[[Transaction, int], None]
"""What a transaction does besides, at an event time (ms)."""

OfAccounts = Callable[[Iterable[bytes], Read, int, int], Work]
"""Processing of accounts of a partition at an event time (ms), without a record."""


class PartitionTask:
    """State, transactions and deadlines of one partition. See the module for the protocol."""

    def __init__(self, manager: TaskManager, partition: int, store: Store) -> None:
        self.partition = partition
        self.store = store
        self.positions: dict[str, int] = {}
        self.controlled = Controlled()
        self.deadlines = Deadlines(manager.processing.next_due)
        self.lock = asyncio.Lock()
        self.ready = False
        self.queued = 0
        self.watermark = 0
        self.waiting_since: float | None = None
        self._manager = manager
        self._inbox: list[Batch] = []
        self._taken: list[Batch] = []
        self._began = -math.inf
        self._took, self._last = 0.0, 0
        self._wake, self._room = asyncio.Event(), asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._producer: Any = None
        self._seeks_back: dict[str, _SeekBack] = {}
        self._beginnings: dict[str, int] = {}
        self._missing: dict[TopicPartition, tuple[int, int]] = {}
        self._lifted: Mapping[str, int] = {}
        self._noticed: tuple[Mapping[str, int], int] = ({}, 0)

    # -- life cycle -------------------------------------------------------------------------

    async def fence(self) -> None:
        """Start a new producer: InitProducerId ends the old owner's transaction and fences it."""
        await self._stop_producer()  # of an opening that another rebalance cut off
        options = self._manager.options
        self._producer = AIOKafkaProducer(
            **options.kafka,
            acks="all",
            transactional_id=f"{options.app_id}-{self.partition}",
            transaction_timeout_ms=options.transaction_timeout_ms,
            max_batch_size=MAX_DEAD_LETTER_BYTES,
            max_request_size=2 * MAX_DEAD_LETTER_BYTES,
            request_timeout_ms=options.request_timeout_ms,
            retry_backoff_ms=20,
        )
        await self._producer.start()

    def opened(self) -> None:
        """Take the positions from the restored state; from here on the task may work."""
        if (raw := self.store.get(RESTORED)) and not decode_restored(raw).done:
            raise ConfigurationError(
                f"partition {self.partition}: a restore has not come to its end; run "
                "`zhengming backup restore`, or `migrate`, again with the same directory"
            )
        raw = self.store.get(POSITIONS)
        self.positions = self._beginnings | (_decode_positions(raw) if raw is not None else {})
        self.controlled = controlled_of(self.store)
        self.ready = True

    def begin_at(self, topic: str, position: int) -> None:
        """Expect the first batch of a topic here, or, after retention, no earlier than here."""
        if position > self.positions.get(topic, -1):
            self._beginnings[topic] = self.positions[topic] = position

    async def close(self) -> None:
        """Wait for the running transaction, then drop everything. What is queued is read again."""
        async with self.lock:
            self.ready = False
            self._inbox, self.queued = [], 0
            self._wake.set()
            self._room.set()
            await self._stop_producer()
            self.store.close()

    async def _stop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            await asyncio.wait_for(producer.stop(), STOP_TIMEOUT_S)
        except TRANSIENT as error:
            log.info("producer did not stop cleanly", partition=self.partition, error=repr(error))

    # -- queue ------------------------------------------------------------------------------

    async def submit(self, batch: Batch) -> None:
        """Queue a batch; called by the agents. Waits while too much is queued (back-pressure)."""
        if not self.ready:
            return
        if self.waiting_since is None:
            self.waiting_since = time.monotonic()
        self._inbox.append(batch)
        self.queued += len(batch.records)
        if self._runner is None:
            # A task of its own: Faust cancels agents, and a transaction must not be cut in two.
            self._runner = asyncio.get_running_loop().create_task(self._run())
        self._wake.set()
        while self.queued > self._manager.options.max_queued_records and self.ready:
            self._room.clear()
            await self._room.wait()

    async def _run(self) -> None:
        manager = self._manager
        try:
            while True:
                await self._wake.wait()
                await self._gather()
                await manager.allowed.wait()
                async with self.lock:
                    if not self.ready:
                        return
                    if not manager.allowed.is_set():  # a rebalance began while we took the lock
                        continue
                    self._wake.clear()
                    taken, self.queued = self.queued, 0
                    self._taken, self._inbox = self._inbox, []
                    self._room.set()
                    if self._taken or self._overdue():
                        self._began = time.monotonic()
                        await self._transact(self._taken)
                        self._took = time.monotonic() - self._began
                        self._last = taken
                    self._taken = []
                    self.waiting_since = time.monotonic() if self._inbox else None
        except Exception as error:
            manager.give_up(error)
        finally:
            self._runner = None

    async def _gather(self) -> None:
        """Wait until the commit interval since the last transaction began has passed.

        Where transactions take long, as they do under load, wait as long as the last one took, so
        that more is gathered; not where as much waits already as that one held.
        """
        interval = self._manager.options.commit_interval_s
        if self.queued < self._last:
            interval = max(interval, self._took + min(self._took, GATHER_AT_MOST_S))
        rest = self._began + interval - time.monotonic()
        if rest > 0:
            await asyncio.sleep(rest)

    def _overdue(self) -> bool:
        earliest = self.deadlines.earliest()
        return earliest is not None and earliest <= self.watermark

    async def fire_due(self, upto: int, idle: Callable[[], bool]) -> None:
        """Fire what is due at or before ``upto`` (wall clock, ms) while the partition is idle.

        ``idle`` is asked once no transaction is running. Not to be cancelled: the caller runs it in
        a task of its own.
        """
        async with self.lock:
            earliest = self.deadlines.earliest()
            if not self.ready or self._inbox or earliest is None or earliest > upto:
                return
            if self._manager.allowed.is_set() and idle():
                await self._transact([], upto=upto)

    async def give_up_answers(self, upto: int) -> None:
        """Decide what has waited for an answer of the registry of keys for too long, without it.

        Asked once a second; ``upto`` is as in `lift`. Waiting goes by the clock of this process:
        while a backlog is read event time passes at any speed. Not to be cancelled.
        """
        moment = time.monotonic() - self._manager.options.answer_within_s
        keys = self.deadlines.unanswered_since(moment, self.store.get)
        if keys:
            log.warning("no answer came in time", partition=self.partition, accounts=len(keys))
        for begin in range(0, len(keys), MAX_DUE):
            async with self.lock:
                if not self.ready or not self._manager.allowed.is_set():
                    return
                process = self._manager.processing.process_unanswered
                some = keys[begin : begin + MAX_DUE]
                more = partial(self._apply, some, process=process)
                await self._transact([], upto=max(self.watermark, upto), more=more)
                self.deadlines.wait_anew(some, self.store.get)

    async def lift(self, upto: int) -> None:
        """After a change of control, decide what waits for a pause that is over at ``upto`` (ms).

        Asked once a second. A pause that ends at the time that was set is a deadline and needs no
        asking. Event time must have reached the change; not to be cancelled.
        """
        revision = self._manager.processing.revision
        if not self.ready or revision == self._lifted or not self._manager.allowed.is_set():
            return
        if revision != self._noticed[0]:
            self._noticed = revision, time.time_ns() // 1_000_000
        if max(self.watermark, upto) < self._noticed[1]:
            return
        keys = self.deadlines.still_paused(self.store.get)
        for begin in range(0, len(keys), MAX_DUE):
            async with self.lock:
                if not self.ready or not self._manager.allowed.is_set():
                    return
                process = self._manager.processing.process_due
                more = partial(self._apply, keys[begin : begin + MAX_DUE], process=process)
                await self._transact([], upto=max(self.watermark, upto), more=more)
        self._lifted = revision

    async def sweep(self, upto: int) -> None:
        """Verify the next accounts anew where a sweep is on; asked once a second.

        ``upto`` is as in `lift`. Not to be cancelled.
        """
        sweeper, at = self._manager.sweeper, max(self.watermark, upto)
        if sweeper is None or not self.ready or sweeper.next_step(self.store.get, at) is None:
            return
        async with self.lock:
            if self.ready and self._manager.allowed.is_set():
                await self._transact([], upto=upto, more=partial(self._sweep, sweeper))

    def _sweep(self, sweeper: Sweeper, transaction: Transaction, due: int) -> None:
        def apply(keys: Sequence[bytes], process: OfAccounts) -> None:
            self._apply(keys, transaction, due, process=process)

        sweeper.go_on(self.store, transaction.overlay, self.partition, due, apply)

    def look_for_lost(self, handed_out: Mapping[TopicPartition, int]) -> None:
        """Seek back where a batch was handed out and never came; asked about once a second.

        A lost batch shows where the next one begins, but the last one of a topic has no next one.
        ``handed_out`` is the end of the last batch of each topic. What waits here is not lost, and
        what other topics bring says nothing about this one.
        """
        missing: dict[TopicPartition, tuple[int, int]] = {}
        waiting = {batch.tp for batch in (*self._taken, *self._inbox)}
        for tp, end in handed_out.items():
            position = self.positions.get(tp.topic)
            if tp in waiting or position is None or position >= end:
                continue
            before, times = self._missing.get(tp, (position, 0))
            missing[tp] = position, times + 1 if before == position else 1
            if missing[tp][1] > LOST_AFTER:
                del missing[tp]
                self._seek_back(tp, f"{position}, batches were handed out to {end}", epoch=None)
        self._missing = missing

    # -- one transaction --------------------------------------------------------------------

    async def _transact(
        self, batches: list[Batch], upto: int = 0, more: More | None = None
    ) -> None:
        """Process batches and what is due by ``upto``, then do ``more``, in one transaction."""
        for attempt in range(ATTEMPTS):
            if not self.ready:
                return
            try:
                await self._attempt(batches, upto, more)
                return
            except FENCED as error:
                self.ready = False
                raise TaskMigrated(f"partition {self.partition}: {error!r}") from error
            except TRANSIENT as error:
                await self._reopen(error, attempt)
        raise BrokerUnreachable(f"partition {self.partition}: {ATTEMPTS} attempts failed")

    async def _attempt(self, batches: list[Batch], upto: int, more: More | None) -> None:
        transaction = Transaction(
            Overlay(self.store, self._manager.options.max_batch_bytes // 2), dict(self.positions)
        )
        try:
            selected = self._select(batches, transaction.positions)
            self._done(transaction, 1)
            self._process(transaction, selected, upto)
            if more is not None:
                more(transaction, max(self.watermark, upto))
            self._done(transaction, 2)
            if not (selected or transaction.overlay.states or transaction.overlay.messages):
                self.positions.update(transaction.positions)
                return
            if transaction.positions:
                transaction.overlay.states[POSITIONS] = _encode_positions(transaction.positions)
            revision = self._manager.processing.revision
            if revision != self.controlled.revision:
                transaction.controlled = Controlled(revision, dict(self.positions))
                transaction.overlay.states[CONTROL] = encode_controlled(transaction.controlled)
            end = await self._send_and_commit(transaction)
            self._merge(transaction, end)
        except BaseException:
            self.deadlines.put_back(transaction.fired, self.store.get)
            raise

    def _done(self, transaction: Transaction, step: int) -> None:
        transaction.step(step)
        if self._manager.on_step is not None:
            self._manager.on_step(self.partition, step)

    # 1 -- select the records not yet covered by the positions

    def _select(self, batches: Iterable[Batch], positions: dict[str, int]) -> list[Record]:
        by_topic: dict[str, list[Record]] = {}
        for batch in batches:
            topic, position = batch.tp.topic, positions.get(batch.tp.topic)
            records = batch.records
            if position is not None:
                if batch.next <= position:
                    continue
                if batch.start > position:
                    gap = f"{position}, a batch covers {batch.start}-{batch.next}"
                    self._seek_back(batch.tp, gap, batch.epoch)
                    continue  # dropped: it comes again after the seek
                if records[0].offset < position:
                    records = [r for r in records if r.offset >= position]
            self._seeks_back.pop(topic, None)
            positions[topic] = batch.next
            by_topic.setdefault(topic, []).extend(records)
        # What other tasks have sent goes first: somebody waits for it.
        sent = [by_topic.pop(topic) for topic in self._manager.options.first if topic in by_topic]
        return [record for run in sent for record in run] + merge_by_time(list(by_topic.values()))

    def _seek_back(self, tp: TopicPartition, gap: str, epoch: int | None) -> None:
        """The transport has lost records (it should not). Go back; drop what was fetched before.

        ``epoch`` is that of the batch that shows the gap; None where no batch does.
        """
        topic = tp.topic
        mending = self._seeks_back.get(topic)
        if mending is not None and (
            mending.epoch is None or (epoch is not None and epoch < mending.epoch)
        ):
            return
        tries = mending.tries + 1 if mending is not None else 1
        gap = f"{topic}[{self.partition}] is at {gap}"
        if tries > MAX_SEEKS_BACK:
            raise TaskCorrupted(f"records cannot be read again: {gap}")
        log.warning("gap, seeking back", gap=gap, attempt=tries)
        self._manager.metrics.seeks_back.inc()
        self._seeks_back[topic] = _SeekBack(None, tries)
        self._manager.background(self._mend(tp, tries))

    async def _mend(self, tp: TopicPartition, tries: int) -> None:
        epoch = await self._manager.seek_back(tp, lambda: self.positions.get(tp.topic))
        if epoch is None:
            self._seeks_back.pop(tp.topic, None)  # not ours any more
        elif tp.topic in self._seeks_back:
            self._seeks_back[tp.topic] = _SeekBack(epoch, tries)

    # 2 -- run the processing on the overlay

    def _process(self, transaction: Transaction, records: list[Record], upto: int) -> None:
        overlay, processing = transaction.overlay, self._manager.processing
        now = time.time_ns() // 1_000_000
        transaction.records = len(records)
        first = self._manager.options.first
        transaction.passed_on = sum(1 for _ in takewhile(lambda r: r.topic in first, records))
        if transaction.passed_on < len(records):
            transaction.oldest = records[transaction.passed_on].timestamp
        if records:
            # A producer's clock may be ahead: no record makes the future fall due. What other tasks
            # sent has the broker's time, which says nothing of how far the inputs are read.
            first = self._manager.options.first
            latest = max((r.timestamp for r in records if r.topic not in first), default=0)
            self.watermark = max(self.watermark, min(latest, now))
            try:
                overlay.apply(processing.process(records, overlay.read, now))
            except NOT_THE_RECORDS_FAULT:
                raise
            except Exception:
                self._process_one_by_one(transaction, records, now)
        due = max(self.watermark, upto)
        transaction.fired = self.deadlines.pop_due(due, overlay.read, MAX_DUE)
        if transaction.fired:
            self._apply(transaction.fired, transaction, due, process=processing.process_due)

    def _process_one_by_one(
        self, transaction: Transaction, records: list[Record], now: int
    ) -> None:
        """A record among them is poison: find it, set it aside, and process its neighbours."""
        overlay, processing = transaction.overlay, self._manager.processing
        for record in records:
            try:
                overlay.apply(processing.process([record], overlay.read, now))
            except NOT_THE_RECORDS_FAULT:
                raise
            except Exception as error:
                log.warning(
                    "record set aside",
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                    error=type(error).__name__,
                )
                transaction.dead += 1
                overlay.add(processing.set_aside(record, error))

    def _apply(
        self, keys: Sequence[bytes], transaction: Transaction, due: int, *, process: OfAccounts
    ) -> None:
        """Do what time alone brings to accounts; what raises is set aside by itself."""
        overlay = transaction.overlay
        try:
            overlay.apply(process(keys, overlay.read, due, self.partition))
        except NOT_THE_RECORDS_FAULT:
            raise
        except Exception:
            for key in keys:
                try:
                    overlay.apply(process([key], overlay.read, due, self.partition))
                except NOT_THE_RECORDS_FAULT:
                    raise
                except Exception as error:
                    log.exception("deadline set aside", error=type(error).__name__)
                    transaction.dead += 1
                    overlay.add(self._manager.processing.set_deadline_aside(key, error))

    # 3, 4, 5 -- send, await every delivery, commit

    async def _send_and_commit(self, transaction: Transaction) -> int:
        """Returns the changelog offset after the transaction's last record."""
        producer, overlay = self._producer, transaction.overlay
        changelog = self._manager.options.changelog
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
            self._done(transaction, 3)
            # aiokafka commits although the broker refused a batch: every delivery is awaited.
            await asyncio.gather(*deliveries, *written)
            self._done(transaction, 4)
        except BaseException as error:
            await self._abort(error, deliveries)
            raise
        await producer.commit_transaction()
        self._done(transaction, 5)
        return int(written[-1].result().offset) + in_last  # a batch's offset is its first record's

    async def _send(
        self, topic: str, messages: Iterable[Message], partition: int | None = None
    ) -> tuple[list[asyncio.Future[Any]], int]:
        """Returns the delivery of each batch, and how many records the last one holds."""
        partition = self.partition if partition is None else partition
        producer, limit = self._producer, self._manager.options.max_batch_bytes
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
            log.info("abort failed", partition=self.partition, error=repr(abort_error))

    # 6 -- merge the overlay into the store

    def _merge(self, transaction: Transaction, changelog_offset: int) -> None:
        overlay = transaction.overlay
        self.store.write(overlay.states, changelog_offset)
        self.positions.update(transaction.positions)
        self.controlled = transaction.controlled or self.controlled
        self.deadlines.learn(overlay.states.items())
        self._done(transaction, 6)
        if self._overdue():  # more fell due than one transaction takes
            self._wake.set()
        self._manager.committed(self, transaction)

    async def _reopen(self, error: BaseException, attempt: int) -> None:
        """The outcome of the transaction may be unknown: begin again from what Kafka says."""
        log.warning(
            "transaction failed, reopening",
            partition=self.partition,
            attempt=attempt + 1,
            error=repr(error),
        )
        self._manager.metrics.transaction_failures.labels(type(error).__name__).inc()
        await self._stop_producer()
        await asyncio.sleep(RETRY_PAUSE_S * attempt)
        try:
            await self._manager.open([self])
        except FENCED as fenced:
            raise TaskMigrated(f"partition {self.partition}: {fenced!r}") from fenced
        except TRANSIENT as unreachable:
            raise BrokerUnreachable(f"partition {self.partition}: {unreachable!r}") from unreachable


def merge_by_time(runs: list[list[Record]]) -> list[Record]:
    """Merge the records of several topics by timestamp, each topic's in its own order.

    A record counts as no earlier than the one before it in its topic, so that a timestamp that
    steps back never reorders a topic.
    """
    if len(runs) == 1:
        return runs[0]
    keyed: list[tuple[int, Record]] = []
    for run in runs:
        latest = 0
        for record in run:
            latest = max(latest, record.timestamp)
            keyed.append((latest, record))
    keyed.sort(key=_time)
    return [record for _, record in keyed]


def _time(item: tuple[int, Record]) -> int:
    return item[0]


def controlled_of(store: Store) -> Controlled:
    """What the partition of a restored state was last processed under."""
    raw = store.get(CONTROL)
    return decode_controlled(raw) if raw is not None else Controlled()


def decode_positions(value: bytes) -> Mapping[str, int]:
    """The next input offset per topic, as kept under `POSITIONS` in the changelog."""
    return _decode_positions(value)
