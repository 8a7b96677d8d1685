"""One worker process: wires settings, policy, transport and Faust, and leaves with an exit code."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import faust
import uvloop
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from processors.accounts.backlog import read as read_backlog
from processors.engine import BACKLOG, SWEEP, Limits
from processors.policy import Policy
from processors.policy.model import Mode
from processors.sweeps import read as read_progress
from schemas.records import RuleMode, SweepProgress
from streams.access import Part, require
from streams.app import ZhengmingApp, create_app, every
from streams.clients import create_admin
from streams.codecs import open_codec
from streams.connections import tell_of_closed_transports
from streams.errors import BrokerUnreachable, ConfigurationError, WorkerError
from streams.follower import Follower
from streams.journal import InForce, Journal, Revision
from streams.logs import configure_logging, get_logger
from streams.manager import TaskManager, TaskOptions
from streams.metrics import WorkerMetrics
from streams.pages import add_pages
from streams.probes import require_free
from streams.processing import DomainProcessing
from streams.regions import open_regions
from streams.settings import Settings
from streams.store import MemoryStore, Packer, RocksStore, Store
from streams.sweeper import Sweeper
from streams.task import PartitionTask
from streams.topics import (
    TopicIds,
    changelog_topic,
    consumed_topics,
    output_topics,
    real_name,
    repartition_topics,
    tombstones_ms,
    topic_of,
)
from streams.work import Processing

log = get_logger(__name__)

GIVE_UP_AFTER_S = 0.2
"""Time left for the log after a fatal error; a graceful stop could hang on a dead broker."""
STOP_WITHIN_S = 3.0
"""Leaving the group takes milliseconds; the rest of Faust's stop must not hold up the process."""
COLLECT_AFTER = (50_000, 20, 100)
"""Thresholds of the cyclic collector."""
TICK_S = 1.0
SWEPT_BEHIND_MS = 60_000
"""A partition whose event time is further behind the clock reads a backlog, and sweeps later."""
FRESH_MS = 1_000
"""An idle partition is one whose end was confirmed by an answer no older than this."""


def task_options(settings: Settings) -> TaskOptions:
    """What partition tasks need of these settings."""
    return TaskOptions(
        app_id=settings.app_id,
        kafka=settings.aiokafka_config(),
        changelog=changelog_topic(settings),
        transaction_timeout_ms=settings.transaction_timeout_ms,
        request_timeout_ms=settings.request_timeout_ms,
        max_batch_bytes=settings.max_batch_bytes,
        max_queued_records=settings.max_queued_records,
        commit_interval_s=settings.commit_interval_ms / 1e3,
        answer_within_s=settings.answer_within_s,
        check_crcs=settings.kafka_check_crcs,
        first=tuple(real_name(settings, t.name) for t in repartition_topics()),
    )


class Worker:
    """A worker and everything it is made of. `run` blocks until it stops."""

    def __init__(
        self,
        settings: Settings,
        processing: Processing,
        on_step: Callable[[int, int], None] | None = None,
    ) -> None:
        self.settings = settings
        _make(settings.data_dir)
        self._packer = Packer()
        self._changelog_id = ""
        options = task_options(settings)
        if settings.store == "rocksdb":  # what outlives the process may outlive topic or tombstones
            admin, name = create_admin(settings), changelog_topic(settings)
            self._changelog_id = TopicIds(admin, [name]).get().get(name, "")
            options = replace(options, tombstones_ms=tombstones_ms(admin, name))
        self.tasks = TaskManager(
            options,
            processing,
            WorkerMetrics(),
            self._new_store,
            self._give_up,
            on_step,
        )
        self.app: ZhengmingApp = create_app(settings, self.tasks)
        self.tasks.metrics.partitions_configured.set(settings.partitions)
        self.tasks.metrics.expect_topics(self.app.input_names)
        self._in_force: InForce | None = None
        add_pages(self.app, self._notes)
        every(self.app, TICK_S, self._tick)
        self.app.on_before_shutdown.connect(self._before_shutdown)
        self._gave_up = False

    def follow(self, journal: Journal, adopt: Callable[[InForce], None]) -> None:
        """Decide by what the control topics say; before a partition opens they are read whole."""
        follower: Follower | None = None

        async def reach(revision: Revision) -> None:
            nonlocal follower
            if follower is None:
                follower = Follower(self.settings.aiokafka_config(), journal, adopted)
                self.tasks.background(follower.run())
            await follower.reach(revision)

        def adopted(in_force: InForce) -> None:
            adopt(in_force)
            self._tell(in_force)

        self.tasks.reach = reach

    def _tell(self, in_force: InForce) -> None:
        pack, metrics = in_force.policy.pack, self.tasks.metrics
        for problem in in_force.problems:
            log.error("published, but cannot be used; what was in force stays", problem=problem)
        self._in_force = in_force
        metrics.policy.clear()
        for part in pack.parts or (pack,):
            log.info("in force", pack=part.id, version=part.version, hash=part.hash)
            metrics.policy.labels(part.id, part.version, part.hash[:12]).set(1)
        metrics.expect_rules(
            pack.id,
            (
                (rule.id, RuleMode(rule.mode), rule.pack)
                for rule in pack.rules
                if rule.mode in (Mode.ENFORCE, Mode.SHADOW)
            ),
        )
        metrics.control_problems.set(len(in_force.problems))

    def _notes(self) -> tuple[str, ...]:
        """What was published and cannot be used now."""
        return () if self._in_force is None else self._in_force.problems

    def run(self) -> int:
        """Run until a signal or a fatal error; returns the exit code of a clean stop."""
        tell_of_closed_transports()
        uvloop.install()  # the consumer runs a loop of its own in a thread; both are to be quick
        asyncio.set_event_loop(asyncio.new_event_loop())
        worker = faust.Worker(
            self.app, override_logging=False, quiet=True, redirect_stdouts=False, console_port=0
        )
        worker.spinner = None  # it would write to standard output, between the lines of the log
        # What lives by now lives to the end, and batches make many objects that live briefly: the
        # cyclic collector would spend a tenth of the time looking for cycles that are not there.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        log.info("worker starting", app_id=self.settings.app_id, kafka=self.settings.kafka)
        try:
            worker.execute_from_commandline()
        except SystemExit as leaving:
            return int(leaving.code or 0)
        return 0

    def _new_store(self, partition: int) -> Store:
        if self.settings.store == "memory":
            return MemoryStore(self._packer)
        path = self.settings.data_dir / self.settings.app_id / str(partition)
        return RocksStore(path, self._changelog_id)

    def _give_up(self, error: BaseException) -> None:
        """Leave the process: the supervisor restarts it, and Kafka hands the partitions over."""
        if self._gave_up:
            return
        self._gave_up = True
        code = error.exit_code if isinstance(error, WorkerError) else 1
        foreseen = isinstance(error, WorkerError)
        log.critical("giving up", error=repr(error), exit_code=code, exc_info=not foreseen)
        threading.Timer(GIVE_UP_AFTER_S, os._exit, (code,)).start()

    async def _before_shutdown(self, *_: Any, **__: Any) -> None:
        # While Kafka is away no transaction ends; after that time the broker gives it up as well.
        unfinished = BrokerUnreachable("asked to stop, and what is under way does not end")
        longest_s = self.settings.transaction_timeout_ms / 1e3
        last = threading.Timer(longest_s, self._give_up, (unfinished,))
        last.daemon = True
        last.start()
        await self.tasks.quiesce()
        await self.tasks.close()
        last.cancel()
        log.info("worker stopped")
        watchdog = threading.Timer(STOP_WITHIN_S, self._leave)
        watchdog.daemon = True
        watchdog.start()

    def _leave(self) -> None:
        """Leave the process with the code that the rest of the stop would have come to."""
        os._exit(0 if self.app.crash_reason is None else WorkerError.exit_code)

    async def _tick(self) -> None:
        """Once a second: what the group was refused, deadlines that are due, offsets, gauges."""
        try:
            await self.app.consumer._thread.check_group()
        except KafkaError as error:
            raise BrokerUnreachable(f"the group: {error!r}") from error
        if not self.app.assigned_once or not self.tasks.allowed.is_set():
            return
        thread = self.app.consumer._thread
        now = time.time_ns() // 1_000_000
        metrics = self.tasks.metrics
        for task in list(self.tasks.tasks.values()):
            sources = self._sources(task)
            for tp in sources:
                if (lag := thread.lag(tp)) is not None:
                    metrics.lag.labels(tp.topic, str(tp.partition)).set(lag)
            backlog = read_backlog(task.store.get(BACKLOG))
            metrics.backlog.labels(str(task.partition)).set(backlog.open)
            metrics.over_capacity.labels(str(task.partition)).set(backlog.over)
            ends = {tp: thread.handed_out(tp) for tp in sources}
            task.look_for_lost({tp: end for tp, end in ends.items() if end is not None})
            idle = partial(self._idle, task, now - FRESH_MS)
            past = now - self.settings.idle_slack_ms
            if idle():
                await task.fire_due(past, idle)
            await task.lift(past if idle() else 0)
            await task.give_up_answers(past if idle() else 0)
            await self._sweep(task, past if idle() else 0, now)
        if self._in_force is not None:
            span = self._in_force.control.at(now)
            pauses, packs = span.policy.pack.pauses, span.policy.pack.parts
            beside = max(0, len(packs) - max(1, len(self._in_force.policy.pack.parts)))
            metrics.directives.set(len(pauses) + beside)
            metrics.control_problems.set(len(self._notes()))
        metrics.queued.set(sum(t.queued for t in self.tasks.tasks.values()))
        metrics.deadlines.set(sum(len(t.deadlines) for t in self.tasks.tasks.values()))
        await thread.publish_positions(self.tasks.positions())

    async def _sweep(self, task: PartitionTask, upto: int, now: int) -> None:
        """Go on with a sweep; not while a backlog is read, or more waits for review than may."""
        if max(task.watermark, upto) >= now - SWEPT_BEHIND_MS and not _over_capacity(task):
            await task.sweep(upto)
        if (state := task.store.get(SWEEP)) is not None:
            progress, partition = read_progress(state), str(task.partition)
            self.tasks.metrics.sweep_done.labels(partition).set(progress.done)
            self.tasks.metrics.sweep_total.labels(partition).set(progress.total)

    def _sources(self, task: PartitionTask) -> list[TopicPartition]:
        return [TopicPartition(topic, task.partition) for topic in self.app.input_names]

    def _idle(self, task: PartitionTask, since: int) -> bool:
        processed = {tp: task.positions.get(tp.topic, -1) for tp in self._sources(task)}
        return bool(self.app.consumer._thread.caught_up(processed, since))


def _make(data_dir: Path) -> None:
    """Make the directory of the stores. Raises `ConfigurationError`."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{data_dir}: {error.strerror}; set ZHENGMING_DATA_DIR to a directory that can be made"
        ) from error


def _over_capacity(task: PartitionTask) -> bool:
    counted = task.store.get(BACKLOG)
    return counted is not None and read_backlog(counted).over


def domain_processing(settings: Settings, policy: Policy) -> DomainProcessing:
    """The domain's processing under a policy, with the topics and limits of the settings."""
    return DomainProcessing(
        policy,
        open_codec(settings),
        {real_name(settings, t.name): (t.name, t.record) for t in consumed_topics()},
        {t.record: real_name(settings, t.name) for t in (*output_topics(), *repartition_topics())},
        real_name(settings, "dead.letters"),
        settings.partitions,
        Limits(settings.max_field_chars, settings.max_id_chars, settings.max_future_ms),
        open_regions(settings),
        settings.hashing_key(),
    )


def domain_worker(
    settings: Settings, policy: Policy, on_step: Callable[[int, int], None] | None = None
) -> Worker:
    """A worker that decides by the control topics, and by ``policy`` where they name no pack."""
    processing = domain_processing(settings, policy)
    worker = Worker(settings, processing, on_step)
    worker.follow(Journal(settings, policy), processing.adopt)
    progress = real_name(settings, topic_of(SweepProgress).name)
    worker.tasks.sweeper = Sweeper(processing, progress, settings.sweep_rate)
    return worker


def run_worker(settings: Settings, on_step: Callable[[int, int], None] | None = None) -> int:
    """Run one worker until it stops; returns its exit code (see `streams.errors`)."""
    from streams.packs import load_policy

    configure_logging(settings)
    try:
        require_free(settings, "web")
        require(settings, Part.WORKER)
        worker = domain_worker(settings, load_policy(settings), on_step)
    except ConfigurationError as error:
        log.critical("cannot start", error=str(error))
        return error.exit_code
    return worker.run()
