"""The transport and the partition task alone, with a processing that only counts."""

import json
import signal
import time
from random import randbytes

import pytest
from confluent_kafka import TopicPartition

from streams.clients import create_admin, create_consumer, read_all, topic_partitions
from streams.errors import BrokerUnreachable, TaskCorrupted, TaskMigrated
from streams.topics import create_topics, input_topics, real_name
from tests.integration.counting import ANSWERS, assert_counted, event
from tests.integration.harness import RESTARTED, Application, pause
from tests.integration.test_records import DAY, now
from tests.support import wait_until

CHANGES, COMPLAINTS = "account.changes", "account.complaints"
ACCOUNTS = 40


class Counted(Application):
    """An application whose workers count."""

    def worker(self, **environment):
        return super().worker(TEST_COUNTING="1", **environment)

    def count(self, number, *, first=0, topics=(CHANGES, COMPLAINTS), noise=0, **order):
        """Publish so many records, spread over accounts and topics.

        ``noise``: bytes that make each larger, and that compression cannot take away.
        """
        for n in range(first, first + number):
            account = f"a{n % ACCOUNTS}".encode()
            value = event(f"e{n}", noise=randbytes(noise).hex(), **order)
            self.send(topics[n % len(topics)], account, value)
        self.flush()

    def answers(self):
        messages = read_all(self.settings, [real_name(self.settings, ANSWERS)])
        return [json.loads(message.value()) for message in messages]

    def inputs(self):
        names = [real_name(self.settings, topic.name) for topic in input_topics()]
        return {(m.topic(), m.partition(), m.offset()) for m in read_all(self.settings, names)}

    def assert_counted(self, deadlines=0):
        dead = {letter.origin for letter in self.dead_letters()}
        assert_counted(self.answers(), self.inputs() - dead, deadlines)


def test_errors_after_any_step_again_and_again_neither_lose_nor_double(settings):
    faults = "1:11:errors,2:13:errors,3:17:errors,4:19:errors,5:23:errors,6:29:errors"
    with Counted(settings(store="rocksdb")) as app:
        worker = app.worker(TEST_FAULT=faults).await_ready()
        merged = 'zhengming_transaction_step_seconds_count{step="merge"}'
        failures = 'zhengming_transaction_failures_total{error="KafkaError"}'
        sent = 0

        def enough():
            nonlocal sent
            if worker.exit_code in RESTARTED:  # Kafka took it for dead: it begins anew, faults too
                worker.start()
            app.count(25, first=sent)
            sent += 25
            struck = (worker.metric(merged) or 0) >= 29  # by every fault
            return struck and (worker.metric(failures) or 0) >= 6

        wait_until(enough, 60, "each step has failed", every=0.1)
        app.drain()
        assert worker.exit_code is None
        app.assert_counted()


@pytest.mark.parametrize("step", [3, 4])
def test_a_worker_frozen_within_a_transaction_is_fenced_and_leaves_with_3(settings, step):
    with Counted(settings(transaction_timeout_ms=60_000)) as app:
        zombie = app.worker(TEST_FAULT=f"{step}:2:freeze").await_ready()
        app.count(200)
        wait_until(lambda: zombie.frozen, 20, "the worker is frozen", every=0.1)
        heir = app.worker().await_ready()
        app.drain(supervised=False)
        app.count(200, first=200)
        zombie.send(signal.SIGCONT)
        assert zombie.await_exit() == TaskMigrated.exit_code
        app.drain(supervised=False)
        assert heir.exit_code is None
        app.assert_counted()


def test_an_unfinished_transaction_is_invisible_and_not_restored(settings):
    with Counted(settings()) as app:
        worker = app.worker(TEST_FAULT="4:2:kill")
        app.count(300)
        assert worker.await_exit() == -signal.SIGKILL
        app.drain()
        app.assert_counted()
        assert uncommitted(app) > len(app.answers()), "what was aborted is in the log"


def uncommitted(app):
    """How many answers a reader sees that does not ask for committed ones."""
    name = real_name(app.settings, ANSWERS)
    options = {"isolation_level": "read_uncommitted", "enable_partition_eof": True}
    consumer = create_consumer(app.settings, **options)
    consumer.assign([TopicPartition(name, p, 0) for p in range(app.settings.partitions)])
    count, ends = 0, 0
    while ends < app.settings.partitions:
        message = consumer.poll(10)
        if message.error() is None:
            count += 1
        else:
            ends += 1
    consumer.close()
    return count


def test_a_worker_asked_to_stop_hands_over_without_waiting_for_its_session(settings):
    with Counted(settings(session_timeout_s=600.0)) as app:  # longer than any wait here
        leaving, staying = app.worker().await_ready(), app.worker().await_ready()
        wait_until(lambda: staying.metric("zhengming_partitions") == 1, 20, "they share")
        app.count(100)
        assert leaving.stop() == 0
        app.workers.remove(leaving)
        app.count(100, first=100)
        app.drain()
        assert staying.exit_code is None
        app.assert_counted()


def test_partitions_that_moved_away_leave_the_metrics(settings):
    with Counted(settings()) as app:
        first = app.worker().await_ready()
        app.count(10)
        names = [
            f'zhengming_lag_records{{partition="{p}",topic="{real_name(app.settings, CHANGES)}"}}'
            for p in range(2)
        ]
        wait_until(lambda: [first.metric(n) for n in names] == [0, 0], 20, "both are ours")
        app.worker().await_ready()
        wait_until(lambda: [first.metric(n) for n in names].count(None) == 1, 20, "one is ours")


def test_a_slow_processing_holds_back_the_reading_and_not_the_worker(settings):
    """It is slow by what it waits for, so that the worker can tell meanwhile how much is queued."""
    held_back, count = 200, 10_000
    given = settings(partitions=1, max_queued_records=held_back, commit_interval_ms=1_500)
    with Counted(given) as app:
        worker = app.worker()
        app.count(count, noise=200)  # a fetch brings about a thousand
        worker.await_ready()
        most = [0.0]

        def drained():
            most[0] = max(most[0], worker.metric("zhengming_queued_records") or 0)
            assert worker.exit_code is None
            return app.drained()

        wait_until(drained, 60, "all is processed", every=0.1)
        # Two topics are fetched, each may add one batch (256 KiB) to what is held back.
        assert held_back < most[0] < count / 2
        app.assert_counted()


@pytest.mark.parametrize("store", ["memory", "rocksdb"])
def test_a_restart_reads_of_the_changelog_what_the_store_does_not_hold(settings, store):
    with Counted(settings(partitions=1, store=store)) as app:
        worker = app.worker().await_ready()
        app.count(400)
        app.drain()
        assert worker.stop() == 0
        worker.start().await_ready()
        restored = worker.metric("zhengming_restored_records_total") or 0
        assert restored == 0 if store == "rocksdb" else restored >= ACCOUNTS
        app.count(400, first=400)
        app.drain()
        app.assert_counted()


def test_a_broker_that_is_killed_loses_and_doubles_nothing(own_kafka, settings):
    with Counted(settings(kafka=own_kafka.bootstrap)) as app:
        app.worker().await_ready()
        app.count(2_000)
        own_kafka.kill()
        pause(1)
        own_kafka.start()
        app.count(500, first=2_000)
        app.drain(90)
        app.assert_counted()


def test_a_worker_that_is_to_stop_leaves_although_kafka_is_gone_within_its_transaction(
    own_kafka, settings
):
    """Its transaction can neither be committed nor aborted: it went on asking for ever."""
    short = settings(
        kafka=own_kafka.bootstrap, transaction_timeout_ms=6_000, request_timeout_ms=2_000
    )
    with Counted(short) as app:
        worker = app.worker(TEST_FAULT="2:2:freeze").await_ready()
        app.count(200)
        wait_until(lambda: worker.frozen, 20, "the worker is frozen", every=0.1)
        own_kafka.kill()
        worker.send(signal.SIGCONT)
        worker.send(signal.SIGTERM)
        assert worker.await_exit() == BrokerUnreachable.exit_code, worker.tail()
        assert "asked to stop" in worker.tail()
        own_kafka.start()
        app.drain(90)
        app.assert_counted()


def test_a_dependency_that_is_away_makes_a_batch_wait(settings):
    with Counted(settings(partitions=1)) as app:
        worker = app.worker().await_ready()
        app.count(10)
        app.count(1, first=10, do="away")
        app.count(10, first=11)
        app.drain()
        failures = 'zhengming_transaction_failures_total{error="DependencyUnavailable"}'
        assert worker.metric(failures) == 2
        assert app.dead_letters() == []
        app.assert_counted()


def test_an_answer_too_large_for_a_batch_sets_its_record_aside(settings):
    with Counted(settings(partitions=1)) as app:
        worker = app.worker().await_ready()
        app.count(5)
        app.count(1, first=5, do="huge")
        app.count(5, first=6)
        app.drain()
        (letter,) = app.dead_letters()
        assert letter.error == "MessageTooLarge"
        assert worker.exit_code is None
        app.assert_counted()


def test_what_comes_within_the_commit_interval_shares_a_transaction(settings):
    interval = 1.5
    with Counted(settings(partitions=1, commit_interval_ms=int(interval * 1_000))) as app:
        worker = app.worker().await_ready()
        app.count(1)
        app.drain()
        transactions = "zhengming_transaction_records_count"
        before = worker.metric(transactions) or 0
        began = time.monotonic()
        for number in range(1, 21):
            app.count(1, first=number)
            pause(0.05)
        app.drain()
        possible = 1 + int((time.monotonic() - began) / interval)
        assert 1 <= (worker.metric(transactions) or 0) - before <= possible
        app.assert_counted()


# -- what was lost before it was read -------------------------------------------------------------


def test_the_last_batch_of_a_topic_lost_inside_the_client_is_read_again(settings):
    with Counted(settings(partitions=1)) as app:
        worker = app.worker(TEST_DROP="2").await_ready()
        app.count(10, topics=[CHANGES])
        app.drain()
        app.count(10, first=10, topics=[CHANGES])  # and nothing after it
        app.drain()
        assert worker.metric("zhengming_seeks_back_total") == 1
        app.assert_counted()


def test_a_lost_last_batch_is_found_though_other_topics_keep_the_partition_busy(settings):
    with Counted(settings(partitions=1)) as app:
        worker = app.worker(TEST_DROP="2").await_ready()
        app.count(10, topics=[CHANGES])
        app.drain()
        app.count(10, first=10, topics=[COMPLAINTS])  # lost, and nothing after it
        sent = 20

        def found():
            nonlocal sent
            app.count(1, first=sent, topics=[CHANGES], sleep=0.1)  # the longest of all waits
            sent += 1
            return worker.metric("zhengming_seeks_back_total") == 1

        wait_until(found, 20, "the lost batch is read again", every=0.02)
        app.drain()
        app.assert_counted()


def delete_before(app, offset):
    """Delete the records of partition 0 as retention does."""
    tp = TopicPartition(real_name(app.settings, CHANGES), 0, offset)
    admin = create_admin(app.settings)
    (answer,) = admin.delete_records([tp]).values()
    answer.result(10)


EXPIRED = 'zhengming_expired_records_total{{topic="{}"}}'


def test_records_deleted_while_no_worker_ran_are_counted_and_the_rest_is_read(settings):
    with Counted(settings(partitions=1)) as app:
        worker = app.worker().await_ready()
        app.count(10, topics=[CHANGES])
        app.drain()
        worker.stop()
        app.count(100, first=10, topics=[CHANGES])
        delete_before(app, 60)
        worker.start().await_ready()
        app.drain()
        assert worker.metric(EXPIRED.format(real_name(app.settings, CHANGES))) == 50
        assert len(app.answers()) == 60


def test_records_deleted_ahead_of_a_slow_reader_are_counted_too(settings):
    """The reader stands still meanwhile; what it has asked for already, it may still be given."""
    with Counted(settings(partitions=1, session_timeout_s=60.0)) as app:
        worker = app.worker().await_ready()
        app.count(1, topics=[CHANGES])
        app.drain()
        worker.send(signal.SIGSTOP)
        app.count(3_000, first=1, topics=[CHANGES], noise=200)  # more than is fetched at once
        delete_before(app, 2_900)
        worker.send(signal.SIGCONT)
        app.drain()
        answered = len(app.answers())
        gone = worker.metric(EXPIRED.format(real_name(app.settings, CHANGES))) or 0
        assert gone > 0
        assert answered + gone == 3_001
        assert worker.exit_code is None


def test_an_input_that_was_made_anew_stops_the_worker_with_5(settings):
    with Counted(settings(partitions=1)) as app:
        worker = app.worker().await_ready()
        app.count(10, topics=[CHANGES])
        app.drain()
        worker.stop()
        admin, name = create_admin(app.settings), real_name(app.settings, CHANGES)
        admin.delete_topics([name])[name].result(10)
        wait_until(lambda: name not in topic_partitions(admin), 20, "it is gone")
        create_topics(app.settings)
        app.count(3, topics=[CHANGES])
        worker.start()
        assert worker.await_exit() == TaskCorrupted.exit_code


# -- deadlines ------------------------------------------------------------------------------------


def by_producers_clock(app):
    app.configure(real_name(app.settings, CHANGES), message_timestamp_type="CreateTime")
    app.configure(
        real_name(app.settings, CHANGES), message_timestamp_after_max_ms=str(10_000 * DAY)
    )


def test_a_record_ahead_of_the_clock_makes_no_deadline_fall_due(settings):
    with Counted(settings(partitions=1, idle_slack_ms=0)) as app:
        by_producers_clock(app)
        app.worker().await_ready()
        app.send(CHANGES, b"a1", event("e1", due=now() + DAY), timestamp=now())
        app.send(CHANGES, b"a2", event("e2"), timestamp=now() + 400 * DAY)
        app.flush()
        app.drain()
        app.send(CHANGES, b"a2", event("e3"), timestamp=now())
        app.flush()
        app.drain()
        app.assert_counted(deadlines=0)


def test_more_deadlines_than_one_transaction_takes_all_fire(settings):
    count = 6_000
    with Counted(settings(partitions=1, idle_slack_ms=0)) as app:
        worker = app.worker().await_ready()
        due = now() + 4_000
        for n in range(count):
            app.send(CHANGES, f"d{n}".encode(), event(f"e{n}", due=due))
        app.flush()
        app.drain()
        wait_until(lambda: len(app.answers()) == 2 * count, 30, "all have fired", every=0.5)
        assert worker.exit_code is None
        app.assert_counted(deadlines=count)


def test_a_deadline_that_raises_is_set_aside_and_its_neighbours_fire(settings):
    with Counted(settings(partitions=1, idle_slack_ms=0)) as app:
        worker = app.worker().await_ready()
        due = now() + 1_000
        app.send(CHANGES, b"a1", event("e1", due=due, fails=True))
        app.send(CHANGES, b"a2", event("e2", due=due))
        app.flush()
        app.drain()
        (letter,) = wait_until(app.dead_letters, 20, "the letter is there", every=0.2)
        assert (letter.key, letter.origin[1]) == (b"a1", -1)
        assert worker.exit_code is None
        app.assert_counted(deadlines=1)
