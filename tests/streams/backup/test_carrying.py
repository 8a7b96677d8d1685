"""What came to the old topics late is carried over once, whoever else carries, and in order."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from schemas.records import PlatformDirective, PolicyPack
from streams import control_topics, directives, journal
from streams.backup import carrying
from streams.backup.carrying import CARRIED, carry, left_behind
from streams.backup.files import Manifest
from streams.clients import create_producer, read_all
from streams.publishing import TransactionalPublisher
from streams.settings import Settings
from streams.topics import create_topics, real_name
from tests.conftest import SettingsFactory
from tests.streams.test_policy_broker import BESIDE, stricter

CHANGES = "account.changes"
INPUTS = 50
HOUR_MS = 3_600_000


def nothing_kept(source: Settings) -> Manifest:
    """A backup that was made before anything came."""
    nothing = {topic.name: [0] * (topic.partitions or source.partitions) for topic in CARRIED}
    return Manifest(
        version=1,
        id="",
        app_id=source.app_id,
        topic_prefix=source.topic_prefix,
        partitions=source.partitions,
        created_at=time.time_ns() // 1_000_000,
        accounts=0,
        positions=nothing,
        ends=nothing,
        files=(),
    )


def test_of_two_who_carry_over_at_once_none_sends_what_the_other_has_sent(
    settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = settings(partitions=2), settings(partitions=3)
    manifest, others = nothing_kept(source), list[int]()
    create_topics(source)
    create_topics(target)
    producer: Any = create_producer(source)
    for number in range(INPUTS):
        producer.produce(real_name(source, CHANGES), key=f"a{number}", value=b"{}")
    assert producer.flush(30) == 0

    def overtaken(*given: Any) -> TransactionalPublisher:
        """Another one carries everything over before this one has a publisher."""
        monkeypatch.undo()
        others.append(carry(source, target, manifest))
        return TransactionalPublisher(*given)

    monkeypatch.setattr(carrying, "TransactionalPublisher", overtaken)
    assert carry(source, target, manifest) == 0
    assert others == [INPUTS]
    sent = Counter(message.key() for message in read_all(target, [real_name(target, CHANGES)]))
    assert sent == {f"a{number}".encode(): 1 for number in range(INPUTS)}
    assert left_behind(source, target, manifest) == {}


def published(of: Settings) -> tuple[list[str], dict[str, PlatformDirective]]:
    """The versions of the packs, in their order, and the directives."""
    records = control_topics.read_published(of)
    packs = [one.record for one in records if isinstance(one.record, PolicyPack)]
    return [pack.pack_version for pack in packs], journal.directives(records)


def test_packs_and_directives_of_meanwhile_are_carried_over_and_later_ones_there_stand(
    settings: SettingsFactory,
) -> None:
    source, target = settings(partitions=2), settings(partitions=3)
    manifest = nothing_kept(source)
    create_topics(source)
    create_topics(target)
    now = time.time_ns() // 1_000_000
    times: Any = {"begins": now, "ends": now + HOUR_MS, "reason": "late", "by": "ana"}

    def activate(version: str, of: Settings) -> None:
        control_topics.activate(of, stricter(version), by="ana", beside=BESIDE)

    activate("2", source)
    for name in ("one", "two"):
        control_topics.issue(source, directives.pause(**times, name=name))
    assert left_behind(source, target, manifest) == {
        "platform.policies": 1,
        "platform.directives": 2,
    }
    assert carry(source, target, manifest) == 3
    assert left_behind(source, target, manifest) == {}
    assert published(target) == published(source)
    assert carry(source, target, manifest) == 0

    activate("3", source)
    activate("4", source)
    control_topics.end(source, "one", "bob")
    control_topics.end(source, "two", "bob", now + 2 * HOUR_MS)
    read = journal.packs_read(control_topics.read_published(source))
    control_topics.issue(source, directives.sweep(**times, name="all", packs_read=read))
    activate("5", target)
    control_topics.end(target, "two", "eve")
    assert carry(source, target, manifest) == 2, "the end of one pause, and the sweep"
    assert left_behind(source, target, manifest) == {}
    versions, orders = published(target)
    assert versions == ["2", "5"]
    assert (orders["one"].end_set_by, orders["two"].end_set_by) == ("bob", "eve")
    sweeps = control_topics.read_in_force(target, BESIDE).sweeps
    assert "all" in [sweep.id for sweep in sweeps], "it waits for no pack that is not there"
