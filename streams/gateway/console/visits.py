"""How many pages somebody may open who has not logged in."""

from __future__ import annotations

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.gateway.console.session import Sessions
from streams.gateway.limits import Limits
from streams.gateway.problems import Problem, answer

API = "/v1/"
PROBES = frozenset(("/health", "/ready", "/metrics"))
"""These and the API have limits of their own; all else is a page, if only one that says 404."""
PARTS = "/_nicegui"
"""Scripts, styles and the connection of a page: a page brings dozens, so they count if missing."""


class Visits:
    """Answers 429 to an address that opens too many pages without a login."""

    def __init__(self, app: ASGIApp, sessions: Sessions, limits: Limits) -> None:
        self._app = app
        self._sessions = sessions
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        path = scope.get("path", "")
        elsewhere = scope["type"] != "http" or path.startswith(API) or path in PROBES
        if elsewhere or self._sessions.knows(request := Request(scope)):
            await self._app(scope, receive, send)
            return
        try:
            bucket = self._limits.visit(request)
        except Problem as problem:
            refusal = answer(problem.status, problem.detail, headers=problem.headers)
            await refusal(scope, receive, send)
            return

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start" and path.startswith(PARTS):
                bucket.left += message["status"] < 400
            await send(message)

        await self._app(scope, receive, noted)
