"""Limits and one-time codes, without a broker."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from streams.gateway.auth import Authenticator
from streams.gateway.limits import Bucket, Limits
from streams.gateway.problems import Problem
from streams.gateway.roles import NOBODY, Principal, Role
from streams.settings import Settings


def request_from(host: str) -> Any:
    return SimpleNamespace(client=SimpleNamespace(host=host))


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = Bucket(burst=3, now=0)
    assert [bucket.take(2, 3, 0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert bucket.take(2, 3, 0.5) == 0
    assert [bucket.take(2, 3, 60) for _ in range(4)] == [0, 0, 0, 0.5]


def test_the_public_is_limited_by_address_and_callers_by_name() -> None:
    limits = Limits(Settings(gateway_public_rate=2, gateway_rate=3))
    for _ in range(2):
        limits.check(request_from("127.0.0.1"), NOBODY)
    with pytest.raises(Problem, match="too many requests") as error:
        limits.check(request_from("127.0.0.1"), NOBODY)
    assert error.value.status == 429
    assert int(error.value.headers["Retry-After"]) > 1
    limits.check(request_from("127.0.0.2"), NOBODY)
    ann = Principal("ann", frozenset({Role.VIEWER}), "key")
    for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        limits.check(request_from(host), ann)
    with pytest.raises(Problem):
        limits.check(request_from("127.0.0.4"), ann)


def test_a_one_time_code_opens_once() -> None:
    code = "a code of more than sixteen"
    authenticator = Authenticator(Settings(gateway_login=code))
    assert authenticator.redeem("another code of sixteen") is None
    first = authenticator.redeem(code)
    assert first is not None
    assert first.roles == set(Role)
    assert authenticator.redeem(code) is None
    assert Authenticator(Settings()).redeem("") is None
