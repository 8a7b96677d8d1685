"""Changes that come while a registration waits for an answer: they wait with it, in their order.

Without it a change published right behind its registration would be refused, as of an account that
is not there yet. A turn is taken only once the change is applied.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from processors.accounts import across
from processors.accounts.state import Account, Parked
from processors.validation import Fault
from schemas.errors import DeadLetterReason
from schemas.records import AccountChange

MAX_PARKED = 256
"""Changes that an account keeps waiting; a further one is set aside."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AccountChange).decode


def park(
    account: Account,
    topic: str,
    partition: int,
    offset: int,
    timestamp: int,
    change: AccountChange,
    *,
    first: bool = False,
) -> Fault | None:
    """Let a change wait, with where it came from, or as the first; returns why it may not."""
    if len(account.parked) >= MAX_PARKED:
        detail = f"{MAX_PARKED} changes wait for the registration of the account already"
        return Fault(DeadLetterReason.ACCOUNT_BUSY, detail)
    parked = Parked(topic, partition, offset, timestamp, _encode(change))
    account.parked.insert(0 if first else len(account.parked), parked)
    return None


def unpark(account: Account) -> Iterator[tuple[Parked, AccountChange]]:
    """The changes that waited, the first first, while no registration waits for an answer."""
    while account.parked and not across.registering(account):
        parked = account.parked.pop(0)
        yield parked, _decode(parked.change)
