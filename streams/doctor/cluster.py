"""Kafka itself and the topics: there, equal in their partitions, kept as they must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from confluent_kafka import KafkaException

from streams.access import Part, topics_of
from streams.clients import create_admin, topic_partitions
from streams.doctor.finding import Finding, found
from streams.errors import BrokerUnreachable, WorkerError
from streams.settings import Settings
from streams.topics import (
    CHANGELOG,
    TOMBSTONES,
    TopicState,
    describe_topics,
    input_topics,
    used_topics,
)

ANSWER_S = 3.0
NEEDED = frozenset({"Kafka", "topics"})
"""Without these no other look at Kafka says anything."""

EVENT_TIME = "event time"
COPIES = 3
"""Copies from which on two must have a record before it counts as written."""


def cluster(settings: Settings, part: Part) -> Iterator[Finding]:
    """Kafka answers; the topics are there and are what this version takes them for."""
    try:
        there = topic_partitions(create_admin(settings), ANSWER_S)
    except WorkerError as error:
        cure = "start Kafka, or set ZHENGMING_KAFKA and the security settings to the right one"
        yield Finding("Kafka", False, str(error), cure, settings.kafka)
        return
    yield Finding("Kafka", True, f"{settings.kafka}, {len(there)} topics")
    try:
        states = describe_topics(settings)
    except WorkerError as error:
        yield Finding("topics", False, str(error), "allow DESCRIBE_CONFIGS on them")
        return
    wanted = set(topics_of(settings, part) if settings.has_users else used_topics(settings))
    missing = [s.name for s in states if not s.partitions and s.name in wanted]
    create = "run `zhengming topics create`; one that is there, but may not be seen, needs DESCRIBE"
    yield found("topics", [f"missing: {', '.join(missing)}"] if missing else [], "all", create)
    made = [s for s in states if s.partitions]
    for what, look in _LOOKS.items():
        asked = [s for s in made if what != EVENT_TIME or s.topic in input_topics()]
        if asked:
            yield look(settings, asked)
        else:
            yield Finding(what, True, "not asked: none of these topics is there", create)


def _equal(settings: Settings, states: list[TopicState]) -> Finding:
    uneven = [
        f"{s.name} has {s.partitions}"
        for s in states
        if s.partitions != settings.partitions and not s.topic.partitions
    ]
    return found(
        "partitions",
        uneven,
        f"{settings.partitions} each",
        "inputs, outputs and changelog need equal counts, and a topic that was enlarged has "
        "parted accounts from their states: set ZHENGMING_PARTITIONS to the count of the "
        "changelog, and move to new topics with `zhengming migrate` where others have more",
    )


def _kept(_: Settings, states: list[TopicState]) -> Finding:
    return found(
        "topic settings",
        [fault for state in states for fault in _kept_otherwise(state)],
        "kept as they must be",
        "`kafka-configs.sh --alter --entity-type topics --entity-name TOPIC --add-config ...` with "
        "the value that is named; what was deleted meanwhile comes back from a backup only",
    )


def _event_time(_: Settings, inputs: list[TopicState]) -> Finding:
    clocks = [s.name for s in inputs if any("timestamp" in d for d in s.differences)]
    return found(
        EVENT_TIME,
        [f"not LogAppendTime: {', '.join(clocks)}"] if clocks else [],
        "LogAppendTime",
        "producers' clocks drive deadlines: set message.timestamp.type=LogAppendTime",
    )


def _kept_otherwise(state: TopicState) -> Iterator[str]:
    """Settings by which records or states are lost. To keep more or longer is no fault."""
    wanted, has = state.topic.config, state.config
    policy = has.get("cleanup.policy", wanted["cleanup.policy"])
    if policy != wanted["cleanup.policy"]:
        lost = "states" if state.topic is CHANGELOG else "records"
        yield (
            f"{state.name}: cleanup.policy is {policy}, not {wanted['cleanup.policy']}: "
            f"{lost} would be deleted"
        )
    least = int(wanted.get("retention.ms", 0))
    kept = int(has.get("retention.ms", least))
    if "delete" in policy and kept >= 0 and (least < 0 or kept < least):
        yield f"{state.name}: retention.ms is {kept}, not {least} or more"
    least = int(wanted.get(TOMBSTONES, 0))
    if (kept := int(has.get(TOMBSTONES, least))) < least:
        yield (
            f"{state.name}: {TOMBSTONES} is {kept}, not {least} or more: a store on disk that "
            f"rested for more than half of it is read anew"
        )


def _copies(settings: Settings, states: list[TopicState]) -> Finding:
    """Copies of every partition: as many as wanted, in step, and two of them asked for."""
    try:
        topics: Any = create_admin(settings).list_topics(timeout=ANSWER_S).topics
    except KafkaException as error:
        raise BrokerUnreachable(str(error)) from error
    faults, single = [], True
    for state in states:
        parts = topics[state.name].partitions.values()
        copies = min(len(part.replicas) for part in parts)
        single &= copies == 1
        behind = sum(len(part.isrs) < len(part.replicas) for part in parts)
        headless = sum(part.leader < 0 for part in parts)
        if headless:
            faults.append(f"{state.name}: {headless} partitions have no leader")
        elif behind:
            faults.append(f"{state.name}: copies of {behind} partitions are behind")
        if copies < settings.replication_factor:
            faults.append(f"{state.name}: {copies} copies, not {settings.replication_factor}")
        asked = int(state.config.get("min.insync.replicas", 2))
        if copies >= COPIES and asked < 2:
            faults.append(f"{state.name}: min.insync.replicas is {asked}, not 2 or more")
    if faults:
        cure = (
            "bring back the brokers that are away; add copies with kafka-reassign-partitions.sh; "
            "set min.insync.replicas=2, or a record may be gone with the one broker that had it"
        )
        return found("copies", faults, "", cure)
    if single:
        cure = "for production set ZHENGMING_REPLICATION_FACTOR=3 before the topics are created"
        return Finding("copies", True, "one of each partition: lost with its broker", cure)
    return Finding("copies", True, "all in step")


_LOOKS: dict[str, Callable[[Settings, list[TopicState]], Finding]] = {
    "partitions": _equal,
    EVENT_TIME: _event_time,
    "topic settings": _kept,
    "copies": _copies,
}
"""What is looked at of the topics that are there; of the inputs alone for the event time."""
