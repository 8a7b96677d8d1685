"""Fixtures: one real Kafka and one real Redis for the whole run, settings of its own per test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Container, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from streams import children
from streams.broker import NoKafka
from streams.children import free_ports
from streams.clients import create_admin, topic_partitions
from streams.sandbox import ApacheKafka, Kafka, start_kafka, start_redis
from streams.settings import Settings
from tests.obligations import MARKS, check_marks
from tests.support import SLOWER

TEST_PREFIX = "zhengming-test-"
BROKERS = {"kafka", "own_kafka"}
SHARED = {"stack", "locked", "image"}
"""Fixtures of several files that take long to make."""
LONGEST_ID = 200
"""Characters."""
FAULT_LINES = 60

SettingsFactory = Callable[..., Settings]

_faults: list[str] = []

# An example may take as long as a busy machine needs; what must be quick is measured by itself.
hypothesis_settings.register_profile("suite", deadline=None)
hypothesis_settings.load_profile("suite")


def pytest_configure() -> None:
    """Give every process of a parallel run ports of its own, and brokers that start cheaply.

    A broker of a test lives for minutes: what Java's second compiler would spend on it never pays.
    """
    os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")
    lane = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if lane:
        count = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        children.PORTS = children.PORTS[int(lane) :: count]


def pytest_internalerror(excrepr: object) -> None:
    """Keep a fault of pytest itself: the middle of a long log, where it is told, may be cut."""
    _faults.append(str(excrepr))


def pytest_unconfigure() -> None:
    """Tell such a fault once more, last of all."""
    for fault in _faults:
        print(*(line[:300] for line in fault.splitlines()[-FAULT_LINES:]), sep="\n")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs Kafka by what it asks for, so that ``-m "not kafka"`` leaves it out.

    A parallel run keeps together what shares a fixture: xdist reads the groups in this same hook,
    after us. A mark that names an obligation or an invariant nobody knows stops the run.
    """
    waiting, groups = set[str](), dict[str, None]()
    for item in items:
        for name in MARKS:
            check_marks(item.nodeid, name, [mark.args for mark in item.iter_markers(name)])
        asked = set(getattr(item, "fixturenames", ()))
        if asked & BROKERS:
            item.add_marker(pytest.mark.kafka)
        group = min(asked & SHARED, default=str(item.path))
        item.add_marker(pytest.mark.xdist_group(group))
        groups[group] = None
        if asked & (BROKERS | SHARED):
            waiting.add(group)
    places = _mixed(groups, waiting)
    items.sort(key=lambda item: places[_group(item)])


def _group(item: pytest.Item) -> str:
    mark = item.get_closest_marker("xdist_group")
    assert mark is not None
    return str(mark.args[0])


def _mixed(groups: Iterable[str], waiting: Container[str]) -> dict[str, float]:
    """Where in the run each group has its turn: what waits for brokers among what computes.

    So the machine computes while it waits. The last groups of a run are short ones that compute.
    """
    every = list(groups)
    waits, computes = (
        [group for group in every if (group in waiting) is wanted] for wanted in (True, False)
    )
    places = {group: at / len(waits) * _BEFORE_THE_END for at, group in enumerate(waits)}
    return places | {group: (at + 0.5) / len(computes) for at, group in enumerate(computes)}


_BEFORE_THE_END = 0.8


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a test by what fits a line: pytest puts names into environments, which have a limit."""
    if isinstance(val, bytes | str) and len(val) > LONGEST_ID:
        return f"{type(val).__name__}-of-{len(val)}"
    return None


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """Real Kafka, shared: keep to the topics of your own `settings`."""
    with _or_skip(lambda: start_kafka(allow_mock=False)) as started:
        yield started
        if started.kind == "external":
            _delete_topics(started)


@pytest.fixture(scope="session")
def start_broker() -> Callable[..., Kafka]:
    """Start Apache Kafka with settings of its own; who starts it ends it."""
    return lambda **properties: _or_skip(lambda: ApacheKafka(properties=properties))


@pytest.fixture
def own_kafka(start_broker: Callable[..., Kafka]) -> Iterator[Kafka]:
    """Apache Kafka that is this test's alone, to stop, kill and start."""
    with start_broker() as started:
        yield started


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Real Redis, shared: keep to keys of your own."""
    with start_redis() as started:
        yield started.url


@pytest.fixture
def settings(kafka: Kafka, tmp_path: Path) -> SettingsFactory:
    """Make settings on the shared Kafka; each call has names, a port and a directory of its own."""

    def make(**overrides: Any) -> Settings:
        ours = f"{TEST_PREFIX}{uuid.uuid4().hex[:8]}"
        defaults: dict[str, Any] = {
            "kafka": kafka.bootstrap,
            "app_id": ours,
            "topic_prefix": f"{ours}.",
            "partitions": 2,
            "data_dir": tmp_path / ours,
            "web_port": free_ports(1)[0],
        }
        # Without a fault that a test injects, a worker stays, however long its machine stalls.
        for name in ("transaction_timeout_ms", "request_timeout_ms"):
            defaults[name] = SLOWER * Settings.model_fields[name].default
        if kafka.kind == "apache-kafka":  # our own allows it, so that the dead are missed soon
            defaults |= {"session_timeout_s": 3.0, "heartbeat_interval_s": 0.5}
        return Settings(**(defaults | overrides))

    return make


def _or_skip(start: Callable[[], Kafka]) -> Kafka:
    try:
        return start()
    except NoKafka as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must run against Apache Kafka, but {error}")
        pytest.skip(f"needs Apache Kafka, but {error}")


def _delete_topics(kafka: Kafka) -> None:
    admin = create_admin(Settings(kafka=kafka.bootstrap))
    ours = [name for name in topic_partitions(admin) if name.startswith(TEST_PREFIX)]
    for deleted in admin.delete_topics(ours).values() if ours else ():
        deleted.result(30)
