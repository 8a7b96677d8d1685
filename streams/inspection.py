"""Exports what an inspection ordered, and nothing else, with a manifest (Order No. 10, Art. 21).

A directory holds one file of JSON lines a topic, the links of the audit chain of every account in
it, and a manifest: the scope, who ordered and who approved it, and of every file its SHA-256 and
the number of its lines.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from processors.persons import same_person
from schemas.records import AuditRecord, Verdict
from streams.audit import Chains, Link, link_of
from streams.decoded import Unreadable, read_decoded
from streams.errors import ConfigurationError
from streams.sealed import check_hash, hash_of, read_manifest, seal, strangers
from streams.settings import Settings
from streams.topics import Topic, input_topics, output_topics, topic_of

CHAIN = "audit-chain.jsonl"
AUDIT = topic_of(AuditRecord).name
VERSION = 1

Progress = Callable[[int, int], None]


class Scope(Struct, frozen=True):
    """What is ordered. ``accounts`` are ids, or beginnings with ``*``; times in ms, end exclusive.

    ``topics`` are logical names.
    """

    accounts: tuple[str, ...]
    topics: tuple[str, ...]
    begin: int | None = None
    end: int | None = None

    def covers(self, account_id: str, at: int) -> bool:
        """Whether a record of an account at an event time is ordered."""
        return (
            self.names(account_id)
            and (self.begin is None or at >= self.begin)
            and (self.end is None or at < self.end)
        )

    def names(self, account_id: str) -> bool:
        """Whether an account is in the scope."""
        return any(
            account_id.startswith(name[:-1]) if name.endswith("*") else account_id == name
            for name in self.accounts
        )


class Part(Struct, frozen=True):
    """One file of an export."""

    name: str
    sha256: str
    lines: int


class LeftOut(Struct, frozen=True):
    """A record that could not be read, and may be of an account in the scope."""

    topic: str
    partition: int
    offset: int
    reason: str

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}] at {self.offset} could not be read ({self.reason})"

    @property
    def output(self) -> bool:
        """Whether it is one of ours. An input that cannot be read was set aside, and is none."""
        return self.topic in {topic.name for topic in output_topics()}


class Manifest(Struct, frozen=True):
    """What an export is and is made of."""

    version: int
    app_id: str
    order: str
    ordered_by: str
    approved_by: str
    created_at: int
    scope: Scope
    files: tuple[Part, ...]
    unreadable: tuple[LeftOut, ...] = ()


class Line(Struct, frozen=True):
    """One exported record and where it stands."""

    topic: str
    partition: int
    offset: int
    record: Any


def exportable() -> dict[str, Topic]:
    """The topics that may be exported, by logical name; outputs first."""
    return {topic.name: topic for topic in (*output_topics(), *input_topics())}


def export(
    settings: Settings,
    scope: Scope,
    directory: Path,
    *,
    order: str,
    ordered_by: str,
    approved_by: str,
    at: int,
    progress: Progress | None = None,
) -> Manifest:
    """Write what the scope covers into a new directory, and return its manifest.

    Raises `ConfigurationError` when one person ordered and approved, the directory holds something,
    or a topic is not known; `BrokerUnreachable`.
    """
    topics = exportable()
    if same_person(ordered_by, approved_by):
        raise ConfigurationError("who approves an export must not be who ordered it")
    if unknown := [name for name in scope.topics if name not in topics]:
        known = ", ".join(topics)
        raise ConfigurationError(f"no such topic: {', '.join(unknown)}; there are {known}")
    if directory.exists() and any(directory.iterdir()):
        raise ConfigurationError(f"{directory} is not empty; name a new directory")
    directory.mkdir(parents=True, exist_ok=True)
    read = [topics[name] for name in scope.topics]
    audit = topic_of(AuditRecord)
    lines: dict[str, list[bytes]] = {topic.name: [] for topic in read}
    links: list[bytes] = []
    bad: list[Unreadable] = []
    for topic, partition, offset, record in read_decoded(
        settings, [audit, *read], bad.append, progress
    ):
        if topic.record is AuditRecord and scope.names(record.account_id):
            links.append(msgspec.json.encode(link_of(record)._asdict()))
        if topic.name in lines and scope.covers(record.account_id, _time_of(record)):
            line = Line(topic.name, partition, offset, record)
            lines[topic.name].append(msgspec.json.encode(line))
    files = tuple(
        _write(directory / name, content)
        for name, content in (*((f"{n}.jsonl", c) for n, c in lines.items()), (CHAIN, links))
    )
    manifest = Manifest(
        version=VERSION,
        app_id=settings.app_id,
        order=order,
        ordered_by=ordered_by,
        approved_by=approved_by,
        created_at=at,
        scope=scope,
        files=files,
        unreadable=tuple(_left_out(one) for one in bad if _concerns(scope, one)),
    )
    seal(directory, manifest)
    return manifest


def verify_export(directory: Path) -> tuple[Manifest | None, list[str]]:
    """The manifest of an export, and everything that does not agree with it."""
    manifest, problems = read_manifest(directory, Manifest)
    if manifest is None:
        return None, problems
    problems += strangers(directory, (part.name for part in manifest.files))
    for part in manifest.files:
        problems += _check_part(directory / part.name, part)
    if not problems:
        problems += _check_content(directory, manifest)
    problems += [f"{one}, and is not in the export" for one in manifest.unreadable if one.output]
    return manifest, problems


def _concerns(scope: Scope, one: Unreadable) -> bool:
    """Whether it may be of an account that is ordered: by its key, if it has one."""
    return not one.key or scope.names(one.key.decode("utf-8", "replace"))


def _left_out(one: Unreadable) -> LeftOut:
    return LeftOut(one.topic.name, one.partition, one.offset, one.error.reason.value)


def _write(path: Path, lines: list[bytes]) -> Part:
    content = b"".join(line + b"\n" for line in lines)
    path.write_bytes(content)
    return Part(path.name, hash_of(path), len(lines))


def _check_part(path: Path, part: Part) -> list[str]:
    if problems := check_hash(path.parent, part.name, part.sha256):
        return problems
    lines = path.read_bytes().count(b"\n")
    return [] if lines == part.lines else [f"{part.name} has {lines} lines, not {part.lines}"]


def _check_content(directory: Path, manifest: Manifest) -> list[str]:
    """Everything lies in the scope, and the audit chain of every account holds."""
    problems, chains = [], Chains()
    for line in (directory / CHAIN).read_bytes().splitlines():
        chains.follow(Link(**msgspec.json.decode(line)))
    problems += chains.problems
    scope = manifest.scope
    for part in manifest.files:
        if part.name == CHAIN:
            continue
        topic = exportable()[part.name.removesuffix(".jsonl")]
        for raw in (directory / part.name).read_bytes().splitlines():
            record = msgspec.json.decode(raw, type=Line).record
            record = msgspec.convert(record, type=topic.record)
            if not scope.covers(record.account_id, _time_of(record)):
                problems.append(f"{part.name}: a record of {record.account_id} is out of scope")
    if AUDIT in scope.topics:
        problems += _check_audit(directory)
    return problems


def _check_audit(directory: Path) -> list[str]:
    """Each exported audit record has its own hash, and is a link of the chain."""
    links = {
        msgspec.json.decode(line)["hash"] for line in (directory / CHAIN).read_bytes().splitlines()
    }
    chains = Chains()
    for raw in (directory / f"{AUDIT}.jsonl").read_bytes().splitlines():
        record = msgspec.convert(msgspec.json.decode(raw, type=Line).record, type=AuditRecord)
        chains.add(record)
        if record.hash not in links:
            chains.problems.append(f"audit record {record.audit_id} is not in the chain")
    return chains.problems


def _time_of(record: Any) -> int:
    """Event time of an input or output."""
    if isinstance(record, Verdict):
        return int(record.decided_at)
    return int(getattr(record, "at", None) or record.occurred_at)
