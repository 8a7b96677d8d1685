"""Sources on a real broker: killed, started again, and every change takes effect once."""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewPartitions, NewTopic
from msgspec.structs import replace

from schemas.records import AccountChange, ChangeKind
from streams.children import Child, free_ports
from streams.clients import create_admin, create_consumer, read_all
from streams.codecs import open_codec
from streams.demo.workers import environment
from streams.publishing import Publisher, record_bytes
from streams.sandbox import Kafka
from streams.settings import Settings
from streams.sources.feed import OPEN_AN_ACCOUNT, Feed
from streams.topics import create_topics, real_name, topic_of
from tests.conftest import SettingsFactory
from tests.integration.harness import Application
from tests.streams.command_line import Command, Left
from tests.streams.sources.servers import jetstream_server
from tests.streams.sources.wire import AT_MS, encoded, mysql, profile
from tests.support import wait_until

EXAMPLES = Path(__file__).parents[3] / "examples" / "sources"
AT_US = AT_MS * 1_000
STOP_S = 60.0
OnKafka = Callable[..., Left]


@pytest.fixture
def ours(settings: SettingsFactory) -> Settings:
    made = settings()
    create_topics(made)
    return made


@pytest.fixture
def on_kafka(command: Command, ours: Settings, tmp_path: Path) -> OnKafka:
    return lambda *arguments: command(*arguments, **environment(ours, tmp_path, ours.web_port))


def source(settings: Settings, directory: Path, *arguments: str) -> Child:
    """A source in a process of its own, which can be killed."""
    return Child(
        [sys.executable, "-m", "streams.cli", "source", *arguments],
        directory / "source.log",
        environment(settings, directory, settings.web_port),
    )


def published(settings: Settings, record: type[Any]) -> list[Any]:
    """All records of a topic, in the order of its partitions."""
    topic, decode = real_name(settings, topic_of(record).name), open_codec(settings).decode
    return [decode(record, message.value()) for message in read_all(settings, [topic])]


def await_changes(settings: Settings, child: Child, count: int) -> None:
    """Wait until so many different changes were published."""

    def there() -> bool:
        assert child.running, child.tail()
        return len({made.event_id for made in published(settings, AccountChange)}) >= count

    wait_until(there, 60, f"{count} changes; {child.tail()}", every=0.5)


def envelopes(count: int) -> list[tuple[bytes, bytes | None]]:
    """Envelopes of users with three updates each, a tombstone now and then."""
    made: list[tuple[bytes, bytes | None]] = []
    for number in range(count):
        user = number // 3
        row = {"id": user, "nickname": f"林{number}", "state": 1}
        value = mysql("u", None, row, source={"pos": 1_000 + number})
        made.append((str(user).encode(), encoded(value)))
        if number % 50 == 0:
            made.append((str(user).encode(), None))
    return made


def captured(settings: Settings, partitions: int) -> str:
    """Make a topic for change capture."""
    topic = f"{settings.topic_prefix}cdc"
    admin = create_admin(settings)
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(30)
    return topic


def test_a_change_capture_that_is_killed_and_repeats_takes_effect_once(
    ours: Settings, tmp_path: Path
) -> None:
    topic, count = captured(ours, 2), 900
    messages = envelopes(count)

    def send(some: list[tuple[bytes, bytes | None]]) -> None:
        publisher = Publisher(ours)
        for key, value in some:
            publisher.send(topic, key, value)
        publisher.finish()

    arguments = ("debezium", "--mapping", str(EXAMPLES / "debezium-mysql.yaml"), "--topic", topic)
    send(messages[: len(messages) // 2])
    first = source(ours, tmp_path, *arguments, "--from-beginning")
    await_changes(ours, first, 1)
    first.kill()
    send(messages[len(messages) // 3 :])  # a connector that was restarted sends again
    second = source(ours, tmp_path, *arguments)
    await_changes(ours, second, count)
    wait_until(lambda: metric(ours, "unread_messages") == 0, 30, "it has read all")
    assert (metric(ours, "connected"), metric(ours, "behind_seconds")) == (1, 0)
    assert second.stop(STOP_S) == 0, second.tail()
    told = json.loads(second.tail(1))
    assert told["skipped: tombstone"] > 0
    with Application(ours) as application:
        application.worker().await_ready()
        application.drain()
        report = application.assert_sound()
        verdicts = Counter(verdict.event_id for verdict in application.outputs("account.verdicts"))
    assert report.inputs - report.duplicates == count
    assert report.duplicates > 0, "nothing came twice, so nothing is proved"
    assert set(verdicts.values()) == {1}
    assert verdicts.keys() == {change.event_id for change in published(ours, AccountChange)}


class Capture:
    """A topic of change capture, and sources that read it, one after the other."""

    def __init__(self, settings: Settings, directory: Path, partitions: int) -> None:
        self.settings, self.directory = settings, directory
        self.topic = captured(settings, partitions)
        self.admin = create_admin(settings)
        self.sent = 0

    def send(self, count: int, partition: int = 0) -> None:
        """Send so many new users."""
        publisher = Publisher(self.settings)
        for number in range(self.sent, self.sent + count):
            value = mysql("c", after={"id": number, "nickname": "n"}, source={"pos": 1 + number})
            publisher.send(self.topic, b"k", encoded(value), partition=partition)
        publisher.finish()
        self.sent += count

    def start(self, *more: str) -> Child:
        mapping = str(EXAMPLES / "debezium-mysql.yaml")
        asked = ("debezium", "--mapping", mapping, "--topic", self.topic, *more)
        return source(self.settings, self.directory, *asked)

    def read(self, count: int, *more: str) -> list[str]:
        """Read so much and to the end, and stop; answers the accounts published meanwhile."""
        before, child = self.accounts(), self.start(*more)

        def read() -> bool:
            assert child.running, child.tail()
            there = (self.accounts() - before).total() >= count
            return there and metric(self.settings, "unread_messages") == 0

        wait_until(read, 60, "it reads to the end", every=0.5)
        assert child.stop(STOP_S) == 0, child.tail()
        return sorted((self.accounts() - before).elements())

    def accounts(self) -> Counter[str]:
        """Whose changes were published, each as often as it was."""
        return Counter(made.account_id for made in published(self.settings, AccountChange))

    def refused(self, code: int) -> str:
        """Start where there is no position to go on from; answers what it says as it leaves."""
        child = self.start()
        wait_until(lambda: not child.running, 60, "it leaves")
        assert child.exit_code == code, child.tail()
        return " ".join(child.tail().split())


def test_a_group_that_kafka_forgot_is_told_and_reads_nothing_again(
    ours: Settings, tmp_path: Path
) -> None:
    """All of it again would bring back as live what was corrected long ago."""
    capture = Capture(ours, tmp_path, 1)
    capture.send(3)
    assert "--from-beginning" in capture.refused(2)
    assert capture.read(3, "--from-beginning") == ["shop-0", "shop-1", "shop-2"]
    capture.send(1)
    assert capture.read(1) == ["shop-3"]
    group = f"{ours.app_id}-source-shop"
    capture.admin.delete_consumer_groups([group])[group].result(30)  # as after seven days
    told = capture.refused(2)
    assert f"the group {group} has no position in {capture.topic}" in told
    assert "--reset-offsets" in told
    assert capture.accounts().total() == 4


def test_a_topic_that_was_begun_empty_is_read_on_and_a_new_partition_from_its_beginning(
    ours: Settings, tmp_path: Path
) -> None:
    capture = Capture(ours, tmp_path, 1)
    begun = capture.start("--from-beginning")
    wait_until(lambda: get(ours, "/ready")[0] == 200, 60, f"it is there; {begun.tail()}")
    assert begun.kill() < 0
    capture.send(2)
    assert capture.read(2) == ["shop-0", "shop-1"]
    capture.admin.create_partitions([NewPartitions(capture.topic, 2)])[capture.topic].result(30)
    capture.send(2, partition=1)
    assert capture.read(2) == ["shop-2", "shop-3"]


def test_a_position_that_its_topic_does_not_hold_is_told_and_reads_nothing_again(
    ours: Settings, tmp_path: Path
) -> None:
    """As after a topic was made anew, or a replica took over that lacked its end."""
    capture = Capture(ours, tmp_path, 1)
    capture.send(2)
    assert capture.read(2, "--from-beginning") == ["shop-0", "shop-1"]
    group = create_consumer(ours, f"{ours.app_id}-source-shop")
    group.commit(offsets=[TopicPartition(capture.topic, 0, 100)], asynchronous=False)
    group.close()
    assert "--reset-offsets" in capture.refused(4)
    assert capture.accounts().total() == 2


def test_messages_that_were_deleted_unread_are_told_and_counted_once(
    ours: Settings, tmp_path: Path
) -> None:
    capture = Capture(ours, tmp_path, 1)
    capture.send(2)
    capture.read(2, "--from-beginning")
    capture.send(4)
    place = TopicPartition(capture.topic, 0, 6)
    capture.admin.delete_records([place])[place].result(30)
    counted = f'zhengming_expired_records_total{{topic="{capture.topic}"}} 4.0'
    reader = capture.start()
    wait_until(lambda: counted in get(ours, "/metrics")[1].splitlines(), 60, "they are counted")
    assert reader.stop(STOP_S) == 0, reader.tail()
    capture.send(1)
    assert capture.read(1) == ["shop-6"], "nothing else came since"
    log = (tmp_path / "source.log").read_text()
    (told,) = [line for line in log.splitlines() if "deleted by retention" in line]
    assert "critical" in told
    assert re.search(r"messages\W+4\b", told), told


def test_a_public_stream_goes_on_where_it_was_killed(
    ours: Settings, on_kafka: OnKafka, tmp_path: Path
) -> None:
    count, position = 300, tmp_path / "here.position"
    events = [
        profile(f"did:plc:{number % 90}", f"3m{number}", AT_US + number * 500_000, displayName="n")
        for number in range(count)
    ]
    arguments = ("jetstream", "--position", str(position), "--url")
    with jetstream_server(events[:200], drop_after=60) as server:
        first = source(ours, tmp_path, *arguments, server.url)
        await_changes(ours, first, 120)
        wait_until(position.exists, 30, "the position is kept")
        first.kill()
    with jetstream_server(events, drop_after=60) as server:
        second = source(ours, tmp_path, *arguments, server.url)
        await_changes(ours, second, count)
        assert second.stop(STOP_S) == 0, second.tail()
        assert server.cursors[0] is not None, "it began where it was killed"
    assert position.read_text().strip() == str(events[-1]["time_us"])
    replayed = json.loads(on_kafka("replay", "--from-topics", "--json").out)
    assert replayed["inputs"] - replayed["duplicates"] == count
    assert replayed["accounts"] == 90


def test_a_source_says_how_it_goes_and_is_not_ready_while_its_stream_is_away(
    ours: Settings, tmp_path: Path
) -> None:
    now_us = time.time_ns() // 1_000
    events = [profile(f"did:plc:{n}", f"3m{n}", now_us + n, displayName="n") for n in range(40)]
    events[1] |= {"kind": "identity", "commit": None}
    events[2] |= {"did": ""}
    (port,) = free_ports(1)
    with jetstream_server(events, drop_after=99, port=port) as server:
        child = source(ours, tmp_path, "jetstream", "--url", server.url)
        wait_until(lambda: get(ours, "/ready")[0] == 200, 60, f"it reads; {child.tail()}")
        wait_until(lambda: metric(ours, "changes_total") == 38, 30, "Kafka has taken all")
        assert metric(ours, "connected") == 1
    assert metric(ours, "messages_total") == 40
    assert metric(ours, 'skipped_total{reason="handle"}') == 1
    assert metric(ours, 'rejected_total{reason="no account id"}') == 1
    assert 0 <= metric(ours, "behind_seconds") < 600
    assert metric(ours, "last_event_timestamp_seconds") == pytest.approx(now_us / 1e6, abs=0.01)
    wait_until(lambda: get(ours, "/ready")[0] == 503, 30, "it says that its stream is away")
    assert "not connected: " in get(ours, "/ready")[1]
    assert (metric(ours, "connected"), get(ours, "/health")[0]) == (0, 200)
    with jetstream_server(events, drop_after=99, port=port):
        wait_until(lambda: get(ours, "/ready")[0] == 200, 30, "it has connected again")
    assert metric(ours, "reconnections_total") >= 1
    assert child.stop(STOP_S) == 0, child.tail()


def get(settings: Settings, path: str) -> tuple[int, str]:
    """Status and body of a page of the source's own web server; 0 when it does not answer."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{settings.web_port}{path}", timeout=20)
    except httpx.TransportError:
        return 0, ""
    return answer.status_code, answer.text


def metric(settings: Settings, series: str) -> float:
    """The value of one of its metrics; -1 where it does not stand there."""
    for line in get(settings, "/metrics")[1].splitlines():
        name, _, value = line.rpartition(" ")
        if name == f"zhengming_source_{series}":
            return float(value)
    return -1


def test_a_file_is_fed_once_however_often_it_is_taken_up(
    ours: Settings, on_kafka: OnKafka, tmp_path: Path
) -> None:
    file, position = tmp_path / "rows.jsonl", str(tmp_path / "rows.position")
    rows = [{"id": number, "nickname": "n", "updated": AT_MS // 1_000} for number in range(5)]
    file.write_bytes(b"\n".join(encoded(row) for row in rows[:3]) + b"\n\nnot a row\n")
    mapping = ("--mapping", str(EXAMPLES / "rows.yaml"))
    first = on_kafka("source", "jsonl", str(file), *mapping, "--position", position)
    assert json.loads(first.out) == {"changes": 3, "rejected: not JSON": 1}
    assert "line=5" in first.err or '"line": 5' in first.err or '"line":5' in first.err
    with file.open("ab") as more:
        more.write(b"\n".join(encoded(row) for row in rows[3:]) + b"\n")
    second = on_kafka("source", "jsonl", str(file), *mapping, "--position", position)
    assert json.loads(second.out) == {"changes": 2}
    on_kafka("source", "jsonl", str(file), *mapping)  # all of it again, under the same ids
    replayed = json.loads(on_kafka("replay", "--from-topics", "--json").out)
    assert (replayed["accounts"], replayed["duplicates"]) == (5, 5)


def lines_of(*numbers: int) -> bytes:
    """Rows of so many accounts, a line each."""
    rows = [{"id": n, "nickname": "n", "updated": AT_MS // 1_000} for n in numbers]
    return b"".join(encoded(row) + b"\n" for row in rows)


def test_a_line_that_is_half_written_is_left_for_the_next_run(
    ours: Settings, on_kafka: OnKafka, tmp_path: Path
) -> None:
    file, whole = tmp_path / "rows.jsonl", lines_of(0, 1)
    asked = ("source", "jsonl", str(file), "--mapping", str(EXAMPLES / "rows.yaml"))
    kept = ("--position", str(tmp_path / "rows.position"))
    for written, changes in ((whole[:-20], 1), (whole[:-1], 0), (whole, 1)):
        file.write_bytes(written)
        left = on_kafka(*asked, *kept)
        assert (left.code, json.loads(left.out).get("changes", 0)) == (0, changes)
        assert set(json.loads(left.out)) <= {"changes"}
    assert [made.account_id for made in published(ours, AccountChange)] == ["0", "1"]
    file.write_bytes(whole[:-1])
    assert json.loads(on_kafka(*asked).out) == {"changes": 2}, "without a position there is no next"


@pytest.mark.parametrize("other", [(7, 8, 9, 10, 11), (7, 1, 2), (0, 1)])
def test_a_file_that_was_replaced_is_told_and_nothing_of_it_is_passed_over(
    other: tuple[int, ...], ours: Settings, on_kafka: OnKafka, tmp_path: Path
) -> None:
    file, position = tmp_path / "rows.jsonl", tmp_path / "rows.position"
    asked = ("source", "jsonl", str(file), "--mapping", str(EXAMPLES / "rows.yaml"))
    asked += ("--position", str(position))
    file.write_bytes(lines_of(0, 1, 2))
    assert on_kafka(*asked).code == 0
    before = position.read_text()
    file.write_bytes(lines_of(*other))
    left = on_kafka(*asked)
    assert (left.code, "was the file replaced?" in left.err) == (2, True)
    assert position.read_text() == before
    assert len(published(ours, AccountChange)) == 3
    file.write_bytes(lines_of(0, 1, 2, 3))
    assert json.loads(on_kafka(*asked).out) == {"changes": 1}


def test_a_position_of_an_earlier_build_is_gone_on_from(
    ours: Settings, on_kafka: OnKafka, tmp_path: Path
) -> None:
    file, position = tmp_path / "rows.jsonl", tmp_path / "rows.position"
    asked = ("source", "jsonl", str(file), "--mapping", str(EXAMPLES / "rows.yaml"))
    position.write_text("2\n")
    file.write_bytes(lines_of(0, 1, 2))
    assert json.loads(on_kafka(*asked, "--position", str(position)).out) == {"changes": 1}
    assert [made.account_id for made in published(ours, AccountChange)] == ["2"]


def test_a_file_of_which_nothing_can_be_used_is_no_success(
    ours: Settings, on_kafka: OnKafka, tmp_path: Path
) -> None:
    file = tmp_path / "export.jsonl"
    file.write_text('{"partition": 0, "record": {}}\nnot a row\n')
    left = on_kafka("source", "jsonl", str(file), "--mapping", str(EXAMPLES / "rows.yaml"))
    assert left.code == 1
    assert sum(json.loads(left.out).values()) == 2
    assert "every line was rejected" in left.err


def test_an_account_never_has_more_open_than_the_stream_remembers(
    ours: Settings, on_kafka: OnKafka, tmp_path: Path
) -> None:
    """Else a source killed at the wrong moment would repeat what the stream has forgotten."""
    kept: list[int] = []
    feed = Feed(ours, lambda: kept.append(feed.counts["changes"]))
    made = AccountChange("e", "busy", AT_MS, ChangeKind.EDIT)
    for number in range(3 * OPEN_AN_ACCOUNT):
        if feed.take([replace(made, event_id=f"e{number}")]):
            feed.settle()
    assert kept == [OPEN_AN_ACCOUNT, 2 * OPEN_AN_ACCOUNT, 3 * OPEN_AN_ACCOUNT]
    assert len(published(ours, AccountChange)) == 3 * OPEN_AN_ACCOUNT


def test_a_change_that_no_batch_holds_stops_nothing(ours: Settings) -> None:
    """Its source would meet it again at every start, for its position stands before it."""
    made = AccountChange("e", "a", AT_MS, ChangeKind.EDIT, bio="")
    nearly = replace(made, bio="x" * 900_000)
    spare = ours.max_batch_bytes - record_bytes(b"a", open_codec(ours).encode(nearly))
    fits = "x" * (900_000 + spare)
    kept: list[int] = []
    feed = Feed(ours, lambda: kept.append(1))
    for bio in (fits, fits + "x", "after it"):
        feed.take([replace(made, bio=bio)])
    feed.settle()
    assert dict(feed.counts) == {"changes": 2, "rejected: too large": 1}
    assert [change.bio for change in published(ours, AccountChange)] == [fits, "after it"]
    assert kept


def test_what_is_missing_is_told_before_anything_is_read(
    ours: Settings, on_kafka: OnKafka, tmp_path: Path
) -> None:
    mapping = ("--mapping", str(EXAMPLES / "canal.yaml"))
    left = on_kafka("source", "debezium", *mapping, "--topic", "nowhere")
    assert (left.code, "no such topic: nowhere" in left.err) == (2, True)
    left = on_kafka("source", "jsonl", "-")
    assert (left.code, "either --mapping FILE or --format" in left.err) == (2, True)


def test_the_demo_runs_on_a_public_stream(command: Command, kafka: Kafka, redis_url: str) -> None:
    events = [
        profile(f"did:plc:{number}", f"3m{number}", AT_US + number * 500_000, displayName="n")
        for number in range(60)
    ]
    with jetstream_server(events, drop_after=25) as server:
        asked = ("--source", "jetstream", "--source-url", server.url, "--events", "60", "--json")
        left = command(
            "demo", *asked, "--workers", "1",
            ZHENGMING_KAFKA=kafka.bootstrap,
            ZHENGMING_REDIS=redis_url,
            ZHENGMING_PARTITIONS="2",
        )  # fmt: skip
    assert left.code == 0, left.err
    result = json.loads(left.out)
    assert (result["events"], result["lost"], result["doubled"], result["diverged"]) == (
        60,
        0,
        0,
        0,
    )
    assert result["duplicates"] > 0, "a dropped connection repeats the last seconds"
