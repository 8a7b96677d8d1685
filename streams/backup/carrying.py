"""Carries inputs over that came to the old topics after the backup was made.

Each goes once: with the records the positions in the old topics become visible, as those of the
group ``<new application>-carry``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import TopicPartition

from streams.backup.files import Manifest
from streams.backup.idle import require_idle
from streams.clients import create_admin, create_consumer, read_all, settled_offsets
from streams.errors import ConfigurationError
from streams.partitioning import partition_of_key
from streams.publishing import TransactionalPublisher
from streams.settings import Settings
from streams.topics import input_topics, real_name

CARRIED_HEADER = "zhengming-carried"
"""Header of a record that was carried over: ``partition:offset`` where it was before."""
AT_ONCE = 2_000
ANSWER_S = 10.0
KEPT_MS = 6 * 86_400_000
"""Kafka forgets the positions of a group without members after seven days."""


def left_behind(source: Settings, target: Settings, manifest: Manifest) -> dict[str, int]:
    """Inputs in the old topics that are neither in the backup nor carried over, by logical name."""
    found: dict[str, int] = {}
    names = {real_name(source, topic.name): topic.name for topic in input_topics()}
    ends = settled_offsets(create_admin(source), list(names), strict=True)
    for (name, partition), position in _positions(source, target, manifest).items():
        if (left := ends[name, partition] - position) > 0:
            found[names[name]] = found.get(names[name], 0) + left
    return found


def carry(
    source: Settings,
    target: Settings,
    manifest: Manifest,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Carry what is left in the old topics to the new ones; returns how many records.

    Their event time is that of the carrying. Raises `ConfigurationError` where workers of the old
    application run, or the backup is too old; `BrokerUnreachable`.
    """
    require_idle(source)
    if time.time_ns() // 1_000_000 - manifest.created_at > KEPT_MS:
        raise ConfigurationError(
            "the backup is older than six days: Kafka may have forgotten what was carried over. "
            "Send what is still missing yourself"
        )
    names = {real_name(source, t.name): real_name(target, t.name) for t in input_topics()}
    # First the publisher: once any other is fenced off, what it carried over is settled.
    publisher = TransactionalPublisher(target, "carry")
    positions = _positions(source, target, manifest)
    group: Any = create_consumer(source, f"{target.app_id}-carry")
    waiting, count = 0, 0
    publisher.begin()
    for message in read_all(source, list(names), start=positions, progress=progress):
        topic, partition = str(message.topic()), int(message.partition() or 0)
        offset = int(message.offset() or 0)
        key: Any = message.key()
        place = (
            partition % target.partitions
            if key is None
            else partition_of_key(key, target.partitions)
        )
        headers: Any = [*(message.headers() or ()), (CARRIED_HEADER, f"{partition}:{offset}")]
        publisher.send(names[topic], key, message.value(), partition=place, headers=headers)
        positions[topic, partition] = offset + 1
        waiting, count = waiting + 1, count + 1
        if waiting >= AT_ONCE:
            _commit(publisher, group, positions)
            publisher.begin()
            waiting = 0
    _commit(publisher, group, positions)
    group.close()
    return count


def _commit(
    publisher: TransactionalPublisher, group: Any, positions: dict[tuple[str, int], int]
) -> None:
    publisher.reached(group, [TopicPartition(*tp, offset) for tp, offset in positions.items()])
    publisher.commit()


def _positions(
    source: Settings, target: Settings, manifest: Manifest
) -> dict[tuple[str, int], int]:
    """How far the old topics are in the backup, or carried over."""
    begin = {
        (real_name(source, topic), partition): end
        for topic, ends in manifest.ends.items()
        if any(topic == known.name for known in input_topics())
        for partition, end in enumerate(ends)
    }
    group: Any = create_consumer(source, f"{target.app_id}-carry")
    try:
        reached = group.committed([TopicPartition(*tp) for tp in begin], ANSWER_S)
    finally:
        group.close()
    return {(p.topic, p.partition): max(begin[p.topic, p.partition], p.offset) for p in reached}
