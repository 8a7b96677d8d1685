"""What came to the old topics late is carried over once, whoever else carries."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from streams.backup import carrying
from streams.backup.carrying import carry, left_behind
from streams.backup.files import Manifest
from streams.clients import create_producer, read_all
from streams.publishing import TransactionalPublisher
from streams.settings import Settings
from streams.topics import create_topics, input_topics, real_name
from tests.conftest import SettingsFactory

CHANGES = "account.changes"
INPUTS = 50


def nothing_kept(source: Settings) -> Manifest:
    """A backup that was made before anything came."""
    nothing = {topic.name: [0] * source.partitions for topic in input_topics()}
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
