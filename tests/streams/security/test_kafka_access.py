"""Every part on a Kafka with TLS, SCRAM and an authorizer, with exactly the rights of the table."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from schemas.codec import encode
from schemas.records import FieldAnalysis
from streams.access import Kind, Need, Part, lacking, needs, principal_of
from streams.checker import check
from streams.children import Child, free_ports
from streams.clients import (
    Admin,
    create_admin,
    create_producer,
    end_offsets,
    read_all,
    topic_partitions,
)
from streams.commit import TransactionalProducer
from streams.errors import BrokerUnreachable
from streams.gateway.keys import draw_key, entry
from streams.gateway.roles import Role
from streams.inspection import exportable
from streams.packs import load_policy
from streams.settings import Settings
from streams.simulate import Simulation
from streams.store import MemoryStore
from streams.topics import (
    KAFKAS_TOMBSTONES_MS,
    TOMBSTONES_MS,
    changelog_topic,
    create_topics,
    drained,
    output_topics,
    real_name,
    tombstones_ms,
)
from streams.views.store import now_ms
from streams.work import Message, Overlay
from streams.worker import task_options
from tests.streams.command_line import Command
from tests.streams.security.certificates import Authority
from tests.streams.security.locked_broker import ADMIN, LockedBroker
from tests.support import wait_until

EVENTS = 600
ROUNDS = 20
ALL_USED = (
    Part.ADMIN, Part.WORKER, Part.GATEWAY, Part.VIEWS, Part.EXECUTOR, Part.IMAGES, Part.PUBLISHER,
)  # fmt: skip
"""Parts of which the story below needs every right; the others choose what to do."""


class Application:
    """An application of its own on the locked broker, each part with its own user."""

    def __init__(self, locked: LockedBroker, directory: Path, redis_url: str) -> None:
        self.locked = locked
        self.directory = directory
        self.name = f"sec-{uuid.uuid4().hex[:6]}"
        self.names = Settings(app_id=self.name, topic_prefix=f"{self.name}.", partitions=2)
        self.common = {
            "ZHENGMING_APP_ID": self.name,
            "ZHENGMING_TOPIC_PREFIX": f"{self.name}.",
            "ZHENGMING_PARTITIONS": "2",
            "ZHENGMING_REDIS": redis_url,
            "ZHENGMING_SESSION_TIMEOUT_S": "3",
            "ZHENGMING_HEARTBEAT_INTERVAL_S": "0.5",
        }
        self._stack = ExitStack()
        names = {"app_id": self.name, "topic_prefix": f"{self.name}."}
        self.administrator = Settings(**locked.security(ADMIN), **names)
        (self.gateway_port,) = free_ports(1)

    def settings(self, part: Part, **more: Any) -> Settings:
        """The settings of a part."""
        names = {"app_id": self.name, "topic_prefix": f"{self.name}.", "partitions": 2}
        return Settings(**self.locked.security(f"zhengming-{part}"), **names, **more)

    def environment(self, part: Part, **more: str) -> dict[str, str]:
        """The same for a process."""
        return self.common | self.locked.environment(f"zhengming-{part}") | more

    def grant(self, part: Part, without: Need | None = None) -> None:
        """Allow a part what it needs."""
        granted = [need for need in needs(self.names, part) if need != without]
        self.locked.grant(principal_of(part), granted)

    def start(self, part: Part, command: str = "", **more: str) -> Child:
        """Start the process of a part."""
        ports = free_ports(1)
        environment = self.environment(
            part,
            ZHENGMING_WEB_PORT=str(ports[0]),
            ZHENGMING_GATEWAY_PORT=str(self.gateway_port),
            ZHENGMING_DATA_DIR=str(self.directory / f"data-{part}"),
            **more,
        )
        line = [sys.executable, "-m", "streams.cli", command or str(part)]
        child = Child(line, self.directory / f"{part}-{ports[0]}.log", environment)
        return self._stack.enter_context(child)

    def close(self) -> None:
        """Stop its processes and take back its rights."""
        self._stack.close()
        for part in Part:
            self.locked.revoke(principal_of(part))


@pytest.fixture
def application(locked: LockedBroker, tmp_path: Path, redis_url: str) -> Iterator[Application]:
    made = Application(locked, tmp_path, redis_url)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def platform() -> Iterator[str]:
    """A platform that executes whatever it is told; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def publish(application: Application, events: int, seed: int = 7) -> None:
    """A piece of traffic, a record that nobody can read, and what a classifier says."""
    ours = application.settings(Part.PUBLISHER)
    producer: Any = create_producer(ours)
    simulation = Simulation(seed=seed, accounts=80, offenders=6, start=now_ms() - 600_000)
    for topic, record in simulation.events(events):
        producer.produce(real_name(ours, topic), encode(record), record.account_id.encode())
        producer.poll(0)
    analysis = FieldAnalysis(
        event_id="an-1", account_id="a", occurred_at=now_ms(), field="BIO", value="x", source="own"
    )
    producer.produce(real_name(ours, "account.analyses"), encode(analysis), b"a")
    producer.produce(real_name(ours, "account.changes"), b"\xffnonsense", b"a")
    assert producer.flush(30) == 0


def all_processed(application: Application) -> bool:
    """Whether all is processed, as the administrator sees it."""
    return drained(application.locked.admin, application.administrator)


def at_the_gateway(application: Application, keys: dict[str, str], pack: Path) -> None:
    """What callers do: changes, complaints, appeals, rulings, texts, packs."""

    def client(role: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {keys[role]}"}
        return httpx.Client(
            base_url=f"https://127.0.0.1:{application.gateway_port}",
            headers=headers,
            verify=str(application.locked.authority.file),
            timeout=30,
        )

    with client("service") as service, client("reviewer") as reviewer, client("policy") as policy:
        answer = service.post("/v1/registrations", json={"account_id": "g1", "name": "林小鱼"})
        assert answer.status_code == 200, answer.text
        assert answer.headers["strict-transport-security"]
        told = {"account_id": "g1", "category": "IMPERSONATION", "field": "NAME", "statement": "他"}
        assert service.post("/v1/complaints", json=told).status_code == 201
        known = partial(reviewer.get, "/v1/accounts/g1")
        wait_until(lambda: known().status_code == 200, 30, "the views know the account", every=0.1)
        imposed = reviewer.post(
            "/v1/accounts/g1/rulings",
            json={"action": "IMPOSE_MEASURE", "step": "SUSPEND", "reason": "多次违规"},
        )
        assert imposed.status_code == 200, imposed.text
        assert imposed.json()["effective"] is True, imposed.text

        def measures() -> list[Any]:
            return reviewer.get("/v1/accounts/g1").json().get("measures", [])

        (measure,) = wait_until(measures, 20, "the measure is shown", every=0.1)
        appeal = {"account_id": "g1", "measure_id": measure["measure_id"], "statement": "我没有"}
        assert service.post("/v1/appeals", json=appeal).status_code == 201

        def cases() -> list[Any]:
            return [
                item["escalation"]
                for queue in ("complaint", "appeal", "review")
                for item in reviewer.get("/v1/reviews", params={"queue": queue}).json()["items"]
                if item["escalation"]["account_id"] == "g1"
            ]

        opened = wait_until(lambda: (found := cases())[1:] and found, 20, "two cases", every=0.1)
        # An input that cannot be read soon is left out.
        for case in opened:
            told = partial(reviewer.get, f"/v1/reviews/{case['escalation_id']}")
            wait_until(
                lambda told=told: told().json().get("statement"), 20, "a statement", every=0.1
            )
        values = partial(reviewer.get, "/v1/accounts/g1/values")
        wait_until(lambda: values().json().get("values"), 20, "the account's texts", every=0.1)
        files = {
            str(path.relative_to(pack)): path.read_text("utf-8")
            for path in pack.rglob("*")
            if path.is_file()
        }
        files["pack.yaml"] = files["pack.yaml"].replace("version:", "version: 9.9.9 #", 1)
        proposed = policy.post("/v1/packs/proposals", json={"files": files})
        assert proposed.status_code < 300, proposed.text
        activate = f"/v1/packs/proposals/{proposed.json()['pack_hash']}/activate"
        with client("all") as other:
            assert other.post(activate).status_code < 300
            pause = {"accounts": ["nobody"], "reason": "a drill", "ends_at": now_ms() + 60_000}
            paused = other.post("/v1/directives/pauses", json=pause)
            assert paused.status_code == 201, paused.text
            order = {"reference": "1", "accounts": ["*"], "topics": list(exportable())}
            ordered = other.post("/v1/exports/inspections", json=order)
            assert ordered.status_code == 201, ordered.text
            with client("auditor") as auditor:
                here = f"/v1/exports/inspections/{ordered.json()['inspection_id']}"
                made = auditor.post(f"{here}/approve")
                assert made.status_code == 200, made.text


PACK = Path(__file__).parents[3] / "processors" / "packs" / "cac2022"


def with_images(directory: Path) -> Path:
    """The shipped pack, asking for every image to be looked into."""
    made = directory / "pack"
    shutil.copytree(PACK, made)
    file = made / "pack.yaml"
    text = file.read_text("utf-8")
    begin = text.index("\nimages:")
    block = text[begin : text.index("\n\n", begin)]
    file.write_text(text.replace(block, "\nimages:\n  asked: [AVATAR, COVER]"), "utf-8")
    return made


def test_every_part_works_with_exactly_the_rights_of_the_table_and_uses_each_of_them(
    application: Application, command: Command, tmp_path: Path
) -> None:
    pack = with_images(tmp_path)
    application.common["ZHENGMING_PACK"] = str(pack)
    for part in Part:
        application.grant(part)
    admin = application.environment(Part.ADMIN)
    assert command("topics", "create", **admin).code == 0
    assert command("topics", "list", **admin).code == 0
    keys = {name: draw_key() for name in ("service", "reviewer", "policy", "auditor", "all")}
    roles = {name: list(Role) if name == "all" else [Role(name)] for name in keys}
    file = tmp_path / "keys.toml"
    file.write_text("\n".join(entry(name, roles[name], key) for name, key in keys.items()))
    server = application.locked.authority.issue("gateway")
    images = tmp_path / "images"
    images.mkdir()
    with platform() as url:
        started = [
            application.start(Part.WORKER),
            application.start(Part.VIEWS),
            application.start(Part.IMAGES, ZHENGMING_IMAGE_DIR=str(images)),
            application.start(
                Part.EXECUTOR,
                "execute",
                ZHENGMING_EXECUTOR_URL=url,
                ZHENGMING_EXECUTOR_SECRET="a-secret-of-the-test",
            ),
            application.start(
                Part.GATEWAY,
                ZHENGMING_GATEWAY_KEYS=str(file),
                ZHENGMING_GATEWAY_TLS_CERTIFICATE=str(server.certificate),
                ZHENGMING_GATEWAY_TLS_KEY=str(server.key),
                ZHENGMING_GATEWAY_WAIT_MS="20000",
            ),
        ]
        publish(application, EVENTS)

        def settled() -> bool:
            for child in started:
                assert child.running, child.tail(30)
            return all_processed(application)

        wait_until(settled, 90, "the traffic is decided", every=0.3)
        wait_until(lambda: ready(application), 30, "the gateway serves", every=0.2)
        at_the_gateway(application, keys, pack)
        by_operator(application, command)
        wait_until(settled, 30, "all is decided", every=0.3)
        ours = application.settings(Part.AUDITOR, pack=str(pack))
        progress = real_name(ours, "sweep.progress")
        ends = partial(end_offsets, application.locked.admin)
        wait_until(lambda: sum(ends([progress]).values()), 30, "a sweep goes on", every=0.2)
        analyses = real_name(ours, "account.analyses")  # in which there is one of the publisher
        wait_until(lambda: sum(ends([analyses]).values()) > 1, 40, "an image is told of", every=0.5)
        outcomes = real_name(ours, "disposal.outcomes")

        def executed() -> bool:
            disposals = sum(1 for _ in read_all(ours, [real_name(ours, "account.disposals")]))
            told = end_offsets(application.locked.admin, [outcomes])
            return 0 < disposals <= sum(told.values())

        wait_until(executed, 40, "disposals are executed", every=0.5)
        auditor = application.environment(Part.AUDITOR)
        assert command("audit", "verify", **auditor).code == 0
        report = check(ours, load_policy(ours))
        assert report.ok, report.examples
        assert report.outputs > EVENTS
    for part in Part:
        decided = application.locked.decisions(f"zhengming-{part}")
        ours_only = {d for d in decided if application.name in d.name}
        assert not [d for d in ours_only if not d.allowed], part
        if part in ALL_USED:
            unused = [need for need in needs(application.names, part) if not used(need, ours_only)]
            assert not unused, f"{part} never used {[need.told() for need in unused]}"


def ready(application: Application) -> bool:
    """Whether the gateway serves, over TLS alone."""
    url = f"https://127.0.0.1:{application.gateway_port}/ready"
    try:
        return httpx.get(url, verify=str(application.locked.authority.file)).status_code == 200
    except httpx.TransportError:
        return False


def by_operator(application: Application, command: Command) -> None:
    """What an operator does: letters sent again, a pause."""
    operator = application.environment(Part.OPERATOR)
    assert command("dead-letters", "list", **operator).code == 0
    again = command("dead-letters", "requeue", "--reason", "UNDECODABLE", "--json", **operator)
    assert json.loads(again.out)["sent"] >= 1, again.err
    pause = ("directive", "pause", "--reason", "a drill", "--by", "op", "--hours", "1")
    sweep = ("sweep", "start", "--by", "op", "--reason", "a new list")
    for order in ((*pause, "--account", "nobody"), (*sweep, "--account", "s*")):
        left = command(*order, **operator)
        assert left.code == 0, left.err
    assert command("sweep", "status", **operator).code == 0


def used(need: Need, decisions: set[Any]) -> bool:
    """Whether a right was made use of."""
    kind = need.kind.replace("-", "")
    return any(
        d.operation == need.operation.lower()
        and d.kind == kind
        and (d.name.startswith(need.name) if need.prefixed else d.name == need.name)
        for d in decisions
    )


# -- one right fewer ----------------------------------------------------------------------------


def test_each_right_of_a_worker_that_is_missing_is_told_by_its_name(
    application: Application,
) -> None:
    application.grant(Part.ADMIN)
    create_topics(application.settings(Part.ADMIN))
    application.grant(Part.WORKER)
    ours, principal = application.settings(Part.WORKER), principal_of(Part.WORKER)
    wait_until(lambda: lacking(ours, Part.WORKER) == [], 10, "all is granted")
    for need in needs(ours, Part.WORKER):
        application.locked.revoke(principal, need)
        wait_until(lambda need=need: lacking(ours, Part.WORKER) == [need], 10, need.told())
        application.locked.grant(principal, [need])
    wait_until(lambda: lacking(ours, Part.WORKER) == [], 10, "all is granted again")


def missing(names: Settings) -> dict[str, Need]:
    """One right of each kind that a worker needs."""
    needed = needs(names, Part.WORKER)

    def right(operation: str, name: str) -> Need:
        return next(n for n in needed if n.operation == operation and n.name == name)

    return {
        "an input": right("Read", real_name(names, "account.changes")),
        "an output": right("Write", real_name(names, "account.verdicts")),
        "the state": right("Read", changelog_topic(names)),
        "the group": next(n for n in needed if n.kind is Kind.GROUP),
        "the fence": next(n for n in needed if n.kind is Kind.TRANSACTIONAL_ID),
    }


def test_a_worker_that_lacks_a_right_does_not_start_and_says_which(
    application: Application, command: Command
) -> None:
    application.grant(Part.ADMIN)
    create_topics(application.settings(Part.ADMIN))
    application.grant(Part.WORKER)
    ours, principal = application.settings(Part.WORKER), principal_of(Part.WORKER)
    wait_until(lambda: lacking(ours, Part.WORKER) == [], 20, "all is granted")
    for what, need in missing(application.names).items():
        application.locked.revoke(principal, need)
        wait_until(lambda need=need: lacking(ours, Part.WORKER) == [need], 20, need.told())
        child = application.start(Part.WORKER)
        assert child.wait(120) == 2, f"{what}: {child.tail()}"
        said = child.log.read_text("utf-8")
        assert f"Kafka does not allow the user zhengming-worker: {need.told()}" in said, what
        assert "zhengming topics acls --part worker --commands" in said
        application.locked.grant(principal, [need])
        wait_until(lambda: lacking(ours, Part.WORKER) == [], 20, "all is granted")
    left = command("doctor", "--json", **application.environment(Part.WORKER))
    checks = {found["what"]: found for found in json.loads(left.out)["checks"]}
    assert checks["rights"]["ok"], checks["rights"]
    application.locked.revoke(principal, need)
    wait_until(lambda: lacking(ours, Part.WORKER) == [need], 20, need.told())
    left = command("doctor", "--json", **application.environment(Part.WORKER))
    checks = {found["what"]: found for found in json.loads(left.out)["checks"]}
    assert need.told() in checks["rights"]["seen"]
    assert "topics acls --part worker" in checks["rights"]["cure"]


@pytest.mark.parametrize(
    ("what", "codes", "said"),
    [
        ("an output", (3, 4), "TopicAuthorizationFailed"),
        ("the group", (4,), "GroupAuthorizationFailed"),
    ],
)
def test_a_right_that_is_taken_back_while_a_worker_runs_stops_it_and_nothing_is_lost(
    application: Application, what: str, codes: tuple[int, ...], said: str
) -> None:
    for part in (Part.ADMIN, Part.WORKER, Part.PUBLISHER, Part.AUDITOR):
        application.grant(part)
    create_topics(application.settings(Part.ADMIN))
    worker = application.start(Part.WORKER)
    publish(application, 20)
    wait_until(lambda: all_processed(application), 60, "the traffic is decided", every=0.3)
    need = missing(application.names)[what]
    application.locked.revoke(principal_of(Part.WORKER), need)
    seeds = count(8)

    def left() -> bool:  # the broker may take a while to learn of it
        publish(application, 100, next(seeds))
        return not worker.running

    wait_until(left, 60, "the worker stops", every=0.5)
    assert worker.exit_code in codes
    assert said in worker.log.read_text("utf-8")
    application.locked.grant(principal_of(Part.WORKER), [need])
    application.start(Part.WORKER)
    wait_until(lambda: all_processed(application), 60, "the rest is decided", every=0.3)
    ours = application.settings(Part.AUDITOR)
    report = check(ours, load_policy(ours))
    assert report.ok, report.examples


async def test_nothing_of_a_refused_transaction_is_committed_with_the_one_before(
    application: Application,
) -> None:
    """Its records must not reach a partition that has no marker of the transaction before yet."""
    for part in (Part.ADMIN, Part.WORKER, Part.AUDITOR):
        application.grant(part)
    create_topics(application.settings(Part.ADMIN))
    need = missing(application.names)["an output"]
    ours = application.settings(Part.WORKER)
    changelog = changelog_topic(ours)
    others = [real_name(ours, topic.name) for topic in output_topics()]
    others.remove(need.name)
    producer, numbers, committed = TransactionalProducer(task_options(ours), 0), count(), []

    async def commit(topics: list[str]) -> bool:
        value, overlay = b"%d" % next(numbers), Overlay(MemoryStore(), ours.max_batch_bytes)
        overlay.states[b"a"] = value
        places = [(topic, partition) for topic in topics for partition in range(ours.partitions)]
        overlay.messages = [Message(topic, b"a", value, (), part) for topic, part in places]
        try:
            await producer.commit(overlay, lambda _step: None)
        except TopicAuthorizationFailedError:
            return False
        committed.append(value)
        return True

    for _ in range(ROUNDS):
        application.locked.grant(principal_of(Part.WORKER), [need])
        await producer.open()
        while not await commit([need.name]):  # the broker may take a while to learn of it
            await producer.open()
        application.locked.revoke(principal_of(Part.WORKER), need)
        while await commit(others) and await commit([need.name]):
            pass
    await producer.close()
    found = read_all(application.settings(Part.AUDITOR), [changelog])
    assert sorted(message.value() for message in found) == sorted(committed)


def test_who_may_not_see_how_long_tombstones_stay_takes_no_more_than_kafkas_own_time_for_granted(
    application: Application,
) -> None:
    for part in (Part.ADMIN, Part.WORKER):
        application.grant(part)
    create_topics(application.settings(Part.ADMIN))
    told = {
        part: tombstones_ms(create_admin(ours), changelog_topic(ours))
        for part in (Part.ADMIN, Part.WORKER)
        for ours in [application.settings(part)]
    }
    assert told == {Part.ADMIN: TOMBSTONES_MS, Part.WORKER: KAFKAS_TOMBSTONES_MS}


# -- who is let in ------------------------------------------------------------------------------


def refused(settings: Settings) -> Admin:
    """A client that a broker, or TLS, has refused by now."""
    admin = create_admin(settings)
    wait_until(admin.refusal, 20, "it is refused")
    return admin


def test_a_wrong_password_is_told_as_such(application: Application) -> None:
    security = application.locked.security("zhengming-worker")
    wrong = Settings(**security | {"kafka_sasl_password": "not-this-one"})
    with pytest.raises(BrokerUnreachable, match=r"(?i)does not let us in.*authentication") as told:
        topic_partitions(refused(wrong), 1.0)
    assert "not-this-one" not in str(told.value)


def test_a_broker_whose_certificate_nobody_we_trust_has_signed_is_not_talked_to(
    application: Application, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other", "another authority")
    security = application.locked.security("zhengming-worker")
    ours = Settings(**security | {"kafka_ssl_ca_location": other.file})
    with pytest.raises(BrokerUnreachable, match=r"(?i)does not let us in.*certificate verify"):
        topic_partitions(refused(ours), 1.0)


def test_nobody_without_tls_or_without_a_user_is_let_in(locked: LockedBroker) -> None:
    for protocol in ("PLAINTEXT", "SSL"):
        ours = Settings(
            kafka=locked.bootstrap,
            kafka_security_protocol=protocol,
            **({"kafka_ssl_ca_location": locked.authority.file} if protocol == "SSL" else {}),
        )
        with pytest.raises(BrokerUnreachable):
            topic_partitions(create_admin(ours), 2.0)


async def test_a_certificate_may_stand_in_the_place_of_a_password_for_every_client(
    application: Application,
) -> None:
    """librdkafka and aiokafka, to a listener that asks clients for certificates."""
    application.grant(Part.ADMIN)
    create_topics(application.settings(Part.ADMIN))
    name = f"certified-{application.name}"
    names = {"app_id": application.name, "topic_prefix": f"{application.name}.", "partitions": 2}
    ours = Settings(**application.locked.by_certificate(name), **names)
    for part in (Part.EXECUTOR, Part.VIEWS):
        application.locked.grant(f"User:{name}", needs(ours, part))
    wait_until(lambda: lacking(ours, Part.EXECUTOR) == [], 10, "all is granted")
    topic = real_name(ours, "disposal.outcomes")
    producer = AIOKafkaProducer(**ours.aiokafka_config())
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"x", partition=0)
    finally:
        await producer.stop()
    plain: Any = create_producer(ours)
    plain.produce(topic, b"y", partition=0)
    assert plain.flush(10) == 0
    consumer = AIOKafkaConsumer(**ours.aiokafka_config(), group_id=None)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(real_name(ours, "account.disposals"), 0)])
        assert await consumer.position(TopicPartition(real_name(ours, "account.disposals"), 0)) == 0
    finally:
        await consumer.stop()
    assert list(read_all(ours, [real_name(ours, "account.disposals")])) == []
    application.locked.revoke(f"User:{name}")
