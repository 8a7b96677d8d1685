"""`zhengming simulate`: account traffic as JSON lines."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from streams.commands.common import output_file, progress_bar, reader_may_go
from streams.jsonl import write_line
from streams.simulate import Simulation

STEP = 1_000


def simulate(
    events: Annotated[int, typer.Option(min=1, help="Inputs to write.")] = 1_000,
    accounts: Annotated[int, typer.Option(min=1, help="Accounts they spread over.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same traffic.")] = 1,
    start: Annotated[
        int | None, typer.Option(min=0, help="Time of the first event (ms); by default now.")
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0.001, help="Events per second of simulated time.")
    ] = 10.0,
    offenders: Annotated[
        float, typer.Option(min=0, max=10, help="Scale of the offenders' share; 0 for none.")
    ] = 1.0,
    duplicates: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of events that are sent twice.")
    ] = 0.005,
    file: Annotated[
        Path | None, typer.Option("--out", help="A file instead of the screen.")
    ] = None,
) -> None:
    """Write simulated account traffic as JSON lines."""
    simulation = Simulation(
        seed=seed,
        accounts=accounts,
        start=time.time_ns() // 1_000_000 if start is None else start,
        step_ms=1_000 / rate,
        offenders=offenders,
        duplicates=duplicates,
    )
    with output_file(file) as sink, progress_bar() as bar, reader_may_go():
        task = bar.add_task("simulating", total=events, visible=file is not None)
        for number, (topic, record) in enumerate(simulation.events(events), 1):
            sink.write(write_line(topic, record) + b"\n")
            if number % STEP == 0:
                bar.update(task, completed=number)
