"""A worker as `zhengming worker` runs it, with faults that a test asks for by the environment.

``TEST_FAULT=<step>:<nth>:kill|freeze|error|errors|disk``: after the n-th time that a step of the
commit protocol ends, kill or freeze the process, or fail as a lost broker does; ``errors``: each
n-th time; ``disk``: fail as a full disk does, and linger before leaving. Several are separated by
commas. ``TEST_POISON=<text>``: processing raises on every record that contains the text, with
``TEST_POISON_IN=<topic>`` only of that topic. ``TEST_DROP=<nth>``: the n-th batch is lost inside
the client. ``TEST_CRASH``: a service of Faust crashes when the worker serves, and the rest of its
stop takes longer than it may. ``TEST_COUNTING``: `Counting` instead of the domain.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from aiokafka.errors import KafkaError

import streams.worker
from streams.app import every
from streams.errors import DependencyUnavailable
from streams.logs import configure_logging
from streams.packs import load_policy
from streams.settings import load_settings
from streams.store import MemoryStore
from streams.task import PartitionTask
from streams.worker import Worker, domain_worker
from tests.integration.counting import Counting

LINGER_S = 2.0
SIGNALS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}


def fault_from(text: str) -> Callable[[int, int], None]:
    """The hook that strikes as ``TEST_FAULT`` says."""
    faults = []
    for fault in text.split(","):
        step, nth, kind = fault.split(":")
        faults.append((int(step), int(nth), kind))
    ended: Counter[int] = Counter()

    def on_step(_partition: int, number: int) -> None:
        ended[number] += 1
        for step, nth, kind in faults:
            due = ended[step] % nth == 0 if kind == "errors" else ended[step] == nth
            if step == number and due:
                if kind in SIGNALS:
                    os.kill(os.getpid(), SIGNALS[kind])
                elif kind == "disk":
                    fill_the_disk()
                    raise DependencyUnavailable("the store cannot be written: injected")
                else:
                    raise KafkaError(f"injected after step {number}")

    return on_step


def fill_the_disk() -> None:
    """Let no store take anything more, and the process linger before it leaves."""

    def refuse(*_: object) -> None:
        raise DependencyUnavailable("the store cannot be written: injected")

    MemoryStore.write = refuse  # type: ignore[method-assign]  # that is the fault
    streams.worker.GIVE_UP_AFTER_S = LINGER_S


class Poisoned:
    """Processing that raises on records with a marker, after the real one has worked on them."""

    def __init__(self, real: Any, marker: bytes, topic: str) -> None:
        self._real = real
        self._marker = marker
        self._topic = topic

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def process(self, records: Any, read: Any, now: int) -> Any:
        work = self._real.process(records, read, now)
        if any(
            record.topic.endswith(self._topic) and self._marker in (record.value or b"")
            for record in records
        ):
            raise RuntimeError("poison")
        return work


def drop_batch(nth: int) -> None:
    """Lose one batch between Faust and the partition task."""
    submit, left = PartitionTask.submit, [nth]

    async def losing(self: PartitionTask, batch: Any) -> None:
        left[0] -= 1
        if left[0] != 0:
            await submit(self, batch)

    PartitionTask.submit = losing  # type: ignore[method-assign]


def crash_a_service(worker: Worker) -> None:
    """Let the consumer crash once the worker serves."""
    streams.worker.STOP_WITHIN_S = 0.0

    async def crash() -> None:
        if worker.app.assigned_once:
            await worker.app.consumer.crash(RuntimeError("injected"))

    every(worker.app, 0.5, crash)


def main() -> int:
    settings = load_settings()
    configure_logging(settings)
    if nth := os.environ.get("TEST_DROP"):
        drop_batch(int(nth))
    fault = os.environ.get("TEST_FAULT")
    on_step = fault_from(fault) if fault else None
    if os.environ.get("TEST_COUNTING"):
        return Worker(settings, Counting(settings), on_step).run()
    worker = domain_worker(settings, load_policy(settings), on_step)
    if marker := os.environ.get("TEST_POISON"):
        topic = os.environ.get("TEST_POISON_IN", "")
        worker.tasks.processing = Poisoned(worker.tasks.processing, marker.encode(), topic)
    if os.environ.get("TEST_CRASH"):
        crash_a_service(worker)
    return worker.run()


if __name__ == "__main__":
    sys.exit(main())
