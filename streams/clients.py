"""Plain Kafka clients with this project's defaults, for everything beside the partition tasks.

Producers are idempotent and wait for all replicas; consumers see committed records only and never
commit by themselves. Both put a key on the same partition as Kafka's Java clients do.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from streams.errors import BrokerUnreachable, ConfigurationError
from streams.settings import Settings

Offsets = Mapping[tuple[str, int], int]
"""The next offset per topic and partition."""

READ_AT_ONCE = 1_000
COLLECT_S = 0.05
"""A call waits so long for a full batch, also at the end."""
METADATA_WITHIN_S = 10.0
SETTLED_WITHIN_S = 15.0
"""Longer than a broker takes over the markers of a commit, and than our workers' time-out."""
RETRY_S = 0.2
FIRST = 0
"""Where a topic begins: where records were deleted the broker says so, and the first one that is
left is read. For the name of the beginning librdkafka waits half a second before it asks."""

FETCH_WAIT_MS = 100
"""A fetch is answered at once where there is anything to read, and after so long where there is
not: one that reads on and on should not keep a broker busy with asking."""
END_WITHIN_MS = 10
"""The same for one that waits to hear that it is at an end, which an empty answer says."""

_SOON = (
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
)

_log = logging.getLogger("librdkafka")


def create_producer(settings: Settings, **overrides: Any) -> Producer:
    """Make a producer. An override names a property with ``_`` for ``.``: ``linger_ms=50``."""
    defaults = {
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": "murmur2_random",
        "linger.ms": 5,
        "compression.type": "lz4",
        "batch.size": settings.max_batch_bytes,
        "message.max.bytes": settings.max_batch_bytes,
    }
    return Producer(_config(settings, defaults, overrides), logger=_log)


def create_consumer(settings: Settings, group: str | None = None, **overrides: Any) -> Consumer:
    """Make a consumer of committed records that starts at the beginning and does not commit.

    ``group`` defaults to ``<app_id>-reader``, which is never joined unless `subscribe` is called.
    """
    defaults = {
        "group.id": group or f"{settings.app_id}-reader",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "allow.auto.create.topics": False,
        "fetch.wait.max.ms": FETCH_WAIT_MS,
    }
    return Consumer(_config(settings, defaults, overrides), logger=_log)


class Admin(AdminClient):
    """A client for topics, configurations and offsets that knows why it was not let in."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._refusals = refusals = list[str]()

        def hear(error: KafkaError) -> None:  # holds no reference to the client: a cycle is fatal
            if error.code() in _REFUSED:
                refusals.append(error.str())

        hearing: dict[str, Any] = {**config, "error_cb": hear}
        super().__init__(hearing, logger=_log)

    def refusal(self) -> str:
        """What a broker, or TLS, said when it refused us; empty where none did."""
        self.poll(0)
        return self._refusals[-1] if self._refusals else ""


_REFUSED = (KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError.SASL_AUTHENTICATION_FAILED)


def create_admin(settings: Settings, **overrides: Any) -> Admin:
    """Make a client for topics, configurations and offsets."""
    return Admin(_config(settings, {}, overrides))


def topic_partitions(admin: AdminClient, within_s: float = METADATA_WITHIN_S) -> dict[str, int]:
    """Count the partitions of every topic. Raises `BrokerUnreachable`.

    Asked twice within the time: a machine that stood still for all of one has heard nothing.
    """
    try:
        try:
            topics = admin.list_topics(timeout=within_s / 2).topics
        except KafkaException:
            topics = admin.list_topics(timeout=within_s / 2).topics
    except KafkaException as error:
        refusal = admin.refusal() if isinstance(admin, Admin) else ""
        why = (
            f"does not let us in: {refusal}"
            if refusal
            else f"does not answer: {error.args[0].str()}"
        )
        raise BrokerUnreachable(f"Kafka {why}") from error
    return {name: len(topic.partitions) for name, topic in topics.items()}


def group_members(admin: AdminClient, group: str) -> int:
    """Count the members of a consumer group. Raises ``KafkaException``."""
    deadline = time.monotonic() + METADATA_WITHIN_S
    while True:
        asked = admin.describe_consumer_groups([group], request_timeout=METADATA_WITHIN_S)
        try:
            return len(asked[group].result(METADATA_WITHIN_S).members)
        except KafkaException as error:
            # A coordinator that has just come to be is still reading what it knows of groups.
            if error.args[0].code() not in _SOON or time.monotonic() > deadline:
                raise
            time.sleep(RETRY_S)


def end_offsets(
    admin: AdminClient, topics: Sequence[str], within_s: float = METADATA_WITHIN_S
) -> dict[tuple[str, int], int]:
    """Find the last stable offset of each partition: what a read of committed records ends at.

    Raises `ConfigurationError` for a topic that is not there, `BrokerUnreachable` without answer.
    """
    return _list_offsets(admin, topics, within_s, IsolationLevel.READ_COMMITTED)


def first_offsets(
    admin: AdminClient, topics: Sequence[str], within_s: float = METADATA_WITHIN_S
) -> dict[tuple[str, int], int]:
    """Find where each partition begins: 0 until records are deleted. Raises as `end_offsets`."""
    spec = OffsetSpec.earliest()
    return _list_offsets(admin, topics, within_s, IsolationLevel.READ_COMMITTED, spec)


def settled_offsets(
    admin: AdminClient,
    topics: Sequence[str],
    *,
    strict: bool = False,
    within_s: float = METADATA_WITHIN_S,
) -> dict[tuple[str, int], int]:
    """Find the ends of a read of what is committed by now. Raises as `end_offsets` does.

    A broker answers a commit before every partition has its marker, so that what was committed a
    moment ago may still lie behind the last stable offset: transactions that are not over are
    waited for. Behind one that stays open for `SETTLED_WITHIN_S` nothing can be read: a worker that
    was killed leaves one until the broker's time-out. Then the ends are those before it, or with
    ``strict`` `BrokerUnreachable` is raised.
    """
    deadline = time.monotonic() + SETTLED_WITHIN_S
    written = _list_offsets(admin, topics, within_s, IsolationLevel.READ_UNCOMMITTED)
    while True:
        ends = end_offsets(admin, topics, within_s)
        open_at = sorted(tp for tp, end in written.items() if ends[tp] < end)
        if not open_at or (time.monotonic() > deadline and not strict):
            return ends
        if time.monotonic() > deadline:
            raise BrokerUnreachable(
                f"a transaction is open for more than {SETTLED_WITHIN_S:g} s in "
                + ", ".join(f"{topic}[{partition}]" for topic, partition in open_at)
                + ": try again when its producer has ended it, or the broker after its time-out"
            )
        time.sleep(RETRY_S)


def _list_offsets(
    admin: AdminClient,
    topics: Sequence[str],
    within_s: float,
    isolation: IsolationLevel,
    spec: OffsetSpec | None = None,
) -> dict[tuple[str, int], int]:
    counts = topic_partitions(admin, within_s)
    if missing := [topic for topic in topics if topic not in counts]:
        raise ConfigurationError(
            f"no such topic: {', '.join(missing)}; `zhengming topics list` shows what is there"
        )
    asked = {
        TopicPartition(topic, partition): spec or OffsetSpec.latest()
        for topic in topics
        for partition in range(counts[topic])
    }
    if not asked:
        return {}
    deadline, again = time.monotonic() + within_s, True  # as above, at least twice
    while True:
        answers = admin.list_offsets(asked, isolation_level=isolation, request_timeout=within_s / 2)
        try:
            return {(tp.topic, tp.partition): f.result().offset for tp, f in answers.items()}
        except KafkaException as error:
            # A topic just created may still be without a leader where it is asked for.
            if time.monotonic() > deadline and not again:
                raise BrokerUnreachable(f"no offsets from Kafka: {error.args[0].str()}") from error
            again = False
            time.sleep(RETRY_S)
            topic_partitions(admin, within_s)  # who leads by now


def group_offsets(
    settings: Settings, group: str, asked: Iterable[tuple[str, int]], within_s: float
) -> dict[tuple[str, int], int]:
    """The offsets that a group has committed; negative where there is none.

    Asked by a consumer that does not join: the admin client of librdkafka 2.16 ends the process
    where the broker it asks is not, or no longer, the coordinator of the group. Raises
    ``KafkaException``.
    """
    consumer, deadline = create_consumer(settings, group), time.monotonic() + within_s
    partitions = [TopicPartition(*tp) for tp in asked]
    try:
        while True:
            try:
                told = consumer.committed(partitions, within_s)
                break
            except KafkaException as error:  # a coordinator that has just come to be, or moved
                if error.args[0].code() not in _SOON or time.monotonic() > deadline:
                    raise
            time.sleep(RETRY_S)
    finally:
        consumer.close()
    return {(str(p.topic), int(p.partition)): int(p.offset) for p in told}


def read_all(
    settings: Settings,
    topics: Sequence[str],
    *,
    start: Offsets | None = None,
    idle_s: float = 30.0,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Message]:
    """Yield every committed record of topics (real names) up to where they end now.

    What is being committed now is waited for, as by `settled_offsets`. Records of one partition
    come in order; partitions are mixed. ``start`` sets the first offset of a partition, else its
    beginning. ``progress`` is told offsets passed and offsets in all. Raises `BrokerUnreachable`
    after ``idle_s`` seconds without an answer, `ConfigurationError` for a topic that is not there.
    """
    ends = settled_offsets(create_admin(settings), topics, within_s=idle_s)
    yield from read_until(settings, ends, start=start, idle_s=idle_s, progress=progress)


def read_until(
    settings: Settings,
    ends: Offsets,
    *,
    start: Offsets | None = None,
    idle_s: float = 30.0,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Message]:
    """Yield every committed record of partitions up to these offsets, as `read_all` does."""
    begin = start or {}
    left = {tp: end for tp, end in ends.items() if begin.get(tp, FIRST) < end}
    if not left:
        return
    total = sum(left.values())
    consumer = create_consumer(settings, enable_partition_eof=True, fetch_wait_max_ms=END_WITHIN_MS)
    try:
        consumer.assign([TopicPartition(*tp, begin.get(tp, FIRST)) for tp in left])
        heard = time.monotonic()
        while left:
            messages = consumer.consume(READ_AT_ONCE, timeout=COLLECT_S)
            if messages:
                heard = time.monotonic()
            elif time.monotonic() - heard > idle_s:
                raise BrokerUnreachable(
                    f"Kafka sent nothing for {idle_s:g} s; still unread: "
                    + ", ".join(f"{topic}[{partition}]" for topic, partition in sorted(left))
                )
            for message in messages:
                tp = (str(message.topic()), int(message.partition() or 0))
                end, offset = left.get(tp), int(message.offset() or 0)
                if end is None:
                    continue
                over = _is_end(message) or offset >= end
                if not over:
                    yield message
                if over or offset == end - 1:
                    _finish(consumer, left, tp)
            if progress is not None:
                _report(consumer, ends, left, total, progress)
    finally:
        consumer.close()


def unread_messages(consumer: Consumer) -> int:
    """How many offsets of its partitions a consumer has not read yet, as far as it knows."""
    unread = 0
    for place in consumer.position(consumer.assignment()):
        _, high = consumer.get_watermark_offsets(place, cached=True)
        if place.offset >= 0:
            unread += max(0, high - place.offset)
    return unread


def _is_end(message: Message) -> bool:
    """Tell whether this marks the end of a partition; raises on any other error."""
    error = message.error()
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:
        return True
    raise BrokerUnreachable(f"cannot read {message.topic()}: {error.str()}")


def _finish(consumer: Consumer, left: dict[tuple[str, int], int], tp: tuple[str, int]) -> None:
    del left[tp]
    consumer.incremental_unassign([TopicPartition(*tp)])


def _report(
    consumer: Consumer,
    ends: Offsets,
    left: Offsets,
    total: int,
    progress: Callable[[int, int], None],
) -> None:
    positions = consumer.position([TopicPartition(*tp) for tp in left]) if left else []
    unread = sum(ends[p.topic, p.partition] - max(p.offset, 0) for p in positions)
    progress(total - unread, total)


def _config(
    settings: Settings, defaults: Mapping[str, Any], overrides: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "reconnect.backoff.max.ms": 1_000,
        **settings.confluent_config(),
        **defaults,
        **{name.replace("_", "."): value for name, value in overrides.items()},
    }
