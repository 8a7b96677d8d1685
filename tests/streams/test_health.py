"""Health and readiness say what is, by progress."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from streams import health
from streams.store import MemoryStore
from streams.task import PartitionTask
from streams.transport import Batch


class Hanging:
    """A manager whose transactions never begin: Kafka hangs."""

    def __init__(self):
        self.processing = SimpleNamespace(next_due=lambda _: 0)
        self.options = SimpleNamespace(max_queued_records=100, commit_interval_s=0.0)
        self.allowed = asyncio.Event()


def answered(_task):
    """Kafka has just answered."""
    return 0.0


def task():
    task = PartitionTask(Hanging(), 0, MemoryStore())
    task.opened()
    return task


def batch():
    tp = SimpleNamespace(topic="t", partition=0)
    return Batch(tp, [SimpleNamespace(offset=0)], 0, 1, 1)


@pytest.fixture
def later(monkeypatch):
    """Let so many seconds pass."""

    def pass_by(seconds):
        then = time.monotonic() + seconds
        monkeypatch.setattr(health.time, "monotonic", lambda: then)

    return pass_by


async def test_an_idle_worker_is_live_however_long(later):
    idle = task()
    later(3_600)
    assert health.liveness([idle]).ok


async def test_work_that_comes_after_a_long_silence_is_not_stuck():
    quiet = task()
    await quiet.submit(batch())
    assert health.liveness([quiet]).ok


async def test_work_that_waits_without_a_commit_is_stuck(later):
    stuck = task()
    await stuck.submit(batch())
    later(health.STALL_S + 1)
    answer = health.liveness([stuck])
    assert not answer.ok
    assert answer.problems == ("partition 0: work has waited 61 s without a commit",)
    assert not health.readiness([stuck], assigned=True, allowed=True, silence=answered).ok


async def test_a_transaction_that_hangs_is_stuck_with_nothing_queued(later):
    hanging, inside = task(), asyncio.Event()

    async def hang(_batches, upto=0):
        inside.set()
        await asyncio.Event().wait()

    hanging._transact = hang
    await hanging.submit(batch())
    hanging._manager.allowed.set()
    await asyncio.wait_for(inside.wait(), 5)
    assert hanging.queued == 0
    later(health.STALL_S + 1)
    assert not health.liveness([hanging]).ok


@pytest.mark.parametrize(
    ("assigned", "allowed", "problem"),
    [
        (False, True, "no assignment yet"),
        (True, False, "rebalance under way"),
    ],
)
async def test_a_worker_is_not_ready_until_its_partitions_are_settled(assigned, allowed, problem):
    answer = health.readiness([], assigned, allowed, answered)
    assert (answer.ok, answer.problems) == (False, (problem,))


async def test_a_worker_is_not_ready_while_a_partition_restores():
    restoring = PartitionTask(Hanging(), 3, MemoryStore())
    answer = health.readiness([restoring], assigned=True, allowed=True, silence=answered)
    assert (answer.ok, answer.problems) == (False, ("partition 3: not restored",))


async def test_a_worker_without_partitions_stands_by_ready():
    assert health.readiness([], assigned=True, allowed=True, silence=answered).ok
