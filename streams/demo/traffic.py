"""The demo's traffic: inputs published with a plain producer, answers watched for."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import redis
from confluent_kafka import TopicPartition

from schemas.codec import Codec
from schemas.records import Disposal, Escalation, EscalationStatus, Verdict
from streams.clients import create_consumer, create_producer
from streams.dead_letters import Origin, parse
from streams.settings import Settings
from streams.simulate import Simulated
from streams.topics import output_topics, real_name
from streams.views import Seen, Views

POLL_S = 0.02
READ_AT_ONCE = 500
LATENCIES_KEPT = 200_000
ORIGINS_KEPT = 200_000


class Ledger:
    """What was sent and what was answered, shared by publisher and watcher."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: dict[str, float] = {}
        self._origins: dict[Origin, str] = {}
        self.sent = 0
        self.answered = 0
        self.latencies: deque[float] = deque(maxlen=LATENCIES_KEPT)
        self.first_sent = self.last_answer = 0.0
        self.failed: Counter[str] = Counter()

    def send(self, event_id: str) -> None:
        """Note that an event is being published; a repeated one keeps its first time."""
        now = time.monotonic()
        with self._lock:
            self.first_sent = self.first_sent or now
            self.sent += 1
            self._sent.setdefault(event_id, now)

    def delivered(self, event_id: str, error: Any, message: Any) -> None:
        """Note where Kafka has put an event, for finding it among the dead letters."""
        with self._lock:
            if error is not None:
                self.failed[error.str()] += 1
                self._sent.pop(event_id, None)
                return
            if len(self._origins) >= ORIGINS_KEPT:
                del self._origins[next(iter(self._origins))]
            self._origins[message.topic(), message.partition(), message.offset()] = event_id

    def answer(self, event_id: str) -> None:
        """Note an answer; only the first of an event counts."""
        now = time.monotonic()
        with self._lock:
            sent = self._sent.pop(event_id, None)
            if sent is not None:
                self.answered += 1
                self.latencies.append(now - sent)
                self.last_answer = now

    def set_aside(self, origin: Origin) -> None:
        """Note that an event became a dead letter."""
        with self._lock:
            event_id = self._origins.get(origin)
        if event_id is not None:
            self.answer(event_id)

    @property
    def waiting(self) -> int:
        """Events sent and not yet answered."""
        return len(self._sent)

    def percentile(self, share: float, last: int | None = None) -> float | None:
        """Latency in ms that this share of answers kept, of the latest ones if ``last`` is set."""
        with self._lock:
            values = list(self.latencies)
        values = sorted(values[-last:] if last else values)
        return values[min(len(values) - 1, int(len(values) * share))] * 1e3 if values else None


class Publisher(threading.Thread):
    """Publishes inputs, at a rate if one is given, with a plain confluent-kafka producer."""

    def __init__(
        self, settings: Settings, ledger: Ledger, inputs: Iterable[Simulated], rate: float
    ) -> None:
        super().__init__(daemon=True)
        self._settings = settings
        self._ledger = ledger
        self._inputs = inputs
        self._rate = rate
        self._codec = Codec()
        self.stopping = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        """Publish until the inputs end or `stopping` is set."""
        producer = create_producer(self._settings)
        try:
            for topic, record in self._paced():
                if self.stopping.is_set():
                    break
                self._produce(producer, topic, record)
        except Exception as error:  # told by the demo, which then ends
            self.error = error
        finally:
            producer.flush(30.0)

    def _produce(self, producer: Any, topic: str, record: Any) -> None:
        event_id = record.event_id
        self._ledger.send(event_id)

        def delivered(error: Any, message: Any) -> None:
            self._ledger.delivered(event_id, error, message)

        while True:
            try:
                producer.produce(
                    real_name(self._settings, topic),
                    key=record.account_id.encode(),
                    value=self._codec.encode(record),
                    on_delivery=delivered,
                )
                producer.poll(0)
                return
            except BufferError:
                producer.poll(0.1)

    def _paced(self) -> Iterator[Simulated]:
        began = time.monotonic()
        for number, item in enumerate(self._inputs):
            if self._rate:
                ahead = began + number / self._rate - time.monotonic()
                if ahead > 0:
                    self.stopping.wait(ahead)
            yield item


class Watcher(threading.Thread):
    """Reads all outputs at ``read_committed``, counts them and feeds the Redis views."""

    def __init__(self, settings: Settings, ledger: Ledger, views: Views) -> None:
        super().__init__(daemon=True)
        self._settings = settings
        self._ledger = ledger
        self._views = views
        self._types = {real_name(settings, t.name): t.record for t in output_topics()}
        self._dead = real_name(settings, "dead.letters")
        self._decode: Callable[[Any, bytes], Any] = Codec().decode
        self.stopping = threading.Event()
        self.error: Exception | None = None
        self.views_wait = False
        self.decisions: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        """Watch until `stopping` is set."""
        consumer = create_consumer(self._settings, fetch_wait_max_ms=10)
        try:
            consumer.assign(
                [
                    TopicPartition(topic, partition, 0)
                    for topic in (*self._types, self._dead)
                    for partition in range(self._settings.partitions)
                ]
            )
            kept: list[Seen] = []
            while not self.stopping.is_set():
                for message in consumer.consume(READ_AT_ONCE, POLL_S):
                    if message.error() is None:
                        self._take(message, kept)
                    else:
                        self.counts["read errors"] += 1
                kept = self._show(kept)
        except Exception as error:  # told by the demo, which then ends
            self.error = error
        finally:
            consumer.close()

    def _take(self, message: Any, kept: list[Seen]) -> None:
        topic = message.topic()
        if topic == self._dead:
            self.counts["dead letters"] += 1
            self._ledger.set_aside(parse(message).origin)
            return
        record = self._decode(self._types[topic], message.value())
        self._ledger.answer(record.event_id)
        kept.append(Seen(topic, message.partition(), message.offset(), record))
        self.counts[type(record).__name__] += 1
        if isinstance(record, Verdict):
            self.decisions[record.decision] += 1
        elif isinstance(record, Disposal):
            self.steps[f"{record.action} {record.step}"] += 1
        elif isinstance(record, Escalation) and record.status is EscalationStatus.OPENED:
            self.counts["escalations opened"] += 1

    def _show(self, kept: list[Seen]) -> list[Seen]:
        """Feed the views; what Redis does not take is kept for the next time."""
        try:
            self._views.apply(kept)
        except redis.RedisError:
            self.views_wait = True
            return kept
        self.views_wait = False
        return []
