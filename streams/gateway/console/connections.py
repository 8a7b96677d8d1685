"""What browsers say over the connections of their pages, and whether it is heard."""

from __future__ import annotations

from typing import Any

from nicegui import core

from streams.gateway.console.session import Sessions


def attend(sessions: Sessions) -> None:
    """Hear what is done on a page only for as long as its session goes on."""
    handle = core.sio.handlers["/"]["event"]

    def event(sid: str, said: dict[str, Any]) -> None:
        if sessions.hears(said["client_id"]):
            handle(sid, said)

    core.sio.on("event", event)
