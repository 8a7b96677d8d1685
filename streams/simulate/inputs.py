"""The inputs beside edits, each with its topic."""

from __future__ import annotations

from typing import Any, NamedTuple

from processors.accounts.ids import derive_id
from processors.credit_code import complete
from schemas.records import (
    AccountAppeal,
    AccountChange,
    AccountComplaint,
    AccountRuling,
    AccountVerification,
    ChangeKind,
    ComplaintCategory,
    Field,
    MeasureStep,
    RulingAction,
    VerificationKind,
    VerificationResult,
)

PROOF_MS = 180 * 86_400_000
"""How long a simulated proof is valid."""


class Simulated(NamedTuple):
    """One input: the logical name of its topic and the record."""

    topic: str
    record: Any


def owner_change(account_id: str, event_id: str, now: int) -> Simulated:
    """The account goes to somebody else."""
    change = AccountChange(
        event_id=event_id,
        account_id=account_id,
        occurred_at=now,
        kind=ChangeKind.OWNER_CHANGE,
        owner_token=f"tok-{event_id}",
    )
    return Simulated("account.changes", change)


def cancellation(account_id: str, event_id: str, now: int) -> Simulated:
    """The account holder leaves."""
    change = AccountChange(
        event_id=event_id, account_id=account_id, occurred_at=now, kind=ChangeKind.CANCELLATION
    )
    return Simulated("account.changes", change)


def verified(
    account_id: str,
    kind: VerificationKind,
    value: str,
    event_id: str,
    now: int,
    token: str = "",
) -> Simulated:
    """A proof that holds for half a year, and that of an identity for good."""
    verification = AccountVerification(
        event_id=event_id,
        account_id=account_id,
        occurred_at=now,
        kind=kind,
        result=VerificationResult.VERIFIED,
        value=value or None,
        expires_at=None if kind is VerificationKind.IDENTITY else now + PROOF_MS,
        token=token or f"tok-{account_id}",
        source="simulated-registry",
    )
    return Simulated("account.verifications", verification)


def not_verified(account_id: str, event_id: str, now: int) -> Simulated:
    """The identity turns out to be nobody's, or somebody else's."""
    verification = AccountVerification(
        event_id=event_id,
        account_id=account_id,
        occurred_at=now,
        kind=VerificationKind.IDENTITY,
        result=VerificationResult.FAILED,
    )
    return Simulated("account.verifications", verification)


def registered(
    account_id: str, legal_name: str, scope: str, number: int, event_id: str, now: int
) -> Simulated:
    """The registration of an institution, with all that a public account's page shows of it.

    The code is lawful but of a division that does not exist: it is nobody's.
    """
    verification = AccountVerification(
        event_id=event_id,
        account_id=account_id,
        occurred_at=now,
        kind=VerificationKind.INSTITUTION,
        result=VerificationResult.VERIFIED,
        value=legal_name,
        expires_at=now + PROOF_MS,
        token=f"tok-{account_id}",
        source="simulated-registry",
        scope=scope,
        registered_address=f"示例路 {number % 900 + 1} 号",
        content_category=scope,
        credit_code=complete(f"91990000{number % 10**8:08d}"),
    )
    return Simulated("account.verifications", verification)


def complaint(
    account_id: str,
    complaint_id: str,
    category: ComplaintCategory,
    field: Field | None,
    complainant: str,
    statement: str,
    event_id: str,
    now: int,
    evidence: tuple[str, ...] = (),
) -> Simulated:
    """Somebody complains of the account, or brings evidence for a complaint."""
    record = AccountComplaint(
        event_id=event_id,
        account_id=account_id,
        occurred_at=now,
        complaint_id=complaint_id,
        category=category,
        field=field,
        complainant_token=complainant,
        statement=statement,
        language="en" if statement.isascii() else "zh",
        evidence=evidence,
    )
    return Simulated("account.complaints", record)


def ruling(
    account_id: str,
    action: RulingAction,
    subject_id: str,
    reviewer: str,
    reason: str,
    event_id: str,
    now: int,
    *,
    misuse: bool = False,
) -> Simulated:
    """A reviewer decides; with ``misuse``, that a complaint was manifestly unfounded."""
    record = AccountRuling(
        event_id=event_id,
        account_id=account_id,
        occurred_at=now,
        action=action,
        subject_id=subject_id,
        reviewer_id=reviewer,
        reason=reason,
        misuse=misuse,
    )
    return Simulated("account.rulings", record)


def closure(account_id: str, reviewer: str, reason: str, event_id: str, now: int) -> Simulated:
    """A reviewer closes an account for its name, and bars it for half a year."""
    record = AccountRuling(
        event_id=event_id,
        account_id=account_id,
        occurred_at=now,
        action=RulingAction.IMPOSE_MEASURE,
        subject_id=account_id,
        reviewer_id=reviewer,
        reason=reason,
        step=MeasureStep.CLOSE,
        field=Field.NAME,
        duration_days=180,
    )
    return Simulated("account.rulings", record)


def appeal(
    account_id: str, appeal_id: str, measure_id: str, statement: str, event_id: str, now: int
) -> Simulated:
    """The account holder appeals."""
    record = AccountAppeal(
        event_id=event_id,
        account_id=account_id,
        occurred_at=now,
        appeal_id=appeal_id,
        measure_id=measure_id,
        statement=statement,
        language="en" if statement.isascii() else "zh",
    )
    return Simulated("account.appeals", record)


def answer(
    account_id: str, answer_id: str, complaint_id: str, statement: str, event_id: str, now: int
) -> Simulated:
    """The account holder answers a complaint."""
    record = AccountAppeal(
        event_id=event_id,
        account_id=account_id,
        occurred_at=now,
        appeal_id=answer_id,
        measure_id="",
        complaint_id=complaint_id,
        statement=statement,
        language="en" if statement.isascii() else "zh",
    )
    return Simulated("account.appeals", record)


def first_measure(account_id: str, event_id: str, field: Field) -> str:
    """Id of the measure that the shipped pack begins for a first live contact in a field.

    Later offences of the account enter the ladder higher: an appeal then names an unknown measure,
    as appeals sometimes do.
    """
    return derive_id(
        "measure", account_id, event_id, "contacts.individual", MeasureStep.CORRECT, field
    )
