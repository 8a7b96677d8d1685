"""What browsers say over the connections of their pages, and whether it is heard."""

from __future__ import annotations

import logging
from typing import Any

from nicegui import core

from streams.gateway.console.session import Sessions


def attend(sessions: Sessions) -> None:
    """Hear what is done on a page for as long as its session goes on.

    Anybody may open a connection, so nothing that comes over one is written to the log: neither
    what a browser wants to have logged, nor that something makes no sense.
    """
    sockets = core.sio
    handle = sockets.handlers["/"]["event"]

    def event(sid: str, said: dict[str, Any]) -> None:
        if sessions.hears(said["client_id"]):
            handle(sid, said)  # what a page makes of it, and fails in, is told by `on_exception`

    sockets.on("event", event)
    sockets.on("log", _let_be)
    # One message after the other: in tasks of their own asyncio would log what they end by.
    sockets.async_handlers = False
    sockets.eio.logger.setLevel(logging.CRITICAL)


def _let_be(_sid: str, _said: Any) -> None: ...
