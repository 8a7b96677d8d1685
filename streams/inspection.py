"""Exports what an inspection ordered, and nothing else, with a manifest (Order No. 10, Art. 21).

A directory holds one file of JSON lines a topic, the links of the audit chain of every account in
it, and a manifest: the scope, who ordered and who approved it, and of every file its SHA-256 and
the number of its lines. The SHA-256 of the manifest belongs somewhere else: whoever may write into
the directory can make a manifest anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from processors.persons import same_person
from schemas.records import AuditKind, AuditRecord, AuthorityReport, Disposal, Notice, Verdict
from streams.audit import Chains, Link, link_of
from streams.decoded import Unreadable, read_decoded
from streams.errors import ConfigurationError
from streams.given import given
from streams.sealed import (
    MANIFEST,
    check_hash,
    hash_of,
    private,
    read_manifest,
    seal,
    strangers,
)
from streams.settings import Settings
from streams.topics import Direction, Topic, input_topics, output_topics, topic_of

CHAIN = "audit-chain.jsonl"
VERSION = 1

Progress = Callable[[int, int], None]
Called = tuple[str, str]
"""What a record calls for, and its id."""
AUDIT_CHAIN = "audit chain"


class Scope(Struct, frozen=True):
    """What is ordered. ``accounts`` are ids, or beginnings with ``*``; times in ms, end exclusive.

    ``topics`` are logical names.
    """

    accounts: tuple[str, ...]
    topics: tuple[str, ...]
    begin: int | None = None
    end: int | None = None

    def covers(self, account_id: str, at: int) -> bool:
        """Whether a record of an account at an event time is ordered.

        0 is a time that is not known: it may be within, and an inspection is not told less.
        """
        return self.names(account_id) and (
            at == 0
            or ((self.begin is None or at >= self.begin) and (self.end is None or at < self.end))
        )

    def names(self, account_id: str) -> bool:
        """Whether an account is in the scope."""
        return any(_matches(name, account_id) for name in self.accounts)


def _matches(name: str, account_id: str) -> bool:
    return account_id.startswith(name[:-1]) if name.endswith("*") else account_id == name


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
    """What an export is and is made of.

    ``unreadable`` is what could not be read, ``nothing_of`` the accounts of the scope of which
    there was nothing at all, ``absent`` what its records call for and the topics do not hold: the
    chains of accounts of which nothing was ever audited, and what retention has deleted.
    """

    version: int
    app_id: str
    order: str
    ordered_by: str
    approved_by: str
    created_at: int
    scope: Scope
    files: tuple[Part, ...]
    unreadable: tuple[LeftOut, ...] = ()
    nothing_of: tuple[str, ...] = ()
    absent: tuple[Called, ...] = ()

    @property
    def deleted(self) -> int:
        """How much of what its records call for is in the topics no more."""
        return sum(what != AUDIT_CHAIN for what, _ in self.absent)


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

    Raises `ConfigurationError` when order or persons are not said, one person ordered and approved,
    the directory holds something, or a topic is not known; `BrokerUnreachable`.
    """
    topics = exportable()
    order = given("the reference of the order", order)
    ordered_by = given("the name of who ordered it", ordered_by)
    approved_by = given("the name of who approved it", approved_by)
    if same_person(ordered_by, approved_by):
        raise ConfigurationError("who approves an export must not be who ordered it")
    if unknown := [name for name in scope.topics if name not in topics]:
        known = ", ".join(topics)
        raise ConfigurationError(f"no such topic: {', '.join(unknown)}; there are {known}")
    if directory.exists() and any(directory.iterdir()):
        raise ConfigurationError(f"{directory} is not empty; name a new directory")
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    read = [topics[name] for name in scope.topics]
    audit = topic_of(AuditRecord)
    lines: dict[str, list[bytes]] = {topic.name: [] for topic in read}
    links: list[bytes] = []
    bad: list[Unreadable] = []
    calls, seen = _Calls(scope.topics), set[str]()
    for topic, partition, offset, record in read_decoded(
        settings, [audit, *read], bad.append, progress
    ):
        if not scope.names(record.account_id):
            continue
        seen.add(record.account_id)
        if topic.record is AuditRecord:
            links.append(msgspec.json.encode(link_of(record)._asdict()))
            calls.follow(link_of(record))
        if topic.name in lines and scope.covers(record.account_id, _time_of(record)):
            line = Line(topic.name, partition, offset, record)
            lines[topic.name].append(msgspec.json.encode(line))
            calls.take(record)
    seen.update(one.key.decode("utf-8", "replace") for one in bad if one.key)
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
        nothing_of=tuple(n for n in scope.accounts if not any(_matches(n, a) for a in seen)),
        absent=tuple(sorted(calls.missing)),
    )
    seal(directory, manifest)
    return manifest


def verify_export(directory: Path, sha256: str | None = None) -> tuple[Manifest | None, list[str]]:
    """The manifest of an export, and everything that does not agree with it.

    ``sha256`` is the hash that its manifest had when the export was made: without it the export is
    only shown to agree with itself.
    """
    manifest, problems = read_manifest(directory, Manifest)
    if manifest is None:
        return None, problems
    if sha256 is not None and hash_of(directory / MANIFEST) != sha256.lower():
        problems.append(f"{MANIFEST} is not that of the export: it does not have the hash given")
    problems += _check_names(manifest)
    problems += strangers(directory, (part.name for part in manifest.files))
    for part in manifest.files:
        problems += _check_part(directory / part.name, part)
    if not problems:
        problems += _check_content(directory, manifest)
    problems += [f"{one}, and is not in the export" for one in manifest.unreadable if one.output]
    return manifest, problems


class _Calls:
    """What the records of an export call for, and what of it there is.

    Every output calls for an audit chain of its account, a disposal for its audit record, and the
    audit record of a disposal for that, its notice and its report, where their topics are ordered.
    """

    def __init__(self, topics: Collection[str]) -> None:
        self._topics = topics
        self._called: set[Called] = set()
        self._there: set[Called] = set()

    def follow(self, link: Link) -> None:
        """Take up a link of an audit chain."""
        self._there |= {(AUDIT_CHAIN, link.account_id), ("audit record", link.audit_id)}

    def take(self, record: Any) -> None:
        """Take up an exported record."""
        if topic_of(type(record)).direction is Direction.OUT:
            self._called.add((AUDIT_CHAIN, record.account_id))
        match record:
            case Disposal():
                self._there.add(("disposal", record.disposal_id))
                self._called.add(("audit record", record.audit_id))
            case Notice():
                self._there.add(("notice", record.notice_id))
            case AuthorityReport():
                self._there.add(("report", record.report_id))
            case AuditRecord(kind=AuditKind.DISPOSAL):
                self._call("disposal", Disposal, record.subject_id)
                self._call("notice", Notice, record.notice_id)
                self._call("report", AuthorityReport, record.report_id)

    def _call(self, what: str, kind: type[Any], called: str | None) -> None:
        if called and topic_of(kind).name in self._topics:
            self._called.add((what, called))

    @property
    def missing(self) -> set[Called]:
        """What is called for and not there."""
        return self._called - self._there


def _concerns(scope: Scope, one: Unreadable) -> bool:
    """Whether it may be of an account that is ordered: by its key, if it has one."""
    return not one.key or scope.names(one.key.decode("utf-8", "replace"))


def _left_out(one: Unreadable) -> LeftOut:
    return LeftOut(one.topic.name, one.partition, one.offset, one.error.reason.value)


def _write(path: Path, lines: list[bytes]) -> Part:
    with private(path) as file:
        file.writelines(line + b"\n" for line in lines)
    return Part(path.name, hash_of(path), len(lines))


def _check_part(path: Path, part: Part) -> list[str]:
    if problems := check_hash(path.parent, part.name, part.sha256):
        return problems
    lines = path.read_bytes().count(b"\n")
    return [] if lines == part.lines else [f"{part.name} has {lines} lines, not {part.lines}"]


def _check_names(manifest: Manifest) -> list[str]:
    """There is a file of each ordered topic and one of the chains, and no other."""
    known, expected = exportable(), {CHAIN} | {f"{name}.jsonl" for name in manifest.scope.topics}
    named = [part.name for part in manifest.files]
    return [
        *(
            f"{name} is not a topic of this version"
            for name in manifest.scope.topics
            if name not in known
        ),
        *(f"{name} is not among the files of the manifest" for name in sorted(expected - {*named})),
        *(f"{name} was not ordered" for name in named if name not in expected),
    ]


def _check_content(directory: Path, manifest: Manifest) -> list[str]:
    """Everything lies in the scope, the audit chain of every account holds, and nothing lacks."""
    problems: list[str] = []
    scope, topics = manifest.scope, exportable()
    chains, calls, hashes = Chains(), _Calls(scope.topics), set[str]()
    for link in _read(directory / CHAIN, _read_link, problems):
        chains.follow(link)
        calls.follow(link)
        hashes.add(link.hash)
    audited = Chains()
    for part in manifest.files:
        if part.name == CHAIN:
            continue
        kind = topics[part.name.removesuffix(".jsonl")].record

        def read(raw: bytes, kind: Any = kind) -> Any:
            return msgspec.convert(msgspec.json.decode(raw, type=Line).record, type=kind)

        for record in _read(directory / part.name, read, problems):
            calls.take(record)
            if not scope.covers(record.account_id, _time_of(record)):
                problems.append(f"{part.name}: a record of {record.account_id} is out of scope")
            if kind is AuditRecord:
                audited.add(record)
                if record.hash not in hashes:
                    problems.append(f"audit record {record.audit_id} is not in the chain")
    problems += chains.problems + audited.problems
    lacking = sorted(calls.missing - {*manifest.absent})
    return problems + [f"{what} {called} is called for and missing" for what, called in lacking]


def _read_link(raw: bytes) -> Link:
    return Link(**msgspec.json.decode(raw))


def _read(path: Path, read: Callable[[bytes], Any], problems: list[str]) -> Iterator[Any]:
    """What the lines of a file hold; those that cannot be read are problems."""
    for number, raw in enumerate(path.read_bytes().splitlines(), 1):
        try:
            yield read(raw)
        except (msgspec.MsgspecError, TypeError) as error:
            problems.append(f"{path.name}:{number}: cannot be read: {error}")


def _time_of(record: Any) -> int:
    """Event time of an input or output."""
    if isinstance(record, Verdict):
        return int(record.decided_at)
    return int(getattr(record, "at", None) or record.occurred_at)
