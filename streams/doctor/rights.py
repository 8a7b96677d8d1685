"""What we may do on Kafka: read the inputs, write the outputs, join the group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation

from streams.clients import create_admin
from streams.doctor.finding import Finding, found
from streams.settings import Settings
from streams.topics import CHANGELOG, Direction, is_mock, used_topics

ANSWER_S = 5.0

_READ, _WRITE = AclOperation.READ, AclOperation.WRITE
_NEEDS = {
    Direction.IN: (_READ,),
    Direction.CONTROL: (_READ,),
    Direction.OUT: (_WRITE,),
    Direction.REPARTITION: (_READ, _WRITE),
}
"""What a worker does with topics; processes beside it need less, or others."""


def rights(settings: Settings) -> Iterator[Finding]:
    """A worker under these settings may do what it has to."""
    admin: Any = create_admin(settings)
    if is_mock(admin):
        return
    needs = {
        name: (_READ, _WRITE) if topic is CHANGELOG else _NEEDS.get(topic.direction, ())
        for name, topic in used_topics(settings).items()
    }
    asked = TopicCollection(list(needs))
    faults = []
    for name, answer in admin.describe_topics(
        asked, include_authorized_operations=True, request_timeout=ANSWER_S
    ).items():
        try:
            may = answer.result(ANSWER_S).authorized_operations
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:  # told as missing
                faults.append(f"DESCRIBE on topic {name}")
            continue
        if may is not None:  # a broker that does not tell allows, or refuses when it is tried
            faults += [f"{op.name} on topic {name}" for op in needs[name] if op not in may]
    faults += _group_rights(admin, settings)
    user = settings.kafka_sasl_username or "who connects"
    yield found(
        "rights",
        [f"not allowed: {fault}" for fault in faults],
        "a worker may read and write all it has to",
        f"allow it: `kafka-acls.sh --add --allow-principal User:{user} --operation ... --topic ...`"
        " (or --group)",
    )


def _group_rights(admin: Any, settings: Settings) -> list[str]:
    (answer,) = admin.describe_consumer_groups(
        [settings.app_id], include_authorized_operations=True, request_timeout=ANSWER_S
    ).values()
    try:
        may = answer.result(ANSWER_S).authorized_operations
    except KafkaException as error:
        if error.args[0].code() != KafkaError.GROUP_AUTHORIZATION_FAILED:
            return []  # a coordinator that has just begun: workers try again
        return [f"DESCRIBE on group {settings.app_id}"]
    return [] if may is None or _READ in may else [f"READ on group {settings.app_id}"]
