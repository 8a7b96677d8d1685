"""Folds the control topics into what is in force.

What is in force after any number of their records is a function of those records alone, so every
worker that has read as far decides alike, and a replay can tell what decided then.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from processors.control import ALWAYS, Control, Timed, guarded
from processors.masking import mask
from processors.policy import Pack, PackError, Policy, compose, in_shadow, load_pack
from processors.policy.model import Guard, Pause
from processors.sweeps import Sweep
from schemas.codec import Codec
from schemas.errors import DecodeError
from schemas.records import ChangeKind, DirectiveKind, PackMode, PlatformDirective, PolicyPack
from streams.codecs import open_codec
from streams.errors import ConfigurationError
from streams.packs import unarchive
from streams.settings import Settings
from streams.topics import control_topics, real_name, topic_of

Revision = Mapping[str, int]
"""How far the control topics were read: the next offset by logical name. Empty: not at all."""


HELD_KINDS = (ChangeKind.REGISTRATION, ChangeKind.EDIT, ChangeKind.OWNER_CHANGE)
"""Kinds of change that a pause holds where it names none. A cancellation is never held."""


_NO_PAUSES = (DirectiveKind.OVERLAY, DirectiveKind.SWEEP)


class Published(NamedTuple):
    """A record of a control topic. ``record`` is None, and ``problem`` why, where it has none.

    ``key`` is the id of what it is about, also where nothing else can be read.
    """

    topic: str
    offset: int
    record: Any
    problem: str = ""
    key: bytes = b""


class Fault(NamedTuple):
    """What was published and cannot be used, and until when (ms) it was to hold."""

    said: str
    until: int = ALWAYS[1]


class InForce(NamedTuple):
    """What is in force, and of what it was made.

    ``policy`` is that of the packs, before directives. ``packs`` are the records that put packs in
    force; the others are the configured ones. ``faults`` names what was published since and
    cannot be used. ``sweeps`` are those ordered, and those that packs in force ask for.
    """

    control: Control
    policy: Policy
    revision: Revision
    packs: tuple[PolicyPack, ...]
    faults: tuple[Fault, ...]
    sweeps: tuple[Sweep, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What of the faults is one now: a directive that is over, or was lifted, asks nothing."""
        now = time.time_ns() // 1_000_000
        return tuple(fault.said for fault in self.faults if fault.until > now)


class Journal:
    """The records of the control topics, as far as they were taken up.

    ``default`` is the policy of the configured packs; None where only `records` are asked. A pack
    that was put in force takes the place of the configured one of its id, or stands beside them.
    """

    def __init__(
        self, settings: Settings, default: Policy | None, codec: Codec | None = None
    ) -> None:
        self._default = default
        self._codec = codec or open_codec(settings)
        self._topics = {real_name(settings, topic.name): topic for topic in control_topics()}
        self._records: list[Published] = []
        self._sound: dict[int, Pack] = {}
        self._faults: dict[int, str] = {}
        self._overlays: dict[bytes, Pack] = {}
        self._policies: dict[tuple[str, ...], Policy] = {}

    @property
    def records(self) -> list[Published]:
        """What was taken up."""
        return self._records

    @property
    def topics(self) -> list[str]:
        """Real names of the topics."""
        return list(self._topics)

    def take(self, topic: str, offset: int, value: bytes | None, key: bytes | None = None) -> None:
        """Take up a record; those of a topic in order."""
        known = self._topics[topic]
        try:
            record, problem = self._codec.decode(known.record, value or b""), ""
        except DecodeError as error:
            record, problem = None, error.detail
        self._records = [*self._records, Published(known.name, offset, record, problem, key or b"")]

    def in_force(self) -> InForce:
        """What is in force. Compiles packs, so not for an event loop; safe in one other thread."""
        records = self._records
        revision = {topic.name: 0 for topic in self._topics.values()}
        for item in records:
            revision[item.topic] = item.offset + 1
        policy, packs, problems = self._newest(_of(records, PolicyPack))
        orders, faults = self._ordered(records, policy)
        control = Control.under(policy, orders)
        sweeps = (*_ordered_sweeps(records), *_sweeps_after(packs, policy))
        return InForce(control, policy, revision, packs, (*map(Fault, problems), *faults), sweeps)

    def policies(self) -> list[Policy]:
        """Every policy that was ever in force for any reader, the configured one too."""
        records = self._records
        packs = _of(records, PolicyPack)
        bases = dict.fromkeys(self._newest(packs[:end])[0] for end in range(len(packs) + 1))
        found = [
            span.policy
            for base in bases
            for orders in self._ever_ordered(records, base)
            for span in Control.under(base, orders).spans
        ]
        return found + [
            guarded(policy, guard)
            for policy in found
            if policy.pack.review.limited
            for guard in (Guard.ON, Guard.BEGINS)
        ]

    def _ever_ordered(self, records: list[Published], base: Policy) -> list[list[Timed]]:
        """What was ordered after each of the directives."""
        issued = _of(records, PlatformDirective)
        found = (self._ordered(issued[:end], base)[0] for end in range(len(issued) + 1))
        different = {
            tuple((t.since, t.until, t.pause, t.pack and t.pack.hash) for t in orders): orders
            for orders in found
        }
        return list(different.values())

    def _ordered(self, records: list[Published], policy: Policy) -> tuple[list[Timed], list[Fault]]:
        """The pauses and overlays that were ordered, and what cannot be used of the directives."""
        issued = directives(records).values()
        orders, faults = pauses_of(d for d in issued if d.kind not in _NO_PAUSES)
        faults[:0] = _unreadable(_of(records, PlatformDirective))
        packs = list(policy.pack.parts or (policy.pack,))
        for directive in issued:
            if directive.kind is not DirectiveKind.OVERLAY:
                continue
            overlay = self._overlay(directive, packs)
            if isinstance(overlay, str):
                faults.append(_fault_of(directive, overlay))
            elif directive.starts_at < (ends := directive.ends_at or 0):
                packs.append(overlay)
                orders.append(Timed(directive.starts_at, ends, pack=overlay))
        return orders, faults

    def _overlay(self, directive: PlatformDirective, packs: list[Pack]) -> Pack | str:
        """The pack of an overlay, or why it cannot decide beside these."""
        content = directive.content or b""
        try:
            if content not in self._overlays:
                self._overlays[content] = load_pack(unarchive(content))
            overlay = self._overlays[content]
            compose([*packs, overlay])
        except (ConfigurationError, PackError) as error:
            return str(error)
        except Exception as error:  # whatever a pack does, the one in force stays in force
            return repr(error)
        return overlay if directive.ends_at is not None else "it has no end"

    def _newest(
        self, records: list[Published]
    ) -> tuple[Policy, tuple[PolicyPack, ...], tuple[str, ...]]:
        """The policy of the newest sound packs, their records, and what cannot be used since.

        A pack that does not go with the others is left out, and the one of its id before it counts.
        """
        unfit: dict[int, str] = {}
        while True:
            chosen, problems = self._choose(records, unfit)
            try:
                policy = self._composed([self._sound[item.offset] for item in chosen])
            except PackError as error:
                unfit[max(item.offset for item in chosen)] = str(error)
                continue
            return policy, tuple(item.record for item in chosen), tuple(problems)

    def _choose(
        self, records: list[Published], unfit: Mapping[int, str]
    ) -> tuple[list[Published], list[str]]:
        """The newest usable record of every pack that is not retired, oldest first; the faults."""
        chosen: dict[str, Published] = {}
        over: set[str] = set()
        problems: list[str] = []
        for item in reversed(records):
            pack: PolicyPack | None = item.record
            if pack is not None and pack.mode is PackMode.RETIRED:
                over.add(pack.pack_id)
            elif pack is None or pack.pack_id not in over:
                fault = unfit.get(item.offset) or self._fault(item)
                if pack is not None and not fault:
                    chosen[pack.pack_id] = item
                    over.add(pack.pack_id)
                elif pack is not None or not over:  # nothing sound came after what is no record
                    problems.append(f"{item.topic} at {item.offset}: {fault}")
        return list(reversed(chosen.values())), problems[::-1]

    def _composed(self, published: list[Pack]) -> Policy:
        """The configured packs, each replaced by the published one of its id, and the others."""
        if self._default is None:
            raise ValueError("nothing decides: there is no default")
        configured = self._default.pack.parts or (self._default.pack,)
        by_id = {pack.id: pack for pack in (*configured, *published)}
        hashes = tuple(pack.hash for pack in by_id.values())
        if not published:
            return self._default
        if hashes not in self._policies:
            self._policies[hashes] = Policy(compose(list(by_id.values())))
        return self._policies[hashes]

    def _fault(self, item: Published) -> str:
        """What is wrong with a published pack, empty where it is sound."""
        if item.offset not in self._faults:
            found = _load(item)
            self._faults[item.offset] = found if isinstance(found, str) else ""
            if isinstance(found, Pack):
                self._sound[item.offset] = found
        return self._faults[item.offset]


def _of(records: list[Published], record_type: type[Any]) -> list[Published]:
    """The records of one topic, also those that could not be read."""
    name = topic_of(record_type).name
    return [item for item in records if item.topic == name]


def directives(records: Iterable[Published]) -> dict[str, PlatformDirective]:
    """The newest record of every directive that can be used, by its id."""
    found = [item.record for item in records if isinstance(item.record, PlatformDirective)]
    return {directive.directive_id: directive for directive in found}


def pauses_of(directives: Iterable[PlatformDirective]) -> tuple[list[Timed], list[Fault]]:
    """The pauses among directives, and what cannot be used of these."""
    pauses, faults = [], []
    for directive in directives:
        ends_at = directive.ends_at
        if directive.kind is not DirectiveKind.PAUSE:
            faults.append(_fault_of(directive, f"nothing acts on {directive.kind}"))
        elif ends_at is None:
            faults.append(_fault_of(directive, "it has no end"))
        elif directive.starts_at < ends_at:  # else it was lifted before it began
            pauses.append(_pause(directive, ends_at))
    return pauses, faults


def _fault_of(directive: PlatformDirective, why: str) -> Fault:
    said = f"directive {directive.directive_id}: {why}"
    return Fault(said) if directive.ends_at is None else Fault(said, directive.ends_at)


def _unreadable(records: Iterable[Published]) -> Iterator[Fault]:
    """Records that are no directive, until one that can be read has their id."""
    waiting: dict[bytes, list[Published]] = {}
    for item in records:
        if item.problem:
            waiting.setdefault(item.key, []).append(item)
        else:
            waiting.pop(item.key, None)
    for key, items in waiting.items():
        name = key.decode("utf-8", "replace")
        for item in items:
            yield Fault(f"{item.topic} at {item.offset} (id {name!r}): {item.problem}")


def packs_read(records: list[Published]) -> int:
    """How many packs were published.

    Not their offsets: a restore closes the gaps between these.
    """
    return len(_of(records, PolicyPack))


def _ordered_sweeps(records: list[Published]) -> Iterator[Sweep]:
    """The sweeps that were ordered, each once the packs are read that it is to be under."""
    read = packs_read(records)
    for directive in directives(records).values():
        begins, ends = directive.starts_at, directive.ends_at or 0
        if directive.kind is DirectiveKind.SWEEP and begins < ends and directive.packs_read <= read:
            yield Sweep(
                id=directive.directive_id,
                since=begins,
                subjects=tuple(directive.subjects),
                regions=tuple(directive.regions),
                accounts=tuple(directive.accounts),
                until=ends,
            )


def _sweeps_after(packs: Iterable[PolicyPack], policy: Policy) -> Iterator[Sweep]:
    """The sweeps that packs ask for once they were put in force; one in shadow changes nothing."""
    asking = {p.id for p in policy.pack.parts or (policy.pack,) if p.sweep.after_activation}
    for record in packs:
        if record.pack_id in asking and record.mode is PackMode.ENFORCE:
            name = f"{record.pack_id}-{record.pack_version}-{record.published_at}"
            yield Sweep(id=name, since=record.published_at)


def _pause(directive: PlatformDirective, ends_at: int) -> Timed:
    pause = Pause(
        id=directive.directive_id,
        reason=mask(directive.reason),
        until=ends_at,
        kinds=tuple(directive.change_kinds) or HELD_KINDS,
        fields=tuple(directive.fields),
        subjects=tuple(directive.subjects),
        regions=tuple(directive.regions),
        accounts=tuple(directive.accounts),
    )
    return Timed(directive.starts_at, ends_at, pause)


def _load(item: Published) -> Pack | str:
    """The pack of a record, or what is wrong with it."""
    if item.problem:
        return item.problem
    record: PolicyPack = item.record
    what = f"pack {record.pack_id} {record.pack_version}"
    if record.mode not in (PackMode.ENFORCE, PackMode.SHADOW):
        return f"{what}: mode {record.mode} puts nothing in force"
    try:
        pack = load_pack(unarchive(record.content))
    except (ConfigurationError, PackError) as error:
        return f"{what}: {error}"
    except Exception as error:  # whatever a pack does, the one in force stays in force
        return f"{what}: {error!r}"
    if record.mode is PackMode.SHADOW:
        pack = in_shadow(pack)
    if (pack.id, pack.version, pack.hash) != (
        record.pack_id,
        record.pack_version,
        record.pack_hash,
    ):
        return f"{what}: its files are those of {pack.id} {pack.version} {pack.hash[:12]}"
    return pack
