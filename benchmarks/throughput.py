"""Items 1 and 6: a backlog through Kafka, by our worker and its peers; more workers, partitions."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.contenders import Contender, Running
from benchmarks.ground import PARTITIONS, Backlog, Failed, Ground, console, cpu_of, publish
from benchmarks.traffic import Event
from processors.policy import Policy
from streams import checker
from streams.clients import read_all
from streams.settings import Settings
from streams.topics import real_name

POLL_S = 0.25
SETTLE_S = 1.0
"""After the warm part, before the measured one: the last commits, a JVM's compiler."""
STALLED_AFTER_S = 60.0
COUNT_BYTES = 8
HEADER_BYTES = 10
"""Of the single-object encoding: they tell the record type."""


class Load(NamedTuple):
    """Inputs of a run: those to get warm with, then those that are measured."""

    warm: Sequence[Event]
    measured: Sequence[Event]

    @property
    def all(self) -> Sequence[Event]:
        """All inputs, in order."""
        return [*self.warm, *self.measured]


@dataclass(frozen=True)
class Run:
    """A backlog done. ``check`` says in words what was verified."""

    contender: str
    events: int
    cpu_us: float
    broker_us: float
    """CPU of the broker an event, what published the backlog before not counted."""
    rate: float
    check: str


Verify = Callable[[Settings, Sequence[Event]], str]


def run(
    ground: Ground,
    contender: Contender,
    load: Load,
    verify: Verify,
    *,
    partitions: int = PARTITIONS,
    workers: int = 1,
) -> Run:
    """Let a contender do a backlog, warm; measure its process from outside; verify; clean up.

    Raises `Failed` when a process ends, nothing moves, or the outputs are not what they must be.
    """
    settings = ground.prepare(contender.name, partitions)
    publish(settings, load.warm)
    running = [contender.start(settings) for _ in range(workers)]
    pids = [one.child.pid for one in running]
    try:
        with Backlog(settings, held=contender.committed_only) as backlog:
            await_done(running, len(load.warm))
            if contender.committed_only:
                backlog.send(load.measured)
            time.sleep(SETTLE_S)
            cpu, broker, began = cpu_of(*pids), ground.broker_cpu(), time.monotonic()
            if contender.committed_only:
                backlog.release()
            else:
                backlog.send(load.measured)
        ended = await_done(running, len(load.warm) + len(load.measured))
        spent, took = cpu_of(*pids) - cpu, ended - began
        broker = ground.broker_cpu() - broker
    finally:
        for one in running:
            one.child.stop()
    count = len(load.measured)
    result = Run(
        contender.name,
        count,
        spent / count * 1e6,
        broker / count * 1e6,
        count / took,
        verify(settings, load.all),
    )
    ground.clear(settings)
    console.print(
        f"  {contender.title}: {result.cpu_us:.1f} µs CPU/event, {result.rate:,.0f} events/s; "
        f"{result.check}",
        style="dim",
    )
    return result


def await_done(running: Sequence[Running], total: int) -> float:
    """Wait until so many inputs are done by all together, and what they brought about as well.

    Returns when the last one was. Raises `Failed` when nothing moves.
    """
    done = passed_on = -1
    moved = time.monotonic()
    while True:
        before = done, passed_on
        done = sum(one.progress() for one in running)
        passed_on = sum(one.passed_on() for one in running)
        now = time.monotonic()
        if (done, passed_on) != before:
            moved = now
        elif done >= total and now - moved > SETTLE_S:
            return moved
        elif now - moved > STALLED_AFTER_S:
            raise Failed(f"no progress after {done:,} of {total:,}:\n{running[0].child.tail()}")
        time.sleep(POLL_S)


def verify_domain(policy: Policy, *, exactly: bool = True) -> Verify:
    """Every input answered once; outputs and states equal a pure replay of the inputs.

    Not ``exactly``, as with plain Faust, which promises no more than at least once and loses inputs
    all the same: what is wrong is told and does not make the run void. Nothing tells in what order
    it asked what goes over accounts, so the answers to that are not compared.
    """

    def verify(settings: Settings, backlog: Sequence[Event]) -> str:
        report = checker.check(settings, policy)
        found = {what: count for what, count in report.problems.items() if count}
        if not exactly:
            found.pop("claims", None)
        if exactly and (found or report.inputs != len(backlog)):
            raise Failed(f"{report.inputs} inputs; {report.problems}; {report.examples}")
        if found:
            wrong = ", ".join(f"{what} {count:,}" for what, count in found.items())
            return f"wrong on {report.inputs:,} inputs: {wrong}"
        return f"replay agrees on {report.inputs:,} inputs, {report.outputs:,} outputs"

    return verify


def verify_counts(settings: Settings, backlog: Sequence[Event], *, by_type: bool = False) -> str:
    """A stateful no-op: the counts of every key run from 1 without a gap, one per input.

    ``by_type``: the peer counts the inputs of each topic by themselves.
    """
    expected: Counter[bytes] = Counter()
    for event in backlog:
        expected[event.key + (event.value[:HEADER_BYTES] if by_type else b"")] += 1
    seen: dict[bytes, set[int]] = defaultdict(set)
    outputs = 0
    for message in read_all(settings, [real_name(settings, "account.verdicts")]):
        key, value = message.key() or b"", message.value() or b""
        header = value[COUNT_BYTES : COUNT_BYTES + HEADER_BYTES] if by_type else b""
        seen[key + header].add(int.from_bytes(value[:COUNT_BYTES], "big"))
        outputs += 1
    if outputs != len(backlog):
        raise Failed(f"{outputs:,} outputs of {len(backlog):,} inputs")
    if any(seen[key] != set(range(1, count + 1)) for key, count in expected.items()):
        raise Failed("counts are missing or stand twice")
    return f"{outputs:,} outputs, counts without gap"
