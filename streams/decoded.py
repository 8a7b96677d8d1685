"""Records of topics, decoded; what cannot be read is told by its place, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from schemas.errors import DecodeError
from streams.clients import read_all
from streams.codecs import open_codec
from streams.settings import Settings
from streams.topics import Topic, real_name


class Record(NamedTuple):
    """A record and where it stands."""

    topic: Topic
    partition: int
    offset: int
    value: Any


class Unreadable(NamedTuple):
    """Bytes that are no record of their topic, or one of a schema that this version lacks.

    ``place`` is where they stand, as Kafka names it; ``key`` is empty where they have none.
    """

    topic: Topic
    partition: int
    offset: int
    place: str
    key: bytes
    error: DecodeError

    def __str__(self) -> str:
        return f"{self.place} cannot be read: {self.error}"

    def concerns(self, account_id: str) -> bool:
        """Whether it may be of an account: by its key, and where it has none of any."""
        return self.key in (b"", account_id.encode())


def read_decoded(
    settings: Settings,
    topics: Sequence[Topic],
    unreadable: Callable[[Unreadable], None],
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Record]:
    """All records of topics, those of each partition in order; what is none goes to ``unreadable``.

    Raises as `read_all` does.
    """
    codec = open_codec(settings)
    by_name = {real_name(settings, topic.name): topic for topic in topics}
    for message in read_all(settings, list(by_name), progress=progress):
        name, value = str(message.topic()), bytes(message.value() or b"")
        partition, offset = int(message.partition() or 0), int(message.offset() or 0)
        topic = by_name[name]
        try:
            record = codec.decode(topic.record, value)
        except DecodeError as error:
            place, key = f"{name}[{partition}] at {offset}", bytes(message.key() or b"")
            unreadable(Unreadable(topic, partition, offset, place, key, error))
            continue
        yield Record(topic, partition, offset, record)
