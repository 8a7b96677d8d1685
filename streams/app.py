"""The Faust application: topics, table, one agent per input, and the hooks of a rebalance.

Agents only queue batches for the partition tasks. The table is the table of record: Faust creates
its changelog topic and assigns its partitions together with the inputs; restoring and writing it go
through the tasks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import faust
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faust.tables.manager import TableManager as FaustTableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped

from streams.errors import BrokerUnreachable, ConfigurationError
from streams.manager import TaskManager
from streams.settings import Settings
from streams.topics import (
    changelog_topic,
    consumed_topics,
    real_name,
    require_equal_partitions,
)
from streams.transport import BatchTransport, FetchOptions

QUEUED_BATCHES = 4
"""Batches a stream holds; more only adds latency, and a full queue holds up the fetching."""

METADATA_MAX_AGE_MS = 5_000
"""So soon a worker learns that a topic was enlarged: producers put keys elsewhere from then on."""

MAX_FETCH_BYTES = 1 << 18
"""Bytes fetched per partition; with the queue it bounds a transaction and the memory."""


class TaskRecovery(Recovery):  # type: ignore[misc]  # untyped base
    """Lets the partition tasks restore the table instead of Faust, then seeks and starts."""

    app: ZhengmingApp

    def need_recovery(self) -> bool:
        """Never: the tasks restore."""
        return False

    async def _wait(self, coro: Any, timeout: Any = None) -> None:  # noqa: ASYNC109  # Faust's own
        """Wait for a step of a rebalance; what makes it fail makes the worker leave.

        Stock Faust takes a time-out for a stop and never serves a rebalance again: the worker would
        stay in the group, alive and deaf.
        """
        try:
            await super()._wait(coro, timeout=timeout)
        except (RebalanceAgain, asyncio.CancelledError):
            raise
        except ServiceStopped:
            if not self.should_stop:
                self.app.tasks.give_up(BrokerUnreachable("a rebalance could not be completed"))
            raise
        except (KafkaError, OSError) as error:
            if not isinstance(error, IllegalStateError):  # another rebalance took the partition
                self.app.tasks.give_up(BrokerUnreachable(f"rebalance: {error!r}"))
            raise
        except Exception as error:
            self.app.tasks.give_up(error)
            raise

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """After every rebalance: open tasks, seek, clear the queues, and only then fetch.

        Stock Faust makes partitions active before the seek and clears the stream queues after it,
        so that batches fetched in between are lost or come early. A topic that was enlarged brings
        a rebalance, too: nothing goes on then, for an account's records no longer meet.
        """
        app, consumer = self.app, self.app.consumer
        await app.on_rebalance_complete.send()
        self._set_recovery_ended()
        if app.consumer_generation_id != generation_id:
            return  # another rebalance is under way and ends here again
        names = app.input_names
        try:
            require_equal_partitions(app.settings, consumer._thread.partition_counts(names))
        except ConfigurationError as error:
            app.tasks.give_up(error)
            raise
        sources = {tp for tp in consumer.assignment() if tp.topic in names}
        await self._wait(app.tasks.assigned({tp.partition for tp in sources}))
        if sources:
            await self._wait(consumer.perform_seek(), timeout=app.conf.broker_request_timeout)
        if app.consumer_generation_id != generation_id:
            return
        self.completed.set()
        app.flow_control.resume()  # clears the stream queues
        consumer.resume_flow()
        consumer.resume_partitions(sources)
        await app._fetcher.maybe_start()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        app.on_rebalance_end()
        app.assigned_once = True


class TableManager(FaustTableManager):  # type: ignore[misc]  # untyped base
    """Table manager whose recovery leaves the restoring to the partition tasks."""

    _recovery: TaskRecovery | None

    @property
    def recovery(self) -> TaskRecovery:
        """The recovery service, made on first use."""
        if self._recovery is None:
            self._recovery = TaskRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery


class ZhengmingApp(faust.App):  # type: ignore[misc]  # untyped base
    """Faust app whose partitions are owned by a `TaskManager`."""

    settings: Settings
    tasks: TaskManager
    input_names: frozenset[str]
    assigned_once = False

    async def crash(self, reason: BaseException) -> None:
        """Leave the process: Faust's own stop after a crash can hang with the group left."""
        self.tasks.give_up(reason)
        await super().crash(reason)

    async def _on_partitions_revoked(self, revoked: set[Any]) -> None:
        await super()._on_partitions_revoked(revoked)
        await self.tasks.quiesce()

    async def seek_back(
        self, tp: TopicPartition, position_of: Callable[[], int | None]
    ) -> int | None:
        """Read a partition again from a task's position; see `BatchConsumerThread.seek_back`."""
        epoch: int | None = await self.consumer._thread.seek_back(tp, position_of)
        return epoch


def create_app(settings: Settings, tasks: TaskManager) -> ZhengmingApp:
    """The application for these settings; ``tasks`` gets the batches and decides positions."""
    inputs = [real_name(settings, topic.name) for topic in consumed_topics()]
    app = ZhengmingApp(
        settings.app_id,
        broker=f"kafka://{settings.kafka.replace(',', ';')}",
        broker_credentials=settings.faust_broker_credentials(),
        store="memory://",
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication_factor,
        topic_disable_leader=True,
        topic_allow_declare=False,  # `zhengming topics create` makes them, with their settings
        table_standby_replicas=0,
        table_cleanup_interval=3600,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        stream_buffer_maxsize=QUEUED_BATCHES,
        consumer_max_fetch_size=MAX_FETCH_BYTES,
        consumer_metadata_max_age_ms=METADATA_MAX_AGE_MS,
        broker_max_poll_records=None,
        broker_check_crcs=settings.kafka_check_crcs,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.heartbeat_interval_s,
        broker_request_timeout=max(30.0, 2 * settings.session_timeout_s),
        datadir=str(settings.data_dir),
        web_enabled=True,
        web_host=settings.web_host,
        web_bind=settings.web_host,
        web_port=settings.web_port,
        worker_redirect_stdouts=False,
        TableManager=TableManager,
    )
    app.settings = settings
    app.tasks = tasks
    app.input_names = frozenset(inputs)
    app.transport = BatchTransport(
        app.conf.broker_consumer,
        app,
        options=FetchOptions(
            settings.fetch_wait_ms, tasks.is_open, tasks.position_of, tasks.sought, tasks.expired
        ),
    )
    tasks.seek_back = app.seek_back
    table = app.Table("accounts", partitions=settings.partitions, key_type=bytes, value_type=bytes)
    assert table.changelog_topic_name == changelog_topic(settings)
    for name in inputs:
        _add_agent(app, tasks, name, settings.partitions)
    return app


def _add_agent(app: ZhengmingApp, tasks: TaskManager, topic: str, partitions: int) -> None:
    channel = app.topic(
        topic, key_serializer="raw", value_serializer="raw", partitions=partitions, acks=False
    )

    async def queue(stream: Any) -> None:
        async for event in stream.events():
            batch = event.message.value
            task = tasks.tasks.get(batch.tp.partition)
            if task is not None:  # else revoked meanwhile: its new owner reads it
                await task.submit(batch)

    queue.__name__ = queue.__qualname__ = f"queue_{topic}"
    app.agent(channel, isolated_partitions=True, name=f"queue-{topic}")(queue)


def every(app: ZhengmingApp, seconds: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run work at an interval while the app runs, never two at once; a stop does not cut it off."""

    async def tick(_app: Any) -> None:
        await asyncio.shield(app.tasks.background(work()))

    tick.__name__ = tick.__qualname__ = work.__name__
    app.timer(interval=seconds)(tick)
