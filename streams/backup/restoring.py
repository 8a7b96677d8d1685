"""Writes a backup into topics that are empty, under other names or in other partitions.

1 the backup is whole, the topics are there and empty, no worker runs · 2 every partition says that
a restore is under way: no worker opens it · 3 records go in, transactions of some thousand, each
with how far it reaches: a restore that was cut off goes on there · 4 what partitions keep of their
own · 5 the proof, from what Kafka holds now · 6 every partition says that it is done.

Records keep their time: while they go in, the topics take the producer's, and then the broker's
again. Where Kafka would delete what waits, its topic keeps it longer.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from msgspec import Struct
from msgspec.structs import replace

from streams.backup import files
from streams.backup.exporting import CONSUMED
from streams.backup.files import Kept, Manifest, open_backup
from streams.backup.idle import fence, require_idle
from streams.backup.moving import Mover, Placed
from streams.backup.proof import KeptLonger, Proof, prove_restored
from streams.clients import create_admin, read_all, read_until, settled_offsets
from streams.codecs import open_codec
from streams.errors import BrokerUnreachable, ConfigurationError
from streams.publishing import FLUSH_S, TransactionalPublisher
from streams.reserved import (
    RESERVED,
    RESTORED,
    RESTORED_HEADER,
    Restored,
    decode_restored,
    encode_restored,
)
from streams.settings import Settings
from streams.topics import (
    CHANGELOG,
    DAY_MS,
    Topic,
    changelog_topic,
    create_topics,
    describe_topics,
    is_mock,
    real_name,
    topic_named,
    used_topics,
)

AT_ONCE = 5_000
"""Records of one transaction."""
TIME = "message.timestamp.type"
RETENTION = "retention.ms"
WAITS_MS = 3 * DAY_MS
"""What waits is kept so long at least after a restore: time to start workers that read it."""
WITHIN_S = 30.0

Progress = Callable[[str, int, int], None]


class Plan(Struct, frozen=True):
    """What a restore would write, by partition: accounts, other states, inputs, outputs."""

    backup: str
    before: int
    after: int
    accounts: list[int]
    states: list[int]
    inputs: list[int]
    outputs: list[int]


def plan(settings: Settings, directory: Path) -> Plan:
    """What `restore` would write where. Raises `ConfigurationError` as it does; changes nothing."""
    manifest = open_backup(directory)
    mover = _mover(settings, manifest)
    counts: dict[str, Counter[int]] = {name: Counter() for name in Plan.__struct_fields__[3:]}
    for part in manifest.files:
        topic = _topic_of(part.topic)
        for kept in files.read(directory, part):
            for placed in mover.place(topic, kept):
                counts[_kind(topic, placed.kept)][placed.partition] += 1
    for partition, _, _ in mover.rest():
        counts["states"][partition] += 1
    each = {
        name: [count[partition] for partition in range(settings.partitions)]
        for name, count in counts.items()
    }
    return Plan(manifest.id, manifest.partitions, settings.partitions, **each)


def _kind(topic: Topic, kept: Kept) -> str:
    if topic is CHANGELOG:
        return "states" if (kept.key or b"").startswith(RESERVED) else "accounts"
    return "inputs" if topic.direction in CONSUMED else "outputs"


def restore(settings: Settings, directory: Path, progress: Progress | None = None) -> Proof:
    """Write a backup into the topics of these settings, and prove it.

    Creates the topics that are missing. Running it again goes on where it was cut off, and changes
    nothing once it is done: workers may then run. Raises `ConfigurationError` where the backup is
    damaged, a worker runs before it is done, or the topics hold something else;
    `BrokerUnreachable`, and then it may be run again.
    """
    manifest = open_backup(directory)
    create_topics(settings)
    if is_mock(create_admin(settings)):
        raise ConfigurationError("the mock of Kafka takes no restore: it keeps nothing")
    marker = _marker(settings)
    over = marker is not None and marker.done
    if not over:
        require_idle(settings)
    if marker is None:
        _require_empty(settings)
    elif marker.backup != manifest.id:
        raise ConfigurationError(
            f"{settings.app_id} was restored from another backup ({marker.backup}); restore this "
            "one under another ZHENGMING_APP_ID and ZHENGMING_TOPIC_PREFIX"
        )
    raised: tuple[KeptLonger, ...] = ()
    if not over:
        fence(settings)
        raised = keep_what_waits(settings, directory, manifest)
        done = marker.progress if marker is not None else {}
        _Import(settings, directory, manifest, done, progress or _untold).run()
    return replace(prove(settings, directory), kept_longer=raised)


def prove(settings: Settings, directory: Path) -> Proof:
    """Compare what the topics hold with the backup they were restored from.

    Says what states were before and are now as long as no worker has gone on with them.
    """
    return prove_restored(settings, open_backup(directory))


def _untold(_what: str, _done: int, _total: int) -> None:
    pass


def _mover(settings: Settings, manifest: Manifest) -> Mover:
    enlarged = [name for name, ends in manifest.ends.items() if len(ends) > manifest.partitions]
    before, prefix = manifest.partitions, manifest.topic_prefix
    return Mover(settings, before, prefix, open_codec(settings), enlarged)


def _topic_of(name: str) -> Topic:
    return CHANGELOG if name == CHANGELOG.name else topic_named(name)


def _marker(settings: Settings) -> Restored | None:
    """How far a restore has come here; None where there was none."""
    found, place = None, (changelog_topic(settings), 0)
    end = settled_offsets(create_admin(settings), place[:1])[place]
    for message in read_until(settings, {place: end}):
        if message.key() == RESTORED:
            found = decode_restored(bytes(message.value() or b""))
    return found


def _require_empty(settings: Settings) -> None:
    first = next(read_all(settings, list(used_topics(settings))), None)
    if first is not None:
        raise ConfigurationError(
            f"{first.topic()} is not empty: a backup goes into topics of its own. Set another "
            "ZHENGMING_APP_ID and ZHENGMING_TOPIC_PREFIX, or delete the topics first"
        )


class _Import:
    """One restore on its way. ``done`` says how many records of each file are in already."""

    def __init__(
        self,
        settings: Settings,
        directory: Path,
        manifest: Manifest,
        done: Mapping[str, int],
        progress: Progress,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._manifest = manifest
        self._done = dict(done)
        self._progress = progress
        self._mover = _mover(settings, manifest)
        self._changelog = changelog_topic(settings)
        self._publisher = _Timed(settings)

    def run(self) -> None:
        """Write everything that is not there yet, prove it, and say that it is done."""
        take_time_of(self._settings, producers=True)
        self._publisher.begin()
        for partition in range(1, self._settings.partitions):
            self._say(partition, Restored(self._manifest.id))
        self._commit()
        for part in self._manifest.files:
            self._write(part)
        self._publisher.begin()
        for partition, key, value in self._mover.rest():
            self._publisher.send(self._changelog, key, value, partition=partition)
        self._commit()
        take_time_of(self._settings, producers=False)
        prove_restored(self._settings, self._manifest).require_sound()
        self._publisher.begin()
        for partition in range(self._settings.partitions):
            self._say(partition, Restored(self._manifest.id, done=True))
        self._publisher.commit()

    def _write(self, part: files.Part) -> None:
        """Write the records of a file; those that are in already are only placed again."""
        topic = _topic_of(part.topic)
        name = self._changelog if topic is CHANGELOG else real_name(self._settings, topic.name)
        behind = self._done.get(part.name, 0)
        self._publisher.begin()
        number = 0
        for number, kept in enumerate(files.read(self._directory, part), 1):
            for placed in self._mover.place(topic, kept):
                if number > behind:
                    self._send(topic, name, placed)
            if number > behind and number % AT_ONCE == 0:
                self._reach(part.name, number)
                self._publisher.begin()
            self._progress(part.topic, number, part.records)
        self._reach(part.name, max(number, behind))

    def _send(self, topic: Topic, name: str, placed: Placed) -> None:
        partition, kept = placed
        headers = list(kept.headers)
        if topic is not CHANGELOG:
            headers.append((RESTORED_HEADER, f"{kept.partition}:{kept.offset}".encode()))
        self._publisher.send(
            name,
            kept.key,
            kept.value,
            partition=partition,
            timestamp=max(0, kept.timestamp),
            headers=headers,
        )

    def _reach(self, file: str, number: int) -> None:
        self._done[file] = number
        self._commit()

    def _commit(self) -> None:
        """Commit, together with how far that is."""
        self._say(0, Restored(self._manifest.id, progress=self._done))
        self._publisher.commit_timed()

    def _say(self, partition: int, marker: Restored) -> None:
        self._publisher.send(
            self._changelog, RESTORED, encode_restored(marker), partition=partition
        )


class _Timed(TransactionalPublisher):
    """A publisher that makes nothing visible to which a broker gave its own time."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, "restore")
        self._stamped = 0

    def commit_timed(self) -> None:
        """Make everything visible, or nothing."""
        left = self._producer.flush(FLUSH_S)
        if left or self._stamped:
            self.abort()
            raise BrokerUnreachable(
                "the brokers do not take the time of records yet; run it again"
                if self._stamped
                else "Kafka did not take all records; run it again"
            )
        self.commit()

    def _delivered(self, error: Any, message: Any) -> None:
        super()._delivered(error, message)
        if error is None and message.timestamp()[0] == TIMESTAMP_LOG_APPEND_TIME:
            self._stamped += 1


def take_time_of(settings: Settings, *, producers: bool) -> None:
    """Let the topics whose time is the broker's take the time of records instead, or no more.

    Returns when the brokers say so. Raises `BrokerUnreachable`.
    """
    wanted = "CreateTime" if producers else "LogAppendTime"
    timed = [n for n, t in used_topics(settings).items() if t.config.get(TIME) == "LogAppendTime"]
    set_of_topics(settings, TIME, dict.fromkeys(timed, wanted))


def keep_what_waits(
    settings: Settings, directory: Path, manifest: Manifest
) -> tuple[KeptLonger, ...]:
    """Raise the retention of topics where Kafka would delete what workers have yet to read.

    Records keep their time, so those of an old backup may be over at once. Returns what was raised
    when the brokers say so. Raises `BrokerUnreachable`.
    """
    now = time.time_ns() // 1_000_000
    configs = {state.name: state.config for state in describe_topics(settings)}
    raised = []
    for part in manifest.files:
        topic = _topic_of(part.topic)
        if topic.direction not in CONSUMED:
            continue
        oldest = min(kept.timestamp for kept in files.read(directory, part))
        needed = now - max(0, oldest) + WAITS_MS
        name = real_name(settings, topic.name)
        usual = int(topic.config[RETENTION])
        kept_ms = int(configs[name].get(RETENTION, usual))
        if 0 <= kept_ms < needed:  # a restore that was cut off may have raised it before
            raised.append(KeptLonger(name, min(kept_ms, usual), needed))
    set_of_topics(settings, RETENTION, {one.topic: str(one.after_ms) for one in raised})
    return tuple(raised)


def set_of_topics(settings: Settings, key: str, values: Mapping[str, str]) -> None:
    """Give topics a value of a setting each; returns when the brokers say so."""
    admin: Any = create_admin(settings)
    resources = [
        ConfigResource(
            ResourceType.TOPIC,
            name,
            incremental_configs=[
                ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
            ],
        )
        for name, value in values.items()
    ]
    if not resources:
        return
    for altered in admin.incremental_alter_configs(resources).values():
        altered.result(WITHIN_S)
    deadline = time.monotonic() + WITHIN_S
    while any(
        state.config.get(key) != values[state.name]
        for state in describe_topics(settings)
        if state.name in values
    ):
        if time.monotonic() > deadline:
            raise BrokerUnreachable(f"the brokers do not set {key} of {', '.join(values)}")
        time.sleep(0.05)
