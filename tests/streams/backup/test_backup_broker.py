"""Backup, restore and migration on real Kafka, between the traffic of one long history."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pytest

from processors.accounts import Account, decode, next_due
from streams import control_topics, directives, journal
from streams.backup import export, files, open_backup, plan, prove, restore, restoring
from streams.backup.carrying import left_behind
from streams.checker import Report, check
from streams.checker_base import base_of
from streams.clients import create_admin, end_offsets, group_members, read_all
from streams.commands.common import UNREACHABLE
from streams.dead_letters import read_letters, requeue
from streams.errors import BrokerUnreachable, ConfigurationError, TaskCorrupted
from streams.packs import load_policy
from streams.partitioning import partition_of_key
from streams.processing import DEAD_LETTER_HEADERS, HEADER_PREFIX
from streams.publishing import TransactionalPublisher
from streams.reserved import POSITIONS, RESERVED, decode_positions
from streams.settings import Settings
from streams.topics import (
    changelog_topic,
    create_topics,
    describe_topics,
    input_topics,
    real_name,
    used_topics,
)
from tests.integration.harness import Application
from tests.integration.test_across import Street, found
from tests.integration.test_crashes import traffic
from tests.streams.command_line import Left
from tests.streams.test_policy_broker import environment, stricter
from tests.support import wait_until

CHANGES = "account.changes"
T = TypeVar("T")


@pytest.fixture(autouse=True)
def _no_long_wait(monkeypatch):
    """Workers die here on purpose: what they leave open is waited for, but not for long."""
    monkeypatch.setattr("streams.clients.SETTLED_WITHIN_S", 3.0)


def insisted(work: Callable[[], T]) -> T:
    """What work returns in the end: where brokers are not ready for it, it is to be run again."""

    def tried() -> T | None:
        try:
            return work()
        except BrokerUnreachable:
            return None

    return wait_until(tried, 60, "the brokers are ready", every=0.2)


def states(settings: Settings) -> dict[int, dict[bytes, bytes]]:
    """The last value of every key of the changelog, by partition."""
    held: dict[int, dict[bytes, bytes]] = {p: {} for p in range(settings.partitions)}
    for message in read_all(settings, [changelog_topic(settings)]):
        if message.value() is None:
            held[message.partition()].pop(message.key(), None)
        else:
            held[message.partition()][message.key()] = message.value()
    return held


def accounts(settings: Settings) -> dict[bytes, bytes]:
    return {
        key: value
        for held in states(settings).values()
        for key, value in held.items()
        if not key.startswith(RESERVED)
    }


def sound_since(settings: Settings, directory: Path) -> Report:
    """Nothing lost, doubled or different since the backup."""
    report = check(settings, load_policy(settings), base=base_of(settings, directory))
    assert report.ok, f"{report.problems}\n{report.examples}"
    return report


def history() -> Iterator[Any]:
    return iter(traffic(2_000))


def interrupted(app: Application, items: Iterator[Any]) -> None:
    """A history that is cut off: claims are under way, and inputs wait."""
    app.publish(islice(items, 500))
    app.worker().await_ready()
    app.drain()
    beside = load_policy(app.settings)
    control_topics.activate(app.settings, stricter("2"), by="ana", beside=beside)
    app.workers[0].kill()
    found(Street(app))
    app.publish(islice(items, 200))
    for _ in range(6):
        assert app.worker(TEST_FAULT="5:2:kill").await_exit() == -signal.SIGKILL
        app.workers.clear()
        if under_way(app.settings):
            break
        app.publish(islice(items, 50))
    app.publish(islice(items, 100))
    left_alone(app)


def under_way(settings: Settings) -> bool:
    """Whether claims were sent that the partition of their key has not heard yet."""
    topic = real_name(settings, "name.claims")
    heard = {
        partition: decode_positions(held.get(POSITIONS, b"{}")).get(topic, 0)
        for partition, held in states(settings).items()
    }
    return any(m.offset() >= heard[m.partition()] for m in read_all(settings, [topic]))


def left_alone(app: Application) -> None:
    """Wait until the group has missed whoever was killed."""
    wait_until(lambda: not group_members(app.admin, app.settings.app_id), 20, "no member is left")


def unprocessed(settings: Settings, directory: Path) -> int:
    manifest = open_backup(directory)
    parts = [manifest.part(topic.name) for topic in input_topics()]
    return sum(part.records for part in parts if part is not None)


def test_an_application_moves_from_four_partitions_to_seven_and_nothing_is_lost(
    settings, command, tmp_path
):
    directory, items = tmp_path / "move", history()
    old: Settings = settings(partitions=4)
    new: Settings = settings(partitions=7)
    with Application(old) as app:
        interrupted(app, items)
        environment = {
            "ZHENGMING_KAFKA": old.kafka,
            "ZHENGMING_APP_ID": old.app_id,
            "ZHENGMING_TOPIC_PREFIX": old.topic_prefix,
            "ZHENGMING_PARTITIONS": "4",
        }
        arguments = ["migrate", str(directory), "--json", "--app-id", new.app_id]
        arguments += ["--topic-prefix", new.topic_prefix, "--partitions", "7"]

        def migrated() -> Left | None:
            left = command(*arguments, **environment)
            return None if left.code == UNREACHABLE else left

        left = wait_until(migrated, 60, "the brokers are ready", every=0.2)
        assert left.code == 0, left.err
        told = json.loads(left.out)
        assert told["ok"] and told["left_behind"] == {}
        before = accounts(old)
        assert accounts(new) == before, "every state byte for byte, deadlines and sequences, too"
        for partition, held in states(new).items():
            for key in held:
                assert key.startswith(RESERVED) or partition_of_key(key, 7) == partition
        waiting = unprocessed(old, directory)
        assert waiting >= 100
        manifest = open_backup(directory)
        assert manifest.part("name.claims") is not None, "claims were under way"
        app.publish(islice(items, 100))
        now = time.time_ns() // 1_000_000
        pause = directives.pause(
            begins=now, ends=now + 3_600_000, reason="late", by="ana", accounts=("nobody",)
        )
        control_topics.issue(old, pause)
        late = left_behind(old, new, manifest)
        assert late.pop("platform.directives") == 1
        assert sum(late.values()) == 100
    with Application(new) as app:
        app.worker().await_ready()
        # What still came to the old topics is carried over, once, while the new workers run.
        left = wait_until(migrated, 60, "the brokers are ready", every=0.2)
        assert left.code == 0, left.err
        again = json.loads(left.out)
        assert (again["carried"], again["left_behind"]) == (101, {})
        assert pause in journal.directives(control_topics.read_published(new)).values()
        assert json.loads(command(*arguments).out)["carried"] == 0
        app.publish(islice(items, 400))
        app.worker().await_ready()
        app.drain()
        report = sound_since(new, directory)
        assert report.inputs == waiting + 500
        after = accounts(new)
    grown = [key for key in before if decode(after[key]).seq > decode(before[key]).seq]
    assert len(grown) > len(before) / 2, "accounts go on from where they were"
    assert any(next_due(before[key]) for key in before), "there were deadlines to be kept"


def test_what_was_wiped_is_restored_from_its_backup_and_goes_on(settings, tmp_path):
    directory, items = tmp_path / "backup", history()
    ours: Settings = settings(partitions=3)
    with Application(ours) as app:
        interrupted(app, items)
        export(ours, directory)
        before = states(ours)
        audits = [record.hash for record in app.outputs("audit.records")]
        admin = create_admin(ours)
        for deleted in admin.delete_topics(list(used_topics(ours))).values():
            deleted.result(30)
    # Kafka may not have forgotten the topics of the same names.
    proof = insisted(lambda: restore(ours, directory))
    assert proof.ok
    again = restore(ours, directory)
    assert again == proof, "a second time changes nothing"
    with Application(ours) as app:
        now = states(ours)
        for partition, held in before.items():
            own = (b"\0positions", b"\0restored", b"\0control")
            assert {k: v for k, v in held.items() if k not in own} == {
                k: v for k, v in now[partition].items() if k not in own
            }
        assert sorted(r.hash for r in app.outputs("audit.records")) == sorted(audits)
        app.worker().await_ready()
        app.publish(islice(items, 400))
        app.drain()
        sound_since(ours, directory)
        assert prove(ours, directory).gone_on


def test_a_store_of_before_the_restore_is_refused_until_it_is_removed(settings, tmp_path):
    ours = settings(store="rocksdb")
    with Application(ours) as app:
        worker = app.worker().await_ready()
        app.publish(traffic(30))
        app.drain()
        assert worker.stop() == 0
        other = app.worker().await_ready()  # so that the first one's store is not up to date
        app.publish(traffic(300, seed=3))
        app.drain(supervised=False)
        assert other.stop() == 0
        left_alone(app)
        export(ours, tmp_path / "backup")
        for deleted in app.admin.delete_topics(list(used_topics(ours))).values():
            deleted.result(30)
        assert insisted(lambda: restore(ours, tmp_path / "backup")).ok
        assert worker.start().await_exit() == TaskCorrupted.exit_code
        assert "holds states of another changelog" in worker.tail()
        shutil.rmtree(ours.data_dir)
        worker.start().await_ready()
        app.publish(traffic(200, seed=2))
        app.drain(supervised=False)
        sound_since(ours, tmp_path / "backup")


def test_a_sweep_that_was_ordered_goes_on_after_another_restore(settings, command, tmp_path):
    """A restore leaves a gap behind the packs that it wrote; the next one closes it."""
    first, second, third = (settings(partitions=1) for _ in range(3))
    beside = load_policy(first)

    def swept(of: Settings) -> list[str]:
        return [sweep.id for sweep in control_topics.read_in_force(of, beside).sweeps]

    create_topics(first)
    control_topics.activate(first, stricter("2"), by="ana", beside=beside)
    export(first, tmp_path / "1")
    insisted(lambda: restore(second, tmp_path / "1"))
    control_topics.activate(second, stricter("3"), by="ana", beside=beside)
    order = ("sweep", "start", "--by", "ana", "--reason", "inspection", "--id", "all")
    assert command(*order, **environment(second)).code == 0
    assert swept(second) == ["all"]
    export(second, tmp_path / "2")
    insisted(lambda: restore(third, tmp_path / "2"))
    assert swept(third) == ["all"]


def test_which_dead_letters_were_sent_again_is_known_after_every_restore(settings, tmp_path):
    first, second, third = settings(partitions=1), settings(partitions=1), settings(partitions=3)
    create_topics(first)
    publisher = TransactionalPublisher(first, "letters")
    said = ("UNDECODABLE", "no record", real_name(first, CHANGES), "0", "7", "1")
    headers = [
        (HEADER_PREFIX + name, value.encode())
        for name, value in zip(DEAD_LETTER_HEADERS, said, strict=True)
    ]
    for key in (b"a", b"b", b"c"):  # each in a transaction of its own: there are gaps between
        publisher.begin()
        publisher.send(real_name(first, "dead.letters"), key, b"?", partition=0, headers=headers)
        publisher.commit()

    def again(of: Settings) -> dict[bytes, bool]:
        return {letter.key: letter.sent_again for letter in read_letters(of)}

    def send(of: Settings, key: bytes) -> None:
        assert requeue(of, lambda letters: [one for one in letters if one.key == key]) == 1

    send(first, b"b")
    assert again(first) == {b"a": False, b"b": True, b"c": False}
    export(first, tmp_path / "1")
    insisted(lambda: restore(second, tmp_path / "1"))
    assert again(second) == again(first)
    send(second, b"a")
    export(second, tmp_path / "2")
    insisted(lambda: restore(third, tmp_path / "2"))
    assert again(third) == {b"a": True, b"b": True, b"c": False}


def test_inputs_keep_the_time_at_which_kafka_took_them(settings, tmp_path):
    old, new = settings(partitions=2), settings(partitions=3)
    with Application(old) as app:
        app.publish(islice(history(), 50))
        export(old, tmp_path / "b")
    insisted(lambda: restore(new, tmp_path / "b"))

    def times(of: Settings) -> list[tuple[bytes, int]]:
        names = [real_name(of, topic.name) for topic in input_topics()]
        return sorted((m.value(), m.timestamp()[1]) for m in read_all(of, names))

    assert times(new) == times(old)
    with Application(new) as app:
        app.publish(islice(traffic(60, seed=9, prefix="later-"), 1))
        newest = max(
            m.timestamp() for m in read_all(new, [real_name(new, t.name) for t in input_topics()])
        )
        assert newest[0] == 2, "the broker's time counts again"


def test_what_waits_is_kept_until_workers_can_read_it(settings, command, tmp_path):
    day = 86_400_000
    old, new = settings(partitions=1), settings(partitions=1)
    with Application(old) as app:
        app.publish(islice(history(), 50))
        export(old, tmp_path / "b")
    part = open_backup(tmp_path / "b").part(CHANGES)
    oldest = min(kept.timestamp for kept in files.read(tmp_path / "b", part))
    create_topics(new)
    changes = real_name(new, CHANGES)
    restoring.set_of_topics(new, "retention.ms", {changes: "60000"})
    environment = {
        "ZHENGMING_KAFKA": new.kafka,
        "ZHENGMING_APP_ID": new.app_id,
        "ZHENGMING_TOPIC_PREFIX": new.topic_prefix,
        "ZHENGMING_PARTITIONS": "1",
    }

    def restored() -> Left | None:
        left = command("backup", "restore", str(tmp_path / "b"), **environment)
        return None if left.code == UNREACHABLE else left

    begun = time.time_ns() // 1_000_000
    left = wait_until(restored, 60, "the brokers are ready", every=0.2)
    assert left.code == 0, left.err
    kept = {
        state.topic.name: int(state.config["retention.ms"])
        for state in describe_topics(new)
        if state.topic in input_topics()
    }
    assert kept.pop(CHANGES) >= begun - oldest + 3 * day, "three days from now on"
    assert f"{changes}: what waits there" in left.out, "somebody has to set it back"
    assert set(kept.values()) == {30 * day}, "where nothing is in danger nothing is changed"


class Interrupted(Exception):
    """The process dies here."""


def test_a_restore_that_is_cut_off_keeps_workers_out_and_goes_on(settings, tmp_path, monkeypatch):
    directory = tmp_path / "b"
    old, new = settings(partitions=2), settings(partitions=5)
    with Application(old) as app:
        app.publish(islice(history(), 600))
        app.worker().await_ready()
        app.drain()
        app.workers[0].stop()
        export(old, directory)
    monkeypatch.setattr("streams.backup.restoring.AT_ONCE", 40)
    commits = iter(range(100))
    commit = TransactionalPublisher.commit

    def dying(publisher: TransactionalPublisher) -> None:
        if next(commits) == 9:
            raise Interrupted
        commit(publisher)

    monkeypatch.setattr(TransactionalPublisher, "commit", dying)
    with pytest.raises(Interrupted):
        insisted(lambda: restore(new, directory))
    monkeypatch.setattr(TransactionalPublisher, "commit", commit)
    with Application(new) as app:
        worker = app.worker()
        assert worker.await_exit() == 2
        assert "a restore has not come to its end" in worker.log.read_text()
        app.workers.clear()
        assert insisted(lambda: restore(new, directory)).ok
        assert accounts(new) == accounts(old)
        app.publish(islice(traffic(200, seed=2, prefix="later-"), 200))
        app.worker().await_ready()
        app.drain()
        sound_since(new, directory)


def test_a_backup_that_is_cut_off_is_begun_anew_and_is_its_owners(settings, tmp_path, monkeypatch):
    directory, written = tmp_path / "b", files.write
    with Application(settings(partitions=1)) as app:
        app.publish(islice(history(), 50))

        def dying(path: Path, records: Any) -> int:
            if path.name.startswith(CHANGES):
                written(path, islice(records, 10))
                raise Interrupted
            return written(path, records)

        with monkeypatch.context() as patch:
            patch.setattr(files, "write", dying)
            with pytest.raises(Interrupted):
                insisted(lambda: export(app.settings, directory))
        with pytest.raises(ConfigurationError, match="was cut off"):
            open_backup(directory)
        (directory / "notes.txt").write_text("of somebody else")
        with pytest.raises(ConfigurationError, match="is not empty"):
            export(app.settings, directory)
        (directory / "notes.txt").unlink()
        with files.writing(directory), pytest.raises(ConfigurationError, match="another process"):
            export(app.settings, directory)
        export(app.settings, directory)
        assert unprocessed(app.settings, directory) == 50, "all of them, once"
        with pytest.raises(ConfigurationError, match="is not empty"):
            export(app.settings, directory)
    modes = {path.stat().st_mode & 0o777 for path in directory.iterdir()}
    assert (directory.stat().st_mode & 0o777, modes) == (0o700, {0o600})


def test_a_backup_is_refused_while_a_worker_runs(settings, tmp_path):
    with Application(settings()) as app:
        app.worker().await_ready()
        with pytest.raises(ConfigurationError, match=r"1 workers of .* run; stop all"):
            export(app.settings, tmp_path / "b")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("damage", ["changed", "cut", "missing", "added", "manifest", "unsealed"])
def test_a_damaged_backup_is_refused_before_anything_is_written(
    settings, command, tmp_path, damage
):
    directory = tmp_path / "b"
    old, new = settings(partitions=1), settings(partitions=2)
    with Application(old) as app:
        app.publish(islice(history(), 20))
        export(old, directory)
    file = directory / "account.changes.avro"
    content = file.read_bytes()
    if damage == "changed":
        file.write_bytes(content[:-40] + bytes([content[-40] ^ 1]) + content[-39:])
    elif damage == "cut":
        file.write_bytes(content[:-100])
    elif damage == "missing":
        file.unlink()
    elif damage == "added":
        (directory / "account.rulings.avro").write_bytes(content)
    elif damage == "manifest":
        manifest = (directory / "manifest.json").read_text()
        (directory / "manifest.json").write_text(manifest.replace('"accounts": 0', '"accounts": 1'))
    else:
        (directory / "manifest.sha256").unlink()
    left = command(
        "backup",
        "restore",
        str(directory),
        ZHENGMING_KAFKA=new.kafka,
        ZHENGMING_APP_ID=new.app_id,
        ZHENGMING_TOPIC_PREFIX=new.topic_prefix,
        ZHENGMING_PARTITIONS="2",
    )
    assert left.code == 2
    assert "the backup is damaged, and nothing was done" in left.err
    with pytest.raises(ConfigurationError, match="no such topic"):
        end_offsets(create_admin(new), [changelog_topic(new)])


def test_topics_that_hold_something_else_are_left_alone(settings, tmp_path):
    directory = tmp_path / "b"
    old, other = settings(partitions=1), settings(partitions=1)
    with Application(old) as app:
        app.publish(islice(history(), 20))
        export(old, directory)
    with Application(other) as app:
        app.publish(islice(history(), 5))
        with pytest.raises(ConfigurationError, match="is not empty"):
            restore(other, directory)


def test_the_plan_counts_what_would_be_written_and_writes_nothing(settings, tmp_path):
    directory = tmp_path / "b"
    old, new = settings(partitions=2), settings(partitions=5)
    with Application(old) as app:
        app.publish(islice(history(), 300))
        app.worker().await_ready()
        app.drain()
        app.workers[0].stop()
        app.publish(islice(traffic(100, seed=3, prefix="w-"), 100))
        export(old, directory)
        planned = plan(new, directory)
        assert planned.before == 2
        assert planned.after == 5
        assert sum(planned.accounts) == len(accounts(old))
        assert sum(planned.inputs) >= 100
    with pytest.raises(ConfigurationError, match="no such topic"):
        end_offsets(create_admin(new), [changelog_topic(new)])


def test_an_account_of_the_backup_is_the_account_that_was(settings, tmp_path):
    """The files are plain Avro: a state in them is the state, without any of the tools here."""
    import fastavro

    directory = tmp_path / "b"
    with Application(settings(partitions=1)) as app:
        app.publish(islice(history(), 100))
        app.worker().await_ready()
        app.drain()
        app.workers[0].stop()
        export(app.settings, directory)
        expected = accounts(app.settings)
    with (directory / "accounts-changelog.avro").open("rb") as file:
        kept = {row["key"]: row["value"] for row in fastavro.reader(file)}
    assert {k: v for k, v in kept.items() if not k.startswith(RESERVED)} == expected
    assert isinstance(decode(next(iter(expected.values()))), Account)
