"""A single Apache Kafka broker (KRaft) on loopback, for the demo, the tests and the benchmarks.

Maven fetches the jars once, by deploy/kafka/pom.xml, into .cache/kafka; from then on it starts
offline. Only a checkout has that file: an installed wheel cannot run it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from streams.children import Child, accepts, free_ports, wait_for

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy" / "kafka"
CACHE = ROOT / ".cache" / "kafka"
CLUSTER_ID = "WmhlbmdtaW5nU2FuZGJveA"
START_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0
MAVEN_WITHIN_S = 600.0
TRIES = 3
"""A port can be taken between the choice and the broker's own bind."""

CLASSES = "classes.jsa"
"""Beside the jars: the classes a broker loads, as the virtual machine wants them (AppCDS)."""

_JVM = ("-Xms256m", "-Xmx512m", "-XX:-UsePerfData")
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=4000
log.cleaner.dedupe.buffer.size=16777216
log.cleaner.backoff.ms=1000
log.initial.task.delay.ms=1000
num.network.threads=2
num.io.threads=4
"""


class NoKafka(Exception):
    """Apache Kafka cannot run here; the message says why and what would help."""


class Broker:
    """One broker with its data; `stop`, `kill` and `start` keep address and data.

    ``properties`` of its own come after those that all have; ``{port}`` and ``{controller}`` in
    them stand for its ports. ``jvm`` are more options of its virtual machine.
    """

    def __init__(
        self,
        directory: Path,
        properties: Mapping[str, str] | None = None,
        jvm: Sequence[str] = (),
    ) -> None:
        self.directory = directory
        self._jvm = jvm
        own = "".join(f"{name}={value}\n" for name, value in (properties or {}).items())
        self._properties = _PROPERTIES + own
        self.port, self._controller = free_ports(2)
        self._child: Child | None = None

    @property
    def bootstrap(self) -> str:
        """Its address, host:port."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the broker says."""
        return self.directory / "broker.log"

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._child.pid if self._child is not None and self._child.running else None

    def start(self) -> Self:
        """Start it and wait until it answers. Raises `NoKafka` with the end of its log."""
        if self.pid is not None:
            return self
        jars = prepare()
        data = self.directory / "data"
        new = not data.exists()
        if new:
            shutil.copytree(jars.parent / "formatted", data)
        for left in reversed(range(TRIES if new else 1)):
            properties = self._write_properties(data)
            command = java_command(
                jars, self.directory, "kafka.Kafka", str(properties), jvm=self._jvm
            )
            self._child = Child(command, self.log)
            problem = wait_for(self._answers, self._child, START_WITHIN_S)
            if not problem:
                return self
            self._child.kill()
            if left and "already in use" in self._child.tail():
                self.port, self._controller = free_ports(2)
                continue
            raise NoKafka(
                f"Apache Kafka did not start: {problem}. The end of {self.log}:\n"
                f"{self._child.tail()}"
            )
        raise AssertionError("the last try returns or raises")

    def stop(self) -> int:
        """Stop it in order, as an operator would; returns the exit code, 0 without a process."""
        return 0 if self._child is None else self._child.stop(STOP_WITHIN_S)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._child is not None:
            self._child.kill()

    def _answers(self) -> bool:
        if not accepts(self.port):
            return False
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        try:
            return bool(admin.list_topics(timeout=1.0).brokers)
        except KafkaException:
            return False

    def _write_properties(self, data: Path) -> Path:
        file = self.directory / "server.properties"
        text = self._properties.format(port=self.port, controller=self._controller, data=data)
        file.write_text(text, encoding="utf-8")
        return file


def prepare() -> Path:
    """Fetch the jars and format an empty log directory, once; returns the directory of jars.

    Raises `NoKafka` when Java, Maven or the pom is missing, or one of them fails.
    """
    pom = DEPLOY / "pom.xml"
    if not pom.is_file():
        raise NoKafka(f"{pom} is not there: Apache Kafka runs from a checkout only")
    if shutil.which("java") is None:
        raise NoKafka("there is no `java` on the PATH: install Java 17 or later")
    ready = CACHE / cache_mark()
    if not ready.is_dir():
        if shutil.which("mvn") is None:
            raise NoKafka("there is no `mvn` on the PATH to fetch Apache Kafka: install Maven")
        _fill(ready, pom)
    return ready / "jars"


def cache_mark() -> str:
    """Name what is cached by what it is made from."""
    made_from = (DEPLOY / "pom.xml").read_bytes() + (CLUSTER_ID + CLASSES).encode()
    return hashlib.sha256(made_from).hexdigest()[:12]


def _fill(ready: Path, pom: Path) -> None:
    """Fill a cache directory beside, then move it into place: two may do it at once."""
    ready.parent.mkdir(parents=True, exist_ok=True)
    temporary = tempfile.TemporaryDirectory(
        dir=ready.parent, prefix="filling-", ignore_cleanup_errors=True
    )
    with temporary as name:
        work = Path(name)
        jars = work / "jars"
        _run(["mvn", "-B", "-q", "-f", str(pom), "package", f"-Dkafka.jars={jars}"])
        properties = work / "format.properties"
        properties.write_text(
            _PROPERTIES.format(port=9092, controller=9093, data=work / "formatted"),
            encoding="utf-8",
        )
        tool = ["format", "-t", CLUSTER_ID, "-c", str(properties)]
        _run(java_command(jars, work, "kafka.tools.StorageTool", *tool))
        try:
            work.rename(ready)
        except OSError:
            if not ready.is_dir():
                raise
        _keep_classes(ready)


def _keep_classes(ready: Path) -> None:
    """Let a broker leave the classes it loads, so that others start in half the time.

    They count for the path of their jars only. Nothing is lost where there are none.
    """
    with tempfile.TemporaryDirectory(dir=ready.parent, prefix="filling-") as name:
        kept = Path(name) / CLASSES
        broker = Broker(Path(name), jvm=[f"-XX:ArchiveClassesAtExit={kept}"])
        with contextlib.suppress(NoKafka):
            broker.start()
        # A part of them would crash whoever takes it.
        if broker.stop() == 128 + signal.SIGTERM and kept.is_file():
            kept.rename(ready / CLASSES)


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own command, no shell
            command, capture_output=True, text=True, timeout=MAVEN_WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NoKafka(f"`{command[0]}` did not end within {MAVEN_WITHIN_S:g} s") from error
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise NoKafka(f"`{' '.join(command[:5])} ...` failed:\n{tail}")


def java_command(
    jars: Path, scratch: Path, main: str, *arguments: str, jvm: Sequence[str] = ()
) -> list[str]:
    """Build the command; ``scratch`` takes the libraries that the jars unpack."""
    kept = jars.parent / CLASSES
    classes = [f"-XX:SharedArchiveFile={kept}"] if kept.is_file() else []
    properties = {"log4j2.configurationFile": DEPLOY / "log4j2.xml", "java.io.tmpdir": scratch}
    given = [f"-D{name}={value}" for name, value in properties.items()]
    return ["java", *_JVM, *classes, *jvm, *given, "-cp", f"{jars}{os.sep}*", main, *arguments]


if __name__ == "__main__":
    try:
        sys.stdout.write(f"Apache Kafka is ready in {prepare().parent}\n")
    except NoKafka as error:
        sys.exit(f"Apache Kafka cannot run here: {error}")
