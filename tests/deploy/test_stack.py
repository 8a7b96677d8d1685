"""The compose file's stack at work: three brokers, one of them killed, and nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from schemas.records import Disposal
from streams.broker import NoKafka, prepare
from streams.clients import read_all
from streams.codecs import open_codec
from streams.settings import Settings
from streams.simulate import Simulation
from streams.topics import real_name
from tests.deploy.cluster import Cluster, Network
from tests.deploy.documents import compose
from tests.deploy.stack import Process, platform, redis
from tests.integration.harness import Application
from tests.schemas.registry_server import serving
from tests.support import wait_until

REGISTRY_PATH = "/apis/ccompat/v7"
EVENTS = 1_000


class Stack:
    """The processes of the compose file that are ours."""

    def __init__(self, image: Path, network: Network, directory: Path) -> None:
        self._image = image
        self._network = network
        self._directory = directory
        self._services = compose()
        self.running: list[Process] = []

    def start(self, name: str, number: int = 1, **more: str) -> Process:
        """Start one process of a service."""
        service = self._services[name]
        process = Process(service, number, self._network, self._image, self._directory, more)
        self.running.append(process)
        return process

    def start_all(self, name: str) -> list[Process]:
        """Start as many as the compose file says."""
        count = self._services[name].spec["deploy"].get("replicas", 1)
        return [self.start(name, number + 1) for number in range(count)]

    def supervise(self) -> bool:
        """Start again what has left, as the restart policy would; always true."""
        for process in self.running:
            process.supervise()
        return True

    def grace(self, process: Process) -> float:
        """Seconds that the compose file gives a process to stop."""
        service = self._services[process.name.rpartition("-")[0]]
        return float(service.spec["stop_grace_period"].removesuffix("s"))


def traffic(seed: int):
    now = time.time_ns() // 1_000_000
    return Simulation(
        seed=seed, accounts=150, start=now, step_ms=0.0, offenders=3.0, prefix=f"s{seed}-"
    ).events(EVENTS)


def post(process: Process, key: str, body: dict[str, str]) -> dict[str, object]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{process.port}/v1/changes",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def draw_key(image: Path, file: Path) -> str:
    """Have a key drawn as docs/deploy.md says; returns it, with its entry in the file."""
    done = subprocess.run(
        [image / "bin" / "zhengming", "gateway-key", "edit-path", "--role", "service"],
        capture_output=True, text=True, check=True,
    )
    file.write_text(done.stdout, encoding="utf-8")
    return done.stderr.strip()


@pytest.fixture
def kafka_can_run():
    try:
        prepare()
    except NoKafka as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"needs Apache Kafka, but {error}")


@pytest.mark.kafka
@pytest.mark.timeout(400)
def test_the_stack_of_the_compose_file_comes_through_the_death_of_a_broker(
    kafka_can_run, image: Path, tmp_path: Path
):
    services, network = compose(), Network()
    brokers = [service for name, service in services.items() if name.startswith("kafka-")]
    with (
        Cluster(brokers, network, tmp_path) as cluster,
        redis(services["redis"], network, tmp_path),
        serving(REGISTRY_PATH) as registry,
        platform() as (webhook, carried_out),
    ):
        network.set("registry", 8080, registry.server_port)
        stack = Stack(image, network, tmp_path)
        topics = stack.start("topics")
        assert topics.wait(60) == 0, topics.tail()
        stack.running.clear()

        key = draw_key(image, keys := tmp_path / "keys.toml")
        workers = stack.start_all("worker")
        stack.start("views")
        stack.start("executor", ZHENGMING_EXECUTOR_URL=webhook)
        gateway = stack.start("gateway", ZHENGMING_GATEWAY_KEYS=str(keys))
        for process in stack.running:
            process.await_ready()
        assert all(process.healthy() for process in stack.running)
        told = workers[0].environment
        settings = Settings(
            kafka=told["ZHENGMING_KAFKA"],
            partitions=int(told["ZHENGMING_PARTITIONS"]),
            schema_registry_url=told["ZHENGMING_SCHEMA_REGISTRY_URL"],
            value_key=told["ZHENGMING_VALUE_KEY"],
        )
        app = Application(settings)
        app.publish(traffic(1))
        victim = cluster.nodes[cluster.leader(real_name(settings, "account.changes"), 0)]
        victim.kill()
        app.publish(traffic(2))
        stack.supervise()
        verdict = post(gateway, key, {"account_id": "by-http", "bio": "今天也要好好生活"})
        victim.start()
        app.publish(traffic(3))
        cluster.await_replicas()
        wait_until(lambda: stack.supervise() and app.drained(), 90, "all inputs are decided")

        assert verdict["decision"]
        codec = open_codec(settings)
        ordered = {
            codec.decode(Disposal, message.value()).disposal_id
            for message in read_all(settings, [real_name(settings, "account.disposals")])
        }
        assert ordered
        wait_until(lambda: carried_out >= ordered, 30, "the executor has delivered all disposals")
        for process in stack.running:
            assert process.stop(stack.grace(process)) == 0, process.tail()
        assert app.assert_sound().inputs == 3 * EVENTS + 1
