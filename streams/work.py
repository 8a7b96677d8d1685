"""What a partition task asks of the processing it runs, and what it gets back."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple, Protocol

from msgspec import Struct

from processors.accounts.state import PAUSED, UNANSWERED
from streams.errors import MessageTooLarge
from streams.metrics import Tally
from streams.store import Store

SPARE = 1_024
"""Outdated deadlines that an index may hold, beside as many as hold."""

Read = Callable[[bytes], bytes | None]
Headers = Sequence[tuple[str, bytes]]


class Record(Protocol):
    """A fetched record, as aiokafka hands it over. ``timestamp`` in ms."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Message(Struct, frozen=True, gc=False):
    """One record to send, to the partition of the input that caused it. No value: a tombstone.

    ``partition`` is another one to send it to: that of a repartition. ``fits`` says that its size
    is known to fit, as that of a dead letter is: it was cut where it would not.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None
    fits: bool = False


class Work(NamedTuple):
    """Outcome of processing: new state values (None deletes), messages in order, what to count."""

    states: Mapping[bytes, bytes | None]
    messages: Sequence[Message]
    tallies: Mapping[Tally, int]


class Processing(Protocol):
    """The processing of records. Its methods read and return; they change nothing but metrics.

    ``revision`` tells under what control it processes; it changes between transactions only.
    """

    @property
    def revision(self) -> Mapping[str, int]:
        """How far the control topics were read; see `streams.journal`."""

    def process(self, records: Sequence[Record], read: Read, now: int) -> Work:
        """Process records in order; ``now`` is the wall clock in ms. Raises on a poison record."""

    def process_due(self, keys: Iterable[bytes], read: Read, upto: int, partition: int) -> Work:
        """Fire the deadlines of keys of a partition that are due at or before ``upto`` (ms)."""

    def process_unanswered(
        self, keys: Iterable[bytes], read: Read, upto: int, partition: int
    ) -> Work:
        """Decide at ``upto`` (ms) what these keys of a partition wait for without an answer."""

    def set_aside(self, record: Record, error: Exception) -> Work:
        """The dead letter for a record whose processing raised."""

    def set_deadline_aside(self, key: bytes, error: Exception) -> Work:
        """The dead letter for an account whose deadline raised."""

    def next_due(self, state: bytes) -> int:
        """When the next deadline of a state falls due, in ms; 0 for none."""


class Overlay:
    """The uncommitted changes of the running transaction, read through to the store.

    `apply` takes a whole outcome or, when it raises, nothing: every call is a savepoint.
    """

    def __init__(self, store: Store, max_message_bytes: int) -> None:
        self._committed = store.get
        self._max = max_message_bytes
        self.states: dict[bytes, bytes | None] = {}
        self.messages: list[Message] = []
        self.tallies: Counter[Tally] = Counter()

    def read(self, key: bytes) -> bytes | None:
        """Value of a key as the running transaction sees it."""
        states = self.states
        return states[key] if key in states else self._committed(key)

    def apply(self, work: Work) -> None:
        """Add an outcome. Raises `MessageTooLarge` when a part of it fits into no batch."""
        for message in work.messages:
            if not message.fits and message.value is not None and len(message.value) > self._max:
                raise MessageTooLarge(f"{message.topic}: {len(message.value)} bytes")
        for value in work.states.values():
            if value is not None and len(value) > self._max:
                raise MessageTooLarge(f"state of an account: {len(value)} bytes")
        self.add(work)

    def add(self, work: Work) -> None:
        """Add an outcome whose size is known to fit, such as a dead letter."""
        self.states.update(work.states)
        self.messages.extend(work.messages)
        self.tallies.update(work.tallies)


class Deadlines:
    """Index of the next deadline per key, derived from the states.

    It may hold entries that no longer hold: the state decides. They are at most as many as those
    that hold, and ``spare`` more: without that an account whose deadline is half a year ahead would
    leave one behind with each of its changes.
    ``paused`` holds the keys whose state waits for the end of a pause, ``unanswered`` those that
    wait for the registry of keys and since when: the first byte of a state tells.
    """

    def __init__(self, next_due: Callable[[bytes], int], spare: int = SPARE) -> None:
        self._next_due = next_due
        self._spare = spare
        self._heap: list[tuple[int, bytes]] = []
        self._due: dict[bytes, int] = {}
        self.paused: set[bytes] = set()
        self.unanswered: dict[bytes, float] = {}

    def __len__(self) -> int:
        return len(self._heap)

    def learn(self, states: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Take up the deadlines of new or restored states."""
        next_due, known, unanswered = self._next_due, self._due, self.unanswered
        for key, state in states:
            if state is None:
                known.pop(key, None)
            elif key[0]:
                if state[0]:
                    self._wait(key, state[0])
                elif unanswered:
                    unanswered.pop(key, None)
                if not (due := next_due(state)):
                    known.pop(key, None)
                elif known.get(key) != due:
                    known[key] = due
                    heapq.heappush(self._heap, (due, key))
        if len(self._heap) > 2 * len(known) + self._spare:
            self._heap = [(due, key) for key, due in known.items()]
            heapq.heapify(self._heap)

    def _wait(self, key: bytes, waits: int) -> None:
        if waits & PAUSED:
            self.paused.add(key)
        if waits & UNANSWERED:
            self.unanswered.setdefault(key, time.monotonic())
        else:
            self.unanswered.pop(key, None)

    def earliest(self) -> int | None:
        """The earliest entry, whether it still holds or not; None when there is none."""
        return self._heap[0][0] if self._heap else None

    def pop_due(self, upto: int, read: Read, limit: int) -> list[bytes]:
        """Remove and return up to ``limit`` keys that have a deadline at or before ``upto``."""
        heap, keys = self._heap, dict[bytes, None]()
        while heap and heap[0][0] <= upto and len(keys) < limit:
            due, key = heapq.heappop(heap)
            if self._due.get(key) == due:
                del self._due[key]
            state = read(key)
            if state is not None and 0 < self._next_due(state) <= upto:
                keys[key] = None
        return list(keys)

    def put_back(self, keys: Iterable[bytes], read: Read) -> None:
        """Return keys that were taken by a transaction that failed."""
        self.learn((key, read(key)) for key in keys)

    def still_paused(self, read: Read) -> list[bytes]:
        """The keys whose state still waits for the end of a pause, in their order."""
        self.paused = {key for key in self.paused if (state := read(key)) and state[0] & PAUSED}
        return sorted(self.paused)

    def unanswered_since(self, moment: float, read: Read) -> list[bytes]:
        """The keys that have waited for an answer since then (monotonic clock, s) or longer."""
        waited = list(takewhile(lambda key: self.unanswered[key] <= moment, self.unanswered))
        for key in waited:
            if not ((state := read(key)) and state[0] & UNANSWERED):
                del self.unanswered[key]
        return [key for key in waited if key in self.unanswered]

    def wait_anew(self, keys: Iterable[bytes], read: Read) -> None:
        """Begin to count from now where these keys still wait for an answer."""
        for key in keys:
            self.unanswered.pop(key, None)
            if (state := read(key)) and state[0]:
                self._wait(key, state[0])

    def clear(self) -> None:
        """Forget all entries."""
        self._heap.clear()
        self._due.clear()
