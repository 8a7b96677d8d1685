"""The hash chain of an account's audit records."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from schemas.records import AuditRecord

FIRST = "0" * 64
"""``previous_hash`` of an account's first record."""

_NAMES = tuple(name for name in AuditRecord.__struct_fields__ if name != "hash")
_encode = msgspec.json.Encoder().encode


def audit_hash(record: AuditRecord) -> str:
    """SHA-256, in hex, over all fields but ``hash``.

    The fields go in as a JSON array in the order of the schema, in UTF-8, without spaces. The hash
    of the record before is one of them.
    """
    return sha256(_encode([getattr(record, name) for name in _NAMES])).hexdigest()


def seal(record: AuditRecord) -> AuditRecord:
    """The record with its hash."""
    return msgspec.structs.replace(record, hash=audit_hash(record))
