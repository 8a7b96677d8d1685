"""`zhengming topics`: create and compare the topics."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from streams.commands.common import out, print_json
from streams.settings import load_settings
from streams.topics import create_topics, describe_topics

topics = typer.Typer(no_args_is_help=True, help="Create and compare the topics.")


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
        there = str(state.partitions) if state.partitions else "[red]missing[/]"
        carries, differences = state.topic.description, "; ".join(state.differences)
        table.add_row(state.name, state.topic.direction, there, carries, differences)
    out.print(table)
