"""Limits: how large a body may be, and how often a caller may call."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException

from streams.gateway.problems import Problem, answer
from streams.gateway.roles import NOBODY, Principal
from streams.settings import Settings

CALLERS = 10_000
"""Callers that are remembered; beyond them the one seen longest ago is forgotten."""

PAGES = 60.0
"""Pages a minute that one address may open without a login; to log in takes four."""

LOGINS, LOGINS_A_SECOND = 10.0, 0.2
"""Logins of one address that may fail at once, and how many more a second.

There is no limit for all together, which would let one address keep everybody out: a key of 256
bits is not found by trying from however many.
"""


class Bucket:
    """A token bucket: ``rate`` a second on average, ``burst`` at once."""

    __slots__ = ("at", "left")

    def __init__(self, burst: float, now: float) -> None:
        self.left = burst
        self.at = now

    def take(self, rate: float, burst: float, now: float) -> float:
        """Take one; 0 when there was one, else how many seconds to wait."""
        self.left = min(burst, self.left + (now - self.at) * rate)
        self.at = now
        if self.left >= 1:
            self.left -= 1
            return 0.0
        return (1 - self.left) / rate


class Limits:
    """How often callers may call: each principal by name, the public by address.

    For what the public may cost it makes no difference what it is answered.
    """

    def __init__(self, settings: Settings) -> None:
        self._rate = float(settings.gateway_rate)
        self._public = settings.gateway_public_rate / 60
        self._public_burst = float(settings.gateway_public_rate)
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def check(self, request: Request, principal: Principal) -> None:
        """Raise `Problem` 429 for a caller who calls too often."""
        if principal is NOBODY:
            self._take(f"public:{_address(request)}", self._public, self._public_burst)
        else:
            self._take(f"{principal.by}:{principal.name}", self._rate, self._rate)

    def visit(self, request: Request) -> Bucket:
        """Count a page that somebody without a login opens; returns what it was taken from.

        Raises `Problem` 429 for an address that opens too many.
        """
        return self._take(f"pages:{_address(request)}", PAGES / 60, PAGES)

    def login(self, request: Request) -> Bucket:
        """Count a login; returns what it was taken from, and what one that succeeds gives back to.

        Raises `Problem` 429 for an address from which too many failed.
        """
        return self._take(f"login:{_address(request)}", LOGINS_A_SECOND, LOGINS)

    def _take(self, caller: str, rate: float, burst: float) -> Bucket:
        now = time.monotonic()
        bucket = self._buckets.get(caller)
        if bucket is None:
            bucket = self._buckets[caller] = Bucket(burst, now)
            if len(self._buckets) > CALLERS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(caller)
        wait = bucket.take(rate, burst, now)
        if wait:
            raise Problem(429, "too many requests; see Retry-After", Retry_After=str(int(wait) + 1))
        return bucket


def _address(request: Request) -> str:
    """The address of the other end; behind a proxy uvicorn takes the one it vouches for."""
    return request.client.host if request.client else ""


class BodyLimit:
    """Refuses bodies that are too large, by what they say and by what they turn out to be."""

    def __init__(self, app: Any, most: int) -> None:
        self._app = app
        self._most = most
        self._why = f"a body has at most {most} bytes"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, counting its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
        if not declared.isdigit() or int(declared) > self._most:
            await self._refuse(scope, receive, send)
            return
        read = 0

        async def counted() -> Any:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._most:
                raise HTTPException(413, self._why)
            return message

        await self._app(scope, counted, send)

    async def _refuse(self, scope: Any, receive: Any, send: Any) -> None:
        refusal = answer(413, self._why)
        await refusal(scope, receive, send)
