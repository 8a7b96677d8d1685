"""Reads dead letters: where each came from and why, as its headers tell."""

from __future__ import annotations

from typing import Any, NamedTuple

from confluent_kafka import Message

from streams.processing import HEADER_PREFIX

Origin = tuple[str, int, int]
"""Real topic name, partition, offset."""


class DeadLetter(NamedTuple):
    """A record that was set aside. ``headers`` are those of the original record."""

    partition: int
    offset: int
    reason: str
    error: str
    origin: Origin
    timestamp: int
    truncated: bool
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


def origin_of(message: Message) -> Origin:
    """Where the original record stands."""
    ours = _ours(message)
    return ours["topic"], int(ours["partition"]), int(ours["offset"])


def parse(message: Message) -> DeadLetter:
    """The dead letter in a message of the dead-letter topic."""
    ours = _ours(message)
    return DeadLetter(
        partition=int(message.partition() or 0),
        offset=int(message.offset() or 0),
        reason=ours["reason"],
        error=ours["error"],
        origin=origin_of(message),
        timestamp=int(ours["timestamp"]),
        truncated="truncated" in ours,
        key=_bytes(message.key()),
        value=_bytes(message.value()),
        headers=[h for h in _headers(message) if not h[0].startswith(HEADER_PREFIX)],
    )


def _ours(message: Message) -> dict[str, str]:
    return {
        name.removeprefix(HEADER_PREFIX): value.decode()
        for name, value in _headers(message)
        if name.startswith(HEADER_PREFIX)
    }


def _headers(message: Message) -> list[tuple[str, bytes]]:
    headers: Any = message.headers() or []  # a list here; a mapping is accepted on sending only
    return [(str(name), _bytes(value) or b"") for name, value in headers]


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
