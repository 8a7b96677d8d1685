"""What tests share."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from processors.policy import Pack, load_pack, shipped_pack

T = TypeVar("T")

SLOWER = 3
"""How many times longer than on the machine where a test was written something may take."""


def wait_until(condition: Callable[[], T], timeout: float, why: str, every: float = 0.02) -> T:
    """Return the first true answer of a condition, else fail with ``why``.

    ``timeout`` is in seconds of a quick machine; what is slower gets `SLOWER` times as many, so it
    says nothing about how soon something has to be.
    """
    within = timeout * SLOWER
    deadline = time.monotonic() + within
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {why}")
        time.sleep(every)


@cache
def shipped(name: str = "cac2022") -> Pack:
    """A pack of the project, read once: every lane of a run reads every file of tests."""
    return load_pack(shipped_pack(name))
