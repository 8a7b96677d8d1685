"""What commands share: consoles, exit codes, input files, progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table
from rich.text import Text

from streams.redaction import redact
from streams.visible import escape_json, visible

OK, FOUND, BAD_INPUT, UNREACHABLE = 0, 1, 2, 4
"""Exit codes: done; something was found wrong; input or settings are wrong; Kafka is away."""

STDIN = "-"

SHOWN = 20
"""Of a list of problems so many are shown."""


class Terminal(Console):
    """Shows every string as it is, in lines, cells and titles, for it may be anybody's.

    No markup and no emoji is read out of it, and what cannot be seen, or would act on the terminal,
    is shown by its number; only line breaks are kept. Style is a `styled` text.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **given)

    def render_str(self, text: str, **given: Any) -> Text:
        """Make a string what can be shown."""
        return super().render_str(_visible(text), **given)


def _visible(text: str) -> str:
    return "\n".join(map(visible, text.split("\n")))


def styled(text: str, style: str = "") -> Text:
    """A string in a style, as harmless as any other on a `Terminal`."""
    return Text(_visible(text), style)


def table_of(ids: Iterable[str], *heads: str) -> Table:
    """An empty table with these heads; its first column is for ``ids``, which people type again.

    No cell is cut on a narrow terminal: it goes on below, an id only where it is long.
    """
    whole = all(cell_len(visible(name)) <= _WHOLE for name in ids)
    first, *others = heads
    return Table(
        Column(first, overflow="fold", no_wrap=whole),
        *(Column(head, overflow="fold") for head in others),
    )


_WHOLE = 24
"""Cells of an id that is kept in one line: those that are made up are shorter."""

out = Terminal()
err = Terminal(stderr=True)


def complain(message: str) -> None:
    """Say on standard error what is wrong; no secret of the settings is said."""
    err.print(redact(message), style="red", soft_wrap=True)


def fail(message: str, code: int = BAD_INPUT) -> typer.Exit:
    """Say on standard error what is wrong; raise the result to leave."""
    complain(message)
    return typer.Exit(code)


def leave_if_any(unreadable: Sequence[object]) -> None:
    """Say which records cannot be read, as `streams.decoded` tells them, and leave with `FOUND`.

    Where all can be read, nothing happens.
    """
    if not unreadable:
        return
    for one in unreadable[:SHOWN]:
        complain(str(one))
    raise fail(
        f"records left out: {len(unreadable):,}. Where a newer version has written them "
        "(UNKNOWN_SCHEMA), use that version; else find out who writes to the topic",
        FOUND,
    )


def print_json(value: Any) -> None:
    """Print one JSON value on a line of standard output; what is not visible is escaped."""
    with reader_may_go():
        sys.stdout.write(escape_json(msgspec.json.encode(value).decode()) + "\n")


@contextmanager
def reader_may_go() -> Iterator[None]:
    """Writing inside: whoever reads our output may have seen enough, and that is no fault."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(OK) from None


@contextmanager
def opened(path: str, what: str = "reading") -> Iterator[Iterable[bytes]]:
    """Open a file of lines for reading, with a progress bar; ``-`` is standard input.

    Lines are given on as they come.
    """
    if path == STDIN:
        yield iter(sys.stdin.buffer.readline, b"")
        return
    try:
        size = Path(path).stat().st_size
        file = Path(path).open("rb")  # noqa: SIM115  # closed below; errors inside are not ours
    except OSError as error:
        raise fail(f"{path}: {error.strerror}; name a file, or - for standard input") from error
    with file:
        if not err.is_terminal or not size:
            yield file
            return
        with _bar(DownloadColumn()) as bar:
            yield bar.wrap_file(file, size, description=what)


def progress_bar() -> Progress:
    """A progress bar on standard error, gone when it ends; silent when that is no terminal."""
    return _bar(MofNCompleteColumn())


def _bar(amount: Any) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        amount,
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )


@contextmanager
def output_file(path: Path | None) -> Iterator[BinaryIO]:
    """Open a file for writing; None is standard output."""
    if path is None:
        yield sys.stdout.buffer
        return
    try:
        file = path.open("wb")
    except OSError as error:
        raise fail(f"{path}: {error.strerror}; name a file that can be written") from error
    with file:
        yield file
