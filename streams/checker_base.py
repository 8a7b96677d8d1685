"""What a check begins with where an application was restored: the states of its backup.

Everything before them was checked, or can be, where the backup was made; that they are what the
restore wrote is shown by its proof. From there on nothing may be lost, doubled or different.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from processors.accounts import Account, decode
from processors.accounts.brakes import KEY as BRAKES
from processors.accounts.brakes import Counters, decode_counters
from processors.accounts.ids import mark, remember
from processors.engine import kind_of
from processors.keys import is_registry_key
from schemas.records import MeasureStep
from streams.backup.files import open_backup, read
from streams.backup.moving import Mover
from streams.codecs import open_codec
from streams.reserved import RESERVED
from streams.settings import Settings
from streams.topics import CHANGELOG, control_topics


class Base(NamedTuple):
    """States of accounts, of keys by partition, and the brakes' counters of each partition."""

    accounts: dict[bytes, bytes]
    keys: dict[tuple[int, bytes], bytes]
    brakes: dict[int, Counters]

    def account(self, account_id: str) -> Account:
        """An account as it was; a new one where there was none."""
        state = self.accounts.get(account_id.encode())
        return Account() if state is None else decode(state)

    def knew(self, record: Any) -> bool:
        """Whether an input's event had taken effect on its account already."""
        event = mark(kind_of(record), record.event_id)
        return remember(self.account(record.account_id).seen, event) is None

    def used(self, partition: int, step: MeasureStep, window: int) -> int:
        """Measures that had begun in a window of a quota."""
        counters = self.brakes.get(partition, Counters())
        return counters.quotas.get(step, {}).get(window, 0)


NOTHING = Base({}, {}, {})


def base_of(settings: Settings, directory: Path) -> Base:
    """The states of a backup, in the partitions of these settings.

    Raises `ConfigurationError` for a damaged backup.
    """
    manifest = open_backup(directory)
    codec = open_codec(settings)
    mover = Mover(settings, manifest.partitions, manifest.topic_prefix, codec)
    base = Base({}, {}, {})
    for topic in (CHANGELOG, *control_topics()):
        part = manifest.part(topic.name)
        for kept in read(directory, part) if part else ():
            for partition, placed in mover.place(topic, kept):
                if topic is CHANGELOG:
                    _take(base, partition, placed.key or b"", placed.value or b"")
    for partition, key, value in mover.rest():
        _take(base, partition, key, value)
    return base


def _take(base: Base, partition: int, key: bytes, value: bytes) -> None:
    if key == BRAKES:
        base.brakes[partition] = decode_counters(value)
    elif is_registry_key(key):
        base.keys[partition, key] = value
    elif not key.startswith(RESERVED):
        base.accounts[key] = value
