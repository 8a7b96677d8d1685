"""What an event costs in the worker's own code, part by part, without Kafka.

``python -m benchmarks.profile_worker`` decodes a backlog, runs the engine and encodes its records,
batch by batch, as a partition task does, and prints microseconds of CPU an event. The parts are
measured with the garbage collector off, less what the clocks themselves take; the whole with it on.
``--functions 40`` adds the dearest functions, by cProfile.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiokafka.consumer.fetcher import ConsumerRecord
from rich.console import Console
from rich.table import Table

from benchmarks.traffic import START, Event, events
from processors import batch as batches
from processors import engine
from processors.accounts import examiner
from processors.policy import Policy
from streams.packs import load_policy
from streams.processing import DomainProcessing
from streams.settings import load_settings
from streams.topics import input_topics, real_name
from streams.work import Message, Record, Work
from streams.worker import COLLECT_AFTER, domain_processing

SETTINGS = load_settings(kafka="127.0.0.1:9092")
TOPICS = tuple(topic.name for topic in input_topics())
ENGINE_PARTS = ("checks", "scan", "judge", "state decode", "state encode", "apply and emit")

console = Console()


class Clock:
    """Nanoseconds spent between calls of chosen functions, less what the clocks take."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.within = 0
        self._empty = 0.0
        function = self.around("calibration", lambda: None)
        for _ in range(20_000):
            function()
        self._empty = self.spent["calibration"] / self.calls["calibration"]
        began = time.thread_time_ns()
        for _ in range(20_000):
            function()
        self._whole = (time.thread_time_ns() - began) / 20_000

    def around(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its time counted."""
        spent, calls, now = self.spent, self.calls, time.thread_time_ns

        def timed(*args: Any) -> Any:
            began = now()
            result = function(*args)
            spent[part] += now() - began
            calls[part] += 1
            return result

        return timed

    def net(self, part: str) -> float:
        """Nanoseconds of a part without the clock's own."""
        return max(0.0, self.spent[part] - self.calls[part] * self._empty)

    def overhead(self, parts: Iterator[str]) -> float:
        """Nanoseconds that counting these parts has added to whatever lies around them."""
        return sum(self.calls[part] for part in parts) * self._whole


@contextmanager
def counted(clock: Clock) -> Iterator[None]:
    """Within it, the parts of the engine are counted."""
    places = (
        (engine, "check", "checks"),
        (batches, "decode", "state decode"),
        (batches, "encode", "state encode"),
        (Policy, "scan", "scan"),
        (examiner.Examiner, "judge", "judge"),
    )
    before = [(place, name, getattr(place, name)) for place, name, _ in places]
    for place, name, part in places:
        setattr(place, name, clock.around(part, getattr(place, name)))
    try:
        yield
    finally:
        for place, name, function in before:
            setattr(place, name, function)


@contextmanager
def collecting() -> Iterator[list[int]]:
    """Nanoseconds that the garbage collector takes within it."""
    spent, began = [0], [0]

    def note(phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            began[0] = time.thread_time_ns()
        else:
            spent[0] += time.thread_time_ns() - began[0]

    gc.callbacks.append(note)
    try:
        yield spent
    finally:
        gc.callbacks.remove(note)


def backlog(count: int, accounts: int) -> list[Record]:
    """Simulated inputs of one partition as a fetch brings them."""
    made: list[Record] = []
    for offset, event in enumerate(events(count, accounts)):
        made.append(_record(event, offset))
    return made


def _record(event: Event, offset: int) -> Record:
    topic = real_name(SETTINGS, event.topic)
    return _fetched(topic, offset, START + 60_000 + offset, event.key, event.value)


def _fetched(topic: str, offset: int, at: int, key: bytes | None, value: bytes) -> Record:
    sizes = len(key or b""), len(value)
    record: Record = ConsumerRecord(topic, 0, offset, at, 1, key, value, None, *sizes, ())
    return record


def sent_back(messages: list[Message]) -> list[Record]:
    """What tasks send each other comes back before the next batch, as if all were one partition."""
    return [
        _fetched(message.topic, 0, START, None, message.value or b"")
        for message in messages
        if message.partition is not None
    ]


class Bench:
    """A processing with a state of its own, fed batch by batch."""

    def __init__(self, processing: DomainProcessing) -> None:
        self.processing = processing
        self.state: dict[bytes, bytes] = {}
        self.messages: Counter[str] = Counter()
        self.bytes = 0

    def whole(self, records: list[Record], size: int) -> None:
        """All of it, as a partition task calls it."""
        sent: list[Record] = []
        for start in range(0, len(records), size):
            batch = sent + records[start : start + size]
            work = self.processing.process(batch, self.state.get, batch[-1].timestamp)
            self.take(work)
            sent = sent_back(list(work.messages))

    def take(self, work: Work) -> None:
        """Merge an outcome into the state."""
        for key, value in work.states.items():
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value
        for message in work.messages:
            self.messages[message.topic] += 1
            self.bytes += len(message.value or b"")


def parts(
    processing: DomainProcessing, policy: Policy, records: list[Record], size: int
) -> dict[str, float]:
    """Microseconds an event of each part, from one run over the backlog."""
    clock, state = Clock(), dict[bytes, bytes | None]()
    spent: Counter[str] = Counter()
    now = time.thread_time_ns
    gc.collect()
    gc.disable()
    with counted(clock):
        sent: list[Record] = []
        for start in range(0, len(records), size):
            batch, messages = sent + records[start : start + size], list[Message]()
            t0 = now()
            inputs = [processing._input(record, record.timestamp) for record in batch]
            t1 = now()
            outcome = engine.run(inputs, state.get, policy)
            t2 = now()
            processing._encode(outcome.outputs, messages, Counter())
            processing._repartition(outcome, 0, messages)
            t3 = now()
            sent = sent_back(messages)
            state.update(outcome.states)
            spent["decode"] += t1 - t0
            spent["engine"] += t2 - t1
            spent["encode"] += t3 - t2
    gc.enable()
    inner = {part: clock.net(part) for part in ENGINE_PARTS[:-1]}
    rest = spent["engine"] - sum(clock.spent[p] for p in inner)
    around = clock.overhead(iter(inner)) - sum(clock.calls[p] for p in inner) * clock._empty
    inner["apply and emit"] = rest - around
    each = {"decode inputs": spent["decode"], **inner, "encode outputs": spent["encode"]}
    return {part: ns / len(records) / 1e3 for part, ns in each.items()}


def profile(count: int, accounts: int, sizes: list[int], repeats: int, functions: int) -> None:
    """Print the table, and the dearest functions when asked."""
    policy = load_policy(SETTINGS)
    processing = domain_processing(SETTINGS, policy)
    records = backlog(count, accounts)
    gc.collect()
    gc.freeze()  # a worker holds no backlog of its own that the collector would go through
    gc.set_threshold(*COLLECT_AFTER)
    table = Table(
        title=f"CPU µs an event, {count:,} events, best of {repeats}", title_justify="left"
    )
    table.add_column("part")
    columns = []
    for size in sizes:
        table.add_column(f"batches of {size:,}", justify="right")
        runs, wholes = [], []
        for _ in range(repeats):
            runs.append(parts(processing, policy, records, size))
            bench = Bench(processing)
            with collecting() as collected:
                began = time.thread_time_ns()
                bench.whole(records, size)
                spent = time.thread_time_ns() - began
            wholes.append((spent / count / 1e3, collected[0] / count / 1e3))
        best = min(runs, key=lambda run: sum(run.values()))
        whole, collected_us = min(wholes)
        columns.append(
            {
                **best,
                "sum": sum(best.values()),
                "all, without clocks": whole,
                "of it garbage collector": collected_us,
            }
        )
    for part in columns[0]:
        if part == "sum":
            table.add_section()
        table.add_row(part, *(f"{column[part]:.1f}" for column in columns))
    console.print(table)
    sent = sum(bench.messages.values())
    sizes_of = [len(value) for value in bench.state.values()]
    console.print(
        f"{sent / count:.3f} outputs an event, {bench.bytes / sent:.0f} bytes each; inputs "
        f"{sum(len(r.value or b'') for r in records) / count:.0f} bytes; {len(sizes_of):,} states "
        f"of {sum(sizes_of) / len(sizes_of):.0f} bytes"
    )
    console.print(", ".join(f"{n:,} {topic}" for topic, n in bench.messages.most_common()))
    if functions:
        profiler = cProfile.Profile()
        profiler.enable()
        Bench(processing).whole(records, sizes[0])
        profiler.disable()
        pstats.Stats(profiler).sort_stats("tottime").print_stats(functions)


def main() -> None:
    """Read the arguments and profile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--batch", type=int, nargs="+", default=[1_000, 100, 10])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--functions", type=int, default=0, metavar="N", help="the N dearest")
    given = parser.parse_args()
    profile(given.events, given.accounts, given.batch, given.repeats, given.functions)


if __name__ == "__main__":
    main()
