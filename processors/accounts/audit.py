"""The hash chain of an account's audit records."""

from __future__ import annotations

from hashlib import sha256
from operator import attrgetter

import msgspec

from schemas.records import AuditRecord

FIRST = "0" * 64
"""``previous_hash`` of an account's first record."""

_FIELDS = msgspec.structs.fields(AuditRecord)
_hashed = attrgetter(*(field.name for field in _FIELDS if field.name != "hash"))
_DEFAULTS = tuple(field.default for field in _FIELDS if field.name != "hash")
_encode = msgspec.json.Encoder().encode


def audit_hash(record: AuditRecord) -> str:
    """SHA-256, in hex, over all fields but ``hash``.

    The fields go in as a JSON array in the order of the schema, in UTF-8, without spaces; trailing
    ones that stand at their default are left out, so that a record keeps its hash when a later
    schema adds fields. The hash of the record before is one of them.
    """
    values = _hashed(record)
    count = len(values)
    while values[count - 1] == _DEFAULTS[count - 1]:
        count -= 1
    return sha256(_encode(values[:count])).hexdigest()


def seal(record: AuditRecord) -> AuditRecord:
    """The record with its hash."""
    return msgspec.structs.replace(record, hash=audit_hash(record))
