"""A real Prometheus for tests: Debian's, or the one on the path; and what it is asked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from streams.children import Child, free_ports
from tests.support import wait_until

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus"
FETCHED = ROOT / ".cache" / "prometheus" / "usr" / "bin"
"""Where `make prometheus` puts Debian's."""

EVERY = "1s"
DURATION = re.compile(r"^(\s+for:).*$", re.MULTILINE)
SELECTOR = re.compile(r'\b((?:zhengming|process)[\w:]*|up|ALERTS)\b(\{(?:[^{}"]|"[^"]*")*\})?')
"""A metric that an expression names, with what it asks of its labels."""


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`; without one the test is skipped, or fails in CI."""
    path = f"{FETCHED}:{os.environ.get('PATH', '')}"
    if found := shutil.which(name, path=path):
        return found
    why = f"there is no {name}: run `make prometheus` (Debian), or put Prometheus on the path"
    if os.environ.get("CI") == "true" and shutil.which("apt-get"):
        pytest.fail(why)
    pytest.skip(why)


def promtool(*arguments: str) -> str:
    """Run promtool where the rules lie; returns what it says, and fails when it finds a fault."""
    command = [program("promtool"), *arguments]
    done = subprocess.run(command, cwd=RULES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def alert_rules() -> dict[str, dict[str, Any]]:
    """All alerts by name."""
    groups = yaml.safe_load((RULES / "alerts.yml").read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def recorded() -> dict[str, str]:
    """Expressions of the recording rules, by the metric that they record."""
    groups = yaml.safe_load((RULES / "recording.yml").read_text("utf-8"))["groups"]
    return {rule["record"]: rule["expr"] for group in groups for rule in group["rules"]}


def selectors(expr: str) -> Iterator[tuple[str, str]]:
    """The metrics that an expression names: their names, and the whole selectors."""
    for found in SELECTOR.finditer(expr):
        yield found[1], found[0]


class Prometheus:
    """A running server with the rules of deploy/, quick to scrape, evaluate and fire."""

    def __init__(self, child: Child, port: int) -> None:
        self.child = child
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=20)

    def ask(self, path: str, **parameters: Any) -> Any:
        """The data of an answer; fails with what Prometheus says is wrong."""
        answer = self._client.get(path, params=parameters).json()
        assert answer["status"] == "success", f"{parameters}: {answer}"
        return answer["data"]

    def query(self, expr: str) -> list[float]:
        """The values of an expression now."""
        data = self.ask("/query", query=expr)
        if data["resultType"] == "scalar":
            return [float(data["result"][1])]
        return [float(series["value"][1]) for series in data["result"]]

    def firing(self) -> set[tuple[str, str]]:
        """Names of the alerts that fire, with the instance they are about."""
        return {
            (alert["labels"]["alertname"], alert["labels"].get("instance", ""))
            for alert in self.ask("/alerts")["alerts"]
            if alert["state"] == "firing"
        }

    def answers(self) -> bool:
        """Whether it serves."""
        assert self.child.running, self.child.tail(40)
        try:
            return bool(self.ask("/query", query="vector(1)"))
        except (httpx.TransportError, ValueError):
            return False

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


@contextmanager
def prometheus(directory: Path, targets: dict[str, list[int]]) -> Iterator[Prometheus]:
    """A Prometheus on the configuration of deploy/, with these ports of each job as its targets."""
    directory.mkdir()
    config = yaml.safe_load((RULES / "prometheus.yml").read_text("utf-8"))
    config["global"] = dict.fromkeys(("scrape_interval", "scrape_timeout"), EVERY)
    config["global"]["evaluation_interval"] = EVERY
    assert {scrape["job_name"] for scrape in config["scrape_configs"]} == set(targets)
    for scrape in config["scrape_configs"]:
        del scrape["dns_sd_configs"]
        places = [f"127.0.0.1:{port}" for port in targets[scrape["job_name"]]]
        scrape["static_configs"] = [{"targets": places}]
    (directory / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    shutil.copy(RULES / "recording.yml", directory)
    alerts = DURATION.sub(rf"\1 {EVERY}", (RULES / "alerts.yml").read_text("utf-8"))
    (directory / "alerts.yml").write_text(alerts, encoding="utf-8")
    (port,) = free_ports(1)
    command = [
        program("prometheus"),
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with Child(command, directory / "prometheus.log") as child:
        server = Prometheus(child, port)
        try:
            wait_until(server.answers, 30, "Prometheus answers", every=0.1)
            yield server
        finally:
            server.close()
