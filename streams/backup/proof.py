"""The proof of a restore: what was in the backup is what Kafka holds, no more and no less.

Of the changelog the last value of every key counts, of other topics each record that the restore
wrote. Both sides are compared as sets (`streams.backup.digest`), so that it does not matter in
which partition something lies; that each account lies in its own is looked at besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from schemas.codec import Codec
from streams.backup.digest import Digest, items_of
from streams.backup.files import Manifest
from streams.clients import read_all
from streams.codecs import open_codec
from streams.errors import ConfigurationError
from streams.partitioning import partition_of_key
from streams.reserved import POSITIONS, RESERVED, RESTORED, RESTORED_HEADER, decode_restored
from streams.settings import Settings
from streams.topics import CHANGELOG, changelog_topic, real_name, topic_named


class Compared(Struct, frozen=True):
    """A topic in the backup and in Kafka: number and digest of its items."""

    topic: str
    before: int
    after: int
    digest_before: str
    digest_after: str

    @property
    def same(self) -> bool:
        """Whether nothing is missing, changed or too many."""
        return (self.before, self.digest_before) == (self.after, self.digest_after)


class Held(Struct, frozen=True):
    """What a partition holds now: accounts, items of the changelog, and their digest."""

    partition: int
    accounts: int
    items: int
    digest: str


class KeptLonger(Struct, frozen=True):
    """A topic whose ``retention.ms`` a restore raised, so that what waits in it can be read."""

    topic: str
    before_ms: int
    after_ms: int


class Proof(Struct, frozen=True):
    """What was compared. ``problems`` is empty where all is as it was.

    ``gone_on`` are partitions in which a worker has gone on: states are not compared any more.
    ``kept_longer`` is what this restore raised.
    """

    backup: str
    accounts_before: int
    accounts_after: int
    topics: tuple[Compared, ...]
    partitions: tuple[Held, ...]
    gone_on: tuple[int, ...]
    problems: tuple[str, ...]
    kept_longer: tuple[KeptLonger, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was lost, doubled or changed."""
        return not self.problems

    def require_sound(self) -> None:
        """Raises `ConfigurationError` where it is not."""
        if self.problems:
            raise ConfigurationError(
                f"the restore is not what the backup is: {'; '.join(self.problems[:5])}. No worker "
                "will open it; delete the topics and restore anew"
            )


def prove_restored(settings: Settings, manifest: Manifest) -> Proof:
    """Compare Kafka with the manifest of a backup. Raises `BrokerUnreachable`."""
    codec = open_codec(settings)
    states = _states(settings)
    problems = [
        problem
        for partition, held in enumerate(states)
        for problem in _wrong(settings, manifest, partition, held)
    ]
    whole, partitions = Digest(), []
    for partition, held in enumerate(states):
        digest = Digest()
        for key, value in held.items():
            digest.add(items_of(CHANGELOG, key, value, 0, codec))
        whole.merge(digest)
        accounts = sum(not key.startswith(RESERVED) for key in held)
        partitions.append(Held(partition, accounts, digest.items, digest.hex))
    gone_on = tuple(p for p, held in enumerate(states) if POSITIONS in held)
    compared = []
    for part in manifest.files:
        if part.topic == CHANGELOG.name and gone_on:
            continue
        digest = whole if part.topic == CHANGELOG.name else _records(settings, part.topic, codec)
        compared.append(Compared(part.topic, part.items, digest.items, part.digest, digest.hex))
    problems += [
        f"{one.topic}: {one.before} items before, {one.after} now"
        + ("" if one.before != one.after else ", and not the same")
        for one in compared
        if not one.same
    ]
    now = sum(held.accounts for held in partitions)
    if now != manifest.accounts and not gone_on:
        problems.append(f"{manifest.accounts} accounts before, {now} now")
    return Proof(
        manifest.id,
        manifest.accounts,
        now,
        tuple(compared),
        tuple(partitions),
        gone_on,
        tuple(problems),
    )


def _states(settings: Settings) -> list[dict[bytes, bytes]]:
    """The last value of every key of the changelog, partition by partition."""
    states: list[dict[bytes, bytes]] = [{} for _ in range(settings.partitions)]
    for message in read_all(settings, [changelog_topic(settings)]):
        held, key = states[int(message.partition() or 0)], bytes(message.key() or b"")
        value: Any = message.value()
        if value is None:
            held.pop(key, None)
        else:
            held[key] = value
    return states


def _wrong(
    settings: Settings, manifest: Manifest, partition: int, held: dict[bytes, bytes]
) -> Iterator[str]:
    marker = held.get(RESTORED)
    if marker is None or decode_restored(marker).backup != manifest.id:
        yield f"partition {partition} was not restored from this backup"
    if settings.partitions == manifest.partitions:
        return  # everything lies where it lay
    astray = sum(
        not key.startswith(RESERVED) and partition_of_key(key, settings.partitions) != partition
        for key in held
    )
    if astray:
        yield f"partition {partition}: {astray} accounts belong elsewhere"


def _records(settings: Settings, topic_name: str, codec: Codec) -> Digest:
    """The items of what a restore wrote into a topic."""
    topic, digest = topic_named(topic_name), Digest()
    for message in read_all(settings, [real_name(settings, topic_name)]):
        if was_restored(message):
            digest.add(
                items_of(topic, message.key(), message.value(), message.timestamp()[1], codec)
            )
    return digest


def was_restored(message: Any) -> bool:
    """Whether a restore wrote a record, and not who usually writes there."""
    return any(name == RESTORED_HEADER for name, _ in message.headers() or ())
