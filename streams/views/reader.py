"""The reading side: what screens and the gateway ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import redis

from processors.policy.model import CreditTerms
from streams.settings import Settings
from streams.views import documents as d
from streams.views.keys import MINUTE_MS, QUEUES, RECENT, Keys
from streams.views.store import ANSWER_S


class Work(NamedTuple):
    """A queue in numbers."""

    open: int
    overdue: int


class ViewReader:
    """The views of one application. Raises `redis.RedisError` when Redis does not answer."""

    def __init__(self, settings: Settings, credit: CreditTerms) -> None:
        self.keys = Keys(settings)
        self.redis: Any = redis.Redis.from_url(
            settings.redis_url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S
        )
        self._levels = [level.name for level in credit.levels]

    def close(self) -> None:
        """Close the connection."""
        self.redis.close()

    def account(self, account_id: str) -> d.AccountView | None:
        """The document of an account; None where nothing is known of it."""
        state = self.redis.get(self.keys.account(account_id))
        return None if state is None else d.unpack_account(state)

    def accounts(self, account_ids: Sequence[str]) -> dict[str, d.AccountView]:
        """The documents of these accounts, as far as there are any."""
        if not account_ids:
            return {}
        states = self.redis.mget([self.keys.account(account_id) for account_id in account_ids])
        found = (d.unpack_account(state) for state in states if state is not None)
        return {document.account_id: document for document in found}

    def levels(self) -> dict[str, int]:
        """Number of accounts at each level, best first."""
        stored: Mapping[bytes, bytes] = self.redis.hgetall(self.keys.levels)
        counts = {name.decode(): int(count) for name, count in stored.items()}
        return {name: counts.pop(name, 0) for name in self._levels} | counts

    def work(self, now: int) -> dict[str, Work]:
        """What waits in each queue, and how much of it was due before a time."""
        pipe = self.redis.pipeline(transaction=False)
        for name in QUEUES:
            pipe.zcard(self.keys.queue(name))
            pipe.zcount(self.keys.queue(name), 0, now)
        numbers = iter(pipe.execute())
        return {name: Work(next(numbers), next(numbers)) for name in QUEUES}

    def queue(self, name: str, start: int = 0, count: int = 50) -> list[d.EscalationLine]:
        """A part of a queue, what is due first first."""
        ids = self.redis.zrange(self.keys.queue(name), start, start + count - 1)
        if not ids:
            return []
        found = self.redis.hmget(self.keys.escalations, ids)
        return [d.unpack_escalation(line) for line in found if line is not None]

    def escalation(self, escalation_id: str) -> d.EscalationLine | None:
        """An open escalation."""
        line = self.redis.hget(self.keys.escalations, escalation_id)
        return None if line is None else d.unpack_escalation(line)

    def reports(self, start: int = 0, count: int = 50, due_from: int = 0) -> list[d.ReportLine]:
        """A part of the report outbox from a due time on, what is due first first."""
        lines = self.redis.zrange(
            self.keys.reports, due_from, "+inf", byscore=True, offset=start, num=count
        )
        return [d.unpack_report(line) for line in lines]

    def reports_past(self, now: int) -> int:
        """How many items of the report outbox were due before a time, delivered or not."""
        return int(self.redis.zcount(self.keys.reports, 0, f"({now}"))

    def findings(self, count: int = RECENT) -> list[d.Headline]:
        """The latest verdicts with findings, newest first."""
        return self._recent(self.keys.findings, count)

    def verdicts(self, count: int = RECENT) -> list[d.Headline]:
        """The latest verdicts, newest first."""
        return self._recent(self.keys.verdicts, count)

    def disposals(self, count: int = RECENT) -> list[d.Headline]:
        """The latest disposals, newest first."""
        return self._recent(self.keys.disposals, count)

    def minutes(self, until: int, count: int) -> list[tuple[int, dict[str, int]]]:
        """Counters of the last minutes up to a time (ms), oldest first: start of each, counts."""
        last = until // MINUTE_MS
        wanted = range(last - count + 1, last + 1)
        pipe = self.redis.pipeline(transaction=False)
        for minute in wanted:
            pipe.hgetall(self.keys.minute(minute))
        return [
            (minute * MINUTE_MS, {name.decode(): int(n) for name, n in counts.items()})
            for minute, counts in zip(wanted, pipe.execute(), strict=True)
        ]

    def status(self) -> d.Status | None:
        """How far the views are; None when nobody feeds them."""
        status = self.redis.get(self.keys.status)
        return None if status is None else d.unpack_status(status)

    def _recent(self, key: str, count: int) -> list[d.Headline]:
        return [d.unpack_headline(line) for line in self.redis.zrevrange(key, 0, count - 1)]
