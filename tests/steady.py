"""Whether what was sampled during a long run stayed flat. Pure: samples in, findings out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from statistics import median
from typing import NamedTuple

WARM_UP = 0.25
"""Share of a run that is not judged: caches, pools and histories fill up."""
FEWEST = 8
"""Samples after the warm-up, below which nothing can be said."""
MIB = 1 << 20
MEMORY = 0.03
MEMORY_BYTES = 4 * MIB
"""What memory may grow by from the warm-up to the end: a share of it, and always so much."""
COUNT = 2
"""Descriptors and threads that may come and go, as with a rebalance or a compaction."""
LAG_S = 1.0
LAST_LAG_S = 5.0
"""Seconds of traffic by which the lag of a partition may grow, and which it may be at the end."""
BLOCKS = "▁▂▃▄▅▆▇█"


class Usage(NamedTuple):
    """What a process holds: resident bytes, threads, open file descriptors."""

    rss: int
    threads: int
    descriptors: int


@dataclass(frozen=True)
class Sample:
    """One look at everything, ``at`` seconds after the steady traffic began.

    ``lag`` counts, by partition, inputs that are not processed; ``rate`` is answers per second
    since the sample before, ``p50`` and ``p99`` their latencies in ms (None without an answer).
    ``cpu`` is seconds of CPU that everything has taken so far, the publisher too.
    """

    at: float
    usage: Mapping[str, Usage]
    lag: Mapping[int, int]
    rate: float
    p50: float | None = None
    p99: float | None = None
    cpu: float = 0.0


@dataclass(frozen=True)
class Trend:
    """A series after the warm-up: its median, least, greatest and last value, and its growth.

    ``growth`` is the median slope between any two samples (Theil and Sen), times the time judged:
    a few samples that stand out do not bend it.
    """

    level: float
    least: float
    most: float
    last: float
    growth: float
    values: Sequence[float] = field(repr=False)

    @property
    def picture(self) -> str:
        """The whole series as a line of blocks, its lowest value as the lowest."""
        groups = _groups(self.values, 24)
        low, high = min(groups), max(groups)
        scale = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
        return "".join(BLOCKS[round((value - low) * scale)] for value in groups)


def trend(series: Sequence[tuple[float, float]]) -> Trend:
    """The trend of ``(seconds, value)`` in order. Raises ``ValueError`` for too few samples."""
    begin = series[0][0] + WARM_UP * (series[-1][0] - series[0][0]) if series else 0.0
    judged = [(at, value) for at, value in series if at >= begin]
    if len(judged) < FEWEST:
        raise ValueError(
            f"{len(judged)} samples after the warm-up say nothing, {FEWEST} would: "
            "run longer or sample more often"
        )
    slopes = [(b - a) / (s - t) for (t, a), (s, b) in combinations(judged, 2) if s > t]
    values = [value for _, value in judged]
    return Trend(
        level=median(values),
        least=min(values),
        most=max(values),
        last=values[-1],
        growth=median(slopes) * (judged[-1][0] - judged[0][0]),
        values=[value for _, value in series],
    )


def trends(samples: Sequence[Sample]) -> dict[str, dict[str, Trend]]:
    """The trends of every process, by its name and the fields of `Usage`."""
    return {
        name: {
            what: trend([(s.at, getattr(s.usage[name], what)) for s in samples])
            for what in Usage._fields
        }
        for name in samples[0].usage
    }


def lag_trends(samples: Sequence[Sample]) -> dict[int, Trend]:
    """The trend of the lag of each partition."""
    partitions = samples[0].lag
    return {p: trend([(s.at, s.lag[p]) for s in samples]) for p in partitions}


def judge(samples: Sequence[Sample], not_ours: frozenset[str] = frozenset()) -> list[str]:
    """What did not stay flat, in words; empty where everything did.

    Processes ``not_ours`` are sampled, and not judged.
    """
    found = []
    for name, of in trends(samples).items():
        if name in not_ours:
            continue
        memory = of["rss"]
        if memory.growth > max(MEMORY_BYTES, MEMORY * memory.level):
            found.append(
                f"{name}: memory grew by {memory.growth / MIB:.1f} MiB "
                f"at a level of {memory.level / MIB:.0f} MiB"
            )
        for what in ("threads", "descriptors"):
            count = of[what]
            if count.growth > COUNT or count.last - count.level > COUNT:
                found.append(f"{name}: {what} went from {count.least:.0f} to {count.last:.0f}")
    traffic = median(sample.rate for sample in samples) / max(1, len(samples[0].lag))
    for partition, lag in lag_trends(samples).items():
        if lag.growth > LAG_S * traffic or lag.last > LAST_LAG_S * traffic:
            found.append(
                f"partition {partition}: the lag grew by {lag.growth:.0f} records "
                f"and is {lag.last:.0f} at the end"
            )
    return found


def _groups(values: Sequence[float], count: int) -> list[float]:
    """Medians of so many consecutive groups, or the values where there are fewer."""
    count = min(count, len(values))
    edges = [len(values) * i // count for i in range(count + 1)]
    return [median(values[a:b]) for a, b in pairwise(edges)]
