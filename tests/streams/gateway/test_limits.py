"""Limits and one-time codes."""

from __future__ import annotations

import html
import json
import re
import uuid
from contextlib import ExitStack
from itertools import takewhile
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from streams.gateway import limits
from streams.gateway.app import create_app
from streams.gateway.auth import Authenticator
from streams.gateway.limits import LOGINS, PAGES, Bucket, Limits
from streams.gateway.problems import Problem
from streams.gateway.roles import NOBODY, Principal, Role
from streams.settings import Settings
from tests.streams.gateway.stack import Stack
from tests.support import wait_until


def request_from(host: str) -> Any:
    return SimpleNamespace(client=SimpleNamespace(host=host))


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = Bucket(burst=3, now=0)
    assert [bucket.take(2, 3, 0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert bucket.take(2, 3, 0.5) == 0
    assert [bucket.take(2, 3, 60) for _ in range(4)] == [0, 0, 0, 0.5]


@pytest.fixture
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: 0.0))


@pytest.mark.usefixtures("no_time_passes")
def test_the_public_is_limited_by_address_and_callers_by_name() -> None:
    limited = Limits(Settings(gateway_public_rate=2, gateway_rate=3))
    for _ in range(2):
        limited.check(request_from("127.0.0.1"), NOBODY)
    with pytest.raises(Problem, match="too many requests") as error:
        limited.check(request_from("127.0.0.1"), NOBODY)
    assert error.value.status == 429
    assert int(error.value.headers["Retry-After"]) > 1
    limited.check(request_from("127.0.0.2"), NOBODY)
    ann = Principal("ann", frozenset({Role.VIEWER}), "key")
    for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        limited.check(request_from(host), ann)
    with pytest.raises(Problem):
        limited.check(request_from("127.0.0.4"), ann)


@pytest.mark.usefixtures("no_time_passes")
def test_who_asks_without_a_login_is_limited_whatever_the_answer_would_be() -> None:
    app = create_app(Settings(gateway_public_rate=6), console=False)
    with ExitStack() as left:
        left.callback(app.state.gateway.stop)
        client = TestClient(app)
        paths = ("/v1/reviews", "/v1/nothing", "/v1/openapi.json")
        assert [client.get(path).status_code for path in (*paths, *paths)] == [401, 404, 200] * 2
        for path in paths:
            refused = client.get(path)
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) >= 1
        assert client.get("/health").status_code == 200
        bad = {"Authorization": "Bearer zm_nobodys"}
        assert client.get("/v1/nothing", headers=bad).status_code == 429


@pytest.mark.usefixtures("no_time_passes")
@pytest.mark.parametrize("shown", ["Bearer zm_nobodys", "Bearer a.b.c", "Basic YTpi"])
def test_who_shows_a_bad_credential_is_limited_as_who_shows_none(shown: str) -> None:
    app = create_app(Settings(gateway_public_rate=3), console=False)
    with ExitStack() as left:
        left.callback(app.state.gateway.stop)
        client = TestClient(app, headers={"Authorization": shown})
        asked = [client.get("/v1/reviews").status_code for _ in range(5)]
        assert asked == [401, 401, 401, 429, 429]


def test_an_address_without_a_login_opens_so_many_pages_and_no_more(stack: Stack) -> None:
    host = httpx.HTTPTransport(local_address="127.0.0.9")
    with (
        httpx.Client(base_url=stack.url, transport=host) as visitor,
        httpx.Client(base_url=stack.url, transport=host) as person,
    ):
        person.post("/login", data={"credential": stack.keys["ann"]})
        page = visitor.get("/login").text
        parts = set(re.findall(r'(?:src|href)="(/_nicegui/[^"]+)"', page))
        assert len(parts) > 3
        for _ in range(20):
            assert {visitor.get(part).status_code for part in parts} == {200}
        paths = (
            f"/{place}/{number}" for number in range(2 * int(PAGES)) for place in ("a", "_nicegui")
        )
        opened = list(takewhile(lambda path: visitor.get(path).status_code == 404, paths))
        # What is given back while this goes on is a page a second.
        assert PAGES / 2 < len(opened) < 3 * PAGES
        for path in ("/login", "/", "/nowhere", "/healthy"):
            wait_until(lambda path=path: _is_refused(visitor, path), 10, f"{path} is refused")
        assert visitor.get(min(parts)).status_code == 200
        assert visitor.get("/health").status_code == 200
        assert person.get("/").status_code == 200
    assert stack.nobody.get("/login").status_code == 200


def test_who_tries_wrong_keys_keeps_nobody_else_from_logging_in(stack: Stack) -> None:
    def visitor(host: str) -> httpx.Client:
        transport = httpx.HTTPTransport(local_address=host)
        return httpx.Client(
            base_url=stack.url, transport=transport, headers={"Accept-Language": "en"}
        )

    def login(client: httpx.Client, key: str) -> httpx.Response:
        client.cookies.clear()
        return client.post("/login", data={"credential": key})

    with visitor("127.0.0.10") as stranger, visitor("127.0.0.11") as ann:
        for _ in range(2 * int(LOGINS)):
            login(stranger, "zm_wrong")
        assert login(ann, stack.keys["ann"]).headers["location"] == "/"

        def refused() -> bool:  # one may be tried again by now, and no two
            return login(stranger, stack.keys["ann"]).headers["location"] == "/login?often"

        wait_until(refused, 30, "so many wrong keys are enough")
        told = stranger.get("/login?often")
        assert told.status_code == 429
        assert "Too many logins from this address have failed" in told.text
        wrong = login(ann, "zm_wrong").headers["location"]
        assert wrong == "/login?wrong"
        for _ in range(2 * int(LOGINS)):
            assert login(ann, stack.keys["ann"]).headers["location"] == "/", "none of these failed"


def _is_refused(visitor: httpx.Client, path: str) -> bool:
    """Whether a page is: not the first, if one has been given back meanwhile."""
    answer = visitor.get(path, headers={"Authorization": "Bearer x"})
    return answer.status_code == 429 and answer.headers["x-frame-options"] == "DENY"


def test_what_a_stranger_says_over_a_connection_is_not_written_to_the_log(stack: Stack) -> None:
    found = re.search(
        r"'client_id': '([0-9a-f-]+)'|\"client_id\": ?\"([0-9a-f-]+)\"", _login(stack)
    )
    assert found is not None
    client = found.group(1) or found.group(2)
    said = f"from-a-stranger-{uuid.uuid4().hex}"
    noise = [
        ["log", {"client_id": client, "level": "error", "message": said}],
        ["event", {said: 1}],
        ["event", {"client_id": client, "id": 1, "listener_id": said, "args": []}],
        ["ack", said],
        [[said]],
    ]
    before = len(stack.log("gateway").splitlines())
    line = Polled(stack.nobody)
    for each in noise:
        line.say("42" + json.dumps(each))
    line.say(f"45-[{said}")
    line.say('427["handshake",{"client_id":"nobody"}]')
    wait_until(lambda: "437[false]" in line.hear(), 20, "what came before it has been read")
    told = stack.log("gateway").splitlines()[before:]
    noises = (said, "Traceback", "handler error", "never retrieved")
    assert not [text for text in told if any(noise in text for noise in noises)]


def _login(stack: Stack) -> str:
    return html.unescape(stack.nobody.get("/login").text)


class Polled:
    """A connection of a page, as a browser makes it that has no web sockets."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._at = {"EIO": "4", "transport": "polling"}
        self._at["sid"] = json.loads(self.hear()[1:])["sid"]
        self.say("40")
        assert self.hear().startswith("40")

    def say(self, packet: str) -> None:
        """Send a packet."""
        answer = self._client.post("/_nicegui_ws/socket.io/", params=self._at, content=packet)
        assert answer.status_code == 200

    def hear(self) -> str:
        """What the server says next."""
        return self._client.get("/_nicegui_ws/socket.io/", params=self._at).text


def test_a_one_time_code_opens_once() -> None:
    code = "a code of more than sixteen"
    authenticator = Authenticator(Settings(gateway_login=code))
    assert authenticator.redeem("another code of sixteen") is None
    first = authenticator.redeem(code)
    assert first is not None
    assert first.roles == set(Role)
    assert authenticator.redeem(code) is None
    assert Authenticator(Settings()).redeem("") is None
