"""The process `zhengming execute`: disposals from Kafka to the platform, outcomes back to Kafka.

A partition's position is committed only up to its first disposal that is not delivered. A process
that dies delivers again what lay behind that: the platform tells repetitions by `disposal_id`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError

from schemas.errors import DecodeError
from schemas.records import Disposal, DisposalOutcome, OutcomeStatus
from streams.codecs import open_codec
from streams.errors import BrokerUnreachable, ConfigurationError
from streams.executor.backlog import Backlog
from streams.executor.delivery import Attempt, Webhook
from streams.executor.measuring import ExecutorMetrics
from streams.health import Health, away
from streams.logs import get_logger
from streams.settings import Settings
from streams.topics import real_name, topic_of
from streams.views.store import now_ms

FETCH_MS = 200
COMMIT_S = 1.0
AT_MOST = 2_000
"""Undelivered disposals of a partition at which its reading pauses."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
END_S = 8.0
"""Time to leave Kafka in order; a supervisor kills after 15 s what was told to stop."""

log = get_logger(__name__)


class Executor:
    """Delivers disposals until it is stopped."""

    def __init__(self, settings: Settings) -> None:
        if settings.executor_url is None or settings.executor_secret is None:
            raise ConfigurationError(
                "an executor needs ZHENGMING_EXECUTOR_URL, the platform's address, and "
                "ZHENGMING_EXECUTOR_SECRET, with which it signs"
            )
        self.stopping = asyncio.Event()
        self.metrics = ExecutorMetrics()
        self._settings = settings
        self._codec = open_codec(settings)
        self._topic = real_name(settings, topic_of(Disposal).name)
        self._outcomes = real_name(settings, topic_of(DisposalOutcome).name)
        self._secret = settings.executor_secret.get_secret_value().encode()
        self._slots = asyncio.Semaphore(settings.executor_concurrency)
        self._partitions: dict[TopicPartition, Partition] = {}
        self._consumer: Any = None
        self._producer: Any = None
        self._webhook: Webhook | None = None
        self._ready = False
        self._heard = self._since = 0
        self._fault: BaseException | None = None

    async def run(self) -> None:
        """Deliver until stopped.

        Raises `BrokerUnreachable`, `RegistryUnavailable`, `ConfigurationError`.
        Whatever else ends a delivery is raised as well: nobody starts an executor again that
        leaves as if it had been told to.
        """
        kafka = self._settings.aiokafka_config()
        self._producer = AIOKafkaProducer(**kafka, enable_idempotence=True, linger_ms=5)
        self._consumer = AIOKafkaConsumer(
            **kafka,
            group_id=f"{self._settings.app_id}-executor",
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        timeout = aiohttp.ClientTimeout(total=self._settings.executor_timeout_s)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            assert self._settings.executor_url is not None
            self._webhook = Webhook(session, self._settings.executor_url, self._secret)
            try:
                await self._until_told(self._work())
                if self._fault is not None:
                    raise self._fault
            except KafkaError as error:
                raise BrokerUnreachable(f"Kafka does not answer: {error}") from error
            finally:
                self._ready = False
                await self._end()

    def readiness(self) -> Health:
        """Whether it reads disposals, and Kafka answers it."""
        silent_s = (now_ms() - self._heard) / 1e3
        problems = away(silent_s) if self._ready else ("it does not read yet",)
        return Health(not problems, problems)

    def liveness(self) -> Health:
        """Whether it runs; a platform that does not answer is no fault of its own."""
        return Health(True, ())

    async def _until_told(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it until told to stop, at whatever it waits: without Kafka, that may be for ever."""
        working, told = asyncio.create_task(work), asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            working.cancel()
        with suppress(asyncio.CancelledError):
            await working

    async def _work(self) -> None:
        await self._producer.start()
        await self._consumer.start()
        self._consumer.subscribe([self._topic], listener=_Listener(self))
        committed = asyncio.get_running_loop().time()
        while True:
            fetched = await self._consumer.getmany(timeout_ms=FETCH_MS)
            for tp, records in fetched.items():
                self._take(tp, records)
            self._restrain()
            self._listen()
            now = asyncio.get_running_loop().time()
            if now - committed > COMMIT_S:
                committed = now
                await self._commit(self._partitions)

    def _take(self, tp: TopicPartition, records: list[Any]) -> None:
        """Take up what was handed out, which is of the partitions that are ours now.

        A partition begins with its first record, for the consumer hands out the first ones before
        it says that the partition is ours: whoever asked it for the position then passed them over.
        """
        if tp not in self._partitions:
            self._partitions[tp] = Partition(self, records[0].offset)
        self._partitions[tp].take(records)

    def _restrain(self) -> None:
        """Read no further where too much waits; the rest goes on."""
        full = {tp for tp, p in self._partitions.items() if len(p.backlog) >= AT_MOST}
        if full:
            self._consumer.pause(*full)
        if rest := self._consumer.paused() - full:
            self._consumer.resume(*rest)
        backlogs = [partition.backlog for partition in self._partitions.values()]
        came = [at for backlog in backlogs if (at := backlog.oldest) is not None]
        oldest = max(0, now_ms() - min(came)) / 1e3 if came else 0.0
        self.metrics.waiting(sum(map(len, backlogs)), oldest)

    def _listen(self) -> None:
        """Note when Kafka last answered about each partition that is being read."""
        read = self._consumer.assignment() - self._consumer.paused()
        answered = [self._consumer.last_poll_timestamp(tp) or self._since for tp in read]
        self._heard = min(answered, default=now_ms())

    async def _commit(self, partitions: Mapping[TopicPartition, Partition]) -> None:
        """Commit how far each partition is delivered."""
        positions = {tp: p.backlog.position for tp, p in partitions.items() if p.moved()}
        if not positions:
            return
        try:
            await self._consumer.commit(positions)
        except CommitFailedError:
            return  # the partition has moved; whoever has it now delivers again

    async def assigned(self) -> None:
        """Partitions are ours, from where they were left on."""
        self._since = self._heard = now_ms()
        self._ready = True

    async def revoked(self) -> None:
        """Leave all partitions; what is under way is delivered again by whoever has them next."""
        left, self._partitions = self._partitions, {}
        for partition in left.values():
            partition.cancel()
        await self._commit(left)

    async def deliver(self, partition: Partition, account_id: str) -> None:
        """Deliver what waits of an account, in order, each until it is acknowledged."""
        assert self._webhook is not None
        while (waiting := partition.backlog.first(account_id)) is not None:
            disposal, attempts, pause = waiting[1], 0, FIRST_PAUSE_S
            while True:
                attempts += 1
                async with self._slots:
                    began = time.perf_counter()
                    attempt = await self._webhook.deliver(disposal)
                    spent = time.perf_counter() - began
                await self._tell(disposal, attempt, attempts, spent)
                if attempt.delivered:
                    break
                await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311 - no secret
                pause = min(2 * pause, LONGEST_PAUSE_S)
            partition.backlog.done(account_id)

    async def _tell(
        self, disposal: Disposal, attempt: Attempt, attempts: int, spent: float
    ) -> None:
        """Publish the outcome of an attempt, count it, and log a failure."""
        status = OutcomeStatus.DELIVERED if attempt.delivered else OutcomeStatus.FAILED
        self.metrics.attempted(status, spent)
        if not attempt.delivered:
            log.warning(
                "not delivered",
                account=disposal.account_id,
                disposal=disposal.disposal_id,
                attempts=attempts,
                why=attempt.detail,
            )
        outcome = DisposalOutcome(
            account_id=disposal.account_id,
            disposal_id=disposal.disposal_id,
            measure_id=disposal.measure_id,
            status=status,
            attempts=attempts,
            detail=attempt.detail,
            at=now_ms(),
        )
        await self._producer.send_and_wait(
            self._outcomes, self._codec.encode(outcome), disposal.account_id.encode()
        )

    def failed(self, error: BaseException) -> None:
        """A delivery ended in a way nobody foresaw: stop, so that a supervisor starts anew."""
        log.critical("an executor's task failed", exc_info=error)
        self._fault = error
        self.stopping.set()

    async def _end(self) -> None:
        """Leave Kafka; what it cannot be told in time is delivered again, by whoever is next."""
        try:
            async with asyncio.timeout(END_S):
                await self.revoked()
                await self._consumer.stop()
                await self._producer.stop()
        except TimeoutError:
            log.warning("left without Kafka: it does not answer")

    def decode(self, value: bytes) -> Disposal:
        """Read a disposal. Raises `ConfigurationError` for one of a newer version.

        Raises `RegistryUnavailable` where the schema registry does not answer.
        """
        try:
            return self._codec.decode(Disposal, value)
        except DecodeError as error:
            raise ConfigurationError(
                f"a disposal cannot be read ({error}): was it written by a newer version? upgrade"
            ) from error


class Partition:
    """A partition of the disposals that is this process's for now."""

    def __init__(self, executor: Executor, position: int) -> None:
        self.backlog = Backlog(position)
        self._executor = executor
        self._committed = position
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, records: list[Any]) -> None:
        """Take fetched records up."""
        for record in records:
            disposal = self._executor.decode(record.value)
            if self.backlog.add(record.offset, disposal, record.timestamp):
                task = asyncio.create_task(self._executor.deliver(self, disposal.account_id))
                self._tasks.add(task)
                task.add_done_callback(self._ended)

    def moved(self) -> bool:
        """Whether there is something to commit since the last time."""
        before, self._committed = self._committed, self.backlog.position
        return self._committed != before

    def cancel(self) -> None:
        """Stop all deliveries."""
        for task in self._tasks:
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._executor.failed(error)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # untyped upstream
    """Tells the executor which partitions are its own."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """All are given up before a rebalance."""
        await self._executor.revoked()

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """These are ours now."""
        await self._executor.assigned()
