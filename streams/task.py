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
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from processors.accounts import UnreadableState
from streams.commit import FENCED, TRANSIENT, Transaction, TransactionalProducer
from streams.errors import (
    BrokerUnreachable,
    ConfigurationError,
    DependencyUnavailable,
    TaskCorrupted,
    TaskMigrated,
)
from streams.gaps import GapGuard
from streams.logs import get_logger
from streams.reserved import (
    CONTROL,
    POSITIONS,
    RESTORED,
    Controlled,
    controlled_of,
    decode_positions,
    decode_restored,
    encode_controlled,
    encode_positions,
)
from streams.work import Deadlines, Overlay, Read, Record, Work

if TYPE_CHECKING:
    from streams.manager import TaskManager
    from streams.store import Store
    from streams.sweeper import Sweeper
    from streams.transport import Batch

log = get_logger(__name__)

ATTEMPTS = 6
RETRY_PAUSE_S = 0.2
MAX_DUE = 5_000
"""Deadlines fired in one transaction; the rest follow in the next."""

NOT_THE_RECORDS_FAULT = (DependencyUnavailable, UnreadableState, MemoryError)
"""Errors of processing for which no record may be set aside."""

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
        self._wake, self._room = asyncio.Event(), asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._producer = TransactionalProducer(manager.options, partition)
        self._gaps = GapGuard(manager, self.position_of)
        self._beginnings: dict[str, int] = {}
        self._lifted: Mapping[str, int] = {}
        self._noticed: tuple[Mapping[str, int], int] = ({}, 0)

    # -- life cycle -------------------------------------------------------------------------

    async def fence(self) -> None:
        """Start a new producer: InitProducerId ends the old owner's transaction and fences it."""
        await self._producer.open()

    def opened(self) -> None:
        """Take the positions from the restored state; from here on the task may work."""
        if (raw := self.store.get(RESTORED)) and not decode_restored(raw).done:
            raise ConfigurationError(
                f"partition {self.partition}: a restore has not come to its end; run "
                "`zhengming backup restore`, or `migrate`, again with the same directory"
            )
        raw = self.store.get(POSITIONS)
        self.positions = self._beginnings | (decode_positions(raw) if raw is not None else {})
        self.controlled = controlled_of(self.store)
        self.ready = True

    def position_of(self, topic: str) -> int | None:
        """The next offset of a topic; None before anything of it was seen."""
        return self.positions.get(topic)

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
            await self._producer.close()
            self.store.close()

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
                    self.queued = 0
                    self._taken, self._inbox = self._inbox, []
                    self._room.set()
                    if self._taken or self._overdue():
                        self._began = time.monotonic()
                        await self._transact(self._taken)
                    self._taken = []
                    self.waiting_since = time.monotonic() if self._inbox else None
        except Exception as error:
            manager.give_up(error)
        finally:
            self._runner = None

    async def _gather(self) -> None:
        """Wait until the commit interval since the last transaction began has passed."""
        rest = self._began + self._manager.options.commit_interval_s - time.monotonic()
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

        ``handed_out`` is the end of the last batch of each topic. What waits here is not lost.
        """
        waiting = {batch.tp for batch in (*self._taken, *self._inbox)}
        self._gaps.look_for_lost(handed_out, waiting)

    # -- one transaction --------------------------------------------------------------------

    async def _transact(
        self, batches: list[Batch], upto: int = 0, more: More | None = None
    ) -> None:
        """Process batches and what is due by ``upto``, then do ``more``, in one transaction."""
        try:
            await self._insist(batches, upto, more)
        except Exception:
            self.ready = False  # the store may lack what is committed: nothing may build upon it
            raise

    async def _insist(self, batches: list[Batch], upto: int, more: More | None) -> None:
        for attempt in range(ATTEMPTS):
            if not self.ready:
                return
            try:
                await self._attempt(batches, upto, more)
                return
            except FENCED as error:
                raise TaskMigrated(f"partition {self.partition}: {error!r}") from error
            except UnreadableState as error:
                raise TaskCorrupted(
                    f"partition {self.partition}: the state of an account cannot be read: {error}. "
                    "Where a newer version has written it, start that version again; an older one "
                    "goes on with a backup only"
                ) from error
            except TRANSIENT as error:
                await self._reopen(error, attempt)
        raise BrokerUnreachable(f"partition {self.partition}: {ATTEMPTS} attempts failed")

    async def _attempt(self, batches: list[Batch], upto: int, more: More | None) -> None:
        transaction = Transaction(
            Overlay(self.store, self._manager.options.max_batch_bytes // 2), dict(self.positions)
        )
        try:
            selected = self._gaps.select(batches, transaction.positions)
            self._done(transaction, 1)
            self._process(transaction, selected, upto)
            if more is not None:
                more(transaction, max(self.watermark, upto))
            self._done(transaction, 2)
            if not (selected or transaction.overlay.states or transaction.overlay.messages):
                self.positions.update(transaction.positions)
                return
            if transaction.positions:
                transaction.overlay.states[POSITIONS] = encode_positions(transaction.positions)
            revision = self._manager.processing.revision
            if revision != self.controlled.revision:
                transaction.controlled = Controlled(revision, dict(self.positions))
                transaction.overlay.states[CONTROL] = encode_controlled(transaction.controlled)
            end = await self._producer.commit(transaction.overlay, partial(self._done, transaction))
            self._merge(transaction, end)
        except BaseException:
            self.deadlines.put_back(transaction.fired, self.store.get)
            raise

    def _done(self, transaction: Transaction, step: int) -> None:
        transaction.step(step)
        if self._manager.on_step is not None:
            self._manager.on_step(self.partition, step)

    # 2 -- run the processing on the overlay

    def _process(self, transaction: Transaction, records: list[Record], upto: int) -> None:
        overlay, processing = transaction.overlay, self._manager.processing
        now = transaction.at
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

    # 6 -- merge the overlay into the store

    def _merge(self, transaction: Transaction, changelog_offset: int) -> None:
        overlay = transaction.overlay
        # That it is committed proves that until it began nobody else had written to the changelog.
        self.store.write(overlay.states, changelog_offset, transaction.at)
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
        await self._producer.close()
        await asyncio.sleep(RETRY_PAUSE_S * attempt)
        try:
            await self._manager.open([self])
        except FENCED as fenced:
            raise TaskMigrated(f"partition {self.partition}: {fenced!r}") from fenced
        except TRANSIENT as unreachable:
            raise BrokerUnreachable(f"partition {self.partition}: {unreachable!r}") from unreachable
