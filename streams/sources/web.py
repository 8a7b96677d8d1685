"""Messages of public streams: a web socket (Jetstream) and server-sent events (Wikimedia).

Both are read again from the kept position whenever the connection ends, with a growing pause while
it fails. What they raise names what to do: `ConfigurationError` where asking again is useless.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from importlib.util import find_spec
from typing import NamedTuple
from urllib.parse import urlencode

import structlog

from streams.errors import ConfigurationError
from streams.sources import jetstream, wikimedia
from streams.sources.feed import Feed
from streams.sources.item import Item, Mapper, Message
from streams.sources.position import PositionFile

JETSTREAM = "wss://jetstream2.us-east.bsky.network/subscribe"
WIKIMEDIA = "https://stream.wikimedia.org/v2/stream/recentchange"
AGENT = "zhengming (account information verification; see the project's README)"

REWIND_US = 5_000_000
"""Jetstream's cursor is a time: going back a little loses nothing among equal ones."""
AHEAD_US = 3_600_000_000
"""So far a server's clock may be ahead of ours. A later time is no cursor: nothing would ever come
after it, and what is missed while a connection is away would never be asked for."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
SETTLE_EVERY_S = 2.0
SILENCE_S = 60.0
"""A public stream that says nothing for so long has been lost."""
LARGEST_BYTES = 1 << 22
USELESS = range(400, 500)
ASK_AGAIN = (408, 425, 429)

log = structlog.get_logger(__name__)

Received = AsyncGenerator[tuple[bytes, str | None]]
"""A message, and the position after it, which never falls; None where the stream gave none."""


class Kept:
    """The position of a stream, here and in a file."""

    def __init__(self, file: PositionFile) -> None:
        self._file = file
        self.position = file.load()

    def keep(self) -> None:
        """Write it down."""
        if self.position:
            self._file.keep(self.position)


class ConnectionEnded(Exception):
    """The connection ended or failed: connect again."""


class WebSource(NamedTuple):
    """How a public stream is read and mapped. ``connect`` is given the last position."""

    name: str
    url: str
    connect: Callable[[str, str | None], Received]
    map: Mapper


async def follow(
    source: WebSource, position: str | None, parted: Callable[[str], None] = lambda _why: None
) -> AsyncGenerator[tuple[list[Item], str | None]]:
    """Yield the items of every message and the position after it, through all reconnections.

    ``parted`` is told why, whenever a connection has ended.
    """
    if any(find_spec(module) is None for module in ("httpx_sse", "websockets")):
        raise ConfigurationError(
            "public streams need the extra `sources`: pip install 'zhengming[sources]'"
        )
    pause = FIRST_PAUSE_S
    while True:
        try:
            async with aclosing(source.connect(source.url, position)) as received:
                async for value, after in received:
                    position, pause = after or position, FIRST_PAUSE_S
                    yield source.map(Message(value, (source.name,))), position
            ended = "the server has closed the connection"
        except ConnectionEnded as error:
            ended = str(error)
        wait = pause * random.uniform(0.5, 1.0)  # noqa: S311  # spreads reconnections, no secret
        parted(ended)
        log.warning("connecting again", source=source.name, why=ended, pause_s=round(wait, 2))
        await asyncio.sleep(wait)
        pause = min(pause * 2, LONGEST_PAUSE_S)


async def feed_web(feed: Feed, source: WebSource, kept: Kept) -> None:
    """Feed a public stream until cancelled; then keep the position.

    ``kept`` is where it begins, and what ``feed`` keeps.
    """

    async def read() -> None:
        async with aclosing(follow(source, kept.position, feed.watch.lost)) as received:
            async for items, after in received:
                due = feed.take(items, position=after)
                kept.position = after
                if due:
                    feed.settle()

    reading = asyncio.ensure_future(read())
    try:
        while not reading.done():
            await asyncio.wait({reading}, timeout=SETTLE_EVERY_S)
            feed.settle()
        await reading  # raises what ended it
    except asyncio.CancelledError:
        reading.cancel()
        await asyncio.wait({reading})
        feed.settle()


async def read_jetstream(url: str, position: str | None) -> Received:
    """Read profile, identity and account events from a little before the cursor, or from now."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus, InvalidURI, WebSocketException

    asked = {"wantedCollections": jetstream.PROFILES}
    if position and not position.isdecimal():
        raise ConfigurationError("the kept position is no time of Jetstream: another source's?")
    furthest = _cursor(int(position or 0))
    if furthest:
        asked["cursor"] = str(max(furthest - REWIND_US, 0))
    elif position:
        log.warning("the kept position lies in the future: begun with what comes now")
    try:
        async with connect(
            f"{url}?{urlencode(asked)}", max_size=LARGEST_BYTES, user_agent_header=AGENT
        ) as socket:
            while True:
                async with asyncio.timeout(SILENCE_S):
                    text = await socket.recv(decode=False)
                # What comes again lies before what is done.
                furthest = max(furthest, _cursor(jetstream.time_us(text) or 0))
                yield text, str(furthest) if furthest else None
    except InvalidURI as error:
        raise ConfigurationError(f"{url} is no address of a web socket: --url names it") from error
    except InvalidStatus as error:
        raise _answered(url, error.response.status_code) from error
    except (WebSocketException, OSError, TimeoutError) as error:
        raise ConnectionEnded(f"{type(error).__name__}: {error}") from error


def _cursor(time_us: int) -> int:
    """A time as a cursor; 0, which is none, for one that cannot be true."""
    return time_us if time_us <= time.time_ns() // 1_000 + AHEAD_US else 0


async def read_wikimedia(url: str, position: str | None) -> Received:
    """Read server-sent events after the last id, which goes back to the server as it came."""
    import httpx
    from httpx_sse import SSEError, aconnect_sse

    headers = {"User-Agent": AGENT} | ({"Last-Event-ID": position} if position else {})
    timeout = httpx.Timeout(10.0, read=SILENCE_S)
    try:
        async with (
            httpx.AsyncClient(timeout=timeout, headers=headers, follow_redirects=True) as client,
            aconnect_sse(client, "GET", url) as events,
        ):
            if events.response.status_code != httpx.codes.OK:
                raise _answered(url, events.response.status_code)
            async for event in events.aiter_sse():
                if event.data:
                    yield event.data.encode(), event.id or None
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise ConfigurationError(f"{url} is no address: --url names it") from error
    except (httpx.TransportError, SSEError) as error:
        raise ConnectionEnded(f"{type(error).__name__}: {error}") from error


def _answered(url: str, status: int) -> Exception:
    if status in USELESS and status not in ASK_AGAIN:
        return ConfigurationError(f"{url} answers {status}: --url names the stream")
    return ConnectionEnded(f"status {status}")


def public_source(name: str, url: str | None = None) -> WebSource:
    """Find a public stream by its name. Raises ``KeyError``."""
    known = PUBLIC[name]
    return known if url is None else known._replace(url=url)


PUBLIC = {
    source.name: source
    for source in (
        WebSource(jetstream.SOURCE, JETSTREAM, read_jetstream, jetstream.map_event),
        WebSource(wikimedia.SOURCE, WIKIMEDIA, read_wikimedia, wikimedia.map_event),
    )
}
