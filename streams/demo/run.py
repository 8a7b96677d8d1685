"""Brings the demo up, shows it at work, checks it, and takes it down."""

from __future__ import annotations

import contextlib
import secrets
import signal
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import redis
from confluent_kafka import KafkaException
from rich.live import Live
from rich.table import Table

from processors.policy import Policy
from streams.broker import NoKafka
from streams.checker import Report, check
from streams.children import free_ports
from streams.clients import create_admin, topic_partitions
from streams.commands.common import BAD_INPUT, FOUND, OK, complain, err, fail, out, print_json
from streams.demo.ledger import Ledger
from streams.demo.screen import Screen
from streams.demo.traffic import Publisher, Watcher
from streams.demo.workers import Companion, WorkerPool
from streams.packs import load_policy
from streams.sandbox import start_kafka, start_redis
from streams.settings import Settings, load_settings
from streams.simulate import Simulated, Simulation
from streams.sources.live import LiveInputs
from streams.topics import create_topics, drained
from streams.views import ViewReader

READY_WITHIN_S = 60.0
STALLED_AFTER_S = 60.0
MOCK_QUIET_S = 2.0
"""The mock does not tell how far its reader is: all is decided when nothing more comes out."""
DRAW_S = 0.5
LOOK_S = 0.05
ENDLESS = 1 << 62
LIVE_RATE = 500.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(Exception):
    """A person or a signal asks to end."""


@dataclass(frozen=True)
class Plan:
    """What is asked for: simulated traffic where there are no ``lines``; see `zhengming demo`."""

    events: int | None = None
    rate: float | None = None
    lines: list[Simulated] | None = None
    workers: int = 2
    accounts: int = 2_000
    seed: int = 1
    json: bool = False
    live: LiveInputs | None = None
    """A public stream instead of simulated traffic."""

    @property
    def bounded(self) -> bool:
        """Whether it comes to an end by itself."""
        return self.events is not None or self.lines is not None

    @property
    def pace(self) -> float:
        """Inputs per second, 0 for as fast as they are answered."""
        if self.rate is not None:
            return self.rate
        return 0.0 if self.bounded else LIVE_RATE

    def inputs(self) -> Iterable[Simulated]:
        """The inputs to publish."""
        if self.lines is not None:
            return self.lines
        if self.live is not None:
            return islice(self.live, self.events)
        simulation = Simulation(
            seed=self.seed,
            accounts=self.accounts,
            start=time.time_ns() // 1_000_000,
            step_ms=1_000 / self.pace if self.pace else 0.0,
        )
        return simulation.events(self.events or ENDLESS)


def run(plan: Plan) -> int:
    """Run the demo to its end or until a signal; returns the exit code."""
    try:
        with _signals(), ExitStack() as stack:
            return _Demo(plan, stack).run()
    except Stop:
        err.print("stopped")
        return FOUND if plan.bounded else OK
    except NoKafka as error:
        raise fail(str(error), BAD_INPUT) from error


@contextmanager
def _signals() -> Iterator[None]:
    """Turn the first signal into `Stop`, and let nothing disturb the clearing up after it."""

    def stop(_number: int, _frame: Any) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise Stop

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Demo:
    def __init__(self, plan: Plan, stack: ExitStack) -> None:
        self._plan = plan
        self._stack = stack
        self._ledger = Ledger()
        self._mock = False
        self._companions: list[Companion] = []

    def _say(self, text: str) -> None:
        if not self._plan.json:
            err.print(text)

    def run(self) -> int:
        """Everything, in order."""
        settings, title = self._bring_up()
        policy = load_policy(settings)
        directory = self._directory()
        pool = self._start_workers(settings, directory)
        views = ViewReader(settings, policy.pack.credit)
        self._stack.callback(views.close)
        console = None
        if not self._plan.json:
            self._start("views", settings, directory)
            if not self._plan.bounded:
                console = self._start_gateway(settings, directory)
        watcher = Watcher(settings, self._ledger)
        publisher = Publisher(
            settings,
            self._ledger,
            self._plan.inputs(),
            self._plan.pace,
            in_order=self._plan.lines is not None,
        )
        for thread in (watcher, publisher):
            self._stack.callback(thread.end)
            thread.start()
        if self._plan.live is not None:
            self._stack.callback(self._plan.live.close)
        screen = None
        if not self._plan.json:
            screen = Screen(self._ledger, watcher, views, pool, policy.pack, title, console)
        self._watch(settings, publisher, watcher, pool, screen)
        if not self._plan.bounded:
            return OK
        pool.stop()
        return self._conclude(settings, policy, watcher, pool)

    def _bring_up(self) -> tuple[Settings, str]:
        """Start Kafka and Redis and create the topics; returns the settings and a title."""
        self._say("starting Kafka (the first time, Maven fetches it) ...")
        kafka = self._stack.enter_context(start_kafka())
        self._mock = kafka.kind == "mock"
        if self._mock:
            err.print(
                f"This is {kafka.note}. It runs one worker only, for its groups are no good, "
                "and proves nothing about Apache Kafka.",
                style="yellow",
                soft_wrap=True,
            )
        cache = self._stack.enter_context(start_redis())
        name = f"demo-{time.time_ns() // 1_000_000}"
        # The mock knows no other number, and alters what its checksums are about.
        fixed = {"partitions": 4, "kafka_check_crcs": False} if self._mock else {}
        settings = load_settings(
            kafka=kafka.bootstrap,
            redis_url=cache.url,
            app_id=name,
            topic_prefix=f"{name}.",
            **fixed,
        )
        if kafka.kind == "external":
            self._stack.callback(_delete_topics, settings)
        create_topics(settings)
        title = f"Kafka {kafka.kind} {kafka.bootstrap} · Redis {cache.kind}"
        return settings, title

    def _directory(self) -> Path:
        """Where logs and data of the demo's processes lie until its end."""
        return Path(
            self._stack.enter_context(
                tempfile.TemporaryDirectory(prefix="zhengming-demo-", ignore_cleanup_errors=True)
            )
        )

    def _start(self, name: str, settings: Settings, directory: Path, **more: str) -> Companion:
        """Start a process beside the workers."""
        (port,) = free_ports(1)
        companion = Companion(settings, directory, name, port, **more)
        self._stack.callback(companion.stop)
        self._companions.append(companion)
        return companion

    def _start_gateway(self, settings: Settings, directory: Path) -> str | None:
        """Start the gateway; returns the address that opens the console once."""
        if find_spec("nicegui") is None:
            self._say("without the extra `gateway` there is no console")
            return None
        code = secrets.token_urlsafe(16)
        gateway = self._start("gateway", settings, directory, ZHENGMING_GATEWAY_LOGIN=code)
        self._say("starting the gateway ...")
        deadline, pause = time.monotonic() + READY_WITHIN_S, threading.Event()
        while not gateway.ready():
            gateway.supervise()
            if time.monotonic() > deadline:
                raise fail(f"the gateway did not become ready; {gateway.tail()}", FOUND)
            pause.wait(LOOK_S)
        address = f"http://127.0.0.1:{gateway.port}"
        self._say(f"gateway {address}/v1/openapi.json")
        self._say(f"console {address}/login/{code} (opens once)")
        return f"{address}/login/{code}"

    def _start_workers(self, settings: Settings, directory: Path) -> WorkerPool:
        pool = WorkerPool(settings, directory)
        self._stack.callback(pool.stop)
        count = 1 if self._mock else self._plan.workers
        self._say(f"starting {count} workers ...")
        pool.start(count)
        self._await_ready(pool, count)
        return pool

    def _await_ready(self, pool: WorkerPool, wanted: int) -> None:
        deadline, pause = time.monotonic() + READY_WITHIN_S, threading.Event()
        while pool.ready() < wanted:
            pool.supervise()
            if time.monotonic() > deadline:
                raise fail(f"the workers did not become ready; their logs:\n{pool.tails()}", FOUND)
            pause.wait(LOOK_S)

    def _watch(
        self,
        settings: Settings,
        publisher: Publisher,
        watcher: Watcher,
        pool: WorkerPool,
        screen: Screen | None,
    ) -> None:
        """Wait until everything is answered and decided, drawing if there is a screen."""
        ledger, pause, admin = self._ledger, threading.Event(), create_admin(settings)

        def settled() -> bool:  # a first answer may wait for what other accounts say
            if self._mock:
                return time.monotonic() - watcher.last_output > MOCK_QUIET_S
            return drained(admin, settings)

        last, since = -1, time.monotonic()
        live = Live(console=out, auto_refresh=False)
        with live if screen is not None else contextlib.nullcontext():
            while publisher.is_alive() or ledger.waiting or not settled():
                if screen is not None:
                    _draw(live, screen)
                pool.supervise()
                for companion in self._companions:
                    companion.supervise()
                for thread in (publisher, watcher):
                    if thread.error is not None:
                        raise fail(f"{type(thread).__name__} failed: {thread.error!r}", FOUND)
                if ledger.answered != last:
                    last, since = ledger.answered, time.monotonic()
                elif (
                    ledger.waiting or not publisher.is_alive()
                ) and time.monotonic() - since > STALLED_AFTER_S:
                    complain(f"{ledger.waiting} events have no answer, or not all is processed")
                    return
                pause.wait(DRAW_S if screen is not None else LOOK_S)
            if screen is not None:
                _draw(live, screen)

    def _conclude(
        self, settings: Settings, policy: Policy, watcher: Watcher, pool: WorkerPool
    ) -> int:
        """Check the whole run on the broker and tell the result."""
        self._say("checking every record ...")
        ledger, report = self._ledger, check(settings, policy)
        failed = sum(ledger.failed.values())
        result = {
            "events": report.inputs,
            "duplicates": report.duplicates,
            "verdicts": watcher.counts["verdicts"],
            "disposals": watcher.counts["disposals"],
            "escalations": watcher.counts["escalations"],
            "dead_letters": report.dead_letters,
            "lost": report.lost + failed,
            "doubled": report.doubled,
            "diverged": report.diverged,
            "restarts": pool.restarts,
            "rate": round(ledger.rate, 1),
            "p50_ms": _rounded(ledger.percentile(0.5)),
            "p99_ms": _rounded(ledger.percentile(0.99)),
        }
        if self._plan.json:
            print_json(result)
        else:
            out.print(_table(result))
        _explain(report, ledger)
        if report.ok and not failed and not ledger.waiting:
            return OK
        complain(f"the workers' logs:\n{pool.tails()}")
        return FOUND


def _draw(live: Live, screen: Screen) -> None:
    with contextlib.suppress(redis.RedisError):  # the picture stands still; the stream goes on
        live.update(screen.draw(), refresh=True)


def _delete_topics(settings: Settings) -> None:
    """Leave nothing of the demo on a Kafka that is not its own."""
    admin = create_admin(settings)
    try:
        ours = [name for name in topic_partitions(admin) if name.startswith(settings.app_id)]
        for deleted in admin.delete_topics(ours).values() if ours else ():
            deleted.result(30)
    except KafkaException as error:
        complain(f"the topics {settings.app_id}* could not be deleted: {error.args[0].str()}")


def _table(result: dict[str, Any]) -> Table:
    table = Table("checked", "", title="结果 result", show_edge=False)
    for name, value in result.items():
        shown = f"{value:,}" if isinstance(value, int | float) else "-"
        table.add_row(name.replace("_", " "), shown)
    return table


def _explain(report: Report, ledger: Ledger) -> None:
    for problem, examples in report.examples.items():
        for example in examples:
            complain(f"{problem}: {example}")
    for error, count in ledger.failed.items():
        complain(f"Kafka did not take {count} events: {error}")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
