"""What is measured: our worker and its peers, each a process that reads the same inputs."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.ground import Failed, group_progress
from streams.children import Child, free_ports
from streams.settings import Settings
from streams.topics import Topic, input_topics, real_name, repartition_topics

ROOT = Path(__file__).parents[1]
PEERS = Path(__file__).parent / "peers"
CACHE = ROOT / ".cache" / "bench"
INSTALL_WITHIN_S = 600.0
_RECORDS = re.compile(r"^zhengming_records_total (\S+)$", re.MULTILINE)
_PASSED_ON = re.compile(r"^zhengming_passed_on_records_total (\S+)$", re.MULTILINE)
_SEEKS_BACK = re.compile(r"^zhengming_seeks_back_total (\S+)$", re.MULTILINE)
_RESTORED = re.compile(r"^zhengming_restored_records_total (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Shape:
    """Sizes that the domain writes on average, for the pass-through to write the same."""

    state: int
    output: int
    more_every: int
    """One output more every so many inputs."""


class Running:
    """A contender's process at work on the topics of its settings."""

    def __init__(self, settings: Settings, command: list[str], port: int | None) -> None:
        self.settings = settings
        self.port = port
        own = {} if port is None else {"ZHENGMING_WEB_PORT": str(port)}
        log = settings.data_dir / f"process-{port or 0}.log"
        self.child = Child(command, log, _environment(settings) | own)

    def progress(self) -> int:
        """Inputs whose transaction is committed. Raises `Failed` when the process has ended."""
        if not self.child.running:
            raise Failed(f"ended with code {self.child.exit_code}:\n{self.child.tail()}")
        if self.port is None:
            return self._committed(input_topics())
        return self._metric(_RECORDS)

    def passed_on(self) -> int:
        """Records that tasks have sent to each other and that are done."""
        if self.port is None:
            return self._committed(repartition_topics())
        return self._metric(_PASSED_ON)

    def restored(self) -> int:
        """Changelog records our worker has restored."""
        return self._metric(_RESTORED)

    def seeks_back(self) -> int:
        """Gaps in what our worker was handed that it has mended."""
        return self._metric(_SEEKS_BACK)

    def ready(self) -> bool:
        """Whether our worker serves."""
        return self._get("/ready") is not None

    def _committed(self, topics: Iterable[Topic]) -> int:
        return group_progress(self.settings, self.settings.app_id, topics)

    def _metric(self, pattern: re.Pattern[str]) -> int:
        found = pattern.search(self._get("/metrics") or "")
        return int(float(found[1])) if found else 0

    def _get(self, path: str) -> str | None:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return str(answer.read().decode())
        except (URLError, OSError):
            return None


@dataclass(frozen=True)
class Contender:
    """Something that processes the inputs. ``command`` makes its command line."""

    name: str
    title: str
    does: str
    guarantee: str
    command: Callable[[Settings], list[str]]
    ours: bool = False
    """Ours tell their progress themselves; of others the group's offsets do."""
    committed_only: bool = True
    """Whether it reads committed records only."""

    def start(self, settings: Settings) -> Running:
        """Start it; it reads from the beginning."""
        port = free_ports(1)[0] if self.ours else None
        return Running(settings, self.command(settings), port)


def _environment(settings: Settings) -> dict[str, str]:
    """What gives a process of ours these settings."""
    return {
        "ZHENGMING_KAFKA": settings.kafka,
        "ZHENGMING_APP_ID": settings.app_id,
        "ZHENGMING_TOPIC_PREFIX": settings.topic_prefix,
        "ZHENGMING_PARTITIONS": str(settings.partitions),
        "ZHENGMING_DATA_DIR": str(settings.data_dir),
    }


def _inputs(settings: Settings) -> list[str]:
    return [real_name(settings, topic.name) for topic in input_topics()]


def _arguments(settings: Settings) -> list[str]:
    """What the peers in other environments are told: where, who, output, inputs."""
    output = real_name(settings, "account.verdicts")
    where = [settings.kafka, settings.app_id, str(settings.data_dir / "state")]
    return [*where, output, *_inputs(settings)]


def _quix(settings: Settings) -> list[str]:
    return [str(quix_python()), str(PEERS / "quix" / "no_op.py"), *_arguments(settings)]


def _kafka_streams(settings: Settings) -> list[str]:
    path = f"{kafka_streams()}/classes:{kafka_streams()}/jars/*"
    main = "benchmarks.StatefulNoOp"
    return ["java", "-Xms512m", "-Xmx1g", "-cp", path, main, *_arguments(settings)]


WORKER = Contender(
    "worker",
    "zhengming",
    "all shipped checks, state, outputs",
    "exactly once",
    lambda _: [sys.executable, "-m", "streams.cli", "worker"],
    ours=True,
)
PLAIN_FAUST = Contender(
    "plain-faust",
    "plain Faust",
    "all shipped checks, state, outputs, one event at a time",
    "at least once",
    lambda _: [sys.executable, "-m", "benchmarks.peers.plain_faust"],
    committed_only=False,
)
QUIX = Contender("quix", "Quix Streams", "stateful no-op", "exactly once", _quix)
KAFKA_STREAMS = Contender(
    "kafka-streams", "Kafka Streams", "stateful no-op", "exactly once (v2)", _kafka_streams
)


def pass_through(shape: Shape) -> Contender:
    """Our transport and transactions, no domain logic."""
    sizes = ["--state", shape.state, "--output", shape.output, "--more-every", shape.more_every]
    command = [sys.executable, "-m", "benchmarks.peers.pass_through", *map(str, sizes)]
    return Contender(
        "pass-through",
        "pass-through",
        "our transport and transactions, as many bytes, no domain",
        "exactly once",
        lambda _: command,
        ours=True,
    )


@cache
def kafka_streams() -> Path:
    """Directory of the built peer; Maven builds it once. Raises `Failed`."""
    project = PEERS / "kafka-streams"
    made = [project / "pom.xml", *sorted((project / "src").rglob("*.java"))]
    ready = CACHE / f"kafka-streams-{_mark(made)}"
    if not (ready / "jars").is_dir():
        if shutil.which("mvn") is None or shutil.which("java") is None:
            raise Failed("Kafka Streams needs Java 17 and Maven")
        _run(["mvn", "-B", "-q", "-f", str(project / "pom.xml"), "package", f"-Dbuild={ready}"])
    return ready


@cache
def quix_python() -> Path:
    """Interpreter of the environment of Quix Streams; made once. Raises `Failed`."""
    requirements = PEERS / "quix" / "requirements.txt"
    ready = CACHE / f"quix-{_mark([requirements])}"
    python = ready / "bin" / "python"
    if not (ready / "installed").is_file():
        venv.create(ready, clear=True, with_pip=True)
        _run([str(python), "-m", "pip", "install", "--quiet", "-r", str(requirements)])
        (ready / "installed").touch()
    return python


def _mark(files: list[Path]) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]


def _run(command: list[str]) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=INSTALL_WITHIN_S, check=False
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-10:])
        raise Failed(f"`{' '.join(command[:5])} ...` failed:\n{tail}")
