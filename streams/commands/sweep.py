"""`zhengming sweep`: verify existing accounts anew, and see how far that has come."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from msgspec.structs import replace

from schemas.records import (
    DirectiveKind,
    SubjectKind,
    SweepProgress,
    SweepState,
)
from streams import control_topics, directives, journal
from streams.commands.common import fail, leave_if_any, out, print_json, table_of
from streams.decoded import Unreadable, read_decoded
from streams.settings import Settings, load_settings
from streams.topics import topic_of

sweep = typer.Typer(no_args_is_help=True, help="Verify existing accounts anew.")

HOUR_MS = 3_600_000

By = Annotated[str, typer.Option("--by", help="Who orders it.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@sweep.command("start")
def start(
    by: By,
    reason: Annotated[str, typer.Option(help="Why.")],
    name: Annotated[str | None, typer.Option("--id", help="Its id; made up when left out.")] = None,
    hours: Annotated[
        float, typer.Option(min=0.0, help="How long it may take; then it stops.")
    ] = 720.0,
    subjects: Annotated[
        list[SubjectKind] | None, typer.Option("--subject", help="Kind of account; repeatable.")
    ] = None,
    regions: Annotated[
        list[str] | None, typer.Option("--region", help="Such as 广东; repeatable.")
    ] = None,
    accounts: Annotated[
        list[str] | None, typer.Option("--account", help="Id, or its beginning and *; repeatable.")
    ] = None,
    json: Json = False,
) -> None:
    """Verify existing accounts by the rules in force, all of them or those of a scope."""
    settings, now = load_settings(), time.time_ns() // 1_000_000
    order = directives.sweep(
        begins=now,
        ends=now + int(hours * HOUR_MS),
        reason=reason,
        by=by,
        packs_read=journal.packs_read(control_topics.read_published(settings)),
        name=name,
        subjects=subjects or (),
        regions=regions or (),
        accounts=accounts or (),
    )
    control_topics.issue(settings, order)
    if json:
        print_json(replace(order, content=None))
    else:
        out.print(
            f"{order.directive_id}: verifies {order.scope} anew; see `zhengming sweep status`"
        )


@sweep.command("stop")
def stop(
    name: Annotated[str, typer.Argument(metavar="ID", help="Id of the sweep.")],
    by: By,
    json: Json = False,
) -> None:
    """Stop a sweep that was ordered. What it has brought about stays."""
    settings = load_settings()
    known = journal.directives(control_topics.read_published(settings)).get(name)
    if known is None or known.kind is not DirectiveKind.SWEEP:
        raise fail(f"no sweep {name!r} was ordered; `zhengming sweep status` shows which were")
    order = control_topics.end(settings, name, by)
    if json:
        print_json(order)
    else:
        out.print(f"{name}: stopped")


@sweep.command("status")
def status(json: Json = False) -> None:
    """Show how far every sweep has come, over all partitions."""
    settings, bad = load_settings(), list[Unreadable]()
    told = [_sum(name, found, settings) for name, found in _progress(settings, bad.append).items()]
    if json:
        for row in told:
            print_json(row)
        leave_if_any(bad)
        return
    heads = ("sweep", "state", "accounts", "of about", "otherwise", "began (UTC)", "at (UTC)")
    table = table_of((row["sweep_id"] for row in told), *heads)
    for row in told:
        table.add_row(
            row["sweep_id"],
            row["state"],
            f"{row['done']:,}",
            f"{row['total']:,}",
            f"{row['found']:,}",
            _time(row["began_at"]),
            _time(row["at"]),
        )
    out.print(table)
    leave_if_any(bad)


def _progress(
    settings: Settings, unreadable: Callable[[Unreadable], None]
) -> Mapping[str, dict[int, SweepProgress]]:
    """The last progress of every sweep in every partition; ordered ones without any, too."""
    found: dict[str, dict[int, SweepProgress]] = defaultdict(dict)
    for order in journal.directives(control_topics.read_published(settings)).values():
        if order.kind is DirectiveKind.SWEEP:
            found[order.directive_id] = {}
    for told in read_decoded(settings, [topic_of(SweepProgress)], unreadable):
        found[told.value.sweep_id][told.value.partition] = told.value
    return found


def _sum(name: str, found: Mapping[int, SweepProgress], settings: Settings) -> dict[str, Any]:
    states = [record.state for record in found.values()]
    waiting = settings.partitions - len(found)
    state = SweepState.RUNNING.value
    if not found:
        state = "WAITING"
    elif SweepState.STOPPED in states:
        state = SweepState.STOPPED.value
    elif not waiting and set(states) == {SweepState.FINISHED}:
        state = SweepState.FINISHED.value
    return {
        "sweep_id": name,
        "state": state,
        "partitions": {s.value: states.count(s) for s in SweepState} | {"WAITING": waiting},
        "done": sum(record.done for record in found.values()),
        "total": sum(record.total for record in found.values()),
        "found": sum(record.found for record in found.values()),
        "began_at": min((record.began_at for record in found.values()), default=0),
        "at": max((record.at for record in found.values()), default=0),
    }


def _time(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1e3, UTC):%Y-%m-%d %H:%M:%S}" if at else ""
