"""Inputs that are read back: what is gone is told from what cannot be read now."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import TopicPartition

from schemas.codec import encode
from schemas.records import AccountChange, ChangeKind
from streams.children import free_ports
from streams.clients import create_admin, create_producer
from streams.errors import BrokerUnreachable
from streams.gateway.originals import Originals
from streams.settings import Settings
from streams.topics import create_topics, real_name
from streams.views.documents import Source
from tests.conftest import SettingsFactory


def publish(settings: Settings, topic: str, count: int) -> list[AccountChange]:
    producer: Any = create_producer(settings)
    changes = [
        AccountChange(
            event_id=f"e{number}",
            account_id="a1",
            occurred_at=1_000 + number,
            kind=ChangeKind.EDIT,
            bio=f"bio {number}",
        )
        for number in range(count)
    ]
    for change in changes:
        producer.produce(topic, partition=0, key=b"a1", value=encode(change))
    assert producer.flush(10) == 0
    return changes


@pytest.mark.kafka
def test_what_retention_has_deleted_is_missing_also_where_nothing_came_after_it(
    settings: SettingsFactory,
) -> None:
    made = settings()
    create_topics(made)
    topic = real_name(made, "account.changes")
    changes = publish(made, topic, 3)
    admin, originals = create_admin(made), Originals(made)
    try:
        places = [Source("account.changes", 0, offset) for offset in range(3)]
        assert originals.read(places[:2]) == dict(zip(places[:2], changes, strict=False))
        deleted = admin.delete_records([TopicPartition(topic, 0, 3)])
        for done in deleted.values():
            done.result(10)
        assert originals.read(places[2:]) == {}
    finally:
        originals.stop()


def test_where_kafka_does_not_answer_nothing_is_said_to_be_gone() -> None:
    originals = Originals(Settings(kafka=f"127.0.0.1:{free_ports(1)[0]}"))
    try:
        with pytest.raises(BrokerUnreachable):
            originals.read([Source("account.changes", 0, 0)])
    finally:
        originals.stop()
