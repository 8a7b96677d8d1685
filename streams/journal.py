"""Folds the control topics into what is in force.

What is in force after any number of their records is a function of those records alone, so every
worker that has read as far decides alike, and a replay can tell what decided then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from processors.control import Control
from processors.policy import PackError, Policy, load_pack
from schemas.codec import Codec
from schemas.errors import DecodeError
from schemas.records import PackMode, PolicyPack
from streams.codecs import open_codec
from streams.errors import ConfigurationError
from streams.packs import unarchive
from streams.settings import Settings
from streams.topics import control_topics, real_name

Revision = Mapping[str, int]
"""How far the control topics were read: the next offset by logical name. Empty: not at all."""


class Published(NamedTuple):
    """A record of a control topic. ``record`` is None, and ``problem`` why, where it has none."""

    topic: str
    offset: int
    record: Any
    problem: str = ""


class InForce(NamedTuple):
    """What is in force, and of what it was made.

    ``policy`` is that of the pack, before directives. ``pack`` is the record that put the pack in
    force, None for the configured pack. ``problems`` names what was published since and cannot be
    used.
    """

    control: Control
    policy: Policy
    revision: Revision
    pack: PolicyPack | None
    problems: tuple[str, ...]


class Journal:
    """The records of the control topics, as far as they were taken up.

    ``default`` decides while no sound pack was put in force; None where only `records` are asked.
    """

    def __init__(
        self, settings: Settings, default: Policy | None, codec: Codec | None = None
    ) -> None:
        self._default = default
        self._codec = codec or open_codec(settings)
        self._topics = {real_name(settings, topic.name): topic for topic in control_topics()}
        self._records: list[Published] = []
        self._compiled: dict[int, Policy | str] = {}

    @property
    def records(self) -> list[Published]:
        """What was taken up."""
        return self._records

    @property
    def topics(self) -> list[str]:
        """Real names of the topics."""
        return list(self._topics)

    def take(self, topic: str, offset: int, value: bytes | None) -> None:
        """Take up a record; those of a topic in order."""
        known = self._topics[topic]
        try:
            record, problem = self._codec.decode(known.record, value or b""), ""
        except DecodeError as error:
            record, problem = None, error.detail
        self._records = [*self._records, Published(known.name, offset, record, problem)]

    def in_force(self) -> InForce:
        """What is in force. Compiles packs, so not for an event loop; safe in one other thread."""
        records = self._records
        revision = {topic.name: 0 for topic in self._topics.values()}
        for item in records:
            revision[item.topic] = item.offset + 1
        policy, pack, problems = self._newest(records)
        if policy is None:
            raise ValueError("nothing decides: there is no default")
        return InForce(Control.of(policy), policy, revision, pack, tuple(reversed(problems)))

    def policies(self) -> list[Policy]:
        """Every policy that was ever in force for any reader, the configured one too."""
        sound = [self._policy(item) for item in self._records]
        return [policy for policy in (self._default, *sound) if isinstance(policy, Policy)]

    def _newest(
        self, records: list[Published]
    ) -> tuple[Policy | None, PolicyPack | None, list[str]]:
        """The newest pack that is sound and not retired, and the problems of those after it."""
        retired: set[str] = set()
        problems: list[str] = []
        for item in reversed(records):
            pack = item.record
            if isinstance(pack, PolicyPack) and pack.mode is PackMode.RETIRED:
                retired.add(pack.pack_id)
            elif isinstance(pack, PolicyPack) and pack.pack_id in retired:
                continue
            else:
                policy = self._policy(item)
                if isinstance(policy, Policy):
                    return policy, pack, problems
                problems.append(f"{item.topic} at {item.offset}: {policy}")
        return self._default, None, problems

    def _policy(self, item: Published) -> Policy | str:
        """The policy of a published pack, or what is wrong with it."""
        if item.offset not in self._compiled:
            self._compiled[item.offset] = _compile(item)
        return self._compiled[item.offset]


def _compile(item: Published) -> Policy | str:
    if item.problem:
        return item.problem
    record: PolicyPack = item.record
    what = f"pack {record.pack_id} {record.pack_version}"
    if record.mode is not PackMode.ENFORCE:
        return f"{what}: mode {record.mode} puts nothing in force"
    try:
        pack = load_pack(unarchive(record.content))
    except (ConfigurationError, PackError) as error:
        return f"{what}: {error}"
    except Exception as error:  # whatever a pack does, the one in force stays in force
        return f"{what}: {error!r}"
    if (pack.id, pack.version, pack.hash) != (
        record.pack_id,
        record.pack_version,
        record.pack_hash,
    ):
        return f"{what}: its files are those of {pack.id} {pack.version} {pack.hash[:12]}"
    return Policy(pack)
