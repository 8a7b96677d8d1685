"""The form of a backup: a directory with one Avro file a topic, and a sealed manifest.

Any Avro tool reads the files. Records are kept as they came, with partition, offset and time; of
the changelog the last value of every key.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import fastavro
from msgspec import Struct

from streams.errors import ConfigurationError
from streams.sealed import (
    MANIFEST,
    UNSEALED,
    check_hash,
    hash_of,
    is_unfinished,
    private,
    read_manifest,
    strangers,
)
from streams.topics import CHANGELOG, TOPICS, Topic

VERSION = 1
"""Form of a backup; another one is refused."""

_SCHEMA = fastavro.parse_schema(
    {
        "type": "record",
        "name": "Kept",
        "namespace": "zhengming.backup",
        "doc": "A record of a topic, as it came.",
        "fields": [
            {"name": "partition", "type": "int"},
            {"name": "offset", "type": "long", "doc": "In the topic that it was read from."},
            {"name": "timestamp", "type": "long", "doc": "In ms."},
            {"name": "key", "type": ["null", "bytes"]},
            {"name": "value", "type": ["null", "bytes"]},
            {
                "name": "headers",
                "type": {
                    "type": "array",
                    "items": {
                        "type": "record",
                        "name": "Header",
                        "fields": [
                            {"name": "name", "type": "string"},
                            {"name": "value", "type": ["null", "bytes"]},
                        ],
                    },
                },
            },
        ],
    }
)


class Kept(NamedTuple):
    """A record of a topic. ``timestamp`` in ms; the key of a state is never None."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Part(Struct, frozen=True):
    """The file of a topic, by its logical name.

    ``digest`` is that of the set of its items (`streams.backup.digest`), ``items`` their number:
    the same in whatever partitions they lie.
    """

    name: str
    topic: str
    sha256: str
    records: int
    items: int
    digest: str


class Manifest(Struct, frozen=True):
    """What a backup is. ``created_at`` in ms.

    ``positions`` are the next input offsets, ``ends`` where the topics ended: by logical name, an
    entry a partition. What lies between the two was not processed, and is in the files. Of control
    topics there are the ends alone, all of them is in the files; an earlier version wrote none.
    """

    version: int
    id: str
    app_id: str
    topic_prefix: str
    partitions: int
    created_at: int
    accounts: int
    positions: Mapping[str, list[int]]
    ends: Mapping[str, list[int]]
    files: tuple[Part, ...]

    def part(self, topic: str) -> Part | None:
        """The file of a topic; None where nothing was kept of it."""
        return next((part for part in self.files if part.topic == topic), None)


def path_of(directory: Path, topic: Topic) -> Path:
    """The file of a topic."""
    return directory / f"{topic.name}.avro"


def require_room(directory: Path) -> None:
    """A backup can be written there: nothing is, or one that was cut off, and nothing else.

    Raises `ConfigurationError`.
    """
    there = set(directory.iterdir()) if directory.exists() else set()
    if there and (not is_unfinished(directory) or there - _ours(directory)):
        raise ConfigurationError(f"{directory} is not empty; name a new directory")


@contextmanager
def writing(directory: Path) -> Iterator[None]:
    """A backup is written inside, into an empty directory that only its owner can read.

    What one that was cut off has left is taken away. Raises `ConfigurationError` as `require_room`,
    and while another process writes there.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _held(directory):
        require_room(directory)
        mark = directory / UNSEALED
        private(mark).close()
        for path in _ours(directory) - {mark}:
            path.unlink(missing_ok=True)
        yield


@contextmanager
def _held(directory: Path) -> Iterator[None]:
    """No other process holds it. Raises `ConfigurationError` while one does."""
    lock = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            why = f"another process writes into {directory}; let it finish"
            raise ConfigurationError(why) from error
        yield
    finally:
        os.close(lock)


def _ours(directory: Path) -> set[Path]:
    """All that a backup is written to before it is sealed."""
    files = {path_of(directory, topic) for topic in (*TOPICS, CHANGELOG)}
    return files | {directory / MANIFEST, directory / UNSEALED}


def write(path: Path, records: Iterable[Kept]) -> int:
    """Write records to a new file; returns how many."""
    count = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal count
        for count, kept in enumerate(records, 1):  # noqa: B007  # counted for the caller
            row = kept._asdict()
            row["headers"] = [{"name": name, "value": value} for name, value in kept.headers]
            yield row

    with private(path) as file:
        fastavro.writer(file, _SCHEMA, rows(), codec="deflate")
    return count


def read(directory: Path, part: Part) -> Iterator[Kept]:
    """The records of a file, those of each partition in their order."""
    with (directory / part.name).open("rb") as file:
        for row in fastavro.reader(file, reader_schema=_SCHEMA):
            assert isinstance(row, dict)
            headers = tuple((header["name"], header["value"]) for header in row.pop("headers"))
            yield Kept(**row, headers=headers)


def part_of(path: Path, topic: str, records: int, items: int, digest: str) -> Part:
    """The entry of a file that was written to its end."""
    return Part(path.name, topic, hash_of(path), records, items, digest)


def open_backup(directory: Path) -> Manifest:
    """The manifest of a whole backup.

    Raises `ConfigurationError` where anything in the directory is not as the manifest says.
    """
    if not directory.is_dir():
        raise ConfigurationError(f"there is no directory {str(directory)!r}")
    if is_unfinished(directory):
        raise ConfigurationError(
            f"{directory}: the backup is being written, or was cut off while it was, and nothing "
            "was done. Run again what writes it: it begins anew there"
        )
    manifest, problems = read_manifest(directory, Manifest)
    if manifest is not None and manifest.version != VERSION:
        raise ConfigurationError(
            f"{directory}: a backup of form {manifest.version}; this version reads {VERSION}"
        )
    if manifest is not None:
        problems += strangers(directory, (part.name for part in manifest.files))
        for part in manifest.files:
            problems += check_hash(directory, part.name, part.sha256)
    if manifest is None or problems:
        raise ConfigurationError(
            f"{directory}: the backup is damaged, and nothing was done: {'; '.join(problems)}. "
            "Take another copy of it"
        )
    return manifest
