"""A processing that counts, for tests of the transport: quick, and sharp about every record.

A record's value is a JSON object that says what to do; its answer carries the account's number and
the record's origin, so that a lost, doubled or reordered record shows without any domain.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from schemas.errors import DeadLetterReason
from streams.errors import DependencyUnavailable
from streams.processing import DEAD_LETTER_HEADERS, HEADER_PREFIX
from streams.settings import Settings
from streams.topics import real_name
from streams.work import Message, Read, Record, Work

ANSWERS = "account.verdicts"
HUGE = 600_000


def event(event_id: str, **order: Any) -> bytes:
    """A record's value. Orders: ``due`` (ms), ``do`` (raise, huge, away), ``sleep`` (seconds)."""
    return json.dumps({"id": event_id} | order).encode()


def state_of(due: int, count: int, fails: bool = False) -> bytes:
    """The state of an account: its next deadline, how much it counted, whether firing raises."""
    return due.to_bytes(8, "big") + count.to_bytes(4, "big") + bytes([fails])


def count_of(state: bytes | None) -> int:
    """How much an account has counted."""
    return 0 if state is None else int.from_bytes(state[8:12], "big")


class Counting:
    """Gives every record of an account the next number; see `event` for what else it can do."""

    def __init__(self, settings: Settings) -> None:
        self._answers = real_name(settings, ANSWERS)
        self._dead = real_name(settings, "dead.letters")
        self._away = 2
        self.revision: dict[str, int] = {}

    def process(self, records: Sequence[Record], read: Read, now: int) -> Work:
        """Answer each record with its account's next number."""
        states: dict[bytes, bytes | None] = {}
        messages = []
        for record in records:
            order = json.loads(record.value or b"")
            self._obey(order)
            key = record.key or b""
            state = states.get(key) or read(key)
            number = count_of(state) + 1
            due = order.get("due") or (self.next_due(state) if state else 0)
            states[key] = state_of(due, number, order.get("fails", False))
            answer = {
                "account": key.decode(),
                "number": number,
                "id": order["id"],
                "origin": [record.topic, record.partition, record.offset],
                "pad": "x" * HUGE if order.get("do") == "huge" else "",
            }
            messages.append(Message(self._answers, key, json.dumps(answer).encode()))
        return Work(states, messages, {})

    def _obey(self, order: dict[str, Any]) -> None:
        time.sleep(order.get("sleep", 0))
        if order.get("do") == "raise":
            raise ValueError("poison")
        if order.get("do") == "away" and self._away:
            self._away -= 1
            raise DependencyUnavailable("away")

    def process_due(self, keys: Iterable[bytes], read: Read, upto: int, partition: int) -> Work:
        """Count a deadline as one more."""
        states: dict[bytes, bytes | None] = {}
        messages = []
        for key in keys:
            state = read(key)
            if state is None or not 0 < self.next_due(state) <= upto:
                continue
            if state[12]:
                raise ValueError("poison")
            number = count_of(state) + 1
            states[key] = state_of(0, number)
            answer = {"account": key.decode(), "number": number, "id": "deadline", "origin": None}
            messages.append(Message(self._answers, key, json.dumps(answer).encode()))
        return Work(states, messages, {})

    def process_unanswered(
        self, keys: Iterable[bytes], read: Read, upto: int, partition: int
    ) -> Work:
        """Nothing waits for an answer here."""
        return Work({}, [], {})

    def set_aside(self, record: Record, error: Exception) -> Work:
        """A dead letter with its origin."""
        origin = (record.topic, record.partition, record.offset, record.timestamp)
        return Work({}, [self._letter(record.key, record.value, error, origin)], {})

    def set_deadline_aside(self, key: bytes, error: Exception) -> Work:
        """A dead letter without an origin."""
        return Work({}, [self._letter(key, None, error, ("", -1, -1, -1))], {})

    def next_due(self, state: bytes) -> int:
        """The first eight bytes of a state."""
        return int.from_bytes(state[:8], "big")

    def _letter(
        self, key: bytes | None, value: bytes | None, error: Exception, origin: Sequence[Any]
    ) -> Message:
        values = (DeadLetterReason.PROCESSING_FAILED, type(error).__name__, *origin)
        headers = [
            (HEADER_PREFIX + name, str(said).encode())
            for name, said in zip(DEAD_LETTER_HEADERS, values, strict=True)
        ]
        return Message(self._dead, key, value, headers)


def assert_counted(
    answers: Iterable[dict[str, Any]], inputs: set[tuple[str, int, int]], deadlines: int = 0
) -> None:
    """Every input is answered once, in the order of its topic; each account counts 1, 2, 3."""
    numbers: dict[str, list[int]] = defaultdict(list)
    offsets: dict[tuple[str, str], list[int]] = defaultdict(list)
    origins, fired = [], 0
    for answer in answers:
        numbers[answer["account"]].append(answer["number"])
        if answer["origin"] is None:
            fired += 1
            continue
        topic, _, offset = origin = tuple(answer["origin"])
        offsets[answer["account"], topic].append(offset)
        origins.append(origin)
    assert len(origins) == len(set(origins)), "doubled"
    assert set(origins) == inputs, "lost"
    assert fired == deadlines
    for account, counted in numbers.items():
        assert counted == list(range(1, len(counted) + 1)), account
    for (account, topic), seen in offsets.items():
        assert seen == sorted(seen), f"{account} in {topic}"
