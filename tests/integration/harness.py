"""Workers as processes, a plain producer, and waiting until everything is decided."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from schemas.codec import decode, encode
from streams.checker import Report, check
from streams.children import free_ports
from streams.clients import (
    create_admin,
    create_producer,
    read_all,
)
from streams.dead_letters import DeadLetter, parse
from streams.errors import BrokerUnreachable
from streams.packs import load_policy
from streams.settings import Settings
from streams.topics import create_topics, drained, real_name, topic_named
from tests.integration.forks import Fork
from tests.support import wait_until

MAIN = Path(__file__).with_name("worker_main.py")
DEAD = "dead.letters"
ROOT = Path(__file__).parents[2]
FROM_ENVIRONMENT = {
    name for name in Settings.model_fields if name.startswith(("kafka_", "redis_", "schema_"))
}
"""Settings that a worker inherits as they were given to us."""
RESTARTED = {1, 3, 4, -signal.SIGKILL}
"""Exit codes after which a supervisor starts the worker again."""
ANSWER_S = 20.0
"""A worker that is not frozen answers by then, however busy its machine is."""
FROZEN_S = 2.0
"""One that has not answered for so long is frozen; only for waiting until it is."""


class WorkerProcess:
    """One worker process; its log is in a file."""

    def __init__(
        self, settings: Settings, name: str, program: Path | None = None, **environment: str
    ) -> None:
        self.settings = settings
        self._program = program
        self.port = free_ports(1)[0]
        self.log = Path(settings.data_dir) / f"{name}.log"
        self.exits: list[int] = []
        self._asked_to_stop = False
        self._name = name
        self._environment = environment
        self._process: subprocess.Popen[bytes] | Fork | None = None

    def start(self, **environment: str) -> WorkerProcess:
        """Start the process; ``environment`` replaces the faults of the one before."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._asked_to_stop = False
        s = self.settings
        given = {name: getattr(s, name) for name in s.model_fields_set - FROM_ENVIRONMENT}
        variables = {f"ZHENGMING_{name.upper()}": str(value) for name, value in given.items()} | {
            "ZHENGMING_DATA_DIR": str(s.data_dir / self._name),
            "ZHENGMING_WEB_PORT": str(self.port),
            "PYTHONPATH": str(self._program or ROOT),
        }
        variables = {**os.environ, **variables, **(environment or self._environment)}
        if self._program is None and "LD_PRELOAD" not in variables:
            self._process = Fork(variables, self.log)
            return self
        command = ["-m", "streams.cli", "worker"] if self._program else [str(MAIN)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                cwd=self._program,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    @property
    def exit_code(self) -> int | None:
        """Exit code of the process; None while it runs."""
        return self._process.poll() if self._process else None

    def metric(self, series: str) -> float | None:
        """Value of a series such as ``name{label="x"}``; None where it does not stand there."""
        for line in self.get("/metrics")[1].splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return None

    @property
    def frozen(self) -> bool:
        """Whether the process gives no answer."""
        return self.get("/health", FROZEN_S)[0] == 0

    def get(self, path: str, timeout: float = ANSWER_S) -> tuple[int, str]:
        """Status and body of a page; 0 when nothing answers."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def await_ready(self, timeout: float = 40) -> WorkerProcess:
        """Wait until the worker says that it serves."""
        self._wait(lambda: self.get("/ready")[0] == 200, timeout, "the worker is ready")
        return self

    def await_exit(self, timeout: float = 40) -> int:
        """Wait until the process has ended; returns its exit code."""
        self._wait(lambda: self.exit_code is not None, timeout, "the worker has ended")
        code = self.exit_code
        assert code is not None
        return code

    def _wait(self, condition: Any, timeout: float, why: str) -> None:
        try:
            wait_until(condition, timeout, why, every=0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    def tail(self) -> str:
        """The end of the log."""
        return self.log.read_text("utf-8", "replace")[-3_000:]

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process is not None
        self._asked_to_stop |= number == signal.SIGTERM
        if self._process.poll() is None:
            self._process.send_signal(number)

    def supervise(self) -> None:
        """Start the process again where it has left with a code that asks for it."""
        code = self.exit_code
        if code is None:
            return
        self.exits.append(code)
        # One that was asked to stop may have been starting, before it could mind the signal.
        allowed = RESTARTED | ({0, -signal.SIGTERM} if self._asked_to_stop else set())
        assert code in allowed, f"left with {code}\n{self.tail()}"
        self.start(**self._environment | {"TEST_FAULT": "", "TEST_DROP": ""})

    def stop(self) -> int:
        """Stop gracefully; returns the exit code."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        return self.await_exit(20)

    def kill(self) -> None:
        """Make sure that the process is gone."""
        self.send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()


class Application:
    """Topics, workers and traffic of one test; a context manager that leaves no process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.workers: list[WorkerProcess] = []
        create_topics(settings)
        self.producer: Any = create_producer(settings)
        self.admin: Any = create_admin(settings)

    def __enter__(self) -> Application:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.kill()

    def worker(self, program: Path | None = None, **environment: str) -> WorkerProcess:
        """Start one more worker: of this version, or of the one unpacked in ``program``."""
        name = f"w{len(self.workers)}"
        worker = WorkerProcess(self.settings, name, program, **environment).start()
        self.workers.append(worker)
        return worker

    def publish(self, items: Any) -> int:
        """Publish simulated inputs and wait until Kafka has them; returns how many."""
        count = 0
        for topic, record in items:
            self.send(topic, record.account_id.encode(), encode(record))
            count += 1
        self.flush()
        return count

    def send(self, topic: str, key: bytes | None, value: bytes | None, **more: Any) -> None:
        """Queue one record for a topic by its logical name."""
        while True:
            try:
                self.producer.produce(real_name(self.settings, topic), key=key, value=value, **more)
                break
            except BufferError:
                self.producer.poll(0.1)
        self.producer.poll(0)

    def flush(self) -> None:
        """Wait until Kafka has everything."""
        assert self.producer.flush(30) == 0

    def drained(self) -> bool:
        """Whether all that tasks read is processed, what they send each other, too."""
        return drained(self.admin, self.settings)

    def drain(self, timeout: float = 60, *, supervised: bool = True) -> None:
        """Wait until all inputs are processed; supervised workers that leave start again.

        What tasks send each other is processed, too: nothing waits for an answer any more.
        """

        def done() -> bool:
            for worker in self.workers if supervised else ():
                worker.supervise()
            try:
                return self.drained()
            except BrokerUnreachable:  # for now: all the time there is may pass until it answers
                return False

        try:
            wait_until(done, timeout, "all inputs are processed", every=0.2)
        except AssertionError as error:
            logs = "\n".join(worker.tail() for worker in self.workers)
            raise AssertionError(f"{error}\n{logs}") from None

    def check(self) -> Report:
        """Check everything on the broker against a pure replay."""
        return check(self.settings, load_policy(self.settings))

    def outputs(self, topic: str) -> list[Any]:
        """All committed records of an output topic, by its logical name."""
        name = real_name(self.settings, topic)
        record_type = topic_named(topic).record
        return [decode(record_type, m.value()) for m in read_all(self.settings, [name])]

    def dead_letters(self) -> list[DeadLetter]:
        """All dead letters."""
        return [parse(m) for m in read_all(self.settings, [real_name(self.settings, DEAD)])]

    def configure(self, topic: str, **config: str) -> None:
        """Change the settings of a topic, by its real name."""
        entries = [
            ConfigEntry(key.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET)
            for key, value in config.items()
        ]
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
        admin = create_admin(self.settings)
        (answer,) = admin.incremental_alter_configs([resource]).values()
        answer.result(10)

    def assert_sound(self) -> Report:
        """Nothing lost, nothing doubled, changelog and outputs as a pure replay says."""
        report = self.check()
        assert report.ok, f"{report.problems}\n{report.examples}"
        return report


def pause(seconds: float) -> None:
    """Let a fault last; not for waiting until something has happened."""
    time.sleep(seconds)
