"""What processes stand on fails: a full disk, the registry or Kafka away, a clock that jumps."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from schemas.errors import DeadLetterReason
from streams.children import free_ports
from streams.dead_letters import read_letters, requeue
from streams.errors import BrokerUnreachable
from streams.sandbox import ApacheKafka
from tests.conftest import SettingsFactory
from tests.integration.harness import ROOT, Application
from tests.integration.test_crashes import traffic
from tests.schemas.registry_server import serving
from tests.streams.gateway.stack import stacked
from tests.support import wait_until

DISK = "32m"
BLOCK = bytes(1 << 16)
SERVED = "zhengming_partitions_ready"


@contextmanager
def disk(place: Path) -> Iterator[Path]:
    """A small file system of its own."""
    place.mkdir(parents=True)
    mounted = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("needs to mount a file system: root, with the right to")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    """Take all that is left of a file system; returns the file that has it."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(BLOCK):
                pass
        except OSError as error:
            assert error.errno == 28, error  # no space left
    return ballast


def test_a_worker_whose_disk_is_full_leaves_and_goes_on_when_there_is_room(
    settings: SettingsFactory,
) -> None:
    ours = settings(store="rocksdb")
    with ExitStack() as stack:
        place = stack.enter_context(disk(ours.data_dir / "w0"))
        app = stack.enter_context(Application(ours))
        worker = app.worker().await_ready()
        app.publish(traffic(400))
        app.drain()
        ballast = fill(place)
        app.publish(traffic(1_500, seed=2))
        assert worker.await_exit(90) == BrokerUnreachable.exit_code, worker.tail()
        assert "cannot be written" in worker.tail()
        assert "No space left on device" in worker.tail()
        worker.start()  # as its supervisor does; there is no room yet
        assert worker.await_exit(90) == BrokerUnreachable.exit_code, worker.tail()
        ballast.unlink()
        worker.start()
        app.drain()
        assert app.assert_sound().inputs == 1_900


def test_a_worker_waits_for_its_registry_and_goes_on_without_it_with_what_it_knows(
    settings: SettingsFactory,
) -> None:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with Application(settings(schema_registry_url=url)) as app:
        app.publish(traffic(300))
        worker = app.worker(ZHENGMING_SCHEMA_REGISTRY_URL=url)
        assert worker.await_exit(90) == BrokerUnreachable.exit_code, worker.tail()
        with serving(port=port) as registry:
            worker.start()
            app.drain()
        app.publish(traffic(300, seed=2))
        app.drain(supervised=False)
        assert worker.exit_code is None, worker.tail()
        with serving(port=port) as again:
            again.schemas, again.subjects = registry.schemas, registry.subjects
            assert app.assert_sound().inputs == 600


def libfaketime() -> str:
    """The library that lets a process see another time; without it the test is skipped."""
    found = sorted((ROOT / ".cache" / "faketime").rglob("libfaketimeMT.so.1"))
    if not found:
        pytest.skip("needs libfaketime: run `make faketime` (Debian)")
    return str(found[0])


def test_a_clock_that_jumps_loses_and_doubles_nothing(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    """Far behind the broker's, it sets records aside as of the future; they can be sent again."""
    clock, ours = tmp_path / "clock", settings()

    def jump(to: str) -> None:
        (tmp_path / "new").write_text(f"{to}\n")
        (tmp_path / "new").replace(clock)

    jump("+0s")
    with Application(ours) as app:
        worker = app.worker(
            LD_PRELOAD=libfaketime(),
            FAKETIME_TIMESTAMP_FILE=str(clock),
            FAKETIME_CACHE_DURATION="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
        ).await_ready()
        sent = app.publish(traffic(300))
        app.drain(supervised=False)

        def ages() -> float:
            return worker.metric("zhengming_decision_seconds_sum") or 0

        jump("+3600s")
        for seed in range(2, 40):
            sent += app.publish(traffic(20, seed=seed, prefix=f"ahead-{seed}-"))
            app.drain(supervised=False)
            if ages() > 3_000:
                break
        assert ages() > 3_000, "the worker has not seen that its clock is ahead"
        jump("-7200s")
        for seed in range(40, 80):
            sent += app.publish(traffic(20, seed=seed, prefix=f"behind-{seed}-"))
            app.drain(supervised=False)
            if read_letters(ours):
                break
        jump("+0s")
        before = -1
        for seed in range(80, 120):  # until it has seen that its clock is right again
            if before == (before := len(read_letters(ours))):
                break
            sent += app.publish(traffic(20, seed=seed, prefix=f"right-{seed}-"))
            app.drain(supervised=False)
        letters = read_letters(ours)
        assert {letter.reason for letter in letters} == {DeadLetterReason.TIME_IN_FUTURE}
        assert requeue(ours, lambda all_of_them: all_of_them) == len(letters)
        app.drain(supervised=False)
        assert worker.exit_code is None, worker.tail()
        assert all(letter.sent_again for letter in read_letters(ours)), "one was set aside again"
        assert app.assert_sound().inputs >= sent


def test_what_nobody_asks_for_anything_says_that_kafka_is_away_and_is_ready_when_it_is_back(
    own_kafka: ApacheKafka, settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    """Connections look alive and nothing waits: without this all would look well."""
    ours = settings(kafka=own_kafka.bootstrap, redis_url=redis_url)
    with contextmanager(stacked)(ours, tmp_path) as stack:
        stack.children["execute"] = stack.start(
            "execute",
            ZHENGMING_EXECUTOR_URL="http://127.0.0.1:9/",
            ZHENGMING_EXECUTOR_SECRET="a secret of 16 characters",
        )

        def problems(name: str) -> str:
            try:
                answer = stack.nobody.get(f"{stack.probe(name)}/ready")
            except httpx.TransportError:
                return "it does not answer"
            return " ".join(answer.json()["problems"])

        def served() -> float:
            lines = stack.nobody.get(f"{stack.probe('worker')}/metrics").text.splitlines()
            return float(next(line for line in lines if line.startswith(SERVED)).split()[1])

        def all_ready() -> bool:
            return not any(map(problems, stack.children))

        def all_say_so() -> bool:
            return all("Kafka has not answered" in problems(name) for name in stack.children)

        wait_until(all_ready, 30, "all are ready", every=0.2)
        assert served() == ours.partitions
        broker = own_kafka.broker.pid
        assert broker is not None
        os.kill(broker, signal.SIGSTOP)
        try:
            wait_until(all_say_so, 60, "all say that Kafka is away", every=0.5)
            assert served() == 0
            for name in stack.children:  # to start them again would be no remedy
                assert stack.nobody.get(f"{stack.probe(name)}/health").is_success, name
        finally:
            os.kill(broker, signal.SIGCONT)
        wait_until(all_ready, 60, "all are ready again", every=0.2)
        assert served() == ours.partitions
