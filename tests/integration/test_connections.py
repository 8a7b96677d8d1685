"""Connections to brokers that break at the worst moment."""

from __future__ import annotations

import asyncio

import pytest
import uvloop
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from streams import connections
from streams.sandbox import Kafka


@pytest.fixture
def _told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in connections._SENDING:
        monkeypatch.setattr(AIOKafkaConnection, name, getattr(AIOKafkaConnection, name))
    connections.tell_of_closed_transports()


@pytest.mark.usefixtures("_told")
def test_a_client_learns_of_the_brokers_after_a_transport_closed_unnoticed(
    kafka: Kafka,
) -> None:
    """Between the end of a transport and its notice aiokafka writes to it."""

    async def lose_all_connections() -> None:
        client = AIOKafkaClient(bootstrap_servers=kafka.bootstrap)
        await client.bootstrap()
        try:
            assert await client.force_metadata_update()
            (connection,) = client._conns.values()
            connection._writer.transport.abort()
            await asyncio.sleep(0)  # closed now, and whoever reads from it is told next
            with pytest.raises(KafkaConnectionError):
                await connection.send(MetadataRequest([]))
            while not await asyncio.wait_for(client.force_metadata_update(), 10):
                pass
        finally:
            await client.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(lose_all_connections())
