"""What answers below the API where no operation does; else the console would, with a page."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from streams.gateway.auth import Operation
from streams.gateway.roles import NOBODY


class Nowhere:
    """404, or 405 with the methods that there are; for every method, as it is no function."""

    def __init__(self, operations: list[Operation]) -> None:
        self._operations = operations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raise `HTTPException`, or `Problem` 429: who asks for it is nobody that we know."""
        scope["app"].state.gateway.limits.check(Request(scope), NOBODY)
        methods = {
            method
            for operation in self._operations
            if operation.matches(scope)[0] is Match.PARTIAL
            for method in operation.methods or ()
        }
        if methods:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(methods))})
        raise HTTPException(404)


def nowhere(routes: Iterable[BaseRoute]) -> list[Route]:
    """The routes that stand after all operations."""
    operations = [route for route in routes if isinstance(route, Operation)]
    others = {route.path for route in operations if not route.path.startswith("/v1/")}
    end = Nowhere(operations)
    return [Route(path, end) for path in ("/v1", "/v1/{rest:path}", *sorted(others))]
