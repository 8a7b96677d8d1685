"""Where a partition's state lies: in memory, or in RocksDB when it is larger than memory.

A store holds what is committed, and knows how far into the changelog that reaches. It is written
only after a commit (step 6) or from the changelog (restore), always together with that offset, and
with the time since when it may lack what the changelog was told.
"""

from __future__ import annotations

import shutil
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from streams.errors import RESTORE_A_BACKUP, DependencyUnavailable, TaskCorrupted

if TYPE_CHECKING:
    from rocksdict import Rdict
    from zstandard import ZstdCompressor, ZstdDecompressor

CHANGELOG_OFFSET = b"\0changelog-offset"
"""Key under which RocksDB keeps the offset; never sent to Kafka."""

CHANGELOG_ID = b"\0changelog-id"
"""Key of the id of that topic."""

CHANGELOG_TIME = b"\0changelog-time"
"""Key of the time of `Store.caught_up_at`; a store of an earlier version has none."""

_INTERNAL = (CHANGELOG_OFFSET, CHANGELOG_ID, CHANGELOG_TIME)

_NUMBER = struct.Struct(">q")

OUTDATED = ".outdated"
"""End of the name of a directory that is being removed."""

RECENT = 16_384
"""Accounts of a partition that lie in memory as they are."""

STEP = 64
"""They are packed once there are a 64th more of them, those all at once."""

SAMPLES, DICTIONARY_BYTES = 1_000, 16 << 10
"""States that a dictionary is learned from, and its size."""

LEVEL, STATE_BYTES = -1, 512
"""Level of Zstandard, and about how long a state is."""

WRITE_BUFFER_BYTES = 16 << 20
WRITE_BUFFERS = 2
CACHE_BYTES = 8 << 20
OPEN_FILES = 256
LOG_BYTES, LOGS = 4 << 20, 4
"""What a partition's RocksDB may hold. Its own defaults are 64 MiB a buffer, 32 of cache, each file
open for good and a log without end: a database that is alone, not one among a dozen."""


class Store(Protocol):
    """Committed state of one partition.

    ``changelog_offset`` is the next changelog offset to read on restore; 0 for an empty store.
    ``caught_up_at`` is a time (ms) by which the store had all that the changelog then held, or at
    which it began to read it from the beginning: who reads on from the offset needs every tombstone
    that was written since. 0 where it is not known.
    """

    changelog_offset: int
    caught_up_at: int

    def get(self, key: bytes) -> bytes | None:
        """Value of a key; None where there is none."""

    def write(
        self,
        changes: Mapping[bytes, bytes | None],
        changelog_offset: int,
        caught_up_at: int | None = None,
    ) -> None:
        """Apply changes (None deletes) and the offset they reach, all or nothing.

        Without ``caught_up_at`` that time stays what it is.
        """

    def clear(self) -> None:
        """Forget everything, all or nothing: the store is as a new one."""

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All keys and values, in no particular order."""

    def walk(self, after: bytes, limit: int) -> list[bytes]:
        """The next keys after one, in their order; internal keys come first."""

    def size(self) -> int:
        """How many accounts there are, about."""

    def close(self) -> None:
        """Release what the store holds; it is not used afterwards."""


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What RocksDB raises has no type of its own: here it is mostly a disk that is full."""
    try:
        yield
    except Exception as error:
        raise DependencyUnavailable(f"the store in {path} cannot be written: {error}") from error


class Packer:
    """Packs states by what they have in common: a Zstandard dictionary, learned from some of them.

    One serves all stores of a process. What it packs never leaves the process.
    """

    def __init__(self) -> None:
        self._compressor: ZstdCompressor | None = None
        self._decompressor: ZstdDecompressor | None = None

    def learn(self, states: Iterable[bytes]) -> None:
        """Take up what these states have in common; only the first time counts."""
        import zstandard as zstd

        if self._compressor is not None:
            return
        try:
            common = zstd.train_dictionary(DICTIONARY_BYTES, list(states))
        except zstd.ZstdError:  # they are too few, or too short, to have anything in common
            common = None
        # Tables as large as a state needs: to clear those of a file would take longer than to pack.
        parameters = zstd.ZstdCompressionParameters.from_level(
            LEVEL, source_size=STATE_BYTES, dict_size=DICTIONARY_BYTES, write_dict_id=False
        )
        self._compressor = zstd.ZstdCompressor(dict_data=common, compression_params=parameters)
        self._decompressor = zstd.ZstdDecompressor(common)

    def pack(self, states: list[bytes]) -> list[bytes]:
        """The packed forms of states, all at once; `learn` was called.

        One by one each would let go of the interpreter, and wait for other threads to have it back.
        """
        assert self._compressor is not None
        some: list[bytes | bytearray | memoryview] = [state for state in states if state]
        packed = iter(self._compressor.multi_compress_to_buffer(some) if some else ())
        return [next(packed).tobytes() if state else b"" for state in states]

    def unpack(self, packed: bytes) -> bytes:
        """The state that `pack` was given."""
        assert self._decompressor is not None
        return self._decompressor.decompress(packed) if packed else b""


class MemoryStore:
    """State in dictionaries of immutable bytes, decoded on use.

    The ``recent`` accounts last written lie there as they are, all others packed: most accounts
    are idle. What a partition keeps of its own is never packed.
    """

    def __init__(self, packer: Packer | None = None, recent: int = RECENT) -> None:
        self.changelog_offset = self.caught_up_at = 0
        self._packer = packer or Packer()
        self._limit = recent
        self._own: dict[bytes, bytes] = {}
        self._recent: dict[bytes, bytes] = {}  # the one written longest ago comes first
        self._idle: dict[bytes, bytes] = {}  # packed; what is recent as well is outdated here
        self._order: list[bytes] = []

    def get(self, key: bytes) -> bytes | None:
        """Value of a key; None where there is none."""
        state = self._recent.get(key)
        if state is None:
            packed = self._idle.get(key)
            return self._own.get(key) if packed is None else self._packer.unpack(packed)
        return state

    def write(
        self,
        changes: Mapping[bytes, bytes | None],
        changelog_offset: int,
        caught_up_at: int | None = None,
    ) -> None:
        """Apply changes and the offset they reach."""
        recent, idle = self._recent, self._idle
        for key, value in changes.items():
            if not key[0]:
                if value is None:
                    self._own.pop(key, None)
                else:
                    self._own[key] = value
                continue
            recent.pop(key, None)
            if value is None:
                idle.pop(key, None)
            else:
                recent[key] = value
        if len(recent) - self._limit > self._limit // STEP:
            self._put_away()
        self.changelog_offset = changelog_offset
        if caught_up_at is not None:
            self.caught_up_at = caught_up_at

    def clear(self) -> None:
        """Forget everything."""
        self._own.clear()
        self._recent.clear()
        self._idle.clear()
        self._order = []
        self.changelog_offset = self.caught_up_at = 0

    def _put_away(self) -> None:
        recent = self._recent
        self._packer.learn(islice(recent.values(), SAMPLES))
        keys = list(islice(recent, len(recent) - self._limit))
        self._idle.update(zip(keys, self._packer.pack([*map(recent.pop, keys)]), strict=True))

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All keys and values."""
        yield from self._own.items()
        yield from self._recent.items()
        for key, packed in self._idle.items():
            if key not in self._recent:
                yield key, self._packer.unpack(packed)

    def walk(self, after: bytes, limit: int) -> list[bytes]:
        """The next keys: in the order made when the walk began, or went on after a restore."""
        if not self._order or after < self._order[0]:
            keys = chain(self._own, self._idle, self._fresh())
            self._order = sorted(key for key in keys if key > after)
        begin = bisect_right(self._order, after)
        found = self._order[begin : begin + limit]
        if len(found) < limit:
            self._order = []
        return found

    def size(self) -> int:
        """How many accounts there are."""
        return len(self._idle) + sum(1 for _ in self._fresh())

    def _fresh(self) -> Iterator[bytes]:
        """The recent accounts that are not among the idle as well."""
        return (key for key in self._recent if key not in self._idle)

    def close(self) -> None:
        """Release the memory."""
        self.clear()


class RocksStore:
    """State in a RocksDB directory, which survives the process and is caught up from its offset.

    ``changelog_id`` is the topic's, which one made anew under the same name does not have; empty
    where it is not known. Raises `TaskCorrupted` for a directory that belongs to another one: its
    offset says nothing there.
    """

    def __init__(self, path: Path, changelog_id: str = "") -> None:
        self._path, self._changelog_id = path, changelog_id
        self._outdated = path.with_name(path.name + OUTDATED)
        shutil.rmtree(self._outdated, ignore_errors=True)  # a removal may have been cut off
        self._db = self._open()
        self._require_of(changelog_id)
        self.changelog_offset = self._number(CHANGELOG_OFFSET)
        self.caught_up_at = self._number(CHANGELOG_TIME)

    def _number(self, key: bytes) -> int:
        raw = self._db.get(key)
        return int(_NUMBER.unpack(raw)[0]) if raw is not None else 0

    def _open(self) -> Rdict:
        from rocksdict import BlockBasedOptions, Cache, Options, Rdict

        self._path.mkdir(parents=True, exist_ok=True)
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_size(WRITE_BUFFER_BYTES)
        options.set_max_write_buffer_number(WRITE_BUFFERS)
        blocks = BlockBasedOptions()
        blocks.set_block_cache(Cache(CACHE_BYTES))
        options.set_block_based_table_factory(blocks)
        options.set_max_open_files(OPEN_FILES)
        options.set_max_log_file_size(LOG_BYTES)
        options.set_keep_log_file_num(LOGS)
        with _told(self._path):
            return Rdict(str(self._path), options)

    def _require_of(self, changelog_id: str) -> None:
        known: bytes = self._db.get(CHANGELOG_ID) or b""
        if not changelog_id or known == changelog_id.encode():
            return
        if known:
            self._db.close()
            raise TaskCorrupted(
                f"{self._path} holds states of another changelog, which had the same name: it was "
                "made anew. If a backup was restored into it, remove the directory; else "
                f"{RESTORE_A_BACKUP}"
            )
        self._db.put(CHANGELOG_ID, changelog_id.encode())

    def get(self, key: bytes) -> bytes | None:
        """Value of a key; None where there is none."""
        value: bytes | None = self._db.get(key)
        return value

    def write(
        self,
        changes: Mapping[bytes, bytes | None],
        changelog_offset: int,
        caught_up_at: int | None = None,
    ) -> None:
        """Apply changes, the offset they reach and the time in one write batch."""
        from rocksdict import WriteBatch

        batch = WriteBatch(raw_mode=True)
        for key, value in changes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        batch.put(CHANGELOG_OFFSET, _NUMBER.pack(changelog_offset))
        at = self.caught_up_at if caught_up_at is None else caught_up_at
        batch.put(CHANGELOG_TIME, _NUMBER.pack(at))
        with _told(self._path):
            self._db.write(batch)
        self.changelog_offset, self.caught_up_at = changelog_offset, at

    def clear(self) -> None:
        """Begin with a new directory; the old one is put aside in one step, then removed."""
        self._db.close()
        with _told(self._path):
            self._path.rename(self._outdated)
        self._db = self._open()
        self._require_of(self._changelog_id)
        self.changelog_offset = self.caught_up_at = 0
        shutil.rmtree(self._outdated, ignore_errors=True)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """All keys and values, in key order."""
        for key, value in self._db.items():
            if isinstance(key, bytes) and key not in _INTERNAL:
                yield key, value

    def walk(self, after: bytes, limit: int) -> list[bytes]:
        """The next keys."""
        keys = (key for key in self._db.keys(from_key=after) if isinstance(key, bytes))
        return list(islice((key for key in keys if key > after), limit))

    def size(self) -> int:
        """How many keys there are, internal ones too, as RocksDB estimates it."""
        return self._db.property_int_value("rocksdb.estimate-num-keys") or 0

    def close(self) -> None:
        """Close the database; its files stay."""
        self._db.close()
