"""The whole application as processes, under load, for a Prometheus to look at."""

from __future__ import annotations

import itertools
import threading
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx

from schemas.codec import encode
from schemas.records import Field, ImageRequest
from streams.children import Child, free_ports
from streams.clients import create_producer
from streams.demo.workers import command, environment
from streams.gateway.keys import draw_key, entry
from streams.gateway.roles import Role
from streams.settings import Settings
from streams.simulate import Simulation
from streams.topics import create_topics, real_name
from streams.views.store import now_ms
from tests.streams.images.drawn import encoded, picture
from tests.streams.sources.servers import jetstream_server
from tests.streams.sources.wire import profile
from tests.support import wait_until

SECRET = "a secret of the platform and ours"
PAUSE_S = 0.1
AT_ONCE = 10


class Platform:
    """A platform that refuses each third disposal it is told of."""

    def __init__(self) -> None:
        asked = itertools.count()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(503 if next(asked) % 3 == 2 else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/disposals"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Running:
    """Two workers and one of each other process; a context manager that ends them all."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        self.settings = settings
        self.ports: dict[str, int] = {}
        self.children: dict[str, Child] = {}
        self._directory = directory
        self._stack = ExitStack()
        self._over = threading.Event()
        self._key = draw_key()
        create_topics(settings)
        platform = Platform()
        self._stack.callback(platform.close)
        images, keys = directory / "images", directory / "keys.toml"
        images.mkdir()
        (images / "a.png").write_bytes(encoded(picture()))
        keys.write_text(entry("load", list(Role), self._key))
        for name in ("worker-1", "worker-2"):
            self._start(name, "worker")
        self._start("views", "views")
        self._start("gateway", "gateway", ZHENGMING_GATEWAY_KEYS=str(keys))
        self._start(
            "executor",
            "execute",
            ZHENGMING_EXECUTOR_URL=platform.url,
            ZHENGMING_EXECUTOR_SECRET=SECRET,
        )
        self._start("images", "images", ZHENGMING_IMAGE_DIR=str(images))
        stream = self._stack.enter_context(jetstream_server(profiles(), drop_after=100))
        self._start("source", "source", "jetstream", "--url", stream.url)

    def _start(self, name: str, *process: str, **more: str) -> None:
        (port,) = free_ports(1)
        self.ports[name] = port
        told = environment(self.settings, self._directory / name, port, **more)
        child = Child(command(*process), self._directory / f"{name}.log", told)
        self.children[name] = self._stack.enter_context(child)

    def __enter__(self) -> Self:
        try:
            serving = "all processes serve"
            wait_until(lambda: all(map(self._ready, self.ports)), 150, serving, every=0.2)
        except BaseException:
            self._stack.close()
            raise
        for load in (self._publish, self._call):
            thread = threading.Thread(target=load, daemon=True)
            thread.start()
            self._stack.callback(thread.join, 10)
        self._stack.callback(self._over.set)  # the last to come is the first to go
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _ready(self, name: str) -> bool:
        child = self.children[name]
        assert child.running, f"{name}:\n{child.tail(40)}"
        with suppress(httpx.TransportError):
            url = f"http://127.0.0.1:{self.ports[name]}/ready"
            return httpx.get(url, timeout=2).status_code == 200
        return False

    def targets(self) -> dict[str, list[int]]:
        """Ports by the jobs of Prometheus."""
        jobs: dict[str, list[int]] = {}
        for name, port in self.ports.items():
            jobs.setdefault(f"zhengming-{name.partition('-')[0]}", []).append(port)
        return jobs

    # -- load, until the end ----------------------------------------------------------------------

    def _publish(self) -> None:
        """Simulated traffic with many offenders, and requests for images that are there or not."""
        producer: Any = create_producer(self.settings)
        simulation = Simulation(seed=5, accounts=300, offenders=8, start=now_ms(), step_ms=1)
        for number, (topic, record) in enumerate(simulation.events(1 << 30)):
            self._send(producer, topic, record)
            if number % AT_ONCE == 0:
                name = "a.png" if number % (2 * AT_ONCE) == 0 else "b.png"
                self._send(producer, "image.requests", image_request(number, name))
                producer.poll(0)
                if self._over.wait(PAUSE_S):
                    break
        producer.flush(10)

    def _send(self, producer: Any, topic: str, record: Any) -> None:
        name = real_name(self.settings, topic)
        producer.produce(name, key=record.account_id.encode(), value=encode(record))

    def _call(self) -> None:
        """Callers of the gateway: edits, and looks at the queue."""
        url = f"http://127.0.0.1:{self.ports['gateway']}"
        headers = {"Authorization": f"Bearer {self._key}"}
        with httpx.Client(base_url=url, headers=headers, timeout=10) as client:
            for number in itertools.count():
                with suppress(httpx.TransportError):
                    client.post("/v1/changes", json={"account_id": f"g-{number}", "name": "山茶"})
                    client.get("/v1/reviews")
                if self._over.wait(0.1):
                    return


def profiles() -> list[dict[str, Any]]:
    """Events of a public stream, a little past, with some that change no account."""
    at_us = (now_ms() - 60_000) * 1_000
    made = [
        profile(f"did:plc:{n}", f"3m{n}", at_us + n * 100_000, displayName="n") for n in range(300)
    ]
    for number, event in enumerate(made):
        if number % 10 == 0:
            event |= {"kind": "identity", "commit": None}
    return made


def image_request(number: int, reference: str) -> ImageRequest:
    """A request as a worker makes it."""
    return ImageRequest(
        account_id=f"i-{number}",
        account_seq=1,
        event_id=f"i-{number}-e",
        request_id=f"i-{number}-r",
        field=Field.AVATAR,
        value=reference,
        pack_id="cac2022",
        pack_version="1",
        pack_hash="0" * 64,
        at=now_ms(),
    )
