"""States of accounts as the engine makes them, in a file: for restore and memory.

Every state is what one simulated registration leaves behind under the shipped pack, the registry of
keys having answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.traffic import PREFIX, START
from processors import engine
from processors.policy import Policy
from schemas.records import ChangeKind
from streams.simulate import Simulation

BATCH = 1_000
LENGTHS = 4
"""Bytes of the two lengths in front of a key and its state."""


def write_states(file: Path, count: int, policy: Policy) -> int:
    """Write so many keys and states; returns the bytes of the states."""
    total = 0
    registry: dict[bytes, bytes | None] = {}
    with file.open("wb") as out:
        for batch in _batches(_registrations(count)):
            outcome = engine.run(batch, registry.get, policy, alone=True)
            for key, state in outcome.states.items():
                if not key[0]:
                    registry[key] = state
                    continue
                assert state is not None
                out.write(len(key).to_bytes(2) + len(state).to_bytes(2) + key + state)
                total += len(state)
    return total


def read_states(file: Path) -> Iterator[tuple[bytes, bytes]]:
    """Read what `write_states` wrote."""
    with file.open("rb") as source:
        while lengths := source.read(LENGTHS):
            key = source.read(int.from_bytes(lengths[:2]))
            yield key, source.read(int.from_bytes(lengths[2:]))


def _batches(lives: Iterator[list[engine.Input]]) -> Iterator[list[engine.Input]]:
    while batch := list(islice(lives, BATCH)):
        yield [given for life in batch for given in life]


def _registrations(count: int) -> Iterator[list[engine.Input]]:
    """For so many accounts what there is up to their registration: their papers, and itself."""
    # With many more accounts than are taken, every second event is of a registration.
    simulation = Simulation(seed=11, accounts=20 * count, start=START, duplicates=0, prefix=PREFIX)
    papers: dict[str, list[engine.Input]] = {}
    made = number = 0
    while made < count:
        for topic, record in simulation.events(BATCH):
            number += 1
            given = engine.Input(topic, 0, number, record.occurred_at, record)
            papers.setdefault(record.account_id, []).append(given)
            if made < count and getattr(record, "kind", None) is ChangeKind.REGISTRATION:
                made += 1
                yield papers.pop(record.account_id)
