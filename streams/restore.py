"""Bulk restore of partition states from the changelog.

The end is the last stable offset, and whether it is reached is judged by the reader's position,
never by record offsets: control records and aborted transactions leave no records.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.errors import RESTORE_A_BACKUP, TaskCorrupted
from streams.logs import get_logger
from streams.store import Store

log = get_logger(__name__)

MAX_PARTITION_FETCH = 4 << 20
MAX_FETCH = 64 << 20
FETCH_WAIT_MS = 20
"""Stopping the reader waits for the fetch in flight."""
POLL_MS = 100
STOP_WITHIN_S = 1.0
"""A connection with TLS waits 30 s for the broker's farewell where that does not come."""

Progress = Callable[[int, int, int], None]
Learn = Callable[[int, Mapping[bytes, bytes | None]], None]


async def restore(
    config: Mapping[str, Any],
    changelog: str,
    stores: Mapping[int, Store],
    learn: Learn,
    progress: Progress | None = None,
    *,
    tombstones_ms: int,
    check_crcs: bool = True,
) -> None:
    """Bring the stores of some partitions up to the last stable offset of the changelog.

    ``learn(partition, changes)`` is told each chunk after it is in the store;
    ``progress(partition, position, end)`` in offsets. Raises `TaskCorrupted`, and changes nothing,
    where the changelog cannot bring a store up: it ends before what the store has of it, or its
    first records were deleted. Its accounts would be taken for new ones, and their inputs for
    unread. A store that `rested_too_long` is emptied and read from the beginning;
    ``tombstones_ms`` is how long the changelog keeps tombstones.
    """
    consumer: Any = AIOKafkaConsumer(
        **config,
        group_id=None,
        isolation_level="read_committed",
        enable_auto_commit=False,
        max_partition_fetch_bytes=MAX_PARTITION_FETCH,
        fetch_max_bytes=MAX_FETCH,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        check_crcs=check_crcs,
    )
    await consumer.start()
    try:
        stores_by_tp = {TopicPartition(changelog, p): store for p, store in stores.items()}
        consumer.assign(list(stores_by_tp))
        began = time.time_ns() // 1_000_000
        beginnings = await consumer.beginning_offsets(list(stores_by_tp))
        ends = await consumer.end_offsets(list(stores_by_tp))  # stable: the reader is committed
        rested = {
            tp for tp, store in stores_by_tp.items() if rested_too_long(store, began, tombstones_ms)
        }
        for tp, store in stores_by_tp.items():
            _require_whole(tp, store.changelog_offset, beginnings[tp], ends[tp])
            if tp in rested:  # before it is emptied: it may be the last one that has what is gone
                _require_whole(tp, 0, beginnings[tp], ends[tp])
        for tp, store in stores_by_tp.items():
            if tp in rested:
                _begin_anew(tp, store, ends[tp])
            consumer.seek(tp, store.changelog_offset)
        with _collector_paused():
            await _read(consumer, stores_by_tp, ends, began, learn, progress)
    finally:
        await stop_reader(consumer)


def _require_whole(tp: TopicPartition, reached: int, beginning: int, end: int) -> None:
    name = f"{tp.topic}[{tp.partition}]"
    if reached > end:
        raise TaskCorrupted(
            f"{name} ends at {end}, but the store of this worker has it up to {reached}: the "
            "changelog was made anew or has lost records. If a backup was restored into it, remove "
            f"the stores of before (ZHENGMING_DATA_DIR); else {RESTORE_A_BACKUP}"
        )
    if reached < beginning:
        raise TaskCorrupted(
            f"{name} begins at {beginning}: the states before that were deleted, by DeleteRecords "
            f"or a cleanup.policy other than compact; {RESTORE_A_BACKUP}"
        )


def rested_too_long(store: Store, now: int, tombstones_ms: int) -> bool:
    """Whether Kafka may have forgotten at ``now`` (ms) what was deleted since a store caught up.

    It keeps a tombstone for ``tombstones_ms`` at least. Half of them is for the store's rest; the
    other half is left for the reading, and for clocks that were wrong. So it is too long as well
    where the store is as far from the future, or does not know the time.
    """
    return store.changelog_offset > 0 and abs(now - store.caught_up_at) > tombstones_ms // 2


def _begin_anew(tp: TopicPartition, store: Store, end: int) -> None:
    log.warning(
        "the store rested so long that Kafka may have forgotten what was deleted meanwhile: "
        "it is emptied, and read anew from the changelog",
        partition=tp.partition,
        caught_up_at=store.caught_up_at,
        offsets=end,
    )
    store.clear()


async def stop_reader(consumer: Any) -> None:
    """Stop a consumer that commits nothing, without waiting long for the broker's farewell."""
    with suppress(TimeoutError):
        await asyncio.wait_for(consumer.stop(), STOP_WITHIN_S)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """What is restored lives on and holds no cycles; looking for them takes a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


async def _read(
    consumer: Any,
    stores: Mapping[TopicPartition, Store],
    ends: Mapping[TopicPartition, int],
    began: int,
    learn: Learn,
    progress: Progress | None,
) -> None:
    behind = set(stores)
    # Who reads from the beginning has all that was there when it began, as long as it ends in time;
    # who reads on lacks what came since it last had all, until it has all again.
    since = {
        tp: store.caught_up_at if store.changelog_offset else began for tp, store in stores.items()
    }
    while True:
        for tp in list(behind):
            position = await consumer.position(tp)
            if progress is not None:
                progress(tp.partition, position, ends[tp])
            if position >= ends[tp]:
                stores[tp].write({}, position, began)
                behind.discard(tp)
        if not behind:
            return
        for tp, records in (await consumer.getmany(*behind, timeout_ms=POLL_MS)).items():
            changes = {r.key: r.value for r in records}
            stores[tp].write(changes, records[-1].offset + 1, since[tp])
            learn(tp.partition, changes)
