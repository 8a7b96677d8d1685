"""Inputs that are read back: what is gone is told from what cannot be read now, or is another."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import TopicPartition

from schemas.codec import encode
from schemas.records import AccountChange, ChangeKind
from streams.children import free_ports
from streams.clients import create_admin, create_producer, topic_partitions
from streams.errors import BrokerUnreachable
from streams.gateway.originals import Originals, Sought
from streams.settings import Settings
from streams.topics import create_topics, real_name, used_topics
from streams.views.documents import Source
from tests.conftest import SettingsFactory
from tests.support import wait_until

CHANGES = "account.changes"


def publish(
    settings: Settings, topic: str, count: int, account: str = "a1", event: str = "e"
) -> list[AccountChange]:
    producer: Any = create_producer(settings)
    changes = [
        AccountChange(
            event_id=f"{event}{number}",
            account_id=account,
            occurred_at=1_000 + number,
            kind=ChangeKind.EDIT,
            bio=f"bio {number}",
        )
        for number in range(count)
    ]
    for change in changes:
        producer.produce(topic, partition=0, key=account.encode(), value=encode(change))
    assert producer.flush(10) == 0
    return changes


def sought(offset: int, partition: int = 0, account: str = "a1", event: str = "e") -> Sought:
    return Sought(Source(CHANGES, partition, offset), account, f"{event}{offset}")


@pytest.mark.kafka
def test_what_retention_has_deleted_is_missing_also_where_nothing_came_after_it(
    settings: SettingsFactory,
) -> None:
    made = settings()
    create_topics(made)
    topic = real_name(made, CHANGES)
    changes = publish(made, topic, 3)
    admin, originals = create_admin(made), Originals(made)
    try:
        places = [sought(offset) for offset in range(3)]
        assert originals.read(places[:2]) == dict(zip(places[:2], changes, strict=False))
        deleted = admin.delete_records([TopicPartition(topic, 0, 3)])
        for done in deleted.values():
            done.result(10)
        assert originals.read(places[2:]) == {}
    finally:
        originals.stop()


@pytest.mark.kafka
def test_a_record_that_has_the_place_of_another_one_is_not_taken_for_it(
    settings: SettingsFactory,
) -> None:
    """As after a restore: verdicts keep the places of before, and the topics begin anew."""
    made = settings(partitions=2)
    create_topics(made)
    topic = real_name(made, CHANGES)
    admin, originals = create_admin(made), Originals(made)
    try:
        (first,) = publish(made, topic, 1)
        assert originals.read([sought(0)]) == {sought(0): first}
        assert originals.read([sought(0, account="a2"), sought(0, event="other")]) == {}
        names = used_topics(made).keys()
        for deleted in admin.delete_topics(list(names)).values():
            deleted.result(30)
        wait_until(lambda: not names & topic_partitions(admin).keys(), 30, "all are gone")
        create_topics(made.model_copy(update={"partitions": 1}))
        (now,) = publish(made, topic, 1, account="a2", event="new")
        here = sought(0, account="a2", event="new")
        assert originals.read([here, sought(1), sought(0, partition=1)]) == {here: now}
    finally:
        originals.stop()


def test_where_kafka_does_not_answer_nothing_is_said_to_be_gone() -> None:
    originals = Originals(Settings(kafka=f"127.0.0.1:{free_ports(1)[0]}"))
    try:
        with pytest.raises(BrokerUnreachable):
            originals.read([sought(0)])
    finally:
        originals.stop()
