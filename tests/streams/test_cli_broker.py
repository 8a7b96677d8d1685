"""The command line on a real broker."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.codec import encode
from schemas.records import AccountComplaint, ComplaintCategory
from streams.checker import check
from streams.clients import create_producer
from streams.demo.workers import WorkerPool, environment
from streams.demo.workers import command as program
from streams.packs import load_policy
from streams.publishing import record_bytes
from streams.settings import Settings
from streams.topics import create_topics, real_name
from tests.conftest import SettingsFactory
from tests.streams.command_line import Command, Left
from tests.support import wait_until

OnKafka = Callable[..., Left]
HONEST = {
    "event_id": "e1",
    "account_id": "a1",
    "occurred_at": 1_700_000_000_000,
    "kind": "EDIT",
    "name": "林小鱼",
}


@pytest.fixture
def ours(settings: SettingsFactory) -> Settings:
    return settings()


@pytest.fixture
def on_kafka(command: Command, ours: Settings) -> OnKafka:
    """The command, set to the broker and the names of this test."""

    def call(*arguments: str) -> Left:
        return command(
            *arguments,
            ZHENGMING_KAFKA=ours.kafka,
            ZHENGMING_APP_ID=ours.app_id,
            ZHENGMING_TOPIC_PREFIX=ours.topic_prefix,
            ZHENGMING_PARTITIONS=str(ours.partitions),
        )

    return call


@contextmanager
def worker(settings: Settings, directory: Path) -> Iterator[None]:
    """A worker process, ready."""
    pool = WorkerPool(settings, directory)
    try:
        pool.start(1)
        wait_until(lambda: pool.ready() == 1, 60, "the worker is ready", every=0.1)
        yield
    finally:
        pool.stop()


def lines(path: Path, *records: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def test_topics_are_created_once_and_listed(on_kafka: OnKafka, ours: Settings) -> None:
    before = json.loads(on_kafka("topics", "list", "--json").out)
    assert {topic["partitions"] for topic in before} == {0}
    created = on_kafka("topics", "create")
    assert created.code == 0
    assert f"created {ours.topic_prefix}account.changes" in created.out
    assert on_kafka("topics", "create").out == "all topics are there\n"
    after = json.loads(on_kafka("topics", "list", "--json").out)
    counts = {topic["direction"]: topic["partitions"] for topic in after}
    assert counts == {"in": 2, "out": 2, "repartition": 2, "internal": 2, "control": 1}
    assert not any(topic["differences"] for topic in after)
    table = on_kafka("topics", "list").out
    assert "Registrations, edits of the six watched fields" in table


def test_publishing_before_the_topics_are_there_says_what_to_do(
    on_kafka: OnKafka, tmp_path: Path
) -> None:
    left = on_kafka("publish", lines(tmp_path / "in.jsonl", HONEST))
    assert left.code == 2
    assert "run `zhengming topics create`" in left.err


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("part", [["worker"], ["views"], ["views", "rebuild"]])
def test_a_part_that_is_set_to_another_number_of_partitions_than_there_are_does_not_start(
    ours: Settings, tmp_path: Path, part: list[str], partitions: int
) -> None:
    create_topics(ours)
    wrong = ours.model_copy(update={"partitions": partitions})
    left = subprocess.run(
        program(*part),
        env=os.environ | environment(wrong, tmp_path, 0),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert left.returncode == 2
    told = left.stdout + left.stderr
    assert re.search(rf"{re.escape(ours.topic_prefix)}\S+ has 2", told)
    assert f"ZHENGMING_PARTITIONS is {partitions}" in told
    assert "set ZHENGMING_PARTITIONS to what is there" in told


def test_every_line_of_a_workers_log_is_json(ours: Settings, tmp_path: Path) -> None:
    create_topics(ours)
    with worker(ours, tmp_path):
        pass
    (log,) = tmp_path.glob("worker-*.log")  # standard output and standard error
    events = [json.loads(line)["event"] for line in log.read_bytes().decode().split("\n") if line]
    assert {"worker starting", "worker stopped"} <= set(events)


def test_what_is_keyed_by_kafkas_own_count_is_published_whatever_the_setting_says(
    on_kafka: OnKafka, ours: Settings, tmp_path: Path
) -> None:
    create_topics(ours.model_copy(update={"partitions": 3}))
    left = on_kafka("publish", lines(tmp_path / "in.jsonl", HONEST))
    assert (left.code, left.out) == (0, "1 published\n")


def test_what_is_published_can_be_replayed(
    on_kafka: OnKafka, ours: Settings, tmp_path: Path
) -> None:
    create_topics(ours)
    file = str(tmp_path / "traffic.jsonl")
    on_kafka(
        "simulate", "--events", "400", "--accounts", "30", "--start", "1700000000000", "--out", file
    )
    published = on_kafka("publish", file)
    assert (published.code, published.out) == (0, "400 published\n")
    replayed = json.loads(on_kafka("replay", "--from-topics", "--json").out)
    in_file = json.loads(on_kafka("replay", "--json", file).out)
    assert (replayed["inputs"], replayed["accounts"]) == (400, 30)
    assert replayed["duplicates"] == in_file["duplicates"]
    assert json.loads(on_kafka("replay", "--from-topics", "--json", "--end", "2020-01-01").out) == {
        "accounts": 0,
        "duplicates": 0,
    }


def test_a_pack_is_tried_on_the_topics_with_any_number_of_processes(
    on_kafka: OnKafka, ours: Settings, tmp_path: Path
) -> None:
    create_topics(ours)
    file = str(tmp_path / "traffic.jsonl")
    on_kafka(
        "simulate", "--events", "400", "--accounts", "30", "--start", "1700000000000", "--out", file
    )
    on_kafka("publish", file)

    def outcome(*arguments: str) -> dict[str, Any]:
        left = on_kafka("policy", "backtest", "dsa2022", *arguments, "--json")
        assert left.code == 0, left.err
        told: dict[str, Any] = json.loads(left.out)
        return {name: told[name] for name in ("inputs", "accounts", "judgements", "rules")}

    alone = outcome("--from-topics")
    assert alone == outcome("--from-topics", "--processes", "2")
    assert (alone["inputs"], alone["accounts"]) == (400, 30)


def test_restrictions_on_the_topics_become_statements_of_reasons(
    on_kafka: OnKafka, ours: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_topics(ours)
    both = ours.model_copy(update={"pack": "cac2022,dsa2022"})
    monkeypatch.setenv("ZHENGMING_PACK", both.pack)
    scam = HONEST | {"phase": "APPLIED", "bio": "Doublez votre argent"}
    on_kafka("publish", lines(tmp_path / "in.jsonl", scam))
    with worker(both, tmp_path):
        exported = ("export", "statements", "--from-topics", "--pack", "cac2022,dsa2022")
        wait_until(lambda: on_kafka(*exported).out, 60, "a statement")
        (body,) = [json.loads(line) for line in on_kafka(*exported).out.splitlines()]
    (statement,) = body["statements"]
    assert statement["category"] == "STATEMENT_CATEGORY_SCAMS_AND_FRAUD"
    report = check(both, load_policy(both))
    assert report.ok, report.examples


def test_a_bad_line_means_that_nothing_is_published(
    on_kafka: OnKafka, ours: Settings, tmp_path: Path
) -> None:
    create_topics(ours)
    file = lines(tmp_path / "in.jsonl", HONEST, {"account_id": "a"}, HONEST, {})
    left = on_kafka("publish", file)
    assert left.code == 2
    assert f"{file}:2: INVALID_FIELD" in left.err
    assert f"{file}:4: INVALID_FIELD" in left.err
    assert "nothing was published: mend 2 bad lines" in left.err
    assert json.loads(on_kafka("replay", "--from-topics", "--json").out)["accounts"] == 0


def test_what_a_worker_would_set_aside_or_kafka_not_take_is_a_bad_line(
    on_kafka: OnKafka, ours: Settings, tmp_path: Path
) -> None:
    create_topics(ours)
    complaint = {
        "topic": "account.complaints",
        "record": {k: HONEST[k] for k in ("event_id", "account_id", "occurred_at")}
        | {"complaint_id": "c", "category": "OTHER", "evidence": ["e" * 200] * 6_000},
    }
    file = lines(tmp_path / "in.jsonl", HONEST, HONEST | {"event_id": ""}, complaint, HONEST)
    left = on_kafka("publish", file)
    assert left.code == 2
    assert f"{file}:2: INVALID_FIELD: event_id is empty" in left.err
    assert f"{file}:3: TOO_LARGE: 12" in left.err
    assert json.loads(on_kafka("replay", "--from-topics", "--json").out)["accounts"] == 0


@pytest.mark.parametrize(("over", "code"), [(0, 0), (1, 2)])
def test_the_largest_input_that_kafka_takes_is_published_and_one_byte_more_is_a_bad_line(
    over: int, code: int, on_kafka: OnKafka, ours: Settings, tmp_path: Path
) -> None:
    """A producer counts more than key and value, and takes none that is larger by that."""
    create_topics(ours)
    at = HONEST["occurred_at"]
    evidence = ["e" * 19_900] * 50 + ["e" * 4_000]
    complaint = AccountComplaint("e1", "a1", at, "c", ComplaintCategory.OTHER, evidence=evidence)
    spare = ours.max_batch_bytes - record_bytes(b"a1", encode(complaint))
    evidence[-1] += "e" * (spare + over)
    asked = {"topic": "account.complaints", "record": msgspec.to_builtins(complaint)}
    file = lines(tmp_path / "in.jsonl", asked)
    left = on_kafka("publish", file)
    assert left.code == code, left.err
    assert ("1: TOO_LARGE: 1000001 bytes" in left.err) is bool(over)


def test_one_large_letter_does_not_keep_the_others_from_being_sent_again(
    on_kafka: OnKafka, ours: Settings, tmp_path: Path
) -> None:
    """A topic counts the bytes that are left when they are packed: so more than its limit come."""
    create_topics(ours)
    topic = real_name(ours, "account.changes")
    producer = create_producer(ours, message_max_bytes=3_000_000)
    for value in (b"\xff" * 1_500_000, b"\xffnonsense"):
        producer.produce(topic, key=b"a1", value=value, partition=0)
    producer.flush(10)
    with worker(ours, tmp_path):
        wait_until(lambda: len(letters(on_kafka)) == 2, 30, "two dead letters")
        assert {letter["reason"] for letter in letters(on_kafka)} == {"UNDECODABLE"}
        left = on_kafka("dead-letters", "requeue", "--json")
        assert (left.code, json.loads(left.out)["sent"]) == (0, 2), left.err
        wait_until(lambda: len(letters(on_kafka)) == 4, 30, "they are set aside anew")
    report = check(ours, load_policy(ours))
    assert report.ok, report.examples


def test_doctor_looks_at_the_broker(on_kafka: OnKafka, ours: Settings) -> None:
    def checks() -> dict[str, dict[str, Any]]:
        report = json.loads(on_kafka("doctor", "--json").out)
        return {found["what"]: found for found in report["checks"]}

    missing = checks()["topics"]
    assert not missing["ok"]
    assert missing["cure"].startswith("run `zhengming topics create`")
    create_topics(ours)
    found = checks()
    assert all(found[what]["ok"] for what in ("Kafka", "topics", "partitions", "event time"))
    assert "cac2022" in found["pack"]["seen"]


def test_doctor_is_content_when_all_is_well(
    command: Command, on_kafka: OnKafka, ours: Settings, redis_url: str
) -> None:
    create_topics(ours)
    on_kafka("topics", "list")  # sets the variables
    left = command("doctor", ZHENGMING_REDIS=redis_url)
    assert left.code == 0
    assert "fault" not in left.out


def test_dead_letters_are_listed_sent_again_once_and_answered(
    on_kafka: OnKafka, ours: Settings, tmp_path: Path
) -> None:
    """A record that is wrong becomes a dead letter; sent again it becomes another, no more."""
    create_topics(ours)
    topic = real_name(ours, "account.changes")
    producer = create_producer(ours)
    producer.produce(topic, key=b"a1", value=b"\xffnonsense", partition=0, headers=[("h", b"1")])
    producer.produce(topic, key=b"b", value=json.dumps(HONEST).encode(), partition=1)
    producer.flush(10)
    with worker(ours, tmp_path):
        wait_until(lambda: len(letters(on_kafka)) == 2, 30, "two dead letters")
        told = letters(on_kafka)
        assert {letter["reason"] for letter in told} == {"UNDECODABLE", "KEY_MISMATCH"}
        assert {letter["state"] for letter in told} == {"waiting"}
        assert "nonsense" not in json.dumps(told)
        assert len(letters(on_kafka, "--reason", "undecodable")) == 1
        assert len(letters(on_kafka, "--at", "0:0-9")) == 1
        assert letters(on_kafka, "--topic", "account.rulings") == []

        dry = on_kafka("dead-letters", "requeue", "--dry-run")
        assert dry.out == "2 would be sent again, 0 were sent before, 0 cannot be sent\n"
        first = on_kafka("dead-letters", "requeue", "--reason", "UNDECODABLE", "--json")
        assert json.loads(first.out) == {
            "sent": 1,
            "sent_before": 0,
            "cannot_be_sent": 0,
            "dry_run": False,
        }
        wait_until(lambda: len(letters(on_kafka)) == 3, 30, "it is set aside anew")
        again = [letter for letter in letters(on_kafka) if letter["reason"] == "UNDECODABLE"]
        assert [letter["state"] for letter in again] == ["sent again", "waiting"]
        only_first = ("--at", again[0]["place"])
        assert on_kafka("dead-letters", "requeue", *only_first).out == (
            "0 sent again, 1 were sent before, 0 cannot be sent\n"
        )
        forced = on_kafka("dead-letters", "requeue", *only_first, "--again")
        assert forced.out.startswith("1 sent again")
        wait_until(lambda: len(letters(on_kafka)) == 4, 30, "it is set aside once more")
    report = check(ours, load_policy(ours))
    assert report.ok, report.examples
    assert (report.inputs, report.dead_letters) == (4, 4)
    assert "4 dead letters" in on_kafka("dead-letters", "list").out


def letters(on_kafka: OnKafka, *options: str) -> list[dict[str, Any]]:
    left = on_kafka("dead-letters", "list", "--json", *options)
    assert left.code == 0, left.err
    return [json.loads(line) for line in left.out.splitlines()]


def test_an_account_without_audit_records_is_not_said_to_be_sound(
    on_kafka: OnKafka, ours: Settings
) -> None:
    create_topics(ours)
    for more in ([], ["--json"]):
        left = on_kafka("audit", "verify", "--account", "nope", *more)
        assert (left.code, left.out) == (2, "")
        assert "there is no audit record of an account 'nope'" in left.err
    assert on_kafka("audit", "verify").code == 0


def test_every_list_shows_names_and_reasons_whatever_they_hold(
    on_kafka: OnKafka, ours: Settings
) -> None:
    create_topics(ours)
    hostile = "[/x] \x1b[31m:x:"
    seen = "[/x] ⟨U+001B⟩[31m:x:"
    said = ["--by", hostile, "--reason", hostile, "--hours", "1"]
    done = [
        on_kafka("directive", "pause", *said, "--account", hostile, "--id", f"{hostile}1"),
        on_kafka("sweep", "start", *said, "--account", hostile, "--id", f"{hostile}2"),
        on_kafka("policy", "activate", "cac2022", "--by", hostile, "--author", "[red]"),
    ]
    producer = create_producer(ours)
    named = ("reason", "error", "topic", "partition", "offset", "timestamp")
    told = ("undecodable", hostile, hostile, "0", "0", "0")
    headers = [(f"zhengming-{n}", v.encode()) for n, v in zip(named, told, strict=True)]
    producer.produce(real_name(ours, "dead.letters"), b"x", b"x", headers=headers)
    assert producer.flush(10) == 0
    shown = [
        on_kafka(*words.split())
        for words in (
            "directive list",
            "sweep status",
            "policy list",
            "dead-letters list",
            "topics list",
            "topics acls",
            "audit verify",
            "doctor",
        )
    ]
    for left in (*done, *shown):
        assert "Traceback" not in left.err
        assert "\x1b" not in left.out + left.err
    assert [left.code for left in (*done, *shown[:-1])] == [0] * 10
    for left in (*done[:2], *shown[:4]):
        assert seen in left.out
