"""What tests share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], timeout: float, why: str, every: float = 0.02) -> T:
    """Return the first true answer of a condition; fail with ``why`` after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {why}")
        time.sleep(every)
