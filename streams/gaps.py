"""The gap guard of a partition: which records its positions do not cover, and which are lost.

Step 1 of the commit protocol. Kafka hands out records in order; where the transport between it and
the task loses a batch all the same, the consumer goes back to what the task has processed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from streams.errors import TaskCorrupted
from streams.logs import get_logger
from streams.work import Record

if TYPE_CHECKING:
    from streams.manager import TaskManager
    from streams.transport import Batch

log = get_logger(__name__)

MAX_SEEKS_BACK = 5
LOST_AFTER = 3
"""So many looks in a row find a batch neither waiting nor processed before it counts as lost."""


@dataclass(slots=True)
class _SeekBack:
    """A gap being mended: ``epoch`` is that of our last seek, None while it is under way."""

    epoch: int | None
    tries: int


class GapGuard:
    """Selects records by position. ``position_of`` is how far the partition is in a topic."""

    def __init__(self, manager: TaskManager, position_of: Callable[[str], int | None]) -> None:
        self._manager = manager
        self._position_of = position_of
        self._seeks_back: dict[str, _SeekBack] = {}
        self._missing: dict[TopicPartition, tuple[int, int]] = {}

    def select(self, batches: Iterable[Batch], positions: dict[str, int]) -> list[Record]:
        """The records not yet covered by ``positions``, which move on with them.

        What lies behind a gap is dropped and comes again.
        """
        by_topic: dict[str, list[Record]] = {}
        for batch in batches:
            topic, position = batch.tp.topic, positions.get(batch.tp.topic)
            records = batch.records
            if position is not None:
                if batch.next <= position:
                    continue
                if batch.start > position:
                    gap = f"{position}, a batch covers {batch.start}-{batch.next}"
                    self._seek_back(batch.tp, gap, batch.epoch)
                    continue  # dropped: it comes again after the seek
                if records[0].offset < position:
                    records = [r for r in records if r.offset >= position]
            self._seeks_back.pop(topic, None)
            positions[topic] = batch.next
            by_topic.setdefault(topic, []).extend(records)
        # What other tasks have sent goes first: somebody waits for it.
        sent = [by_topic.pop(topic) for topic in self._manager.options.first if topic in by_topic]
        return [record for run in sent for record in run] + merge_by_time(list(by_topic.values()))

    def _seek_back(self, tp: TopicPartition, gap: str, epoch: int | None) -> None:
        """The transport has lost records (it should not). Go back; drop what was fetched before.

        ``epoch`` is that of the batch that shows the gap; None where no batch does.
        """
        topic = tp.topic
        mending = self._seeks_back.get(topic)
        if mending is not None and (
            mending.epoch is None or (epoch is not None and epoch < mending.epoch)
        ):
            return
        tries = mending.tries + 1 if mending is not None else 1
        gap = f"{topic}[{tp.partition}] is at {gap}"
        if tries > MAX_SEEKS_BACK:
            raise TaskCorrupted(f"records cannot be read again: {gap}")
        log.warning("gap, seeking back", gap=gap, attempt=tries)
        self._manager.metrics.seeks_back.inc()
        self._seeks_back[topic] = _SeekBack(None, tries)
        self._manager.background(self._mend(tp, tries))

    async def _mend(self, tp: TopicPartition, tries: int) -> None:
        epoch = await self._manager.seek_back(tp, lambda: self._position_of(tp.topic))
        if epoch is None:
            self._seeks_back.pop(tp.topic, None)  # not ours any more
        elif tp.topic in self._seeks_back:
            self._seeks_back[tp.topic] = _SeekBack(epoch, tries)

    def look_for_lost(
        self, handed_out: Mapping[TopicPartition, int], waiting: Set[TopicPartition]
    ) -> None:
        """Seek back where a batch was handed out and never came; asked about once a second.

        A lost batch shows where the next one begins, but the last one of a topic has no next one.
        ``handed_out`` is the end of the last batch of each topic. What is ``waiting`` is not lost,
        and what other topics bring says nothing about this one.
        """
        missing: dict[TopicPartition, tuple[int, int]] = {}
        for tp, end in handed_out.items():
            position = self._position_of(tp.topic)
            if tp in waiting or position is None or position >= end:
                continue
            before, times = self._missing.get(tp, (position, 0))
            missing[tp] = position, times + 1 if before == position else 1
            if missing[tp][1] > LOST_AFTER:
                del missing[tp]
                self._seek_back(tp, f"{position}, batches were handed out to {end}", epoch=None)
        self._missing = missing


def merge_by_time(runs: list[list[Record]]) -> list[Record]:
    """Merge the records of several topics by timestamp, each topic's in its own order.

    A record counts as no earlier than the one before it in its topic, so that a timestamp that
    steps back never reorders a topic.
    """
    if len(runs) == 1:
        return runs[0]
    keyed: list[tuple[int, Record]] = []
    for run in runs:
        latest = 0
        for record in run:
            latest = max(latest, record.timestamp)
            keyed.append((latest, record))
    keyed.sort(key=_time)
    return [record for _, record in keyed]


def _time(item: tuple[int, Record]) -> int:
    return item[0]
