"""Ids in paths: percent-encoded by who calls, and whole in the operation, also with a slash."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, unquote

from starlette.convertors import StringConvertor
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.gateway.auth import Operation


class QuotedPaths:
    """Has operations found by the path as it was asked: what is quoted in it parts nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; in a path of the API all is quoted alike, however it was."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
            parts = map(unquote, raw.decode("ascii").split("/"))
            scope = {**scope, "path": "/".join(quote(part, safe="") for part in parts)}
        await self._app(scope, receive, send)


class _Id(StringConvertor):
    """A part of such a path."""

    def convert(self, value: str) -> str:
        """What the caller meant."""
        return unquote(value)


def unquote_ids(routes: Iterable[BaseRoute]) -> None:
    """Have the operations among these routes take what `QuotedPaths` lets through."""
    for route in routes:
        if isinstance(route, Operation):
            route.param_convertors = dict.fromkeys(route.param_convertors, _Id())
