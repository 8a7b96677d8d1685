"""The front door of the domain: a batch of inputs in, new states and records out.

Everything here is a function of its arguments. What happens to an account depends on that account's
own inputs, in the order applied, and on the policy in force at its times: not on how they were
batched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from processors.accounts import OutputRecord, decode, encode, next_due
from processors.accounts.analysed import MAX_TEXT
from processors.accounts.analyses import apply_analysis
from processors.accounts.appeals import apply_appeal
from processors.accounts.brakes import KEY as BRAKES
from processors.accounts.brakes import Brakes, Counted, LiveBrakes, RecordedBrakes
from processors.accounts.changes import apply_change
from processors.accounts.complaints import apply_complaint
from processors.accounts.deadlines import fire_next
from processors.accounts.emit import emit
from processors.accounts.examiner import Examiner
from processors.accounts.ids import mark, remember
from processors.accounts.rulings import apply_ruling
from processors.accounts.state import Account, earliest_due, is_paused
from processors.accounts.turn import Turn
from processors.accounts.verification import apply_verification
from processors.control import Control
from processors.policy import Policy
from processors.validation import InputRecord, Limits, check
from schemas.errors import DeadLetterReason
from schemas.records import (
    AccountAppeal,
    AccountChange,
    AccountComplaint,
    AccountRuling,
    AccountVerification,
    FieldAnalysis,
)

__all__ = [
    "BRAKES",
    "Input",
    "Limits",
    "Outcome",
    "Read",
    "Rejection",
    "next_due",
    "run",
    "run_due",
]

Read = Callable[[bytes], bytes | None]
"""State of an account by its key (the account id in UTF-8), None where there is none."""


class Input(Struct, frozen=True, gc=False):
    """An input record and where it came from. ``timestamp`` is its event time in ms."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    record: InputRecord


class Rejection(NamedTuple):
    """An input that may not be applied; ``index`` counts in the batch."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody asks a rejection
    reason: DeadLetterReason
    detail: str


class Outcome(NamedTuple):
    """What a batch comes to. Records are in order; their topic follows from their type."""

    states: dict[bytes, bytes | None]
    outputs: list[OutputRecord]
    rejected: list[Rejection]
    duplicates: int


_DEFAULTS = Limits()

_APPLY: dict[type, tuple[bytes, Callable[[Turn, Any], None]]] = {
    AccountChange: (b"change", apply_change),
    AccountVerification: (b"verification", apply_verification),
    AccountComplaint: (b"complaint", apply_complaint),
    AccountAppeal: (b"appeal", apply_appeal),
    AccountRuling: (b"ruling", apply_ruling),
    FieldAnalysis: (b"analysis", apply_analysis),
}


def run(
    inputs: Sequence[Input],
    read: Read,
    policy: Policy | Control,
    limits: Limits = _DEFAULTS,
    value_key: bytes = b"",
    brakes: RecordedBrakes | None = None,
) -> Outcome:
    """Apply a batch of inputs in their order, each under the policy in force at its time.

    ``value_key`` keys the hashes that stand for values in records; without one there are none.
    ``read`` also gives, and the outcome's states hold, the counters of the partition's brakes
    where the policy has any; with ``brakes`` these are repeated instead.

    Nothing is written: a raise leaves nothing behind. What is not acceptable is rejected; an event
    that its account has seen among its last 16 changes nothing and is counted.
    """
    rejected: list[Rejection] = []
    accepted: list[Input] = []
    texts: list[str | None] = []
    for index, item in enumerate(inputs):
        record = item.record
        fault = check(record, item.timestamp, limits)
        if fault:
            rejected.append(Rejection(index, fault.reason, fault.detail))
            continue
        accepted.append(item)
        if type(record) is AccountChange:
            texts += (record.name, record.bio, record.signature, record.badge)
        elif type(record) is FieldAnalysis and record.image is not None:
            texts.append(record.image.text[:MAX_TEXT])
    batch = _Batch(read, policy, value_key, brakes, list(filter(None, texts)))
    for item in accepted:
        batch.apply(item)
    return Outcome(batch.states(), batch.outputs, rejected, batch.duplicates)


def run_due(
    keys: Iterable[bytes],
    read: Read,
    policy: Policy | Control,
    upto: int,
    value_key: bytes = b"",
    brakes: RecordedBrakes | None = None,
    *,
    once: bool = False,
) -> Outcome:
    """Fire the deadlines of these accounts that are due at or before ``upto`` (ms).

    Then decide what waits for a pause that is over by then. ``once`` takes one turn an account.
    """
    batch = _Batch(read, policy, value_key, brakes)
    for key in keys:
        batch.fire(key, upto, once)
    return Outcome(batch.states(), batch.outputs, [], 0)


class _Held:
    """An account as the batch has it: decoded once, encoded once at the end."""

    __slots__ = ("account", "account_id", "changed", "due")

    def __init__(self, account_id: str, state: bytes | None) -> None:
        self.account_id = account_id
        self.account = Account() if state is None else decode(state)
        self.due = 0 if state is None else next_due(state)
        self.changed = False


def _waits_for_a_pause(account: Account) -> bool:
    return bool(account.pending) and any(pending.pause for pending in account.pending)


class _Batch:
    """The accounts of a batch, worked on in memory; its ``texts`` are scanned at once."""

    def __init__(
        self,
        read: Read,
        policy: Policy | Control,
        value_key: bytes,
        recorded: RecordedBrakes | None,
        texts: Sequence[str] = (),
    ) -> None:
        self._control = Control.of(policy)
        self._value_key = value_key
        self._recorded = recorded
        self._counted = Counted(read)
        self._texts = texts
        self._since = self._until = 0
        self._examiner: Examiner
        self.outputs: list[OutputRecord] = []
        self.duplicates = 0
        self._read = read
        self._held: dict[bytes, _Held] = {}

    def apply(self, item: Input) -> None:
        """Apply one input, the account's own deadlines before it; a duplicate changes nothing."""
        record = item.record
        held = self._take(record.account_id.encode(), record.account_id)
        account = held.account
        kind, apply = _APPLY[type(record)]
        event = mark(kind, record.event_id)
        seen = remember(account.seen, event)
        if seen is None:
            self.duplicates += 1
            return
        if (held.due and held.due <= item.timestamp) or _waits_for_a_pause(account):
            self._fire(held, item.timestamp)
        turn = Turn(
            held.account_id,
            account,
            self._examiner_at(item.timestamp),
            record.event_id,
            item.timestamp,
            item.topic,
            item.partition,
            item.offset,
        )
        apply(turn, record)
        if (brakes := turn.examiner.brakes) is not None:
            brakes.saw(turn)
        account.seen = seen
        held.changed = True
        held.due = earliest_due(account)
        emit(turn, self.outputs)

    def fire(self, key: bytes, upto: int, once: bool) -> None:
        """Fire the deadlines of an account that are due at or before ``upto``."""
        held = self._held.get(key)
        if held is None:
            state = self._read(key)
            if state is None or not (0 < next_due(state) <= upto or is_paused(state)):
                return
            held = self._held[key] = _Held(key.decode(), state)
        self._fire(held, upto, once)

    def states(self) -> dict[bytes, bytes | None]:
        """New states of the accounts that changed, and of the brakes."""
        states: dict[bytes, bytes | None] = {
            key: encode(held.account, held.due) for key, held in self._held.items() if held.changed
        }
        if counters := self._counted.state():
            states[BRAKES] = counters
        return states

    def _take(self, key: bytes, account_id: str) -> _Held:
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _Held(account_id, self._read(key))
        return held

    def _examiner_at(self, at: int) -> Examiner:
        """The examiner under the policy in force at an event time."""
        if not self._since <= at < self._until:
            self._since, self._until, policy = self._control.at(at)
            self._examiner = Examiner(policy, self._value_key, self._brakes_of(policy))
            self._examiner.learn(self._texts)
        return self._examiner

    def _brakes_of(self, policy: Policy) -> Brakes | None:
        if not policy.has_brakes:
            return None
        return self._recorded or LiveBrakes(policy, self._counted)

    def _fire(self, held: _Held, upto: int, once: bool = False) -> None:
        while turn := fire_next(held.account_id, held.account, self._examiner_at, upto):
            if (brakes := turn.examiner.brakes) is not None:
                brakes.saw(turn)
            emit(turn, self.outputs)
            held.changed = True
            if once:
                break
        held.due = earliest_due(held.account)
