"""Complainants across accounts: how far they are relied on, and misuse of complaints (Art. 19).

A complainant is a key made of a token. Before a complaint is screened, the partition of the key is
asked how the complainant's earlier ones ended, on whatever account; how each ends is told to it.
Who complains without reason again and again is warned first, then not heard for a time.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from processors.accounts import cases
from processors.accounts.across import policy_mark
from processors.accounts.ids import derive_id
from processors.accounts.state import Account, Ticket
from processors.accounts.turn import DAY, Turn
from processors.keys import reporters, token_key, tokens_of
from processors.policy.model import Message, MisuseTerms
from schemas.records import AccountComplaint, CaseOutcome, KeyAsk, KeyClaim, KeyFinding, KeyKind

MAX_ASKING = 64
"""Complaints of an account that wait to be screened at once; further ones do without."""

MAX_RATED = 16
"""Complainants of one ticket who are told apart."""

LEAST = 4
"""Priority of the least urgent."""


class Standing(IntEnum):
    """How far a complainant is relied on."""

    UNKNOWN = 0
    TRUSTED = 1  # most complaints were upheld
    WARNED = 2  # many were without reason
    LIMITED = 3  # and went on being so: complaints are not processed


class Heard(NamedTuple):
    """A complainant's standing, and what to say of it: nothing, a warning, or a refusal."""

    standing: Standing
    said: Message | None = None


def answer_id(account_id: str, event_id: str) -> str:
    """Id of the turn in which a complaint is screened once its complainant is known.

    ``event_id`` is that of the complaint: a ticket that is forgotten may come again.
    """
    return derive_id("complainant", account_id, event_id)


def key_of(turn: Turn, complaint: AccountComplaint) -> bytes:
    """Key of the complainant; empty where nobody is to be known: no token, or no terms.

    Of several tokens the one under the oldest key: what is known of the complainant lies there
    until that key is given up.
    """
    tokens = tokens_of(complaint.complainant_token)
    if turn.pack.complaints.misuse is None or not tokens:
        return b""
    return token_key(KeyKind.REPORTER, tokens[-1])


def ask(turn: Turn, ticket: Ticket) -> bool:
    """Ask for the complainant of a ticket; whether an answer is to come."""
    terms = turn.pack.complaints.misuse
    asking = sum(1 for other in turn.account.tickets if other.asks)
    if terms is None or not ticket.reporters or asking >= MAX_ASKING:
        return False
    since = max(0, turn.at - terms.window_days * DAY)
    _claim(turn, ticket.reporters[0], KeyAsk.LOOK, until=since, answer=True)
    ticket.asks = turn.event_id
    return True


def asking(account: Account, event_id: str) -> Ticket | None:
    """The complaint that waits for an answer to what was asked with this event."""
    return next((ticket for ticket in account.tickets if ticket.asks == event_id), None)


def nobody(turn: Turn, ticket: Ticket) -> KeyFinding:
    """What is known of a complainant of whom no answer came in time: nothing."""
    return KeyFinding(
        account_id=turn.account_id,
        event_id=ticket.asks,
        at=turn.at,
        kind=KeyKind.REPORTER,
        key=ticket.reporters[0],
    )


def hear(turn: Turn, ticket: Ticket, finding: KeyFinding) -> Heard:
    """What becomes of a complaint for who complains. A warning or a limit is told to the key."""
    terms = turn.pack.complaints.misuse
    if terms is None:
        return Heard(Standing.UNKNOWN)
    if finding.barred:
        return Heard(Standing.LIMITED, cases.limited(finding.ban_until))
    key = ticket.reporters[0]
    if finding.warned_at:
        points = finding.unfounded_since + terms.manifest_points * finding.manifest_since
        if points >= terms.limit_points and _mostly(finding, terms):
            until = turn.at + terms.limit_days * DAY
            _claim(turn, key, KeyAsk.BAR, until=until)
            return Heard(Standing.LIMITED, cases.limited(until))
        return Heard(Standing.WARNED)
    points = finding.unfounded + terms.manifest_points * finding.manifest
    if points >= terms.warn_points and _mostly(finding, terms):
        _claim(turn, key, KeyAsk.WARN)
        return Heard(Standing.WARNED, cases.WARNED)
    upheld = finding.founded
    trusted = upheld >= terms.trusted_from and upheld > finding.unfounded + finding.manifest
    return Heard(Standing.TRUSTED if trusted else Standing.UNKNOWN)


def priority(standing: Standing, of_category: int) -> int:
    """Priority of a complaint: better where its complainant is trusted, worst where warned."""
    if standing is Standing.WARNED:
        return LEAST
    return max(1, of_category - 1) if standing is Standing.TRUSTED else of_category


def join(ticket: Ticket, key: bytes) -> bool:
    """Note who else has complained of the same. Whether they had before."""
    if not key or key in ticket.reporters:
        return bool(key)
    if len(ticket.reporters) < MAX_RATED:
        ticket.reporters.append(key)
    return False


def rate(turn: Turn, ticket: Ticket, outcome: CaseOutcome, *, misuse: bool = False) -> None:
    """Tell how a complaint ended to the keys of all who made it."""
    for key in ticket.reporters:
        rate_one(turn, key, outcome, misuse=misuse)


def rate_one(turn: Turn, key: bytes, outcome: CaseOutcome | None, *, misuse: bool = False) -> None:
    """Tell how a complaint ended to the key of one who made it; nothing where nobody decided."""
    how = (
        {
            CaseOutcome.UPHELD: reporters.FOUNDED,
            CaseOutcome.DISMISSED: reporters.MANIFEST if misuse else reporters.UNFOUNDED,
        }.get(outcome)
        if outcome
        else None
    )
    if how:
        _claim(turn, key, KeyAsk.RATE, strength=how)


def _mostly(finding: KeyFinding, terms: MisuseTerms) -> bool:
    """Whether the share of complaints without reason is large enough to speak of misuse."""
    without = finding.unfounded + finding.manifest
    return without >= terms.share * (without + finding.founded)


def _claim(
    turn: Turn,
    key: bytes,
    ask: KeyAsk,
    *,
    strength: int = 0,
    until: int = 0,
    answer: bool = False,
) -> None:
    turn.claims.append(
        KeyClaim(
            account_id=turn.account_id,
            account_seq=turn.seq,
            event_id=turn.event_id,
            policy=policy_mark(turn.examiner.policy.hash),
            at=turn.at,
            kind=KeyKind.REPORTER,
            key=key,
            ask=ask,
            strength=strength,
            until=until,
            answer=answer,
        )
    )
