"""What of a partition is not delivered yet: in order for each account, and how far is done."""

from __future__ import annotations

from collections import deque

from schemas.records import Disposal


class Backlog:
    """The undelivered disposals of one partition.

    Of an account one is under way at a time, in the order of the topic: a lift must not overtake
    its begin. Of different accounts any may be done first; `position` is the first offset that is
    not, so what is committed never lies behind a disposal that still waits.
    """

    def __init__(self, position: int) -> None:
        self._next = position
        self._waiting: dict[str, deque[tuple[int, Disposal]]] = {}
        self._open: dict[int, int] = {}

    def __len__(self) -> int:
        """Disposals that are not delivered."""
        return len(self._open)

    def add(self, offset: int, disposal: Disposal, at: int = 0) -> bool:
        """Add a disposal that came at a time (ms); whether its account has none under way."""
        self._next = offset + 1
        self._open[offset] = at
        queue = self._waiting.setdefault(disposal.account_id, deque())
        queue.append((offset, disposal))
        return len(queue) == 1

    def first(self, account_id: str) -> tuple[int, Disposal] | None:
        """The disposal of an account that is to be delivered now."""
        queue = self._waiting.get(account_id)
        return queue[0] if queue else None

    def done(self, account_id: str) -> bool:
        """The first of an account is delivered; whether it has another one."""
        queue = self._waiting[account_id]
        offset, _ = queue.popleft()
        del self._open[offset]
        if not queue:
            del self._waiting[account_id]
        return bool(queue)

    @property
    def position(self) -> int:
        """The first offset that is not delivered, or the next one to come."""
        return next(iter(self._open), self._next)  # they came in their order

    @property
    def oldest(self) -> int | None:
        """When the first that is not delivered came, in ms; None when all are."""
        return next(iter(self._open.values()), None)
