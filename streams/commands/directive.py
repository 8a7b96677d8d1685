"""`zhengming directive`: orders that hold for the whole platform, for a time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from msgspec.structs import replace
from rich.text import Text

from schemas.records import ChangeKind, Field, PlatformDirective, SubjectKind
from streams import control_topics, directives, journal
from streams.commands.common import out, print_json, styled, table_of
from streams.commands.history import time_of
from streams.packs import find_pack, load_policy
from streams.settings import load_settings

directive = typer.Typer(no_args_is_help=True, help="Orders for a time, such as pauses.")

By = Annotated[str, typer.Option("--by", help="Who issues it.")]
Json = Annotated[bool, typer.Option("--json", help="The directive as JSON.")]
Hours = Annotated[float, typer.Option("--hours", min=0.0, help="How long from its start, or now.")]


@directive.command("pause")
def pause(
    by: By,
    reason: Annotated[str, typer.Option(help="Why; accounts are told.")],
    hours: Hours,
    name: Annotated[str | None, typer.Option("--id", help="Its id; made up when left out.")] = None,
    start: Annotated[str | None, typer.Option(help="When it begins: ISO 8601 (UTC); now.")] = None,
    kinds: Annotated[
        list[ChangeKind] | None, typer.Option("--kind", help="Kind of change; repeatable.")
    ] = None,
    fields: Annotated[list[Field] | None, typer.Option("--field", help="Repeatable.")] = None,
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
    """Hold what it covers until it ends; then decide it under the pack in force."""
    begins = _begin(start)
    order = directives.pause(
        begins=begins,
        ends=begins + _millis(hours),
        reason=reason,
        by=by,
        name=name,
        kinds=kinds or (),
        fields=fields or (),
        subjects=subjects or (),
        regions=regions or (),
        accounts=accounts or (),
    )
    control_topics.issue(load_settings(), order)
    _say(order, json)


@directive.command("overlay")
def overlay(
    pack: Annotated[str, typer.Argument(help="Directory of a pack.")],
    by: By,
    reason: Annotated[str, typer.Option(help="Why.")],
    hours: Hours,
    name: Annotated[str | None, typer.Option("--id", help="Its id; made up when left out.")] = None,
    start: Annotated[str | None, typer.Option(help="When it begins: ISO 8601 (UTC); now.")] = None,
    json: Json = False,
) -> None:
    """Let a pack decide beside those in force until it ends by itself."""
    begins = _begin(start)
    settings = load_settings()
    order = directives.overlay(
        find_pack(pack),
        beside=control_topics.read_in_force(settings, load_policy(settings)).policy,
        begins=begins,
        ends=begins + _millis(hours),
        reason=reason,
        by=by,
        name=name,
    )
    control_topics.issue(settings, order)
    _say(order, json)


@directive.command("lift")
def lift(
    name: Annotated[str, typer.Argument(metavar="ID", help="Id of the directive.")],
    by: By,
    json: Json = False,
) -> None:
    """End a directive now."""
    _say(control_topics.end(load_settings(), name, by), json)


@directive.command("extend")
def extend(
    name: Annotated[str, typer.Argument(metavar="ID", help="Id of the directive.")],
    by: By,
    hours: Hours,
    json: Json = False,
) -> None:
    """Let a directive end so many hours from now."""
    at = _begin(None) + _millis(hours)
    _say(control_topics.end(load_settings(), name, by, at), json)


@directive.command("list")
def show(json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show all directives, and which of them are in force."""
    issued = journal.directives(control_topics.read_published(load_settings())).values()
    now = _begin(None)
    if json:
        for order in issued:
            print_json(replace(order, content=None))
        return
    heads = ("id", "what", "from, until (UTC)", "covers", "reason", "by")
    table = table_of((order.directive_id for order in issued), *heads)
    for order in issued:
        table.add_row(
            order.directive_id,
            Text(f"{order.kind}\n").append(_state(order, now)),
            f"{_told(order.starts_at)}\n{_told(order.ends_at or 0)}",
            order.scope,
            order.reason,
            order.issued_by + (f"\nend: {order.end_set_by}" if order.end_set_by else ""),
        )
    out.print(table)


def _state(order: PlatformDirective, now: int) -> Text:
    if (order.ends_at or 0) <= now:
        return styled("over")
    return styled("in force", "green") if order.starts_at <= now else styled("to come")


def _begin(start: str | None) -> int:
    return time_of("--start", start) or time.time_ns() // 1_000_000


def _millis(hours: float) -> int:
    return int(timedelta(hours=hours) / timedelta(milliseconds=1))


def _told(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1e3, UTC):%Y-%m-%d %H:%M:%S}"


def _say(order: PlatformDirective, json: bool) -> None:
    if json:
        print_json(replace(order, content=None))
    else:
        until = _told(order.ends_at or 0)
        out.print(f"{order.directive_id}: {order.kind} of {order.scope}, until {until} UTC")
