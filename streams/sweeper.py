"""Goes through the accounts of a partition where a sweep is on, some in each transaction.

Each transaction holds what came of its accounts, how far the sweep has come, and a record of that
for whoever watches: so a crash costs one transaction, and no account is verified twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from processors import engine, sweeps
from processors.sweeps import Progress, Step, Sweep
from schemas.records import AuditRecord, SweepProgress, SweepState
from streams.logs import get_logger
from streams.processing import DomainProcessing
from streams.store import Store
from streams.work import Message, Overlay, Read, Work

log = get_logger(__name__)

BEFORE_ACCOUNTS = b"\0\xff"
"""After every internal key, before every account."""

SCANNED = 5_000
"""Keys looked at in one transaction where a sweep names its accounts: most are left out at once."""

FOUND = ("sweep_found",)

Process = Callable[[Iterable[bytes], Read, int, int], Work]
Apply = Callable[[Sequence[bytes], Process], None]


class Sweeper:
    """What a partition task does for sweeps. ``topic`` takes the progress, ``rate`` is accounts."""

    def __init__(self, processing: DomainProcessing, topic: str, rate: int) -> None:
        self._processing = processing
        self._topic = topic
        self._rate = rate

    def next_step(self, read: Read, at: int) -> Step | None:
        """What is to be done at an event time (ms); None where there is nothing."""
        orders = self._processing.sweeps
        terms = self._processing.control.at(at).policy.pack.sweep
        return sweeps.next_step(sweeps.read(read(sweeps.KEY)), orders, terms, at)

    def go_on(self, store: Store, overlay: Overlay, partition: int, at: int, apply: Apply) -> None:
        """Verify the next accounts within a transaction; ``apply`` runs their processing."""
        step = self.next_step(overlay.read, at)
        if step is None:
            return
        progress, sweep = step.progress, step.sweep
        if sweep is not None:
            if step.fresh:
                progress.total = store.size()
                log.info("sweep begins", sweep=sweep.id, partition=partition, keys=progress.total)
            limit = SCANNED if sweep.accounts else self._rate
            keys = store.walk(progress.cursor or BEFORE_ACCOUNTS, limit)
            before = overlay.tallies[FOUND]
            apply(keys, partial(self._verify, sweep))
            found, last = overlay.tallies[FOUND] - before, len(keys) < limit
            progress = sweeps.advance(step, keys, found, last=last, at=at)
        overlay.add(self._note(step, progress, partition, at))

    def _verify(
        self, sweep: Sweep, keys: Iterable[bytes], read: Read, at: int, partition: int
    ) -> Work:
        keys, processing = list(keys), self._processing
        outcome = engine.run_sweep(keys, read, processing.control, at, sweep, processing.value_key)
        found = sum(
            1
            for record in outcome.outputs
            if type(record) is AuditRecord and record.subject_id == sweep.id
        )
        return processing.work(outcome, partition, {("swept",): len(keys), FOUND: found})

    def _note(self, step: Step, progress: Progress, partition: int, at: int) -> Work:
        """The progress as a state, and as a record."""
        states = {sweeps.KEY: sweeps.write(progress)}
        if step.sweep is None and not step.stopped:
            return Work(states, [], {})  # only the time from which on sweeps are due
        state = SweepState.STOPPED if step.stopped else SweepState.RUNNING
        if progress.ended:
            state = state if step.stopped else SweepState.FINISHED
            log.info(
                "sweep ends",
                sweep=progress.sweep,
                partition=partition,
                state=state,
                done=progress.done,
                found=progress.found,
            )
        record = SweepProgress(
            sweep_id=progress.sweep,
            partition=partition,
            state=state,
            done=progress.done,
            total=progress.total,
            found=progress.found,
            began_at=progress.began,
            at=at,
        )
        value = self._processing.encode(record)
        return Work(states, [Message(self._topic, progress.sweep.encode(), value)], {})
