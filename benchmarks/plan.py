"""How much is measured: the full run, and the quick one that takes under two minutes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Sizes of a run. ``warm`` inputs are processed before ``measured`` ones are counted."""

    warm: int
    measured: int
    faust: tuple[int, int]
    """The same for plain Faust, which is much slower."""
    rounds: int
    """Of throughput by our worker, the pass-through and the peers, in turns; the median counts."""
    latency_rounds: int
    latency_s: float
    latency_drop_s: float
    texts: int
    text_rounds: int
    accounts: int
    """Of restore and memory."""
    restores: int
    workers: tuple[int, ...]
    partitions: tuple[int, ...]
    gateway_s: float
    """Time at each rate of the gateway, and of the views."""
    paints: int
    """How often each page of the console is opened."""
    scaling: tuple[int, int]
    """Warm and measured inputs of the scaling runs."""


FULL = Plan(
    warm=60_000,
    measured=140_000,
    faust=(500, 10_000),
    rounds=3,
    latency_rounds=3,
    latency_s=20.0,
    latency_drop_s=5.0,
    texts=20_000,
    text_rounds=5,
    accounts=1_000_000,
    restores=3,
    workers=(1, 2, 4),
    partitions=(4, 16, 64),
    gateway_s=20.0,
    paints=9,
    scaling=(20_000, 80_000),
)
QUICK = Plan(
    warm=15_000,
    measured=25_000,
    faust=(200, 1_500),
    rounds=1,
    latency_rounds=1,
    latency_s=3.0,
    latency_drop_s=1.0,
    texts=5_000,
    text_rounds=3,
    accounts=50_000,
    restores=1,
    workers=(1, 2),
    partitions=(4,),
    gateway_s=5.0,
    paints=3,
    scaling=(5_000, 15_000),
)
RATES = (1_000, 5_000)
CHECKS, CHANGES, INPUTS = 500, 200, 7_500
"""Rates of the gateway's checks and changes, and of inputs while the views are looked at: about
half of what one worker takes."""
EVENTS_PER_ACCOUNT = 10
