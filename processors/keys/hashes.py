"""Keys: short hashes that stand for tokens and for names."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

from processors.text.fold import fold
from processors.text.views import skeleton
from schemas.records import KeyKind

WIDTH = 12
"""Bytes of a key: two of a thousand million keys are the same once in a hundred thousand years."""

KINDS = tuple(KeyKind)
"""Kinds by the number that stands for each in states."""

_BEGUN = {
    kind: blake2b(digest_size=WIDTH, person=kind.value.lower().encode()[:16]) for kind in KINDS
}
"""The hash of each kind of key before anything went into it: cheaper to copy than to make."""


def token_key(kind: KeyKind, token: str) -> bytes:
    """Key of a token, which is keyed already by whoever gave it."""
    key = _BEGUN[kind].copy()
    key.update(token.encode())
    return key.digest()


@lru_cache(maxsize=1 << 12)
def name_key(name: str) -> bytes:
    """Key of a name: names have the same one where they differ by nothing that people see.

    A name without letters and digits is its folded form.
    """
    folded = fold(name)
    form = skeleton(folded) or folded
    key = _BEGUN[KeyKind.NAME].copy()
    key.update(form.encode("utf-8", "replace"))
    return key.digest()


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that a key belongs to. Keys are hashes, so any of their bytes spread evenly."""
    return int.from_bytes(key[-4:], "big") % partitions
