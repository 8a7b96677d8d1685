"""Bulk restore of partition states from the changelog.

The end is the last stable offset, and whether it is reached is judged by the reader's position,
never by record offsets: control records and aborted transactions leave no records.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.errors import RESTORE_A_BACKUP, TaskCorrupted
from streams.store import Store

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
    check_crcs: bool = True,
) -> None:
    """Bring the stores of some partitions up to the last stable offset of the changelog.

    ``learn(partition, changes)`` is told each chunk after it is in the store;
    ``progress(partition, position, end)`` in offsets. Raises `TaskCorrupted`, and changes nothing,
    where the changelog cannot bring a store up: it ends before what the store has of it, or its
    first records were deleted. Its accounts would be taken for new ones, and their inputs for
    unread.
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
        beginnings = await consumer.beginning_offsets(list(stores_by_tp))
        ends = await consumer.end_offsets(list(stores_by_tp))  # stable: the reader is committed
        for tp, store in stores_by_tp.items():
            _require_whole(tp, store.changelog_offset, beginnings[tp], ends[tp])
            consumer.seek(tp, store.changelog_offset)
        with _collector_paused():
            await _read(consumer, stores_by_tp, ends, learn, progress)
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
    learn: Learn,
    progress: Progress | None,
) -> None:
    behind = set(stores)
    while True:
        for tp in list(behind):
            position = await consumer.position(tp)
            if progress is not None:
                progress(tp.partition, position, ends[tp])
            if position >= ends[tp]:
                stores[tp].write({}, position)
                behind.discard(tp)
        if not behind:
            return
        for tp, records in (await consumer.getmany(*behind, timeout_ms=POLL_MS)).items():
            changes = {r.key: r.value for r in records}
            stores[tp].write(changes, records[-1].offset + 1)
            learn(tp.partition, changes)
