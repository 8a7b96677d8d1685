"""The whole application as processes: a worker, the views, the gateway; and callers for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx

from streams.children import Child, free_ports
from streams.gateway.keys import draw_key, entry
from streams.gateway.roles import Role
from streams.settings import Settings
from streams.topics import create_topics
from tests.support import wait_until

PROCESSES = ("worker", "views", "gateway")


class Stack:
    """Everything that runs, until it is closed. Keys are by name: ``ann``, ``bob``, each role."""

    def __init__(self, settings: Settings, directory: Path, **more: str) -> None:
        self.settings = settings
        self.directory = directory
        self.keys: dict[str, str] = {}
        self._probes: dict[str, int] = {}
        self._stack = ExitStack()
        self._file = directory / "keys.toml"
        people: dict[str, list[Role]] = {role: [role] for role in Role}
        people |= {"ann": [Role.REVIEWER], "bob": [Role.REVIEWER], "all": list(Role)}
        people |= {"Auditor": [Role.AUDITOR], "Policy": [Role.POLICY]}  # the same persons
        lines = []
        for name, roles in people.items():
            self.keys[name] = draw_key()
            lines.append(entry(name, roles, self.keys[name]))
        self._file.write_text("\n".join(lines))
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        create_topics(settings)
        self.children = {name: self.start(name, **more) for name in PROCESSES}
        self.nobody = self.client(None)
        wait_until(self.ready, 60, "all serve", every=0.1)

    def start(self, name: str, **more: str) -> Child:
        """Start a process of the application."""
        settings = self.settings
        self._probes[name] = free_ports(1)[0]
        environment = {
            "ZHENGMING_KAFKA": settings.kafka,
            "ZHENGMING_REDIS": settings.redis_url,
            "ZHENGMING_APP_ID": settings.app_id,
            "ZHENGMING_TOPIC_PREFIX": settings.topic_prefix,
            "ZHENGMING_PARTITIONS": str(settings.partitions),
            "ZHENGMING_DATA_DIR": str(self.directory / f"data-{name}"),
            "ZHENGMING_WEB_PORT": str(self._probes[name]),
            "ZHENGMING_GATEWAY_PORT": str(self.port),
            "ZHENGMING_GATEWAY_KEYS": str(self._file),
            "ZHENGMING_GATEWAY_PUBLIC_RATE": "100000",
            "ZHENGMING_GATEWAY_WAIT_MS": "10000",
            **more,
        }
        command = [sys.executable, "-m", "streams.cli", name]
        log = self.directory / f"{name}.log"
        return self._stack.enter_context(Child(command, log, environment))

    def ready(self) -> bool:
        """Whether each process says that it serves."""
        for name, child in self.children.items():
            assert child.running, f"{name}:\n{child.tail(40)}"
        try:
            answers = [self.nobody.get(f"{self.probe(name)}/ready") for name in PROCESSES]
        except httpx.TransportError:
            return False
        return all(answer.status_code == 200 for answer in answers)

    def client(self, name: str | None) -> httpx.Client:
        """A caller with somebody's key."""
        headers = {} if name is None else {"Authorization": f"Bearer {self.keys[name]}"}
        made = httpx.Client(base_url=self.url, headers=headers, timeout=30)
        self._stack.callback(made.close)
        return made

    def probe(self, name: str) -> str:
        """Where a process has its pages for probes."""
        return self.url if name == "gateway" else f"http://127.0.0.1:{self._probes[name]}"

    def log(self, name: str) -> str:
        """What a process has logged."""
        return (self.directory / f"{name}.log").read_text("utf-8")

    def close(self) -> None:
        """Stop everything."""
        self._stack.close()


def stacked(settings: Settings, directory: Path, **more: str) -> Iterator[Stack]:
    """A stack for a fixture."""
    stack = Stack(settings, directory, **more)
    try:
        yield stack
    finally:
        stack.close()
