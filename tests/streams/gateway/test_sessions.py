"""How long a session at the console goes on."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from streams.gateway.console import session
from streams.gateway.console.session import IDLE_S, Session
from streams.gateway.roles import Principal, Role

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
