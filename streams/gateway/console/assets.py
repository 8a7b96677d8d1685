"""Scripts and styles of the console, compressed once and not for every browser that asks."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BELOW = "/_nicegui/"
MOST_BYTES = 16 << 20
"""Of bodies that are kept, those asked for last; a page loads 2.5 million packed bytes at most."""
OF_ONE = frozenset((b"set-cookie", b"content-length", b"date"))
"""Headers that are of one answer only, or are told anew."""

_Key = tuple[str, bool]


class Assets:
    """Keeps the answers that never change, by address and encoding, and gives them again.

    What may be kept says so itself: its address holds the version, and it is ``immutable``. What
    stands behind a question mark makes no other address of it: anybody may write anything there.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: OrderedDict[_Key, tuple[Message, Message]] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or pass the request on and keep its answer."""
        if scope["type"] != "http" or not scope["path"].startswith(BELOW):
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        if scope["method"] != "GET" or "range" in asked or "if-none-match" in asked:
            await self._app(scope, receive, send)
            return
        key = (scope["path"], "gzip" in asked.get("accept-encoding", ""))
        messages: Sequence[Message]
        if key in self._kept:
            self._kept.move_to_end(key)
            messages = self._kept[key]
        else:
            messages = await self._fetch(key, {**scope, "query_string": b""})
        for message in messages:
            await send(dict(message))

    async def _fetch(self, key: _Key, scope: Scope) -> Sequence[Message]:
        """The whole answer, also where the browser leaves meanwhile: the next one gets it too."""
        messages: list[Message] = []
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if asked:
                await asyncio.Event().wait()  # nobody is told that somebody left
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def noted(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, noted)
        start, *parts = messages
        if not _lasts(start):
            return messages
        whole = _whole(start, b"".join(part.get("body", b"") for part in parts))
        self._keep(key, whole)
        return whole

    def _keep(self, key: _Key, whole: tuple[Message, Message]) -> None:
        if key in self._kept:  # two asked for it at once
            return
        self._kept[key] = whole
        self._bytes += len(whole[1]["body"])
        while self._bytes > MOST_BYTES:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._bytes -= len(oldest["body"])


def _lasts(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return start["status"] == 200 and "immutable" in headers.get("cache-control", "")


def _whole(start: Message, body: bytes) -> tuple[Message, Message]:
    headers = [(k, v) for k, v in start["headers"] if k.lower() not in OF_ONE]
    headers.append((b"content-length", str(len(body)).encode()))
    return {**start, "headers": headers}, {"type": "http.response.body", "body": body}
