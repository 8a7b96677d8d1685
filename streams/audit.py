"""Verifies the hash chains of audit records.

The records of an account are chained: each holds the hash of the one before it, so that none can be
changed, left out or put in later unseen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from processors.accounts import audit_hash
from processors.accounts.audit import FIRST
from schemas.records import AuditRecord


class Link(NamedTuple):
    """What the chain needs of an audit record."""

    account_id: str
    account_seq: int
    audit_id: str
    at: int
    previous_hash: str
    hash: str


def link_of(record: AuditRecord) -> Link:
    """The link of a record."""
    return Link(
        record.account_id,
        record.account_seq,
        record.audit_id,
        record.at,
        record.previous_hash,
        record.hash,
    )


class Chains:
    """Follows the chain of every account; records of one account come in their order.

    ``problems`` names what does not hold. ``shortened`` are accounts whose chain begins after its
    first record, as it does when retention has deleted that.
    """

    def __init__(self) -> None:
        self.records = 0
        self.problems: list[str] = []
        self.shortened: set[str] = set()
        self.last: dict[str, str] = {}

    def add(self, record: AuditRecord) -> None:
        """Follow one record: its own hash, and that of the one before it."""
        if audit_hash(record) != record.hash:
            self.problems.append(f"{_where(link_of(record))}: the hash is not that of the record")
        self.follow(link_of(record))

    def follow(self, link: Link) -> None:
        """Follow a link whose record is not at hand."""
        self.records += 1
        before = self.last.get(link.account_id)
        if before is None and link.previous_hash != FIRST:
            self.shortened.add(link.account_id)
        elif before is not None and link.previous_hash != before:
            self.problems.append(f"{_where(link)}: it does not follow on the record before it")
        self.last[link.account_id] = link.hash


def verify(records: Iterable[AuditRecord]) -> Chains:
    """Follow all records of some accounts."""
    chains = Chains()
    for record in records:
        chains.add(record)
    return chains


def _where(link: Link) -> str:
    return f"{link.account_id} #{link.account_seq}, audit record {link.audit_id}"
