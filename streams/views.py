"""Redis views of the outputs, for screens: levels, recent findings, open work, counts by minute.

Views are fed from the output topics at ``read_committed``. Every batch is applied in one MULTI
together with the offsets it reaches: a restart applies nothing twice and leaves nothing out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
import redis

from processors.policy.model import CreditTerms
from schemas.records import CreditChange, Disposal, Escalation, EscalationStatus, Verdict

RECENT = 100
MINUTES_KEPT_S = 2 * 3600
MINUTE_MS = 60_000


class Seen(NamedTuple):
    """One output as it was read: its real topic, partition, offset, and the record."""

    topic: str
    partition: int
    offset: int
    record: Any


class Views:
    """The views under one key prefix. Raises `redis.RedisError` when Redis does not answer."""

    def __init__(self, url: str, prefix: str, credit: CreditTerms) -> None:
        self._redis: Any = redis.Redis.from_url(url, decode_responses=True)
        self._prefix = prefix
        self._levels = [level.name for level in credit.levels]
        self._first_level = next(x.name for x in credit.levels if credit.base >= x.minimum)

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name}"

    def positions(self) -> dict[tuple[str, int], int]:
        """Next offset to read of each topic and partition; those never read are missing."""
        stored: Mapping[str, str] = self._redis.hgetall(self._key("positions"))
        return {
            (topic, int(partition)): int(offset)
            for (topic, _, partition), offset in ((k.rpartition(":"), v) for k, v in stored.items())
        }

    def apply(self, batch: Iterable[Seen]) -> None:
        """Apply a batch and the offsets it reaches, all or nothing."""
        reached: dict[str, int] = {}
        minutes: Counter[tuple[int, str]] = Counter()
        pipe = self._redis.pipeline(transaction=True)
        for topic, partition, offset, record in batch:
            reached[f"{topic}:{partition}"] = offset + 1
            if record.account_seq == 1:
                pipe.sadd(self._key("accounts"), record.account_id)
            if isinstance(record, Verdict):
                minutes[record.decided_at // MINUTE_MS, record.decision] += 1
                if record.findings:
                    pipe.lpush(self._key("findings"), _finding(record))
                    pipe.ltrim(self._key("findings"), 0, RECENT - 1)
            elif isinstance(record, CreditChange):
                if record.previous_level != record.level:
                    pipe.srem(self._key(f"level:{record.previous_level}"), record.account_id)
                    pipe.sadd(self._key(f"level:{record.level}"), record.account_id)
            elif isinstance(record, Disposal):
                minutes[record.at // MINUTE_MS, f"{record.action} {record.step}"] += 1
            elif isinstance(record, Escalation):
                if record.status is EscalationStatus.OPENED:
                    pipe.zadd(self._key("queue"), {record.escalation_id: record.due_at})
                else:
                    pipe.zrem(self._key("queue"), record.escalation_id)
        if not reached:
            return
        for (minute, name), count in minutes.items():
            pipe.hincrby(self._key(f"minute:{minute}"), name, count)
            pipe.expire(self._key(f"minute:{minute}"), MINUTES_KEPT_S)
        pipe.hset(self._key("positions"), mapping=reached)
        pipe.execute()

    def levels(self) -> dict[str, int]:
        """Number of accounts at each level, best first.

        Only credit changes move an account: topics are read side by side, and a verdict may be
        older than the change that was read before it.
        """
        pipe = self._redis.pipeline()
        pipe.scard(self._key("accounts"))
        for name in self._levels:
            pipe.scard(self._key(f"level:{name}"))
        accounts, *moved = pipe.execute()
        counts = dict(zip(self._levels, map(int, moved), strict=True))
        counts[self._first_level] += int(accounts) - sum(counts.values())
        return counts

    def open_work(self, before: int) -> tuple[int, int]:
        """How many escalations wait for a person, and how many of them were due before a time."""
        key = self._key("queue")
        return int(self._redis.zcard(key)), int(self._redis.zcount(key, 0, before))

    def findings(self, count: int = RECENT) -> list[dict[str, Any]]:
        """The latest verdicts with findings, newest first."""
        raw = self._redis.lrange(self._key("findings"), 0, count - 1)
        return [msgspec.json.decode(item) for item in raw]


def _finding(verdict: Verdict) -> bytes:
    worst = verdict.findings[0]
    return msgspec.json.encode(
        {
            "account": verdict.account_id,
            "decision": verdict.decision,
            "rule": worst.rule_id,
            "obligation": worst.obligation_id,
            "field": worst.field,
            "why": worst.why,
        }
    )
