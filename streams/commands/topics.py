"""`zhengming topics`: create and compare the topics, and who may do what with them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from streams.access import Part, commands, needs, principal_of
from streams.commands.common import fail, out, print_json, styled
from streams.settings import load_settings
from streams.topics import create_topics, describe_topics

topics = typer.Typer(no_args_is_help=True, help="Create and compare the topics; rights on them.")


@topics.command("create")
def create() -> None:
    """Create what is missing; existing topics are left as they are."""
    created = create_topics(load_settings())
    for name in created:
        out.print(f"created {name}", soft_wrap=True)
    if not created:
        out.print("all topics are there")


@topics.command("list")
def show(json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show every topic, what it carries, and where it differs from the table."""
    states = describe_topics(load_settings())
    if json:
        print_json(
            [
                {
                    "name": state.name,
                    "direction": state.topic.direction,
                    "partitions": state.partitions,
                    "differences": state.differences,
                }
                for state in states
            ]
        )
        return
    table = Table("topic", "direction", "partitions", "carries", "differences")
    for state in states:
        there = str(state.partitions) if state.partitions else styled("missing", "red")
        carries, differences = state.topic.description, "; ".join(state.differences)
        table.add_row(state.name, state.topic.direction, there, carries, differences)
    out.print(table)


@topics.command("acls")
def acls(
    part: Annotated[
        list[Part] | None, typer.Option("--part", help="A part; all when not given.")
    ] = None,
    principal: Annotated[
        str | None, typer.Option(help="Its principal, such as User:zhengming-worker.")
    ] = None,
    as_commands: Annotated[
        bool, typer.Option("--commands", help="As calls of Kafka's kafka-acls.sh.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show what each part needs on a Kafka that denies everything else; asks no Kafka."""
    parts = part or list(Part)
    if principal is not None and len(parts) != 1:
        raise fail("--principal goes with one --part: each part has a user of its own")
    settings = load_settings()
    named = [(one, principal or principal_of(one)) for one in parts]
    if as_commands:
        for one, user in named:
            for line in commands(needs(settings, one), user):
                out.print(line, soft_wrap=True)
        return
    if json:
        rows = [
            {"part": one, "principal": user, **need._asdict()}
            for one, user in named
            for need in needs(settings, one)
        ]
        print_json(rows)
        return
    for one, user in named:
        table = Table("operation", "on", "name", "why", title=f"{one} · {user}")
        for need in needs(settings, one):
            name = f"{need.name}*" if need.prefixed else need.name
            table.add_row(need.operation, need.kind, name, need.why)
        out.print(table)
