"""The gateway knows what is in force, whatever was away meanwhile, and says when it does not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError

from processors.policy import Policy
from streams import control_topics
from streams.children import free_ports
from streams.connections import _SENDING
from streams.gateway.context import Gateway
from streams.journal import InForce
from streams.settings import Settings
from streams.topics import create_topics
from tests.conftest import SettingsFactory
from tests.schemas.registry_server import serving
from tests.streams.test_policy_broker import BESIDE, stricter
from tests.support import wait_until


@asynccontextmanager
async def following(settings: Settings) -> AsyncIterator[Gateway]:
    """A gateway that follows what is in force, and no more."""
    gateway = Gateway(settings)
    task = asyncio.create_task(gateway.follow())
    try:
        yield gateway
    finally:
        task.cancel()
        await asyncio.wait([task])
        await asyncio.to_thread(gateway.stop)


async def until(condition: Callable[[], Any], why: str) -> None:
    await asyncio.to_thread(wait_until, condition, 20, why)


def put_in_force(settings: Settings, *versions: str) -> None:
    for version in versions:
        control_topics.activate(settings, stricter(version), by="ana", beside=BESIDE)


def told(gateway: Gateway) -> str:
    return " ".join(gateway.readiness().problems)


def version(policy: Policy) -> str:
    return policy.pack.version


async def test_packs_are_followed_though_the_registry_was_away_when_the_gateway_began(
    settings: SettingsFactory,
) -> None:
    (port,) = free_ports(1)
    ours = settings(schema_registry_url=f"http://127.0.0.1:{port}")
    create_topics(ours)
    with serving(port=port) as registry:
        put_in_force(ours, "2")
    async with following(ours) as gateway:
        await until(lambda: "not followed (RegistryUnavailable)" in told(gateway), "it says so")
        assert version(gateway.policy) != "2"
        with serving(port=port) as again:
            again.schemas, again.subjects = registry.schemas, registry.subjects
            await until(lambda: version(gateway.policy) == "2", "the pack is known")
            assert "in force" not in told(gateway)


async def test_after_a_lost_connection_no_older_pack_comes_into_force_again(
    settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, known = threading.Event(), list[str]()
    getmany, adopt = AIOKafkaConsumer.getmany, Gateway._adopt

    async def one_by_one(self: Any, *tps: Any, timeout_ms: int = 0) -> Any:
        if lost.is_set():
            lost.clear()
            raise KafkaConnectionError("injected")
        return await getmany(self, *tps, timeout_ms=timeout_ms, max_records=1)

    def noted(self: Gateway, in_force: InForce) -> None:
        adopt(self, in_force)
        known.append(version(in_force.policy))

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", one_by_one)
    monkeypatch.setattr(Gateway, "_adopt", noted)
    ours = settings()
    create_topics(ours)
    put_in_force(ours, "2", "3", "4")
    async with following(ours) as gateway:
        await until(lambda: known, "the packs are read")
        lost.set()
        await until(lambda: "not followed (KafkaConnectionError)" in told(gateway), "it says so")
        assert version(gateway.policy) == "4"
        await until(lambda: len(known) > 1, "the packs are read again")
        put_in_force(ours, "5")
        await until(lambda: "5" in known, "the next pack is known")
    assert known == ["4", "4", "5"]


async def test_a_gateway_is_told_of_closed_transports_as_workers_are(
    settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs in uvloop as well: else it would look for no leader any more, without a word."""
    for name in _SENDING:
        method = getattr(AIOKafkaConnection, name)
        monkeypatch.setattr(AIOKafkaConnection, name, getattr(method, "__wrapped__", method))
    ours = settings()
    create_topics(ours)
    async with following(ours) as gateway:
        await until(lambda: "in force" not in told(gateway), "the packs are read")
        assert all(hasattr(getattr(AIOKafkaConnection, name), "__wrapped__") for name in _SENDING)
