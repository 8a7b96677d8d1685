"""A batch at work: its accounts and the keys that belong here, decoded once, encoded at the end.

`processors.engine` is the front door; what a batch is given and comes to is described here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from processors import keys
from processors.accounts import (
    OutputRecord,
    across,
    answers,
    decode,
    encode,
    next_due,
    parking,
    reporters,
    sweeping,
)
from processors.accounts import backlog as backlogs
from processors.accounts.analyses import apply_analysis
from processors.accounts.appeals import apply_appeal
from processors.accounts.backlog import KEY as BACKLOG
from processors.accounts.brakes import KEY as BRAKES
from processors.accounts.brakes import Brakes, Counted, LiveBrakes, RecordedBrakes
from processors.accounts.changes import apply_change
from processors.accounts.complaints import apply_complaint, screen
from processors.accounts.deadlines import fire_next
from processors.accounts.emit import emit
from processors.accounts.examiner import Examiner
from processors.accounts.ids import mark, remember
from processors.accounts.rulings import apply_ruling
from processors.accounts.state import Account, Pending, earliest_due, is_paused, is_unanswered
from processors.accounts.turn import Turn, current_values
from processors.accounts.verification import apply_verification
from processors.control import Control, guarded
from processors.policy import Policy
from processors.policy.model import TEXT_FIELDS, Guard
from processors.sweeps import Sweep
from processors.validation import Fault, InputRecord
from processors.value_keys import ValueKeys
from schemas.errors import DeadLetterReason
from schemas.records import (
    AccountAppeal,
    AccountChange,
    AccountComplaint,
    AccountRuling,
    AccountVerification,
    Escalation,
    FieldAnalysis,
    KeyClaim,
    KeyClaims,
    KeyFinding,
    KeyFindings,
    KeyKind,
)

Read = Callable[[bytes], bytes | None]
"""State of a key: the account id in UTF-8, or what the registry of keys names; None for none."""


class Input(Struct, frozen=True, gc=False):
    """An input record and where it came from. ``timestamp`` is its event time in ms."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    record: InputRecord | KeyClaims | KeyFindings


class Rejection(NamedTuple):
    """An input that may not be applied; ``index`` counts in the batch."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody asks a rejection
    reason: DeadLetterReason
    detail: str


class Answer(NamedTuple):
    """What the registry of keys answers to one record of claims, for the partition of origin."""

    origin: int
    findings: KeyFindings


class Outcome(NamedTuple):
    """What a batch comes to. Records are in order; their topic follows from their type.

    ``claims`` are what accounts ask of the registry of keys, ``answers`` what it answers.
    """

    states: dict[bytes, bytes | None]
    outputs: list[OutputRecord]
    rejected: list[Rejection]
    duplicates: int
    claims: Sequence[KeyClaim] = ()
    answers: Sequence[Answer] = ()


_OFF = Guard.OFF

_APPLY: dict[type, tuple[bytes, Callable[[Turn, Any], None]]] = {
    AccountChange: (b"change", apply_change),
    AccountVerification: (b"verification", apply_verification),
    AccountComplaint: (b"complaint", apply_complaint),
    AccountAppeal: (b"appeal", apply_appeal),
    AccountRuling: (b"ruling", apply_ruling),
    FieldAnalysis: (b"analysis", apply_analysis),
}
INTERNAL = (KeyClaims, KeyFindings)
_FINDINGS = "account.findings"
_REPORTER = KeyKind.REPORTER


def kind_of(record: InputRecord) -> bytes:
    """What an event id of a record is marked with: ids are told apart by the kind of input."""
    return _APPLY[type(record)][0]


class _Held:
    """An account as the batch has it: decoded once, encoded once at the end."""

    __slots__ = ("account", "account_id", "changed", "due", "state", "unparking")

    def __init__(self, account_id: str, state: bytes | None) -> None:
        self.account_id = account_id
        self.state = state
        self.account = Account() if state is None else decode(state)
        self.due = 0 if state is None else next_due(state)
        self.changed = False
        self.unparking = False


def _waits_for_a_pause(account: Account) -> bool:
    return bool(account.pending) and any(pending.pause for pending in account.pending)


def _is_behind_a_registration(account: Account, record: InputRecord) -> bool:
    if not account.pending or not isinstance(record, AccountChange):
        return False
    return across.registering(account)


class Batch:
    """The accounts of a batch, and the keys that belong here, worked on in memory.

    Its ``texts`` are scanned at once.
    """

    def __init__(
        self,
        read: Read,
        policy: Policy | Control,
        value_key: bytes | ValueKeys,
        recorded: RecordedBrakes | None,
        texts: Sequence[str] = (),
        *,
        alone: bool,
    ) -> None:
        self._control = Control.of(policy)
        self._value_key = value_key
        self._recorded = recorded
        self._counted = Counted(read)
        self._texts = texts
        self._backlog: backlogs.Backlog | None = None
        self._over = False
        self._since = self._until = 0
        self._examiner: Examiner
        self._outputs: list[OutputRecord] = []
        self._duplicates = 0
        self._claims: list[KeyClaim] = []
        self._answers: list[Answer] = []
        self._alone = alone
        self._read = read
        self._held: dict[bytes, _Held] = {}
        self._keys: dict[bytes, bytes | None] = {}

    def take(self, item: Input) -> Fault | None:
        """Apply one input; returns why it may not be applied after all."""
        record = item.record
        fault = None
        if not isinstance(record, INTERNAL):
            fault = self._apply(item, record)
        elif isinstance(record, KeyClaims):
            self._register(record)
        else:
            self._answer(item, record)
        if self._alone:
            self._answer_alone()
        return fault

    def fire(self, key: bytes, upto: int, once: bool) -> None:
        """Fire the deadlines of an account that are due at or before ``upto``."""
        held = self._held.get(key)
        if held is None:
            state = self._read(key)
            if state is None or not (0 < next_due(state) <= upto or is_paused(state)):
                return
            held = self._held[key] = _Held(key.decode(), state)
        self._fire(held, upto, once)
        if self._alone:
            self._answer_alone()

    def give_up(self, key: bytes, at: int, once: bool) -> None:
        """Wait no longer for what an account has asked, but for what it asks because of that."""
        state = self._read(key)
        if state is None or not is_unanswered(state):
            return
        held = self._held[key] = _Held(key.decode(), state)
        self._fire(held, at)
        account, examiner_at = held.account, self._examiner_at
        for _ in range(1 if once else answers.waiting(account)):
            turn = answers.give_up_next(held.account_id, account, examiner_at, at)
            if turn is None:
                break
            self._end(held, turn)

    def sweep(self, keys: Iterable[bytes], at: int, sweep: Sweep) -> None:
        """Verify accounts anew."""
        covered = []
        for key in keys:
            state = self._read(key) if sweep.covers_id(account_id := key.decode()) else None
            if state is not None:
                held = _Held(account_id, state)
                if sweeping.is_open_to(held.account) and sweep.covers(held.account):
                    self._held[key] = held
                    covered.append(held)
        self._texts = [
            value
            for held in covered
            for field, value in current_values(held.account).items()
            if field in TEXT_FIELDS
        ]
        for held in covered:
            if (held.due and held.due <= at) or _waits_for_a_pause(held.account):
                self._fire(held, at)
            if sweeping.is_open_to(held.account):
                self._verify(held, at, sweep.id)

    def outcome(self, rejected: list[Rejection]) -> Outcome:
        """New states of what changed, of keys and brakes, too, and all that came of it."""
        states: dict[bytes, bytes | None] = {
            key: encode(held.account, held.due) for key, held in self._held.items() if held.changed
        }
        states.update(self._keys)
        if counters := self._counted.state():
            states[BRAKES] = counters
        if (backlog := self._backlog) is not None:
            was = backlog.over
            backlog.over = self._over
            if self._count_waiting(backlog) or backlog.over != was:
                states[BACKLOG] = backlogs.write(backlog)
        return Outcome(
            states, self._outputs, rejected, self._duplicates, self._claims, self._answers
        )

    def _count_waiting(self, backlog: backlogs.Backlog) -> bool:
        """Count what waits for a person with the accounts that said so; whether that differs."""
        said = {record.account_id for record in self._outputs if type(record) is Escalation}
        differs = False
        for account_id in sorted(said):
            held = self._held[account_id.encode()]
            before = () if held.state is None else backlogs.opened_of(decode(held.state))
            differs |= backlog.count(before, backlogs.opened_of(held.account))
        return differs

    # -- accounts ---------------------------------------------------------------------------------

    def _apply(self, item: Input, record: InputRecord) -> Fault | None:
        """Apply one input, the account's own deadlines before it; a duplicate changes nothing."""
        held = self._hold(record.account_id)
        account = held.account
        kind, apply = _APPLY[type(record)]
        event = mark(kind, record.event_id)
        seen = remember(account.seen, event)
        if seen is None:
            self._duplicates += 1
            return None
        if _is_behind_a_registration(account, record):
            return self._park(held, item, record)
        if (held.due and held.due <= item.timestamp) or _waits_for_a_pause(account):
            self._fire(held, item.timestamp)
            if _is_behind_a_registration(account, record):  # a pause has let go of it
                return self._park(held, item, record)
            # What waited behind a registration may have been applied meanwhile.
            seen = remember(account.seen, event) or account.seen
        turn = self._turn(held, item, record.event_id, item.timestamp)
        apply(turn, record)
        account.seen = seen
        self._end(held, turn)
        return None

    def _park(self, held: _Held, item: Input, change: InputRecord) -> Fault | None:
        """Let a change wait; one that has waited before waits before all others."""
        assert isinstance(change, AccountChange)
        held.changed = True
        at = item.topic, item.partition, item.offset, item.timestamp
        return parking.park(held.account, *at, change, first=held.unparking)

    def _answer(self, item: Input, record: KeyFindings) -> None:
        """Take in answers, each at the time of its claim; with the last one comes the turn.

        An answer to what waits no more changes nothing.
        """
        for finding in record.findings:
            held = self._hold(finding.account_id)
            if finding.kind is _REPORTER:
                self._hear_of(held, item, finding)
            elif pending := across.asking(held.account, finding):
                across.take_in(pending, finding)
                self._settle(held, item, pending, finding.at)
            elif across.bears_on(held.account, finding):
                event = across.answer_id(
                    held.account_id, finding.event_id, finding.at, of_live_name=True
                )
                turn = self._turn(held, item, event, finding.at)
                answers.answer_live_name(turn, finding)
                self._end(held, turn)
        for nothing in record.nothing:
            held = self._hold(nothing.account_id)
            if pending := across.asking(held.account, nothing):
                pending.asks -= nothing.keys
                self._settle(held, item, pending, nothing.at)

    def _settle(self, held: _Held, item: Input, pending: Pending, at: int) -> None:
        """Decide what has waited for answers, once all are there."""
        held.changed = True
        if not pending.asks:
            event = across.answer_id(held.account_id, pending.event_id, at)
            turn = self._turn(held, item, event, at)
            answers.settle(turn, pending)
            self._end(held, turn)

    def _hear_of(self, held: _Held, item: Input, finding: KeyFinding) -> None:
        """A complainant is known now: the complaint that waits for it is screened."""
        ticket = reporters.asking(held.account, finding.event_id)
        if ticket is not None:
            event = reporters.answer_id(held.account_id, finding.event_id)
            turn = self._turn(held, item, event, finding.at)
            screen(turn, ticket, finding)
            self._end(held, turn)

    def _turn(self, held: _Held, item: Input, event_id: str, at: int) -> Turn:
        return Turn(
            held.account_id,
            held.account,
            self._examiner_at(at),
            event_id,
            at,
            item.topic,
            item.partition,
            item.offset,
        )

    def _verify(self, held: _Held, at: int, sweep_id: str) -> None:
        event = sweeping.turn_id(held.account_id, sweep_id)
        turn = Turn(held.account_id, held.account, self._examiner_at(at), event, at)
        if sweeping.verify_anew(turn):
            sweeping.tell_cause(turn, sweep_id)
            self._end(held, turn)
            return
        if (brakes := turn.examiner.brakes) is not None:
            brakes.saw(turn)  # it counts the accounts of which nothing is otherwise, too
        if turn.effects:
            sweeping.tell_cause(turn, sweep_id)
            self._put(held, turn)
        else:
            held.account.seq -= 1  # it has taken no turn

    def _end(self, held: _Held, turn: Turn) -> None:
        if turn.pack.guard is not _OFF:
            self._alert(turn)
        if (brakes := turn.examiner.brakes) is not None:
            brakes.saw(turn)
        self._put(held, turn)

    def _put(self, held: _Held, turn: Turn) -> None:
        """Put out what a turn has brought about."""
        if turn.claims_changed:
            across.reconcile(turn)
        if turn.claims:
            self._claims += turn.claims
        held.changed = True
        account = held.account
        held.due = earliest_due(account)
        emit(turn, self._outputs)
        if account.parked and not held.unparking:
            self._unpark(held)

    def _unpark(self, held: _Held) -> None:
        """Apply what its registration waits for no more: they need not either.

        Each is done with before the next: what falls due before one lets no later one by.
        """
        held.unparking = True
        for at, change in parking.unpark(held.account):
            self._apply(Input(at.topic, at.partition, at.offset, at.timestamp, change), change)
        held.unparking = False

    def _hold(self, account_id: str) -> _Held:
        key = account_id.encode()
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _Held(account_id, self._read(key))
        return held

    def _examiner_at(self, at: int) -> Examiner:
        """The examiner under the policy in force at an event time."""
        if not self._since <= at < self._until:
            self._since, self._until, policy = self._control.at(at)
            if policy.pack.review.limited and policy.pack.guard is _OFF:
                policy = self._guarded(policy, at)
            self._examiner = Examiner(policy, self._value_key, self._brakes_of(policy))
            self._examiner.learn(self._texts)
        return self._examiner

    def _guarded(self, policy: Policy, at: int) -> Policy:
        """The policy as the backlog of the partition has it at the beginning of the batch."""
        if self._backlog is None:
            self._backlog = backlogs.read(self._read(BACKLOG))
            self._over = self._backlog.over
        if not self._backlog.exceeds(policy.pack.review, at):
            self._over = False
            return policy
        return guarded(policy, Guard.ON if self._over else Guard.BEGINS)

    def _alert(self, turn: Turn) -> None:
        """With the first turn under the guard tell a person; go on without telling again."""
        backlogs.alert(turn)
        if turn.pack.guard is Guard.BEGINS:
            self._over, self._until = True, self._since

    def _brakes_of(self, policy: Policy) -> Brakes | None:
        if not policy.has_brakes:
            return None
        return self._recorded or LiveBrakes(policy, self._counted)

    def _fire(self, held: _Held, upto: int, once: bool = False) -> None:
        while turn := fire_next(held.account_id, held.account, self._examiner_at, upto):
            self._end(held, turn)
            if once:
                break
        held.due = earliest_due(held.account)

    # -- the registry of keys -----------------------------------------------------------------

    def _register(self, record: KeyClaims) -> None:
        """Apply the claims of one record to the keys that belong here; one record of answers."""
        found = keys.apply_claims(record.claims, self._read, self._keys)
        if found.findings or found.nothing:
            self._answers.append(Answer(record.origin, found))

    def _answer_alone(self) -> None:
        """Answer what was asked here and now, and what is asked because of the answers."""
        while self._claims:
            claims, self._claims = self._claims, []
            found = keys.apply_claims(claims, self._read, self._keys)
            self._answer(Input(_FINDINGS, 0, -1, 0, found), found)
