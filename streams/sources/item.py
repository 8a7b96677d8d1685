"""What one message of a source becomes, and what all mappings share: event ids and times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from schemas.records import AccountChange

Unit = Literal["s", "ms", "us"]
Fault = Literal[
    "no account id",
    "no record",
    "no time",
    "not JSON",
    "not a profile",
    "too large",
    "unknown shape",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
"""Why a message is rejected: all there are, so that each can be counted from the start."""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading JSON raises; the last where it is nested too deeply."""
LATEST_MS = 253_402_300_799_999
"""The end of the year 9999."""
ID_CHARS = 32
"""128 bits of a hash, so that no two positions ever share an id."""


class Message(NamedTuple):
    """One message as it came. ``place`` names it within its source, for ids and for the log."""

    value: bytes | None
    place: tuple[str | int, ...]


class Skipped(NamedTuple):
    """Nothing that changes an account. The reason is one of a few words, for counting."""

    reason: str


class Rejected(NamedTuple):
    """Something that should have been a change and is none; neither text holds a value of it."""

    reason: Fault
    detail: str
    """What is wrong, and where."""


Item = AccountChange | Skipped | Rejected
Mapper = Callable[[Message], list[Item]]


def event_id(*position: Any) -> str:
    """Make the id of an event from what tells it from every other one: the same for a repeat."""
    return sha256(msgspec.json.encode(position)).hexdigest()[:ID_CHARS]


def millis(value: Any, unit: Unit) -> int:
    """Read a time as milliseconds: a number or its digits in ``unit``, or ISO 8601 (else UTC).

    Raises ``ValueError`` for anything else, and for a time before 1970 or after 9999.
    """
    if isinstance(value, str) and not value.strip().isdecimal():
        at = datetime.fromisoformat(value)
        found = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000
    elif isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("no time")
    else:
        number = float(value) if isinstance(value, float) else int(value)
        found = number * 1_000 if unit == "s" else number if unit == "ms" else number // 1_000
    if not 0 <= found <= LATEST_MS:  # before it is made whole: a float may be infinite by now
        raise ValueError(f"no time in {unit}")
    return int(found)
