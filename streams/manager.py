"""The partition tasks of one worker: who is opened, paused and closed, and when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.commit import Transaction
from streams.errors import BrokerUnreachable
from streams.logs import get_logger
from streams.metrics import WorkerMetrics
from streams.reserved import controlled_of
from streams.restore import restore
from streams.store import Store
from streams.sweeper import Sweeper
from streams.task import PartitionTask
from streams.topics import TOMBSTONES_MS
from streams.work import Processing

log = get_logger(__name__)

PositionOf = Callable[[], int | None]
Reach = Callable[[Mapping[str, int]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What partition tasks need of the settings. ``kafka`` goes to every aiokafka client.

    Records of the topics ``first`` are processed before all others of a transaction.
    """

    app_id: str
    kafka: Mapping[str, Any]
    changelog: str
    transaction_timeout_ms: int
    request_timeout_ms: int
    max_batch_bytes: int
    max_queued_records: int
    commit_interval_s: float
    answer_within_s: float = 60.0
    first: tuple[str, ...] = ()
    check_crcs: bool = True
    tombstones_ms: int = TOMBSTONES_MS
    """How long the changelog keeps tombstones."""


async def _under_what_is_configured(_revision: Mapping[str, int]) -> None:
    """For a processing that follows no control topics."""


class TaskManager:
    """Opens, pauses and closes partition tasks as Faust assigns partitions.

    ``give_up`` is called with any error after which the worker must not go on. ``on_step`` is
    called with partition and number after each step of the commit protocol. ``reach`` waits until
    the processing is under no older control than a partition was before.
    """

    def __init__(
        self,
        options: TaskOptions,
        processing: Processing,
        metrics: WorkerMetrics,
        new_store: Callable[[int], Store],
        give_up: Callable[[BaseException], None],
        on_step: Callable[[int, int], None] | None = None,
    ) -> None:
        self.options = options
        self.processing = processing
        self.metrics = metrics
        self.give_up = give_up
        self.on_step = on_step
        self.tasks: dict[int, PartitionTask] = {}
        self.allowed = asyncio.Event()
        self.allowed.set()
        self.seek_back: Callable[[TopicPartition, PositionOf], Awaitable[int | None]]
        self.reach: Reach = _under_what_is_configured
        self.sweeper: Sweeper | None = None
        self.settled_at = 0
        """When `assigned` was last done (ms)."""
        self._revoked = 0
        self._new_store = new_store
        self._background: set[asyncio.Task[None]] = set()

    # -- assignment -------------------------------------------------------------------------

    async def assigned(self, partitions: Iterable[int]) -> None:
        """Close what is gone, let what was kept go on, open what is new.

        Called after a rebalance and before the sources are sought. A kept partition keeps its
        state: had anyone else owned it meanwhile, our producer would be fenced. Where a rebalance
        came meanwhile nothing is opened: it ends here again.
        """
        wanted, revoked = set(partitions), self._revoked
        for gone in [p for p in self.tasks if p not in wanted]:
            await asyncio.shield(self.tasks.pop(gone).close())  # a rebalance may end the waiting
        if self._revoked != revoked:
            return
        metrics = self.metrics  # what is no longer ours must not stand there for ever
        for gauge in (
            metrics.lag,
            metrics.restore_remaining,
            metrics.backlog,
            metrics.over_capacity,
            metrics.sweep_done,
            metrics.sweep_total,
        ):
            gauge.clear()
        self.allowed.set()
        try:
            for partition in sorted(wanted - self.tasks.keys()):
                store = self._new_store(partition)
                self.tasks[partition] = PartitionTask(self, partition, store)
                self.tasks[partition].deadlines.learn(store.items())
            await self.open([task for task in self.tasks.values() if not task.ready])
        except (KafkaError, OSError) as error:
            raise BrokerUnreachable(f"partitions cannot be opened: {error!r}") from error
        metrics.partitions.set(len(self.tasks))
        for partition in self.tasks:
            metrics.restore_remaining.labels(str(partition)).set(0)
        self.settled_at = time.time_ns() // 1_000_000

    async def open(self, tasks: list[PartitionTask]) -> None:
        """On assignment: 1 fence, 2 restore up to the last stable offset (3 seek, 4 start)."""
        if not tasks:
            return
        began = time.perf_counter()
        await asyncio.gather(*(task.fence() for task in tasks))
        fenced = time.perf_counter()
        by_partition = {task.partition: task for task in tasks}

        def learn(partition: int, changes: Mapping[bytes, bytes | None]) -> None:
            by_partition[partition].deadlines.learn(changes.items())
            self.metrics.restored.inc(len(changes))

        await restore(
            self.options.kafka,
            self.options.changelog,
            {partition: task.store for partition, task in by_partition.items()},
            learn,
            self.metrics.restoring,
            tombstones_ms=self.options.tombstones_ms,
            check_crcs=self.options.check_crcs,
        )
        for task in tasks:
            await self.reach(controlled_of(task.store).revision)
            task.opened()
        log.info(
            "partitions opened",
            partitions=sorted(by_partition),
            fence_ms=round((fenced - began) * 1e3, 1),
            restore_ms=round((time.perf_counter() - fenced) * 1e3, 1),
        )

    async def quiesce(self) -> None:
        """Begin no transaction until `assigned` knows what is ours; await the running ones."""
        self._revoked += 1
        self.allowed.clear()
        for task in list(self.tasks.values()):
            async with task.lock:
                pass

    async def close(self) -> None:
        """Wait for running transactions and close every task."""
        tasks, self.tasks = list(self.tasks.values()), {}
        await asyncio.gather(*(task.close() for task in tasks))
        self.allowed.set()  # lets the runners see that their task is closed

    # -- what tasks and the app ask -----------------------------------------------------------

    def is_open(self, tp: TopicPartition) -> bool:
        """Whether a partition is ours, and its state restored."""
        task = self.tasks.get(tp.partition)
        return task is not None and task.ready

    def position_of(self, tp: TopicPartition) -> int | None:
        """Next input offset of a partition; None where nothing was read or it is not ours."""
        task = self.tasks.get(tp.partition)
        return task.positions.get(tp.topic) if task is not None else None

    def sought(self, tp: TopicPartition, position: int) -> None:
        """Reading of a partition begins here; from now on a gap can be told."""
        task = self.tasks.get(tp.partition)
        if task is not None:
            task.begin_at(tp.topic, position)

    def positions(self) -> dict[TopicPartition, int]:
        """Next input offsets of all our partitions."""
        return {
            TopicPartition(topic, task.partition): position
            for task in self.tasks.values()
            for topic, position in task.positions.items()
        }

    def expired(self, tp: TopicPartition, records: int) -> None:
        """Retention deleted records before they were read: nothing can bring them back."""
        log.critical(
            "records deleted by retention before they were read",
            topic=tp.topic,
            partition=tp.partition,
            records=records,
            remedy="raise retention.ms of the topic, add workers",
        )
        self.metrics.expired.labels(tp.topic).inc(records)

    def background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run work in a task of its own that nobody cancels; an error gives up the worker."""
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            self.give_up(error)

    def committed(self, task: PartitionTask, transaction: Transaction) -> None:
        """Account for a committed transaction: metrics and its one canonical log line."""
        spent = transaction.durations()
        overlay = transaction.overlay
        self.metrics.transaction(
            transaction.records, transaction.passed_on, spent, transaction.oldest
        )
        self.metrics.domain(overlay.tallies)
        log.info(
            "transaction",
            partition=task.partition,
            records=transaction.records,
            messages=len(overlay.messages),
            accounts=len(overlay.states) - bool(transaction.positions),
            dead=transaction.dead,
            deadlines=len(transaction.fired),
            **{f"step{n}_ms": round(s * 1e3, 2) for n, s in spent.items()},
        )
