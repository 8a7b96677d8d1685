"""Carries over what came to the old topics after the backup was made: inputs, packs, directives.

Each goes once: with the records the positions in the old topics become visible, as those of the
group ``<new application>-carry``. Packs go before directives, and both before inputs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import chain
from typing import Any

from confluent_kafka import TopicPartition
from msgspec.structs import replace

from schemas.errors import DecodeError
from schemas.records import PlatformDirective, PolicyPack
from streams.backup.files import Manifest
from streams.backup.idle import require_idle
from streams.clients import create_admin, create_consumer, read_all, settled_offsets
from streams.codecs import open_codec
from streams.errors import ConfigurationError
from streams.partitioning import partition_of_key
from streams.publishing import TransactionalPublisher
from streams.reserved import RESTORED_HEADER
from streams.settings import Settings
from streams.topics import Direction, Topic, control_topics, input_topics, real_name, topic_of

CARRIED_HEADER = "zhengming-carried"
"""Header of a record that was carried over: ``partition:offset`` where it was before."""
AT_ONCE = 2_000
ANSWER_S = 10.0
KEPT_MS = 6 * 86_400_000
"""Kafka forgets the positions of a group without members after seven days."""

_PACKS, _DIRECTIVES = topic_of(PolicyPack), topic_of(PlatformDirective)
_IN_ORDER = ((_PACKS,), (_DIRECTIVES,), input_topics())
CARRIED = tuple(chain.from_iterable(_IN_ORDER))
"""What is carried over: all that others than workers write."""


def left_behind(source: Settings, target: Settings, manifest: Manifest) -> dict[str, int]:
    """What is in the old topics and neither in the backup nor carried over, by logical name."""
    found: dict[str, int] = {}
    names = {real_name(source, topic.name): topic.name for topic in CARRIED}
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

    Event time of inputs is that of the carrying. Raises `ConfigurationError` where workers of the
    old application run, or the backup is too old; `BrokerUnreachable`.
    """
    require_idle(source)
    if time.time_ns() // 1_000_000 - manifest.created_at > KEPT_MS:
        raise ConfigurationError(
            "the backup is older than six days: Kafka may have forgotten what was carried over. "
            "Send what is still missing yourself"
        )
    topics = {real_name(source, topic.name): topic for topic in CARRIED}
    # First the publisher: once any other is fenced off, what it carried over is settled.
    publisher = TransactionalPublisher(target, "carry")
    positions = _positions(source, target, manifest)
    group: Any = create_consumer(source, f"{target.app_id}-carry")
    control = _Control(target)
    waiting, count = 0, 0
    publisher.begin()
    together = (
        [real_name(source, topic.name) for topic in some if topic.name in manifest.ends]
        for some in _IN_ORDER
    )
    for message in chain.from_iterable(
        read_all(source, names, start=positions, progress=progress) for names in together
    ):
        name, partition = str(message.topic()), int(message.partition() or 0)
        offset, topic = int(message.offset() or 0), topics[name]
        positions[name, partition] = offset + 1
        key: Any = message.key()
        value: Any = message.value()
        if topic.direction is Direction.CONTROL:
            if control.is_later(topic, key):
                continue
            value = control.fitted(topic, value)
        partitions = topic.partitions or target.partitions
        place = partition % partitions if key is None else partition_of_key(key, partitions)
        headers: Any = [*(message.headers() or ()), (CARRIED_HEADER, f"{partition}:{offset}")]
        publisher.send(real_name(target, topic.name), key, value, partition=place, headers=headers)
        waiting, count = waiting + 1, count + 1
        if waiting >= AT_ONCE:
            _commit(publisher, group, positions)
            publisher.begin()
            waiting = 0
    _commit(publisher, group, positions)
    group.close()
    return count


class _Control:
    """What the control topics of the new application hold already."""

    def __init__(self, target: Settings) -> None:
        self._codec = open_codec(target)
        self._packs = 0
        self._own: set[tuple[str, bytes]] = set()
        topics = {real_name(target, topic.name): topic for topic in control_topics()}
        for message in read_all(target, list(topics)):
            topic = topics[str(message.topic())]
            self._packs += topic is _PACKS
            if _is_own(message):
                self._own.add((topic.name, bytes(message.key() or b"")))

    def is_later(self, topic: Topic, key: bytes) -> bool:
        """Whether something was published there itself of this pack or directive: that stands."""
        return (topic.name, key) in self._own

    def fitted(self, topic: Topic, value: bytes | None) -> bytes | None:
        """The value of what is carried: a sweep waits for no more packs than there are."""
        if topic is _PACKS:
            self._packs += 1
            return value
        try:
            directive = self._codec.decode(PlatformDirective, value or b"")
        except DecodeError:
            return value
        if directive.packs_read <= self._packs:
            return value
        return self._codec.encode(replace(directive, packs_read=self._packs))


def _is_own(message: Any) -> bool:
    """Whether a record was neither restored nor carried over."""
    names = {name for name, _ in message.headers() or ()}
    return names.isdisjoint((RESTORED_HEADER, CARRIED_HEADER))


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
        if any(topic == known.name for known in CARRIED)
        for partition, end in enumerate(ends)
    }
    group: Any = create_consumer(source, f"{target.app_id}-carry")
    try:
        reached = group.committed([TopicPartition(*tp) for tp in begin], ANSWER_S)
    finally:
        group.close()
    return {(p.topic, p.partition): max(begin[p.topic, p.partition], p.offset) for p in reached}
