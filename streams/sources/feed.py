"""Publishes what a source was mapped to, and says when its position may be kept.

The order is what makes it at least once:

1. Messages are mapped and their changes queued.
2. Kafka has taken all of them.
3. The source's position after the last one is kept.

Cut off before 3, the messages come again with the same event ids. The stream knows the last 16
inputs of an account by their ids, so a position is kept before any account has that many open.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from processors.accounts.ids import SEEN_EVENTS
from schemas.records import AccountChange
from streams.access import Part, require
from streams.codecs import open_codec
from streams.publishing import Publisher, record_bytes
from streams.settings import Settings
from streams.sources.item import Item, Rejected, Skipped
from streams.sources.measuring import Watch
from streams.topics import real_name

OPEN_AN_ACCOUNT = SEEN_EVENTS // 2
"""The other half is left for inputs of the account from elsewhere."""
REJECTED = "rejected"
"""Beginning of what is counted of a message that cannot be used."""
OPEN = 5_000
"""Messages between two positions, at most."""
TOLD_EVERY_S = 60.0
TOO_LARGE = Rejected("too large", "a change of more bytes than ZHENGMING_MAX_BATCH_BYTES allows")

log = structlog.get_logger(__name__)


class Feed:
    """Publishes the items of one source. ``keep`` keeps its position; it is called after 2."""

    def __init__(self, settings: Settings, keep: Callable[[], None]) -> None:
        require(settings, Part.SOURCE)
        self._keep = keep
        self._encode = open_codec(settings).encode
        self._publisher = Publisher(settings)
        self._largest = settings.max_batch_bytes
        self._topic = real_name(settings, "account.changes")
        self._accounts: Counter[str] = Counter()
        self._messages = 0
        self._told = time.monotonic()
        self.counts: Counter[str] = Counter()
        self.watch = Watch()

    def take(self, items: Sequence[Item], at_ms: int | None = None, **place: Any) -> bool:
        """Queue the changes of one message; tells whether it is time to `settle`.

        ``at_ms`` is the time of the message, by default that of its changes. ``place`` says in the
        log where a rejected one stands. Call `settle` only once the position to keep is the one
        after this message. A change that no batch holds is rejected.
        """
        self._messages += 1
        self.watch.read(at_ms if at_ms is not None else _latest(items))
        for item in items:
            left_out = self._queue(item) if isinstance(item, AccountChange) else item
            if left_out is not None:
                self._leave_out(left_out, place)
        busy = (self._accounts[i.account_id] for i in items if isinstance(i, AccountChange))
        return self._messages >= OPEN or max(busy, default=0) >= OPEN_AN_ACCOUNT

    def _queue(self, change: AccountChange) -> Rejected | None:
        key, value = change.account_id.encode(), self._encode(change)
        if record_bytes(key, value) > self._largest:
            return TOO_LARGE
        self._publisher.send(self._topic, key, value)
        self._accounts[change.account_id] += 1
        self.counts["changes"] += 1
        return None

    def _leave_out(self, item: Skipped | Rejected, place: dict[str, Any]) -> None:
        told = REJECTED if isinstance(item, Rejected) else "skipped"
        self.counts[f"{told}: {item.reason}"] += 1
        self.watch.metrics.left_out(item)
        if isinstance(item, Rejected):
            log.warning("rejected", reason=item.reason, detail=item.detail, **place)

    def settle(self) -> None:
        """Wait until Kafka has everything, then keep the position. Raises `BrokerUnreachable`."""
        if not self._messages:
            self.watch.turned()
            return
        self._publisher.finish()
        self._keep()
        self.watch.turned()
        self.watch.metrics.messages.inc(self._messages)
        self.watch.metrics.changes.inc(self._accounts.total())
        self._messages = 0
        self._accounts.clear()
        if time.monotonic() - self._told >= TOLD_EVERY_S:
            self._told = time.monotonic()
            log.info("fed", **dict(self.counts))


def _latest(items: Sequence[Item]) -> int | None:
    return max((i.occurred_at for i in items if isinstance(i, AccountChange)), default=None)
