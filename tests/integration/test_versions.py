"""Two versions of the program side by side, workers of one application, while traffic flows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from schemas.codec import Codec
from schemas.errors import DeadLetterReason
from streams import checker
from streams.clients import read_all
from streams.dead_letters import read_letters, requeue
from streams.demo.workers import environment
from streams.packs import load_policy
from streams.settings import Settings
from streams.topics import real_name
from tests.conftest import SettingsFactory
from tests.fixtures.record import HERE
from tests.integration.harness import ROOT, Application, WorkerProcess
from tests.integration.test_crashes import traffic
from tests.support import wait_until

PROGRAMS = sorted(HERE.glob("*.whl"))
PARTITIONS = 4
AT_ONCE, EVERY_S = 4, 0.1
ALLOWED = 150
"""Batches that may flow while partitions move, and once more until all have decided some: how much
there is to be compared does not depend on how long that takes."""
ACCOUNTS = 600
"""So many that each has but a few inputs: the more of them, the likelier are two words for one."""
WITHIN_S = 90.0
SOME = 60
"""Inputs that a worker is to decide before partitions move on."""
ANSWERS = re.compile(r"\d+ records of answers to partition \d+ differ$")
"""Versions may put the same answers to each other in other records."""
WAITS = re.compile(r"(\S+) \S+: waits for an answer across accounts$")
"""Of an account of which they say otherwise, the replay may ask what neither has asked."""
KEPT = re.compile(r"\S+ changelog and replay differ in (?:(?:measures|ledger|devices)(?:, |$))+$")
"""What the old version does not keep: until when one may appeal against a measure and what that
restricts, and who has rejected what was charged; and it keeps the devices of a sold account.
Which measures and entries there are is compared with the outputs besides."""
CALM = 5
"""Looks in a row at which nothing may be under way."""
ALIKE = 0.9
"""Share of the accounts, at least, of which two versions say the same."""


@contextmanager
def flowing(app: Application) -> Iterator[threading.Semaphore]:
    """Publish simulated traffic while inside, as many batches as are released."""
    over, allowed = threading.Event(), threading.Semaphore(0)

    def publish() -> None:
        items = iter(traffic(1 << 20, accounts=ACCOUNTS))
        while not over.wait(EVERY_S):
            if allowed.acquire(blocking=False):
                app.publish(islice(items, AT_ONCE))

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield allowed
    finally:
        over.set()
        thread.join()


def at_work(flow: threading.Semaphore, *workers: WorkerProcess) -> None:
    """Wait until these share all partitions, and each has decided something of its own since."""
    share = PARTITIONS / len(workers)

    def counted(worker: WorkerProcess) -> float:
        worker.supervise()  # one that was fenced leaves, and is started again
        return worker.metric("zhengming_records_total") or 0

    def some(worker: WorkerProcess) -> bool:
        now = counted(worker)
        before[worker] = min(before[worker], now)  # one that was started again counts from zero
        return now > before[worker] + SOME

    def shared() -> bool:
        for worker in workers:
            worker.supervise()
        return all(w.metric("zhengming_partitions_ready") == share for w in workers)

    flow.release(ALLOWED)
    wait_until(shared, WITHIN_S, "the partitions are shared", every=0.1)
    before = {worker: counted(worker) for worker in workers}
    flow.release(ALLOWED)
    wait_until(lambda: all(map(some, workers)), WITHIN_S, "each has decided something", every=0.1)


def settle(app: Application) -> None:
    """Wait until nothing is under way any more, between partitions neither.

    What was committed shows a moment later, when Kafka has marked the end of its transaction.
    """
    calm = 0

    def still() -> bool:
        nonlocal calm
        calm = calm + 1 if app.drained() else 0
        return calm == CALM

    wait_until(still, WITHIN_S, "all is decided, and stays so", every=0.5)


def with_the_schemas_of(old: Path, directory: Path) -> Path:
    """This version's program, for which the schemas of the old one are a released set."""
    for package in ("processors", "schemas", "streams"):
        copytree(ROOT / package, directory / package, ignore=ignore_patterns("__pycache__"))
    copytree(old / "schemas" / "avro", directory / "schemas" / "released" / "0.0.1")
    return directory


def said(program: Path, settings: Settings, directory: Path) -> dict[str, list[str]]:
    """What a version by itself makes of all inputs: its outputs by account, without new fields."""
    told = environment(settings, directory, settings.web_port, ZHENGMING_PACK=settings.pack)
    command = [sys.executable, "-m", "streams.cli", "replay", "--from-topics", "--outputs"]
    done = subprocess.run(
        command,
        cwd=program,
        env=told | {"PYTHONPATH": str(program)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[str]] = defaultdict(list)
    for line in done.stdout.splitlines():
        record = json.loads(line)["record"]
        known = {name: value for name, value in record.items() if value}
        found[record["account_id"]].append(json.dumps(known, sort_keys=True))
    return found


def writers(app: Application) -> set[bytes]:
    """The schemas by which audit records were written: each version has another."""
    messages = read_all(app.settings, [real_name(app.settings, "audit.records")])
    return {bytes(message.value() or b"")[:10] for message in messages}


def test_there_is_the_program_of_a_release() -> None:
    assert PROGRAMS


@pytest.mark.parametrize("wheel", PROGRAMS, ids=lambda path: path.stem)
def test_partitions_go_from_the_old_version_to_the_new_one_and_back_and_nothing_is_lost(
    settings: SettingsFactory, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both decide by the pack of the old one, as where a pack is published, or kept beside.

    Accounts of which both versions say the same are as if one had done it all.
    """
    monkeypatch.setattr(checker, "EXAMPLES", sys.maxsize)
    old = tmp_path / "old"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(old)
    now = with_the_schemas_of(old, tmp_path / "new")
    ours = settings(
        partitions=PARTITIONS, pack=str(old / "processors" / "packs" / "cac2022"), store="rocksdb"
    )
    with Application(ours) as app:
        with flowing(app) as flow:
            first, second = app.worker(old), app.worker(old)
            at_work(flow, first, second)
            assert second.stop() == 0
            new = app.worker(now)
            at_work(flow, first, new)  # two partitions went from the old version to the new one
            assert new.stop() == 0
            at_work(flow, first)  # and back
            new.start()
            at_work(flow, first, new)
            assert first.stop() == 0
            at_work(flow, new)
        settle(app)
        newer = {letter.reason for letter in read_letters(ours)}
        assert newer <= {DeadLetterReason.UNKNOWN_SCHEMA}
        requeue(ours, lambda letters: letters)  # as docs/operations.md says
        settle(app)
        assert all(letter.sent_again for letter in read_letters(ours)), "one was set aside again"
        codec = Codec(released=now / "schemas" / "released")
        report = checker.check(ours, load_policy(ours), codec=codec)
        assert len(writers(app)) == 2, "only one version has written anything"
    by_old, by_new = (said(program, ours, tmp_path) for program in (old, ROOT))
    otherwise = {name for name in by_old | by_new if by_old[name] != by_new[name]}
    assert len(otherwise) < (1 - ALIKE) * report.accounts, "too little is left to compare"
    problems = {
        (kind, example)
        for kind, examples in report.examples.items()
        for example in examples
        if kind not in ("state", "outputs") or example.partition(":")[0] not in otherwise
        if not (ANSWERS.match(example) or KEPT.match(example))
        if not ((waits := WAITS.match(example)) and waits[1] in otherwise)
    }
    asked_otherwise = {(k, e) for k, e in problems if e.endswith("claims and replay differ")}
    assert len(asked_otherwise) < (1 - ALIKE) * report.accounts, asked_otherwise
    assert problems == asked_otherwise
    assert report.inputs > 6 * SOME
