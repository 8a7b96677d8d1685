"""What commands share: settings, consoles, exit codes, input files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

OK, FOUND, BAD_INPUT, UNREACHABLE = 0, 1, 2, 4
"""Exit codes: done; something was found wrong; input or settings are wrong; Kafka is away."""

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def fail(message: str, code: int = BAD_INPUT) -> typer.Exit:
    """Say on standard error what is wrong; raise the result to leave."""
    err.print(message, style="red", markup=False, soft_wrap=True)
    return typer.Exit(code)


def print_json(value: Any) -> None:
    """Print one JSON value on a line of standard output."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open a file for reading; ``-`` is standard input."""
    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(path).open("rb") as file:
            yield file
    except OSError as error:
        raise fail(f"{path}: {error.strerror}; name a file, or - for standard input") from error


def progress_bar() -> Progress:
    """A progress bar on standard error, gone when it ends; silent when that is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not sys.stderr.isatty(),
    )
