"""What is kept of a request under an Idempotency-Key."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest
from redis import Redis

from streams.gateway.changes import Change
from streams.gateway.desk import Desk
from streams.gateway.repeats import Asked, Matter
from streams.gateway.roles import Principal, Role
from streams.settings import Settings
from streams.views.keys import Keys

PATH = "/v1/changes"
MATTER = Matter("a1", 1)
Ask = Callable[..., Asked]


@pytest.fixture
def place(redis_url: str) -> Settings:
    return Settings(redis_url=redis_url, app_id=f"repeats-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def redis(place: Settings) -> Redis:
    return Redis.from_url(place.redis_url)


@pytest.fixture
def ask(place: Settings, redis: Redis) -> Ask:
    """Ask for a change as a service, under a key."""
    state = SimpleNamespace(gateway=SimpleNamespace(desk=Desk(place, redis)))
    request: Any = SimpleNamespace(app=SimpleNamespace(state=state), scope={"path": PATH})
    service = Principal("edit-path", frozenset({Role.SERVICE}), "key")

    def ask(key: str, **values: str) -> Asked:
        return Asked(request, Change(account_id="a1", **values), service, key)

    return ask


async def test_a_request_that_an_earlier_build_has_kept_is_no_other_request(
    ask: Ask, place: Settings, redis: Redis
) -> None:
    """It kept something else, under a name of its own; the stream knows the event by its id."""
    asked = ask("k", name="林小鱼")
    redis.set(f"{Keys(place).desk}repeat:{asked.event_id}", sha256(b"{}").hexdigest())
    assert await asked.before() is None
    assert await asked.first(MATTER) == (MATTER, True)
    assert await ask("k", name="林小鱼").first(Matter("a1", 2)) == (MATTER, False)


async def test_what_is_kept_of_a_request_does_not_tell_who_guesses_what_it_said(
    ask: Ask, redis: Redis, place: Settings
) -> None:
    kept = []
    for key in ("one", "two"):
        asked = ask(key, name="林小鱼")
        await asked.first(MATTER)
        kept.append(redis.get(f"{Keys(place).desk}request:{asked.event_id}"))
    said = Change(account_id="a1", name="林小鱼").model_dump_json()
    assert None not in kept
    assert kept[0] != kept[1]
    for guess in (said, f"{PATH}\0{said}"):
        assert not any(sha256(guess.encode()).digest() in (one or b"") for one in kept)
