"""`zhengming replay`: a range of the topics, or a file, through the pure domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, NamedTuple

import typer
from rich.table import Table

from processors import engine
from schemas.errors import DeadLetterReason, DecodeError
from schemas.records import Disposal, Verdict
from streams.clients import read_all
from streams.codecs import open_codec
from streams.commands.common import fail, opened, out, print_json, progress_bar
from streams.jsonl import LineError, read_lines
from streams.offline import Offline, limits_of
from streams.packs import load_policy
from streams.regions import open_regions
from streams.settings import Settings, load_settings
from streams.topics import input_topics, real_name

AT_ONCE = 1_000


class Stored(NamedTuple):
    """A record of an input topic, as it came. Sorts by the order in which it is replayed.

    ``order`` is the time that counts for merging: no earlier than that of the record before it in
    its partition.
    """

    order: int
    topic: int
    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes


def replay(
    file: Annotated[
        str | None, typer.Argument(help="JSON lines of inputs; - for standard input.")
    ] = None,
    from_topics: Annotated[
        bool, typer.Option("--from-topics", help="The input topics instead of a file.")
    ] = False,
    begin: Annotated[
        str | None, typer.Option(help="Only records from this time on: ms, or ISO 8601 (UTC).")
    ] = None,
    end: Annotated[
        str | None, typer.Option(help="Only records before this time: ms, or ISO 8601 (UTC).")
    ] = None,
    outputs: Annotated[bool, typer.Option("--outputs", help="Outputs as JSON lines.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The summary as JSON.")] = False,
) -> None:
    """Run inputs through the pure domain, under the configured pack. Writes nothing to Kafka.

    Accounts begin empty: a range that begins late is judged as if nothing had been before. Topics
    are merged by record time; a file is taken in its order. Deadlines fire on event time.
    """
    if from_topics == (file is not None):
        raise fail("replay what? give a FILE, or --from-topics")
    settings = load_settings()
    first, last = _time("--begin", begin), _time("--end", end)
    regions, key = open_regions(settings), settings.hashing_key()
    offline = Offline(load_policy(settings), limits_of(settings), regions, key)
    made: Counter[str] = Counter()
    if file is None:
        inputs: Iterable[engine.Input] = _from_topics(settings, first, last, made)
    else:
        inputs = _from_file(file, first, last)
    remaining = iter(inputs)
    try:
        while batch := list(islice(remaining, AT_ONCE)):
            applied = offline.apply(batch)
            made["inputs"] += len(batch)
            for _, reason, _ in applied.rejected:
                made[f"dead letter {reason}"] += 1
            for record in applied.outputs:
                _count(made, record)
                if outputs:
                    print_json({"type": type(record).__name__, "record": record})
    except LineError as error:
        raise fail(f"{error}; mend the line: docs/topics.md has the fields") from error
    made["duplicates"] = offline.duplicates
    made["accounts"] = len(offline.states)
    if json:
        print_json(dict(sorted(made.items())))
    elif not outputs:
        table = Table("what", "count")
        for name, count in sorted(made.items()):
            table.add_row(name, f"{count:,}")
        out.print(table)


def _count(made: Counter[str], record: Any) -> None:
    made[type(record).__name__] += 1
    if isinstance(record, Verdict):
        made[f"verdict {record.decision}"] += 1
    elif isinstance(record, Disposal):
        made[f"disposal {record.action} {record.step}"] += 1


def _time(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    if text.isdigit():
        return int(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise fail(
            f"{option} {text}: give milliseconds, or a time such as 2026-11-01T08:00"
        ) from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return int(at.timestamp() * 1000)


def _within(at: int, first: int | None, last: int | None) -> bool:
    return (first is None or at >= first) and (last is None or at < last)


def _from_file(file: str, first: int | None, last: int | None) -> Iterator[engine.Input]:
    with opened(file, "replaying") as source:
        for line in read_lines(source, file):
            at = line.record.occurred_at
            if _within(at, first, last):
                yield engine.Input(line.topic, 0, line.number, at, line.record)


def _from_topics(
    settings: Settings, first: int | None, last: int | None, made: Counter[str]
) -> Iterator[engine.Input]:
    codec, topics = open_codec(settings), input_topics()
    stored = sorted(_read(settings, first, last))
    with progress_bar() as bar:
        for item in bar.track(stored, description="replaying"):
            topic = topics[item.topic]
            try:
                record = codec.decode(topic.record, item.value)
            except DecodeError as error:
                made[f"dead letter {error.reason}"] += 1
                continue
            if item.key != record.account_id.encode():
                made[f"dead letter {DeadLetterReason.KEY_MISMATCH}"] += 1
                continue
            yield engine.Input(topic.name, item.partition, item.offset, item.timestamp, record)


def _read(settings: Settings, first: int | None, last: int | None) -> Iterator[Stored]:
    numbers = {real_name(settings, t.name): n for n, t in enumerate(input_topics())}
    latest: dict[tuple[int, int], int] = {}
    with progress_bar() as bar:
        task = bar.add_task("reading")
        for message in read_all(
            settings,
            list(numbers),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        ):
            topic, partition = numbers[str(message.topic())], int(message.partition() or 0)
            at = message.timestamp()[1]
            order = latest[topic, partition] = max(at, latest.get((topic, partition), 0))
            if _within(at, first, last):
                key, value = bytes(message.key() or b""), bytes(message.value() or b"")
                yield Stored(order, topic, partition, int(message.offset() or 0), at, key, value)
