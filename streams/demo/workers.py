"""Worker processes of the demo, restarted as a supervisor would."""

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
COMMAND = (sys.executable, "-m", "streams.cli", "worker")


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
        self._workers[port] = Child(COMMAND, log, self._environment(port))

    def _environment(self, port: int) -> dict[str, str]:
        settings = self._settings
        return {
            "ZHENGMING_KAFKA": settings.kafka,
            "ZHENGMING_APP_ID": settings.app_id,
            "ZHENGMING_TOPIC_PREFIX": settings.topic_prefix,
            "ZHENGMING_PARTITIONS": str(settings.partitions),
            "ZHENGMING_DATA_DIR": str(self._directory / f"data-{port}"),
            "ZHENGMING_WEB_PORT": str(port),
        }

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
        workers = list(self._workers.values())
        self._workers.clear()
        for worker in workers:
            worker.send(signal.SIGTERM)
        for worker in workers:
            worker.stop(max(0.1, deadline - time.monotonic()))


def _get(port: int, path: str) -> str | None:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=ANSWER_S) as answer:
            body: bytes = answer.read()
            return body.decode()
    except (URLError, OSError):
        return None
