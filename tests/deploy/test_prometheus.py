"""A real Prometheus beside the whole application under load: everything it is asked, it answers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import SettingsFactory
from tests.deploy.application import Running
from tests.deploy.boards import choices, expressions
from tests.deploy.prometheus import (
    Prometheus,
    alert_rules,
    program,
    prometheus,
    recorded,
    selectors,
)
from tests.support import wait_until

WITHIN = 60
SCRAPES = "min(count_over_time(up[2m])) > 5"


@pytest.fixture(scope="module")
def needed() -> str:
    return program("prometheus")


@pytest.fixture
def running(
    needed: str, settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> Iterator[Running]:
    with Running(settings(redis_url=redis_url), tmp_path) as started:
        yield started


def unanswered(server: Prometheus, asked: dict[str, str]) -> dict[str, str]:
    """What is answered with nothing, or with nothing that is a number."""
    return {
        where: expr
        for where, expr in asked.items()
        if not any(map(math.isfinite, server.query(expr)))
    }


def answered(server: Prometheus, asked: dict[str, str], what: str) -> None:
    """Wait until every expression is answered with a number."""
    left = dict(asked)

    def done() -> bool:
        nonlocal left
        left = unanswered(server, left)
        return not left

    try:
        wait_until(done, WITHIN, what, every=1)
    except AssertionError as error:
        lines = "\n".join(f"{where}: {expr}" for where, expr in left.items())
        raise AssertionError(f"{error}; not answered:\n{lines}") from None


def test_every_expression_is_answered_and_a_worker_that_stops_is_told_of(
    running: Running, tmp_path: Path
) -> None:
    with prometheus(tmp_path / "prometheus", running.targets()) as server:
        wait_until(lambda: server.query(SCRAPES), WITHIN, "each target is scraped", every=0.5)
        asked = expressions()
        assert len(asked) > 80
        answered(server, asked, "every panel of every dashboard shows something")
        answered(server, {name: name for name in recorded()}, "every recording rule records")
        for metric, label in choices():
            offered = partial(server.ask, f"/label/{label}/values", **{"match[]": metric})
            wait_until(offered, WITHIN, f"values of {label} of {metric} are offered", every=0.5)
        named = {
            f"{alert}: {selector}": f"count({selector})"
            for alert, rule in alert_rules().items()
            for name, selector in selectors(rule["expr"])
        }
        answered(server, named, "every alert looks at series that are there")
        rules = [rule for group in server.ask("/rules")["groups"] for rule in group["rules"]]
        assert {rule["name"]: rule.get("lastError", "") for rule in rules} == dict.fromkeys(
            [*recorded(), *alert_rules()], ""
        )
        for counted in ("zhengming_views_work", 'zhengming_complaints_total{state="RECEIVED"}'):
            some = partial(server.query, f"sum({counted}) > 0")
            wait_until(some, WITHIN, f"{counted} counts something", every=0.5)
        about_workers(server, running)


def about_workers(server: Prometheus, running: Running) -> None:
    """Stop one worker, then the other; the alerts for it fire, and no other about workers."""
    down, none = "ZhengmingWorkerDown", "ZhengmingNoWorker"
    first, second = (f"127.0.0.1:{running.ports[name]}" for name in ("worker-1", "worker-2"))

    def told() -> set[tuple[str, str]]:
        return {alert for alert in server.firing() if alert[0] in (down, none)}

    wait_until(lambda: told() == set(), WITHIN, "no alert about workers fires", every=0.3)
    running.children["worker-1"].kill()
    wait_until(lambda: told() == {(down, first)}, WITHIN, "the alert fires", every=0.3)
    wait_until(
        lambda: server.query("sum(zhengming_partitions_ready)") == [2.0],
        WITHIN,
        "the other worker has all partitions",
        every=0.3,
    )
    running.children["worker-2"].kill()
    wait_until(
        lambda: told() == {(down, first), (down, second), (none, "")},
        WITHIN,
        "nobody works, and that is told",
        every=0.3,
    )
