"""`zhengming demo`: brings everything up, shows it at work, checks it, takes it down."""

from __future__ import annotations

import signal
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import redis
import typer
from rich.live import Live

from processors.policy import Policy
from streams.broker import NoKafka
from streams.checker import Report, check
from streams.commands.common import BAD_INPUT, FOUND, err, fail, opened, out, print_json
from streams.demo.screen import Screen
from streams.demo.traffic import Ledger, Publisher, Watcher
from streams.demo.workers import WorkerPool
from streams.jsonl import LineError, read_lines
from streams.packs import load_policy
from streams.sandbox import start_kafka, start_redis
from streams.settings import Settings, load_settings
from streams.simulate import Simulated, Simulation
from streams.topics import create_topics
from streams.views import Views

READY_WITHIN_S = 60.0
STALLED_AFTER_S = 60.0
REFRESH_S = 0.5
ENDLESS = 1 << 62
LIVE_RATE = 500.0


class Stop(Exception):
    """A person or a signal asks to end."""


def demo(
    events: Annotated[int | None, typer.Option(min=1, help="End after so many inputs.")] = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0, help="Inputs per second, 0 for no limit. Live: 500. Else: no limit."),
    ] = None,
    input_file: Annotated[
        str | None, typer.Option("--input", help="Your own JSON lines instead of simulated ones.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=8, help="Worker processes.")] = 2,
    accounts: Annotated[int, typer.Option(min=1, help="Simulated accounts.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Seed of the simulated traffic.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="No picture; one JSON object.")] = False,
) -> None:
    """Bring up Kafka, Redis and workers, publish account traffic, and watch it being decided.

    Without --events and --input it runs until Ctrl-C. With them it runs to the end, checks every
    record, and exits with 1 when anything was lost or doubled.
    """
    if json and events is None and input_file is None:
        raise fail("--json needs an end: give --events N or --input FILE")
    inputs = _inputs(events, input_file, accounts, seed)
    bounded = events is not None or input_file is not None
    pace = rate if rate is not None else (0.0 if bounded else LIVE_RATE)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        with ExitStack() as stack:
            code = _run(stack, inputs, pace, workers, bounded=bounded, json=json)
    except (Stop, KeyboardInterrupt):
        err.print("stopped")
        code = 0 if not bounded else FOUND
    except (NoKafka, LineError) as error:
        raise fail(str(error), BAD_INPUT) from error
    raise typer.Exit(code)


def _stop(_signal: int, _frame: Any) -> None:
    raise Stop


def _inputs(
    events: int | None, input_file: str | None, accounts: int, seed: int
) -> Iterable[Simulated]:
    if input_file is not None:
        # Read to the end before anything is started: a bad line must not stop half-way.
        try:
            with opened(input_file) as source:
                lines = [Simulated(x.topic, x.record) for x in read_lines(source, input_file)]
        except LineError as error:
            raise fail(str(error)) from error
        return lines[:events]
    now = time.time_ns() // 1_000_000
    simulation = Simulation(seed=seed, accounts=accounts, start=now, step_ms=0.0)
    return simulation.events(events or ENDLESS)


def _run(
    stack: ExitStack,
    inputs: Iterable[Simulated],
    pace: float,
    workers: int,
    *,
    bounded: bool,
    json: bool,
) -> int:
    def say(text: str) -> None:
        if not json:
            err.print(text)

    say("starting Kafka (the first time, Maven fetches it) ...")
    kafka = stack.enter_context(start_kafka())
    if kafka.kind == "mock":
        err.print(
            "No Java: this is the mock cluster inside librdkafka, for a look only. "
            "Install Java 17 and Maven for a real Apache Kafka.",
            style="yellow",
        )
    cache = stack.enter_context(start_redis())
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zhengming-demo-")))
    name = f"demo-{time.time_ns() // 1_000_000}"
    settings = load_settings(
        kafka=kafka.bootstrap,
        redis_url=cache.url,
        app_id=name,
        topic_prefix=f"{name}.",
        data_dir=directory / "data",
    )
    policy = load_policy(settings)
    create_topics(settings)
    pool = WorkerPool(settings, workers, directory)
    stack.callback(pool.stop)
    pool.start()
    say(f"Kafka ({kafka.kind}) at {kafka.bootstrap}, Redis ({cache.kind}), {workers} workers ...")
    _await_ready(pool, workers)
    ledger, views = Ledger(), Views(settings.redis_url, f"{name}:")
    stack.callback(views.close)
    watcher = Watcher(settings, ledger, views)
    publisher = Publisher(settings, ledger, inputs, pace)
    stack.callback(_end, publisher, watcher)
    watcher.start()
    publisher.start()
    levels = tuple(level.name for level in policy.pack.credit.levels)
    screen = Screen(ledger, watcher, views, pool, levels, f"Kafka {kafka.kind} {kafka.bootstrap}")
    _watch(publisher, watcher, ledger, None if json else screen)
    if not bounded:
        return 0
    return _conclude(settings, policy, pool, watcher, ledger, json=json)


def _await_ready(pool: WorkerPool, workers: int) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    pause = threading.Event()
    while pool.ready() < workers:
        if time.monotonic() > deadline:
            logs = "".join(
                p.read_text("utf-8", "replace")[-2_000:] for p in pool.logs.glob("*.log")
            )
            raise fail(f"the workers did not become ready; the end of their logs:\n{logs}", 1)
        pause.wait(0.1)


def _end(publisher: Publisher, watcher: Watcher) -> None:
    for thread in (publisher, watcher):
        thread.stopping.set()
        if thread.is_alive():
            thread.join(10.0)


def _watch(publisher: Publisher, watcher: Watcher, ledger: Ledger, screen: Screen | None) -> None:
    """Wait until everything is answered, drawing if there is a screen."""
    pause = threading.Event()
    last, since = -1, time.monotonic()
    with ExitStack() as stack:
        live = (
            stack.enter_context(Live(console=out, auto_refresh=False, transient=False))
            if screen is not None
            else None
        )
        while publisher.is_alive() or ledger.waiting:
            if live is not None and screen is not None:
                try:
                    live.update(screen.draw(), refresh=True)
                except redis.RedisError:
                    watcher.views_wait = True
            for thread in (publisher, watcher):
                if thread.error is not None:
                    raise fail(f"the demo's {type(thread).__name__} failed: {thread.error!r}", 1)
            if ledger.answered != last:
                last, since = ledger.answered, time.monotonic()
            elif not publisher.is_alive() and time.monotonic() - since > STALLED_AFTER_S:
                return  # what is still waiting is told as lost
            pause.wait(REFRESH_S if live is not None else 0.05)
        if live is not None and screen is not None:
            live.update(screen.draw(), refresh=True)


def _conclude(
    settings: Settings,
    policy: Policy,
    pool: WorkerPool,
    watcher: Watcher,
    ledger: Ledger,
    *,
    json: bool,
) -> int:
    """Stop the workers, check the whole run on the broker, tell the result."""
    pool.stop()
    report = check(settings, policy)
    seconds = max(ledger.last_answer - ledger.first_sent, 1e-9)
    result = {
        "events": report.inputs,
        "duplicates": report.duplicates,
        "verdicts": watcher.counts["Verdict"],
        "disposals": watcher.counts["Disposal"],
        "escalations": watcher.counts["escalations opened"],
        "dead_letters": report.dead_letters,
        "lost": report.lost + ledger.waiting + sum(ledger.failed.values()),
        "doubled": report.doubled,
        "diverged": sum(report.problems[p] for p in ("order", "state", "outputs", "fold")),
        "restarts": pool.restarts,
        "rate": round(ledger.answered / seconds, 1),
        "p50_ms": _rounded(ledger.percentile(0.5)),
        "p99_ms": _rounded(ledger.percentile(0.99)),
    }
    if json:
        print_json(result)
    else:
        out.print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in result.items()))
    _explain(report)
    sound = report.ok and not result["lost"]
    return 0 if sound else FOUND


def _explain(report: Report) -> None:
    for problem, examples in report.examples.items():
        for example in examples:
            err.print(f"{problem}: {example}", style="red", markup=False, soft_wrap=True)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
