"""The demo's traffic: inputs published with a plain producer, answers watched for."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from confluent_kafka import TopicPartition

from schemas.records import Disposal, Escalation, EscalationStatus, Verdict
from streams.clients import create_consumer, create_producer
from streams.codecs import open_codec
from streams.dead_letters import parse
from streams.demo.ledger import Event, Ledger
from streams.settings import Settings
from streams.simulate import Simulated
from streams.topics import output_topics, real_name

POLL_S = 0.02
READ_AT_ONCE = 500
WINDOW = 1_000
"""Without a rate, at most so many events are under way: a queue of our own would be measured."""
WINDOW_POLL_S = 0.002
BEHIND_S = 1.0
"""With a rate, what is missed by more than this is not made up for: a burst is another load."""
END_S = 10.0


class _Thread(threading.Thread):
    """A thread that can be told to stop and whose error is kept for the demo to tell."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stopping = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        """Work until done or told to stop."""
        try:
            self._work()
        except Exception as error:
            self.error = error

    def end(self) -> None:
        """Stop and wait for the end."""
        self.stopping.set()
        if self.is_alive():
            self.join(END_S)

    @abstractmethod
    def _work(self) -> None: ...


class Publisher(_Thread):
    """Publishes inputs with a plain producer, at a rate or as fast as they are answered.

    With ``in_order`` an account's input waits for the answer to its last one in another topic, so
    that a story is told in its order: Kafka keeps the order of one topic only.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        inputs: Iterable[Simulated],
        rate: float,
        *,
        in_order: bool,
    ) -> None:
        super().__init__()
        self._in_order = in_order
        self._last_topics: dict[str, str] = {}
        self._ledger = ledger
        self._inputs = inputs
        self._rate = rate
        self._settings = settings
        self._encode = open_codec(settings).encode
        self._producer = create_producer(settings)

    def _work(self) -> None:
        try:
            for topic, record in self._paced():
                if self.stopping.is_set():
                    break
                self._produce(real_name(self._settings, topic), record)
        finally:
            self._producer.flush(30.0)

    def _produce(self, topic: str, record: Any) -> None:
        event: Event = (record.account_id, record.event_id)
        self._ledger.send(event)

        def delivered(error: Any, message: Any) -> None:
            self._ledger.delivered(event, error, message)

        key, value = record.account_id.encode(), self._encode(record)
        while True:
            try:
                self._producer.produce(topic, key=key, value=value, on_delivery=delivered)
                break
            except BufferError:
                self._producer.poll(0.1)
        self._producer.poll(0)

    def _paced(self) -> Iterator[Simulated]:
        due = time.monotonic()
        for item in self._inputs:
            if self._rate:
                now = time.monotonic()
                if due > now:
                    self.stopping.wait(due - now)
                due = max(due, now - BEHIND_S) + 1 / self._rate
            else:
                self._wait_while(lambda: self._ledger.waiting >= WINDOW)
            if self._in_order:
                account = item.record.account_id
                if self._last_topics.get(account, item.topic) != item.topic:
                    self._wait_while(partial(self._ledger.is_busy, account))
                self._last_topics[account] = item.topic
            yield item

    def _wait_while(self, busy: Callable[[], bool]) -> None:
        while busy() and not self.stopping.is_set():
            self._producer.poll(WINDOW_POLL_S)


class Watcher(_Thread):
    """Reads all outputs at ``read_committed`` and counts them."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        super().__init__()
        self._partitions = settings.partitions
        self._ledger = ledger
        self._types = {real_name(settings, t.name): t.record for t in output_topics()}
        self._dead = real_name(settings, "dead.letters")
        self._decode = open_codec(settings).decode
        self._consumer = create_consumer(settings)
        self.decisions: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.last_output = time.monotonic()

    def _work(self) -> None:
        topics = (*self._types, self._dead)
        partitions = range(self._partitions)
        try:
            self._consumer.assign([TopicPartition(t, p, 0) for t in topics for p in partitions])
            while not self.stopping.is_set():
                for message in self._consumer.consume(READ_AT_ONCE, POLL_S):
                    if message.error() is None:
                        self._take(message)
        finally:
            self._consumer.close()

    def _take(self, message: Any) -> None:
        self.last_output = time.monotonic()
        topic = message.topic()
        if topic == self._dead:
            if (letter := parse(message)) is not None:
                self.counts["dead letters"] += 1
                self._ledger.set_aside(letter.origin)
            return
        record: Any = self._decode(self._types[topic], message.value())
        self._ledger.answer((record.account_id, record.event_id))
        if isinstance(record, Verdict):
            self.counts["verdicts"] += 1
            self.decisions[record.decision] += 1
        elif isinstance(record, Disposal):
            self.counts["disposals"] += 1
            self.steps[f"{record.action} {record.step}"] += 1
        elif isinstance(record, Escalation) and record.status is EscalationStatus.OPENED:
            self.counts["escalations"] += 1
