"""The last records of inputs, outputs and changelog: in the right partition, and readable."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from processors.accounts import decode as decode_account
from schemas.codec import Codec
from schemas.compatibility import breaks
from schemas.errors import DeadLetterReason, DecodeError, RegistryUnavailable
from schemas.source import AVRO, load
from streams.clients import create_admin, topic_partitions
from streams.codecs import open_codec
from streams.doctor.finding import Finding, found, listed
from streams.doctor.tail import last_records
from streams.errors import WorkerError
from streams.partitioning import partition_of_key
from streams.reserved import RESERVED
from streams.settings import Settings
from streams.topics import (
    Topic,
    changelog_topic,
    consumed_topics,
    control_topics,
    input_topics,
    is_mock,
    output_topics,
    real_name,
)

EACH = 100
"""Records of each partition that are looked at."""


def sample(settings: Settings) -> Iterator[Finding]:
    """Look at the last records of everything that carries records of ours."""
    if is_mock(create_admin(settings)):
        return
    look = _Look(settings)
    try:
        for message in last_records(settings, look.topics, EACH):
            look.take(message)
    except WorkerError as error:
        yield Finding("records", False, str(error), "look at the brokers' logs")
        return
    except RegistryUnavailable:
        return  # told by the check on the registry
    yield from look.findings()


class _Look:
    """What the last records show."""

    def __init__(self, settings: Settings) -> None:
        used = (*consumed_topics(), *output_topics(), *control_topics())
        self._named: dict[str, Topic] = {real_name(settings, t.name): t for t in used}
        self._inputs = {real_name(settings, t.name) for t in input_topics()}
        self._changelog = changelog_topic(settings)
        self._partitions = topic_partitions(create_admin(settings))
        self._codec: Codec = open_codec(settings)
        self._places: dict[tuple[str, bytes], set[int]] = defaultdict(set)
        self._astray: Counter[str] = Counter()
        self._unread: dict[str, str] = {}
        self._unknown: dict[str, str] = {}
        self._states: dict[str, str] = {}
        self.seen = 0

    @property
    def topics(self) -> list[str]:
        """Real names of what is looked at."""
        return [*self._named, self._changelog]

    def take(self, message: Any) -> None:
        """Take up a record."""
        self.seen += 1
        topic, key, value = message.topic(), message.key(), message.value()
        where = f"{topic}[{message.partition()}] at {message.offset()}"
        if topic == self._changelog:
            self._take_state(where, bytes(key or b""), value)
            return
        if topic in self._inputs and key:
            key = bytes(key)
            self._places[topic, key].add(message.partition())
            if partition_of_key(key, self._partitions[topic]) != message.partition():
                self._astray[topic] += 1
        try:
            self._codec.decode(self._named[topic].record, bytes(value or b""))
        except DecodeError as error:
            told = f"{where}: {error.detail}"
            if error.reason is DeadLetterReason.UNKNOWN_SCHEMA or topic not in self._inputs:
                self._unread.setdefault(topic, told)
            elif error.reason is DeadLetterReason.UNKNOWN_ENUM:
                self._unknown.setdefault(topic, told)

    def _take_state(self, where: str, key: bytes, value: bytes | None) -> None:
        if value is None or key.startswith(RESERVED):
            return
        try:
            decode_account(value)
        except (msgspec.DecodeError, ValueError) as error:
            self._states.setdefault(where.partition(" ")[0], f"{where}: {error}")

    def findings(self) -> Iterator[Finding]:
        """What came of it."""
        twice = Counter(topic for (topic, _), places in self._places.items() if len(places) > 1)
        yield found(
            "partitioner",
            [f"{n} accounts of {topic} are in two partitions" for topic, n in twice.items()]
            + [
                f"{n} records of {topic} are not where murmur2 puts their key"
                for topic, n in self._astray.items()
            ],
            "keys lie where murmur2 puts them",
            "an account's inputs must meet in one partition: set `partitioner=murmur2_random` in "
            "clients on librdkafka (their own is crc32), keep the default of Java clients, and let "
            "no producer choose partitions. What lies apart already stays so: such an account has "
            "a state in each of its partitions",
        )
        yield found(
            "schemas",
            list(self._unread.values()),
            f"{self.seen} records looked at, all can be read",
            "upgrade this version before the producers, or release the writer's schema "
            "(schemas/released) or its registry; what came meanwhile is in the dead letters",
        )
        if self._unknown:
            yield Finding(
                "values",
                True,
                listed(list(self._unknown.values())),
                "such records are dead letters, see `zhengming dead-letters list --reason "
                "unknown_enum`: mend the producer, or upgrade this version where the producer is "
                "the newer one, and requeue them",
            )
        yield found(
            "states",
            list(self._states.values()),
            "can be read",
            "a newer version has written them: start that version again; an older one cannot take "
            "over its states",
        )


def registered(settings: Settings) -> Iterator[Finding]:
    """What is registered for our topics, and what we write, can read each other."""
    if settings.schema_registry_url is None:
        return
    from schemas.registry import Registry

    registry = Registry(settings.schema_registry_url, str)
    ours = load(AVRO)
    faults, dropped = [], []
    try:
        for topic in (*input_topics(), *output_topics()):
            subject = real_name(settings, topic.name) + "-value"
            text = registry.latest(subject)
            if text is None:
                continue
            reader, writer = ours[topic.record.__name__], json.loads(text)
            problems = breaks(reader, writer)
            if problems:
                faults.append(f"{subject}: {problems[0]}")
                continue
            known = {field["name"] for field in reader["fields"]}
            strange = [name for f in writer["fields"] if (name := f["name"]) not in known]
            if strange:
                dropped.append(f"{subject}: {', '.join(strange)}")
    except RegistryUnavailable:
        return  # told by the check on the registry
    yield found(
        "registered schemas",
        faults,
        "can be read",
        "somebody has registered another schema for the topic: register ours (schemas/avro), set "
        "the subject's compatibility to BACKWARD, or give the topics a prefix of their own",
    )
    if dropped:
        yield Finding(
            "fields left out",
            True,
            listed(dropped),
            "no field of ours is called so, and nothing in it is verified: mend the name where one "
            "of ours is meant (docs/topics.md), or upgrade this version where it is of a newer one",
        )
