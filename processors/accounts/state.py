"""The state of one account, and its form in bytes.

A state is a byte that says what is waited for (`PAUSED`, `UNANSWERED`, 0 for neither); seven bytes
(big-endian) with the time of the next deadline in ms, 0 for none; and the MessagePack form of
`Account`. The first eight are readable without decoding the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Any

import msgspec
from msgspec import Struct

from processors.policy.model import Analysis, Facet
from schemas.records import (
    CaseOutcome,
    ChangeKind,
    ComplaintCategory,
    Decision,
    EscalationKind,
    Field,
    KeyKind,
    MeasureStep,
    Phase,
    SubjectKind,
    VerificationKind,
)

VERSION = 1

PAUSED = 1
"""Bit of the first byte: something waits for the end of a pause."""

UNANSWERED = 2
"""Bit of the first byte: something is decided as soon as the registry of keys has answered."""

FIELDS = tuple(Field)
INDEX = {field: index for index, field in enumerate(FIELDS)}
STEP_RANK = {step: rank for rank, step in enumerate(MeasureStep)}
DECISION_RANK = {decision: rank for rank, decision in enumerate(Decision)}
ALLOWING = frozenset((Decision.ALLOW, Decision.ALLOW_LABELLED))


class Status(IntEnum):
    """Where an account stands. Suspension is not a status: it is a live measure."""

    UNKNOWN = 0  # nothing was registered here, or it was and we never saw it
    AWAITING = 1  # the registration waits for a decision
    REFUSED = 2  # the registration was refused
    OPEN = 3
    CANCELLED = 4  # the account holder cancelled
    CLOSED = 5  # closed by a measure
    ERASED = 6  # cancelled, and erased on demand


FACET_BITS = {Facet.ADDRESS: 1, Facet.CATEGORY: 2, Facet.CREDIT_CODE: 4}
"""Facets that come with a proof of institution, beside its name."""


class Fact(Struct, array_like=True, gc=False):
    """Result of a verification that holds now. ``expires`` is 0 where it does not.

    ``names`` are other names that the proof carries, ``scope`` what is registered as such.
    ``facets`` adds up the bits of `FACET_BITS`: what of a page the proof has verified. ``logo`` is
    the perceptual hash of the registered logo, ``code`` the key of a credit code. ``proved`` says
    of an identity that failed that it had been verified before, and was not revoked.
    """

    kind: VerificationKind
    value: str
    token: str | None
    expires: int
    since: int
    failed: bool = False
    names: list[str] = []
    scope: str = ""
    facets: int = 0
    logo: bytes = b""
    code: bytes = b""
    proved: bool = False


class Approval(Struct, array_like=True, gc=False):
    """Rules that a person has set aside for the current value of a field.

    With ``value``, a digest, they are set aside for a value that was refused, until it comes again.
    """

    field: Field
    rules: list[str]
    value: bytes = b""


KEY_NUMBER = {kind: number for number, kind in enumerate(KeyKind)}
"""The number that stands for a kind of key in a state."""
_NAME = KEY_NUMBER[KeyKind.NAME]


class Known(Struct, array_like=True, gc=False):
    """What the registry has answered of a key; see `KeyFinding`. ``kind`` is a `KEY_NUMBER`."""

    kind: int
    holders: int
    strength: int
    barred: bool
    ban_until: int
    closed_for: bool
    recent: int


class Claimed(Struct, array_like=True, frozen=True, gc=False):
    """A key that the account has taken, or, where ``until`` is not negative, bars.

    ``until`` is in ms, 0 for no end. ``kind`` is a `KEY_NUMBER`.
    """

    kind: int
    key: bytes
    strength: int = 0
    until: int = -1


class Parked(Struct, array_like=True, gc=False):
    """A change that came while the registration waits for an answer, as it came."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    change: bytes


class Pending(Struct, array_like=True, gc=False):
    """A change, or a live value, that waits for a person or for material.

    ``kind`` is None for a live value that no change brought up. ``since`` is when the change came,
    ``opened`` when it began to wait as it does now, ``breached`` whether ``due`` has passed.
    ``rules`` names the rules that hit, the most severe first. ``first`` is the first reviewer.
    ``pause`` is the directive whose end it waits for, empty where it does not.
    ``awaiting`` says that it waits for an analysis only, and nobody was asked to look yet.

    ``decision`` ALLOW or ALLOW_LABELLED: it would be allowed and waits for ``asks`` answers of the
    registry of keys; ``asks`` is `ANSWERED` once all are there. Where they did not come in time,
    ``asks`` stands with another decision. ``asked`` is when they were asked for (ms), ``heard``
    what has come so far, ``found`` what all of them say of others, ``reviewers`` who approved
    before it was asked, ``aside`` the rules that they set aside by that, ``judged`` the policy by
    which nothing at all was found, empty where it is judged again; ``unchecked`` are fields whose
    image it had not looked into.
    """

    event_id: str
    kind: ChangeKind | None
    phase: Phase
    decision: Decision
    since: int
    opened: int
    due: int
    revision: int
    severity: int
    values: dict[Field, str]
    rules: list[tuple[str, Field]]
    subject: SubjectKind | None
    owner: str | None
    first: str
    topic: str
    partition: int
    offset: int
    breached: bool = False
    pause: str = ""
    awaiting: bool = False
    asks: int = 0
    found: list[Known] = []
    reviewers: list[str] = []
    judged: str = ""
    unchecked: list[Field] = []
    asked: int = 0
    heard: list[Known] = []
    aside: list[tuple[str, Field]] = []

    @property
    def asking(self) -> bool:
        """Whether it is decided as soon as the registry of keys has answered."""
        return self.asks > 0 and self.decision in ALLOWING


ANSWERED = -1


class Measure(Struct, array_like=True, gc=False):
    """A measure, live while ``ended`` is 0. All times in ms, 0 for none.

    ``root`` is the first measure of the same breach and ``entry`` its entry in the ledger: what an
    upheld appeal takes back. ``deadline`` is until when a correction lifts the measure,
    ``reminder`` when the account is reminded of it. ``reviewer`` is empty where no person ordered
    it, ``confirmed`` names those who lengthened it. ``rollback`` is the last compliant value of
    the field while the measure is live. ``put_off`` says that its time was over once, and that it
    stands only for want of what was not decided by then. ``extended`` is when it was last made
    longer (ms), 0 for never: from then on one may appeal anew. ``counts`` is the rank as which it
    counts for repetition, where it had counted a measure that was taken back; -1 for its step's.
    ``appeal`` is until when one may appeal, as the account was told, and ``functions`` are what a
    live measure restricts, as it was begun; 0 and None in states of an earlier build.
    ``waited_for`` is the event id of the correction for whose decision it was put off, empty where
    it was for none, or for a pause alone. ``value``, a digest, is of what a warning of a field was
    said; empty in states of an earlier build.
    """

    id: str
    root: str
    step: MeasureStep
    rule: str
    obligation: str
    article: str
    severity: int
    field: Field | None
    begins: int
    ends: int
    deadline: int
    reminder: int
    entry: str
    reviewer: str
    ended: int = 0
    overturned: bool = False
    clause: str = ""
    rollback: str | None = None
    confirmed: list[str] = []
    put_off: bool = False
    extended: int = 0
    counts: int = -1
    appeal: int = 0
    functions: tuple[str, ...] | None = None
    waited_for: str = ""
    value: bytes = b""


class Entry(Struct, array_like=True, gc=False):
    """A live entry of the credit ledger. ``expires`` is 0 where it counts for good.

    ``reviewers`` have rejected what it was entered for, or dismissed an appeal against it.
    ``field`` and ``value``, a digest, are what was refused, where the entry is for that.
    """

    id: str
    rule: str
    points: int
    expires: int
    reviewers: list[str] = []
    field: Field | None = None
    value: bytes = b""


class Ticket(Struct, array_like=True, gc=False):
    """A complaint that a person looks at, or, with ``settled`` set, one that was decided.

    ``value`` is a hash of what was complained of; ``merged`` counts the complaints joined to it.
    While ``evidence_due`` (ms) is set, evidence is waited for and no person has it; ``evidence``
    counts the references brought. ``answer`` is the id of the account's answer, ``told`` whether
    the account knows of the complaint. While ``asks`` holds the id of its event the complaint is
    only received, and waits for what is known of its complainant, the first of the keys in
    ``reporters``. ``priority`` is that of its escalation, 0 for that of its category. ``lapsed``:
    it was dismissed for want of evidence, by nobody, or upheld by a measure that was taken back.
    """

    id: str
    category: ComplaintCategory
    field: Field | None
    value: bytes
    language: str | None
    at: int
    due: int
    rules: list[str]
    merged: int = 0
    breached: bool = False
    settled: int = 0
    outcome: CaseOutcome | None = None
    evidence: int = 0
    evidence_due: int = 0
    answer: str = ""
    told: bool = False
    asks: str = ""
    reporters: list[bytes] = []
    priority: int = 0
    lapsed: bool = False


class Appeal(Struct, array_like=True, gc=False):
    """An appeal that waits for a person. ``measure`` is empty where none is known."""

    id: str
    measure: str
    priority: int
    at: int
    due: int
    breached: bool = False


class Report(Struct, array_like=True, gc=False):
    """A report item whose delivery is awaited until ``due`` (ms)."""

    id: str
    rule: str
    due: int


class Breach(Struct, array_like=True, gc=False):
    """A time limit for a decision that passed, or a brake; waits until a person has taken note."""

    subject: str
    opened: int
    due: int
    kind: EscalationKind = EscalationKind.SLA_BREACH


class Evidence(Struct, array_like=True, gc=False):
    """What a cancelled account had, kept for the cases that hold it. ``at`` is when it ended."""

    at: int
    values: list[str | None]
    owner: str | None
    facts: list[Fact]


class Account(Struct, array_like=True, gc=False):
    """All that is known of an account.

    ``values`` holds the six watched fields in the order of `Field`: None where a value is not
    known, an empty string where it is known to be empty. ``seen`` holds eight bytes for each of
    the last events, oldest first; ``audit`` the hash of the last audit record. ``registered`` says
    that its registration was seen, ``place`` is its IP label, ``repair_due`` when its credit is
    repaired next (ms, 0 for never), ``reports`` what is not delivered to the authorities yet.

    ``devices`` holds the keys of the last devices, ``avatar`` that of the last avatar, ``claimed``
    what the registry of keys has of this account, ``parked`` changes that wait for an answer of it.
    ``renamed`` is when a name was last replaced, ``tries`` when the day began in which names are
    being tried, and how many were.
    ``legal_holds`` are the cases that its evidence is held for, ``evidence`` what they keep of it.

    What is added stands at the end and has a default: a state of an older build is then read as
    it is. `VERSION` rises where the meaning of something changes.
    """

    version: int = VERSION
    status: Status = Status.UNKNOWN
    seq: int = 0
    subject: SubjectKind | None = None
    values: list[str | None] = msgspec.field(default_factory=lambda: [None] * len(FIELDS))
    owner: str | None = None
    agreement: str | None = None
    language: str | None = None
    seen: bytes = b""
    audit: bytes = b""
    facts: list[Fact] = []
    approvals: list[Approval] = []
    pending: list[Pending] = []
    measures: list[Measure] = []
    ledger: list[Entry] = []
    tickets: list[Ticket] = []
    appeals: list[Appeal] = []
    breaches: list[Breach] = []
    registered: bool = False
    place: str | None = None
    repair_due: int = 0
    analyses: list[Analysis] = []
    reports: list[Report] = []
    devices: list[bytes] = []
    avatar: bytes = b""
    claimed: list[Claimed] = []
    parked: list[Parked] = []
    renamed: int = 0
    tries: list[int] = []
    legal_holds: list[str] = []
    evidence: list[Evidence] = []

    def value(self, field: Field) -> str | None:
        """Current value of a field."""
        return self.values[INDEX[field]]

    def live_measures(self) -> list[Measure]:
        """Measures in force, oldest first."""
        return [measure for measure in self.measures if not measure.ended]

    def claims_a_name(self) -> bool:
        """Whether a name is claimed as the account's own by right, or barred."""
        return any(claimed.kind == _NAME for claimed in self.claimed)

    def open_tickets(self) -> list[Ticket]:
        """Complaints that are not settled, oldest first."""
        return [ticket for ticket in self.tickets if not ticket.settled]


class Timer(IntEnum):
    """What may fall due, in the order in which things due at the same time take effect."""

    FACT = 0
    ENTRY = 1
    PENDING = 2
    REMINDER = 3
    MEASURE = 4
    EVIDENCE = 5
    TICKET = 6
    APPEAL = 7
    REPAIR = 8
    REPORT = 9


class Timed(Struct, frozen=True, gc=False):
    """A part of the state that falls due: when (ms), as what, and the part."""

    due: int
    timer: Timer
    part: Any

    def ident(self) -> str:
        """Id of the part within its account."""
        if self.timer is Timer.REPAIR:
            return ""
        if self.timer is Timer.FACT:
            return f"{self.part.kind}:{self.part.value or self.part.token or ''}"
        return str(self.part.event_id if self.timer is Timer.PENDING else self.part.id)


def timers(account: Account) -> Iterator[Timed]:
    """Everything in an account that falls due."""
    for fact in account.facts:
        if fact.expires:
            yield Timed(fact.expires, Timer.FACT, fact)
    for entry in account.ledger:
        if entry.expires:
            yield Timed(entry.expires, Timer.ENTRY, entry)
    for pending in account.pending:
        if not pending.breached and pending.decision not in ALLOWING:
            yield Timed(pending.due, Timer.PENDING, pending)
    if account.measures:
        yield from _measure_timers(account.measures)
    if account.tickets:
        yield from _ticket_timers(account.tickets)
    for appeal in account.appeals:
        if not appeal.breached:
            yield Timed(appeal.due, Timer.APPEAL, appeal)
    if account.repair_due:
        yield Timed(account.repair_due, Timer.REPAIR, account)
    for report in account.reports:
        yield Timed(report.due, Timer.REPORT, report)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Account).decode


def _measure_timers(measures: list[Measure]) -> Iterator[Timed]:
    for measure in measures:
        if not measure.ended:
            if measure.reminder:
                yield Timed(measure.reminder, Timer.REMINDER, measure)
            if due := measure.deadline or measure.ends:
                yield Timed(due, Timer.MEASURE, measure)


def _ticket_timers(tickets: list[Ticket]) -> Iterator[Timed]:
    for ticket in tickets:
        if not ticket.settled:
            if ticket.evidence_due:
                yield Timed(ticket.evidence_due, Timer.EVIDENCE, ticket)
            if not ticket.breached:
                yield Timed(ticket.due, Timer.TICKET, ticket)


def earliest_due(account: Account) -> int:
    """When the next deadline of an account falls due, in ms; 0 for none."""
    if (
        account.ledger
        or account.measures
        or account.pending
        or account.tickets
        or account.appeals
        or account.repair_due
        or account.reports
    ):
        return min([timed.due for timed in timers(account)], default=0)
    # Most accounts have proofs alone.
    return min([fact.expires for fact in account.facts if fact.expires], default=0)


def encode(account: Account, due: int | None = None) -> bytes:
    """Bytes of a state, its next deadline in front; ``due`` where that is known already."""
    if due is None:
        due = earliest_due(account)
    if account.pending or account.tickets:
        due |= _waits(account) << 56
    return due.to_bytes(8, "big") + _encode(account)


def _waits(account: Account) -> int:
    """The bits of the first byte."""
    waits = 0
    for pending in account.pending:
        if pending.pause:
            waits |= PAUSED
        if pending.asking:
            waits |= UNANSWERED
    if account.tickets and any(ticket.asks for ticket in account.tickets):
        waits |= UNANSWERED
    return waits


class UnreadableState(msgspec.DecodeError):
    """A state that `encode` of this version did not write: no fault of what is done to it."""


def decode(state: bytes) -> Account:
    """The account in a state. Raises `UnreadableState` for anything `encode` did not write."""
    try:
        account = _decode(state[8:])
    except msgspec.DecodeError as error:
        raise UnreadableState(str(error)) from error
    if account.version != VERSION:
        raise UnreadableState(f"account state has version {account.version}, not {VERSION}")
    return account


def next_due(state: bytes) -> int:
    """Time in ms of the next deadline of a state, 0 for none, without decoding the rest."""
    return int.from_bytes(state[1:8], "big")


def is_paused(state: bytes) -> bool:
    """Whether something in a state waits for the end of a pause, without decoding it."""
    return state[0] & PAUSED != 0


def is_unanswered(state: bytes) -> bool:
    """Whether something in a state waits for an answer of the registry of keys."""
    return state[0] & UNANSWERED != 0
