"""Plain clients: what they see, where keys go, and reading whole topics."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka import Message, Producer, TopicPartition
from confluent_kafka.admin import NewTopic

from streams import clients
from streams.clients import (
    create_admin,
    create_producer,
    end_offsets,
    read_all,
    topic_partitions,
)
from streams.errors import ConfigurationError
from streams.settings import Settings
from tests.conftest import SettingsFactory
from tests.support import wait_until


@pytest.fixture
def ours(settings: SettingsFactory) -> Settings:
    """Settings with two topics, ``a`` and ``b``, of two partitions each under the prefix."""
    made = settings()
    admin = create_admin(made)
    names = [made.topic_prefix + "a", made.topic_prefix + "b"]
    for created in admin.create_topics(
        [NewTopic(name, 2, 1) for name in names], operation_timeout=10
    ).values():
        created.result(10)
    return made


def send(producer: Producer, topic: str, values: range, partition: int = 0) -> None:
    for value in values:
        producer.produce(topic, str(value).encode(), partition=partition)
    assert producer.flush(20) == 0


def numbers(messages: list[Message], topic: str, partition: int) -> list[int]:
    return [
        int(m.value() or b"") for m in messages if (m.topic(), m.partition()) == (topic, partition)
    ]


def test_reading_all_gives_every_record_in_the_order_of_its_partition(ours: Settings) -> None:
    a, b = ours.topic_prefix + "a", ours.topic_prefix + "b"
    producer = create_producer(ours)
    send(producer, a, range(3000), 0)
    send(producer, a, range(7), 1)
    send(producer, b, range(5), 1)

    messages = list(read_all(ours, [a, b]))

    assert numbers(messages, a, 0) == list(range(3000))
    assert numbers(messages, a, 1) == list(range(7))
    assert numbers(messages, b, 1) == list(range(5))
    assert len(messages) == 3012


def test_reading_all_of_empty_topics_ends_at_once(ours: Settings) -> None:
    assert list(read_all(ours, [ours.topic_prefix + "a"])) == []


def test_reading_all_ends_where_the_topic_ended_when_it_began(ours: Settings) -> None:
    a = ours.topic_prefix + "a"
    producer = create_producer(ours)
    send(producer, a, range(10))
    reading = read_all(ours, [a])
    first = next(reading)
    send(producer, a, range(10, 20))
    assert numbers([first, *reading], a, 0) == list(range(10))


def test_only_committed_records_are_read(ours: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "SETTLED_WITHIN_S", 0.0)
    a = ours.topic_prefix + "a"
    producer = create_producer(ours, transactional_id=ours.app_id)
    producer.init_transactions(20)
    for start, end in ((0, producer.commit_transaction), (10, producer.abort_transaction)):
        producer.begin_transaction()
        send(producer, a, range(start, start + 3))
        end(20)
    wait_until(lambda: numbers(list(read_all(ours, [a])), a, 0) == [0, 1, 2], 20, "it is settled")
    producer.begin_transaction()
    send(producer, a, range(20, 23))
    assert numbers(list(read_all(ours, [a])), a, 0) == [0, 1, 2]
    producer.abort_transaction(20)


def test_what_is_being_committed_is_waited_for(ours: Settings) -> None:
    """As where the broker has answered a commit, and not all partitions have its marker."""
    a, b = ours.topic_prefix + "a", ours.topic_prefix + "b"
    producer = create_producer(ours, transactional_id=ours.app_id)
    producer.init_transactions(20)
    producer.begin_transaction()
    send(producer, a, range(3))
    send(producer, b, range(3))
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(lambda: list(read_all(ours, [a, b])))
        with pytest.raises(TimeoutError):  # nothing is given before it is decided
            reading.result(1)
        producer.commit_transaction(20)
        assert len(reading.result(30)) == 6


def test_reading_can_begin_at_offsets(ours: Settings) -> None:
    a = ours.topic_prefix + "a"
    send(create_producer(ours), a, range(10))
    assert numbers(list(read_all(ours, [a], start={(a, 0): 7})), a, 0) == [7, 8, 9]
    assert list(read_all(ours, [a], start={(a, 0): 10})) == []


def test_reading_begins_with_the_first_record_that_was_not_deleted(ours: Settings) -> None:
    a = ours.topic_prefix + "a"
    producer = create_producer(ours)
    send(producer, a, range(10), 0)
    send(producer, a, range(3), 1)
    admin = create_admin(ours)
    deleted = admin.delete_records([TopicPartition(a, 0, 4), TopicPartition(a, 1, 3)])
    for answer in deleted.values():
        answer.result(10)
    messages = list(read_all(ours, [a]))
    assert numbers(messages, a, 0) == [4, 5, 6, 7, 8, 9]
    assert numbers(messages, a, 1) == []


def test_reading_tells_how_far_it_is(ours: Settings) -> None:
    a = ours.topic_prefix + "a"
    send(create_producer(ours), a, range(2500))
    told: list[tuple[int, int]] = []
    list(read_all(ours, [a], progress=lambda done, total: told.append((done, total))))
    assert told[-1] == (2500, 2500)
    assert told == sorted(told)


def test_a_topic_that_is_not_there_is_named(ours: Settings) -> None:
    with pytest.raises(ConfigurationError, match="no such topic: nowhere"):
        list(read_all(ours, ["nowhere"]))
    assert end_offsets(create_admin(ours), []) == {}
    assert "nowhere" not in topic_partitions(create_admin(ours))


def test_a_key_lies_where_java_clients_put_it(ours: Settings) -> None:
    """Kafka's murmur2 of these keys, positive, modulo 2, computed by aiokafka's partitioner."""
    from aiokafka.partitioner import murmur2

    a = ours.topic_prefix + "a"
    keys = [f"account-{n}".encode() for n in range(20)] + ["账号".encode()]
    producer = create_producer(ours)
    for key in keys:
        producer.produce(a, b"0", key)
    assert producer.flush(20) == 0

    placed = {message.key(): message.partition() for message in read_all(ours, [a])}

    assert placed == {key: (murmur2(key) & 0x7FFFFFFF) % 2 for key in keys}
