"""What a partition knows of the keys that belong to it, and what it answers.

Every key is a state of its own: who has it, and which closed accounts bar it, each account once.
Registrations that are counted by device or avatar lie in buckets of a fixed number and size, so
that what is seen once takes no room for ever: where many different keys of a day share a bucket,
the one seen first is forgotten first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec
from msgspec import Struct

from processors.keys import reporters
from processors.keys.hashes import KINDS, partition_of
from schemas.records import (
    KeyAsk,
    KeyClaim,
    KeyFinding,
    KeyFindings,
    KeyKind,
    NothingKnown,
)

DAY = 86_400_000

KEPT = 16
"""Accounts that a key remembers as holders, and as closed ones, at most."""

BUCKETS = 4_096
"""Buckets of counts for each kind of key in a partition."""

BUCKET = 16
"""Keys that a bucket counts at once."""

_COUNTS = 0x80
_NUMBER = {kind: number for number, kind in enumerate(KINDS, 1)}
_PLACE = {kind: bytes((0, number)) for kind, number in _NUMBER.items()}
_BUCKET = {kind: bytes((0, _COUNTS | number)) for kind, number in _NUMBER.items()}
"""What the state keys of a kind begin with: of its keys, and of its buckets."""

# Looked up once, as in `processors.accounts.changes`.
_REPORTER = KeyKind.REPORTER
_LOOK, _COUNT, _TAKE = KeyAsk.LOOK, KeyAsk.COUNT, KeyAsk.TAKE

Read = Callable[[bytes], bytes | None]


class Holder(Struct, array_like=True):
    """An account that has a key, and how strong its right to a name is."""

    account_id: str
    strength: int


class Bar(Struct, array_like=True):
    """What a closed account has left. ``until`` in ms, 0 for no end; ``closed_for`` of names."""

    account_id: str
    until: int
    closed_for: bool


class Entry(Struct, array_like=True):
    """All that is known of a key, both lists oldest first."""

    holders: list[Holder] = []
    bars: list[Bar] = []


class Count(Struct, array_like=True):
    """Registrations with a key since a time, for a day."""

    key: bytes
    since: int
    number: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode
_decode_counts = msgspec.msgpack.Decoder(list[Count]).decode


def is_registry_key(key: bytes) -> bool:
    """Whether a state key is one of the registry: neither an account's nor the positions."""
    return len(key) > 1 and key[0] == 0 and (key[1] >= _COUNTS or key[1] <= len(KINDS))


def explode(key: bytes, value: bytes) -> Iterator[bytes]:
    """The parts of a state of the registry: a bucket has one for each count, else it is its own.

    None of a key that is none of the registry.
    """
    if not is_registry_key(key):
        return
    if key[1] < _COUNTS:
        yield key + value
        return
    for count in _decode_counts(value):
        yield key[1:2] + _encode(count)


def divide(key: bytes, value: bytes, partitions: int) -> Iterator[tuple[int, bytes]]:
    """Where the parts of a state of the registry belong among so many partitions.

    A bucket may be of several; the parts of each, as a state, are to be joined with `join`.
    """
    if key[1] < _COUNTS:
        yield partition_of(key[2:], partitions), value
        return
    parts: dict[int, list[Count]] = {}
    for count in _decode_counts(value):
        parts.setdefault(partition_of(count.key, partitions), []).append(count)
    for partition, counts in parts.items():
        yield partition, _encode(counts)


def join(one: bytes | None, other: bytes) -> bytes:
    """One bucket of two of the same number, every count of both."""
    if one is None:
        return other
    return _encode([*_decode_counts(one), *_decode_counts(other)])


def is_bucket(key: bytes) -> bool:
    """Whether a key of the registry is that of a bucket of counts."""
    return key[1] >= _COUNTS


def apply_claims(
    claims: Iterable[KeyClaim], read: Read, states: dict[bytes, bytes | None]
) -> KeyFindings:
    """Apply claims in their order to ``states``, over what ``read`` gives; returns the answers.

    A claim sees those before it. An account is told of others only.
    """
    findings = []
    nothing: dict[tuple[str, str, int], int] = {}
    for claim in claims:
        place = _PLACE[claim.kind] + claim.key
        held = states[place] if place in states else read(place)
        if claim.kind is _REPORTER:
            changed, told = reporters.apply_claim(claim, held)
            if changed is not None:
                states[place] = changed
            if told is not None:
                findings.append(told)
            continue
        entry = _decode(held) if held is not None else None
        ask = claim.ask
        if ask is not _LOOK and ask is not _COUNT:
            entry = _CHANGES[ask](entry or Entry(), claim)
            states[place] = _encode(entry) if entry.holders or entry.bars else None
        recent = _count(claim, read, states) if ask is _COUNT else 0
        if claim.answer or ask is _LOOK or ask is _TAKE:
            finding = _finding(claim, entry, recent)
            if finding is None:
                if claim.answer:
                    asked = claim.account_id, claim.event_id, claim.at
                    nothing[asked] = nothing.get(asked, 0) + 1
            elif claim.answer or _bears_on_a_live_name(finding):
                findings.append(finding)
    return KeyFindings(
        findings=tuple(findings),
        nothing=tuple([NothingKnown(*asked, number) for asked, number in nothing.items()]),
    )


def single(record: KeyFindings) -> Iterator[tuple[KeyFinding | NothingKnown, KeyFindings]]:
    """The answers of a record, each with a record of its own."""
    for finding in record.findings:
        yield finding, KeyFindings(findings=(finding,))
    for nothing in record.nothing:
        yield nothing, KeyFindings(findings=(), nothing=(nothing,))


def _take(entry: Entry, claim: KeyClaim) -> Entry:
    for holder in entry.holders:
        if holder.account_id == claim.account_id:
            holder.strength = claim.strength
            return entry
    if len(entry.holders) < KEPT:
        entry.holders.append(Holder(claim.account_id, claim.strength))
    return entry


def _release(entry: Entry, claim: KeyClaim) -> Entry:
    entry.holders = [h for h in entry.holders if h.account_id != claim.account_id]
    return entry


def _bar(entry: Entry, claim: KeyClaim) -> Entry:
    entry = _lift(entry, claim)
    entry.bars.append(Bar(claim.account_id, claim.until, claim.strength > 0))
    if len(entry.bars) > KEPT:
        entry.bars.remove(min(entry.bars, key=lambda bar: bar.until or _NEVER))
    return entry


def _lift(entry: Entry, claim: KeyClaim) -> Entry:
    entry.bars = [b for b in entry.bars if b.account_id != claim.account_id]
    return entry


_NEVER = 1 << 62
_CHANGES: dict[KeyAsk, Callable[[Entry, KeyClaim], Entry]] = {
    KeyAsk.TAKE: _take,
    KeyAsk.RELEASE: _release,
    KeyAsk.BAR: _bar,
    KeyAsk.LIFT: _lift,
}


def _finding(claim: KeyClaim, entry: Entry | None, recent: int) -> KeyFinding | None:
    """What is known of a key beside the account that asks; None for nothing."""
    if entry is None and recent <= 1:
        return None
    mine = claim.account_id
    holders = [h for h in entry.holders if h.account_id != mine] if entry else ()
    bars = [b for b in entry.bars if b.account_id != mine] if entry else ()
    if not holders and not bars and recent <= 1:
        return None
    first = max(holders, key=lambda holder: holder.strength, default=None)
    last = max((bar.until or _NEVER for bar in bars), default=0)
    return KeyFinding(
        account_id=mine,
        event_id=claim.event_id,
        at=claim.at,
        kind=claim.kind,
        key=claim.key,
        holders=len(holders),
        strength=first.strength if first else 0,
        other_account_id=first.account_id if first else None,
        barred=bool(bars),
        ban_until=0 if last == _NEVER else last,
        closed_for=any(b.closed_for and (not b.until or b.until > claim.at) for b in bars),
        recent=recent,
    )


def _bears_on_a_live_name(finding: KeyFinding) -> bool:
    return finding.kind is KeyKind.NAME and (finding.strength > 0 or finding.closed_for)


def _count(claim: KeyClaim, read: Read, states: dict[bytes, bytes | None]) -> int:
    """Count a registration with a key; returns how many there were within a day."""
    bucket = int.from_bytes(claim.key[:2], "big") % BUCKETS
    place = _BUCKET[claim.kind] + bucket.to_bytes(2, "big")
    held = states[place] if place in states else read(place)
    counts = _decode_counts(held) if held is not None else []
    mine = next((count for count in counts if count.key == claim.key), None)
    if mine is None:
        if len(counts) >= BUCKET:
            counts.remove(min(counts, key=lambda count: count.since))
        mine = Count(claim.key, claim.at, 0)
        counts.append(mine)
    elif claim.at >= mine.since + DAY:
        mine.since, mine.number = claim.at, 0
    mine.number += 1
    states[place] = _encode(counts)
    return mine.number
