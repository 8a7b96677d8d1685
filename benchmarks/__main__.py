"""``python -m benchmarks [--quick] [--only ITEM ...]``: measure, print, write RESULTS.md."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.contenders import PEERS, kafka_streams, quix_python
from benchmarks.ground import Failed, Ground, console
from benchmarks.items import Bench
from benchmarks.plan import FULL, QUICK
from benchmarks.report import Report, show, write
from streams.broker import NoKafka
from streams.children import scratch_directory
from streams.packs import load_policy
from streams.sandbox import start_kafka
from streams.settings import load_settings

ITEMS = ("throughput", "latency", "text", "restore", "memory", "scaling", "backtest", "gateway")
WITHOUT_KAFKA = ("text", "backtest")
RESULTS = Path(__file__).parent / "RESULTS.md"
_REQUIRED = re.compile(r"^quixstreams==(\S+)", re.MULTILINE)
_JAR = re.compile(r"-(\d[\d.]+)\.jar$")


def main() -> int:
    """Run the chosen items; 0 when all of them could be measured and their checks held."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small numbers, under two minutes")
    parser.add_argument("--only", nargs="+", choices=ITEMS, default=ITEMS, metavar="ITEM")
    parser.add_argument("--results", type=Path, help="where to write; RESULTS.md for a full run")
    given = parser.parse_args()
    directory = scratch_directory("bench")
    plan = QUICK if given.quick else FULL
    try:
        if set(given.only) <= set(WITHOUT_KAFKA):
            report = _report(None)
            _measure_all(Bench(None, plan, load_policy(load_settings()), report), given.only)
        else:
            with start_kafka(allow_mock=False) as kafka:
                report = _report(kafka.note)
                ground = Ground(kafka, directory)
                _measure_all(Bench(ground, plan, load_policy(load_settings()), report), given.only)
    except (NoKafka, Failed) as error:  # one of them is raised before anything is measured
        console.print(f"the benchmarks cannot run: {error}", style="red", markup=False)
        return 4
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    show(report)
    whole = not given.quick and given.only == ITEMS
    if results := given.results or (RESULTS if whole else None):
        write(report, results)
        console.print(f"written to {results}")
    return 1 if report.failures else 0


def _measure_all(bench: Bench, items: Sequence[str]) -> None:
    for item in items:
        _measure(bench.report, item, getattr(bench, item))


def _measure(report: Report, item: str, measure: Callable[[], None]) -> None:
    console.print(item, style="bold")
    try:
        measure()
    except (Failed, subprocess.TimeoutExpired) as failure:
        report.failures.append(f"{item}: {failure}")
        console.print(f"  failed: {failure}", style="red", markup=False)


def _report(broker: str | None) -> Report:
    pack = load_policy(load_settings()).pack
    rules = f"{pack.id} {pack.version}, {len(pack.rules)} rules, hash `{pack.hash}`"
    command = " ".join(["python -m benchmarks", *sys.argv[1:]])
    if broker is None:
        return Report(command, rules, {"broker": "none"})
    return Report(command, rules, {"broker": _without_address(broker)} | _peers())


def _without_address(note: str) -> str:
    return note.partition(" at ")[0] + f" {_kafka_version()}"


def _kafka_version() -> str:
    return _jar("kafka-clients")


def _peers() -> dict[str, str]:
    """Versions of the peers; preparing them here keeps their installation out of the runs."""
    quix_python()
    required = _REQUIRED.search((PEERS / "quix" / "requirements.txt").read_text())
    assert required is not None
    return {"kafka-streams": _jar("kafka-streams"), "quixstreams": required[1]}


def _jar(name: str) -> str:
    found = next((kafka_streams() / "jars").glob(f"{name}-[0-9]*.jar"))
    version = _JAR.search(found.name)
    return version[1] if version else "?"


if __name__ == "__main__":
    sys.exit(main())
