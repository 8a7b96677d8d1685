"""Requests under an Idempotency-Key: one takes effect once, however often it is repeated."""

from __future__ import annotations

import asyncio
import hashlib
import secrets

import msgspec
from fastapi import Request
from msgspec import Struct
from pydantic import BaseModel

from streams.gateway.context import gateway_of
from streams.gateway.problems import Problem
from streams.gateway.roles import Principal


class Matter(Struct, frozen=True):
    """What a request is about, so that a repetition makes the same input of it.

    It stands in Redis: nothing is in it that somebody wrote.
    """

    account_id: str
    at: int
    """When it was asked first."""
    subject_id: str = ""
    """Of a case its matter, which is not told any more once the case is settled."""


class Asked:
    """A request, known by who asks and their key; without a key it is like no other."""

    def __init__(
        self, request: Request, body: BaseModel, principal: Principal, key: str | None
    ) -> None:
        self.event_id = _event_id(principal, key)
        self._desk = gateway_of(request).desk
        self._digest = b""
        if key is not None:
            # With the key, which is not kept, nobody finds out from it what a body said.
            said = f"{key}\0{request.scope['path']}\0{body.model_dump_json()}"
            self._digest = hashlib.sha256(said.encode()).digest()

    async def before(self) -> Matter | None:
        """What it was about when it was asked before; None for a new one. Raises `Problem` 422."""
        if not self._digest:
            return None
        kept = await asyncio.to_thread(self._desk.request, self.event_id)
        return None if kept is None else self._matter(kept)

    async def first(self, matter: Matter) -> tuple[Matter, bool]:
        """Keep what it is about, before it is published; returns what is kept, and if by now.

        Raises `Problem` 422 where the key was used with another request.
        """
        if not self._digest:
            return matter, True
        mine = self._digest + msgspec.json.encode(matter)
        kept = await asyncio.to_thread(self._desk.keep_request, self.event_id, mine)
        return (matter, True) if kept is None else (self._matter(kept), False)

    def _matter(self, kept: bytes) -> Matter:
        size = len(self._digest)
        if kept[:size] != self._digest:
            raise Problem(422, "this Idempotency-Key was used with another request")
        return msgspec.json.decode(kept[size:], type=Matter)


def replayed(again: bool) -> dict[str, str]:
    """The header, as a keyword, that tells of an answer that was given before."""
    return {"Idempotent_Replayed": "true"} if again else {}


def drawn_id() -> str:
    """The id of an input that nobody has named."""
    return f"gw-{secrets.token_hex(12)}"


def _event_id(principal: Principal, key: str | None) -> str:
    """The id of an input: drawn, or made of who asks and their key."""
    if key is None:
        return drawn_id()
    made = hashlib.sha256(f"{principal.by}\0{principal.name}\0{key}".encode())
    return f"gk-{made.hexdigest()[:32]}"
