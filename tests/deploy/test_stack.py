"""The compose file's stack at work: three brokers, one of them killed, and nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import ConfigResource, ResourceType

from schemas.records import Disposal
from streams.broker import NoKafka, prepare
from streams.clients import create_admin, read_all
from streams.codecs import open_codec
from streams.settings import Settings
from streams.simulate import Simulation
from streams.topics import real_name
from tests.deploy.cluster import Network, compose_cluster
from tests.deploy.documents import compose
from tests.deploy.stack import Process, Stack, platform, redis
from tests.integration.harness import Application
from tests.schemas.registry_server import serving
from tests.support import wait_until

REGISTRY_PATH = "/apis/ccompat/v7"
EVENTS = 1_000


def traffic(seed: int):
    now = time.time_ns() // 1_000_000
    return Simulation(
        seed=seed, accounts=150, start=now, step_ms=0.0, offenders=3.0, prefix=f"s{seed}-"
    ).events(EVENTS)


def post(process: Process, key: str, body: dict[str, str]) -> Any:
    """What the gateway answers to a change; nothing when it could not take it yet."""
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Idempotency-Key": "the change of this test",
    }
    address = f"http://127.0.0.1:{process.port}/v1/changes"
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        assert error.code == 503, error.read()
        return {}
    except (urllib.error.URLError, TimeoutError):  # the brokers have chosen no new leader yet
        return {}


def config_of(settings: Settings, topic: str) -> dict[str, str]:
    admin = create_admin(settings)
    (answer,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
    return {name: entry.value for name, entry in answer.result(20).items()}


def settings_of(process: Process) -> Settings:
    """The settings under which a worker decides, for the check of what it did."""
    told = process.environment
    return Settings(
        kafka=told["ZHENGMING_KAFKA"],
        partitions=int(told["ZHENGMING_PARTITIONS"]),
        schema_registry_url=told["ZHENGMING_SCHEMA_REGISTRY_URL"],
        value_key=told["ZHENGMING_VALUE_KEY"],
    )


def draw_key(image: Path, file: Path) -> str:
    """Have a key drawn as docs/deploy.md says; returns it, with its entry in the file."""
    done = subprocess.run(
        [image / "bin" / "zhengming", "gateway-key", "edit-path", "--role", "service"],
        capture_output=True,
        text=True,
        check=True,
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
def test_the_stack_of_the_compose_file_comes_through_the_death_of_a_broker(
    kafka_can_run, image: Path, tmp_path: Path
):
    network = Network()
    with (
        compose_cluster(tmp_path, network) as cluster,
        redis(compose()["redis"], network, tmp_path),
        serving(REGISTRY_PATH) as registry,
        platform() as (webhook, carried_out),
        Stack(image, network, tmp_path) as stack,
    ):
        network.set("registry", 8080, registry.server_port)
        stack.run_once("topics")
        key = draw_key(image, keys := tmp_path / "keys.toml")
        workers = stack.start("worker")
        stack.start("views")
        stack.start("executor", ZHENGMING_EXECUTOR_URL=webhook)
        (gateway,) = stack.start("gateway", ZHENGMING_GATEWAY_KEYS=str(keys))
        for process in stack.running:
            process.await_ready()
        wait_until(
            lambda: all(process.healthy() for process in stack.running),
            30,
            "the health checks say so, too",
            every=0.5,
        )

        settings = settings_of(workers[0])
        app, changes = Application(settings), real_name(settings, "account.changes")
        assert config_of(settings, changes)["min.insync.replicas"] == "2"
        app.publish(traffic(1))
        victim = cluster.nodes[cluster.leader(changes, 0)]
        victim.kill()
        app.publish(traffic(2))
        change = {"account_id": "by-http", "bio": "今天也要好好生活"}
        wait_until(
            lambda: stack.supervise() and post(gateway, key, change).get("decision"),
            60,
            "a change by HTTP is decided while a broker is away",
            every=0.5,
        )
        victim.start()
        app.publish(traffic(3))
        cluster.await_replicas()
        wait_until(
            lambda: stack.supervise() and app.drained(), 90, "all inputs are decided", every=0.5
        )

        disposals = read_all(settings, [real_name(settings, "account.disposals")])
        codec = open_codec(settings)
        ordered = {codec.decode(Disposal, message.value()).disposal_id for message in disposals}
        assert ordered
        wait_until(
            lambda: stack.supervise() and carried_out >= ordered,
            30,
            "all are carried out",
            every=0.2,
        )
        stack.stop()
        assert app.assert_sound().inputs >= 3 * EVENTS + 1
