"""`zhengming worker`: one worker process."""

from __future__ import annotations

import typer

from streams.settings import load_settings


def worker() -> None:
    """Run one worker until a signal; it leaves with the exit codes of docs/cli.md."""
    from streams.worker import run_worker

    raise typer.Exit(run_worker(load_settings()))
