"""The page that tells what a soak run came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

import psutil  # type: ignore[import-untyped]  # ships no types

from streams.checker import Report
from tests.steady import (
    COUNT,
    MEMORY,
    MEMORY_BYTES,
    MIB,
    WARM_UP,
    Sample,
    lag_trends,
    trend,
    trends,
)

_PAGE = """\
# Soak

<!-- Written by `python -m tests.soak --write`; do not edit. -->

Everything runs at half load for as long as is asked for, and nothing may grow: `make soak \
MINUTES=60`. Half load is half of the pace at which a backlog is answered, or what is asked for, \
whichever is less: inputs that come one by one cost a machine more than a backlog. One broker, \
Redis, two workers (states in memory, and in RocksDB), views and gateway, each a process. All \
accounts are registered first; then come edits, complaints and rulings over them, and calls of \
the gateway. What is remembered of an account is bounded, so memory can be flat, and has to be: \
the median slope after the first {warm:.0%} of the time, over the time that is left, may come to \
{memory:.0%} of a process's memory or {bytes} MiB, whichever is more; threads and file \
descriptors may differ by {count} (the tables of a store apart, which are bounded and come and \
go with its compactions); the lag of no partition may grow. A process that ends fails the run. \
With `--patience` time-outs are longer than usual, so that the stalls of a busy machine move no \
partition. At the end `streams/checker.py` compares every record of the whole run with a pure \
replay.

| | |
|---|---|
| date | {date:%Y-%m-%d %H:%M} UTC |
| command | `python -m tests.soak {command}` |
| machine | {cores} cores; load average at the end (1, 5, 15 minutes, this run included) {load} \
|{note}
| accounts | {accounts:,} |
| pace of the machine, as fast as it is answered | {pace:,.0f} inputs/s |
| half of it | {half:,.0f} inputs/s |
| **run at** | **{rate:,.0f} inputs/s for {minutes:.0f} minutes**, {samples} samples |
| CPU of everything, publisher and reader too | {busy:.2f} of {cores} cores |
| inputs, outputs | {inputs:,}, {outputs:,} |
| calls of the gateway, without a good answer | {calls:,}, {refused:,} |
| lost, doubled, diverged | {lost}, {doubled}, {diverged} |
| latency p50, median of the samples | {p50} ms |
| latency p99, median and greatest of the samples | {p99} ms, {worst} ms |
| **result** | **{result}** |

The columns are the median after the warm-up, the growth by the median slope, and the whole run \
from its beginning, each line on a scale of its own.

| process | memory, MiB | growth | over time | descriptors | growth | threads |
|---|---:|---:|---|---:|---:|---:|
{processes}

| inputs of partition | lag, records | growth | greatest | over time |
|---|---:|---:|---:|---|
{lags}

Lag is what the offsets of the group tell, which are committed once a second. The broker is \
sampled and not judged.
"""


@dataclass(frozen=True)
class Run:
    """What a run came to; ``pace`` and ``rate`` are inputs per second, ``found`` what is wrong."""

    pace: float
    rate: float
    accounts: int
    samples: Sequence[Sample]
    report: Report
    calls: int
    refused: int
    found: Sequence[str]


def page(run: Run, arguments: Sequence[str], note: str) -> str:
    """The run as a page of Markdown."""
    p99 = [sample.p99 for sample in run.samples if sample.p99 is not None]
    first, last = run.samples[0], run.samples[-1]
    p50 = [sample.p50 for sample in run.samples if sample.p50 is not None]
    shown = [a for a in arguments if a not in (note, "--note")] if note else list(arguments)
    return _PAGE.format(
        warm=WARM_UP,
        memory=MEMORY,
        bytes=MEMORY_BYTES // MIB,
        count=COUNT,
        date=datetime.now(UTC),
        command=" ".join(shown),
        cores=psutil.cpu_count(),
        load=", ".join(f"{load:.1f}" for load in psutil.getloadavg()),
        note=f"\n| beside it | {note} |" if note else "",
        accounts=run.accounts,
        pace=run.pace,
        half=run.pace / 2,
        rate=run.rate,
        minutes=run.samples[-1].at / 60,
        samples=len(run.samples),
        busy=(last.cpu - first.cpu) / (last.at - first.at),
        inputs=run.report.inputs,
        outputs=run.report.outputs,
        calls=run.calls,
        refused=run.refused,
        lost=run.report.lost,
        doubled=run.report.doubled,
        diverged=run.report.diverged,
        p50=f"{median(p50):.0f}",
        p99=f"{median(p99):.0f}",
        worst=f"{max(p99):,.0f}",
        result="; ".join(run.found) or "everything is flat",
        processes="\n".join(_processes(run.samples)),
        lags="\n".join(_lags(run.samples)),
    )


def _processes(samples: Sequence[Sample]) -> list[str]:
    lines = []
    for name, of in trends(samples).items():
        memory, descriptors, threads = of["rss"], of["descriptors"], of["threads"]
        lines.append(
            f"| {name} | {memory.level / MIB:.1f} | {memory.growth / MIB:+.1f} | {memory.picture} "
            f"| {descriptors.level:.0f} | {descriptors.growth:+.0f} | {threads.level:.0f} |"
        )
    return lines


def _lags(samples: Sequence[Sample]) -> list[str]:
    each = [(str(partition), lag) for partition, lag in lag_trends(samples).items()]
    every = trend([(s.at, float(sum(s.lag.values()))) for s in samples])
    return [
        f"| {name} | {lag.level:.0f} | {lag.growth:+.0f} | {lag.most:.0f} | {lag.picture} |"
        for name, lag in [*each, ("all", every)]
    ]
