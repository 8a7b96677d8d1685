"""What is agreed between people and callers for a while: claims of work, proposals, repetitions.

It lies in Redis beside the views, is no view, and is lost without harm: the stream holds two
different reviewers and repeated event ids apart by itself.
"""

from __future__ import annotations

from typing import Any

from streams.settings import Settings
from streams.views.keys import Keys

CLAIM_S = 15 * 60
REPEAT_S = 24 * 3600
PROPOSAL_S = 30 * 24 * 3600
ORDER_S = 7 * 24 * 3600

_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class Desk:
    """Claims, proposals, orders and idempotency keys. Raises `redis.RedisError`."""

    def __init__(self, settings: Settings, redis: Any) -> None:
        self._prefix = Keys(settings).desk
        self._redis = redis
        self._release = redis.register_script(_RELEASE)

    def claim(self, escalation_id: str, reviewer: str) -> str:
        """Claim work for a while, or renew one's claim; returns who holds it afterwards."""
        key = self._prefix + "claim:" + escalation_id
        if self._redis.set(key, reviewer, nx=True, ex=CLAIM_S):
            return reviewer
        holder = self._redis.get(key)
        if holder is None:
            return self.claim(escalation_id, reviewer)
        if holder == reviewer.encode():
            self._redis.expire(key, CLAIM_S)
        return str(holder.decode())

    def release(self, escalation_id: str, reviewer: str) -> bool:
        """Give one's claim back; whether there was one."""
        key = self._prefix + "claim:" + escalation_id
        return bool(self._release(keys=[key], args=[reviewer]))

    def holders(self, escalation_ids: list[str]) -> dict[str, str]:
        """Who has claimed what of this work."""
        if not escalation_ids:
            return {}
        keys = [self._prefix + "claim:" + one for one in escalation_ids]
        held = zip(escalation_ids, self._redis.mget(keys), strict=True)
        return {one: holder.decode() for one, holder in held if holder is not None}

    def propose(self, pack_hash: str, author: str, content: bytes) -> str:
        """Keep a proposed pack under its hash; returns its author, who is the first to propose."""
        key = self._prefix + "pack:" + pack_hash
        self._redis.hsetnx(key, "author", author)
        self._redis.hset(key, "content", content)
        self._redis.expire(key, PROPOSAL_S)
        return str(self._redis.hget(key, "author").decode())

    def proposal(self, pack_hash: str) -> tuple[str, bytes] | None:
        """Author and archive of a proposed pack."""
        author, content = self._redis.hmget(
            self._prefix + "pack:" + pack_hash, ("author", "content")
        )
        return None if author is None or content is None else (author.decode(), content)

    def order(self, inspection_id: str, content: bytes) -> None:
        """Keep an order of an inspection until somebody else approves it, or a week is over."""
        self._redis.set(self._prefix + "inspection:" + inspection_id, content, ex=ORDER_S)

    def ordered(self, inspection_id: str) -> bytes | None:
        """An order that is kept."""
        found: bytes | None = self._redis.get(self._prefix + "inspection:" + inspection_id)
        return found

    def request(self, event_id: str) -> bytes | None:
        """What is kept of the request that an event id was used for."""
        kept: bytes | None = self._redis.get(self._prefix + "request:" + event_id)
        return kept

    def keep_request(self, event_id: str, content: bytes) -> bytes | None:
        """Keep the request that an event id is used for; None, or the one that was kept before."""
        key = self._prefix + "request:" + event_id
        if self._redis.set(key, content, nx=True, ex=REPEAT_S):
            return None
        kept = self.request(event_id)
        return self.keep_request(event_id, content) if kept is None else kept
