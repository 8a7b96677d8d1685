"""Faust transport that hands an agent one message per fetched partition batch.

Plain Faust wraps every Kafka record in a message and an event and pays two asyncio tasks, an
acknowledgement and a queue hop for each. Here a message's *value* is a `Batch`: all records fetched
for one partition, so that Faust's machinery runs once per batch.

What differs from the stock driver, each for exactly-once:

* Records are read at isolation level ``read_committed`` without Faust's own transaction manager.
* A batch is handed out only from a partition that **we** have positioned in the current
  assignment (it has an `Anchor`). What a fetch brings that outlived a rebalance is not ours.
* Every batch carries ``[start, next)``, the fetch position before and after it, and the epoch of
  the seek it follows, so that a partition task can prove that nothing was skipped or seen twice.
* After a rebalance every source partition is sought to the position that the partition task
  restored, never to a committed group offset.
* Faust commits nothing. Group offsets are written by `BatchConsumer.publish_positions`, as
  information for lag tools; they are read only where the changelog has no position, to tell a
  partition that is new from one whose changelog is lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import ConsumerMessage

from streams.errors import RESTORE_A_BACKUP, BrokerUnreachable, TaskCorrupted
from streams.work import Record

PREFETCH_BACKOFF_S = 0.01
"""How long data waiting in the client keeps aiokafka from fetching the other partitions."""

FETCH_MIN_BYTES = 100_000
"""A fetch is answered with so much, or after ``fetch_wait_ms``. What trickles in would otherwise
come record by record, and each of them take the way of a whole batch through Faust."""

IDLE_AFTER_S = 0.25
"""Where nothing came for so long nothing is gathered: a fetch is answered with the first record."""

IDLE_WAIT_MS = 100
"""How long such a fetch waits; it holds up a seek, and the group, no longer than that."""

NO_PARTITION_PAUSE_S = 0.02
"""How long to wait before asking again when no partition may be handed out."""

PUBLISH_WITHIN_S = 2.0
"""Until the next tick tells them again."""

MAX_POLL_S = 0.2
"""A fetch that waits longer than this could outlive a rebalance."""


class Batch(NamedTuple):
    """The records of one partition fetched together, covering offsets ``[start, next)``."""

    tp: TopicPartition
    records: list[Record]
    start: int
    next: int
    epoch: int


@dataclass(slots=True)
class Anchor:
    """Fetch position of a partition as set by our seek and moved by the batches handed out.

    It belongs to one partition state of aiokafka, that is to one assignment: a rebalance voids it.
    ``position`` is the end of the last batch; ``read`` may be further, past records that nobody is
    given (control records, aborted transactions). ``read`` is set after ``position``.
    ``out_of_range``: aiokafka found its position gone and has set one of its own.
    """

    state: Any
    position: int
    epoch: int
    read: int
    out_of_range: bool = False


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """What Faust hard-codes and this transport needs otherwise.

    ``is_open`` answers whether a partition has a task that was opened; another has been assigned
    meanwhile, and is sought in its turn. ``position_of`` answers the next offset of a partition;
    None where nothing was ever read. ``sought`` is told where the reading of a partition begins,
    ``expired`` of records that retention deleted before they were read.
    """

    fetch_wait_ms: int
    is_open: Callable[[TopicPartition], bool]
    position_of: Callable[[TopicPartition], int | None]
    sought: Callable[[TopicPartition, int], None]
    expired: Callable[[TopicPartition, int], None]


class _NoReadOffsets(dict[Any, Any]):
    """Keeps Faust from dropping messages below its own read offset: partition tasks trim."""

    def __missing__(self, tp: Any) -> None:
        return None

    def __setitem__(self, tp: Any, offset: Any) -> None:
        pass

    def update(self, *args: Any, **kwargs: Any) -> None:
        pass


class BatchConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]  # untyped base
    """The thread that owns the aiokafka consumer. Anchors are touched by this thread only."""

    _anchors: dict[TopicPartition, Anchor]
    _epoch: int = 0
    _last_came: float = 0.0

    @property
    def options(self) -> FetchOptions:
        """Options of the transport this thread belongs to."""
        options: FetchOptions = self.transport.options
        return options

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # read when the consumer starts
        consumer._fetch_max_wait_ms = self.options.fetch_wait_ms
        consumer._fetch_min_bytes = FETCH_MIN_BYTES
        self._anchors = {}
        return consumer

    async def on_start(self) -> None:
        """Start the consumer with a short prefetch back-off."""
        await super().on_start()
        self._consumer._fetcher._prefetch_backoff = PREFETCH_BACKOFF_S

    def _assignment(self) -> Any:
        subscription = self._ensure_consumer()._subscription.subscription
        return None if subscription is None else subscription.assignment

    def _anchor(self, assignment: Any, tp: TopicPartition) -> Anchor | None:
        anchor = self._anchors.get(tp)
        if anchor is None or tp not in assignment.tps:
            return None
        return anchor if assignment.state_value(tp) is anchor.state else None

    def _seek_and_anchor(self, assignment: Any, tp: TopicPartition, position: int) -> int:
        self._ensure_consumer().seek(tp, position)
        self._epoch += 1
        state = assignment.state_value(tp)
        anchor = self._anchors[tp] = Anchor(state, position, self._epoch, position)

        def await_reset(strategy: Any) -> None:
            anchor.out_of_range = True
            type(state).await_reset(state, strategy)

        state.await_reset = await_reset  # after a seek, only an offset out of range leads there
        return self._epoch

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Iterable[TopicPartition],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> dict[TopicPartition, Batch]:
        # The active set belongs to the main thread, which empties it at a rebalance; aiokafka
        # reads an empty set as "all partitions". So a copy is taken, and an empty one not passed.
        assignment = self._assignment()
        wanted = (
            set()
            if assignment is None
            else {tp for tp in set(active_partitions) if self._anchor(assignment, tp)}
        )
        if not wanted:
            await asyncio.sleep(NO_PARTITION_PAUSE_S)
            return {}
        fetched = await super()._fetch_records(consumer, wanted, timeout, max_records)
        # No await since the records were taken: assignment, anchors and positions belong to them.
        batches = self._to_batches(fetched, asked_under=assignment) if fetched else {}
        self._note_read(wanted)
        self._gather(consumer._fetcher, came=bool(fetched))
        return batches

    def _gather(self, fetcher: Any, *, came: bool) -> None:
        """Have the next fetch gather records while they come, and wait for one when none do."""
        now = time.monotonic()
        if came:
            self._last_came = now
        idle = now - self._last_came > IDLE_AFTER_S
        fetcher._fetch_min_bytes = 1 if idle else FETCH_MIN_BYTES
        fetcher._fetch_max_wait_ms = max(IDLE_WAIT_MS if idle else 0, self.options.fetch_wait_ms)

    def _note_read(self, tps: Iterable[TopicPartition]) -> None:
        assignment = self._assignment()
        for tp in tps:
            anchor = self._anchor(assignment, tp) if assignment is not None else None
            if anchor is not None and anchor.state.has_valid_position:
                anchor.read = anchor.state.position

    def _to_batches(
        self, fetched: Mapping[TopicPartition, list[Any]], asked_under: Any
    ) -> dict[TopicPartition, Batch]:
        assignment = self._assignment()
        batches = {}
        for tp, records in fetched.items():
            anchor = self._anchor(assignment, tp)
            if anchor is None:
                continue  # our seek is still to come and reads these records again
            if assignment is not asked_under:  # the call outlived a rebalance: read them again
                self._ensure_consumer().seek(tp, anchor.position)
                continue
            if anchor.out_of_range:
                self._came_back(tp, anchor, records[0].offset)
            after = assignment.state_value(tp).position  # past control records too
            batches[tp] = Batch(tp, records, anchor.position, after, anchor.epoch)
            anchor.position = after
        return batches

    def _came_back(self, tp: TopicPartition, anchor: Anchor, first: int) -> None:
        anchor.out_of_range = False
        if first < anchor.position:
            raise _cut_off(tp, anchor.position)
        self.options.expired(tp, first - anchor.position)

    async def seek_to_committed(self) -> Mapping[TopicPartition, int]:
        """Seek every source partition to the position its task restored."""
        sought: Mapping[TopicPartition, int] = await self.call_thread(self._seek_to_positions)
        return sought

    async def _seek_to_positions(self) -> dict[TopicPartition, int]:
        consumer, assignment = self._ensure_consumer(), self._assignment()
        if assignment is None:
            return {}
        changelogs = self.app.tables.changelog_topics  # never consumed through this consumer
        sources = [
            tp for tp in assignment.tps if tp.topic not in changelogs and self.options.is_open(tp)
        ]
        beginnings = await consumer.beginning_offsets(sources) if sources else {}
        ends = await consumer.end_offsets(sources) if sources else {}
        new = [tp for tp in sources if self.options.position_of(tp) is None]
        committed = await asyncio.gather(*(consumer.committed(tp) for tp in new))
        if self._assignment() is not assignment:
            return {}  # another rebalance: it seeks again
        for tp, read in zip(new, committed, strict=True):
            if (read or 0) > beginnings[tp]:
                raise _without_states(tp, read)
        sought = {}
        for tp in sources:
            position, beginning = self.options.position_of(tp), beginnings[tp]
            if position is not None and position > ends[tp]:
                raise _cut_off(tp, position)
            if position is not None and position < beginning:
                self.options.expired(tp, beginning - position)
            sought[tp] = beginning if position is None else max(position, beginning)
            self.options.sought(tp, sought[tp])
            self._seek_and_anchor(assignment, tp, sought[tp])
        return sought

    async def check_group(self) -> None:
        """Raise what the group was refused, if anything, and have aiokafka try again.

        aiokafka keeps such an error, and leaves the group alone, until somebody asks for records in
        a way that the transport does not. Raises `KafkaError`.
        """
        await self.call_thread(self._check_group)

    async def _check_group(self) -> None:
        self._ensure_consumer()._coordinator.check_errors()

    async def seek_back(
        self, tp: TopicPartition, position_of: Callable[[], int | None]
    ) -> int | None:
        """Go back to the task's position after a gap.

        Returns the epoch that batches read from there carry; None when the partition is not ours
        any more or a seek is still to come anyway.
        """
        epoch: int | None = await self.call_thread(self._seek_back, tp, position_of)
        return epoch

    async def _seek_back(
        self, tp: TopicPartition, position_of: Callable[[], int | None]
    ) -> int | None:
        assignment, position = self._assignment(), position_of()
        if position is None or assignment is None or self._anchor(assignment, tp) is None:
            return None
        return self._seek_and_anchor(assignment, tp, position)

    async def publish_positions(self, positions: Mapping[TopicPartition, int]) -> None:
        """Commit group offsets as information for lag tools; a failure is of no consequence.

        Nor is a coordinator that does not answer: it is not waited for.
        """
        await self.call_thread(self._publish_positions, positions)

    async def _publish_positions(self, positions: Mapping[TopicPartition, int]) -> None:
        assigned = self._ensure_consumer().assignment()
        offsets = {tp: OffsetAndMetadata(p, "") for tp, p in positions.items() if tp in assigned}
        if not offsets:
            return
        try:
            await asyncio.wait_for(self._ensure_consumer().commit(offsets), PUBLISH_WITHIN_S)
        except (KafkaError, ValueError, TimeoutError) as error:
            self.log.debug("group offsets not published: %r", error)

    def _current_anchor(self, tp: TopicPartition) -> Anchor | None:
        assignment = self._assignment()
        return None if assignment is None else self._anchor(assignment, tp)

    def lag(self, tp: TopicPartition) -> int | None:
        """Records between what was read and the last stable offset; None while unknown."""
        anchor = self._current_anchor(tp)
        if anchor is None or anchor.state.lso is None:
            return None
        return max(0, int(anchor.state.lso) - anchor.read)

    def partition_counts(self, topics: Iterable[str]) -> dict[str, int]:
        """How many partitions topics have, as far as the client knows by now."""
        cluster = self._ensure_consumer()._client.cluster
        known = {topic: cluster.partitions_for_topic(topic) for topic in topics}
        return {topic: len(partitions) for topic, partitions in known.items() if partitions}

    def handed_out(self, tp: TopicPartition) -> int | None:
        """Where the last batch of a partition ended; None when the partition is not ours."""
        anchor = self._current_anchor(tp)
        return None if anchor is None else anchor.position

    def answered(self, tp: TopicPartition) -> int | None:
        """When a broker last answered a fetch of a partition (ms); None while none has."""
        anchor = self._current_anchor(tp)
        return None if anchor is None else anchor.state.timestamp

    def caught_up(self, processed: Mapping[TopicPartition, int], since: int) -> bool:
        """Whether everything was read, handed out and processed up to these offsets.

        The end must be known from an answer no older than ``since`` (ms).
        """
        for tp, position in processed.items():
            anchor = self._current_anchor(tp)
            if anchor is None or self.lag(tp) != 0 or (anchor.state.timestamp or 0) < since:
                return False
            if position < anchor.position:
                return False
        return bool(processed)


def _cut_off(tp: TopicPartition, position: int) -> TaskCorrupted:
    return TaskCorrupted(
        f"{tp.topic}[{tp.partition}] ends before {position}, the next offset to read: "
        "the topic was made anew or has lost records"
    )


def _without_states(tp: TopicPartition, read: int) -> TaskCorrupted:
    return TaskCorrupted(
        f"{tp.topic}[{tp.partition}] was read up to {read}, as the group's offset says, but the "
        "changelog does not know: it was made anew or has lost its records. Its accounts would be "
        f"taken for new ones, and what was decided be decided again; {RESTORE_A_BACKUP}"
    )


class BatchConsumer(driver.Consumer):  # type: ignore[misc]  # untyped base
    """Consumer that yields one message per partition batch."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _NoReadOffsets()

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:
        # Stock Faust sleeps a whole second while no partition is active, so after every rebalance.
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        if not self._get_active_partitions():
            await asyncio.sleep(NO_PARTITION_PAUSE_S)
            return {}, set()
        try:
            records, active = await super()._wait_next_records(min(timeout, MAX_POLL_S))
        except KafkaError as error:  # the group, or a topic, refuses us, as when a right is gone
            self.app.tasks.give_up(BrokerUnreachable(f"records cannot be fetched: {error!r}"))
            await asyncio.sleep(MAX_POLL_S)
            return {}, set()
        return records, active

    def on_buffer_drop(self, tp: Any) -> None:
        """Make a partition active again, but not one that a rebalance has paused meanwhile."""
        if tp in self._paused_partitions:
            self._buffered_partitions.discard(tp)
        else:
            super().on_buffer_drop(tp)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[Any, ConsumerMessage]]:
        """Yield the fetched batches, each as the value of one message."""
        batches, _ = await self._wait_next_records(timeout)
        if not batches or self.should_stop:
            return
        generation = self.app.consumer_generation_id
        for tp, batch in batches.items():
            # What is dropped here is dropped because of a rebalance: the new assignment has no
            # anchors, so nothing follows before the seek to the tasks' positions.
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            last = batch.records[-1]
            yield (
                tp,
                ConsumerMessage(
                    tp.topic,
                    tp.partition,
                    last.offset,
                    last.timestamp / 1000.0,
                    last.timestamp_type,
                    [],
                    None,
                    batch,
                    None,
                    None,
                    None,
                    tp,
                    generation_id=generation,
                ),
            )

    async def _commit(self, offsets: Any) -> bool:
        return True  # positions are written by the partition tasks, in their changelog


class BatchTransport(driver.Transport):  # type: ignore[misc]  # untyped base
    """Faust transport with `BatchConsumer`; the stock producer and conductor."""

    Consumer = BatchConsumer

    def __init__(self, *args: Any, options: FetchOptions, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.options = options
