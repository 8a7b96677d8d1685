"""The sandbox: what it starts, what it falls back on, and that nothing of it is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis
from confluent_kafka.admin import AdminClient, NewTopic

from streams import broker
from streams.broker import Broker, NoKafka
from streams.children import PORTS, Child, free_ports, scratch_directory, wait_for
from streams.clients import create_admin, create_producer, read_all, topic_partitions
from streams.errors import ConfigurationError
from streams.sandbox import ApacheKafka, Kafka, MockKafka, start_kafka, start_redis
from streams.settings import Settings
from tests.support import wait_until

ROOT = Path(__file__).parents[2]

PARENT = """
import sys, time
from pathlib import Path
from streams.children import Child
child = Child([sys.executable, "-c", "import time; time.sleep(300)"], Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(300 if sys.argv[2] == "stay" else 0)
"""

INTERRUPTED = """
import os, psutil, random, signal, sys, threading, time
from pathlib import Path
from streams import children

class Stop(Exception):
    pass

def stop(number, frame):
    raise Stop

signal.signal(signal.SIGTERM, stop)
stopped = 0
for number in range(60):
    wait = random.Random(number).random() * 0.004
    after = threading.Timer(wait, os.kill, (os.getpid(), signal.SIGTERM))
    try:
        after.start()
        children.Child(["/bin/sleep", "300"], Path(sys.argv[1]))
        after.join()
        time.sleep(60)
    except Stop:
        stopped += 1
known = {child.pid for child in children._children}
lost = {child.pid for child in psutil.Process().children()} - known
print(stopped, len(lost))
for pid in lost:
    os.kill(pid, signal.SIGKILL)
"""


def test_a_stopped_and_a_killed_broker_keep_address_and_data(own_kafka: Kafka) -> None:
    settings = Settings(kafka=own_kafka.bootstrap)
    admin = create_admin(settings)
    admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(10)

    for number, end in enumerate((own_kafka.stop, own_kafka.kill)):
        producer = create_producer(settings)
        producer.produce("kept", str(number).encode())
        assert producer.flush(20) == 0
        end()
        assert not _answers(own_kafka.bootstrap)
        own_kafka.start()
        assert _values(settings, "kept") == [str(n).encode() for n in range(number + 1)]


def test_a_broker_starts_with_the_classes_that_are_kept(own_kafka: Kafka, tmp_path: Path) -> None:
    assert isinstance(own_kafka, ApacheKafka)
    jars = broker.prepare()
    must = ["-Xshare:on"]  # the virtual machine ends where it cannot use them
    told = broker.java_command(jars, tmp_path, "kafka.Kafka", "--version", jvm=must)
    assert subprocess.run(told, check=False, capture_output=True).returncode == 0
    (jars.parent / broker.CLASSES).stat()


def test_a_closed_broker_leaves_no_process_and_no_data(own_kafka: Kafka) -> None:
    assert isinstance(own_kafka, ApacheKafka)
    pid, directory = own_kafka.broker.pid, own_kafka.broker.directory
    assert pid is not None
    assert psutil.pid_exists(pid)
    own_kafka.close()
    assert not psutil.pid_exists(pid)
    assert not directory.exists()
    own_kafka.close()


def test_a_broker_that_cannot_start_says_why_with_the_end_of_its_log(
    kafka: Kafka, tmp_path: Path
) -> None:
    if kafka.kind != "apache-kafka":
        pytest.skip("needs jars of Apache Kafka")
    (tmp_path / "data").write_text("not a directory")
    with pytest.raises(NoKafka, match=r"did not start: it ended with exit code 1") as failed:
        Broker(tmp_path).start()
    assert "data" in str(failed.value)


def test_an_address_in_the_environment_wins(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGMING_KAFKA", kafka.bootstrap)
    with start_kafka() as found:
        assert found.kind == "external"
        assert found.bootstrap == kafka.bootstrap
        with pytest.raises(ConfigurationError, match="cannot be stopped from here"):
            found.stop()
    assert _answers(kafka.bootstrap)


def test_an_address_that_does_not_answer_is_an_error_and_not_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.sandbox.EXTERNAL_WITHIN_S", 0.2)
    monkeypatch.setenv("ZHENGMING_KAFKA", "127.0.0.1:1")
    with pytest.raises(ConfigurationError, match=r"ZHENGMING_KAFKA=127.0.0.1:1 does not answer"):
        start_kafka()
    monkeypatch.setenv("ZHENGMING_REDIS", "redis://127.0.0.1:1/0")
    with pytest.raises(ConfigurationError, match="ZHENGMING_REDIS does not answer"):
        start_redis()


def test_without_java_there_is_the_mock_and_it_says_that_it_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ZHENGMING_KAFKA", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with start_kafka() as mock:
        assert mock.kind == "mock"
        assert "for a look only" in mock.note
        assert "install Java 17" in mock.note
        assert _answers(mock.bootstrap)
    with pytest.raises(NoKafka, match="install Java 17"):
        start_kafka(allow_mock=False)


def test_without_maven_the_jars_that_are_there_still_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "java").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(broker, "CACHE", tmp_path / "empty")
    with pytest.raises(NoKafka, match="no `mvn` on the PATH"):
        broker.prepare()
    mark = broker.cache_mark()
    (tmp_path / "empty" / mark).mkdir(parents=True)
    assert broker.prepare() == tmp_path / "empty" / mark / "jars"


def test_the_mock_carries_transactions() -> None:
    with MockKafka("a test wants it") as mock:
        settings = Settings(kafka=mock.bootstrap)
        producer = create_producer(settings, transactional_id="t")
        producer.init_transactions(10)
        for number, end in enumerate((producer.abort_transaction, producer.commit_transaction)):
            producer.begin_transaction()
            producer.produce("x", str(number).encode(), partition=0)
            end(10)
        assert _values(settings, "x")[-1] == b"1"


def test_redis_answers_and_ends() -> None:
    with start_redis() as ours:
        client = redis.Redis.from_url(ours.url)
        client.set("key", "value")
        assert client.get("key") == b"value"
    with pytest.raises(redis.ConnectionError):
        client.ping()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_no_child_outlives_its_parent(end: signal.Signals | None, tmp_path: Path) -> None:
    how = "stay" if end else "leave"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "log"), how],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    if end:
        assert psutil.pid_exists(child)
        parent.send_signal(end)
    parent.wait(60)
    parent.stdout.close()
    wait_until(lambda: not _alive(child), 10, "the child has ended")


def test_what_a_killed_owner_left_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(60)
    orphan = tmp_path / f"zhengming-kafka-{ended.pid}-abc"
    orphan.mkdir()
    ours = scratch_directory("kafka")
    assert not orphan.exists()
    assert scratch_directory("kafka") != ours
    assert ours.exists()


def test_a_child_that_ignores_a_stop_is_killed(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('deaf', flush=True); time.sleep(300)"
    )
    child = Child([sys.executable, "-c", deaf], tmp_path / "log")
    assert wait_for(lambda: "deaf" in child.tail(), child, 60) == ""
    assert child.stop(within_s=0.2) == -signal.SIGKILL
    assert not child.running


def test_a_signal_while_a_child_starts_loses_no_child_and_no_signal(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path / "log")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.stdout.split() == ["60", "0"], done.stderr


def test_waiting_for_a_child_says_why_it_is_not_ready(tmp_path: Path) -> None:
    with Child([sys.executable, "-c", "raise SystemExit(7)"], tmp_path / "a") as child:
        assert wait_for(lambda: False, child, 60) == "it ended with exit code 7"
    with Child([sys.executable, "-c", "input()"], tmp_path / "b") as child:
        child.wait(60)
        assert "EOFError" in child.tail()


def test_ports_are_free_different_and_never_those_of_outgoing_connections() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert set(ports) <= set(PORTS)
    ephemeral = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if ephemeral.exists():
        assert max(PORTS) < int(ephemeral.read_text().split()[0])


def test_topics_of_the_sandbox_are_made_on_purpose_only(kafka: Kafka) -> None:
    if kafka.kind != "apache-kafka":
        pytest.skip("another cluster has its own rules")
    settings = Settings(kafka=kafka.bootstrap)
    producer = create_producer(settings)
    assert producer.list_topics("by-chance", 5).topics["by-chance"].error is not None
    assert "by-chance" not in topic_partitions(create_admin(settings))


def _answers(bootstrap: str) -> bool:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        return bool(admin.list_topics(timeout=1).brokers)
    except Exception:
        return False


def _values(settings: Settings, topic: str) -> list[bytes | None]:
    return [message.value() for message in read_all(settings, [topic])]


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
