"""Digests of sets: the same for the same items, in whatever order and partitions they lie.

The digest is the sum of the items' hashes, so that those of partitions add up to that of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import repeat

from msgspec.structs import replace

from processors.keys import explode, single
from schemas.codec import Codec
from schemas.records import KeyClaims, KeyFindings, NothingKnown
from streams.reserved import RESERVED
from streams.topics import CHANGELOG, Topic

_WIDTH = 16
_MODULUS = 1 << (8 * _WIDTH)


class Digest:
    """Number and digest of items."""

    def __init__(self) -> None:
        self.items = 0
        self._sum = 0

    def add(self, items: Iterable[bytes]) -> None:
        """Add items."""
        for item in items:
            self.items += 1
            hashed = blake2b(item, digest_size=_WIDTH).digest()
            self._sum = (self._sum + int.from_bytes(hashed, "big")) % _MODULUS

    def merge(self, other: Digest) -> None:
        """Add the items of another one."""
        self.items += other.items
        self._sum = (self._sum + other._sum) % _MODULUS

    @property
    def hex(self) -> str:
        """The digest in hexadecimal."""
        return self._sum.to_bytes(_WIDTH, "big").hex()


def items_of(
    topic: Topic, key: bytes | None, value: bytes | None, timestamp: int, codec: Codec
) -> Iterator[bytes]:
    """The items of a record: what must be there again, however records are cut and partitioned.

    A record of a repartition has one for each claim or answer, a bucket of counts one for each
    count; of an input the time counts, too. What a partition keeps of its own has none.
    """
    if topic is CHANGELOG:
        if key is None or value is None:
            return
        if not key.startswith(RESERVED):
            yield _joined(key, value)
        else:
            yield from explode(key, value)
    elif topic.record is KeyClaims:
        for claim in codec.decode(KeyClaims, value or b"").claims:
            yield codec.encode(KeyClaims(origin=0, claims=(claim,)))
    elif topic.record is KeyFindings:
        for answer, one in single(codec.decode(KeyFindings, value or b"")):
            if isinstance(answer, NothingKnown):
                # The claims of a change may be cut into more records, each with its own answer.
                each = KeyFindings(findings=(), nothing=(replace(answer, keys=1),))
                yield from repeat(codec.encode(each), answer.keys)
            else:
                yield codec.encode(one)
    else:
        yield _joined(timestamp.to_bytes(8, "big", signed=True), _joined(key or b"", value or b""))


def _joined(one: bytes, other: bytes) -> bytes:
    return len(one).to_bytes(4, "big") + one + other
