"""Item 5: bytes of memory an idle account takes in `MemoryStore`.

``python -m benchmarks.memory FILE`` is the fresh process that holds the store; it prints the bytes
its resident set grew by, the number of accounts, and a digest of what the store holds.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types

from benchmarks.ground import Failed
from benchmarks.states import read_states
from processors import engine
from streams.store import MemoryStore
from streams.work import Deadlines

CHUNK = 1_000
WITHIN_S = 300.0


@dataclass(frozen=True)
class Memory:
    """Bytes an account takes, key, state, table and deadline index together."""

    accounts: int
    bytes_each: float
    state_bytes: float
    """Of these the bytes of the state itself, on average."""


def measure(file: Path, accounts: int, state_bytes: int) -> Memory:
    """Load the states into a fresh process. Raises `Failed` when it does not hold them all."""
    command = [sys.executable, "-m", "benchmarks.memory", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    if done.returncode != 0:
        raise Failed(f"the process with the store failed:\n{done.stderr[-2000:]}")
    grown, held, digest = map(int, done.stdout.split())
    if held != accounts or digest != _digest(read_states(file)):
        raise Failed(f"the store holds {held:,} of {accounts:,} accounts, or other states")
    return Memory(accounts, grown / accounts, state_bytes / accounts)


def _digest(items: object) -> int:
    assert hasattr(items, "__iter__")
    total = 0
    for key, state in items:
        total ^= zlib.crc32(state, zlib.crc32(key))
    return total


def main(file: Path) -> None:
    """Fill a store as a restore does, chunk by chunk, and say what it took."""
    process = psutil.Process()
    store, deadlines = MemoryStore(), Deadlines(engine.next_due)
    gc.collect()
    before = process.memory_info().rss
    chunk: dict[bytes, bytes | None] = {}
    for key, state in read_states(file):
        chunk[key] = state
        if len(chunk) == CHUNK:
            store.write(chunk, 0)
            deadlines.learn(chunk.items())
            chunk = {}
    store.write(chunk, 0)
    deadlines.learn(chunk.items())
    gc.collect()
    grown = process.memory_info().rss - before
    held = sum(1 for _ in store.items())
    print(grown, held, _digest(store.items()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
