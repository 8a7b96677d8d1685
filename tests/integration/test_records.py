"""What is wrong is set aside with its origin; what falls due takes effect; nothing else waits."""

import json
import time

import pytest

from processors.accounts import Account
from processors.accounts import encode as encode_account
from processors.credit_code import complete
from schemas.codec import decode, encode
from schemas.records import (
    AccountChange,
    ChangeKind,
    Decision,
    DisposalAction,
    MeasureStep,
    Phase,
    SubjectKind,
    VerificationKind,
)
from streams.clients import create_producer, read_all
from streams.errors import TaskCorrupted
from streams.partitioning import partition_of_key
from streams.store import RocksStore
from streams.topics import changelog_topic, real_name
from tests.integration.harness import Application
from tests.integration.test_across import NAME, SHOPS, Street
from tests.integration.test_crashes import traffic
from tests.support import wait_until

DAY = 86_400_000
CHANGES = "account.changes"


def now():
    return time.time_ns() // 1_000_000


def change(event_id, account_id="a1", at=None, **fields):
    fields = {"kind": ChangeKind.EDIT, "phase": Phase.PROPOSED, "bio": "晒太阳"} | fields
    return AccountChange(
        event_id=event_id, account_id=account_id, occurred_at=at or now(), **fields
    )


def as_json(**changes):
    body = {
        "event_id": "bad",
        "account_id": "a1",
        "occurred_at": now(),
        "kind": "EDIT",
        "bio": "1380000 0000",
    }
    return json.dumps(body | changes).encode()


BAD = {
    "UNDECODABLE": (b"a1", b"\xff\xfe\x00rubbish"),
    "UNKNOWN_SCHEMA": (b"a1", b"\xc3\x01" + b"\x01" * 8 + b"body"),
    "MISSING_ACCOUNT_ID": (b"a1", as_json(account_id="")),
    "KEY_MISMATCH": (b"another", as_json()),
    "OVERSIZE_FIELD": (b"a1", as_json(bio="x" * 20_001)),
    "UNKNOWN_ENUM": (b"a1", as_json(kind="RENAME")),
    "INVALID_FIELD": (b"a1", as_json(nickname="typo")),
    "TIME_IN_FUTURE": (b"a1", as_json(occurred_at=now() + DAY)),
}


def test_every_kind_of_bad_record_is_set_aside_with_reason_and_origin(settings):
    with Application(settings()) as app:
        good = [change(f"g{n}", f"a{n}") for n in range(20)]
        for number, (key, value) in enumerate(BAD.values()):
            app.send(CHANGES, key, value, headers=[("trace", b"t-1")])
            app.send(CHANGES, good[number].account_id.encode(), encode(good[number]))
        app.send(CHANGES, b"a1", None)
        app.send(CHANGES, None, encode(change("no-key")))
        app.flush()
        app.worker().await_ready()
        app.drain()
        letters = app.dead_letters()
        found = {letter.reason for letter in letters}
        assert found == BAD.keys()
        assert len(letters) == len(BAD) + 2
        undecodable = next(x for x in letters if x.value == BAD["UNDECODABLE"][1])
        topic, _, offset = undecodable.origin
        assert topic == real_name(app.settings, CHANGES)
        assert offset >= 0
        assert ("trace", b"t-1") in undecodable.headers
        assert all("1380000" not in letter.error for letter in letters)
        answered = {verdict.event_id for verdict in app.outputs("account.verdicts")}
        assert answered == {f"g{n}" for n in range(len(BAD))}
        app.assert_sound()


@pytest.mark.parametrize("position", [0, 25, 49], ids=["first", "middle", "last"])
def test_a_poison_record_is_set_aside_and_its_neighbours_are_processed(settings, position):
    with Application(settings(partitions=1)) as app:
        for number in range(50):
            bio = "POISON" if number == position else "晒太阳"
            record = change(f"e{number}", f"a{number % 7}", bio=bio)
            app.send(CHANGES, record.account_id.encode(), encode(record))
        app.flush()
        app.worker(TEST_POISON="POISON").await_ready()
        app.drain()
        (letter,) = app.dead_letters()
        assert letter.reason == "PROCESSING_FAILED"
        assert letter.origin[2] == position
        assert "POISON" not in letter.error
        answered = [verdict.event_id for verdict in app.outputs("account.verdicts")]
        assert sorted(answered) == sorted(f"e{n}" for n in range(50) if n != position)
        app.assert_sound()


def test_an_event_sent_twice_takes_effect_once(settings):
    with Application(settings()) as app:
        worker = app.worker().await_ready()
        for _ in range(3):
            record = change("same")
            app.send(CHANGES, b"a1", encode(record))
            app.flush()
            app.drain()
        (verdict,) = app.outputs("account.verdicts")
        assert (verdict.event_id, verdict.decision) == ("same", Decision.ALLOW)
        wait_until(
            lambda: worker.metric("zhengming_duplicates_total") == 2,
            10,
            "both repetitions are counted",
        )


OFFENCE = {"phase": Phase.APPLIED, "bio": "加微信 zm_demo1234 领取资料"}


def steps(app):
    return [
        (d.action, d.step) for d in app.outputs("account.disposals") if d.step != MeasureStep.WARN
    ]


def test_a_missed_correction_takes_effect_when_later_events_have_passed_its_deadline(settings):
    with Application(settings(partitions=1, idle_slack_ms=900_000_000)) as app:
        app.configure(real_name(app.settings, CHANGES), message_timestamp_type="CreateTime")
        worker = app.worker().await_ready()
        then = now() - 9 * DAY
        app.send(CHANGES, b"a1", encode(change("e1", at=then, **OFFENCE)), timestamp=then)
        later = then + 8 * DAY
        record = change("e2", "a2", at=later)
        app.send(CHANGES, b"a2", encode(record), timestamp=later)
        app.flush()
        app.drain()
        wait_until(
            lambda: (DisposalAction.BEGIN, MeasureStep.SUSPEND) in steps(app),
            20,
            "the deadline has fired",
            every=0.3,
        )
        begun = next(d for d in app.outputs("account.disposals") if d.step == MeasureStep.SUSPEND)
        assert begun.at == then + 7 * DAY, "it takes effect when it was due"
        assert worker.exit_code is None
        app.assert_sound()


def test_a_missed_correction_takes_effect_in_an_idle_partition_by_the_wall_clock(settings):
    with Application(settings(partitions=1, idle_slack_ms=500)) as app:
        app.configure(real_name(app.settings, CHANGES), message_timestamp_type="CreateTime")
        app.worker().await_ready()
        then = now() - 7 * DAY + 3_000  # due in three seconds
        app.send(CHANGES, b"a1", encode(change("e1", at=then, **OFFENCE)), timestamp=then)
        app.flush()
        app.drain()
        assert (DisposalAction.BEGIN, MeasureStep.CORRECT) in steps(app)
        wait_until(
            lambda: (DisposalAction.BEGIN, MeasureStep.SUSPEND) in steps(app),
            20,
            "the deadline has fired without any further event",
            every=0.3,
        )
        app.assert_sound()


def test_a_correction_in_time_lifts_the_measure(settings):
    with Application(settings(partitions=1)) as app:
        app.worker().await_ready()
        app.send(CHANGES, b"a1", encode(change("e1", **OFFENCE)))
        app.send(CHANGES, b"a1", encode(change("e2", bio="晒太阳")))
        app.flush()
        app.drain()
        assert steps(app) == [
            (DisposalAction.BEGIN, MeasureStep.CORRECT),
            (DisposalAction.LIFT, MeasureStep.CORRECT),
        ]
        app.assert_sound()


def test_a_batch_lost_inside_the_client_is_read_again(settings):
    with Application(settings(partitions=1)) as app:
        worker = app.worker(TEST_DROP="2").await_ready()
        for number in range(5):
            app.publish(traffic(100, seed=number + 1, prefix=f"d{number}-"))
        app.drain()
        assert worker.metric("zhengming_seeks_back_total") == 1
        app.assert_sound()


@pytest.mark.parametrize("store", ["memory", "rocksdb"])
def test_a_worker_restarts_after_the_changelog_was_compacted(settings, store):
    with Application(settings(partitions=1, store=store)) as app:
        changelog = changelog_topic(app.settings)
        app.configure(
            changelog,
            segment_ms="500",
            min_cleanable_dirty_ratio="0.01",
            max_compaction_lag_ms="500",
        )
        worker = app.worker().await_ready()
        rounds = []

        def compacted():
            rounds.append(len(rounds))
            for account in range(30):
                record = change(f"e{len(rounds)}-{account}", f"a{account}")
                app.send(CHANGES, record.account_id.encode(), encode(record))
            app.flush()
            app.drain()
            return sum(1 for _ in read_all(app.settings, [changelog])) < 30 * len(rounds)

        wait_until(compacted, 90, "the changelog has been compacted", every=0.5)
        assert worker.stop() == 0
        app.workers.remove(worker)
        app.worker().await_ready()
        app.publish(traffic(200, seed=999, prefix="after-"))
        app.drain()
        app.assert_sound()


def test_a_store_that_rested_does_not_bring_back_what_was_deleted_and_compacted_meanwhile(settings):
    with Application(settings(partitions=1, store="rocksdb")) as app:
        changelog = changelog_topic(app.settings)
        app.configure(
            changelog,
            segment_ms="500",
            min_cleanable_dirty_ratio="0.01",
            max_compaction_lag_ms="500",
            delete_retention_ms="0",
        )
        street = Street(app)

        def after(*_events):
            app.flush()
            app.drain(supervised=False)
            return {m.key(): m.value() for m in read_all(app.settings, [changelog])}

        first = app.worker().await_ready()
        serving = now()
        (shop, legal), *_ = SHOPS.items()
        papers = {"value": legal, "names": (NAME,), "credit_code": complete("91990000MA000000")}
        street.verify(shop, VerificationKind.INSTITUTION, **papers)
        held = after(street.register(shop, "tok-1", NAME, subject=SubjectKind.INSTITUTION))
        assert first.stop() == 0
        store = RocksStore(app.settings.data_dir / "w0" / app.settings.app_id / "0")
        assert serving <= store.caught_up_at <= now(), "each commit proves that it has all"
        store.close()  # and rests from here on

        second = app.worker().await_ready()
        gone = after(street.send(CHANGES, AccountChange, shop, kind=ChangeKind.CANCELLATION))
        released = {key for key, state in gone.items() if state is None and held.get(key)}
        assert released, "the keys of the shop are deleted"
        wait_until(
            lambda: not released & after(street.register("a1", "tok-2", "晒太阳")).keys(),
            60,
            "their tombstones are gone",
            every=0.5,
        )
        assert second.stop() == 0

        first.start().await_ready()
        assert "the store rested so long" in first.tail()
        street.verify("fan", VerificationKind.IDENTITY, token="tok-fan")
        fan = street.register("fan", "tok-fan", NAME)
        after(fan)
        assert street.decisions()[fan] is Decision.ALLOW, "the name is free"
        app.assert_sound()


def test_a_worker_tells_truthfully_whether_it_serves(settings):
    with Application(settings()) as app:
        worker = app.worker()
        assert worker.get("/ready")[0] in (0, 503)
        worker.await_ready()
        assert json.loads(worker.get("/health")[1]) == {"ok": True, "problems": [], "notes": []}
        app.publish(traffic(300))
        app.drain()
        metrics = worker.get("/metrics")[1]
        for name in (
            "zhengming_records_total 300.0",
            "zhengming_partitions 2.0",
            'zhengming_transaction_step_seconds_count{step="commit"}',
            'zhengming_verdicts_total{decision="ALLOW",pack="cac2022"}',
        ):
            assert name in metrics
        assert worker.stop() == 0
        assert worker.get("/ready")[0] == 0


def test_two_plain_clients_see_what_the_domain_says(settings):
    """A producer and a consumer that know nothing of this project but the topics and JSON."""
    from confluent_kafka import Consumer, Producer

    with Application(settings()) as app:
        app.worker().await_ready()
        s = app.settings
        producer = Producer({"bootstrap.servers": s.kafka})
        producer.produce(real_name(s, CHANGES), key="a1", value=as_json(bio="养猫"))
        producer.flush(10)
        consumer = Consumer(
            {
                "bootstrap.servers": s.kafka,
                "group.id": "plain",
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
            }
        )
        consumer.subscribe([real_name(s, "account.verdicts")])
        message = wait_until(lambda: consumer.poll(0.5), 30, "the verdict arrives")
        consumer.close()
        from schemas.records import Verdict

        verdict = decode(Verdict, message.value())
        assert (verdict.event_id, verdict.decision) == ("bad", Decision.ALLOW)


def test_records_of_any_size_that_kafka_takes_are_set_aside_and_not_in_the_way(settings):
    sizes = {b"a1": 900_000, b"a2": 5_000_000}  # the second is small enough once compressed
    with Application(settings(partitions=1)) as app:
        app.producer = create_producer(app.settings, message_max_bytes=10_000_000)
        worker = app.worker().await_ready()
        for key, size in sizes.items():
            app.send(CHANGES, key, b"\xff" + bytes(size))
        good = change("good", "a3")
        app.send(CHANGES, b"a3", encode(good))
        app.flush()
        app.drain()
        whole, cut = app.dead_letters()
        assert (len(whole.value), whole.truncated) == (900_001, False)
        assert cut.truncated
        assert cut.origin[2] == 1
        assert [verdict.event_id for verdict in app.outputs("account.verdicts")] == ["good"]
        assert worker.exit_code is None
        app.assert_sound()


@pytest.mark.parametrize("by", ["an input", "a deadline"])
def test_a_state_of_a_newer_version_stops_the_worker_and_sets_nothing_aside(settings, by):
    with Application(settings()) as app:
        worker = app.worker().await_ready()
        app.send(CHANGES, b"a1", encode(change("e1")))
        app.flush()
        app.drain()
        assert worker.stop() == 0
        due = now() - DAY if by == "a deadline" else 0
        newer = encode_account(Account(version=99, seq=1), due)
        partition = partition_of_key(b"a1", app.settings.partitions)
        producer = create_producer(app.settings)
        producer.produce(changelog_topic(app.settings), newer, b"a1", partition)
        assert producer.flush(10) == 0
        worker.start()
        if by == "an input":
            app.send(CHANGES, b"a1", encode(change("e2")))
            app.flush()
        assert worker.await_exit() == TaskCorrupted.exit_code
        assert "account state has version 99, not 1" in worker.tail()
        assert "start that version again" in worker.tail()
        assert app.dead_letters() == []
