"""What a partition knows of the complainants whose keys belong to it: how their complaints ended.

It counts, and remembers warnings and limits; what follows from that is for the account complained
of to decide, under its policy (Order No. 10, Art. 19).
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from schemas.records import KeyAsk, KeyClaim, KeyFinding

KEPT = 32
"""Outcomes that a complainant is known by: the last ones."""

FOUNDED, UNFOUNDED, MANIFEST = 1, 2, 3
"""Strength of a rating: upheld, dismissed, or dismissed as manifestly unfounded."""


class Rated(Struct, array_like=True, gc=False):
    """How a complaint ended, and when (ms)."""

    at: int
    how: int


class Reporter(Struct, array_like=True):
    """A complainant. ``warned`` and ``until``, to when complaints are not processed, in ms or 0."""

    rated: list[Rated] = []
    warned: int = 0
    until: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Reporter).decode


def apply_claim(claim: KeyClaim, held: bytes | None) -> tuple[bytes | None, KeyFinding | None]:
    """The new state of a complainant, None where it is as it was, and the answer to a look.

    A look asks for outcomes since the claim's ``until``.
    """
    reporter = _decode(held) if held is not None else Reporter()
    if claim.ask is KeyAsk.LOOK:
        return None, _finding(claim, reporter)
    if claim.ask is KeyAsk.RATE:
        reporter.rated = [*reporter.rated, Rated(claim.at, claim.strength)][-KEPT:]
    elif claim.ask is KeyAsk.WARN:
        reporter.warned = max(reporter.warned, claim.at)
    elif claim.ask is KeyAsk.BAR:
        reporter.until = max(reporter.until, claim.until)
    return _encode(reporter), None


def _finding(claim: KeyClaim, reporter: Reporter) -> KeyFinding:
    recent = [rated for rated in reporter.rated if rated.at >= claim.until]
    # What has led to a limit is done with once that has ended.
    since = [rated for rated in recent if rated.at > max(reporter.warned, reporter.until)]
    warned = reporter.warned if reporter.warned >= claim.until else 0
    return KeyFinding(
        account_id=claim.account_id,
        event_id=claim.event_id,
        at=claim.at,
        kind=claim.kind,
        key=claim.key,
        barred=reporter.until > claim.at,
        ban_until=reporter.until,
        founded=_count(recent, FOUNDED),
        unfounded=_count(recent, UNFOUNDED),
        manifest=_count(recent, MANIFEST),
        warned_at=warned,
        unfounded_since=_count(since, UNFOUNDED) if warned else 0,
        manifest_since=_count(since, MANIFEST) if warned else 0,
    )


def _count(rated: list[Rated], how: int) -> int:
    return sum(1 for one in rated if one.how == how)
