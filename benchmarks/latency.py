"""Item 2: from produce to visible at `read_committed`, at a steady rate.

Timed are account changes: our verdicts, and the peers' outputs, are each one topic, which one plain
consumer reads. The other inputs are sent along, and their answers are counted afterwards.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from confluent_kafka import Message, Producer, TopicPartition

from benchmarks.contenders import Contender
from benchmarks.ground import Failed, Ground, console, cpu_of, wait_until
from benchmarks.traffic import Event
from schemas.binary import read_str
from schemas.codec import decode, encode
from schemas.records import AccountChange, ChangeKind, Verdict
from streams.clients import create_consumer, create_producer, read_all
from streams.settings import Settings
from streams.topics import output_topics, real_name

CHANGES, VERDICTS = "account.changes", "account.verdicts"
WARM_EVENTS = 500
ANSWERED_WITHIN_S = 60.0
FLUSH_S = 30.0
LATE_S = 0.001
"""The publisher sleeps when it is further ahead than this."""
COUNT_BYTES, HEADER_BYTES = 8, 10
CHANGE_HEADER = encode(
    AccountChange(event_id="", account_id="", occurred_at=0, kind=ChangeKind.EDIT)
)[:HEADER_BYTES]
"""Of the single-object encoding: what an account change begins with."""
_TYPES = {topic.name: topic.record for topic in output_topics()}


@dataclass(frozen=True)
class Latency:
    """Latencies in ms of one contender at one rate, of the ``events`` of the steady part."""

    contender: str
    rate: int
    events: int
    p50: float
    p99: float
    published: float
    """Inputs really published a second."""
    cpu_us: float
    """CPU of the process an event."""
    broker_us: float
    """CPU of the broker an event, publishing and reading included."""


class Reader(threading.Thread):
    """Notes when each verdict or output became visible; what it is, is looked at afterwards."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(daemon=True)
        topic = real_name(settings, VERDICTS)
        self._consumer = create_consumer(settings, fetch_wait_max_ms=100)
        self._consumer.assign([TopicPartition(topic, p, 0) for p in range(settings.partitions)])
        self.seen: list[tuple[float, Message]] = []
        self.errors: Counter[str] = Counter()
        self.stopping = threading.Event()

    def run(self) -> None:
        """Read until `stopping` is set."""
        poll, append, clock = self._consumer.poll, self.seen.append, time.monotonic
        while not self.stopping.is_set():
            message = poll(0.1)
            if message is None:
                continue
            if (error := message.error()) is None:
                append((clock(), message))
            else:
                self.errors[error.str()] += 1
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
    input is answered, and every change once.
    """
    settings = ground.prepare(contender.name)
    running = contender.start(settings)
    reader = Reader(settings)
    reader.start()
    producer = create_producer(settings, linger_ms=0)
    found: list[Latency] = []
    sent: dict[str, Sent] = {}
    try:
        sent |= _send(producer, settings, stream, WARM_EVENTS, WARM_EVENTS)
        _await(reader, sum(event.timed for event in sent.values()), contender.ours)
        for rate in rates:
            began, cpu, broker = time.monotonic(), cpu_of(running.child.pid), ground.broker_cpu()
            now = _send(producer, settings, stream, int(rate * seconds), rate)
            took, sent = time.monotonic() - began, sent | now
            _await(reader, sum(event.timed for event in sent.values()), contender.ours)
            spent, broker = cpu_of(running.child.pid) - cpu, ground.broker_cpu() - broker
            seen = _first_answers(reader.seen, contender.ours)
            times = sorted(
                (seen[event_id] - event.at) * 1e3
                for event_id, event in now.items()
                if event.timed and event.at > began + drop_s
            )
            latency = Latency(
                contender.name,
                rate,
                len(times),
                times[len(times) // 2],
                times[int(len(times) * 0.99)],
                len(now) / took,
                spent / len(now) * 1e6,
                broker / len(now) * 1e6,
            )
            found.append(latency)
            console.print(
                f"  {contender.title} at {rate:,}/s: p50 {latency.p50:.0f} ms, "
                f"p99 {latency.p99:.0f} ms; {latency.cpu_us:.0f} µs CPU/event, "
                f"broker {latency.broker_us:.0f}",
                style="dim",
            )
        if contender.ours:
            _await_others(settings, sent)
            if mended := running.seeks_back():
                console.print(f"  batches lost in the client and read again: {mended}", style="red")
    except Failed as failure:
        raise Failed(f"{failure}; {dict(reader.errors)}\n{running.child.tail()}") from failure
    finally:
        reader.stopping.set()
        reader.join()
        running.child.stop()
    ground.clear(settings)
    return found


@dataclass(frozen=True, slots=True)
class Sent:
    """When an input was handed to the producer; ``timed`` when its answer is waited for."""

    at: float
    timed: bool


def _send(
    producer: Producer, settings: Settings, stream: Iterator[Event], count: int, rate: float
) -> dict[str, Sent]:
    """Publish at a rate."""
    sent: dict[str, Sent] = {}
    failed: list[str] = []

    def delivered(error: object, _message: Message) -> None:
        if error is not None:
            failed.append(str(error))

    produce, poll = producer.produce, producer.poll
    clock, began = time.monotonic, time.monotonic()
    for number in range(count):
        event = next(stream)
        ahead = began + number / rate - clock()
        if ahead > LATE_S:
            time.sleep(ahead)
        sent[event.event_id] = Sent(clock(), event.topic == CHANGES)
        topic = real_name(settings, event.topic)
        produce(topic, event.value, event.key, on_delivery=delivered)
        poll(0)
    if producer.flush(FLUSH_S) or failed:
        raise Failed(f"Kafka did not take all inputs: {failed[:3]}")
    return sent


def _await(reader: Reader, count: int, ours: bool) -> None:
    """Wait until so many changes are answered; looking at what came takes time from the reader."""
    looked = 0

    def enough() -> bool:
        nonlocal looked
        arrived = len(reader.seen)
        if arrived < count or arrived == looked:
            return False
        looked = arrived
        return len(_first_answers(reader.seen[:arrived], ours)) >= count

    wait_until(f"answering {count:,} changes", ANSWERED_WITHIN_S, enough)


def _first_answers(seen: Sequence[tuple[float, Message]], ours: bool) -> dict[str, float]:
    """When each change was answered. Raises `Failed` when one was answered twice."""
    first: dict[str, float] = {}
    for at, message in seen:
        event_id = _answered(message.value() or b"", ours)
        if event_id is None:
            continue
        if event_id in first:
            raise Failed(f"{event_id} was answered twice")
        first[event_id] = at
    return first


def _answered(value: bytes, ours: bool) -> str | None:
    """The change an output answers; None for a later verdict, or for what is no change."""
    if ours:
        verdict = decode(Verdict, value)
        return verdict.event_id if verdict.revision == 1 else None
    if not value.startswith(CHANGE_HEADER, COUNT_BYTES):
        return None
    return read_str(value, COUNT_BYTES + HEADER_BYTES)[0]


def _await_others(settings: Settings, sent: dict[str, Sent]) -> None:
    """Wait until every input that is no change has left a record of some type."""
    others = {event_id for event_id, event in sent.items() if not event.timed}
    names = {real_name(settings, name): name for name in _TYPES}

    def answered() -> bool:
        waiting = set(others)
        for message in read_all(settings, list(names)):
            record = decode(_TYPES[names[str(message.topic())]], message.value() or b"")
            waiting.discard(record.event_id)
        return not waiting

    wait_until(f"answering {len(others):,} inputs that are no changes", ANSWERED_WITHIN_S, answered)
