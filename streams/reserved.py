"""What a partition keeps in its changelog beside the states: keys that begin with a zero byte.

And the header by which a record tells that a restore wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from streams.store import Store

POSITIONS = b"\0positions"
"""Changelog key of the next input offset per topic; account keys never begin with a zero byte."""

CONTROL = b"\0control"
"""Changelog key of what the partition is processed under, and from which positions on."""

RESTORED = b"\0restored"
"""Changelog key of what a partition was restored from, and whether that has come to its end."""

RESERVED = b"\0"
"""What the changelog keys begin with that are no account's."""

RESTORED_HEADER = "zhengming-restored"
"""Header of a record that a restore wrote: ``partition:offset`` where it was before.

One for each restore that it has come through, the last one last.
"""

encode_positions = msgspec.json.Encoder(order="sorted").encode
_decode_positions = msgspec.json.Decoder(dict[str, int]).decode


class Controlled(msgspec.Struct, frozen=True):
    """Value of `CONTROL`: how far the control topics were read, from which positions on."""

    revision: Mapping[str, int] = {}
    since: Mapping[str, int] = {}


class Restored(msgspec.Struct, frozen=True):
    """Value of `RESTORED`: id of the backup; how far each file was read; whether it is proved."""

    backup: str
    done: bool = False
    progress: Mapping[str, int] = {}


encode_controlled = msgspec.json.Encoder(order="sorted").encode
decode_controlled = msgspec.json.Decoder(Controlled).decode
encode_restored = msgspec.json.Encoder(order="sorted").encode
decode_restored = msgspec.json.Decoder(Restored).decode


def controlled_of(store: Store) -> Controlled:
    """What the partition of a restored state was last processed under."""
    raw = store.get(CONTROL)
    return decode_controlled(raw) if raw is not None else Controlled()


def decode_positions(value: bytes) -> dict[str, int]:
    """The next input offset per topic, as kept under `POSITIONS` in the changelog."""
    return _decode_positions(value)
