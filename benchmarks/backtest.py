"""`zhengming policy backtest` over a file: CPU an event, and with more processes."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.ground import Failed
from benchmarks.traffic import events
from schemas.codec import decode
from streams.jsonl import write_line
from streams.topics import topic_named


@dataclass(frozen=True)
class Found:
    """One number of processes: CPU of all of them an event, and events a second."""

    processes: int
    cpu_us: float
    rate: float


def measure(directory: Path, count: int, accounts: int, processes: tuple[int, ...]) -> list[Found]:
    """Backtest the shipped pack against itself; what starting up costs is taken off.

    Raises `Failed` when a run leaves inputs out, or decides otherwise under the same pack.
    """
    whole, little = directory / "history.jsonl", directory / "little.jsonl"
    _write(whole, count, accounts)
    _write(little, 100, 10)
    found = []
    for number in processes:
        idle_cpu, idle_seconds, _ = _run(little, number)
        cpu, seconds, told = _run(whole, number)
        if told["inputs"] != count or told["changed"]:
            raise Failed(f"backtest with {number} processes: {told['inputs']} inputs of {count}")
        rate = count / max(seconds - idle_seconds, 1e-9)
        found.append(Found(number, (cpu - idle_cpu) / count * 1e6, rate))
    return found


def _write(file: Path, count: int, accounts: int) -> None:
    with file.open("wb") as target:
        for event in events(count, accounts):
            record = decode(topic_named(event.topic).record, event.value)
            target.write(write_line(event.topic, record) + b"\n")


def _run(file: Path, processes: int) -> tuple[float, float, dict[str, Any]]:
    """CPU seconds, seconds, and what the command told."""
    before, began = _spent(), time.perf_counter()
    command = f"policy backtest cac2022 {file} --processes {processes} --json"
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli", *command.split()],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"backtest left with {done.returncode}: {done.stderr.decode()[-500:]}")
    told = json.loads(done.stdout)
    return _spent() - before, time.perf_counter() - began, told


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
