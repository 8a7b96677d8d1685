"""Item: the gateway and the views, as processes, under a steady load; and the console's pages.

Requests are sent at fixed times whatever the answers do, and timed from when they were due, so a
stall counts for all that waited behind it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import psutil  # type: ignore[import-untyped]  # ships no types
from playwright.sync_api import Browser

from benchmarks.console import PAGES, Visitor, find_browser, open_browser
from benchmarks.ground import Failed, Ground, wait_until
from benchmarks.traffic import Event
from streams.children import Child, free_ports
from streams.clients import create_producer
from streams.gateway.keys import draw_key, entry
from streams.gateway.roles import Role
from streams.packs import load_policy
from streams.sandbox import start_redis
from streams.settings import Settings
from streams.topics import real_name
from streams.views import ViewReader
from streams.views.documents import Status

READY_WITHIN_S = 90.0
WARM_S = 10.0
CONNECTIONS = 64
TEXTS = ("林小鱼", "今天也要好好生活", "加V信 demo_12345 领取资料", "南京一名摄影爱好者")


@dataclass(frozen=True)
class Answered:
    """Latencies in ms at one rate, and the CPU of the gateway a request."""

    rate: int
    requests: int
    p50: float
    p99: float
    failed: int
    cpu_us: float


@dataclass(frozen=True)
class Lagged:
    """How far the views were behind, in ms, while inputs came at a rate."""

    rate: float
    samples: int
    median: float
    worst: float


class Stack:
    """A worker, the views and the gateway on one broker; a context manager."""

    def __init__(self, ground: Ground, name: str) -> None:
        self._stack = ExitStack()
        redis = self._stack.enter_context(start_redis())
        self.settings = ground.prepare(name).model_copy(update={"redis_url": redis.url})
        self._directory = self.settings.data_dir
        self._key = draw_key()
        keys = self._directory / "keys.toml"
        keys.write_text(entry("bench", list(Role), self._key))
        (self._port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self._port}"
        self._more = {
            "ZHENGMING_GATEWAY_PORT": str(self._port),
            "ZHENGMING_GATEWAY_KEYS": str(keys),
            "ZHENGMING_GATEWAY_RATE": "100000",
            "ZHENGMING_GATEWAY_WAIT_MS": "10000",
        }
        self.gateway = self._start("gateway")
        for process in ("worker", "views"):
            self._start(process)

    def _start(self, name: str) -> Child:
        settings = self.settings
        environment = {
            "ZHENGMING_KAFKA": settings.kafka,
            "ZHENGMING_REDIS": settings.redis_url,
            "ZHENGMING_APP_ID": settings.app_id,
            "ZHENGMING_TOPIC_PREFIX": settings.topic_prefix,
            "ZHENGMING_PARTITIONS": str(settings.partitions),
            "ZHENGMING_DATA_DIR": str(self._directory / name),
            "ZHENGMING_WEB_PORT": str(free_ports(1)[0]),
            **self._more,
        }
        command = [sys.executable, "-m", "streams.cli", name]
        return self._stack.enter_context(
            Child(command, self._directory / f"{name}.log", environment)
        )

    @contextmanager
    def own_core(self) -> Iterator[None]:
        """Keep the gateway to one core, all its threads, and everything else of ours off it."""
        cores = os.sched_getaffinity(0)
        own = {min(cores)}
        ours, gateway = psutil.Process(), psutil.Process(self.gateway.pid)
        others = [one for one in (ours, *ours.children(recursive=True)) if one != gateway]
        _keep_to(own, [gateway])
        _keep_to(cores - own or own, others)
        try:
            yield
        finally:
            _keep_to(cores, [gateway, *others])

    def visitor(self, browser: Browser) -> Visitor:
        """Somebody at the console."""
        return Visitor(browser, self.url, self._key)

    def session(self) -> aiohttp.ClientSession:
        """A caller with a key."""
        return aiohttp.ClientSession(
            self.url,
            headers={"Authorization": f"Bearer {self._key}"},
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        )

    def __enter__(self) -> Stack:
        async def ready() -> bool:
            try:
                async with self.session() as session, session.get("/ready") as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        wait_until("the gateway to be ready", READY_WITHIN_S, lambda: asyncio.run(ready()))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _keep_to(cores: set[int], processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            for thread in process.threads():
                os.sched_setaffinity(thread.id, cores)


def paints(stack: Stack, tries: int) -> dict[str, list[float]]:
    """Times to the first paint of each page in ms, in order; nothing without a browser."""
    program = find_browser()
    if program is None:
        return {}
    with open_browser(program) as browser:
        visitor = stack.visitor(browser)
        return {page: sorted(visitor.paint(page) for _ in range(tries)) for page in PAGES}


def check(number: int) -> tuple[str, dict[str, Any]]:
    """A request of somebody who types."""
    return "/v1/checks", {"items": [{"bio": f"{TEXTS[number % len(TEXTS)]} {number}"}]}


def change(number: int) -> tuple[str, dict[str, Any]]:
    """A change of an account of its own."""
    text = f"{TEXTS[number % len(TEXTS)]} {number}"
    return "/v1/changes", {"account_id": f"g{number}", "phase": "APPLIED", "bio": text}


Request = Callable[[int], tuple[str, dict[str, Any]]]


def answers(stack: Stack, request: Request, rate: int, seconds: float) -> Answered:
    """Send requests at a rate and time the answers."""
    process = psutil.Process(stack.gateway.pid)
    asyncio.run(_load(stack, request, rate, WARM_S, 1_000_000))
    before = sum(process.cpu_times()[:2])
    times, failed = asyncio.run(_load(stack, request, rate, seconds, 0))
    spent = sum(process.cpu_times()[:2]) - before
    if not times:
        raise Failed(f"no request was answered; {stack.gateway.tail()}")
    times.sort()
    return Answered(
        rate,
        len(times),
        times[len(times) // 2],
        times[int(len(times) * 0.99)],
        failed,
        spent / len(times) * 1e6,
    )


async def _load(
    stack: Stack, request: Request, rate: int, seconds: float, first: int
) -> tuple[list[float], int]:
    times: list[float] = []
    failed = 0
    async with stack.session() as session:

        async def one(number: int, due: float) -> None:
            nonlocal failed
            path, body = request(number)
            async with session.post(path, json=body) as answer:
                await answer.read()
                failed += answer.status != 200
            times.append((time.perf_counter() - due) * 1e3)

        began, tasks = time.perf_counter(), []
        for number in range(int(rate * seconds)):
            due = began + number / rate
            if (ahead := due - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            tasks.append(asyncio.create_task(one(first + number, due)))
        await asyncio.gather(*tasks)
    return times, failed


def lag(stack: Stack, events: Iterator[Event], rate: int, seconds: float) -> Lagged:
    """Publish inputs at a rate and look how far the views are behind."""
    settings = stack.settings
    views = ViewReader(settings, load_policy(settings).pack.credit)
    seen: dict[int, Status] = {}
    published, began = _publish(settings, events, rate, seconds, views, seen)
    views.close()
    behind = sorted(status.behind_ms for status in seen.values())
    if not behind:
        raise Failed("nobody fed the views")
    spent = time.perf_counter() - began
    return Lagged(
        published / spent, len(behind), float(behind[len(behind) // 2]), float(behind[-1])
    )


def _publish(
    settings: Settings,
    events: Iterator[Event],
    rate: int,
    seconds: float,
    views: ViewReader,
    seen: dict[int, Status],
) -> tuple[int, float]:
    producer: Any = create_producer(settings, linger_ms=5)
    began, looked, number = time.perf_counter(), 0.0, 0
    for number, event in enumerate(events):
        now = time.perf_counter()
        if now - began > seconds:
            break
        producer.produce(real_name(settings, event.topic), event.value, event.key)
        if (ahead := began + number / rate - now) > 0.001:
            producer.poll(0)
            time.sleep(ahead)
        if now - looked > 0.2:
            looked = now
            if now - began > WARM_S and (status := views.status()) is not None:
                seen[status.at] = status
    producer.flush(30)
    return number, began
