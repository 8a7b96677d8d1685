"""`zhengming replay`: a range of the topics, or a file, through the pure domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Any

import typer
from rich.table import Table

from processors import engine
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
    json: Annotated[bool, typer.Option("--json", help="The summary as JSON.")] = False,
) -> None:
    """Run inputs through the pure domain, under the configured pack. Writes nothing to Kafka.

    Accounts begin empty: a range that begins late is judged as if nothing had been before. Topics
    are merged by record time; a file is taken in its order. Deadlines fire on event time.
    """
    if from_topics == (file is not None):
        raise fail("replay what? give a FILE, or --from-topics")
    settings = load_settings()
    first, last = history.time_of("--begin", begin), history.time_of("--end", end)
    regions, key = open_regions(settings), settings.hashing_key()
    offline = Offline(load_policy(settings), limits_of(settings), regions, key)
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
                if outputs:
                    print_json({"type": type(record).__name__, "record": record})
    except LineError as error:
        raise fail(f"{error}; mend the line: docs/topics.md has the fields") from error
    made["duplicates"] = offline.duplicates
    made["accounts"] = offline.accounts
    if json:
        print_json(dict(sorted(made.items())))
    elif not outputs:
        table = Table("what", "count")
        for name, count in sorted(made.items()):
            table.add_row(name, f"{count:,}")
        out.print(table)


def _count(made: Counter[str], record: Any) -> None:
    made[type(record).__name__] += 1
    if isinstance(record, Verdict):
        made[f"verdict {record.decision}"] += 1
    elif isinstance(record, Disposal):
        made[f"disposal {record.action} {record.step}"] += 1
