"""How a session at the console begins, how long it goes on, and live events with it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from streams.gateway import overview, roles
from streams.gateway.answers import Live
from streams.gateway.auth import Authenticator
from streams.gateway.console import session
from streams.gateway.console.session import COOKIE, IDLE_S, Session, Sessions
from streams.gateway.limits import LOGINS, Limits
from streams.gateway.overview import Minute
from streams.gateway.problems import Problem
from streams.gateway.roles import Principal, Role
from streams.settings import Settings
from tests.streams.gateway.stack import Stack

REVIEWER = frozenset({Role.REVIEWER})


class Clock(SimpleNamespace):
    """Both clocks, as far as a test has moved them."""

    def __init__(self) -> None:
        super().__init__(passed=0.0)

    def monotonic(self) -> float:
        return 100.0 + self.passed

    def time(self) -> float:
        return 1_800_000_000.0 + self.passed


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(session, "time", made)
    monkeypatch.setattr(roles, "time", made)
    return made


def test_a_session_goes_on_for_four_hours_after_the_person_did_something(clock: Clock) -> None:
    begun = Session(Principal("ann", REVIEWER, "key"), "en", seen=clock.monotonic())
    clock.passed = IDLE_S
    assert begun.alive
    clock.passed = IDLE_S + 1
    assert not begun.alive
    begun.seen = clock.monotonic()
    assert begun.alive


def test_a_session_ends_with_the_token_by_which_it_was_begun_however_busy_it_is(
    clock: Clock,
) -> None:
    ann = Principal("ann", REVIEWER, "token", until=clock.time() + 600)
    begun = Session(ann, "en", seen=clock.monotonic())
    clock.passed = 599
    assert begun.alive
    clock.passed = begun.seen = 600
    assert not begun.alive


def test_a_session_that_was_ended_is_over() -> None:
    begun = Session(Principal("ann", REVIEWER, "key"), "en", seen=session.time.monotonic())
    assert begun.alive
    begun.ended = True
    assert not begun.alive


class OpenPage:
    """A page that stands open, as far as it is asked for here."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def test_what_is_done_on_a_page_prolongs_its_session_until_it_is_over(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, went = OpenPage(), list[str]()
    context = SimpleNamespace(client=page)
    navigate = SimpleNamespace(to=went.append)
    monkeypatch.setattr(session, "ui", SimpleNamespace(context=context, navigate=navigate))
    monkeypatch.setattr(session, "Client", SimpleNamespace(instances={"open": page}))
    gateway: Any = None
    sessions = Sessions(gateway)
    begun = Session(Principal("ann", REVIEWER, "key"), "en", seen=clock.monotonic())
    sessions.show(begun)
    for _ in range(3):
        clock.passed += IDLE_S
        assert sessions.hears("open")
    assert went == []
    begun.ended = True
    assert not sessions.hears("open")
    assert went == ["/login"]
    assert sessions.hears("that of the login")


async def test_live_events_end_with_the_token_that_opened_them(clock: Clock) -> None:
    live, left = Live(asyncio.get_running_loop()), list[Live]()
    answers = SimpleNamespace(watch=lambda: live, unwatch=left.append)
    state = SimpleNamespace(gateway=SimpleNamespace(answers=answers))

    async def is_disconnected() -> bool:
        return False

    request: Any = SimpleNamespace(
        app=SimpleNamespace(state=state), is_disconnected=is_disconnected
    )
    ann = Principal("ann", REVIEWER, "token", until=clock.time() + 600)
    events: Any = (await overview.live(request, ann)).body_iterator
    assert await anext(events) == b": begin\n\n"
    live.put(Minute(1, {}))
    assert b"event: Minute" in await anext(events)
    clock.passed = 600
    live.put(Minute(2, {}))
    with pytest.raises(StopAsyncIteration):
        await anext(events)
    assert left == [live]


async def test_a_login_while_the_issuer_is_away_is_told_so_and_has_not_failed() -> None:
    settings = Settings(oidc_issuer="http://127.0.0.1:1", oidc_audience="zhengming")
    gateway: Any = SimpleNamespace(limits=Limits(settings), authenticator=Authenticator(settings))
    request: Any = SimpleNamespace(client=SimpleNamespace(host="127.0.0.1"), cookies={}, headers={})
    token = jwt.encode({"sub": "ann"}, Ed25519PrivateKey.generate(), "EdDSA")
    sessions = Sessions(gateway)
    for _ in range(2 * int(LOGINS)):
        with pytest.raises(Problem) as error:
            await sessions.begin(request, token)
        assert error.value.status == 503


def test_the_page_to_log_in_says_that_a_token_cannot_be_checked_now(stack: Stack) -> None:
    told = stack.nobody.get("/login?later", headers={"Accept-Language": "en"})
    assert told.status_code == 503
    assert "This token cannot be checked now" in told.text


def test_who_logs_in_as_somebody_else_ends_the_session_that_the_browser_had(stack: Stack) -> None:
    with httpx.Client(base_url=stack.url) as browser, httpx.Client(base_url=stack.url) as copy:
        browser.post("/login", data={"credential": stack.keys["ann"]})
        copy.cookies.set(COOKIE, browser.cookies[COOKIE])
        assert copy.get("/").status_code == 200
        browser.post("/login", data={"credential": "zm_wrong"})
        assert copy.get("/").status_code == 200, "nobody has logged in"
        browser.post("/login", data={"credential": stack.keys["bob"]})
        assert copy.get("/").headers["location"] == "/login"
        assert browser.get("/").status_code == 200
