"""The demo: its bookkeeping, its views, its picture, and the whole of it, end to end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psutil
import pytest

from schemas.records import Decision
from streams import children
from streams.clients import create_admin, topic_partitions
from streams.commands.common import Terminal
from streams.demo.ledger import Ledger
from streams.demo.screen import Screen
from streams.packs import load_policy
from streams.sandbox import Kafka
from streams.settings import Settings
from streams.views.documents import Headline
from streams.views.reader import Work
from tests.streams.command_line import Command
from tests.support import wait_until

ROOT = Path(__file__).parents[2]
POLICY = load_policy(Settings())
KEYS = {
    "events",
    "duplicates",
    "verdicts",
    "disposals",
    "escalations",
    "dead_letters",
    "lost",
    "doubled",
    "diverged",
    "restarts",
    "rate",
    "p50_ms",
    "p99_ms",
}


class Delivered(SimpleNamespace):
    """A delivery report's message."""

    def topic(self) -> str:
        return "t"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return int(self.at)


# -- the ledger --------------------------------------------------------------------------------


def test_an_event_waits_until_it_is_answered() -> None:
    ledger = Ledger()
    ledger.send(("a", "1"))
    assert (ledger.waiting, ledger.is_busy("a"), ledger.percentile(0.5)) == (1, True, None)
    ledger.answer(("a", "1"))
    ledger.answer(("a", "1"))
    assert (ledger.waiting, ledger.is_busy("a"), ledger.answered) == (0, False, 1)
    assert ledger.percentile(0.99) is not None


def test_a_repeated_event_is_answered_by_the_first_answer_however_late_it_is_sent() -> None:
    ledger = Ledger()
    ledger.send(("a", "1"))
    ledger.answer(("a", "1"))
    ledger.send(("a", "1"))
    assert (ledger.sent, ledger.waiting) == (2, 0)


@pytest.mark.parametrize("report_first", [True, False])
def test_a_dead_letter_is_an_answer_whichever_comes_first(report_first: bool) -> None:
    ledger = Ledger()
    ledger.send(("a", "1"))
    report = [lambda: ledger.delivered(("a", "1"), None, Delivered(at=7))]
    letter = [lambda: ledger.set_aside(("t", 0, 7))]
    for step in report + letter if report_first else letter + report:
        step()
    assert (ledger.waiting, ledger.answered) == (0, 1)


def test_what_kafka_did_not_take_is_counted_and_no_longer_waited_for() -> None:
    ledger = Ledger()
    ledger.send(("a", "1"))
    ledger.delivered(("a", "1"), SimpleNamespace(str=lambda: "too large"), None)
    assert (ledger.waiting, ledger.failed) == (0, Counter({"too large": 1}))
    assert not ledger.is_busy("a")


# -- the picture -------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (120, 40), (200, 60)])
def test_the_picture_fits_terminals_of_every_size(width: int, height: int) -> None:
    finding = Headline(
        "a[/x]\x1b", "e1", "REFUSE", "contacts.individual", "CAC-08-6", "BIO",
        "A contact of the form wechat is in the bio.", 0, 1,
    )  # fmt: skip
    watcher = SimpleNamespace(
        counts=Counter(), decisions=Counter(dict.fromkeys(Decision, 1000)), steps=Counter()
    )  # fmt: skip
    views = SimpleNamespace(
        work=lambda _now: {"review": Work(10, 2), "appeal": Work(2, 1)},
        levels=lambda: {"B": 10, "C": 0},
        findings=lambda: [finding],
        status=lambda: None,
    )
    workers = SimpleNamespace(lag=lambda: 5, ready=lambda: 2, restarts=0)
    parts: list[Any] = [Ledger(), watcher, views, workers]
    screen = Screen(*parts, POLICY.pack, "Kafka")
    console = Terminal(width=width, height=height, record=True, file=open(os.devnull, "w"))  # noqa: SIM115,PTH123
    console.print(screen.draw())
    text = console.export_text()
    assert len(text.splitlines()) <= height
    for word in (
        "拒绝 refuse",
        "从严核验 strict hold",
        "12 open, 3 overdue",
        "a[/x]⟨U+001B⟩",
        "2 ready, 0 restarts",
    ):
        assert word in text
    assert "账号信息中含有联系方式" in text
    assert "A contact of the form wechat" in text


# -- end to end --------------------------------------------------------------------------------


def demo_topics(kafka: Kafka) -> set[str]:
    there = topic_partitions(create_admin(Settings(kafka=kafka.bootstrap)))
    return {name for name in there if name.startswith("demo-")}


def test_the_demo_runs_to_its_end_checks_itself_and_leaves_nothing(
    command: Command, kafka: Kafka, redis_url: str
) -> None:
    left = command(
        "demo", "--events", "1500", "--json",
        ZHENGMING_KAFKA=kafka.bootstrap,
        ZHENGMING_REDIS=redis_url,
        ZHENGMING_PARTITIONS="2",
    )  # fmt: skip
    assert left.code == 0, left.err
    result = json.loads(left.out)
    assert set(result) == KEYS
    assert result["events"] == 1_500
    assert (result["lost"], result["doubled"], result["diverged"]) == (0, 0, 0)
    assert result["verdicts"] > 900
    assert result["p50_ms"] <= result["p99_ms"]
    wait_until(lambda: not demo_topics(kafka), 20, "the demo's topics are deleted")


def test_the_demo_tells_a_story_of_ones_own_in_its_order(
    command: Command, kafka: Kafka, redis_url: str
) -> None:
    story = str(ROOT / "examples" / "city-government.jsonl")
    left = command(
        "demo", "--input", story, "--workers", "1",
        ZHENGMING_KAFKA=kafka.bootstrap,
        ZHENGMING_REDIS=redis_url,
        ZHENGMING_PARTITIONS="2",
    )  # fmt: skip
    assert left.code == 0, left.err
    told = {
        cells[0]: cells[1] for line in left.out.splitlines() if len(cells := cells_of(line)) == 2
    }
    assert told["events"] == "45"
    assert told["lost"] == told["doubled"] == "0"
    assert told["disposals"] == "4"  # suspended, lifted, closed, barred: each ruling met its change


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.replace("│", "|").split("|")]


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it has ended since it was asked for
        return False


def demo(*arguments: str) -> list[str]:
    """The command line of a demo that keeps to the ports of this process, if others run beside."""
    program = f"from streams import children, cli; children.PORTS = {children.PORTS!r}; cli.main()"
    return [sys.executable, "-c", program, "demo", *arguments]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything(
    kafka: Kafka, redis_url: str, number: signal.Signals, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "ZHENGMING_KAFKA": kafka.bootstrap,
        "ZHENGMING_REDIS": redis_url,
        "ZHENGMING_PARTITIONS": "2",
        "TMPDIR": str(tmp_path),
    }
    process = subprocess.Popen(
        demo("--rate", "50"),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    parent = psutil.Process(process.pid)
    try:
        wait_until(
            lambda: len(parent.children(recursive=True)) >= 3,
            60,
            "two workers and the views",
            every=0.1,
        )
        begun = parent.children(recursive=True)
        process.send_signal(number)
        out, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0
    assert out.rstrip().endswith("stopped")
    # One that was just being started is killed by the kernel, a moment after its parent is gone.
    wait_until(lambda: not any(map(lives, begun)), 10, "no process is left")
    wait_until(lambda: not demo_topics(kafka), 20, "the demo's topics are deleted")
    assert list(tmp_path.iterdir()) == []


def test_the_demo_opens_the_console_once_and_stops_cleanly(
    kafka: Kafka, redis_url: str, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "ZHENGMING_KAFKA": kafka.bootstrap,
        "ZHENGMING_REDIS": redis_url,
        "ZHENGMING_PARTITIONS": "2",
        "TMPDIR": str(tmp_path),
        "COLUMNS": "200",
    }
    log = tmp_path / "demo.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            demo("--rate", "50"),
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    parent = psutil.Process(process.pid)
    try:
        told = wait_until(
            lambda: re.search(
                r"console (http://127\.0\.0\.1:\d+)(/login/\S+)", log.read_text("utf-8")
            ),
            90,
            "the console's address is told",
            every=0.2,
        )
        with httpx.Client(base_url=told[1], timeout=30) as client:
            assert client.get("/ready").status_code == 200
            entered = client.get(told[2])
            assert (entered.status_code, entered.headers["location"]) == (303, "/")
            assert "正名" in client.get("/").text
        with httpx.Client(base_url=told[1], timeout=30) as client:
            assert client.get(told[2]).headers["location"] == "/login?wrong"
        begun = parent.children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
    finally:
        process.kill()
    wait_until(lambda: not any(map(lives, begun)), 10, "no process is left")
    assert [path.name for path in tmp_path.iterdir()] == ["demo.log"]


def test_without_java_the_demo_runs_on_the_mock_and_says_so(redis_url: str, tmp_path: Path) -> None:
    without_java = {
        name: value for name, value in os.environ.items() if not name.startswith("ZHENGMING_")
    } | {"PATH": str(tmp_path), "ZHENGMING_REDIS": redis_url}
    result = subprocess.run(
        demo("--events", "300", "--json"),
        cwd=ROOT,
        env=without_java,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "a mock of Kafka, for a look only" in result.stderr
    assert json.loads(result.stdout)["events"] == 300
