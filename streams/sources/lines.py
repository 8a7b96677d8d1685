"""Messages of a file or of standard input, one a line."""

from __future__ import annotations

from collections.abc import Iterable

from streams.errors import ConfigurationError
from streams.settings import Settings
from streams.sources.feed import Feed
from streams.sources.item import Mapper, Message, event_id
from streams.sources.position import PositionFile


def feed_lines(
    settings: Settings,
    lines: Iterable[bytes],
    name: str,
    mapper: Mapper,
    position: PositionFile | None,
) -> Feed:
    """Feed lines to their end; a kept position is the number of lines done.

    A line's place is the name of the source, its number and a hash of it, so that another text
    under the same name is another event.
    """
    done = _lines_done(position)

    def keep() -> None:
        if position is not None:
            position.keep(str(done))

    feed = Feed(settings, keep)
    try:
        for number, line in enumerate(lines, 1):
            if number <= done:
                continue
            text = line.strip()
            message = Message(text, (name, number, event_id(text.decode("latin-1"))))
            due = bool(text) and feed.take(mapper(message), line=number)
            done = number
            if due:
                feed.settle()
    finally:
        feed.settle()
    return feed


def _lines_done(position: PositionFile | None) -> int:
    kept = position.load() if position is not None else None
    if position is None or kept is None:
        return 0
    if not kept.isdecimal():
        raise ConfigurationError(f"{position.path} holds no number of lines: another source's?")
    return int(kept)
