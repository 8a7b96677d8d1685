"""Disposals reach the platform: signed, in order, again and again until it has them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource
from pydantic import SecretStr

from schemas.codec import decode
from schemas.records import Disposal, DisposalOutcome, OutcomeStatus
from streams.children import Child, free_ports
from streams.clients import create_admin, create_producer, read_all
from streams.codecs import open_codec
from streams.commands.common import BAD_INPUT, UNREACHABLE
from streams.executor.backlog import Backlog
from streams.executor.delivery import Attempt, Webhook
from streams.executor.process import Executor
from streams.sandbox import ApacheKafka
from streams.settings import Settings
from streams.topics import create_topics, real_name
from tests.conftest import SettingsFactory
from tests.schemas.registry_server import serving
from tests.streams.views.outputs import publish, simulated
from tests.support import wait_until

KILLED_AFTER_S = 15
"""As in `deploy/`, for an executor that was told to stop."""
SECRET = "a secret of the platform and ours"


@cache
def disposals() -> list[Disposal]:
    return [record for record in simulated(2_000) if isinstance(record, Disposal)]


def of_two_accounts() -> tuple[Disposal, Disposal]:
    one, *others = disposals()
    return one, next(other for other in others if other.account_id != one.account_id)


class Platform:
    """A platform that executes disposals; ``answer`` says with which status."""

    def __init__(self, answer: Callable[[dict[str, Any], int], int], port: int = 0) -> None:
        self.done: dict[str, list[str]] = defaultdict(list)
        self.attempts: Counter[str] = Counter()
        self.forged: list[str] = []
        self._lock = threading.Lock()
        platform = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = platform._take(body, dict(self.headers), answer)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _take(self, body: bytes, headers: dict[str, str], answer: Any) -> int:
        parts = dict(part.split("=", 1) for part in headers["Zhengming-Signature"].split(","))
        expected = hmac.new(SECRET.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256)
        disposal = json.loads(body)
        ident = disposal["disposal_id"]
        with self._lock:
            fresh = abs(time.time() - int(parts["t"])) < 300
            if not (fresh and hmac.compare_digest(expected.hexdigest(), parts["v1"])):
                self.forged.append(ident)
            if headers["Idempotency-Key"] != ident:
                self.forged.append(ident)
            self.attempts[ident] += 1
            status = int(answer(disposal, self.attempts[ident]))
            known = self.done[disposal["account_id"]]
            if status == 200 and ident not in known:
                known.append(ident)
        return status

    @property
    def count(self) -> int:
        with self._lock:
            return sum(map(len, self.done.values()))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def place(settings: SettingsFactory) -> Settings:
    made = settings()
    create_topics(made)
    return made


@contextmanager
def executing(place: Settings, port: int, log: Path) -> Iterator[Child]:
    environment = {
        "ZHENGMING_KAFKA": place.kafka,
        "ZHENGMING_APP_ID": place.app_id,
        "ZHENGMING_TOPIC_PREFIX": place.topic_prefix,
        "ZHENGMING_PARTITIONS": str(place.partitions),
        "ZHENGMING_WEB_PORT": str(place.web_port),
        "ZHENGMING_EXECUTOR_URL": f"http://127.0.0.1:{port}/disposals",
        "ZHENGMING_EXECUTOR_SECRET": SECRET,
        "ZHENGMING_EXECUTOR_TIMEOUT_S": "120",  # a slow answer is no failure here
    }
    if place.schema_registry_url is not None:
        environment["ZHENGMING_SCHEMA_REGISTRY_URL"] = place.schema_registry_url
    with Child([sys.executable, "-m", "streams.cli", "execute"], log, environment) as child:
        yield child


def outcomes(place: Settings) -> dict[str, list[OutcomeStatus]]:
    found: dict[str, list[OutcomeStatus]] = defaultdict(list)
    for message in read_all(place, [real_name(place, "disposal.outcomes")]):
        value = message.value()
        assert isinstance(value, bytes)
        outcome = decode(DisposalOutcome, value)
        found[outcome.disposal_id].append(outcome.status)
    return found


class Late(Executor):
    """Told only then that partitions are its own when the consumer has handed out records."""

    async def assigned(self) -> None:
        ours = self._consumer.assignment()
        while not any([await self._consumer.position(tp) for tp in ours]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await super().assigned()


async def test_what_is_handed_out_before_the_partitions_are_said_to_be_ours_is_delivered(
    place: Settings,
) -> None:
    platform = Platform(lambda _disposal, _attempt: 200)
    publish(place, disposals())
    address = f"http://127.0.0.1:{platform.port}/disposals"
    executor = Late(
        place.model_copy(update={"executor_url": address, "executor_secret": SecretStr(SECRET)})
    )
    running = asyncio.create_task(executor.run())
    try:
        await asyncio.to_thread(
            wait_until, lambda: platform.count == len(disposals()), 60, "all are delivered"
        )
    finally:
        executor.stopping.set()
        await running
        platform.close()


def test_every_disposal_arrives_signed_and_in_order_through_failures_and_a_kill(
    place: Settings, tmp_path: Path
) -> None:
    assert len(disposals()) > 60
    stubborn = disposals()[0].account_id

    def answer(disposal: dict[str, Any], attempt: int) -> int:
        if disposal["account_id"] == stubborn and attempt <= 2:
            return 503
        return 200

    platform, log = Platform(answer), tmp_path / "executor.log"
    publish(place, disposals())
    try:
        with executing(place, platform.port, log) as child:
            wait_until(lambda: platform.count >= 20, 60, f"some are delivered: {child.tail()}")
            child.kill()
        with executing(place, platform.port, log):
            wait_until(lambda: platform.count == len(disposals()), 60, "all are delivered")
            expected: dict[str, list[str]] = defaultdict(list)
            for disposal in disposals():
                expected[disposal.account_id].append(disposal.disposal_id)
            assert platform.done == expected
            assert platform.forged == []
            wait_until(
                lambda: all(
                    outcomes(place).get(d.disposal_id, [None])[-1] is OutcomeStatus.DELIVERED
                    for d in disposals()
                ),
                30,
                "the outcome of each is told",
                every=0.3,
            )
    finally:
        platform.close()
    failed = {ident for ident, states in outcomes(place).items() if OutcomeStatus.FAILED in states}
    assert disposals()[0].disposal_id in failed
    assert failed <= {d.disposal_id for d in disposals() if d.account_id == stubborn}


def test_a_platform_that_is_away_costs_nothing_but_time_and_is_seen_to_be_away(
    place: Settings, tmp_path: Path
) -> None:
    few, log = disposals()[:10], tmp_path / "executor.log"
    publish(place, few)
    platform = Platform(lambda *_: 200)
    port = platform.port
    platform.close()

    def waiting() -> float:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{place.web_port}/metrics") as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return -1
        return float(
            next(x.split()[1] for x in lines if x.startswith("zhengming_executor_waiting"))
        )

    with executing(place, port, log):
        wait_until(lambda: waiting() == len(few), 60, "all are seen to wait", every=0.2)
        wait_until(lambda: any(outcomes(place).values()), 30, "failures are told", every=0.3)
        assert {s for states in outcomes(place).values() for s in states} == {OutcomeStatus.FAILED}
        back = Platform(lambda *_: 200, port)
        try:
            wait_until(lambda: back.count == len(few), 90, "all are delivered")
            wait_until(lambda: waiting() == 0, 30, "none is seen to wait", every=0.2)
        finally:
            back.close()
    told = log.read_text("utf-8")
    assert "not delivered" in told
    assert SECRET not in told


def test_what_is_committed_never_lies_behind_a_disposal_that_waits() -> None:
    one, two = of_two_accounts()
    backlog = Backlog(5)
    assert backlog.position == 5
    assert backlog.add(5, one)
    assert backlog.add(6, two)
    assert not backlog.add(8, one)  # one of its account is under way
    assert not backlog.done(two.account_id)
    assert (backlog.position, len(backlog)) == (5, 2)
    assert backlog.done(one.account_id)
    assert backlog.position == 8
    assert not backlog.done(one.account_id)
    assert (backlog.position, len(backlog)) == (9, 0)


def test_the_age_of_a_backlog_is_that_of_the_first_disposal_that_waits() -> None:
    one, two = of_two_accounts()
    backlog = Backlog(5)
    assert backlog.oldest is None
    backlog.add(5, one, 1_000)
    backlog.add(6, two, 2_000)
    assert backlog.oldest == 1_000
    backlog.done(two.account_id)
    assert backlog.oldest == 1_000
    backlog.done(one.account_id)
    assert backlog.oldest is None


def test_an_executor_that_cannot_tell_outcomes_leaves_with_a_fault(
    place: Settings, tmp_path: Path
) -> None:
    outcome_topic = ConfigResource(ConfigResource.Type.TOPIC, real_name(place, "disposal.outcomes"))
    outcome_topic.add_incremental_config(
        ConfigEntry("max.message.bytes", "1", incremental_operation=AlterConfigOpType.SET)
    )
    admin = create_admin(place)
    admin.incremental_alter_configs([outcome_topic])[outcome_topic].result(30)
    publish(place, disposals()[:1])
    platform = Platform(lambda *_: 200)
    try:
        with executing(place, platform.port, tmp_path / "executor.log") as child:
            wait_until(lambda: child.exit_code is not None, 60, f"it ends: {child.tail()}")
            assert child.exit_code == UNREACHABLE, child.tail()
    finally:
        platform.close()


def test_an_executor_without_the_schema_registry_leaves_to_be_started_again(
    place: Settings, tmp_path: Path
) -> None:
    platform, log = Platform(lambda *_: 200), tmp_path / "executor.log"
    try:
        with serving() as registry:
            framed = place.model_copy(update={"schema_registry_url": registry.url})
            publish(place, disposals()[:1], open_codec(framed))
            registry.fails = (503, "starting")
            with executing(framed, platform.port, log) as child:
                wait_until(lambda: child.exit_code is not None, 60, f"it ends: {child.tail()}")
                assert child.exit_code == UNREACHABLE, child.tail()
            registry.fails = None
            with executing(framed, platform.port, log) as child:
                wait_until(lambda: platform.count == 1, 60, f"it delivers: {child.tail()}")
    finally:
        platform.close()


def test_an_executor_leaves_a_disposal_that_it_cannot_read_to_a_person(
    place: Settings, tmp_path: Path
) -> None:
    topic = real_name(place, "account.disposals")
    producer = create_producer(place)
    producer.produce(topic, key=b"a", value=b"\xff no record")
    assert producer.flush(30) == 0
    with executing(place, free_ports(1)[0], tmp_path / "executor.log") as child:
        wait_until(lambda: child.exit_code is not None, 60, f"it ends: {child.tail()}")
        assert child.exit_code == BAD_INPUT, child.tail()
        assert "upgrade" in child.tail()


@contextmanager
def saying_200_and_no_more() -> Iterator[tuple[int, list[bytes]]]:
    """A platform whose answers say 200 and announce a body that never comes."""
    asked: list[bytes] = []
    held: list[socket.socket] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            held.append(connection)
            asked.append(connection.recv(1 << 16))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server.getsockname()[1], asked
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        for connection in held:
            connection.close()


async def test_what_the_platform_answers_counts_though_the_rest_of_the_answer_never_comes() -> None:
    with saying_200_and_no_more() as (port, asked):
        timeout = aiohttp.ClientTimeout(total=1)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            webhook = Webhook(session, f"http://127.0.0.1:{port}/", SECRET.encode())
            attempt = await webhook.deliver(disposals()[0])
    assert attempt == Attempt(True, 200, "HTTP 200")
    assert len(asked) == 1


def test_an_executor_can_be_stopped_while_kafka_is_away(
    settings: SettingsFactory, own_kafka: ApacheKafka, tmp_path: Path
) -> None:
    place = settings(kafka=own_kafka.bootstrap)
    create_topics(place)
    broker = own_kafka.broker.pid
    assert broker is not None

    def answer(_disposal: dict[str, Any], _attempt: int) -> int:
        os.kill(broker, signal.SIGSTOP)  # before it is told what came of it
        return 200

    platform = Platform(answer)
    publish(place, disposals()[:1])
    try:
        with executing(place, platform.port, tmp_path / "executor.log") as child:
            wait_until(lambda: platform.count == 1, 60, f"it delivers: {child.tail()}")
            child.send(signal.SIGTERM)
            assert child.wait(KILLED_AFTER_S) == 0, child.tail()
    finally:
        os.kill(broker, signal.SIGCONT)
        platform.close()
