"""`zhengming demo`: everything at work, from one command."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.commands.common import BAD_INPUT, complain, fail, opened
from streams.commands.source import Public
from streams.jsonl import LineError, read_lines
from streams.simulate import Simulated


def demo(
    events: Annotated[int | None, typer.Option(min=1, help="End after so many inputs.")] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Inputs per second; 0 for as fast as they are answered. "
            "By default 500 without an end, else 0.",
        ),
    ] = None,
    input_file: Annotated[
        str | None, typer.Option("--input", help="Your own JSON lines instead of simulated ones.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=8, help="Worker processes.")] = 2,
    accounts: Annotated[int, typer.Option(min=1, help="Simulated accounts.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Seed of the simulated traffic.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="No picture; one JSON object.")] = False,
    source: Annotated[
        Public | None, typer.Option("--source", help="A live public stream instead.")
    ] = None,
    source_url: Annotated[
        str | None, typer.Option("--source-url", help="Another server of that stream.")
    ] = None,
) -> None:
    """Bring up Kafka, Redis and workers, publish account traffic, and watch it being decided.

    Without --events and --input it runs until Ctrl-C. With them it runs to the end, checks every
    record, and exits with 1 when anything was lost or doubled.
    """
    if json and events is None and input_file is None:
        raise fail("--json needs an end: give --events N or --input FILE")
    if source is not None and input_file is not None:
        raise fail("give either --input or --source")
    if source_url is not None and source is None:
        raise fail("--source-url needs --source")
    lines = None if input_file is None else _read(input_file)[:events]
    from streams.demo.run import Plan, run
    from streams.sources.live import LiveInputs
    from streams.sources.web import public_source

    live = None if source is None else LiveInputs(public_source(source, source_url))
    raise typer.Exit(run(Plan(events, rate, lines, workers, accounts, seed, json, live)))


def _read(input_file: str) -> list[Simulated]:
    """Read a file to its end before anything is started: a bad line must not stop half-way."""
    bad: list[LineError] = []
    with opened(input_file) as source:
        lines = [
            Simulated(line.topic, line.record)
            for line in read_lines(source, input_file, on_error=bad.append)
        ]
    for error in bad:
        complain(str(error))
    if bad:
        raise fail(f"mend {len(bad)} bad lines; docs/topics.md has the fields", BAD_INPUT)
    if not lines:
        raise fail(f"{input_file} has no inputs; `zhengming simulate` makes some", BAD_INPUT)
    return lines
