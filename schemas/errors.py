"""What can be wrong with a record, as values that travel with it."""

from __future__ import annotations

from enum import StrEnum


class DeadLetterReason(StrEnum):
    """Why a record is set aside; the reason code of its dead letter."""

    UNDECODABLE = "UNDECODABLE"
    UNKNOWN_SCHEMA = "UNKNOWN_SCHEMA"
    INVALID_FIELD = "INVALID_FIELD"
    UNKNOWN_ENUM = "UNKNOWN_ENUM"
    MISSING_ACCOUNT_ID = "MISSING_ACCOUNT_ID"
    KEY_MISMATCH = "KEY_MISMATCH"
    OVERSIZE_FIELD = "OVERSIZE_FIELD"
    TIME_IN_FUTURE = "TIME_IN_FUTURE"
    PROCESSING_FAILED = "PROCESSING_FAILED"
    TOO_LARGE = "TOO_LARGE"
    ACCOUNT_BUSY = "ACCOUNT_BUSY"


class DecodeError(Exception):
    """A record cannot be read. ``detail`` names fields and types, never values."""

    def __init__(self, reason: DeadLetterReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


class RegistryUnavailable(Exception):
    """The schema registry does not answer: try again, nothing is wrong with the record."""
