"""The front door of the domain: a batch of inputs in, new states and records out.

Everything here is a function of its arguments. What happens to an account depends on that account's
own inputs, in the order applied, and on the policy in force at its times: not on how they were
batched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from processors.accounts import next_due
from processors.accounts.analysed import MAX_TEXT
from processors.accounts.backlog import KEY as BACKLOG
from processors.accounts.brakes import KEY as BRAKES
from processors.accounts.brakes import RecordedBrakes
from processors.batch import INTERNAL, Batch, Input, Outcome, Read, Rejection, kind_of
from processors.control import Control
from processors.policy import Policy
from processors.sweeps import KEY as SWEEP
from processors.sweeps import Sweep
from processors.validation import Limits, check
from processors.value_keys import ValueKeys
from schemas.records import AccountChange, FieldAnalysis

__all__ = [
    "BACKLOG",
    "BRAKES",
    "SWEEP",
    "Input",
    "Limits",
    "Outcome",
    "Read",
    "Rejection",
    "Sweep",
    "ValueKeys",
    "kind_of",
    "next_due",
    "run",
    "run_due",
    "run_sweep",
    "run_unanswered",
]

_DEFAULTS = Limits()


def run(
    inputs: Sequence[Input],
    read: Read,
    policy: Policy | Control,
    limits: Limits = _DEFAULTS,
    value_key: bytes | ValueKeys = b"",
    brakes: RecordedBrakes | None = None,
    *,
    alone: bool = False,
) -> Outcome:
    """Apply a batch of inputs in their order, each under the policy in force at its time.

    ``value_key`` keys the hashes that stand for values in records; without one there are none.
    ``read`` also gives, and the outcome's states hold, the counters of the partition's brakes
    where the policy has any; with ``brakes`` these are repeated instead. So it is with the count
    of what waits for review, where the pack limits that.

    Nothing is written: a raise leaves nothing behind. What is not acceptable is rejected; an event
    that its account has seen among its last 16 changes nothing and is counted. ``alone``: the
    registry of keys is here, too, and answers within the run, before the next input.
    """
    rejected: list[Rejection] = []
    accepted: list[tuple[int, Input]] = []
    texts: list[str | None] = []
    for index, item in enumerate(inputs):
        record = item.record
        if isinstance(record, INTERNAL):
            accepted.append((index, item))
            continue
        fault = check(record, item.timestamp, limits)
        if fault:
            rejected.append(Rejection(index, fault.reason, fault.detail))
            continue
        accepted.append((index, item))
        if type(record) is AccountChange:
            texts += (record.name, record.bio, record.signature, record.badge)
        elif type(record) is FieldAnalysis and record.image is not None:
            texts.append(record.image.text[:MAX_TEXT])
    batch = Batch(read, policy, value_key, brakes, list(filter(None, texts)), alone=alone)
    for index, item in accepted:
        if fault := batch.take(item):
            rejected.append(Rejection(index, fault.reason, fault.detail))
    return batch.outcome(rejected)


def run_unanswered(
    keys: Iterable[bytes],
    read: Read,
    policy: Policy | Control,
    at: int,
    value_key: bytes | ValueKeys = b"",
    brakes: RecordedBrakes | None = None,
    *,
    once: bool = False,
) -> Outcome:
    """Decide at ``at`` (ms) what of these accounts waits for answers of the registry of keys.

    For whoever has waited long enough by a clock of their own: event time says nothing of how long
    an answer is under way. Deadlines due by then fire before. ``once`` takes one turn an account.
    """
    batch = Batch(read, policy, value_key, brakes, alone=False)
    for key in keys:
        batch.give_up(key, at, once)
    return batch.outcome([])


def run_sweep(
    keys: Iterable[bytes],
    read: Read,
    policy: Policy | Control,
    at: int,
    sweep: Sweep,
    value_key: bytes | ValueKeys = b"",
    brakes: RecordedBrakes | None = None,
) -> Outcome:
    """Verify those of these accounts anew that a sweep covers, at ``at`` (ms).

    What is due by then happens before. An account of which nothing is otherwise takes no turn.
    """
    batch = Batch(read, policy, value_key, brakes, alone=False)
    batch.sweep(keys, at, sweep)
    return batch.outcome([])


def run_due(
    keys: Iterable[bytes],
    read: Read,
    policy: Policy | Control,
    upto: int,
    value_key: bytes | ValueKeys = b"",
    brakes: RecordedBrakes | None = None,
    *,
    once: bool = False,
    alone: bool = False,
) -> Outcome:
    """Fire the deadlines of these accounts that are due at or before ``upto`` (ms).

    Then decide what waits for a pause that is over by then. ``once`` takes one turn an account.
    """
    batch = Batch(read, policy, value_key, brakes, alone=alone)
    for key in keys:
        batch.fire(key, upto, once)
    return batch.outcome([])
