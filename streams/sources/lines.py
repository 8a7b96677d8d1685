"""Messages of a file or of standard input, one a line."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import structlog

from streams.errors import ConfigurationError
from streams.settings import Settings
from streams.sources.feed import Feed
from streams.sources.item import Mapper, Message, event_id
from streams.sources.position import PositionFile

log = structlog.get_logger(__name__)


def feed_lines(
    settings: Settings,
    lines: Iterable[bytes],
    name: str,
    mapper: Mapper,
    position: PositionFile | None,
) -> Feed:
    """Feed lines to their end; a kept position is the number of lines done and a hash of them.

    With a position a last line that has no end yet is left for the next run. Raises
    `ConfigurationError` where the lines that were done are others by now: another file.

    A line's place is the name of the source, its number and a hash of it, so that another text
    under the same name is another event.
    """
    kept, mark = _lines_done(position)
    done, seen = 0, sha256()

    def keep() -> None:
        if position is not None:
            position.keep(f"{done} {seen.hexdigest()}")

    feed = Feed(settings, keep)
    try:
        for number, line in enumerate(lines, 1):
            text, due = line.strip(), False
            if number > kept:
                if position is not None and not line.endswith(b"\n"):
                    log.warning("a last line without its end: left for the next run", line=number)
                    break
                message = Message(text, (name, number, event_id(text.decode("latin-1"))))
                due = bool(text) and feed.take(mapper(message), line=number)
            done = number
            seen.update(line)
            if done == kept and mark not in ("", seen.hexdigest()):
                raise _another_file(kept)
            if due:
                feed.settle()
        if done < kept:
            raise _another_file(kept)
    finally:
        feed.settle()
    return feed


def _lines_done(position: PositionFile | None) -> tuple[int, str]:
    """How many lines are done, and their hash; an earlier build kept none."""
    kept = position.load() if position is not None else None
    if position is None or kept is None:
        return 0, ""
    number, _, mark = kept.partition(" ")
    if not number.isdecimal():
        raise ConfigurationError(f"{position.path} holds no number of lines: another source's?")
    return int(number), mark


def _another_file(kept: int) -> ConfigurationError:
    return ConfigurationError(
        f"the first {kept} lines are not those that are done: was the file replaced? Name another "
        "file with --position, or remove the one that is named to begin anew"
    )
