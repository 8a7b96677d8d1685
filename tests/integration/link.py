"""A link between a worker and its brokers that can be cut: proxies that fall silent."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from enum import Enum
from typing import Self

from streams.children import free_ports

READ_BYTES = 65_536
END_S = 10.0


class Way(Enum):
    """A direction of a link."""

    THERE = "to the brokers"
    BACK = "to the worker"


class Link:
    """A proxy on loopback for each of some brokers. A context manager: leaving it closes all.

    While it is cut nothing comes through and nothing is closed, as where packets are dropped: a
    connection looks alive to both sides, a new one stays without an answer. What was under way, the
    end of a connection too, is held, and arrives late when the link is mended, as TCP sends it
    again.

    Clients go where a broker says that it is. So each has to have one more listener, at one of
    ``listeners``, that it advertises at the proxy of the same place, among ``proxies``.
    """

    def __init__(self, brokers: int) -> None:
        ports = free_ports(2 * brokers)
        self.listeners, self.proxies = ports[:brokers], ports[brokers:]
        self.bootstrap = ",".join(f"127.0.0.1:{port}" for port in self.proxies)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open = {way: asyncio.Event() for way in Way}
        self.asked = 0
        """How often anything came from the worker."""
        self._servers: list[asyncio.Server] = []
        self._relays: set[asyncio.Task[None]] = set()
        for way in self._open.values():
            way.set()

    def cut(self, *ways: Way) -> None:
        """Let nothing through any more, in both directions or in those that are given."""
        for way in ways or tuple(Way):
            self._loop.call_soon_threadsafe(self._open[way].clear)

    def mend(self) -> None:
        """Let everything through again, first what was held."""
        for way in self._open.values():
            self._loop.call_soon_threadsafe(way.set)

    def start(self) -> Self:
        """Begin to take connections."""
        self._thread.start()
        for listener, proxy in zip(self.listeners, self.proxies, strict=True):
            asyncio.run_coroutine_threadsafe(self._serve(listener, proxy), self._loop).result(END_S)
        return self

    def close(self) -> None:
        """Close all connections, and take none any more."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(END_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(END_S)
        self._loop.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _serve(self, listener: int, proxy: int) -> None:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._relays.add(task)
            try:
                await self._connect(listener, reader, writer)
            finally:
                self._relays.discard(task)
                writer.close()

        self._servers.append(await asyncio.start_server(connected, "127.0.0.1", proxy))

    async def _connect(
        self, listener: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await self._open[Way.THERE].wait()
        try:
            there, back = await asyncio.open_connection("127.0.0.1", listener)
        except OSError:
            return  # the broker is away
        try:
            await asyncio.gather(
                self._relay(reader, back, Way.THERE), self._relay(there, writer, Way.BACK)
            )
        finally:
            back.close()

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way
    ) -> None:
        """Hand on what comes from one side, its end as well."""
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(READ_BYTES):
                self.asked += way is Way.THERE
                await self._open[way].wait()
                writer.write(data)
                await writer.drain()
        await self._open[way].wait()
        writer.close()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        relays = list(self._relays)
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)
