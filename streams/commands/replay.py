"""`zhengming replay`: a range of the topics, or a file, through the pure domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from itertools import islice
from typing import Annotated, Any

import typer
from rich.table import Table

from processors import engine
from schemas.codec import encode
from schemas.records import Disposal, Verdict
from streams.commands import history
from streams.commands.common import fail, out, print_json
from streams.jsonl import LineError
from streams.offline import Offline, limits_of
from streams.packs import load_policy
from streams.regions import open_regions
from streams.settings import load_settings

AT_ONCE = 1_000


def replay(
    file: Annotated[
        str | None, typer.Argument(help="JSON lines of inputs; - for standard input.")
    ] = None,
    from_topics: Annotated[
        bool, typer.Option("--from-topics", help="The input topics instead of a file.")
    ] = False,
    begin: Annotated[
        str | None, typer.Option(help="Only records from this time on: ms, or ISO 8601 (UTC).")
    ] = None,
    end: Annotated[
        str | None, typer.Option(help="Only records before this time: ms, or ISO 8601 (UTC).")
    ] = None,
    outputs: Annotated[bool, typer.Option("--outputs", help="Outputs as JSON lines.")] = False,
    digests: Annotated[
        bool, typer.Option("--digest", help="Add SHA-256 digests of all outputs and all states.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The summary as JSON.")] = False,
) -> None:
    """Run inputs through the pure domain, under the configured pack. Writes nothing to Kafka.

    Accounts begin empty: a range that begins late is judged as if nothing had been before. Topics
    are merged by record time; a file is taken in its order. Deadlines fire on event time. Two
    replays of the same inputs under the same pack have the same digests.
    """
    if from_topics == (file is not None):
        raise fail("replay what? give a FILE, or --from-topics")
    settings = load_settings()
    first, last = history.time_of("--begin", begin), history.time_of("--end", end)
    regions, key = open_regions(settings), settings.hashing_key()
    policy, digest = load_policy(settings), sha256()
    offline = Offline(policy, limits_of(settings), regions, key)
    made: Counter[str] = Counter()
    if file is None:
        inputs: Iterable[engine.Input] = history.from_topics(settings, first, last, made)
    else:
        inputs = history.from_file(file, first, last)
    remaining = iter(inputs)
    try:
        while batch := list(islice(remaining, AT_ONCE)):
            applied = offline.apply(batch)
            made["inputs"] += len(batch)
            for _, reason, _ in applied.rejected:
                made[f"dead letter {reason}"] += 1
            for record in applied.outputs:
                _count(made, record)
                if digests:
                    digest.update(type(record).__name__.encode() + encode(record))
                if outputs:
                    print_json({"type": type(record).__name__, "record": record})
    except LineError as error:
        raise fail(f"{error}; mend the line: docs/topics.md has the fields") from error
    made["duplicates"] = offline.duplicates
    made["accounts"] = offline.accounts
    told: dict[str, str] = {}
    if digests:
        told = {"pack": policy.hash, "outputs": digest.hexdigest(), "states": _of_states(offline)}
    if json:
        print_json(dict(sorted(made.items())) | ({"digests": told} if digests else {}))
    elif not outputs:
        _show(made, told)


def _show(made: Counter[str], digests: dict[str, str]) -> None:
    table = Table("what", "count")
    for name, count in sorted(made.items()):
        table.add_row(name, f"{count:,}")
    out.print(table)
    for name, value in digests.items():
        out.print(f"{name} {value}")


def _of_states(offline: Offline) -> str:
    """SHA-256 of all states by their keys."""
    digest = sha256()
    for key, state in sorted(offline.states.items()):
        digest.update(len(key).to_bytes(4, "big") + key + (state or b""))
    return digest.hexdigest()


def _count(made: Counter[str], record: Any) -> None:
    made[type(record).__name__] += 1
    if isinstance(record, Verdict):
        made[f"verdict {record.decision}"] += 1
    elif isinstance(record, Disposal):
        made[f"disposal {record.action} {record.step}"] += 1
