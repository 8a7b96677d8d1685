"""The command line as tests call it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Left(NamedTuple):
    """How a command left."""

    code: int
    out: str
    err: str


Command = Callable[..., Left]
