"""Whether an input may be applied at all. What may not is set aside with a reason, never raised.

A detail never holds a value of the input, only the name of what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from schemas.errors import DeadLetterReason
from schemas.records import (
    AccountAppeal,
    AccountChange,
    AccountComplaint,
    AccountRuling,
    AccountVerification,
    FieldAnalysis,
    FieldLabel,
    Label,
)

InputRecord = (
    AccountChange
    | AccountVerification
    | AccountComplaint
    | AccountAppeal
    | AccountRuling
    | FieldAnalysis
)

MAX_DAYS = 36_500
"""Longest measure that a ruling may order, in days."""

MAX_NAMES = 32
"""Names that a proof may carry beside its value."""

MAX_LABELS = 32
"""Labels that an input may carry."""

MAX_SCORE = 1_000
"""A classifier that is sure, in thousandths."""

MIN_TIME = 100_000_000_000
"""March 1973, in ms: times before it are taken for seconds."""

MAX_TIME = 32_503_680_000_000
"""The year 3000, in ms: times from there on are taken for microseconds."""


_HASH = re.compile("(?:[0-9a-f]{64})?")


class Limits(Struct, frozen=True):
    """What an input may hold: lengths in characters, and how far ahead of its record it may be."""

    max_field_chars: int = 20_000
    max_id_chars: int = 256
    max_future_ms: int = 300_000


class Fault(NamedTuple):
    """Why an input is not acceptable."""

    reason: DeadLetterReason
    detail: str


def check(  # noqa: PLR0911 - one return a fault; runs for every input
    record: InputRecord, timestamp: int, limits: Limits
) -> Fault | None:
    """The first fault of an input whose record has this timestamp (ms), or None."""
    account_id = record.account_id
    if not account_id:
        return Fault(DeadLetterReason.MISSING_ACCOUNT_ID, "account_id is empty")
    if account_id[0] == "\0":
        return Fault(DeadLetterReason.INVALID_FIELD, "account_id begins with a zero character")
    if not record.event_id:
        return Fault(DeadLetterReason.INVALID_FIELD, "event_id is empty")
    if len(account_id) > limits.max_id_chars:
        return _oversize("account_id", limits.max_id_chars)
    if len(record.event_id) > limits.max_id_chars:
        return _oversize("event_id", limits.max_id_chars)
    if not 0 <= timestamp < MAX_TIME:
        return Fault(DeadLetterReason.INVALID_FIELD, "the record's timestamp is out of range")
    if record.occurred_at and not MIN_TIME <= record.occurred_at < MAX_TIME:  # 0: not known
        return _no_millis("occurred_at")
    if record.occurred_at > timestamp + limits.max_future_ms:
        return Fault(
            DeadLetterReason.TIME_IN_FUTURE,
            f"occurred_at is more than {limits.max_future_ms} ms after the record's timestamp",
        )
    return _CHECKS[type(record)](record, limits)


def _change(record: AccountChange, limits: Limits) -> Fault | None:
    longest = limits.max_field_chars
    if (
        (record.name and len(record.name) > longest)
        or (record.bio and len(record.bio) > longest)
        or (record.avatar and len(record.avatar) > longest)
        or (record.cover and len(record.cover) > longest)
        or (record.signature and len(record.signature) > longest)
        or (record.badge and len(record.badge) > longest)
    ):
        return _texts(record, ("name", "avatar", "cover", "bio", "signature", "badge"), limits)
    if record.labels and (fault := _labels(record.labels, limits)):
        return fault
    longest = limits.max_id_chars
    if (
        (record.owner_token and len(record.owner_token) > longest)
        or (record.agreement_version and len(record.agreement_version) > longest)
        or (record.language and len(record.language) > longest)
        or (record.ip_region and len(record.ip_region) > longest)
        or (record.device_token and len(record.device_token) > longest)
        or (record.avatar_hash and len(record.avatar_hash) > longest)
    ):
        names = (
            "owner_token",
            "agreement_version",
            "language",
            "ip_region",
            "device_token",
            "avatar_hash",
        )
        return _ids(record, names, limits)
    return None


def _verification(record: AccountVerification, limits: Limits) -> Fault | None:
    expires = record.expires_at
    if expires is not None and not MIN_TIME <= expires < MAX_TIME:
        return _no_millis("expires_at")
    if len(record.names) > MAX_NAMES or any(len(n) > limits.max_id_chars for n in record.names):
        return Fault(
            DeadLetterReason.OVERSIZE_FIELD,
            f"names has more than {MAX_NAMES} names, or one longer than {limits.max_id_chars}",
        )
    if not _HASH.fullmatch(record.logo_hash or ""):
        return Fault(DeadLetterReason.INVALID_FIELD, "logo_hash is not 64 hex digits")
    texts = ("value", "scope", "registered_address", "content_category")
    return _texts(record, texts, limits) or _ids(record, ("token", "source", "credit_code"), limits)


def _complaint(record: AccountComplaint, limits: Limits) -> Fault | None:
    return (
        _needed(record, "complaint_id")
        or _texts(record, ("statement",), limits)
        or _ids(record, ("complaint_id", "complainant_token", "language"), limits)
    )


def _appeal(record: AccountAppeal, limits: Limits) -> Fault | None:
    return (
        _needed(record, "appeal_id")
        or _texts(record, ("statement",), limits)
        or _ids(record, ("appeal_id", "measure_id", "language", "complaint_id"), limits)
    )


def _ruling(record: AccountRuling, limits: Limits) -> Fault | None:
    days = record.duration_days
    if days is not None and not 1 <= days <= MAX_DAYS:
        return Fault(
            DeadLetterReason.INVALID_FIELD, f"duration_days is not between 1 and {MAX_DAYS}"
        )
    return (
        _needed(record, "reviewer_id")
        or _texts(record, ("reason",), limits)
        or _ids(record, ("subject_id", "reviewer_id"), limits)
    )


def _analysis(record: FieldAnalysis, limits: Limits) -> Fault | None:
    fault = (
        _needed(record, "value")
        or _texts(record, ("value",), limits)
        or _ids(record, ("source",), limits)
        or _labels(record.labels, limits)
    )
    image = record.image
    if fault or image is None:
        return fault
    if len(image.text) > limits.max_field_chars:
        return _oversize("image.text", limits.max_field_chars)
    if any(len(code) > limits.max_id_chars for code in image.codes):
        return _oversize("image.codes", limits.max_id_chars)
    if not all(_HASH.fullmatch(seen) for seen in (image.hash, image.mirror_hash)):
        return Fault(
            DeadLetterReason.INVALID_FIELD, "image.hash or image.mirror_hash is not 64 hex digits"
        )
    return None


def _labels(labels: Sequence[Label | FieldLabel], limits: Limits) -> Fault | None:
    if len(labels) > MAX_LABELS or any(len(one.label) > limits.max_id_chars for one in labels):
        return Fault(
            DeadLetterReason.OVERSIZE_FIELD,
            f"there are more than {MAX_LABELS} labels, or one is longer than "
            f"{limits.max_id_chars} characters",
        )
    if not all(one.label and 0 <= one.score <= MAX_SCORE for one in labels):
        return Fault(
            DeadLetterReason.INVALID_FIELD,
            f"a label is empty, or its score is not from 0 to {MAX_SCORE}",
        )
    return None


def _needed(record: InputRecord, name: str) -> Fault | None:
    if getattr(record, name):
        return None
    return Fault(DeadLetterReason.INVALID_FIELD, f"{name} is empty")


def _texts(record: InputRecord, names: tuple[str, ...], limits: Limits) -> Fault | None:
    return _longer(record, names, limits.max_field_chars)


def _ids(record: InputRecord, names: tuple[str, ...], limits: Limits) -> Fault | None:
    return _longer(record, names, limits.max_id_chars)


def _longer(record: InputRecord, names: tuple[str, ...], longest: int) -> Fault | None:
    for name in names:
        text = getattr(record, name)
        if text is not None and len(text) > longest:
            return _oversize(name, longest)
    return None


def _no_millis(name: str) -> Fault:
    return Fault(
        DeadLetterReason.INVALID_FIELD,
        f"{name} is out of range: give milliseconds since 1970, not seconds or microseconds",
    )


def _oversize(name: str, longest: int) -> Fault:
    return Fault(DeadLetterReason.OVERSIZE_FIELD, f"{name} is longer than {longest} characters")


_CHECKS: dict[type, Callable[[Any, Limits], Fault | None]] = {
    AccountChange: _change,
    AccountVerification: _verification,
    AccountComplaint: _complaint,
    AccountAppeal: _appeal,
    AccountRuling: _ruling,
    FieldAnalysis: _analysis,
}
