"""The ground all contenders stand on: one broker, topics of their own, the same bytes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

import psutil  # type: ignore[import-untyped]  # ships no types
from confluent_kafka import KafkaException
from rich.console import Console

from benchmarks.traffic import Event
from streams.clients import create_admin, create_producer, group_offsets, topic_partitions
from streams.sandbox import ApacheKafka, Kafka
from streams.settings import Settings, load_settings
from streams.topics import Topic, create_topics, real_name

PARTITIONS = 4
DELIVERED_WITHIN_S = 120.0

console = Console(stderr=True, highlight=False)


class Failed(Exception):
    """A measurement could not be made, or its result does not hold."""


class Ground:
    """The broker of this run. ``directory`` takes logs and local state."""

    def __init__(self, kafka: Kafka, directory: Path) -> None:
        self.kafka = kafka
        self.directory = directory
        self._made = 0

    def broker_cpu(self) -> float:
        """CPU seconds of the broker so far; 0 where it is not ours to see."""
        if not isinstance(self.kafka, ApacheKafka) or self.kafka.broker.pid is None:
            return 0.0
        return cpu_of(self.kafka.broker.pid)

    def prepare(self, name: str, partitions: int = PARTITIONS) -> Settings:
        """Settings under a name of their own, with all topics made."""
        self._made += 1
        app_id = f"bench-{self._made}-{name}"
        settings = load_settings(
            kafka=self.kafka.bootstrap,
            app_id=app_id,
            topic_prefix=f"{app_id}.",
            partitions=partitions,
            data_dir=self.directory / app_id,
        )
        settings.data_dir.mkdir(parents=True)
        create_topics(settings)
        return settings

    def clear(self, settings: Settings) -> None:
        """Delete every topic of these settings, a peer's own included."""
        admin = create_admin(settings)
        own = [name for name in topic_partitions(admin) if settings.app_id in name]
        for done in admin.delete_topics(own).values():
            done.result()


def publish(settings: Settings, backlog: Iterable[Event]) -> int:
    """Publish events as fast as Kafka takes them; returns how many. Raises `Failed`."""
    with Backlog(settings) as publisher:
        return publisher.send(backlog)


class Backlog:
    """Publishes events. ``held``: in one Kafka transaction, so that all show at `release`.

    A process that is warm and idle then finds the whole backlog at one moment.
    """

    def __init__(self, settings: Settings, *, held: bool = False) -> None:
        options: dict[str, Any] = {"linger_ms": 50, "queue_buffering_max_messages": 500_000}
        if held:
            options["transactional_id"] = f"{settings.app_id}-backlog"
        self._settings = settings
        self._producer = create_producer(settings, **options)
        self._errors: Counter[str] = Counter()
        self._held = held
        if held:
            self._producer.init_transactions(DELIVERED_WITHIN_S)
            self._producer.begin_transaction()

    def send(self, events: Iterable[Event]) -> int:
        """Send events and wait until Kafka has them; returns how many. Raises `Failed`."""
        count = 0
        for event in events:
            self._produce(real_name(self._settings, event.topic), event)
            count += 1
            if count % 1_000 == 0:
                self._producer.poll(0)
        if left := self._producer.flush(DELIVERED_WITHIN_S):
            self._errors["no answer"] += left
        if self._errors:
            raise Failed(f"Kafka did not take the backlog: {dict(self._errors)}")
        return count

    def release(self) -> None:
        """Let everybody see what was held."""
        self._producer.commit_transaction(DELIVERED_WITHIN_S)
        self._held = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._held:
            self._producer.abort_transaction(DELIVERED_WITHIN_S)

    def _produce(self, topic: str, event: Event) -> None:
        while True:
            try:
                self._producer.produce(topic, event.value, event.key, on_delivery=self._delivered)
                return
            except BufferError:
                self._producer.poll(0.1)

    def _delivered(self, error: object, _message: object) -> None:
        if error is not None:
            self._errors[str(error)] += 1


def group_progress(settings: Settings, group: str, topics: Iterable[Topic]) -> int:
    """Records of these topics that a consumer group has committed.

    Offsets count: a held backlog's control record comes after the last of its records.
    """
    names = [real_name(settings, topic.name) for topic in topics]
    asked = [(name, partition) for name in names for partition in range(settings.partitions)]
    try:
        offsets = group_offsets(settings, group, asked, 5.0)
    except KafkaException:
        return 0  # the first one finds the coordinator still loading
    return sum(offset for offset in offsets.values() if offset > 0)


def cpu_of(*pids: int) -> float:
    """CPU seconds of whole processes so far, user and system."""
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return float(sum(t.user + t.system for t in times))


def wait_until(what: str, within_s: float, ready: Callable[[], bool]) -> None:
    """Ask until the answer is yes. Raises `Failed` when that takes too long."""
    deadline = time.monotonic() + within_s
    while not ready():
        if time.monotonic() > deadline:
            raise Failed(f"{what} did not happen within {within_s:g} s")
        time.sleep(0.05)
