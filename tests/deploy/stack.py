"""Services of the compose file as plain processes of the image's own program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from streams.children import Child, free_ports
from streams.sandbox import redis_program
from tests.deploy.cluster import Network
from tests.deploy.documents import Service, compose, image_environment
from tests.support import wait_until

RESTARTED = {1, 3, 4}
"""Exit codes of a worker after which a supervisor starts it again (docs/cli.md)."""
CONFINED = Path(__file__).with_name("confined.py")
ONCE_S = 180.0
PLACEHOLDER = "change-me"
SECRET = "a secret of this test alone"


class Process:
    """One process of a service, with a port and a directory of its own."""

    def __init__(
        self,
        service: Service,
        number: int,
        network: Network,
        image: Path,
        directory: Path,
        more: Mapping[str, str],
    ) -> None:
        self.name = f"{service.name}-{number}"
        self.port = free_ports(1)[0]
        self.grace_s = float(service.spec.get("stop_grace_period", "10s").removesuffix("s"))
        self.exits: list[int] = []
        home = directory / self.name
        home.mkdir()
        given = {name: network.replace(value) for name, value in service.environment.items()}
        given |= {name: SECRET for name, value in given.items() if value == PLACEHOLDER}
        self.environment = {
            **image_environment(),
            **given,
            "PATH": f"{image}/bin:{os.environ['PATH']}",
            "ZHENGMING_DATA_DIR": str(home),
            "ZHENGMING_WEB_HOST": "127.0.0.1",
            "ZHENGMING_WEB_PORT": str(self.port),
            "ZHENGMING_GATEWAY_HOST": "127.0.0.1",
            "ZHENGMING_GATEWAY_PORT": str(self.port),
            **more,
        }
        program = [str(image / "bin" / "zhengming"), *service.spec["command"]]
        self.command = [sys.executable, str(CONFINED), str(home), *program]
        self._image = image
        self._log = directory / f"{self.name}.log"
        self._child = self._start()

    def _start(self) -> Child:
        return Child(self.command, self._log, self.environment)

    def supervise(self) -> None:
        """Start it again where it has left as the restart policy minds."""
        code = self._child.exit_code
        if code is not None:
            self.exits.append(code)
            assert code in RESTARTED, f"{self.name} left with {code}\n{self._child.tail()}"
            self._child = self._start()

    def await_ready(self, timeout: float = 60) -> None:
        """Wait until it says that it serves."""

        def ready() -> bool:
            self.supervise()
            return self.get("/ready") == 200

        try:
            wait_until(ready, timeout, f"{self.name} is ready", every=0.3)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._child.tail()}") from None

    def get(self, path: str) -> int:
        """The status that it answers with; 0 when it does not."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def healthy(self) -> bool:
        """What the image's health check says of it."""
        check = [str(self._image / "bin" / "python"), "-m", "streams.healthcheck"]
        return subprocess.run(check, env=self.environment, check=False).returncode == 0

    def wait(self, within_s: float) -> int:
        """Wait for its end; returns the exit code."""
        return self._child.wait(within_s)

    def stop(self, within_s: float) -> int:
        """Ask it to stop; returns its exit code, which tells of a kill when it took longer."""
        return self._child.stop(within_s)

    def kill(self) -> None:
        """Make sure that it is gone."""
        self._child.kill()

    def tail(self) -> str:
        """The end of its log."""
        return self._child.tail()


class Stack:
    """The processes of the compose file that are ours; a context manager that leaves none."""

    def __init__(self, image: Path, network: Network, directory: Path) -> None:
        self._image = image
        self._network = network
        self._directory = directory
        self._services = compose()
        self.running: list[Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.running:
            process.kill()

    def run_once(self, name: str) -> None:
        """Run a service that ends by itself."""
        process = self._process(name, 1, {})
        code = process.wait(ONCE_S)
        assert code == 0, process.tail()

    def start(self, name: str, **more: str) -> list[Process]:
        """Start as many processes of a service as the compose file says."""
        count = self._services[name].spec["deploy"].get("replicas", 1)
        started = [self._process(name, number + 1, more) for number in range(count)]
        self.running += started
        return started

    def supervise(self) -> bool:
        """Start again what has left, as the restart policy would; always true."""
        for process in self.running:
            process.supervise()
        return True

    def stop(self) -> None:
        """Stop all, each within the time that the compose file gives it."""
        for process in self.running:
            code = process.stop(process.grace_s)
            # uvicorn ends by the signal that it was sent, once it has closed everything.
            assert code in (0, -signal.SIGTERM), f"{process.name}: {code}\n{process.tail()}"

    def _process(self, name: str, number: int, more: Mapping[str, str]) -> Process:
        service = self._services[name]
        return Process(service, number, self._network, self._image, self._directory, more)


@contextmanager
def redis(service: Service, network: Network, directory: Path) -> Iterator[None]:
    """The compose file's Redis: its own command line, on a port of loopback."""
    here = network.port("redis", 6379)
    *shell, script = service.spec["command"]
    script = script.replace("$$", "$").replace("port 6379", f"port {here}\nbind 127.0.0.1")
    path = f"{Path(redis_program()[1]).parent}:{os.environ['PATH']}"
    environment = {**service.environment, "PATH": path}
    with Child([*shell, script], directory / "redis.log", environment):
        yield


@contextmanager
def platform() -> Iterator[tuple[str, set[str]]]:
    """A platform that carries out disposals: its webhook, and the ids that it was given."""
    done: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            done.add(self.headers["Idempotency-Key"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/disposals", done
    finally:
        server.shutdown()
        server.server_close()
