"""The keys of the hashes that stand for values in records, and when each was in use."""

from __future__ import annotations

from typing import NamedTuple


class ValueKeys(NamedTuple):
    """The keys of hashes of values: the one in use, and those before it.

    Each former key has the event time (ms) up to which it was used, the earliest first: so what is
    replayed gets the hashes that it had.
    """

    current: bytes = b""
    before: tuple[tuple[int, bytes], ...] = ()

    @classmethod
    def of(cls, key: bytes | ValueKeys) -> ValueKeys:
        """Keys as they are; a key as one that was always used."""
        return key if isinstance(key, ValueKeys) else cls(key)

    def at(self, time: int) -> bytes:
        """The key that was in use at an event time; empty where there was none."""
        return next((key for until, key in self.before if time < until), self.current)
