"""Runs everything for an hour at half load and says whether anything grows.

``make soak MINUTES=60``. One broker, Redis, two workers (states in memory, and in RocksDB), the
views and the gateway, all as processes. First as many accounts are registered as there will be,
then the machine's pace is measured, then come edits, complaints and rulings at half that pace, or
at ``--rate`` where that is less. Memory, threads, descriptors, lag and latency are sampled all the
while. At the end every record is compared with a pure replay. Exit code 1 when anything grew, was
lost, doubled or bent, or when a process ended.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]  # ships no types
from confluent_kafka import KafkaException
from redis import Redis as RedisClient

from streams.checker import Report, check
from streams.children import Child, free_ports
from streams.clients import create_admin, end_offsets, group_offsets
from streams.demo.ledger import Ledger
from streams.demo.traffic import Publisher, Watcher
from streams.demo.workers import command, environment
from streams.errors import BrokerUnreachable
from streams.gateway.keys import draw_key, entry
from streams.gateway.roles import Role
from streams.packs import load_policy
from streams.sandbox import ApacheKafka, own_redis
from streams.settings import load_settings
from streams.simulate import Simulated, Simulation
from streams.topics import create_topics, drained, input_topics, real_name
from tests.soak_page import Run, page
from tests.steady import Sample, Usage, judge
from tests.support import wait_until

PARTITIONS = 4
READY_S = 120.0
DRAIN_S = 300.0
RAMP_S = 10.0
CALL_S = 0.25
"""Between two rounds of calls of the gateway."""
CALLERS = 50
"""Accounts that are edited by way of the gateway."""
REFUSED = 0.01
"""Share of calls that may find no answer, as while the broker does not give one."""
LOOK_S = 0.5


class Stack:
    """The application as processes; a context manager that ends them all."""

    def __init__(self, directory: Path, patience_s: float) -> None:
        self._exits = ExitStack()
        self._directory = directory
        patient, self._patient = _patience(patience_s) if patience_s else ({}, {})
        self._key = draw_key()
        self._calls = threading.Event()
        self.calls = self.refused = 0
        kafka = self._exits.enter_context(ApacheKafka(properties=patient))
        redis = self._exits.enter_context(own_redis(*free_ports(1)))
        name = f"soak-{time.time_ns() // 1_000_000}"
        self.settings = load_settings(
            kafka=kafka.bootstrap,
            redis_url=redis.url,
            app_id=name,
            topic_prefix=f"{name}.",
            partitions=PARTITIONS,
        )
        create_topics(self.settings)
        keys = directory / "keys.toml"
        keys.write_text(entry("soak", list(Role), self._key), encoding="utf-8")
        self._ports: dict[str, int] = {}
        self._children: dict[str, Child] = {}
        self._start("worker, memory", "worker", ZHENGMING_STORE="memory")
        self._start("worker, RocksDB", "worker", ZHENGMING_STORE="rocksdb")
        self._start("views", "views")
        self._start("gateway", "gateway", ZHENGMING_GATEWAY_KEYS=str(keys))
        assert kafka.broker.pid is not None
        self._watched = {name: psutil.Process(child.pid) for name, child in self._children.items()}
        with RedisClient.from_url(redis.url) as client:
            self._watched["Redis"] = psutil.Process(client.info()["process_id"])
        self._watched["Kafka"] = psutil.Process(kafka.broker.pid)
        self._admin = create_admin(self.settings)

    def _start(self, name: str, process: str, **more: str) -> None:
        (port,) = free_ports(1)
        told = environment(self.settings, self._directory, port, **self._patient, **more)
        child = Child(command(process), self._directory / f"{name}.log", told)
        self._ports[name] = port
        self._children[name] = self._exits.enter_context(child)

    def __enter__(self) -> Stack:
        try:
            wait_until(
                lambda: all(map(self._ready, self._ports)), READY_S, "all processes serve", 0.5
            )
        except BaseException:
            self._exits.close()
            raise
        caller = threading.Thread(target=self._call, daemon=True)
        caller.start()
        self._exits.callback(caller.join, 15)
        self._exits.callback(self._calls.set)
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def _ready(self, name: str) -> bool:
        self.assert_running()
        try:
            url = f"http://127.0.0.1:{self._ports[name]}/ready"
            return httpx.get(url, timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def assert_running(self) -> None:
        """No process has ended: here that is a finding, so none is started again."""
        for name, child in self._children.items():
            assert child.running, f"{name} ended with {child.exit_code}\n{child.tail(40)}"

    def stop_calls(self) -> None:
        """Let nobody call the gateway any more."""
        self._calls.set()

    def usage(self) -> dict[str, Usage]:
        """What each process holds now."""
        return {
            name: Usage(p.memory_info().rss, p.num_threads(), _descriptors(p.pid))
            for name, p in self._watched.items()
        }

    def cpu(self) -> float:
        """Seconds of CPU that all of it has taken so far, this process too."""
        every = [psutil.Process(), *self._watched.values()]
        return float(sum(sum(process.cpu_times()[:2]) for process in every))

    def lag(self) -> dict[int, int]:
        """By partition, inputs that the workers have not told to have processed."""
        topics = [real_name(self.settings, topic.name) for topic in input_topics()]
        ends = end_offsets(self._admin, topics)
        reached = group_offsets(self.settings, self.settings.app_id, ends, 10.0)
        lag = dict.fromkeys(range(PARTITIONS), 0)
        for tp, end in ends.items():
            lag[tp[1]] += max(0, end - max(0, reached[tp]))
        return lag

    def drained(self) -> bool:
        """Whether everything is processed."""
        return drained(self._admin, self.settings)

    def _call(self) -> None:
        """Edits by way of the gateway, with their verdicts, dossiers and the queue of reviews."""
        url = f"http://127.0.0.1:{self._ports['gateway']}"
        headers = {"Authorization": f"Bearer {self._key}"}
        with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
            for number in itertools.count():
                edited = {"account_id": f"g-{number % CALLERS}", "bio": f"第 {number} 天，好好生活"}
                calls = [
                    client.build_request("POST", "/v1/changes", json=edited),
                    client.build_request("GET", "/v1/reviews"),
                ]
                if number >= CALLERS:  # the views have taken up everybody by then
                    next_one = f"/v1/accounts/g-{(number + 1) % CALLERS}"
                    calls.append(client.build_request("GET", next_one))
                for call in calls:
                    self.calls += 1
                    try:
                        self.refused += client.send(call).status_code >= 400
                    except httpx.TransportError:
                        self.refused += 1
                if self._calls.wait(CALL_S):
                    return


def _patience(seconds: float) -> tuple[dict[str, str], dict[str, str]]:
    """Time-outs of the broker and of our processes that let a stall of the machine pass."""
    ms = int(seconds * 1_000)
    ours = {
        "SESSION_TIMEOUT_S": seconds,
        "REQUEST_TIMEOUT_MS": ms,
        "TRANSACTION_TIMEOUT_MS": 2 * ms,
    }
    broker = {"broker.session.timeout.ms": ms, "transaction.max.timeout.ms": 2 * ms}
    return (
        {name: str(value) for name, value in broker.items()},
        {f"ZHENGMING_{name}": str(value) for name, value in ours.items()},
    )


class Traffic:
    """One simulation, told in parts: all registrations, the ramp, the steady part."""

    def __init__(self, stack: Stack, accounts: int) -> None:
        self.ledger = Ledger()
        self._stack = stack
        self._simulation = Simulation(
            accounts=accounts, start=time.time_ns() // 1_000_000, step_ms=0.0
        )
        self._events = self._simulation.events(1 << 62)
        self._watcher = Watcher(stack.settings, self.ledger)
        self._watcher.start()
        self._publisher: Publisher | None = None

    def register(self) -> int:
        """Have all accounts registered, as fast as it goes; returns how many inputs it took."""
        publisher = self.publish(0.0, self._registrations())
        while publisher.is_alive():
            self.watch(LOOK_S)
        self.stop()
        self.await_answers()
        return self.ledger.sent

    def _registrations(self) -> Iterator[Simulated]:
        while len(self._simulation.personas()) < self._simulation.accounts:
            yield from itertools.islice(self._events, 500)

    def pace(self, seconds: float) -> float:
        """Answers per second as fast as it goes."""
        began, answered = time.monotonic(), self.ledger.answered
        self.publish(0.0)
        self.watch(seconds)
        pace = (self.ledger.answered - answered) / (time.monotonic() - began)
        self.stop()
        self.await_answers()
        return pace

    def publish(self, rate: float, events: Iterator[Simulated] | None = None) -> Publisher:
        """Begin to publish at a rate; 0 for as fast as it is answered."""
        settings, events = self._stack.settings, events or self._events
        publisher = Publisher(settings, self.ledger, events, rate, in_order=False)
        publisher.start()
        self._publisher = publisher
        return publisher

    def watch(self, seconds: float) -> None:
        """Let it go on for a while; raises what went wrong meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._stack.assert_running()
            for thread in (self._watcher, self._publisher):
                if thread is not None and thread.error is not None:
                    raise thread.error
            time.sleep(min(LOOK_S, left))

    def stop(self) -> None:
        """Publish nothing more."""
        if self._publisher is not None:
            self._publisher.end()
            self._publisher = None

    def await_answers(self) -> None:
        """Wait until everything is answered."""
        wait_until(
            lambda: not self.ledger.waiting, DRAIN_S, "every input is answered", every=LOOK_S
        )

    def close(self) -> None:
        """Stop reading and writing."""
        self.stop()
        self._watcher.end()


def _sample(stack: Stack, ledger: Ledger, at: float, answered: int, seconds: float) -> Sample:
    """One look, ``answered`` and ``seconds`` of which have passed since the last one."""
    new = ledger.answered - answered
    return Sample(
        at=round(at, 1),
        usage=stack.usage(),
        lag=stack.lag(),
        rate=new / seconds,
        p50=ledger.percentile(0.5, new) if new else None,
        p99=ledger.percentile(0.99, new) if new else None,
        cpu=stack.cpu(),
    )


def _steady(stack: Stack, traffic: Traffic, minutes: float, every_s: float) -> list[Sample]:
    samples, ledger = [], traffic.ledger
    began = last = time.monotonic()
    answered = ledger.answered
    while last - began < minutes * 60:
        traffic.watch(every_s)
        now = time.monotonic()
        try:
            sample = _sample(stack, ledger, now - began, answered, now - last)
        except (KafkaException, BrokerUnreachable) as error:
            print(f"{now - began:5.0f} s  no sample: {error}", flush=True)
            continue
        samples.append(sample)
        answered, last = ledger.answered, now
        told = ", ".join(f"{name} {u.rss >> 20} MiB" for name, u in sample.usage.items())
        p99 = f"{sample.p99:.0f} ms" if sample.p99 is not None else "-"
        print(
            f"{sample.at:5.0f} s  {sample.rate:.0f}/s  p99 {p99}  "
            f"lag {sum(sample.lag.values())}  {told}",
            flush=True,
        )
    return samples


def run(options: argparse.Namespace, directory: Path) -> Run:
    """The whole run."""
    with Stack(directory, options.patience) as stack:
        traffic = Traffic(stack, options.accounts)
        try:
            registered = traffic.register()
            print(f"{options.accounts} accounts are registered, {registered} inputs", flush=True)
            pace = traffic.pace(RAMP_S)
            rate = min(pace / 2, options.rate)
            print(
                f"pace {pace:.0f}/s, half of it {pace / 2:.0f}/s, run at {rate:.0f}/s", flush=True
            )
            traffic.publish(rate)
            samples = _steady(stack, traffic, options.minutes, options.every)
            traffic.stop()
            stack.stop_calls()
            traffic.await_answers()
            wait_until(stack.drained, DRAIN_S, "everything is processed", every=1.0)
        finally:
            traffic.close()
        print("checking every record", flush=True)
        report = check(stack.settings, load_policy(stack.settings))
        found = judge(samples, frozenset({"Kafka"})) + _bent(report)
        if stack.refused > REFUSED * stack.calls:
            found.append(f"the gateway refused {stack.refused} of {stack.calls} calls")
        return Run(pace, rate, options.accounts, samples, report, stack.calls, stack.refused, found)


def _bent(report: Report) -> list[str]:
    found = [f"{count} × {problem}" for problem, count in report.problems.items() if count]
    return found + [f"{problem}: {e}" for problem, es in report.examples.items() for e in es]


def _descriptors(pid: int) -> int:
    """Open files of a process but the tables of a store, whose number goes by its compactions."""
    count = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += not str(link.readlink()).endswith(".sst")
        except FileNotFoundError:  # closed meanwhile
            continue
    return count


def main() -> int:
    """Run it; returns 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="length of the steady part")
    parser.add_argument("--rate", type=float, default=500.0, help="most inputs per second")
    parser.add_argument("--accounts", type=int, default=1_000)
    parser.add_argument("--every", type=float, default=15.0, help="seconds between two samples")
    parser.add_argument(
        "--patience",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="time-outs of sessions and requests, for a machine that stalls; else the usual ones",
    )
    parser.add_argument("--write", type=Path, help="write the result as a page")
    parser.add_argument("--note", default="", help="what else is to be known, for the page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zhengming-soak-") as directory:
        result = run(options, Path(directory))
    text = page(result, sys.argv[1:], options.note)
    if options.write is not None:
        options.write.write_text(text, encoding="utf-8")
    print(text)
    for line in result.found:
        print(line, file=sys.stderr)
    return 1 if result.found else 0


if __name__ == "__main__":
    sys.exit(main())
