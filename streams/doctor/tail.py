"""The last records of topics, for a look at what comes in and goes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from streams.clients import create_admin, end_offsets, read_all
from streams.settings import Settings

IDLE_S = 10.0


def last_records(settings: Settings, topics: Sequence[str], each: int) -> Iterator[Any]:
    """Up to about ``each`` of the last committed records of every partition.

    Raises `BrokerUnreachable`, `ConfigurationError` for a topic that is not there.
    """
    ends = end_offsets(create_admin(settings), topics)
    # The marker of a transaction takes an offset, too: the last record may be the one before it.
    start = {tp: max(0, end - each - 1) for tp, end in ends.items()}
    yield from read_all(settings, topics, start=start, idle_s=IDLE_S)
