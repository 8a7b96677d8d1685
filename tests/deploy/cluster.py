"""The brokers of the compose file as plain processes, with loopback for its network."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.broker import java_command, prepare
from streams.children import Child, free_ports
from tests.deploy.documents import Service, compose
from tests.integration.link import Link
from tests.support import wait_until

START_S = 90.0
SHORT_LIVED = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1"}
"""What lives for a minute does not gain from the slower compiler."""
NOT_OF_THE_BROKER = ("KAFKA_HEAP_OPTS",)
"""Variables of the image's scripts; all others become properties, as they do there."""


class Network:
    """Addresses on loopback in the place of the names of the compose network."""

    _ADDRESS = re.compile(
        r"(?:(?<=//)|(?<![\w.-])(?P<host>[a-z][a-z0-9-]*)):(?P<port>\d+)(?=[,/]|$)"
    )

    def __init__(self) -> None:
        self._ports: dict[tuple[str, int], int] = {}

    def port(self, host: str, port: int) -> int:
        """The port on loopback that stands for a port of a host."""
        if (host, port) not in self._ports:
            self._ports[host, port] = free_ports(1)[0]
        return self._ports[host, port]

    def set(self, host: str, port: int, here: int) -> None:
        """Say what stands for a port of a host."""
        self._ports[host, port] = here

    def replace(self, text: str, own: str = "") -> str:
        """Replace all addresses in a text; ``own`` is the host that it is told to."""

        def here(match: re.Match[str]) -> str:
            host = match["host"] or own
            port = self.port(own if host == "localhost" else host, int(match["port"]))
            return f"127.0.0.1:{port}"

        return self._ADDRESS.sub(here, text)


class Node:
    """One broker, which is also a controller. ``link``: a listener, and the proxy before it."""

    def __init__(
        self,
        service: Service,
        network: Network,
        directory: Path,
        link: tuple[int, int] | None = None,
    ) -> None:
        self.id = int(service.environment["KAFKA_NODE_ID"])
        self._cluster_id = service.environment["CLUSTER_ID"]
        self._directory = directory
        self._properties = directory / "server.properties"
        self._child: Child | None = None
        directory.mkdir(parents=True)
        given = {
            name.removeprefix("KAFKA_").lower().replace("_", "."): network.replace(
                value, service.name
            )
            for name, value in service.environment.items()
            if name.startswith("KAFKA_") and name not in NOT_OF_THE_BROKER
        } | {"log.dirs": str(directory / "data")}
        if link is not None:
            listener, proxy = link
            given["listeners"] += f",LINK://127.0.0.1:{listener}"
            given["advertised.listeners"] += f",LINK://127.0.0.1:{proxy}"
            given["listener.security.protocol.map"] += ",LINK:PLAINTEXT"
        lines = [f"{name}={value}\n" for name, value in given.items()]
        self._properties.write_text("".join(lines), encoding="utf-8")

    def format(self) -> Child:
        """Prepare its directory, as the image does at its first start."""
        arguments = ["format", "-t", self._cluster_id, "-c", str(self._properties)]
        return self._java("kafka.tools.StorageTool", *arguments)

    def start(self) -> None:
        """Start it, where it does not run."""
        if self._child is None or not self._child.running:
            self._child = self._java("kafka.Kafka", str(self._properties))

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._child is not None:
            self._child.kill()

    def tail(self) -> str:
        """The end of its log."""
        return self._child.tail() if self._child is not None else ""

    def _java(self, main: str, *arguments: str) -> Child:
        command = java_command(prepare(), self._directory, main, *arguments)
        return Child(command, self._directory / "broker.log", SHORT_LIVED)


class Cluster:
    """All brokers. A context manager: leaving it kills them.

    With ``link`` they can be reached by that, too.
    """

    def __init__(
        self, services: list[Service], network: Network, directory: Path, link: Link | None = None
    ) -> None:
        ends = zip(link.listeners, link.proxies, strict=True) if link else repeat(None)
        nodes = [
            Node(s, network, directory / s.name, end)
            for s, end in zip(services, ends, strict=False)
        ]
        self.nodes = {node.id: node for node in nodes}
        self.link = link
        self.bootstrap = network.replace(",".join(f"{s.name}:9092" for s in services))
        self._admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def __enter__(self) -> Self:
        formatting = [node.format() for node in self.nodes.values()]
        assert [child.wait(START_S) for child in formatting] == [0] * len(formatting)
        for node in self.nodes.values():
            node.start()
        self._wait(lambda: self.serving() == set(self.nodes), "all brokers serve")
        if self.link is not None:
            self.link.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.link is not None:
            self.link.close()
        for node in self.nodes.values():
            node.kill()

    def serving(self) -> set[int]:
        """The brokers that the cluster knows of."""
        try:
            return set(self._admin.list_topics(timeout=2).brokers)
        except KafkaException:
            return set()

    def leader(self, topic: str, partition: int) -> int:
        """The broker that leads a partition."""
        metadata = self._admin.list_topics(topic, timeout=10)
        return int(metadata.topics[topic].partitions[partition].leader)

    def await_replicas(self) -> None:
        """Wait until every partition has all its replicas in sync."""
        self._wait(self.in_sync, "all replicas are in sync")

    def in_sync(self) -> bool:
        """Whether every partition has all its replicas in sync."""
        try:
            topics = self._admin.list_topics(timeout=5).topics.values()
        except KafkaException:
            return False
        partitions = [p for topic in topics for p in topic.partitions.values()]
        return all(set(p.isrs) == set(p.replicas) for p in partitions)

    def _wait(self, condition: Callable[[], bool], why: str) -> None:
        try:
            wait_until(condition, START_S, why, every=0.4)
        except AssertionError as error:
            tails = "\n".join(node.tail() for node in self.nodes.values())
            raise AssertionError(f"{error}\n{tails}") from None


def compose_cluster(
    directory: Path, network: Network | None = None, *, linked: bool = False
) -> Cluster:
    """The brokers of the compose file, with their data below a directory, by a link as well."""
    brokers = [service for name, service in compose().items() if name.startswith("kafka-")]
    link = Link(len(brokers)) if linked else None
    return Cluster(brokers, network or Network(), directory, link)
