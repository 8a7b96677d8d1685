"""Kills, stops and freezes workers under load, round after round, then checks every record.

``make chaos ROUNDS=20``. Each round has an application of its own on one broker: two or three
supervised workers, simulated traffic, and at random moments kill -9, SIGTERM, or SIGSTOP for longer
than the session. With ``--brokers 3`` the brokers are those of the compose file, and now and then
the one that leads a partition of the inputs is killed and brought back, or the network of one
worker is cut without closing a connection, for shorter or longer than its session. Then everything
is drained and compared with a pure replay.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from streams.sandbox import Kafka, start_kafka
from streams.settings import load_settings
from streams.simulate import Simulation
from streams.topics import real_name
from tests.deploy.cluster import Cluster, Node, compose_cluster
from tests.integration.harness import Application, WorkerProcess, pause
from tests.integration.link import Way

PARTITIONS = 4
SESSION_S = 6.0
BETWEEN_S = (1.5, 5.0)
AWAY_S = (3.0, 12.0)
"""How long a broker that was killed stays away: shorter and longer than it takes to be missed."""
SHORT_S, LONG_S, LONG_SHARE = (1.0, SESSION_S - 2), (SESSION_S + 2, SESSION_S + 10), 0.6
"""How long the network of a worker is cut: shorter than its session or, as a rule, longer."""
WAYS = ((Way.THERE, Way.BACK), (Way.THERE, Way.BACK), (Way.BACK,))
"""In which directions: the last is the loss of the answers alone."""
FAULTS = ("kill", "kill", "term", "freeze", "broker", "cut")
"""The last two need three brokers."""
STEP_S = 0.1
READY_S = 120.0
DRAIN_S = 120.0


class Round:
    """One application under fire."""

    def __init__(
        self, kafka: Kafka | Cluster, seed: int, options: argparse.Namespace, directory: Path
    ) -> None:
        name = f"chaos-{seed}-{time.time_ns() // 1_000_000}"
        self.seed = seed
        self.random = random.Random(seed)
        self.options = options
        self.faults: Counter[str] = Counter()
        self.frozen: dict[WorkerProcess, float] = {}
        self.cluster = kafka if isinstance(kafka, Cluster) else None
        self.away: tuple[Node, float] | None = None
        self.link = self.cluster.link if self.cluster else None
        self.cut_until: float | None = None
        self.settings = load_settings(
            kafka=kafka.bootstrap,
            replication_factor=options.brokers,
            app_id=name,
            topic_prefix=f"{name}.",
            partitions=PARTITIONS,
            data_dir=directory / name,
            store="rocksdb" if seed % 2 else "memory",
            transaction_timeout_ms=30_000,  # longer than a freeze, so that the fence is what acts
        )

    def run(self) -> dict[str, Any]:
        """Run the round; returns what it came to."""
        with Application(self.settings) as app:
            by_link = {"ZHENGMING_KAFKA": self.link.bootstrap} if self.link else {}
            app.worker(**by_link)
            for _ in range(1, self.options.workers):
                app.worker()
            app.workers[0].await_ready(READY_S)
            publishing = threading.Thread(target=self._publish, args=(app,))
            publishing.start()
            self._strike_while(app, publishing)
            for worker in list(self.frozen):
                worker.send(signal.SIGCONT)
            if self.cluster is not None:
                self.cluster.await_replicas()
            began = time.monotonic()
            app.drain(DRAIN_S)
            drained = time.monotonic() - began
            exits = Counter(code for worker in app.workers for code in worker.exits)
            for worker in app.workers:
                worker.stop()
            report = app.check()
        return {
            "seed": self.seed,
            "store": self.settings.store,
            "faults": dict(self.faults),
            "exits": {str(code): count for code, count in exits.items()},
            "drained_s": round(drained, 1),
            "inputs": report.inputs,
            "outputs": report.outputs,
            "ok": report.ok,
            "problems": {name: count for name, count in report.problems.items() if count},
            "examples": report.examples,
        }

    def _publish(self, app: Application) -> None:
        from schemas.codec import encode

        now = time.time_ns() // 1_000_000
        traffic = Simulation(seed=self.seed, accounts=1_000, start=now, step_ms=0.0, offenders=3.0)
        count = int(self.options.seconds * self.options.rate)
        began = time.monotonic()
        for number, (topic, record) in enumerate(traffic.events(count)):
            ahead = began + number / self.options.rate - time.monotonic()
            if ahead > 0:
                pause(ahead)
            app.send(topic, record.account_id.encode(), encode(record))
        app.flush()

    def _strike_while(self, app: Application, publishing: threading.Thread) -> None:
        strike_at = time.monotonic() + self.random.uniform(*BETWEEN_S)
        while publishing.is_alive() or self.frozen or self.away or self.cut_until:
            now = time.monotonic()
            if self.link and self.cut_until and now >= self.cut_until:
                self.link.mend()
                self.cut_until = None
            if self.away is not None and now >= self.away[1]:
                self.away[0].start()
                self.away = None
            for worker, until in list(self.frozen.items()):
                if now >= until:
                    worker.send(signal.SIGCONT)
                    del self.frozen[worker]
            for worker in app.workers:
                if worker not in self.frozen:
                    worker.supervise()
            if now >= strike_at and publishing.is_alive() and not self.frozen:
                self._strike(self.random.choice(app.workers))
                strike_at = now + self.random.uniform(*BETWEEN_S)
            pause(STEP_S)

    def _strike(self, worker: WorkerProcess) -> None:
        possible = [fault for fault in self.options.faults if self._possible(fault)]
        if not possible:
            return
        fault = self.random.choice(possible)
        if fault == "broker":
            self._kill_a_leader()
        elif fault == "cut":
            fault = self._cut()
        elif fault == "kill":
            worker.send(signal.SIGKILL)
        elif fault == "term":
            worker.send(signal.SIGTERM)
        elif fault == "freeze":
            worker.send(signal.SIGSTOP)
            self.frozen[worker] = time.monotonic() + self.random.uniform(
                SESSION_S + 2, SESSION_S + 6
            )
        self.faults[fault] += 1

    def _possible(self, fault: str) -> bool:
        if fault == "broker":
            return self.cluster is not None and self.away is None and self.cluster.in_sync()
        return fault != "cut" or (self.link is not None and self.cut_until is None)

    def _kill_a_leader(self) -> None:
        assert self.cluster is not None
        leader = self.cluster.leader(real_name(self.settings, "account.changes"), 0)
        self.away = self.cluster.nodes[leader], time.monotonic() + self.random.uniform(*AWAY_S)
        self.away[0].kill()

    def _cut(self) -> str:
        """Cut the first worker off; returns what to count it as."""
        assert self.link is not None
        long = self.random.random() < LONG_SHARE
        self.cut_until = time.monotonic() + self.random.uniform(*(LONG_S if long else SHORT_S))
        self.link.cut(*self.random.choice(WAYS))
        return "long cut" if long else "short cut"


def _kafka(brokers: int, directory: Path) -> Kafka | Cluster:
    if brokers == 1:
        return start_kafka(allow_mock=False)
    return compose_cluster(directory, linked=True)


def main() -> int:
    """Run the rounds; returns 1 when any of them lost, doubled or bent anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="seed of the first round")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--brokers", type=int, default=1, choices=(1, 3))
    parser.add_argument("--faults", nargs="+", choices=sorted(set(FAULTS)), default=FAULTS)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the traffic")
    parser.add_argument("--rate", type=float, default=1_500.0, help="inputs per second")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = []
    with (
        tempfile.TemporaryDirectory(prefix="zhengming-chaos-") as directory,
        _kafka(options.brokers, Path(directory)) as kafka,
    ):
        for seed in range(options.seed, options.seed + options.rounds):
            result = Round(kafka, seed, options, Path(directory)).run()
            results.append(result)
            told = {k: v for k, v in result.items() if k != "examples" or v}
            print(json.dumps(told) if options.json else told, flush=True)
    bad = [result["seed"] for result in results if not result["ok"]]
    faults = Counter[str]()
    for result in results:
        faults.update(result["faults"])
    inputs = sum(result["inputs"] for result in results)
    print(f"{len(results)} rounds, {inputs} inputs, {dict(faults)}, bad seeds: {bad or 'none'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
