"""Reads an application into a directory: all that it needs to go on elsewhere.

1 no worker runs, and none that was taken for dead can commit any more · 2 the ends of all topics ·
3 of the changelog the last value of every key, of inputs what the positions do not cover, of all
that went out everything · 4 nothing was committed meanwhile · 5 the manifest, and its seal.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from heapq import merge
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any

from schemas.codec import Codec
from streams.backup import files
from streams.backup.digest import Digest, items_of
from streams.backup.files import Kept, Manifest, Part
from streams.backup.idle import fence, require_idle
from streams.clients import (
    create_admin,
    first_offsets,
    read_until,
    settled_offsets,
    topic_partitions,
)
from streams.codecs import open_codec
from streams.errors import ConfigurationError
from streams.reserved import POSITIONS, RESERVED, RESTORED, decode_positions, decode_restored
from streams.sealed import seal
from streams.settings import Settings
from streams.topics import (
    CHANGELOG,
    Direction,
    Topic,
    changelog_topic,
    missing_topics,
    used_topics,
)

Progress = Callable[[str, int, int], None]
"""What is being read, how much of it was, and how much it is."""

Ends = Mapping[tuple[str, int], int]

CONSUMED = (Direction.IN, Direction.REPARTITION)
WENT_OUT = (Direction.OUT, Direction.INTERNAL)


def export(
    settings: Settings,
    directory: Path,
    progress: Progress | None = None,
    *,
    outputs: bool = True,
) -> Manifest:
    """Write a backup into a new directory, and return its manifest.

    One that was cut off there is begun anew; nobody but its owner can read what is written.
    Without ``outputs`` it has what is needed to go on, and not what went out before. Raises
    `ConfigurationError` where workers run, the directory holds something else, topics are missing
    or unequal, or the application was not restored to its end itself; `BrokerUnreachable`.
    """
    files.require_room(directory)
    if missing := missing_topics(settings):
        raise ConfigurationError(f"there is nothing to back up: missing are {', '.join(missing)}")
    _require_partitions(settings)
    require_idle(settings)
    fence(settings)
    with files.writing(directory):
        manifest = _Export(settings, directory, progress or _untold, outputs=outputs).run()
        seal(directory, manifest)
    return manifest


def _untold(_what: str, _done: int, _total: int) -> None:
    pass


def _require_partitions(settings: Settings) -> None:
    """The changelog tells how many there are; other topics may have been enlarged."""
    counts = topic_partitions(create_admin(settings))
    for name, topic in used_topics(settings).items():
        wanted = topic.partitions or settings.partitions
        if counts[name] < wanted or (topic is CHANGELOG and counts[name] > wanted):
            raise ConfigurationError(
                f"{name} has {counts[name]} partitions, and ZHENGMING_PARTITIONS is "
                f"{settings.partitions}: set it to what the application has now"
            )


class _Export:
    """One export: what has been found so far."""

    def __init__(
        self, settings: Settings, directory: Path, progress: Progress, *, outputs: bool
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._progress = progress
        self._codec: Codec = open_codec(settings)
        self._topics = {
            name: topic
            for name, topic in used_topics(settings).items()
            if outputs or topic is CHANGELOG or topic.direction not in WENT_OUT
        }
        self._ends: Ends = settled_offsets(create_admin(settings), list(self._topics), strict=True)
        self._positions: list[Mapping[str, int]] = []
        self._accounts = 0

    def run(self) -> Manifest:
        """Write all files; returns the manifest."""
        changelog = changelog_topic(self._settings)
        self._require_whole(changelog)
        parts = [self._file(changelog, CHANGELOG, self._states(changelog))]
        parts += [
            self._file(name, topic, self._records(name, topic))
            for name, topic in self._topics.items()
            if topic is not CHANGELOG
        ]
        self._require_unchanged()
        consumed = {n: t for n, t in self._topics.items() if t.direction in CONSUMED}
        carried = {n: t for n, t in self._topics.items() if t.direction is Direction.CONTROL}
        return Manifest(
            version=files.VERSION,
            id=uuid.uuid4().hex,
            app_id=self._settings.app_id,
            topic_prefix=self._settings.topic_prefix,
            partitions=self._settings.partitions,
            created_at=time.time_ns() // 1_000_000,
            accounts=self._accounts,
            positions={
                topic.name: [self._position(name, p) for p in self._partitions_of(name)]
                for name, topic in consumed.items()
            },
            ends={
                topic.name: [self._ends[name, p] for p in self._partitions_of(name)]
                for name, topic in (consumed | carried).items()
            },
            files=tuple(part for part in parts if part is not None),
        )

    def _file(self, name: str, topic: Topic, records: Iterator[Kept]) -> Part | None:
        """Write the file of a topic; None where nothing is to be kept of it."""
        digest = Digest()

        def digested() -> Iterator[Kept]:
            for kept in records:
                digest.add(items_of(topic, kept.key, kept.value, kept.timestamp, self._codec))
                yield kept

        path = files.path_of(self._directory, topic)
        count = files.write(path, digested())
        if not count:
            path.unlink()
            return None
        return files.part_of(path, topic.name, count, digest.items, digest.hex)

    def _require_whole(self, changelog: str) -> None:
        """No state was deleted: a backup without it would look as if it were whole."""
        begins = first_offsets(create_admin(self._settings), [changelog])
        if cut := {p: begin for (_, p), begin in sorted(begins.items()) if begin}:
            partition, begin = next(iter(cut.items()))
            raise ConfigurationError(
                f"{changelog}[{partition}] begins at {begin}: states before that were deleted, and "
                "a backup would lack them; see `zhengming doctor`"
            )

    def _states(self, changelog: str) -> Iterator[Kept]:
        """The last value of every key, partition by partition; notes the positions."""
        for partition in range(self._settings.partitions):
            states: dict[bytes, Kept] = {}
            for message in self._read(changelog, partition, 0):
                key = bytes(message.key())
                if message.value() is None:
                    states.pop(key, None)
                else:
                    states[key] = _kept(message)
            self._note(partition, states)
            yield from (states[key] for key in sorted(states))

    def _note(self, partition: int, states: Mapping[bytes, Kept]) -> None:
        restored, positions = states.get(RESTORED), states.get(POSITIONS)
        if restored is not None and not decode_restored(restored.value or b"").done:
            raise ConfigurationError(
                f"partition {partition} holds a restore that has not come to its end; end it first"
            )
        self._positions.append(decode_positions(positions.value or b"") if positions else {})
        self._accounts += sum(not key.startswith(RESERVED) for key in states)

    def _records(self, name: str, topic: Topic) -> Iterator[Kept]:
        """What is kept of a topic: all of it, or what was not processed.

        Where a topic was enlarged, an account's records lie in two partitions: by their time.
        """
        of_partitions = []
        for partition in self._partitions_of(name):
            begin = self._position(name, partition) if topic.direction in CONSUMED else 0
            of_partitions.append(map(_kept, self._read(name, partition, begin)))
        if len(of_partitions) > (topic.partitions or self._settings.partitions):
            yield from merge(*of_partitions, key=attrgetter("timestamp"))
        else:
            yield from chain.from_iterable(of_partitions)

    def _partitions_of(self, name: str) -> list[int]:
        """All partitions of a topic, also those that it was enlarged by."""
        return sorted(partition for topic, partition in self._ends if topic == name)

    def _position(self, name: str, partition: int) -> int:
        """The next offset of an input; 0 where no worker has read."""
        if partition >= len(self._positions):
            return 0
        return self._positions[partition].get(name, 0)

    def _read(self, name: str, partition: int, begin: int) -> Iterator[Any]:
        """The records of one partition, up to the end that was found first."""
        place = (name, partition)
        return read_until(
            self._settings,
            {place: self._ends[place]},
            start={place: begin},
            progress=lambda done, total: self._progress(f"{name}[{partition}]", done, total),
        )

    def _require_unchanged(self) -> None:
        """Nothing was committed while the files were written."""
        require_idle(self._settings)
        changelog = changelog_topic(self._settings)
        now = settled_offsets(create_admin(self._settings), [changelog], strict=True)
        if any(self._ends[tp] != end for tp, end in now.items()):
            raise ConfigurationError(
                "a worker has committed meanwhile: keep all of them stopped, and begin again"
            )


def _kept(message: Any) -> Kept:
    headers = tuple((str(name), _bytes(value)) for name, value in message.headers() or ())
    return Kept(
        int(message.partition()),
        int(message.offset()),
        int(message.timestamp()[1]),
        _bytes(message.key()),
        _bytes(message.value()),
        headers,
    )


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
