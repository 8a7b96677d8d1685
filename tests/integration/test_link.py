"""A worker that the network cuts off, while it lives and believes that it owns its partitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from streams.clients import end_offsets, group_offsets
from streams.sandbox import Kafka
from streams.settings import Settings
from streams.topics import input_topics, real_name
from tests.integration.harness import Application, WorkerProcess, pause
from tests.integration.link import Link, Way
from tests.integration.test_crashes import EVENTS, traffic
from tests.support import wait_until

WITHIN_S = 20.0
SHORT_S = 1.5
LONG_SESSION_S = 60.0
"""No short cut lasts so long, whatever else the machine does."""


@pytest.fixture(scope="module")
def link() -> Iterator[Link]:
    with Link(1) as link:
        yield link


@pytest.fixture(scope="module")
def linked_kafka(start_broker: Callable[..., Kafka], link: Link) -> Iterator[Kafka]:
    """A broker with one more listener, which is known by the address of the link."""
    own, controller = "PLAINTEXT://127.0.0.1:{port}", "CONTROLLER://127.0.0.1:{controller}"
    (listener,), (proxy,) = link.listeners, link.proxies
    names = ("PLAINTEXT", "CONTROLLER", "LINK")
    properties = {
        "listeners": f"{own},{controller},LINK://127.0.0.1:{listener}",
        "advertised.listeners": f"{own},LINK://127.0.0.1:{proxy}",
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in names),
    }
    with start_broker(**properties) as started:
        yield started


@pytest.fixture
def start_app(
    linked_kafka: Kafka, link: Link, settings: Callable[..., Settings]
) -> Iterator[Callable[..., Application]]:
    """Make the application of a test; the link is whole again afterwards."""
    with ExitStack() as stack:
        stack.callback(link.mend)
        yield lambda **more: stack.enter_context(
            Application(settings(kafka=linked_kafka.bootstrap, **more))
        )


@pytest.fixture
def app(start_app: Callable[..., Application]) -> Application:
    return start_app()


def linked(app: Application, link: Link) -> WorkerProcess:
    """One more worker, which sees the broker by the link only."""
    return app.worker(ZHENGMING_KAFKA=link.bootstrap).await_ready()


def waiting(app: Application) -> bool:
    """Whether inputs wait; unlike `drained` it does not wait for what is being committed."""
    ends = end_offsets(app.admin, [real_name(app.settings, topic.name) for topic in input_topics()])
    reached = group_offsets(app.settings, app.settings.app_id, ends, WITHIN_S)
    return any(reached[tp] < end for tp, end in ends.items())


def test_a_worker_with_nothing_to_do_asks_its_broker_seldom_and_answers_what_comes(
    app: Application, link: Link
):
    """A fetch that gathers what comes is answered after milliseconds, and asked again."""
    linked(app, link)
    app.publish(traffic(300))
    app.drain()

    def asked() -> int:
        before = link.asked
        pause(1)
        return link.asked - before

    wait_until(lambda: asked() < 60, 30, "the worker asks seldom")
    app.publish(traffic(300, seed=2, prefix="later-"))
    app.drain()
    assert app.assert_sound().inputs == 600


def test_a_worker_cut_off_for_longer_than_its_session_is_replaced_and_doubles_nothing(
    app: Application, link: Link
):
    linked(app, link)
    app.worker().await_ready()
    app.publish(traffic())
    link.cut()
    app.publish(traffic(600, seed=2, prefix="later-"))
    app.drain()
    link.mend()
    app.publish(traffic(300, seed=3, prefix="last-"))
    app.drain()
    assert app.assert_sound().inputs == EVENTS + 900


def test_a_worker_whose_answers_alone_are_lost_is_replaced_with_what_it_committed(
    app: Application, link: Link
):
    linked(app, link)
    app.worker().await_ready()
    app.publish(traffic(300))
    link.cut(Way.BACK)
    app.publish(traffic(600, seed=2, prefix="later-"))
    app.drain()
    link.mend()
    app.publish(traffic(300, seed=3, prefix="last-"))
    app.drain()
    assert app.assert_sound().inputs == 1_200


def test_a_short_cut_costs_nothing_but_its_time(start_app: Callable[..., Application], link: Link):
    app = start_app(session_timeout_s=LONG_SESSION_S)
    worker = linked(app, link)
    app.publish(traffic(300))
    link.cut()
    app.publish(traffic(300, seed=2, prefix="later-"))
    pause(SHORT_S)
    assert waiting(app)
    link.mend()
    wait_until(app.drained, 30, "what waited is decided")
    assert worker.exit_code is None
    assert app.assert_sound().inputs == 600
