"""Who processes the inputs, how far they are, and by what they decide."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from confluent_kafka import KafkaException, TopicPartition

from processors.control import guarded
from processors.policy import Pack, Policy
from processors.policy.model import Guard
from schemas.errors import DecodeError, RegistryUnavailable
from schemas.records import DirectiveKind, PlatformDirective, Verdict
from streams.clients import (
    create_admin,
    create_consumer,
    end_offsets,
    first_offsets,
    group_members,
    group_offsets,
)
from streams.codecs import open_codec
from streams.control_topics import read_in_force, read_published
from streams.doctor.finding import Finding, found
from streams.doctor.surroundings import policy_of
from streams.doctor.tail import last_records
from streams.errors import RESTORE_A_BACKUP, WorkerError
from streams.journal import InForce, directives
from streams.settings import Settings
from streams.topics import (
    changelog_topic,
    consumed_topics,
    input_topics,
    is_mock,
    real_name,
    topic_of,
)

ANSWER_S = 5.0
LATE_S = 60
"""A record that waits longer than this waits too long."""
LOOKED_AT = 8
"""Partitions whose oldest waiting record is looked at: those with the largest lag."""
SETTLED_MS = 60_000
"""So long after it was put in force every worker decides by a pack."""
RECENT_MS = 7 * 86_400_000


# -- the group ------------------------------------------------------------------------------------


def group(settings: Settings) -> Iterator[Finding]:
    """Workers are there, and no input waits long."""
    admin: Any = create_admin(settings)
    if is_mock(admin):
        return
    try:
        members = group_members(admin, settings.app_id)
        waiting = lag(admin, settings)
    except (KafkaException, WorkerError):
        return  # told by the checks on Kafka and on rights
    total = sum(waiting.values())
    if not members:
        cure = "start `zhengming worker`"
        seen = f"no worker runs; {total} records wait" if total else "no worker runs"
        yield Finding("workers", not total, seen, cure, f"group {settings.app_id}")
    else:
        yield Finding("workers", True, f"{members} in the group {settings.app_id}")
    yield from _late(settings, waiting, total)


def lag(admin: Any, settings: Settings) -> dict[tuple[str, int], int]:
    """Inputs that no worker has taken yet, where there are any.

    By the positions that workers publish each second. Raises ``KafkaException``, `WorkerError`.
    """
    names = [real_name(settings, topic.name) for topic in input_topics()]
    ends = end_offsets(admin, names)
    at = group_offsets(settings, settings.app_id, ends, ANSWER_S)
    behind = {tp: end - max(0, at.get(tp, 0)) for tp, end in ends.items()}
    return {tp: count for tp, count in behind.items() if count > 0}


def _late(settings: Settings, waiting: dict[tuple[str, int], int], total: int) -> Iterator[Finding]:
    """Lag is judged by how long the oldest record has waited: numbers say little."""
    most = sorted(waiting, key=lambda tp: -waiting[tp])[:LOOKED_AT]
    ends = end_offsets(create_admin(settings), sorted({topic for topic, _ in most})) if most else {}
    oldest, where = 0.0, ""
    for tp in most:
        at = _time_at(settings, tp, ends[tp] - waiting[tp])
        if at and (age := time.time() - at / 1e3) > oldest:
            oldest, where = age, f"{tp[0]}[{tp[1]}]"
    seen = f"{total} records wait" + (f", the oldest for {oldest:.0f} s" if oldest else "")
    if oldest > LATE_S:
        cure = (
            "look at `/health` and the logs of the workers; where all are busy, start more, up to "
            "the number of partitions (docs/capacity.md)"
        )
        yield Finding("lag", False, seen, cure, where)
    else:
        yield Finding("lag", True, seen if total else "none")


def _time_at(settings: Settings, tp: tuple[str, int], offset: int) -> int:
    """The timestamp of the first committed record from an offset on; 0 where none comes."""
    consumer: Any = create_consumer(settings)
    try:
        consumer.assign([TopicPartition(*tp, offset)])
        message = consumer.poll(ANSWER_S)
        return 0 if message is None or message.error() else int(message.timestamp()[1])
    finally:
        consumer.close()


# -- what workers restore from --------------------------------------------------------------------


def changelog(settings: Settings) -> Iterator[Finding]:
    """The changelog has all states of what was processed: no worker opens a partition without."""
    admin: Any = create_admin(settings)
    if is_mock(admin):
        return
    name = changelog_topic(settings)
    sources = [real_name(settings, topic.name) for topic in consumed_topics()]
    try:
        begins = first_offsets(admin, [name, *sources])
        ends = end_offsets(admin, [name])
        asked = [tp for tp in begins if tp[0] != name]
        read = group_offsets(settings, settings.app_id, asked, ANSWER_S)
    except (KafkaException, WorkerError):
        return  # told by the checks on Kafka and on rights
    processed = {tp[1] for tp, offset in read.items() if offset > begins[tp]}
    faults = []
    for (_, partition), end in sorted(ends.items()):
        begin = begins[name, partition]
        if begin:
            faults.append(f"{name}[{partition}] begins at {begin}: states before were deleted")
        elif end == 0 and partition in processed:
            faults.append(f"{name}[{partition}] is empty, but its inputs were processed")
    yield found("changelog", faults, "whole", f"keep the workers stopped; {RESTORE_A_BACKUP}", name)


# -- what decides ---------------------------------------------------------------------------------


def in_force(settings: Settings) -> Iterator[Finding]:
    """What the control topics put in force, and whether workers decide by it."""
    try:
        configured = policy_of(settings)
        known = read_in_force(settings, configured)
    except WorkerError:
        return  # told by the checks on Kafka and on the configured pack
    by = {pack.pack_hash: f"put in force by {pack.published_by}" for pack in known.packs}
    parts = _parts(known.policy)
    seen, cure = (
        "; ".join(
            f"{pack.id} {pack.version}, {pack.hash[:12]}, {by.get(pack.hash, 'as configured')}"
            for pack in parts
        ),
        "",
    )
    if known.problems:
        seen = f"{seen}; cannot be used: {'; '.join(known.problems)}"
        cure = (
            "put a sound pack in force, or retire the broken one: `zhengming policy`; lift the "
            "directive and issue it again: `zhengming directive`"
        )
    yield Finding("in force", not known.problems, seen, cure)
    yield from _beside_configured(configured, parts)
    yield from _ended(settings)
    yield _decided(settings, known)


def _parts(policy: Policy) -> tuple[Pack, ...]:
    return policy.pack.parts or (policy.pack,)


def _beside_configured(configured: Policy, parts: tuple[Pack, ...]) -> Iterator[Finding]:
    """A configured pack that is another one than decides: perhaps it was to be put in force."""
    deciding = {pack.id: pack for pack in parts}
    for pack in _parts(configured):
        other = deciding.get(pack.id)
        if other is not None and other.hash != pack.hash:
            seen = (
                f"configured is {pack.id} {pack.version} ({pack.hash[:12]}), but "
                f"{other.version} ({other.hash[:12]}) was put in force and decides"
            )
            cure = (
                "`zhengming policy activate` the configured one, or `policy retire` the other, or "
                "set ZHENGMING_PACK to what decides"
            )
            yield Finding("stale pack", True, seen, cure, pack.id)


def _ended(settings: Settings) -> Iterator[Finding]:
    """Overlays that ended lately: what they ordered is no longer so."""
    now = time.time_ns() // 1_000_000
    ended = [
        known.directive_id
        for known in directives(read_published(settings)).values()
        if _is_overlay(known) and 0 <= now - (known.ends_at or 0) < RECENT_MS
    ]
    if ended:
        cure = "where they are still needed, `zhengming directive overlay` again"
        yield Finding("overlays", True, f"ended within 7 days: {', '.join(ended)}", cure)


def _is_overlay(directive: PlatformDirective) -> bool:
    return directive.kind is DirectiveKind.OVERLAY and directive.starts_at < (
        directive.ends_at or 0
    )


def _decided(settings: Settings, known: InForce) -> Finding:
    """The last verdicts carry the hash of what was in force, not of what was so before."""
    topic = real_name(settings, topic_of(Verdict).name)
    changed = max((pack.published_at for pack in known.packs), default=0)
    codec = open_codec(settings)
    stale = []
    for message in last_records(settings, [topic], 1):
        at = int(message.timestamp()[1])
        if at < changed + SETTLED_MS:
            continue
        try:
            verdict = codec.decode(Verdict, bytes(message.value() or b""))
        except (DecodeError, RegistryUnavailable):
            continue  # told by the check of the last records
        if verdict.pack_hash not in _hashes(known.control.at(verdict.decided_at).policy):
            stale.append(
                f"partition {message.partition()}: {verdict.pack_id} {verdict.pack_version} "
                f"({verdict.pack_hash[:12]})"
            )
    return found(
        "decides by",
        [f"not by what is in force: {one}" for one in stale],
        "the last verdicts are under what is in force",
        "a worker does not follow the control topics, or has another ZHENGMING_PACK: compare the "
        "settings of all workers, and start again those whose `zhengming_policy_in_force` differs",
        topic,
    )


def _hashes(policy: Policy) -> set[str]:
    """Hashes that records under a policy may carry, the guard over review on or off."""
    guards = [policy, *(guarded(policy, guard) for guard in (Guard.ON, Guard.BEGINS))]
    return {hash_ for one in guards for hash_ in (one.hash, *one.hashes)}
