"""Where each record belongs among another number of partitions; among the same, where it was.

Accounts go by the murmur2 of their id, keys of the registry by their own hash. A record between two
tasks is cut by where its parts go. What a partition keeps of its own (control, brakes, sweeps,
what waits for review, buckets of counts) is made anew of that of all partitions, after the states.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from processors import sweeps
from processors.accounts import backlog, brakes
from processors.accounts import decode as decode_account
from processors.keys import divide, is_bucket, is_registry_key, join, partition_of, single
from schemas.codec import Codec
from schemas.records import KeyClaim, KeyClaims, KeyFindings
from streams.backup.files import Kept
from streams.dead_letters import readdressed
from streams.errors import ConfigurationError
from streams.partitioning import partition_of_key
from streams.processing import MAX_CLAIMS
from streams.reserved import (
    CONTROL,
    POSITIONS,
    RESERVED,
    RESTORED,
    Controlled,
    decode_controlled,
    encode_controlled,
)
from streams.settings import Settings
from streams.topics import CHANGELOG, Direction, Topic, real_name, topic_named

_NOT_MOVED = (POSITIONS, RESTORED)


class Placed(NamedTuple):
    """A record and the partition it belongs to."""

    partition: int
    kept: Kept


class Mover:
    """Places the records of a backup of ``before`` partitions under some settings.

    All states and control records are given to `place`; then `rest` has what partitions keep of
    their own. ``prefix`` was put before the names of topics. In topics that were ``enlarged`` keys
    lay in partitions that are not their accounts'.
    """

    def __init__(
        self,
        settings: Settings,
        before: int,
        prefix: str,
        codec: Codec,
        enlarged: Collection[str] = (),
    ) -> None:
        self._settings = settings
        self._enlarged = frozenset(enlarged)
        self._before, self._after = before, settings.partitions
        self._prefix = prefix
        self._codec = codec
        self._own: dict[bytes, dict[int, bytes]] = defaultdict(dict)
        self._buckets: dict[tuple[int, bytes], bytes] = {}
        self._open: dict[int, backlog.Backlog] = defaultdict(backlog.Backlog)
        self._offsets: dict[str, list[int]] = defaultdict(list)

    @property
    def moves(self) -> bool:
        """Whether the number of partitions changes."""
        return self._before != self._after

    def place(self, topic: Topic, kept: Kept) -> Iterator[Placed]:
        """Where a record belongs, cut into parts where it has to be.

        Raises `ConfigurationError` for a state that lies where murmur2 does not put its key.
        """
        if topic is CHANGELOG:
            yield from self._state(kept)
        elif topic.direction is Direction.CONTROL:
            self._offsets[topic.name].append(kept.offset)
            yield Placed(0, kept)
        elif topic.record is KeyClaims and self.moves:
            yield from self._claims(kept)
        elif topic.record is KeyFindings and self.moves:
            yield from self._findings(kept)
        elif topic.record is bytes:
            yield self._letter(kept)
        else:
            yield Placed(self._by_key(kept, anew=topic.name in self._enlarged), kept)

    def rest(self) -> Iterator[tuple[int, bytes, bytes]]:
        """What partitions keep of their own: partition, key, value; and buckets of counts."""
        for (partition, key), value in self._buckets.items():
            yield partition, key, value
        for key, values in self._own.items():
            for partition in range(self._after):
                yield partition, key, self._gathered(key, partition, values)

    # -- states -----------------------------------------------------------------------------------

    def _state(self, kept: Kept) -> Iterator[Placed]:
        key, value = kept.key or b"", kept.value or b""
        if key in _NOT_MOVED:
            return
        if not self.moves and key != CONTROL:
            yield Placed(kept.partition, kept)
        elif is_registry_key(key):
            for partition, part in divide(key, value, self._after):
                if is_bucket(key):
                    place = partition, key
                    self._buckets[place] = join(self._buckets.get(place), part)
                else:
                    yield Placed(partition, kept)
        elif key.startswith(RESERVED):
            self._own[key][kept.partition] = value
        else:
            yield Placed(self._account(kept, key, value), kept)

    def _account(self, kept: Kept, key: bytes, value: bytes) -> int:
        expected = partition_of_key(key, self._before)
        if expected != kept.partition:
            raise ConfigurationError(
                f"account {key.decode('utf-8', 'replace')} lies in partition {kept.partition}, and "
                f"murmur2 puts its key in {expected}: a producer has used another partitioner, and "
                "after the move its records would not reach their account. `zhengming doctor` "
                "names the topics; nothing was changed"
            )
        partition = partition_of_key(key, self._after)
        counted = self._open[partition]
        again = backlog.count_again([decode_account(value)], over=False)
        for day, number in again.days.items():
            counted.days[day] = counted.days.get(day, 0) + number
        return partition

    def _gathered(self, key: bytes, partition: int, values: Mapping[int, bytes]) -> bytes:
        if key == CONTROL:
            return self._newest(values.values())
        if key == brakes.KEY:
            counters = [brakes.decode_counters(value) for value in values.values()]
            return brakes.encode_counters(brakes.gather(counters))
        if key == sweeps.KEY:
            # A partition without any progress has begun nothing.
            known = [sweeps.read(values.get(before)) for before in range(self._before)]
            return sweeps.write(sweeps.gather(known))
        if key == backlog.KEY:
            over = any(backlog.read(value).over for value in values.values())
            self._open[partition].over = over
            return backlog.write(self._open[partition])
        raise ConfigurationError(
            f"the changelog holds {key!r}, which this version does not know: use the version that "
            "wrote it"
        )

    def _newest(self, values: Iterable[bytes]) -> bytes:
        """The control that no partition is behind, in the offsets that its records have here."""
        revision: dict[str, int] = {}
        for value in values:
            for topic, offset in decode_controlled(value).revision.items():
                here = bisect_left(self._offsets[topic], offset)
                revision[topic] = max(here, revision.get(topic, 0))
        return encode_controlled(Controlled(revision))

    # -- records ----------------------------------------------------------------------------------

    def _by_key(self, kept: Kept, *, anew: bool = False) -> int:
        if not (self.moves or anew):
            return kept.partition
        if kept.key is None:
            return kept.partition % self._after  # no account's: it becomes a dead letter anywhere
        return partition_of_key(kept.key, self._after)

    def _claims(self, kept: Kept) -> Iterator[Placed]:
        """Claims by where their key belongs and where their account is, in their order."""
        groups: dict[tuple[int, int], list[KeyClaim]] = defaultdict(list)
        for claim in self._codec.decode(KeyClaims, kept.value or b"").claims:
            origin = partition_of_key(claim.account_id.encode(), self._after)
            groups[partition_of(claim.key, self._after), origin].append(claim)
        for (partition, origin), claims in groups.items():
            for start in range(0, len(claims), MAX_CLAIMS):
                together = tuple(claims[start : start + MAX_CLAIMS])
                value = self._codec.encode(KeyClaims(origin=origin, claims=together))
                yield Placed(partition, kept._replace(value=value))

    def _findings(self, kept: Kept) -> Iterator[Placed]:
        """Answers by where their account is."""
        groups: dict[int, list[KeyFindings]] = defaultdict(list)
        for answer, one in single(self._codec.decode(KeyFindings, kept.value or b"")):
            groups[partition_of_key(answer.account_id.encode(), self._after)].append(one)
        for partition, answers in groups.items():
            together = KeyFindings(
                findings=tuple(finding for one in answers for finding in one.findings),
                nothing=tuple(nothing for one in answers for nothing in one.nothing),
            )
            yield Placed(partition, kept._replace(value=self._codec.encode(together)))

    def _letter(self, kept: Kept) -> Placed:
        """A dead letter, with the origin that its record would have here."""
        partition = self._by_key(kept)

        def here(topic: str, origin: int) -> tuple[str, int]:
            name = topic.removeprefix(self._prefix)
            try:
                return real_name(self._settings, topic_named(name).name), (
                    partition if self.moves and origin >= 0 else origin
                )
            except KeyError:
                return topic, origin

        return Placed(partition, kept._replace(headers=readdressed(kept.headers, here)))
