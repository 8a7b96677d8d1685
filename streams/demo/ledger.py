"""What the demo has sent, and what was answered when."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from typing import Any

from streams.dead_letters import Origin

Event = tuple[str, str]
"""Account id and event id."""

LATENCIES_KEPT = 200_000
EVENTS_KEPT = 200_000


class Ledger:
    """What was sent and what was answered, shared by publisher and watcher."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Event, float] = {}
        self._known: dict[Event, None] = {}
        self._busy: Counter[str] = Counter()
        self._origins: dict[Origin, Event] = {}
        self._dead: set[Origin] = set()
        self._latencies: deque[float] = deque(maxlen=LATENCIES_KEPT)
        self._first_sent = self._last_answer = 0.0
        self.sent = 0
        self.answered = 0
        self.failed: Counter[str] = Counter()

    def send(self, event: Event) -> None:
        """Note that an event is being published. A repeated one is answered by the first's."""
        now = time.monotonic()
        with self._lock:
            self._first_sent = self._first_sent or now
            self.sent += 1
            if event not in self._known:
                self._waiting[event] = now
                self._busy[event[0]] += 1
                _keep(self._known, event, None)

    def delivered(self, event: Event, error: Any, message: Any) -> None:
        """Note where Kafka has put an event, for finding it among the dead letters."""
        with self._lock:
            if error is not None:
                self.failed[error.str()] += 1
                self._settle(event)
                return
            origin = (message.topic(), message.partition(), message.offset())
            if origin in self._dead:
                self._dead.discard(origin)
                self._answer(event)
            else:
                _keep(self._origins, origin, event)

    def answer(self, event: Event) -> None:
        """Note an answer; only the first of an event counts."""
        with self._lock:
            self._answer(event)

    def set_aside(self, origin: Origin) -> None:
        """Note that what stands at an origin became a dead letter: that is an answer too."""
        with self._lock:
            event = self._origins.get(origin)
            if event is None:
                self._dead.add(origin)  # the delivery report is still under way
            else:
                self._answer(event)

    def _answer(self, event: Event) -> None:
        sent = self._settle(event)
        if sent is not None:
            now = time.monotonic()
            self.answered += 1
            self._latencies.append(now - sent)
            self._last_answer = now

    def _settle(self, event: Event) -> float | None:
        """Let an event wait no longer; returns when it was sent."""
        sent = self._waiting.pop(event, None)
        if sent is not None:
            self._busy[event[0]] -= 1
            if not self._busy[event[0]]:
                del self._busy[event[0]]
        return sent

    def is_busy(self, account_id: str) -> bool:
        """Whether an event of an account waits for its answer."""
        return account_id in self._busy

    @property
    def waiting(self) -> int:
        """Events sent and not yet answered."""
        return len(self._waiting)

    @property
    def rate(self) -> float:
        """Answers per second, from the first event sent to the last answer."""
        return self.answered / max(self._last_answer - self._first_sent, 1e-3)

    def percentile(self, share: float, last: int | None = None) -> float | None:
        """Latency in ms that this share of answers kept, of the latest ones if ``last`` is set."""
        with self._lock:
            values = list(self._latencies)
        values = sorted(values[-last:] if last else values)
        return values[min(len(values) - 1, int(len(values) * share))] * 1e3 if values else None


def _keep(kept: dict[Any, Any], key: Any, value: Any) -> None:
    """Add to a dict that forgets its oldest entries."""
    if len(kept) >= EVENTS_KEPT:
        del kept[next(iter(kept))]
    kept[key] = value
