"""Worker processes of the demo, restarted as a supervisor would."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from prometheus_client.parser import text_string_to_metric_families

from streams.children import free_ports
from streams.settings import Settings

STOP_S = 10.0
RESTART_PAUSE_S = 0.5


class WorkerPool:
    """Some workers of one application, each a process with its own web port and log file."""

    def __init__(self, settings: Settings, count: int, directory: Path) -> None:
        self._settings = settings
        self._directory = directory
        self._ports = free_ports(count)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._logs: list[IO[bytes]] = []
        self._stopping = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self.restarts = 0

    @property
    def logs(self) -> Path:
        """Directory of the log files."""
        return self._directory

    def start(self) -> None:
        """Start all workers and what watches over them."""
        for port in self._ports:
            self._start(port)
        self._supervisor.start()

    def _start(self, port: int) -> None:
        log = (self._directory / f"worker-{port}.log").open("ab")
        self._logs.append(log)
        self._processes[port] = subprocess.Popen(  # our own command
            [sys.executable, "-m", "streams.cli", "worker"],
            env={**os.environ, **environment(self._settings), "ZHENGMING_WEB_PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the demo, which stops them in order
        )

    def _supervise(self) -> None:
        while not self._stopping.wait(RESTART_PAUSE_S):
            for port, process in list(self._processes.items()):
                if process.poll() is not None and not self._stopping.is_set():
                    self.restarts += 1
                    self._start(port)

    def ready(self) -> int:
        """How many workers answer that they serve."""
        return sum(_get(port, "/ready") is not None for port in self._ports)

    def lag(self) -> int | None:
        """Records not yet processed, by the workers' own metrics; None when none answers."""
        answers = [text for port in self._ports if (text := _get(port, "/metrics")) is not None]
        if not answers:
            return None
        total = 0.0
        for text in answers:
            for family in text_string_to_metric_families(text):
                if family.name in ("zhengming_lag_records", "zhengming_queued_records"):
                    total += sum(sample.value for sample in family.samples)
        return int(total)

    def stop(self) -> None:
        """Stop all workers gracefully; kill those that do not listen."""
        self._stopping.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + STOP_S
        for process in self._processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for log in self._logs:
            log.close()


def environment(settings: Settings) -> dict[str, str]:
    """The variables that give a child process what the demo has chosen."""
    return {
        "ZHENGMING_KAFKA": settings.kafka,
        "ZHENGMING_APP_ID": settings.app_id,
        "ZHENGMING_TOPIC_PREFIX": settings.topic_prefix,
        "ZHENGMING_PARTITIONS": str(settings.partitions),
        "ZHENGMING_REDIS": settings.redis_url,
        "ZHENGMING_DATA_DIR": str(settings.data_dir),
    }


def _get(port: int, path: str) -> str | None:
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as answer:
            body: bytes = answer.read()
            return body.decode()
    except (URLError, OSError):
        return None
