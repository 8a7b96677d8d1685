"""Two versions of the program side by side, workers of one application, while traffic flows."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from shutil import copytree

import pytest

from schemas.codec import Codec
from streams import checker
from streams.clients import read_all
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
AT_ONCE, EVERY_S = 20, 0.1
WITHIN_S = 90.0
SOME = 60
"""Inputs that a worker is to decide before partitions move on."""
ALIKE = 0.9
"""Share of the accounts, at least, of which two versions say the same."""


@contextmanager
def flowing(app: Application) -> Iterator[None]:
    """Publish simulated traffic without a pause while inside."""
    over = threading.Event()

    def publish() -> None:
        items = iter(traffic(1 << 20))
        while not over.wait(EVERY_S):
            app.publish(islice(items, AT_ONCE))

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def at_work(*workers: WorkerProcess) -> None:
    """Wait until these share all partitions, and each has decided something of its own since."""
    share = PARTITIONS / len(workers)

    def counted(worker: WorkerProcess) -> float:
        assert worker.exit_code is None, worker.tail()
        return worker.metric("zhengming_records_total") or 0

    def shared() -> bool:
        return all(w.metric("zhengming_partitions_ready") == share for w in workers)

    wait_until(shared, WITHIN_S, "the partitions are shared", every=0.1)
    before = {worker: counted(worker) for worker in workers}
    wait_until(
        lambda: all(counted(w) > before[w] + SOME for w in workers),
        WITHIN_S,
        "each has decided something",
        every=0.1,
    )


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


@pytest.mark.timeout(400)
@pytest.mark.parametrize("wheel", PROGRAMS, ids=lambda path: path.stem)
def test_partitions_go_from_the_old_version_to_the_new_one_and_back_and_nothing_is_lost(
    settings: SettingsFactory, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both decide by the pack of the old one, as where a pack is published, or kept beside.

    Accounts of which both versions say the same are, byte for byte, as if one had done it all.
    """
    monkeypatch.setattr(checker, "EXAMPLES", sys.maxsize)
    old = tmp_path / "old"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(old)
    copytree(old / "schemas" / "avro", tmp_path / "schemas" / "0")
    ours = settings(
        partitions=PARTITIONS, pack=str(old / "processors" / "packs" / "cac2022"), store="rocksdb"
    )
    with Application(ours) as app:
        with flowing(app):
            first, second = app.worker(old), app.worker(old)
            at_work(first, second)
            assert second.stop() == 0
            new = app.worker()
            at_work(first, new)  # two partitions went from the old version to the new one
            assert new.stop() == 0
            at_work(first)  # and back
            new.start()
            at_work(first, new)
            assert first.stop() == 0
            at_work(new)
        app.drain()
        codec = Codec(released=tmp_path / "schemas")
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
    }
    asked_otherwise = {(k, e) for k, e in problems if e.endswith("claims and replay differ")}
    assert len(asked_otherwise) < (1 - ALIKE) * report.accounts, asked_otherwise
    assert problems == asked_otherwise
    assert report.inputs > 6 * SOME
