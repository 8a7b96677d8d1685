"""Item 2: from produce to visible at `read_committed`, at a steady rate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from confluent_kafka import Message, TopicPartition

from benchmarks.contenders import Contender
from benchmarks.ground import Failed, Ground, console
from benchmarks.traffic import Event
from schemas.binary import read_str
from schemas.codec import decode
from streams.clients import create_consumer, create_producer
from streams.settings import Settings
from streams.topics import output_topics, real_name

WARM_EVENTS = 500
WARM_WITHIN_S = 60.0
ANSWERED_WITHIN_S = 60.0
FLUSH_S = 30.0
QUIET_S = 0.5
LATE_S = 0.001
"""The publisher sleeps when it is further ahead than this."""
COUNT_BYTES, HEADER_BYTES = 8, 10


@dataclass(frozen=True)
class Latency:
    """Latencies in ms of one contender at one rate, of the steady part; ``events`` of them."""

    contender: str
    rate: int
    events: int
    p50: float
    p99: float
    kept_up: float
    """Rate at which inputs were really published."""


class Reader(threading.Thread):
    """Notes when each output became visible; what they are is looked at afterwards."""

    def __init__(self, settings: Settings, topics: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self._consumer = create_consumer(settings, fetch_wait_max_ms=10, fetch_error_backoff_ms=10)
        self._consumer.assign(
            [TopicPartition(t, p, 0) for t in topics for p in range(settings.partitions)]
        )
        self.seen: list[tuple[float, Message]] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        """Read until `stopping` is set."""
        poll, append, clock = self._consumer.poll, self.seen.append, time.monotonic
        while not self.stopping.is_set():
            message = poll(0.1)
            if message is not None and message.error() is None:
                append((clock(), message))
        self._consumer.close()


def measure(
    ground: Ground,
    contender: Contender,
    stream: Iterator[Event],
    rates: Sequence[int],
    seconds: float,
    drop_s: float,
) -> list[Latency]:
    """Start a contender and send it ``seconds`` of traffic at each rate, one after the other.

    Inputs published in the first ``drop_s`` of a rate are not counted. Raises `Failed` unless every
    input is answered exactly once.
    """
    settings = ground.prepare(contender.name)
    topics = [real_name(settings, topic.name) for topic in output_topics()]
    running = contender.start(settings)
    reader = Reader(settings, topics if contender.ours else [real_name(settings, VERDICTS)])
    reader.start()
    producer = create_producer(settings, linger_ms=0)
    answered = _answered_by_domain if contender.ours else _answered_by_no_op
    found: list[Latency] = []
    try:
        sent = _send(producer, settings, stream, WARM_EVENTS, WARM_EVENTS)
        _await(reader, answered, set(sent), WARM_WITHIN_S, running.child.tail)
        for rate in rates:
            began = time.monotonic()
            sent = _send(producer, settings, stream, int(rate * seconds), rate)
            took = time.monotonic() - began
            producer.flush(FLUSH_S)
            seen = _await(reader, answered, set(sent), ANSWERED_WITHIN_S, running.child.tail)
            times = sorted(
                (seen[event] - at) * 1e3 for event, at in sent.items() if at > began + drop_s
            )
            found.append(
                Latency(
                    contender.name,
                    rate,
                    len(times),
                    times[len(times) // 2],
                    times[int(len(times) * 0.99)],
                    len(sent) / took,
                )
            )
            console.print(
                f"  {contender.title} at {rate:,}/s: p50 {found[-1].p50:.0f} ms, "
                f"p99 {found[-1].p99:.0f} ms, {len(sent):,} of {len(sent):,} answered once",
                style="dim",
            )
    finally:
        reader.stopping.set()
        reader.join()
        running.child.stop()
    ground.clear(settings)
    return found


VERDICTS = "account.verdicts"

Answered = Callable[[Message], str | None]
"""The event an output answers; None for a further output of the same event."""


def _answered_by_no_op(message: Message) -> str | None:
    return read_str(message.value() or b"", COUNT_BYTES + HEADER_BYTES)[0]


def _answered_by_domain(message: Message) -> str | None:
    name = (message.topic() or "").split(".", 1)[1]
    record = decode(_TYPES[name], message.value() or b"")
    if name == VERDICTS and record.revision > 1:
        return None  # a later verdict on an earlier change, caused by another input
    return str(record.event_id)


_TYPES = {topic.name: topic.record for topic in output_topics()}


def _send(
    producer: object, settings: Settings, stream: Iterator[Event], count: int, rate: float
) -> dict[str, float]:
    """Publish at a rate; returns when each event was handed to the producer."""
    sent: dict[str, float] = {}
    produce, poll = producer.produce, producer.poll  # type: ignore[attr-defined]  # a C class
    clock, began = time.monotonic, time.monotonic()
    for number in range(count):
        event = next(stream)
        ahead = began + number / rate - clock()
        if ahead > LATE_S:
            time.sleep(ahead)
        sent[event.event_id] = clock()
        produce(real_name(settings, event.topic), event.value, event.key)
        poll(0)
    return sent


def _await(
    reader: Reader,
    answered: Answered,
    expected: set[str],
    within_s: float,
    tail: Callable[[], str],
) -> dict[str, float]:
    """When each of the expected events was first answered.

    Looks at outputs only while none arrive, for looking takes time from the reader. Raises `Failed`
    when an event has no answer, or two verdicts.
    """
    first: dict[str, float] = {}
    verdicts: set[str] = set()
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        arrived = len(reader.seen)
        time.sleep(QUIET_S)
        if len(reader.seen) > arrived:
            continue
        for at, message in reader.seen[:arrived]:
            event = answered(message)
            if event is None or event not in expected:
                continue
            first.setdefault(event, at)
            if str(message.topic()).endswith(VERDICTS):
                if event in verdicts:
                    raise Failed(f"{event} has two verdicts")
                verdicts.add(event)
        del reader.seen[:arrived]
        if len(first) == len(expected):
            return first
    raise Failed(f"{len(expected) - len(first):,} inputs without an answer:\n{tail()}")
