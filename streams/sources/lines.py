"""Messages of a file or of standard input, one a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable

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
    stopped: Callable[[], bool],
) -> Feed:
    """Feed lines to their end, or until stopped; a kept position is the number of lines done.

    A line's place is the name of the source, its number and a hash of it, so that another text
    under the same name is another event.
    """
    done = int((position and position.load()) or 0)

    def keep() -> None:
        if position is not None:
            position.keep(str(done))

    feed = Feed(settings, keep)
    for number, line in enumerate(lines, 1):
        if number <= done:
            continue
        if stopped():
            break
        text = line.strip()
        due = text and feed.take(
            mapper(Message(text, (name, number, event_id(text.decode("latin-1"))))), line=number
        )
        done = number
        if due:
            feed.settle()
    feed.settle()
    return feed
