"""Who may do what on Kafka: one table of what each part of the application needs, and no more.

`needs` is the only source: `zhengming topics acls` prints it, docs/access.md is made of it, the
parts check it when they start (`require`), and a test grants exactly this on a broker that denies
everything else.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from streams.clients import RETRY_S, create_admin, create_producer, topic_partitions
from streams.errors import BrokerUnreachable, ConfigurationError
from streams.settings import Settings
from streams.topics import (
    TOPICS,
    Direction,
    Topic,
    changelog_topic,
    consumed_topics,
    control_topics,
    input_topics,
    output_topics,
    real_name,
    repartition_topics,
    require_equal_partitions,
    used_topics,
)

WITHIN_S = 10.0
PROBE = "probe"
"""End of the transactional id with which the right to such ids is tried; it belongs to nobody."""


class Part(StrEnum):
    """A part of the application, with a user of its own on Kafka."""

    WORKER = "worker"
    GATEWAY = "gateway"
    VIEWS = "views"
    EXECUTOR = "executor"
    IMAGES = "images"
    PUBLISHER = "publisher"
    SOURCE = "source"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    ADMIN = "admin"


COUNTS = frozenset({Part.WORKER, Part.VIEWS})
"""Parts that address partitions by ``settings.partitions``: with another number than there is, the
one asks partitions about an account that know nothing of it, and the other leaves some unread."""

WHAT = {
    Part.WORKER: "`zhengming worker`",
    Part.GATEWAY: "`zhengming gateway`, with the console",
    Part.VIEWS: "`zhengming views`",
    Part.EXECUTOR: "`zhengming execute`, or an executor of your own",
    Part.IMAGES: "`zhengming images`",
    Part.PUBLISHER: "the platform's services that publish inputs; `zhengming publish`",
    Part.SOURCE: "`zhengming source`; one that reads Kafka topics needs `Read` on these and on "
    "its group, too",
    Part.OPERATOR: "`zhengming dead-letters`, `directive`, `sweep`, `policy activate`, `retire`, "
    "`list`",
    Part.AUDITOR: "`zhengming audit`, `export`, `replay --from-topics`, `policy backtest`",
    Part.ADMIN: "`zhengming topics create`, and a whole `doctor`",
}


class Kind(StrEnum):
    """A kind of resource, as Kafka's tools name it."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional-id"


class Need(NamedTuple):
    """One right: an operation on a resource. ``prefixed``: on all whose names begin so."""

    operation: str
    kind: Kind
    name: str
    prefixed: bool
    why: str

    def told(self) -> str:
        """In words: ``Write on topic account.verdicts``."""
        return f"{self.operation} on {self.kind} {self.name}{'*' if self.prefixed else ''}"


def needs(settings: Settings, part: Part) -> tuple[Need, ...]:
    """All that a part needs, and nothing else. `Describe` goes with `Read` and with `Write`."""
    return tuple(dict.fromkeys(_NEEDS[part](settings)))


def principal_of(part: Part) -> str:
    """The principal that is proposed for a part."""
    return f"User:zhengming-{part}"


def commands(needed: Iterable[Need], principal: str) -> Iterator[str]:
    """The calls of Kafka's own tool that grant these rights."""
    for need in needed:
        pattern = " --resource-pattern-type prefixed" if need.prefixed else ""
        yield (
            'kafka-acls.sh --bootstrap-server "$KAFKA" --command-config admin.properties --add '
            f"--allow-principal '{principal}' --operation {need.operation} "
            f"--{need.kind} '{need.name}'{pattern}"
        )


# -- the table ----------------------------------------------------------------------------------


def _worker(settings: Settings) -> Iterator[Need]:
    yield from _topics(settings, "Read", _names(consumed_topics()), "what it decides on")
    yield from _topics(settings, "Read", _names(control_topics()), "what is in force")
    yield from _topics(settings, "Write", _names(repartition_topics()), "the check across accounts")
    yield from _topics(settings, "Write", _names(output_topics()), "what it decides")
    yield from _topics(settings, "Write", ["dead.letters"], "what it sets aside")
    yield from _topics(settings, "Write", ["sweep.progress"], "how far sweeps have come")
    changelog = changelog_topic(settings)
    yield Need("Read", Kind.TOPIC, changelog, False, "restoring its state")
    yield Need("Write", Kind.TOPIC, changelog, False, "its state and positions")
    yield Need("Read", Kind.GROUP, settings.app_id, False, "sharing the partitions")
    prefix = f"{settings.app_id}-"
    yield Need("Write", Kind.TRANSACTIONAL_ID, prefix, True, "one id a partition: the fence")


def _gateway(settings: Settings) -> Iterator[Need]:
    written = ["account.changes", "account.complaints", "account.appeals", "account.rulings"]
    yield from _topics(settings, "Write", written, "what its callers send")
    yield from _topics(settings, "Write", _names(control_topics()), "packs and directives")
    yield from _topics(settings, "Read", _names(control_topics()), "what is in force")
    yield from _topics(settings, "Read", _names(output_topics()), "answers; exports")
    yield from _topics(settings, "Read", ["dead.letters"], "answers: what was set aside, and why")
    yield from _topics(settings, "Read", _names(input_topics()), "words of a case; exports; lag")
    yield _reader(settings)
    yield Need("Describe", Kind.GROUP, settings.app_id, False, "lag of the workers")


def _views(settings: Settings) -> Iterator[Need]:
    from streams.views.fold import RECORDS

    records = [t.name for t in TOPICS if t.record in RECORDS]
    yield from _topics(settings, "Read", records, "what the views are made of")
    yield _reader(settings)


def _executor(settings: Settings) -> Iterator[Need]:
    yield from _topics(settings, "Read", ["account.disposals"], "what it carries out")
    yield from _topics(settings, "Write", ["disposal.outcomes"], "how that ended")
    yield Need("Read", Kind.GROUP, f"{settings.app_id}-executor", False, "sharing the partitions")


def _images(settings: Settings) -> Iterator[Need]:
    yield from _topics(settings, "Read", ["image.requests"], "what it looks into")
    yield from _topics(settings, "Write", ["account.analyses"], "what it found")
    yield Need("Read", Kind.GROUP, f"{settings.app_id}-images", False, "sharing the partitions")


def _publisher(settings: Settings) -> Iterator[Need]:
    yield from _topics(settings, "Write", _names(input_topics()), "inputs")


def _source(settings: Settings) -> Iterator[Need]:
    yield from _topics(settings, "Write", ["account.changes"], "account changes")


def _operator(settings: Settings) -> Iterator[Need]:
    again = [*_names(consumed_topics()), "dead.letters"]
    yield from _topics(settings, "Read", ["dead.letters"], "what was set aside")
    yield from _topics(settings, "Read", ["sweep.progress"], "how far sweeps have come")
    yield from _topics(settings, "Write", again, "sending it again, with its mark")
    yield from _topics(settings, "Read", _names(control_topics()), "what is in force")
    yield from _topics(settings, "Write", _names(control_topics()), "packs and directives")
    requeue = f"{settings.app_id}-requeue"
    yield Need("Write", Kind.TRANSACTIONAL_ID, requeue, False, "all or nothing of a batch")
    yield _reader(settings)


def _auditor(settings: Settings) -> Iterator[Need]:
    for name, topic in used_topics(settings).items():
        if topic.direction is not Direction.INTERNAL or name == changelog_topic(settings):
            yield Need("Read", Kind.TOPIC, name, False, "records, and a replay of them")
    yield _reader(settings)


def _admin(settings: Settings) -> Iterator[Need]:
    for name in used_topics(settings):
        yield Need("Create", Kind.TOPIC, name, False, "making the topics")
        yield Need("Describe", Kind.TOPIC, name, False, "looking whether they are there")
        yield Need("DescribeConfigs", Kind.TOPIC, name, False, "comparing them with the table")


_NEEDS = {
    Part.WORKER: _worker,
    Part.GATEWAY: _gateway,
    Part.VIEWS: _views,
    Part.EXECUTOR: _executor,
    Part.IMAGES: _images,
    Part.PUBLISHER: _publisher,
    Part.SOURCE: _source,
    Part.OPERATOR: _operator,
    Part.AUDITOR: _auditor,
    Part.ADMIN: _admin,
}


def _names(topics: Iterable[Topic]) -> list[str]:
    return [topic.name for topic in topics]


def _topics(settings: Settings, operation: str, logical: list[str], why: str) -> Iterator[Need]:
    for name in logical:
        yield Need(operation, Kind.TOPIC, real_name(settings, name), False, why)


def _reader(settings: Settings) -> Need:
    """Librdkafka looks up the group that a consumer names, also where it is never joined."""
    group = f"{settings.app_id}-reader"
    return Need("Describe", Kind.GROUP, group, False, "reading without a group")


# -- looking whether it is granted --------------------------------------------------------------


def require(settings: Settings, part: Part) -> None:
    """Look whether a part can work: its topics are there, and Kafka allows it what it needs.

    Rights are asked for where users log in. `COUNTS` need the topics to have as many partitions as
    the settings say. Raises `ConfigurationError`, `BrokerUnreachable`.
    """
    there = topic_partitions(create_admin(settings))  # tells best why nobody answers
    if settings.has_users and (denied := lacking(settings, part)):
        raise ConfigurationError(told_denied(settings, part, denied))
    wanted = topics_of(settings, part)
    if missing := [name for name in wanted if name not in there]:
        raise ConfigurationError(
            f"topics are missing: {', '.join(missing)}; run `zhengming topics create`"
        )
    if part in COUNTS:
        # A broker shows a topic that is being made without partitions at first.
        require_equal_partitions(settings, {name: there[name] for name in wanted if there[name]})


def topics_of(settings: Settings, part: Part) -> list[str]:
    """Real names of the topics that a part needs."""
    named = (need.name for need in needs(settings, part) if need.kind is Kind.TOPIC)
    return list(dict.fromkeys(named))


def told_denied(settings: Settings, part: Part, denied: Iterable[Need]) -> str:
    """What is denied to a part, and the cure."""
    user = settings.kafka_sasl_username or "of our certificate"
    return (
        f"Kafka does not allow the user {user}: {', '.join(n.told() for n in denied)}; "
        f"`zhengming topics acls --part {part} --commands` prints what allows it"
    )


def lacking(settings: Settings, part: Part) -> list[Need]:
    """What a part needs and its user, the one of the settings, is not allowed.

    Raises `BrokerUnreachable`. What does not exist yet counts as allowed, if it may be seen.
    """
    admin, needed = create_admin(settings), needs(settings, part)
    topics = {n.name for n in needed if n.kind is Kind.TOPIC}
    groups = {n.name for n in needed if n.kind is Kind.GROUP}
    allowed = _topic_operations(admin, topics) | _group_operations(admin, groups)
    return [need for need in needed if not _is_allowed(settings, need, allowed)]


Allowed = dict[tuple[Kind, str], set[str] | None]
"""Operations by resource; None where the resource is not there, so that nobody can tell."""


def _is_allowed(settings: Settings, need: Need, allowed: Allowed) -> bool:
    if need.kind is Kind.TRANSACTIONAL_ID:
        return _may_begin(settings, need.name + PROBE if need.prefixed else need.name)
    operations = allowed[need.kind, need.name]
    return operations is None or need.operation.upper() in operations


def _topic_operations(admin: AdminClient, names: set[str]) -> Allowed:
    asked = admin.describe_topics(
        TopicCollection(sorted(names)), include_authorized_operations=True, request_timeout=WITHIN_S
    )
    found: Allowed = {}
    for name, answer in asked.items():
        try:
            found[Kind.TOPIC, name] = _operations(answer.result().authorized_operations)
        except KafkaException as error:
            found[Kind.TOPIC, name] = _denied(error, KafkaError.TOPIC_AUTHORIZATION_FAILED)
    return found


def _group_operations(admin: AdminClient, names: set[str]) -> Allowed:
    return {(Kind.GROUP, name): _operations_on_group(admin, name) for name in sorted(names)}


def _operations_on_group(admin: AdminClient, name: str) -> set[str] | None:
    deadline = time.monotonic() + WITHIN_S
    while True:
        asked = admin.describe_consumer_groups(
            [name], include_authorized_operations=True, request_timeout=WITHIN_S
        )
        try:
            return _operations(asked[name].result().authorized_operations)
        except KafkaException as error:
            # A coordinator that has just come to be is not at work yet.
            if error.args[0].code() not in _SOON or time.monotonic() > deadline:
                return _denied(error, KafkaError.GROUP_AUTHORIZATION_FAILED)
        time.sleep(RETRY_S)


def _operations(listed: Iterable[object] | None) -> set[str] | None:
    """Operations without underscores; None where the broker does not tell them."""
    if listed is None:
        return None
    return {str(operation.name).replace("_", "") for operation in listed}  # type: ignore[attr-defined]


_NOT_THERE = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.GROUP_ID_NOT_FOUND)
_SOON = (
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
)


def _denied(error: KafkaException, code: int) -> set[str] | None:
    cause = error.args[0]
    if cause.code() == code:
        return set()
    if cause.code() in _NOT_THERE:
        return None
    problem = f"Kafka does not tell what is allowed: {cause.name()} {cause.str()}"
    raise BrokerUnreachable(problem) from error


def _may_begin(settings: Settings, transactional_id: str) -> bool:
    producer = create_producer(settings, transactional_id=transactional_id)
    try:
        producer.init_transactions(WITHIN_S)
    except KafkaException as error:
        cause = error.args[0]
        if cause.code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
            return False
        raise BrokerUnreachable(f"no transaction can begin: {cause.str()}") from error
    return True


if __name__ == "__main__":
    import sys

    from streams.access_page import markdown

    if sys.argv[1:] != ["--markdown"]:
        sys.exit("usage: python -m streams.access --markdown")
    sys.stdout.write(markdown())
