"""One delivery: a disposal as a signed request, and what its answer means."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import NamedTuple

import aiohttp
import msgspec

from schemas.records import Disposal

SIGNATURE = "Zhengming-Signature"
DELIVERED = frozenset((200, 201, 202, 204, 208, 409))
"""409: the platform has executed it before, and says so."""


class Attempt(NamedTuple):
    """How one attempt ended; ``detail`` never quotes the answer."""

    delivered: bool
    status: int
    detail: str


def sign(secret: bytes, at: int, body: bytes) -> str:
    """The signature of a body at a time (s): HMAC-SHA-256 over the time, a dot, and the body."""
    digest = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Webhook:
    """The platform's address for disposals."""

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: bytes) -> None:
        self._session = session
        self._url = url
        self._secret = secret

    async def deliver(self, disposal: Disposal) -> Attempt:
        """Send a disposal once. Never raises for what the network or the platform does."""
        body = msgspec.json.encode(disposal)
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": disposal.disposal_id,
            SIGNATURE: sign(self._secret, int(time.time()), body),
        }
        try:
            async with self._session.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                status = answer.status  # what follows is not waited for: this says it all
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Attempt(False, 0, type(error).__name__)
        return Attempt(status in DELIVERED, status, f"HTTP {status}")
