"""Results of verifying: what they prove, what they end, what is judged anew (Art. 9 and 15)."""

from __future__ import annotations

from processors.accounts import duties, reviews, values
from processors.accounts.effects import Audited
from processors.accounts.state import FACET_BITS, Account, Fact, Pending, Status
from processors.accounts.turn import Turn
from processors.accounts.waiting import judge_again
from processors.credit_code import is_credit_code
from processors.keys import is_same, token_key
from processors.policy.model import Facet
from schemas.records import (
    AccountVerification,
    AuditKind,
    ChangeKind,
    Decision,
    KeyKind,
    Phase,
    VerificationKind,
    VerificationResult,
)

MAX_FACTS = 32
"""Proofs that an account keeps; beyond it the oldest is dropped, and the record says so."""

# Looked up once, as in `changes`.
_ENDED = (Status.CANCELLED, Status.ERASED)
_IDENTITY, _INSTITUTION = VerificationKind.IDENTITY, VerificationKind.INSTITUTION
_CONTACT = VerificationKind.CONTACT

_PERSONAL = (_IDENTITY, _CONTACT)
"""Kinds whose value may be a number of a person: it is not kept, the keyed token is (Art. 16)."""

_NOT_VERIFIED = "The identity could not be verified (CAC-09-2)."

MAX_SCOPE = 1_000
"""Characters of a registered scope that an account keeps."""


def apply_verification(turn: Turn, verification: AccountVerification) -> None:
    """Take up a result, and judge anew what it bears on."""
    turn.claims_changed = True
    if turn.account.status in _ENDED:
        _audit(turn, verification, "not kept: the account is cancelled")
    elif verification.result is VerificationResult.VERIFIED:
        _prove(turn, verification)
    else:
        _disprove(turn, verification)


def expire_fact(turn: Turn, fact: Fact) -> None:
    """A proof has ended: what rested on it is verified again."""
    turn.claims_changed = True
    turn.account.facts.remove(fact)
    summary = f"The proof of {fact.kind} has ended."
    turn.effects.append(Audited(AuditKind.VERIFICATION, turn.event_id, summary, "auto"))
    values.verify_current(turn)


def _prove(turn: Turn, verification: AccountVerification) -> None:
    account = turn.account
    if verification.expires_at is not None and verification.expires_at <= turn.at:
        _audit(turn, verification, "not kept: the proof had ended")
        return
    next_owner = _next_owner(account, verification)
    # Whoever has the account now keeps their identity until it changes hands.
    own = next((f for f in account.facts if next_owner and f.kind is verification.kind), None)
    account.facts = [f for f in account.facts if f is own or not _renews(verification, f)]
    dropped = len(account.facts) >= MAX_FACTS
    if dropped:  # the oldest, but never who the account belongs to
        oldest = (f for f in account.facts if f.kind is not _IDENTITY)
        account.facts.remove(next(oldest))
    account.facts.append(_fact(turn, verification))
    _audit(turn, verification, _kept(verification, dropped))
    if verification.kind is _IDENTITY and not next_owner:
        values.lift_identity(turn)
    _judge_waiting(turn)
    duties.review(turn)
    if any(measure.deadline for measure in account.live_measures()):
        values.cure_by_proof(turn, turn.judge_current().proposals)


def _disprove(turn: Turn, verification: AccountVerification) -> None:
    account = turn.account
    taking_over = _next_owner(account, verification)
    if taking_over:
        _audit(turn, verification, "it is that of the next owner, whose change is refused")
        account.facts = [f for f in account.facts if not is_same(f.token, verification.token)]
        reviews.refuse(turn, taking_over, _NOT_VERIFIED)
        return
    kept = [fact for fact in account.facts if not _concerns(verification, fact)]
    removed = len(kept) < len(account.facts)
    proved = _was_proved(account, verification)
    account.facts = kept
    identity = verification.kind is _IDENTITY
    if identity:
        failed = Fact(
            kind=verification.kind,
            value="",
            token=verification.token,
            expires=0,
            since=turn.at,
            failed=True,
            proved=proved,
        )
        account.facts.append(failed)
    _audit(turn, verification, "the proof was removed" if removed else "there was no proof")
    revoked = verification.result is VerificationResult.REVOKED
    if identity:
        _without_identity(turn)
    elif verification.kind is _INSTITUTION and revoked:
        duties.suspend_institution(turn)
    _judge_waiting(turn)
    if removed:
        values.verify_current(turn)


def _was_proved(account: Account, verification: AccountVerification) -> bool:
    """Whether an identity that fails now was verified here before; a revoked one counts as not."""
    return verification.result is not VerificationResult.REVOKED and any(
        (fact.proved or not fact.failed)
        and (not verification.token or is_same(fact.token, verification.token))
        for fact in account.facts
        if fact.kind is _IDENTITY
    )


def _without_identity(turn: Turn) -> None:
    for pending in list(turn.account.pending):
        if pending.kind is ChangeKind.REGISTRATION and pending.phase is Phase.PROPOSED:
            reviews.refuse(turn, pending, _NOT_VERIFIED)
    values.suspend_for_identity(turn)


def _judge_waiting(turn: Turn) -> None:
    """Judge what waits again, but for what waits for people alone."""
    for pending in list(turn.account.pending):
        waits = pending.decision is not Decision.STRICT_HOLD and not (
            pending.pause or pending.found
        )
        if waits and pending in turn.account.pending:
            judge_again(turn, pending)


def _next_owner(account: Account, verification: AccountVerification) -> Pending | None:
    """The waiting change of owner to whom an identity belongs that is not the present owner's."""
    token = verification.token
    if verification.kind is not _IDENTITY or not token:
        return None
    if is_same(token, account.owner):
        return None
    changes = (p for p in account.pending if p.kind is ChangeKind.OWNER_CHANGE)
    return next((p for p in changes if is_same(p.owner, token)), None)


def _renews(verification: AccountVerification, fact: Fact) -> bool:
    """Whether a result is about the same as this proof: one identity, a contact by its token."""
    if fact.kind is not verification.kind or fact.kind is _IDENTITY:
        return fact.kind is verification.kind
    if fact.kind is _CONTACT:
        return is_same(fact.token, verification.token)
    return fact.value == (verification.value or "")


def _concerns(verification: AccountVerification, fact: Fact) -> bool:
    """Whether a result without a proof ends this one, or all its kind where it names none."""
    named = verification.token if fact.kind in _PERSONAL else verification.value
    return _renews(verification, fact) or (fact.kind is verification.kind and named is None)


def _fact(turn: Turn, verification: AccountVerification) -> Fact:
    """What is kept of a proof."""
    institution = verification.kind is _INSTITUTION
    return Fact(
        kind=verification.kind,
        value="" if verification.kind in _PERSONAL else verification.value or "",
        token=verification.token,
        expires=verification.expires_at or 0,
        since=turn.at,
        names=[name for name in verification.names if name] if institution else [],
        scope=(verification.scope or "")[:MAX_SCOPE] if institution else "",
        facets=_facets(verification) if institution else 0,
        logo=bytes.fromhex(verification.logo_hash or "") if institution else b"",
        code=_code(verification) if institution else b"",
    )


def _facets(verification: AccountVerification) -> int:
    """What of a page a proof of institution verifies. A code must be one (GB 32100-2015)."""
    has = {
        Facet.ADDRESS: bool(verification.registered_address),
        Facet.CATEGORY: bool(verification.content_category),
        Facet.CREDIT_CODE: is_credit_code(verification.credit_code or ""),
    }
    return sum(bit for facet, bit in FACET_BITS.items() if has[facet])


def _code(verification: AccountVerification) -> bytes:
    """The key of a credit code; none for what is no code."""
    code = verification.credit_code or ""
    return token_key(KeyKind.CREDIT_CODE, code) if is_credit_code(code) else b""


def _kept(verification: AccountVerification, dropped: bool) -> str:
    """What was kept of a proof, in words."""
    parts = ["kept"]
    if verification.credit_code is not None:
        if verification.kind is not _INSTITUTION:
            parts.append("its credit code was not, as it is no institution's")
        elif not is_credit_code(verification.credit_code):
            parts.append("its credit code was not, as it is none of GB 32100-2015")
    if dropped:
        parts.append("the oldest proof was dropped")
    return "; ".join(parts)


def _audit(turn: Turn, verification: AccountVerification, what: str) -> None:
    summary = f"{verification.kind} {verification.result}: {what}."
    kind = AuditKind.VERIFICATION
    turn.effects.append(Audited(kind, verification.event_id, summary, "auto"))
