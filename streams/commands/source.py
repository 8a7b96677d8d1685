"""`zhengming source`: account changes from existing event formats."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from streams.commands.common import FOUND, STDIN, fail, opened, print_json
from streams.logs import configure_logging
from streams.settings import Settings, load_settings
from streams.sources import Mapper
from streams.sources.feed import REJECTED, Feed
from streams.sources.mapping import load_mapping
from streams.sources.position import PositionFile
from streams.sources.rows import row_mapper

source = typer.Typer(
    no_args_is_help=True, help="Publish account changes that come in other formats."
)

SIGNALS = (signal.SIGINT, signal.SIGTERM)

MappingOption = Annotated[Path, typer.Option("--mapping", help="Mapping file.")]
PositionOption = Annotated[
    Path | None,
    typer.Option("--position", help="File that keeps the position; in the data directory."),
]


class Public(StrEnum):
    """Formats that need no mapping file."""

    JETSTREAM = "jetstream"
    WIKIMEDIA = "wikimedia"


@source.command()
def debezium(
    mapping: MappingOption,
    topic: Annotated[list[str], typer.Option("--topic", help="Topic to read; repeatable.")],
    group: Annotated[
        str | None, typer.Option("--group", help="Consumer group that keeps the position.")
    ] = None,
    from_beginning: Annotated[
        bool,
        typer.Option("--from-beginning", help="Begin a topic that the group has not read yet."),
    ] = False,
) -> None:
    """Read topics of Debezium, Canal or Maxwell by a mapping file, until a signal."""
    from streams.sources.kafka import TopicSource

    settings, found = _settings(), load_mapping(mapping)
    name = group or f"{settings.app_id}-source-{found.source}"
    reader = TopicSource(settings, topic, name, row_mapper(found), from_beginning)
    stopping = threading.Event()
    for number in SIGNALS:
        signal.signal(number, lambda *_: stopping.set())
    with _probes(settings, reader.feed):
        reader.run(stopping)
    _tell(reader.feed)


@source.command()
def jetstream(
    url: Annotated[str | None, typer.Option("--url", help="Another server.")] = None,
    position: PositionOption = None,
) -> None:
    """Read profiles and deleted accounts of Bluesky's Jetstream, until a signal."""
    _public(Public.JETSTREAM, url, position)


@source.command()
def wikimedia(
    url: Annotated[str | None, typer.Option("--url", help="Another server.")] = None,
    position: PositionOption = None,
) -> None:
    """Read new and renamed users of Wikimedia's event stream, until a signal."""
    _public(Public.WIKIMEDIA, url, position)


@source.command()
def jsonl(
    file: Annotated[str, typer.Argument(help="Messages, one a line; - for standard input.")] = "-",
    mapping: Annotated[Path | None, typer.Option("--mapping", help="Mapping file.")] = None,
    format: Annotated[
        Public | None, typer.Option("--format", help="Format, for want of a mapping file.")
    ] = None,
    position: Annotated[
        Path | None, typer.Option("--position", help="File that keeps how many lines are done.")
    ] = None,
) -> None:
    """Read messages of any of the formats from a file, to its end.

    Exit code 1 where all that was read was rejected.
    """
    if (mapping is None) == (format is None):
        raise fail("give either --mapping FILE or --format; docs/sources.md has the formats")
    if position is not None and file == STDIN:
        raise fail("standard input cannot be taken up again: --position needs a file")
    from streams.sources.lines import feed_lines

    settings = _settings()
    name, mapper = _mapper(mapping, format)
    kept = None if position is None else PositionFile(position)
    with opened(file, "feeding") as lines:
        feed = feed_lines(settings, lines, name, mapper, kept)
    _tell(feed)
    if feed.counts and all(told.startswith(REJECTED) for told in feed.counts):
        raise fail("every line was rejected: is it this format, or this mapping?", FOUND)


def _settings() -> Settings:
    settings = load_settings()
    configure_logging(settings)
    return settings


def _mapper(mapping: Path | None, public: Public | None) -> tuple[str, Mapper]:
    if mapping is not None:
        found = load_mapping(mapping)
        return found.source, row_mapper(found)
    from streams.sources.web import public_source

    known = public_source(str(public))
    return known.name, known.map


def _public(which: Public, url: str | None, position: Path | None) -> None:
    from streams.sources.web import Kept, feed_web, public_source

    settings = _settings()
    path = position or settings.data_dir / "sources" / f"{which}.position"
    kept = Kept(PositionFile(path))
    feed = Feed(settings, kept.keep)

    async def run() -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        for number in SIGNALS:
            # Cancelled where it waits for the network, so never between a message and its position.
            loop.add_signal_handler(number, task.cancel if task is not None else loop.stop)
        await feed_web(feed, public_source(which, url), kept)

    with _probes(settings, feed):
        asyncio.run(run())
    _tell(feed)


def _probes(settings: Settings, feed: Feed) -> AbstractContextManager[None]:
    from streams.probes import probes

    watch = feed.watch
    return probes(settings, watch.metrics.registry, watch.liveness, watch.readiness)


def _tell(feed: Feed) -> None:
    """What was fed: the number of changes, and of all else by reason."""
    print_json(dict(feed.counts))
