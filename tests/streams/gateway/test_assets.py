"""What the console keeps of its scripts and styles."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streams.gateway.console import assets
from streams.gateway.console.assets import Assets

SCRIPT = "/_nicegui/1/script.js"
FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")


class Server:
    """Answers in two parts, and leaves out the second one when it hears that nobody listens."""

    def __init__(self, *headers: tuple[bytes, bytes]) -> None:
        self.asked = 0
        self._headers = [*headers, (b"set-cookie", b"session=ann")]

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await send({"type": "http.response.body", "body": b"one ", "more_body": True})
        listening = asyncio.create_task(receive())
        await asyncio.sleep(0)
        rest = b"" if listening.done() else b"two"
        listening.cancel()
        await send({"type": "http.response.body", "body": rest})


async def ask(
    app: Assets, *, leaves: bool = False, path: str = SCRIPT, query: bytes = b""
) -> tuple[bytes, list[Any]]:
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query, "headers": []}
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"} if leaves else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return b"".join(message.get("body", b"") for message in sent[1:]), sent[0]["headers"]


def test_a_script_is_made_once_and_told_to_everybody_without_the_cookie_of_the_first() -> None:
    server = Server(FOREVER)
    app = Assets(server)
    for _ in range(3):
        body, headers = asyncio.run(ask(app))
        assert body == b"one two"
        assert dict(headers) == dict([FOREVER, (b"content-length", b"7")])
    assert server.asked == 1


def test_a_browser_that_leaves_spoils_nothing_for_the_next_one() -> None:
    app = Assets(Server(FOREVER))
    asyncio.run(ask(app, leaves=True))
    assert asyncio.run(ask(app))[0] == b"one two"


def test_what_may_change_is_asked_for_each_time_with_its_own_cookie() -> None:
    server = Server((b"cache-control", b"no-store"))
    app = Assets(server)
    for _ in range(2):
        body, headers = asyncio.run(ask(app))
        assert (body, dict(headers)[b"set-cookie"]) == (b"one two", b"session=ann")
    assert server.asked == 2


def test_what_a_stranger_writes_behind_the_address_is_not_kept_besides() -> None:
    server = Server(FOREVER)
    app = Assets(server)
    for number in range(200):
        assert asyncio.run(ask(app, query=str(number).encode()))[0] == b"one two"
    assert server.asked == 1


def test_what_is_kept_has_a_limit_in_bytes_and_what_is_asked_for_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(assets, "MOST_BYTES", 3 * len(b"one two"))
    server = Server(FOREVER)
    app = Assets(server)
    for number in range(100):
        asyncio.run(ask(app, path=f"{SCRIPT}/{number}"))
        asyncio.run(ask(app))
    assert server.asked == 100 + 1, "the script that everybody asks for is made once"
    asyncio.run(ask(app, path=f"{SCRIPT}/0"))
    assert server.asked == 100 + 2, "one that nobody asked for since is gone"
