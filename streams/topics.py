"""The topics: one table of what each carries, its key and its settings.

Everything that names a topic takes it from here; docs/topics.md is made from it and the schemas.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from schemas import records as r
from streams.clients import (
    create_admin,
    create_producer,
    end_offsets,
    group_offsets,
    settled_offsets,
    topic_partitions,
)
from streams.errors import RESTORE_A_BACKUP, BrokerUnreachable, ConfigurationError
from streams.settings import Settings

DAY_MS = 86_400_000
TOMBSTONES_MS = 7 * DAY_MS
"""How long the changelog keeps tombstones. A worker's RocksDB that rested for more than half of it
is read anew from the beginning."""
KAFKAS_TOMBSTONES_MS = DAY_MS
"""How long Kafka keeps them in a topic that does not say."""
TOMBSTONES = "delete.retention.ms"

WITHIN_S = 30.0
LEADERS_WITHIN_S = 120.0
"""Longest wait for a broker to lead what was just created: on a disk that stalls it takes long."""

LOOK_S = 5.0
"""Between two questions of one who only wants to know whether anything has changed."""

TOLD = 3
"""Topics that a message names; there are two dozen."""
MOCK_CLUSTER = "mockCluster"
"""Beginning of the cluster id of librdkafka's mock; it drops a connection that creates topics."""


class Direction(StrEnum):
    """Who writes a topic."""

    IN = "in"
    OUT = "out"
    CONTROL = "control"
    INTERNAL = "internal"
    REPARTITION = "repartition"


class Topic(NamedTuple):
    """A topic by its logical name; `real_name` is what Kafka knows."""

    name: str
    record: type[Any]
    """Type of the values; ``bytes`` where they are kept as they came."""
    direction: Direction
    description: str
    config: Mapping[str, str]
    key: str = "account_id"
    used: bool = True
    """False while no part of this version reads or writes it; such a topic is not created."""
    partitions: int = 0
    """Where it has a number of its own; 0 for that of the settings."""


def _kept(days: int, **more: str) -> dict[str, str]:
    settings = {"cleanup.policy": "delete", "retention.ms": str(days * DAY_MS)}
    return settings | {name.replace("_", "."): value for name, value in more.items()}


_INPUT = _kept(30, message_timestamp_type="LogAppendTime")
"""The broker's clock is the event time of the stream."""
_REPARTITION = _kept(7, message_timestamp_type="LogAppendTime")
"""Long enough for a worker that was away to find what was asked and answered."""
_DECISION = _kept(180)
"""Logs are kept for half a year at least (Cybersecurity Law, Art. 21)."""
_RECORD = _kept(1096)
"""What is owed to persons and authorities is kept for three years."""
_JOURNAL = _kept(0, max_message_bytes=str(8 << 20), message_timestamp_type="LogAppendTime") | {
    "retention.ms": "-1"
}
"""Kept for good, in one order: a replay needs the pack that was in force then."""

TOPICS: tuple[Topic, ...] = (
    Topic(
        "account.changes",
        r.AccountChange,
        Direction.IN,
        "Registrations, edits of the six watched fields, owner changes and cancellations.",
        _INPUT,
    ),
    Topic(
        "account.verifications",
        r.AccountVerification,
        Direction.IN,
        "Results of verifying identity, occupation, institution, licence or contact.",
        _INPUT,
    ),
    Topic(
        "account.complaints",
        r.AccountComplaint,
        Direction.IN,
        "Complaints; the key is the account complained about.",
        _INPUT,
    ),
    Topic(
        "account.appeals",
        r.AccountAppeal,
        Direction.IN,
        "Appeals of account holders against measures.",
        _INPUT,
    ),
    Topic(
        "account.rulings",
        r.AccountRuling,
        Direction.IN,
        "What people decide: on reviews, complaints and appeals, and disposals by hand.",
        _INPUT,
    ),
    Topic(
        "account.analyses",
        r.FieldAnalysis,
        Direction.IN,
        "What machines found in values: the image worker in images, classifiers in any field.",
        _INPUT,
    ),
    Topic(
        "platform.directives",
        r.PlatformDirective,
        Direction.CONTROL,
        "Pauses, emergency overlays and sweeps, read whole by every worker. A legal hold concerns "
        "one account: it is a ruling.",
        _JOURNAL,
        key="directive_id",
        partitions=1,
    ),
    Topic(
        "platform.policies",
        r.PolicyPack,
        Direction.CONTROL,
        "Policy packs put in force and retired, read whole by every worker.",
        _JOURNAL,
        key="pack_id",
        partitions=1,
    ),
    Topic(
        "account.verdicts",
        r.Verdict,
        Direction.OUT,
        "One for each change, and a later one with a higher revision when the decision turns.",
        _DECISION,
    ),
    Topic(
        "account.disposals",
        r.Disposal,
        Direction.OUT,
        "Begin, extension and lift of measures, for whoever executes them.",
        _RECORD,
    ),
    Topic(
        "complaint.escalations",
        r.Escalation,
        Direction.OUT,
        "What a person must look at, with priority and due time.",
        _DECISION,
    ),
    Topic(
        "complaint.feedback",
        r.ComplaintFeedback,
        Direction.OUT,
        "States of complaints, for complainant and account.",
        _DECISION,
    ),
    Topic(
        "account.credit",
        r.CreditChange,
        Direction.OUT,
        "Each change of an account's credit, with its cause.",
        _DECISION,
    ),
    Topic(
        "account.notices",
        r.Notice,
        Direction.OUT,
        "Statements of reasons to account holders.",
        _RECORD,
    ),
    Topic(
        "authority.reports",
        r.AuthorityReport,
        Direction.OUT,
        "The outbox of reports to the authorities.",
        _RECORD,
    ),
    Topic(
        "audit.records",
        r.AuditRecord,
        Direction.OUT,
        "Hash-chained records of what was done to accounts.",
        _RECORD,
    ),
    Topic(
        "image.requests",
        r.ImageRequest,
        Direction.OUT,
        "Images that the rules ask to be looked into, for the image worker.",
        _kept(7),
    ),
    Topic(
        "dead.letters",
        bytes,
        Direction.OUT,
        "Records that could not be processed, as they came; headers tell origin and reason. "
        "One without a value and with the header `zhengming-requeued` marks a letter sent again.",
        # The original may be as large as a raised limit of the input allows, plus headers.
        _kept(180, max_message_bytes=str((2 << 20) + (64 << 10))),
        key="that of the original",
    ),
    Topic(
        "disposal.outcomes",
        r.DisposalOutcome,
        Direction.INTERNAL,
        "How each attempt to execute a disposal on the platform ended, written by the executor.",
        _RECORD,
    ),
    Topic(
        "sweep.progress",
        r.SweepProgress,
        Direction.INTERNAL,
        "How far sweeps over existing accounts have come, in the partition that they go through.",
        {"cleanup.policy": "compact"},
        key="sweep_id",
    ),
    Topic(
        "name.claims",
        r.KeyClaims,
        Direction.REPARTITION,
        "Claims of accounts on keys (a name, an identity, a device), in the partition to which the "
        "keys belong: the check across accounts.",
        _REPARTITION,
        key="none",
    ),
    Topic(
        "account.findings",
        r.KeyFindings,
        Direction.REPARTITION,
        "Answers of the check across accounts, in the partition of the accounts.",
        _REPARTITION,
        key="none",
    ),
)

CHANGELOG = Topic(
    "accounts-changelog",
    bytes,
    Direction.INTERNAL,
    "States of the accounts and, under a reserved key, the positions in the inputs: what a worker "
    "restores from.",
    {
        "cleanup.policy": "compact",
        # Restoring reads everything: compact often, in segments small enough to become eligible.
        "min.cleanable.dirty.ratio": "0.2",
        "segment.bytes": str(64 << 20),
        "segment.ms": str(DAY_MS),
        # A store on disk that is behind must still hear of what was deleted.
        TOMBSTONES: str(TOMBSTONES_MS),
    },
)

_BY_NAME = {topic.name: topic for topic in TOPICS}
_BY_RECORD = {topic.record: topic for topic in TOPICS}


def input_topics() -> tuple[Topic, ...]:
    """Return the co-partitioned inputs, in the order in which they are told apart everywhere."""
    return tuple(t for t in TOPICS if t.used and t.direction is Direction.IN)


def control_topics() -> tuple[Topic, ...]:
    """Return the topics of one partition that every worker reads whole."""
    return tuple(t for t in TOPICS if t.used and t.direction is Direction.CONTROL)


def repartition_topics() -> tuple[Topic, ...]:
    """Return the topics that partition tasks send to each other, co-partitioned with the inputs."""
    return tuple(t for t in TOPICS if t.used and t.direction is Direction.REPARTITION)


def consumed_topics() -> tuple[Topic, ...]:
    """Return all that a partition task reads: the inputs, and what other tasks send it."""
    return input_topics() + repartition_topics()


def drained(admin: AdminClient, settings: Settings) -> bool:
    """Whether workers have told positions at the end of all that tasks read.

    The ends are asked for after the positions, and what is being committed is waited for: what was
    sent together with them is then known. While nothing was ever sent, nothing is drained. The
    mock never is: it counts markers that nobody reads. Raises as `end_offsets` and `group_offsets`.
    """
    names = [real_name(settings, topic.name) for topic in consumed_topics()]
    reached = group_offsets(settings, settings.app_id, end_offsets(admin, names), WITHIN_S)
    ends = {tp: end for tp, end in settled_offsets(admin, names).items() if end > 0}
    return bool(ends) and all(reached[tp] >= end for tp, end in ends.items())


def output_topics() -> tuple[Topic, ...]:
    """Return the outputs that carry records, so all but the dead letters."""
    return tuple(
        t for t in TOPICS if t.used and t.direction is Direction.OUT and t.record is not bytes
    )


def topic_of(record_type: type[Any]) -> Topic:
    """Find the topic that carries a record type. Raises ``KeyError``."""
    return _BY_RECORD[record_type]


def topic_named(name: str) -> Topic:
    """Find a topic by its logical name. Raises ``KeyError``."""
    return _BY_NAME[name]


def real_name(settings: Settings, logical: str) -> str:
    """Name a topic as Kafka knows it. Raises ``KeyError`` for a name that is not in the table."""
    return settings.topic_prefix + _BY_NAME[logical].name


def changelog_topic(settings: Settings) -> str:
    """Name the changelog, as Faust derives it from the application id and the table's name."""
    return f"{settings.app_id}-{CHANGELOG.name}"


def used_topics(settings: Settings) -> dict[str, Topic]:
    """Return all topics that must exist, by real name."""
    used = {settings.topic_prefix + topic.name: topic for topic in TOPICS if topic.used}
    return used | {changelog_topic(settings): CHANGELOG}


UNSEEN = "this user may not see its settings"
"""Told of a topic in the place of differences."""


class TopicState(NamedTuple):
    """A topic as it is on the cluster."""

    name: str
    topic: Topic
    partitions: int
    """0 when it does not exist."""
    differences: tuple[str, ...]
    """Where its settings are not those of the table; an operator may have wanted that.

    `UNSEEN` alone where our user may not see them.
    """
    config: Mapping[str, str] = {}
    """All settings as the brokers tell them; empty where they do not."""


def missing_topics(settings: Settings, names: Iterable[str] | None = None) -> list[str]:
    """Name the topics, all or these, that must exist and do not. Raises `BrokerUnreachable`."""
    there = topic_partitions(create_admin(settings))
    wanted = used_topics(settings) if names is None else names
    return [name for name in wanted if name not in there]


def describe_topics(settings: Settings) -> list[TopicState]:
    """Compare the topics with the cluster. Raises `BrokerUnreachable`."""
    admin = create_admin(settings)
    there = topic_partitions(admin)
    used = used_topics(settings)
    configs = {} if is_mock(admin) else _configs(admin, [name for name in used if name in there])
    return [
        TopicState(
            name,
            topic,
            there.get(name, 0),
            _differences(topic, configs.get(name, topic.config)),
            configs.get(name) or {},
        )
        for name, topic in used.items()
    ]


class TopicIds:
    """Asks for the ids of topics: one made anew under the same name has another one.

    The mock of Kafka knows none: there it tells nothing.
    """

    def __init__(self, admin: AdminClient, names: Iterable[str]) -> None:
        self._admin = admin
        self._names = TopicCollection(list(names))
        self._answers: dict[str, Any] = {}
        self._mock: bool | None = None
        self._looked = self._heard = time.monotonic()

    @property
    def silent_s(self) -> float:
        """For how long Kafka has not answered, in seconds, as far as `look` was called."""
        return time.monotonic() - self._heard

    def look(self) -> None:
        """Ask every `LOOK_S` seconds, and note when Kafka has answered; to be called often."""
        now = time.monotonic()
        if self._mock or (self._answers and all(map(_is_answer, self._answers.values()))):
            self._heard = now
        if now - self._looked > LOOK_S:
            self.ask()
            self._looked = now

    def ask(self) -> None:
        """Ask, and do not wait; what was asked before and not answered is forgotten."""
        if self._mock is None:
            self._mock = is_mock(self._admin)
        if not self._mock:
            self._answers = self._admin.describe_topics(self._names, request_timeout=WITHIN_S)

    def told(self) -> dict[str, str] | None:
        """The id of every topic by its name; None where that is not, or never, answered."""
        answers = self._answers
        if not answers or any(not a.done() or a.exception() for a in answers.values()):
            return None
        return {name: str(answer.result().topic_id) for name, answer in answers.items()}

    def get(self) -> dict[str, str]:
        """Ask and wait. Raises `BrokerUnreachable`, `ConfigurationError` where one is not there."""
        self.ask()
        ids = {}
        for name, answer in self._answers.items():
            try:
                ids[name] = str(answer.result(WITHIN_S).topic_id)
            except (KafkaException, TimeoutError) as error:
                cause = error.args[0] if isinstance(error, KafkaException) else None
                if cause is not None and cause.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise ConfigurationError(
                        f"topic {name} is not there; run `zhengming topics create`"
                    ) from error
                raise BrokerUnreachable(f"Kafka does not describe {name}: {error}") from error
        self._heard = time.monotonic()
        return ids


def _is_answer(asked: Any) -> bool:
    """Whether Kafka has answered, be it that it refuses."""
    if not asked.done():
        return False
    error = asked.exception()
    return error is None or (isinstance(error, KafkaException) and error.args[0].code() > 0)


def _differences(topic: Topic, config: Mapping[str, str] | None) -> tuple[str, ...]:
    if config is None:
        return (UNSEEN,)
    return tuple(
        f"{key} is {config.get(key)}, not {value}"
        for key, value in topic.config.items()
        if config.get(key) != value
    )


def create_topics(settings: Settings) -> list[str]:
    """Create what is missing and return its names. Running it again changes nothing.

    When it returns, every new partition has a leader that serves. Existing topics are never
    altered. Raises `ConfigurationError` when one of them has another number of partitions than
    ``settings.partitions``, or when the changelog is missing of outputs that are there, and then
    creates nothing; `BrokerUnreachable` when Kafka does not answer.
    """
    admin = create_admin(settings)
    there = topic_partitions(admin)
    used = used_topics(settings)
    require_equal_partitions(settings, {name: there[name] for name in used if name in there})
    missing = [name for name in used if name not in there]
    if not missing:
        return []
    if changelog_topic(settings) in missing:
        _require_no_outputs(settings, admin, there)
    if is_mock(admin):
        _create_on_mock(settings, missing)
    else:
        _create(admin, settings, {name: used[name] for name in missing})
        # Until its leader serves, a partition refuses a producer's first request but may take its
        # second one, and the first is then lost without an error (KAFKA-15591).
        _await_leaders(admin, missing)
    return missing


def _require_no_outputs(settings: Settings, admin: AdminClient, there: Mapping[str, int]) -> None:
    """Make no empty changelog beside what was decided: workers would decide everything again."""
    used = used_topics(settings)
    ends = end_offsets(
        admin, [name for name in used if name in there and used[name].direction is Direction.OUT]
    )
    written = sorted({topic for (topic, _), end in ends.items() if end > 0})
    if written:
        raise ConfigurationError(
            f"{changelog_topic(settings)} is missing, but {written[0]} holds what was decided: the "
            "states of its accounts are lost, or belong to another ZHENGMING_APP_ID. With an empty "
            "changelog workers would take accounts for new ones and decide everything again. "
            f"Name the ZHENGMING_APP_ID that wrote it, or {RESTORE_A_BACKUP}"
        )


def _create(admin: AdminClient, settings: Settings, topics: Mapping[str, Topic]) -> None:
    wanted = [
        NewTopic(
            name,
            topic.partitions or settings.partitions,
            settings.replication_factor,
            config=dict(topic.config),
        )
        for name, topic in topics.items()
    ]
    for name, created in admin.create_topics(wanted, operation_timeout=WITHIN_S).items():
        try:
            created.result(WITHIN_S)
        except KafkaException as error:
            cause = error.args[0]
            # Two that create at once: whoever comes second finds the work done.
            if cause.code() == KafkaError.TOPIC_ALREADY_EXISTS:
                continue
            problem = f"cannot create topic {name}: {cause.str()}"
            if cause.retriable():
                raise BrokerUnreachable(problem) from error
            raise ConfigurationError(problem) from error
        except TimeoutError as error:
            raise BrokerUnreachable(f"no answer while creating topic {name}") from error
    require_equal_partitions(settings, _await_visible(admin, topics))


def _await_visible(admin: AdminClient, names: Collection[str]) -> dict[str, int]:
    """Wait until brokers show what the controller has made; returns the partition counts."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        there = topic_partitions(admin)
        if all(there.get(name) for name in names):
            return {name: there[name] for name in names}
        time.sleep(0.05)
    raise BrokerUnreachable("the topics were created, but the brokers do not show them")


def _await_leaders(admin: AdminClient, names: list[str]) -> None:
    """Wait until every partition answers; a broker that is asked may learn of a topic last."""
    deadline = time.monotonic() + LEADERS_WITHIN_S
    while True:
        try:
            end_offsets(admin, names, LEADERS_WITHIN_S)
            return
        except ConfigurationError as error:
            if time.monotonic() > deadline:
                raise BrokerUnreachable(f"the topics were created, but {error}") from error
        time.sleep(0.05)


def _create_on_mock(settings: Settings, names: list[str]) -> None:
    """Let the mock make topics the one way it can: by asking for them as a producer."""
    producer = create_producer(settings)
    made = {
        name: len(producer.list_topics(name, WITHIN_S).topics[name].partitions) for name in names
    }
    require_equal_partitions(settings, made)


def require_equal_partitions(settings: Settings, counts: Mapping[str, int]) -> None:
    """Raise `ConfigurationError` where a topic has another number of partitions than it must.

    ``counts`` are what topics have by now, by real name.
    """
    used = used_topics(settings)
    odd = {
        name: count
        for name, count in counts.items()
        if count != settings.partitions and not used[name].partitions
    }
    if not odd:
        return
    found = ", ".join(f"{name} has {count}" for name, count in list(odd.items())[:TOLD])
    if len(odd) > TOLD:
        found += f" (and {len(odd) - TOLD} more topics)"
    raise ConfigurationError(
        f"partitions are unequal: {found}, but ZHENGMING_PARTITIONS is {settings.partitions}. "
        "All inputs, outputs and the changelog need the same number: set ZHENGMING_PARTITIONS to "
        "what is there; where a topic was enlarged, move to new ones with `zhengming migrate`"
    )


def tombstones_ms(admin: AdminClient, name: str) -> int:
    """How long a topic that is there keeps tombstones, in ms. Raises `BrokerUnreachable`.

    One made by an earlier version keeps them for as long as Kafka does by itself; the same is taken
    for granted where our user may not see it. The mock keeps everything.
    """
    if is_mock(admin):
        return TOMBSTONES_MS
    return int((_configs(admin, [name])[name] or {}).get(TOMBSTONES, KAFKAS_TOMBSTONES_MS))


def is_mock(admin: Any) -> bool:
    """Whether a client talks to librdkafka's mock, which answers few questions about itself."""
    return str(admin.list_topics(timeout=WITHIN_S).cluster_id).startswith(MOCK_CLUSTER)


def _configs(admin: AdminClient, names: list[str]) -> dict[str, dict[str, str] | None]:
    """The settings of topics; None for those that our user may not see."""
    if not names:
        return {}
    asked = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    found: dict[str, dict[str, str] | None] = {}
    for resource, answer in admin.describe_configs(asked).items():
        try:
            config = answer.result(WITHIN_S)
        except (KafkaException, TimeoutError) as error:
            if error.args and _is_denied(error.args[0]):
                found[resource.name] = None
                continue
            problem = f"Kafka does not tell the settings of topics: {error}"
            raise BrokerUnreachable(problem) from error
        found[resource.name] = {key: entry.value for key, entry in config.items()}
    return found


def _is_denied(cause: object) -> bool:
    return isinstance(cause, KafkaError) and cause.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


if __name__ == "__main__":
    import sys

    from streams.topic_page import markdown

    if sys.argv[1:] != ["--markdown"]:
        sys.exit("usage: python -m streams.topics --markdown")
    sys.stdout.write(markdown())
