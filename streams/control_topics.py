"""Publishes to the control topics, and reads what they put in force."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from processors.persons import same_person
from processors.policy import Pack, PackError, Policy, compose, in_shadow, load_pack
from schemas.records import PackMode, PlatformDirective, PolicyPack
from streams.clients import read_all
from streams.codecs import open_codec
from streams.errors import ConfigurationError
from streams.given import given
from streams.journal import InForce, Journal, Published, directives
from streams.packs import archive
from streams.publishing import Publisher
from streams.settings import Settings
from streams.topics import real_name, topic_of

MAX_MESSAGE = 8 << 20
"""Bytes of the largest record, as the topics allow."""
AROUND_IT = 4 << 10
"""Bytes that its key and Kafka's own heads take of these, and to spare."""


def activate(
    settings: Settings,
    files: Mapping[str, bytes],
    by: str,
    author: str | None = None,
    *,
    beside: Policy,
    shadow: bool = False,
) -> PolicyPack:
    """Put a pack in force for all workers, and return the record that does it.

    ``beside`` is what is in force now. In ``shadow`` the pack is judged beside all of it without
    consequence, under its id with ``.shadow``. Raises `ConfigurationError` when the pack is not
    sound, does not fit beside the others or is larger than a record, or ``by`` wrote it: nobody
    puts what they wrote in force; and where ``by`` or ``author`` is empty. Raises
    `BrokerUnreachable`.
    """
    by = given("the name of who puts the pack in force", by)
    author = None if author is None else given("the name of the author", author)
    if author is not None and same_person(author, by) and not shadow:
        raise ConfigurationError(f"{by} wrote the pack; let somebody else put it in force")
    pack = load_fitting(files, beside, shadow=shadow)
    record = PolicyPack(
        pack_id=pack.id,
        pack_version=pack.version,
        pack_hash=pack.hash,
        mode=PackMode.SHADOW if shadow else PackMode.ENFORCE,
        content=archive(files),
        published_at=_now(),
        published_by=by,
        author=author,
    )
    _publish(settings, record, pack.id)
    return record


def load_fitting(
    files: Mapping[str, bytes], beside: Policy, *, shadow: bool = False, replaces: bool = True
) -> Pack:
    """A sound pack that can decide beside what is in force.

    With ``replaces`` it may do so in place of the pack of its id. Raises `ConfigurationError`.
    """
    try:
        pack = load_pack(files)
        pack = in_shadow(pack) if shadow else pack
        parts = beside.pack.parts or (beside.pack,)
        others = [one for one in parts if one.id != pack.id or not replaces]
        compose([*others, pack])
    except PackError as error:
        raise ConfigurationError(f"the pack cannot be put in force:\n{error}") from error
    return pack


def retire(settings: Settings, pack_id: str, by: str) -> PolicyPack:
    """Take a pack out of force: the configured one of its id decides again, where there is one.

    Raises `ConfigurationError` when no pack of this id was put in force or ``by`` is empty,
    `BrokerUnreachable`.
    """
    by = given("the name of who retires the pack", by)
    records = [item.record for item in read_published(settings)]
    packs = [pack for pack in records if isinstance(pack, PolicyPack) and pack.pack_id == pack_id]
    if not packs or packs[-1].mode is PackMode.RETIRED:
        raise ConfigurationError(
            f"no pack {pack_id!r} was put in force; `zhengming policy list` shows what was"
        )
    last = packs[-1]
    record = PolicyPack(
        pack_id=pack_id,
        pack_version=last.pack_version,
        pack_hash=last.pack_hash,
        mode=PackMode.RETIRED,
        content=b"",
        published_at=_now(),
        published_by=by,
    )
    _publish(settings, record, pack_id)
    return record


def issue(settings: Settings, directive: PlatformDirective) -> None:
    """Issue a directive. Raises `ConfigurationError` where its id is taken, or it is over.

    So it does where its pack is larger than a record. Raises `BrokerUnreachable`.
    """
    if directive.directive_id in directives(read_published(settings)):
        raise ConfigurationError(
            f"there is a directive {directive.directive_id!r} already; give the new one another id"
        )
    if directive.ends_at is None or directive.ends_at <= max(directive.starts_at, _now()):
        raise ConfigurationError("a directive must end after it begins, and after now")
    _publish(settings, directive, directive.directive_id)


def end(settings: Settings, directive_id: str, by: str, at: int | None = None) -> PlatformDirective:
    """Let a directive end at ``at`` (ms), by default now: earlier than was said, or later.

    Who ordered it stays on record beside ``by``. Raises `ConfigurationError` where there is none,
    it has ended already or ``by`` is empty; `BrokerUnreachable`.
    """
    by = given("the name of who sets the end", by)
    known = directives(read_published(settings)).get(directive_id)
    now = _now()
    if known is None or known.ends_at is None or known.ends_at <= now:
        raise ConfigurationError(
            f"no directive {directive_id!r} is in force or to come; `zhengming directive list`"
        )
    ended = replace(known, ends_at=max(at or 0, now), end_set_by=by)
    _publish(settings, ended, directive_id)
    return ended


def read_published(settings: Settings) -> list[Published]:
    """Every record of the control topics. Raises as `read_all` does."""
    return _read(settings, None).records


def read_in_force(settings: Settings, default: Policy) -> InForce:
    """What the control topics put in force now. Raises as `read_all` does."""
    return _read(settings, default).in_force()


def _read(settings: Settings, default: Policy | None) -> Journal:
    journal = Journal(settings, default)
    for message in read_all(settings, journal.topics):
        journal.take(
            str(message.topic()), int(message.offset() or 0), message.value(), message.key()
        )
    return journal


def _publish(settings: Settings, record: Any, key: str) -> None:
    topic = real_name(settings, topic_of(type(record)).name)
    value = open_codec(settings).encode(record)
    if len(value) > MAX_MESSAGE - AROUND_IT:
        raise ConfigurationError(
            f"the pack is too large: packed it has {len(value) / (1 << 20):.1f} MiB, and {topic} "
            f"takes less than {MAX_MESSAGE >> 20} MiB; leave out files that nothing in it names"
        )
    publisher = Publisher(settings, message_max_bytes=MAX_MESSAGE)
    publisher.send(topic, key.encode(), value, partition=0)
    publisher.finish()


def _now() -> int:
    return time.time_ns() // 1_000_000
