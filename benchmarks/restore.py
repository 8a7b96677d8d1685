"""Item 4: how fast a worker restores accounts from the changelog when it is assigned partitions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil  # type: ignore[import-untyped]  # ships no types

from benchmarks.contenders import WORKER
from benchmarks.ground import Failed, Ground, console, wait_until
from benchmarks.states import read_states
from streams.clients import create_producer
from streams.settings import Settings
from streams.topics import changelog_topic

READY_WITHIN_S = 180.0
FLUSH_S = 120.0


@dataclass(frozen=True)
class Restore:
    """A restore by a worker of its own: from its log line, and its resident set afterwards."""

    accounts: int
    seconds: float
    rss: int

    @property
    def rate(self) -> float:
        """Accounts restored a second."""
        return self.accounts / self.seconds


def measure(ground: Ground, file: Path, accounts: int, rounds: int) -> list[Restore]:
    """Write a changelog of these states and let fresh workers restore it, one after the other.

    Raises `Failed` when a worker has not restored every account.
    """
    settings = ground.prepare("restore")
    _write_changelog(settings, file)
    found = [_restore(settings, accounts) for _ in range(rounds)]
    ground.clear(settings)
    return found


def _write_changelog(settings: Settings, file: Path) -> None:
    producer = create_producer(settings, linger_ms=50, queue_buffering_max_messages=500_000)
    topic, errors = changelog_topic(settings), Counter[str]()

    def delivered(error: object, _message: object) -> None:
        if error is not None:
            errors[str(error)] += 1

    for number, (key, state) in enumerate(read_states(file)):
        while True:
            try:
                producer.produce(topic, state, key, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.1)
        if number % 1_000 == 0:
            producer.poll(0)
    if producer.flush(FLUSH_S) or errors:
        raise Failed(f"Kafka did not take the changelog: {dict(errors)}")


def _restore(settings: Settings, accounts: int) -> Restore:
    running = WORKER.start(settings)
    log_before = running.child.log.stat().st_size
    try:
        wait_until("restoring", READY_WITHIN_S, running.ready)
        restored = running.restored()
        rss = psutil.Process(running.child.pid).memory_info().rss
    finally:
        running.child.stop()
    if restored != accounts:
        raise Failed(f"restored {restored:,} of {accounts:,} accounts")
    log = running.child.log.read_bytes()[log_before:]
    opened = [
        entry["restore_ms"]
        for line in log.splitlines()
        if b'"partitions opened"' in line and (entry := msgspec.json.decode(line))
    ]
    if len(opened) != 1:
        raise Failed(f"the worker opened partitions {len(opened)} times, not once")
    found = Restore(accounts, opened[0] / 1e3, rss)
    console.print(f"  restore: {found.rate:,.0f} accounts/s, all {accounts:,}", style="dim")
    return found
