"""Follows the control topics and hands on what is in force, compiled off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.journal import InForce, Journal, Revision
from streams.logs import get_logger
from streams.restore import stop_reader

log = get_logger(__name__)

POLL_MS = 500
FETCH_WAIT_MS = 200
MAX_FETCH = 16 << 20
REACH_WITHIN_S = 10.0
"""So long a partition waits for what its last owner had read; then the topic was made anew."""


class Follower:
    """Reads the control topics to their end, then on. ``adopt`` is told what is in force."""

    def __init__(
        self, kafka: Mapping[str, Any], journal: Journal, adopt: Callable[[InForce], None]
    ) -> None:
        self._kafka = kafka
        self._journal = journal
        self._adopt = adopt
        self._changed = asyncio.Condition()
        self._in_force: InForce | None = None

    async def reach(self, revision: Revision) -> None:
        """Wait until what is in force is at least as new as ``revision``.

        A partition never goes back to an older control than it was processed under.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._in_force is not None)
            try:
                async with asyncio.timeout(REACH_WITHIN_S):
                    await self._changed.wait_for(lambda: self._covers(revision))
            except TimeoutError:
                log.error(
                    "the control topics hold less than the partition was processed under",
                    partition_had=dict(revision),
                    remedy="were they deleted? publish again what is to be in force",
                )

    def _covers(self, revision: Revision) -> bool:
        has = self._in_force.revision if self._in_force else {}
        return all(has.get(topic, 0) >= offset for topic, offset in revision.items())

    async def run(self) -> None:
        """Follow for ever. To begin anew after an error takes another journal and follower.

        Raises ``KafkaError``, `RegistryUnavailable`.
        """
        tps = [TopicPartition(topic, 0) for topic in self._journal.topics]
        consumer: Any = AIOKafkaConsumer(
            **self._kafka,
            group_id=None,
            isolation_level="read_committed",
            enable_auto_commit=False,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=MAX_FETCH,
        )
        try:
            await consumer.start()
            consumer.assign(tps)
            await consumer.seek_to_beginning(*tps)
            ends = await consumer.end_offsets(tps)
            while True:
                fetched = await consumer.getmany(timeout_ms=POLL_MS if self._in_force else 50)
                if fetched:  # the schema registry may be asked, and may not answer for seconds
                    await asyncio.to_thread(self._take, fetched)
                if self._in_force is None:
                    positions = [await consumer.position(tp) for tp in tps]
                    if any(p < ends[tp] for p, tp in zip(positions, tps, strict=True)):
                        continue
                elif not fetched:
                    continue
                await self._renew()
        finally:
            await stop_reader(consumer)

    def _take(self, fetched: Mapping[TopicPartition, list[Any]]) -> None:
        for tp, records in fetched.items():
            for record in records:
                self._journal.take(tp.topic, record.offset, record.value, record.key)

    async def _renew(self) -> None:
        in_force = await asyncio.to_thread(self._journal.in_force)
        async with self._changed:
            self._in_force = in_force
            self._adopt(in_force)
            self._changed.notify_all()
