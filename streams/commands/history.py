"""Inputs of the past, from the input topics or a file, in the order in which they are replayed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from processors import engine
from schemas.errors import DeadLetterReason, DecodeError
from streams.clients import read_all
from streams.codecs import open_codec
from streams.commands.common import fail, opened, progress_bar
from streams.jsonl import read_lines
from streams.settings import Settings
from streams.topics import input_topics, real_name

Keep = Callable[[bytes], bool]
"""Whether the inputs of an account are wanted, by its key."""


_MILLIS = re.compile("[0-9]{12,13}")
"""From 1973 to 2286."""


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


def time_of(option: str, text: str | None) -> int | None:
    """A time in ms, as an option has it; None where it is not given.

    Milliseconds have 12 or 13 digits. Other numbers are refused: they are seconds, or dates
    without hyphens.
    """
    if text is None:
        return None
    if _MILLIS.fullmatch(text):
        return int(text)
    try:
        if text.isdigit():
            raise ValueError
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise fail(
            f"{option} {text}: give milliseconds, such as 1793520000000, or a time, such as "
            "2026-11-01T08:00"
        ) from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return int(at.timestamp() * 1000)


def _within(at: int, first: int | None, last: int | None) -> bool:
    return (first is None or at >= first) and (last is None or at < last)


def from_file(file: str, first: int | None, last: int | None) -> Iterator[engine.Input]:
    """Inputs of a file of JSON lines, by the times that they carry."""
    with opened(file, "replaying") as source:
        yield from from_lines(source, file, first, last)


def from_lines(
    source: Iterable[bytes], name: str, first: int | None, last: int | None
) -> Iterator[engine.Input]:
    """Inputs of JSON lines, by the times that they carry; ``name`` stands for them in errors."""
    for line in read_lines(source, name):
        at = line.record.occurred_at
        if _within(at, first, last):
            yield engine.Input(line.topic, 0, line.number, at, line.record)


def from_topics(
    settings: Settings,
    first: int | None,
    last: int | None,
    made: Counter[str],
    keep: Keep = lambda _: True,
) -> Iterator[engine.Input]:
    """Inputs of the topics between two times, merged by record time; ``made`` counts the others.

    Only accounts that ``keep`` wants, by their key, are decoded.
    """
    codec, topics = open_codec(settings), input_topics()
    stored = sorted(item for item in _read(settings, first, last) if keep(item.key))
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
