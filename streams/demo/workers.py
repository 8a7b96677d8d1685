"""Processes of the demo, started again when they end, as a supervisor would."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from streams.children import Child, free_ports
from streams.errors import ConfigurationError
from streams.settings import Settings

STOP_S = 10.0
ANSWER_S = 1.0


def command(*words: str) -> list[str]:
    """The command line of a process of ours."""
    return [sys.executable, "-m", "streams.cli", *words]


def environment(settings: Settings, directory: Path, port: int, **more: str) -> dict[str, str]:
    """What a process of the demo is told, with a web port and data of its own."""
    return {
        "ZHENGMING_KAFKA": settings.kafka,
        "ZHENGMING_REDIS": settings.redis_url,
        "ZHENGMING_APP_ID": settings.app_id,
        "ZHENGMING_TOPIC_PREFIX": settings.topic_prefix,
        "ZHENGMING_PARTITIONS": str(settings.partitions),
        "ZHENGMING_KAFKA_CHECK_CRCS": str(settings.kafka_check_crcs),
        "ZHENGMING_DATA_DIR": str(directory / f"data-{port}"),
        "ZHENGMING_WEB_PORT": str(port),
        "ZHENGMING_GATEWAY_PORT": str(port),
        **more,
    }


class WorkerPool:
    """Some workers of one application, each with its own web port, data and log."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        self._settings = settings
        self._directory = directory
        self._workers: dict[int, Child] = {}
        self.restarts = 0

    def start(self, count: int) -> None:
        """Start so many more workers."""
        for port in free_ports(count):
            self._start(port)

    def supervise(self) -> None:
        """Start again what has ended; call it every now and then."""
        for port, worker in self._workers.items():
            if worker.running:
                continue
            if worker.exit_code == ConfigurationError.exit_code:
                raise ConfigurationError(f"a worker cannot start:\n{worker.tail()}")
            self.restarts += 1
            self._start(port)

    def _start(self, port: int) -> None:
        log = self._directory / f"worker-{port}.log"
        self._workers[port] = Child(
            command("worker"), log, environment(self._settings, self._directory, port)
        )

    def tails(self) -> str:
        """The ends of all logs."""
        return "\n".join(f"{w.log.name}:\n{w.tail()}" for w in self._workers.values())

    def ready(self) -> int:
        """How many workers answer that they serve."""
        return sum(_get(port, "/ready") is not None for port in self._workers)

    def lag(self) -> int | None:
        """Records not yet processed, by the workers' own metrics; None when none answers."""
        answers = [text for port in self._workers if (text := _get(port, "/metrics")) is not None]
        if not answers:
            return None
        total = 0.0
        for text in answers:
            for family in text_string_to_metric_families(text):
                if family.name in ("zhengming_lag_records", "zhengming_queued_records"):
                    total += sum(sample.value for sample in family.samples)
        return int(total)

    def stop(self) -> None:
        """Stop all workers at once, gracefully; kill those that do not listen."""
        deadline = time.monotonic() + STOP_S
        for worker in self._workers.values():
            worker.send(signal.SIGTERM)
        for worker in self._workers.values():
            worker.stop(max(0.1, deadline - time.monotonic()))


def _get(port: int, path: str) -> str | None:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=ANSWER_S) as answer:
            body: bytes = answer.read()
            return body.decode()
    except (URLError, OSError):
        return None


class Companion:
    """One more process of the application, such as the one that feeds the views."""

    def __init__(
        self, settings: Settings, directory: Path, name: str, port: int, **more: str
    ) -> None:
        self.port = port
        self.name = name
        self._log = directory / f"{name}.log"
        self._environment = environment(settings, directory, self.port, **more)
        self._child = Child(command(name), self._log, self._environment)

    def supervise(self) -> None:
        """Start it again when it has ended; call it every now and then."""
        if self._child.running:
            return
        if self._child.exit_code == ConfigurationError.exit_code:
            raise ConfigurationError(f"{self.name} cannot start:\n{self._child.tail()}")
        self._child = Child(command(self.name), self._log, self._environment)

    def ready(self) -> bool:
        """Whether it answers that it serves."""
        return _get(self.port, "/ready") is not None

    def tail(self) -> str:
        """The end of its log."""
        return f"{self.name}:\n{self._child.tail()}"

    def stop(self) -> None:
        """Stop it gracefully; kill it when it does not listen."""
        self._child.stop(STOP_S)
