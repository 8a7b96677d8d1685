"""Dead letters: where each came from and why, as its headers tell; and sending them again.

A letter that was sent again is marked in the same topic and in the same transaction: by a record
without a value, whose header names the letter. So nothing is sent again twice unless it is asked
for. A restore gives both other places, and the mark goes on naming the one that the letter had when
it was sent again: each tells by its headers which places it has had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from confluent_kafka import Message

from streams.clients import read_all
from streams.processing import HEADER_PREFIX
from streams.publishing import TransactionalPublisher
from streams.reserved import RESTORED_HEADER
from streams.settings import Settings
from streams.topics import consumed_topics, real_name

Origin = tuple[str, int, int]
"""Real topic name, partition, offset."""

REQUEUED = HEADER_PREFIX + "requeued"
"""Header of a mark, and of the record that was sent again: ``partition:offset`` of the letter."""

AT_ONCE = 500
"""Letters that one transaction sends again."""


class DeadLetter(NamedTuple):
    """A record that was set aside. ``headers`` are those of the original record.

    ``origin`` has partition -1 where a deadline was set aside; ``sent_again`` tells whether it was.
    ``former`` are its places before the restores that it has come through, the last one first.
    """

    partition: int
    offset: int
    reason: str
    error: str
    origin: Origin
    timestamp: int
    truncated: bool
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    sent_again: bool = False
    former: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where the letter itself stands, as ``partition:offset``."""
        return f"{self.partition}:{self.offset}"

    @property
    def whole(self) -> bool:
        """Whether the original record is there as it came."""
        return not self.truncated and self.origin[1] >= 0


def parse(message: Message) -> DeadLetter | None:
    """The dead letter in a message of the dead-letter topic; None for what is none."""
    ours = {
        name.removeprefix(HEADER_PREFIX): value.decode("utf-8", "replace")
        for name, value in _headers(message)
        if name.startswith(HEADER_PREFIX)
    }
    try:
        return DeadLetter(
            partition=int(message.partition() or 0),
            offset=int(message.offset() or 0),
            reason=ours["reason"],
            error=ours["error"],
            origin=(ours["topic"], int(ours["partition"]), int(ours["offset"])),
            timestamp=int(ours["timestamp"]),
            truncated="truncated" in ours,
            key=_bytes(message.key()),
            value=_bytes(message.value()),
            headers=[h for h in _headers(message) if not h[0].startswith(HEADER_PREFIX)],
            former=_former(message),
        )
    except (KeyError, ValueError):
        return None


def read_letters(settings: Settings) -> list[DeadLetter]:
    """All dead letters that the topic holds now, each partition's in order."""
    letters: list[DeadLetter] = []
    marked: set[tuple[int, str]] = set()
    for message in read_all(settings, [real_name(settings, "dead.letters")]):
        if (letter := parse(message)) is not None:
            letters.append(letter)
        else:
            restores, named = len(_former(message)), _values(message, REQUEUED)
            marked.update((restores, place) for place in named)
    letters.sort(key=lambda letter: (letter.partition, letter.offset))
    return [
        letter._replace(sent_again=not marked.isdisjoint(enumerate((letter.place, *letter.former))))
        for letter in letters
    ]


def requeue(
    settings: Settings,
    choose: Callable[[list[DeadLetter]], Iterable[DeadLetter]],
    progress: Callable[[int], None] | None = None,
) -> int:
    """Send the chosen letters again, to the partition they came from, each with its mark.

    ``choose`` is given all letters after any other requeue of this application has been fenced off.
    Returns how many were sent; ``progress`` is told after each transaction.
    """
    publisher = TransactionalPublisher(settings, "requeue")
    chosen = list(choose(read_letters(settings)))
    dead_letters = real_name(settings, "dead.letters")
    for start in range(0, len(chosen), AT_ONCE):
        batch = chosen[start : start + AT_ONCE]
        publisher.begin()
        for letter in batch:
            mark = (REQUEUED, letter.place.encode())
            topic, partition, _ = letter.origin
            headers = [*letter.headers, mark]
            publisher.send(topic, letter.key, letter.value, partition=partition, headers=headers)
            publisher.send(
                dead_letters, letter.key, None, partition=letter.partition, headers=[mark]
            )
        publisher.commit()
        if progress is not None:
            progress(start + len(batch))
    return len(chosen)


def can_be_sent(settings: Settings, letter: DeadLetter) -> bool:
    """Whether a letter is whole and came from what this application reads."""
    return letter.whole and letter.origin[0] in {
        real_name(settings, topic.name) for topic in consumed_topics()
    }


def readdressed(
    headers: Iterable[tuple[str, bytes | None]], here: Callable[[str, int], tuple[str, int]]
) -> tuple[tuple[str, bytes | None], ...]:
    """The headers of a letter whose origin, topic and partition, has another place now."""
    named = list(headers)
    told = {name: (value or b"").decode("utf-8", "replace") for name, value in named}
    topic, partition = told.get(HEADER_PREFIX + "topic"), told.get(HEADER_PREFIX + "partition", "")
    if topic is None or not partition.lstrip("-").isdigit():
        return tuple(named)  # a mark of one that was sent again
    new_topic, new_partition = here(topic, int(partition))
    changed = {
        HEADER_PREFIX + "topic": new_topic.encode(),
        HEADER_PREFIX + "partition": str(new_partition).encode(),
    }
    return tuple((name, changed.get(name, value)) for name, value in named)


def _former(message: Message) -> tuple[str, ...]:
    """Where a record was before each restore that it has come through, the last one first."""
    return tuple(reversed(_values(message, RESTORED_HEADER)))


def _values(message: Message, wanted: str) -> list[str]:
    return [v.decode("utf-8", "replace") for name, v in _headers(message) if name == wanted]


def _headers(message: Message) -> list[tuple[str, bytes]]:
    headers: Any = message.headers() or []  # a list here; a mapping is accepted on sending only
    return [(str(name), _bytes(value) or b"") for name, value in headers]


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
