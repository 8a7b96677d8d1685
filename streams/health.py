"""Health and readiness of a worker, judged by progress and not by the process being there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.task import PartitionTask

STALL_S = 60.0
"""Work that waits longer than this without a commit is stuck; restarting is the remedy."""

SILENT_S = 15.0
"""Kafka that says nothing for so long is away: by then another leads what a dead broker led."""


@dataclass(frozen=True, slots=True)
class Health:
    """Answer to a probe: ``ok`` and, where it is not, why.

    ``notes`` is what a person should look at although the worker serves.
    """

    ok: bool
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def liveness(tasks: Iterable[PartitionTask], notes: tuple[str, ...] = ()) -> Health:
    """Whether everything that has work makes progress. An idle worker is live."""
    now = time.monotonic()
    stuck = tuple(
        f"partition {task.partition}: work has waited {now - since:.0f} s without a commit"
        for task in tasks
        if (since := task.waiting_since) is not None and now - since > STALL_S
    )
    return Health(not stuck, stuck, notes)


def longest_wait(tasks: Iterable[PartitionTask]) -> float:
    """How long work has waited without a commit, in seconds; 0 when none waits."""
    since = [task.waiting_since for task in tasks if task.waiting_since is not None]
    return time.monotonic() - min(since) if since else 0.0


def most_overdue(tasks: Iterable[PartitionTask], now: int) -> float:
    """How long the earliest deadline is past due at a time (ms), in seconds; 0 when none is."""
    due = [at for task in tasks if (at := task.deadlines.earliest()) is not None]
    return max(0, now - min(due)) / 1e3 if due else 0.0


def away(silent_s: float) -> tuple[str, ...]:
    """What is wrong where Kafka has said nothing for so many seconds; empty where nothing is."""
    return (f"Kafka has not answered for {silent_s:.0f} s",) if silent_s > SILENT_S else ()


def readiness(
    tasks: Iterable[PartitionTask],
    assigned: bool,
    allowed: bool,
    silence: Callable[[PartitionTask], float],
) -> Health:
    """Whether the worker serves: assigned, restored, no rebalance, nothing stuck, Kafka there.

    ``silence`` tells for how many seconds Kafka has not answered about the inputs of a partition.
    A worker without partitions is ready: it stands by.
    """
    tasks = list(tasks)
    problems = list(liveness(tasks).problems)
    if not assigned:
        problems.append("no assignment yet")
    elif not allowed:
        problems.append("rebalance under way")
    problems += [f"partition {t.partition}: not restored" for t in tasks if not t.ready]
    silent = [(t.partition, why) for t in tasks if t.ready for why in away(silence(t))]
    problems += [f"partition {partition}: {why}" for partition, why in silent]
    return Health(not problems, tuple(problems))
