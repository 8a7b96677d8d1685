"""Workers that die, stall and lose their broker: nothing is lost, nothing is doubled."""

import signal
import time

import pytest

from streams.errors import TaskMigrated, WorkerError
from streams.simulate import Simulation
from tests.integration.harness import Application, pause

EVENTS = 1_200


def traffic(count=EVENTS, seed=1, prefix="", accounts=150):
    now = time.time_ns() // 1_000_000
    return Simulation(
        seed=seed, accounts=accounts, start=now, step_ms=0.0, offenders=3.0, prefix=prefix
    ).events(count)


@pytest.fixture(params=["memory", "rocksdb"])
def stored(request, settings):
    """Settings with each store."""
    return settings(store=request.param)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 6])
def test_a_worker_killed_after_a_step_of_the_protocol_loses_and_doubles_nothing(settings, step):
    with Application(settings()) as app:
        app.publish(traffic())
        worker = app.worker(TEST_FAULT=f"{step}:2:kill")
        assert worker.await_exit() == -signal.SIGKILL
        app.drain()
        assert app.assert_sound().inputs == EVENTS


def test_a_worker_killed_after_its_commit_is_caught_up_from_either_store(stored):
    with Application(stored) as app:
        app.publish(traffic())
        worker = app.worker(TEST_FAULT="5:3:kill")
        assert worker.await_exit() == -signal.SIGKILL
        app.drain()
        app.publish(traffic(300, seed=2, prefix="again-"))
        app.drain()
        app.assert_sound()


def test_a_worker_of_which_a_service_has_crashed_leaves_with_a_fault(settings):
    """Not with 0, upon which no supervisor would start it again."""
    with Application(settings()) as app:
        worker = app.worker(TEST_CRASH="1")
        assert worker.await_exit() == WorkerError.exit_code, worker.tail()
        assert "Crashed reason=RuntimeError('injected')" in worker.log.read_text()


@pytest.mark.parametrize("step", [2, 3, 4, 5])
def test_a_broker_error_within_a_transaction_is_overcome_within_the_process(settings, step):
    with Application(settings()) as app:
        worker = app.worker(TEST_FAULT=f"{step}:2:error").await_ready()
        app.publish(traffic())
        app.drain()
        assert worker.exit_code is None
        failures = 'zhengming_transaction_failures_total{error="KafkaError"}'
        assert worker.metric(failures) == 1
        app.assert_sound()


def test_nothing_builds_upon_a_commit_that_the_store_could_not_take(settings):
    """A worker is about to leave then, and inputs still come: they must wait for the next one."""
    with Application(settings(partitions=1)) as app:
        worker = app.worker(TEST_FAULT="5:2:disk").await_ready()
        for item in traffic(1_500):
            app.publish([item])
            if worker.exit_code is not None:
                break
        assert worker.await_exit() == 4
        worker.start(TEST_FAULT="")
        app.drain()
        app.assert_sound()


def test_two_workers_share_the_partitions_and_one_killed_is_taken_over(settings):
    with Application(settings()) as app:
        first, second = app.worker(), app.worker()
        first.await_ready()
        second.await_ready()
        app.publish(traffic())
        second.kill()
        app.workers.remove(second)
        app.publish(traffic(600, seed=2, prefix="later-"))
        app.drain()
        assert first.exit_code is None
        app.assert_sound()


def test_a_worker_asked_to_stop_hands_over_and_leaves_with_0(settings):
    with Application(settings()) as app:
        leaving, staying = app.worker().await_ready(), app.worker().await_ready()
        app.publish(traffic())
        assert leaving.stop() == 0
        app.workers.remove(leaving)
        app.publish(traffic(600, seed=2, prefix="later-"))
        app.drain()
        assert staying.exit_code is None
        app.assert_sound()


def test_a_worker_frozen_beyond_its_session_is_fenced_and_leaves(settings):
    with Application(settings()) as app:
        zombie = app.worker().await_ready()
        app.publish(traffic(400))
        app.drain()
        zombie.send(signal.SIGSTOP)
        app.publish(traffic(400, seed=2, prefix="frozen-"))
        app.worker().await_ready()
        app.drain(60, supervised=False)
        zombie.send(signal.SIGCONT)
        app.publish(traffic(400, seed=3, prefix="after-"))
        app.drain(60, supervised=False)
        if zombie.exit_code is not None:  # it had a transaction to send; else it just rejoined
            assert zombie.exit_code == TaskMigrated.exit_code
        app.assert_sound()


def test_workers_come_through_a_stop_and_start_of_the_broker(own_kafka, settings):
    with Application(settings(kafka=own_kafka.bootstrap)) as app:
        app.worker().await_ready()
        app.publish(traffic(600))
        own_kafka.stop()
        pause(2)
        own_kafka.start()
        app.publish(traffic(600, seed=2, prefix="later-"))
        app.drain(90)
        app.assert_sound()


def test_workers_join_and_leave_under_load(settings):
    with Application(settings(partitions=4)) as app:
        app.worker().await_ready()
        for number in range(4):
            app.publish(traffic(400, seed=number + 2, prefix=f"r{number}-"))
            joined = app.worker().await_ready()
            app.publish(traffic(400, seed=number + 20, prefix=f"s{number}-"))
            assert joined.stop() == 0
            app.workers.remove(joined)
        app.drain()
        app.assert_sound()
