"""Ids that are the same whenever the same inputs are applied."""

from __future__ import annotations

from hashlib import blake2b

SEEN_EVENTS = 16
"""Events whose repetition an account recognises."""

_WIDTH = 8


def derive_id(*parts: object) -> str:
    """An id of 24 hex digits out of what makes a thing unique."""
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=12).hexdigest()


def digest(text: str) -> bytes:
    """Eight bytes that stand for a text."""
    return blake2b(text.encode(), digest_size=_WIDTH).digest()


def keyed_hash(key: bytes, field: str, value: str) -> str:
    """What stands for a value in records: 32 hex digits that only the holder of the key can try.

    ``key`` has at most 64 bytes.
    """
    return blake2b(f"{field}\x1f{value}".encode(), digest_size=16, key=key).hexdigest()


def mark(kind: bytes, event_id: str) -> bytes:
    """Eight bytes that stand for an event among those of its kind."""
    return blake2b(event_id.encode(), digest_size=_WIDTH, person=kind).digest()


def remember(seen: bytes, mark: bytes) -> bytes | None:
    """``seen`` with the mark of a new event, or None when the event is among the last ones."""
    start = seen.find(mark)
    while start >= 0:
        if start % _WIDTH == 0:
            return None
        start = seen.find(mark, start + 1)
    return (seen + mark)[-_WIDTH * SEEN_EVENTS :]
