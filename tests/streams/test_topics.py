"""Topics: the table, and what creating and describing them does on a real Kafka."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from schemas import records as r
from streams.clients import create_admin, create_producer, topic_partitions
from streams.errors import BrokerUnreachable, ConfigurationError
from streams.sandbox import MockKafka
from streams.settings import Settings
from streams.topic_page import markdown
from streams.topics import (
    TOPICS,
    changelog_topic,
    consumed_topics,
    control_topics,
    create_topics,
    describe_topics,
    input_topics,
    missing_topics,
    output_topics,
    real_name,
    repartition_topics,
    topic_of,
    used_topics,
)
from tests.conftest import SettingsFactory
from tests.support import wait_until

ROOT = Path(__file__).parents[2]


def test_inputs_are_co_partitioned_by_account_in_one_order() -> None:
    assert [t.name for t in input_topics()] == [
        "account.changes",
        "account.verifications",
        "account.complaints",
        "account.appeals",
        "account.rulings",
        "account.analyses",
    ]
    assert {t.key for t in (*input_topics(), *output_topics())} == {"account_id"}
    assert {t.config["message.timestamp.type"] for t in input_topics()} == {"LogAppendTime"}


def test_what_tasks_send_each_other_is_read_like_an_input() -> None:
    assert [t.name for t in repartition_topics()] == ["name.claims", "account.findings"]
    assert consumed_topics() == input_topics() + repartition_topics()


def test_every_record_type_has_one_topic() -> None:
    assert topic_of(r.Verdict).name == "account.verdicts"
    assert topic_of(r.AccountChange).name == "account.changes"
    assert len({t.record for t in TOPICS}) == len(TOPICS)
    schemas = {path.stem for path in (ROOT / "schemas" / "avro").glob("*.avsc")}
    carried = {re.sub(r"(?<!^)(?=[A-Z])", "_", t.record.__name__).lower() for t in TOPICS}
    before = {"name_claim", "account_finding"}  # of release 0.1.0; no topic carries them any more
    assert schemas == (carried - {"bytes"}) | before


def test_a_name_is_the_prefix_and_the_logical_name() -> None:
    settings = Settings(app_id="zm", topic_prefix="test.")
    assert real_name(settings, "dead.letters") == "test.dead.letters"
    assert changelog_topic(settings) == "zm-accounts-changelog"
    with pytest.raises(KeyError):
        real_name(settings, "dead.leters")


def test_creating_makes_every_topic_in_use_with_its_settings(settings: SettingsFactory) -> None:
    ours = settings(partitions=3)
    assert set(missing_topics(ours)) == set(used_topics(ours))

    assert set(create_topics(ours)) == set(used_topics(ours))

    assert missing_topics(ours) == []
    there = topic_partitions(create_admin(ours))
    control = {real_name(ours, topic.name) for topic in control_topics()}
    assert {there[name] for name in used_topics(ours).keys() - control} == {3}
    assert {there[name] for name in control} == {1}, "they are read whole, in one order"
    assert there[real_name(ours, "name.claims")] == 3
    assert [state.differences for state in describe_topics(ours)] == [()] * len(used_topics(ours))


def test_creating_again_changes_nothing_and_fills_gaps(settings: SettingsFactory) -> None:
    ours = settings()
    create_topics(ours)
    assert create_topics(ours) == []

    gap = _delete(ours, "account.credit")
    assert create_topics(ours) == [gap]


def test_unequal_partitions_are_refused_before_anything_is_made(
    settings: SettingsFactory,
) -> None:
    ours = settings(partitions=2)
    create_topics(ours)
    gap = _delete(ours, "account.credit")

    with pytest.raises(ConfigurationError) as refused:
        create_topics(ours.model_copy(update={"partitions": 4}))

    assert f"{real_name(ours, 'account.changes')} has 2" in str(refused.value)
    assert "ZHENGMING_PARTITIONS is 4" in str(refused.value)
    assert missing_topics(ours) == [gap]


def test_a_topic_that_differs_is_told_and_left_alone(settings: SettingsFactory) -> None:
    ours = settings()
    create_topics(ours)
    name = real_name(ours, "account.changes")
    kept = ConfigEntry("retention.ms", "1000", incremental_operation=AlterConfigOpType.SET)
    change = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[kept])
    admin = create_admin(ours)
    admin.incremental_alter_configs([change])[change].result(30)

    differences = wait_until(
        lambda: [
            (s.name, s.partitions, s.differences) for s in describe_topics(ours) if s.differences
        ],
        10,
        "the change has not shown",
    )
    assert differences == [(name, 2, ("retention.ms is 1000, not 2592000000",))]
    assert create_topics(ours) == []
    assert any(state.differences for state in describe_topics(ours))


def test_what_kafka_refuses_is_a_clear_error(settings: SettingsFactory) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot create topic .*[Rr]eplication"):
        create_topics(settings(replication_factor=3))


def test_the_dead_letters_take_more_than_an_input_may_hold(settings: SettingsFactory) -> None:
    ours = settings()
    create_topics(ours)
    producer = create_producer(ours, message_max_bytes=3 << 20, compression_type="none")
    failures: list[object] = []
    producer.produce(
        real_name(ours, "dead.letters"),
        b"x" * (2 << 20),
        on_delivery=lambda error, _: failures.append(error),
    )
    producer.flush(30)
    assert failures == [None]


def test_no_answer_is_told_apart_from_a_wrong_setting() -> None:
    with pytest.raises(BrokerUnreachable, match="does not answer"):
        topic_partitions(create_admin(Settings(kafka="127.0.0.1:1")), within_s=0.2)


def test_the_mock_makes_topics_as_well() -> None:
    with MockKafka("a test wants it") as mock:
        ours = Settings(kafka=mock.bootstrap)
        assert set(create_topics(ours)) == set(used_topics(ours))
        assert create_topics(ours) == []
        assert {state.partitions for state in describe_topics(ours)} == {4}
        with pytest.raises(ConfigurationError, match="ZHENGMING_PARTITIONS is 3"):
            create_topics(Settings(kafka=mock.bootstrap, partitions=3))


def test_the_page_of_topics_is_up_to_date() -> None:
    page = (ROOT / "docs" / "topics.md").read_text(encoding="utf-8")
    assert page == markdown(), "run `make docs`"


def _delete(settings: Settings, logical: str) -> str:
    """Delete a topic and wait until it has gone from the metadata."""
    name = real_name(settings, logical)
    admin = create_admin(settings)
    admin.delete_topics([name])[name].result(30)
    wait_until(lambda: name not in topic_partitions(admin), 10, f"{name} is still there")
    return name
