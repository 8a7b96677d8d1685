"""A rebalance that cannot be completed ends the worker; it never stays in the group deaf."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IllegalStateError,
    KafkaConnectionError,
)
from faust.tables.recovery import RebalanceAgain, ServiceStopped
from faust.transport.drivers import aiokafka as driver

from streams.app import create_app
from streams.errors import BrokerUnreachable, TaskCorrupted
from streams.manager import TaskManager
from streams.settings import Settings
from streams.transport import Anchor, BatchConsumer, BatchConsumerThread, FetchOptions


@pytest.fixture
async def recovery(tmp_path):
    """The recovery of an application without a broker; ``given_up`` collects what ended it."""
    given_up = []
    tasks = SimpleNamespace(
        is_open=None,
        position_of=None,
        sought=None,
        expired=None,
        tasks={},
        give_up=given_up.append,
    )
    app = create_app(Settings(data_dir=tmp_path), tasks)
    recovery = app.tables.recovery
    recovery.given_up = given_up
    return recovery


def raising(error):
    async def step():
        raise error

    return step()


async def test_a_step_that_takes_too_long_ends_the_worker(recovery):
    with pytest.raises(ServiceStopped):
        await recovery._wait(asyncio.Event().wait(), timeout=0.01)
    (error,) = recovery.given_up
    assert error.exit_code == BrokerUnreachable.exit_code


@pytest.mark.parametrize(
    ("error", "code"), [(KafkaConnectionError(), 4), (OSError(), 4), (TaskCorrupted(), 5)]
)
async def test_a_step_that_fails_ends_the_worker_with_its_code(recovery, error, code):
    with pytest.raises(type(error)):
        await recovery._wait(raising(error))
    assert [e.exit_code for e in recovery.given_up] == [code]


async def test_a_rebalance_within_a_rebalance_is_no_failure(recovery):
    recovery.signal_recovery_start.set()
    with pytest.raises(RebalanceAgain):
        await recovery._wait(asyncio.Event().wait())
    with pytest.raises((IllegalStateError, RebalanceAgain)):
        await recovery._wait(raising(IllegalStateError()))
    assert recovery.given_up == []


class Closing:
    """A partition task that takes as long to close as ``may_close`` is not set."""

    ready = True

    def __init__(self):
        self.lock, self.may_close, self.closed = asyncio.Lock(), asyncio.Event(), asyncio.Event()

    async def close(self):
        await self.may_close.wait()
        self.closed.set()


@pytest.fixture
def manager():
    """A task manager with one task, of partition 0."""
    gauges = SimpleNamespace(clear=lambda: None)
    metrics = SimpleNamespace(
        **dict.fromkeys(("lag", "restore_remaining", "backlog", "over_capacity"), gauges),
        **dict.fromkeys(("sweep_done", "sweep_total"), gauges),
        partitions=SimpleNamespace(set=lambda _count: None),
    )
    manager = TaskManager(None, None, metrics, None, None)
    manager.tasks[0] = Closing()
    return manager


async def test_a_rebalance_that_comes_while_another_ends_lets_no_transaction_begin(manager):
    task = manager.tasks[0]
    first = asyncio.create_task(manager.assigned([]))
    await asyncio.sleep(0)
    await manager.quiesce()
    task.may_close.set()
    await first
    assert not manager.allowed.is_set()
    await manager.assigned([])
    assert manager.allowed.is_set()


async def test_a_task_is_closed_though_a_rebalance_ends_the_waiting_for_it(manager):
    task = manager.tasks[0]
    first = asyncio.create_task(manager.assigned([]))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    task.may_close.set()
    await asyncio.wait_for(task.closed.wait(), 5)


async def test_a_partition_that_a_rebalance_has_just_brought_is_not_sought_yet():
    ours, new = TopicPartition("t", 0), TopicPartition("t", 1)
    state = SimpleNamespace(await_reset=None)
    assignment = SimpleNamespace(tps={ours, new}, state_value=lambda _tp: state)
    sought = {}

    async def ends(tps):
        return dict.fromkeys(tps, 9)

    async def committed(_tp):
        return 9  # as of a partition that was read, and whose task is still to be opened

    consumer = SimpleNamespace(
        beginning_offsets=lambda tps: asyncio.sleep(0, dict.fromkeys(tps, 0)),
        end_offsets=ends,
        committed=committed,
        seek=lambda tp, position: None,
    )
    thread = BatchConsumerThread.__new__(BatchConsumerThread)
    options = FetchOptions(
        fetch_wait_ms=1,
        is_open={ours: True}.get,
        position_of={ours: 4}.get,
        sought=sought.__setitem__,
        expired=None,
    )
    thread.__dict__ |= {
        "_assignment": lambda: assignment,
        "_ensure_consumer": lambda: consumer,
        "_anchors": {},
        "transport": SimpleNamespace(options=options),
        "app": SimpleNamespace(tables=SimpleNamespace(changelog_topics=())),
    }
    assert await thread._seek_to_positions() == sought == {ours: 4}


async def test_a_fetch_that_is_refused_ends_the_worker_with_its_code(monkeypatch):
    async def refused(_consumer, _timeout):
        raise GroupAuthorizationFailedError("ours")

    monkeypatch.setattr(driver.Consumer, "_wait_next_records", refused)
    given_up = []
    consumer = BatchConsumer.__new__(BatchConsumer)
    consumer.app = SimpleNamespace(tasks=SimpleNamespace(give_up=given_up.append))
    consumer.flow_active = True
    consumer._get_active_partitions = lambda: {("t", 0)}
    assert await consumer._wait_next_records(0.01) == ({}, set())
    (error,) = given_up
    assert error.exit_code == BrokerUnreachable.exit_code
    assert "GroupAuthorizationFailed" in str(error)


# -- idle means processed to the end -------------------------------------------------------------


class Assignment:
    """aiokafka's view of one partition that is read to its end."""

    def __init__(self, tp):
        self.tps = {tp}
        self.state = SimpleNamespace(lso=10, timestamp=1_000, position=10, has_valid_position=True)

    def state_value(self, _tp):
        return self.state


@pytest.fixture
def thread():
    """A consumer thread that was never started; ``anchor`` is that of the partition ``tp``."""
    thread = BatchConsumerThread.__new__(BatchConsumerThread)
    tp = ("t", 0)
    assignment = Assignment(tp)
    anchor = Anchor(assignment.state, position=10, epoch=1, read=10)
    thread.__dict__ |= {
        "_assignment": lambda: assignment,
        "_anchors": {tp: anchor},
        "anchor": anchor,
        "tp": tp,
        "assignment": assignment,
    }
    return thread


def test_a_partition_processed_to_its_end_is_caught_up(thread):
    assert thread.caught_up({thread.tp: 10}, since=1_000)


def test_a_batch_on_its_way_to_the_task_is_waited_for(thread):
    assert not thread.caught_up({thread.tp: 9}, since=1_000)


def test_an_answer_too_old_proves_nothing(thread):
    assert not thread.caught_up({thread.tp: 10}, since=1_001)


def test_records_not_yet_handed_out_are_waited_for(thread):
    thread.assignment.state.lso = 12
    assert thread.lag(thread.tp) == 2
    assert not thread.caught_up({thread.tp: 10}, since=1_000)


def test_control_records_at_the_end_do_not_keep_a_partition_from_being_idle(thread):
    thread.assignment.state.lso = thread.assignment.state.position = 11
    thread._note_read({thread.tp})
    assert thread.lag(thread.tp) == 0
    assert thread.handed_out(thread.tp) == 10
    assert thread.caught_up({thread.tp: 10}, since=1_000)


def test_a_partition_of_another_assignment_is_not_ours(thread):
    thread.assignment.state = SimpleNamespace(**vars(thread.assignment.state))
    assert thread.lag(thread.tp) is None
    assert thread.handed_out(thread.tp) is None
    assert not thread.caught_up({thread.tp: 10}, since=1_000)
