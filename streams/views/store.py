"""The writing side: one feeder at a time, and every batch in one MULTI with the offsets it reaches.

Who feeds holds the *lease*, a key with an expiry. It is watched while a batch is prepared and
renewed in the same MULTI: a feeder that lost it writes nothing more, however late it wakes up.
Each write of the lease, also the one that takes it, has a number of its own. Where a replica takes
over that has not got the last of them its number is another one, and the feeder reads its positions
again: else what came with that write would be missing for ever, or counted twice.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import redis

from streams.settings import Settings
from streams.views.documents import LAYOUT, AccountView, Status, pack_account, unpack_account
from streams.views.fold import QUEUE_OF, Fold, Seen
from streams.views.keys import (
    ACCOUNT_DAYS,
    DAY_S,
    MINUTE_MS,
    MINUTES_KEPT_S,
    QUEUES,
    RECENT,
    REPORTS,
    Keys,
)

LEASE_MS = 4_000
STATUS_MS = 60_000
ANSWER_S = 5.0
REMOVE_AT_ONCE = 1_000
_pack = msgspec.msgpack.Encoder().encode

_ANOTHER = "another process feeds the views"
_BEHIND = "Redis does not have what was written last: its positions are read again"

Positions = dict[tuple[str, int], int]
"""Next offset to read of each topic and partition; those never read are missing."""


class LeaseLost(Exception):
    """Another feeder writes the views now, or they are not as this one has left them."""


class ViewStore:
    """The views of one application, for the one who feeds them.

    Every method raises `redis.RedisError` when Redis does not answer: whether a batch was applied
    is then unknown until `positions` is read again.
    """

    def __init__(self, settings: Settings, first_level: str) -> None:
        self.keys = Keys(settings)
        self._redis: Any = redis.Redis.from_url(
            settings.redis_url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S
        )
        self._first_level = first_level
        self._token = uuid.uuid4().hex.encode()
        self._writes = 0
        self._held = b""
        """The lease as this one has left it, as far as Redis has answered."""

    def close(self) -> None:
        """Give the lease back and close the connection."""
        try:
            if self._is_ours(self._redis.get(self.keys.lease)):
                self._redis.delete(self.keys.lease)
        except redis.RedisError:
            pass  # it expires by itself
        self._redis.close()

    def take_lease(self, *, by_force: bool = False) -> bool:
        """Become the feeder; false while another one is. ``by_force`` puts another one out."""
        lease = self._next_lease()
        free = not by_force and self._redis.set(self.keys.lease, lease, px=LEASE_MS, nx=True)
        if not free:
            if not by_force and not self._is_ours(self._redis.get(self.keys.lease)):
                return False
            self._redis.set(self.keys.lease, lease, px=LEASE_MS)
        self._held = lease
        return True

    def _next_lease(self) -> bytes:
        """A lease that no write has had, not even one whose answer never came."""
        self._writes += 1
        return b"%s:%d" % (self._token, self._writes)

    def _is_ours(self, lease: bytes | None) -> bool:
        return lease is not None and lease.startswith(self._token)

    def are_of(self, topics: Mapping[str, str]) -> bool:
        """Whether the views are of this layout, and made from the topics of these names and ids."""
        return bool(self._redis.get(self.keys.made_of) == _made_of(topics))

    def positions(self) -> Positions:
        """Where reading goes on, in the topics that the views are made from."""
        stored: Mapping[bytes, bytes] = self._redis.hgetall(self.keys.positions)
        return {
            (topic, int(partition)): int(offset)
            for (topic, _, partition), offset in (
                (name.decode().rpartition(":"), offset) for name, offset in stored.items()
            )
        }

    def clear(self, topics: Mapping[str, str]) -> None:
        """Throw everything away; reading then begins at the beginning of these topics.

        Raises `LeaseLost`.
        """

        def begin(pipe: Any) -> None:
            pipe.delete(self.keys.positions, self.keys.made_of)

        self._fenced(lambda pipe: None, begin)
        found: list[bytes] = []
        for key in self._redis.scan_iter(self.keys.prefix + "*", count=REMOVE_AT_ONCE):
            found.append(key)
            if len(found) >= REMOVE_AT_ONCE:
                self._fenced(lambda pipe: None, lambda pipe: pipe.unlink(*found))
                found.clear()
        self._fenced(
            lambda pipe: None,
            lambda pipe: (
                pipe.unlink(*found) if found else None,
                pipe.set(self.keys.made_of, _made_of(topics)),
            ),
        )

    def apply(self, batch: Sequence[Seen], status: Status | None = None) -> None:
        """Apply a batch and the offsets it reaches, all or nothing. Raises `LeaseLost`."""
        accounts = list({seen.record.account_id for seen in batch})

        def prepare(pipe: Any) -> Fold:
            keys = [self.keys.account(account) for account in accounts]
            states = pipe.mget(keys) if keys else []
            documents: dict[str, AccountView] = {
                account: unpack_account(state)
                for account, state in zip(accounts, states, strict=True)
                if state is not None
            }
            fold = Fold(documents, self._first_level)
            fold.apply(batch)
            return fold

        def write(pipe: Any, fold: Fold) -> None:
            self._write(pipe, fold)
            if status is not None:
                pipe.set(self.keys.status, _pack(status), px=STATUS_MS)

        self._fenced(prepare, write)

    def _fenced(self, prepare: Callable[[Any], Any], write: Callable[..., Any]) -> None:
        """Read and then write under the lease, which is renewed."""
        with self._redis.pipeline(transaction=True) as pipe:
            try:
                pipe.watch(self.keys.lease)
                lease = pipe.get(self.keys.lease)
                if lease != self._held:
                    raise LeaseLost(_BEHIND if self._is_ours(lease) else _ANOTHER)
                prepared = prepare(pipe)
                renewed = self._next_lease()
                pipe.multi()
                pipe.set(self.keys.lease, renewed, px=LEASE_MS)
                write(pipe, *([] if prepared is None else [prepared]))
                pipe.execute()
                self._held = renewed
            except redis.WatchError as error:
                raise LeaseLost(_ANOTHER) from error

    def _write(self, pipe: Any, fold: Fold) -> None:
        keys = self.keys
        for account_id in fold.touched:
            document = fold.documents[account_id]
            kept = None if document.unsettled else ACCOUNT_DAYS * DAY_S
            pipe.set(keys.account(account_id), pack_account(document), ex=kept)
        for (minute, name), count in fold.minutes.items():
            pipe.hincrby(keys.minute(minute), name, count)
        for minute in {minute for minute, _ in fold.minutes}:
            pipe.expireat(keys.minute(minute), minute * MINUTE_MS // 1_000 + MINUTES_KEPT_S)
        for level, change in fold.levels.items():
            pipe.hincrby(keys.levels, level, change)
        for line in fold.queued.values():
            queue = keys.queue(QUEUE_OF.get(line.kind, QUEUES[0]))
            if line.closed:
                pipe.zrem(queue, line.escalation_id)
                pipe.hdel(keys.escalations, line.escalation_id)
            else:
                pipe.zadd(queue, {line.escalation_id: line.due_at})
                pipe.hset(keys.escalations, line.escalation_id, _pack(line))
        if fold.reports:
            pipe.zadd(keys.reports, {_pack(report): report.due_at for report in fold.reports})
            pipe.zremrangebyrank(keys.reports, 0, -REPORTS - 1)
        for key, lines in (
            (keys.verdicts, fold.verdicts),
            (keys.findings, fold.findings),
            (keys.disposals, fold.disposals),
        ):
            if lines:
                pipe.zadd(key, fold.latest(lines))
                pipe.zremrangebyrank(key, 0, -RECENT - 1)
        if fold.reached:
            pipe.hset(keys.positions, mapping=fold.reached)


def _made_of(topics: Mapping[str, str]) -> bytes:
    return msgspec.json.encode((LAYOUT, topics), order="sorted")


def now_ms() -> int:
    """The wall clock in ms."""
    return time.time_ns() // 1_000_000
