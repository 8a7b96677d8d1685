"""Policy packs: what is in force, and what is wrong with, or different in, another one."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from fastapi import Body, Path, Request, Response
from msgspec import Struct
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit

from processors.persons import same_person
from processors.policy import Detector, Message, Pack, advise, lint_pack, load_pack
from processors.policy.difference import LISTS, TERMS, WAYS
from processors.policy.loader import content_hash
from processors.policy.model import KnownImage, Mode
from processors.policy.problems import PackError
from processors.text import Entry
from processors.text.entry import written
from schemas.records import Decision, Field, PackMode, PolicyPack
from streams import control_topics
from streams.errors import ConfigurationError
from streams.gateway.auth import Caller, allow, operations
from streams.gateway.context import Gateway, gateway_of
from streams.gateway.problems import Problem, describe
from streams.gateway.roles import Principal, Role
from streams.gateway.schemas import respond, returns
from streams.logs import get_logger
from streams.packs import archive, unarchive

router = operations("packs")
log = get_logger(__name__)

FILES = 200
PackHash = Annotated[str, Path(min_length=64, max_length=64, pattern="^[0-9a-f]{64}$")]
READERS = (Role.POLICY, Role.VIEWER, Role.REVIEWER, Role.OPERATOR, Role.AUDITOR)


class Files(BaseModel):
    """The files of a pack by their names relative to its directory."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"files": {"pack.yaml": "id: mine\nversion: 0.1.0\n"}}},
    )

    files: dict[Annotated[str, Limit(max_length=200)], str] = Limit(min_length=1, max_length=FILES)

    def content(self) -> dict[str, bytes]:
        """The files as bytes. Raises `Problem` 422."""
        try:
            return {name: text.encode() for name, text in self.files.items()}
        except UnicodeEncodeError as error:
            raise Problem(422, "a file is not valid Unicode") from error


class RuleLine(Struct, frozen=True):
    """A rule in short."""

    id: str
    obligation: str
    article: str
    mode: Mode
    decision: Decision
    fields: tuple[Field, ...]
    message: Message


class ProblemLine(Struct, frozen=True):
    """A problem of a pack."""

    file: str
    line: int
    code: str
    message: str


class PackLine(Struct, frozen=True):
    """A pack as it is in force, and what lint says of it."""

    id: str
    version: str
    hash: str
    title: Message
    rules: list[RuleLine]
    problems: list[ProblemLine]


class PublishedLine(Struct, frozen=True):
    """A pack that was put in force, or retired, for all workers."""

    pack_id: str
    pack_version: str
    pack_hash: str
    mode: PackMode
    published_at: int
    published_by: str
    author: str | None


class Packs(Struct, frozen=True):
    """The packs in force, and what was published, newest last."""

    packs: list[PackLine]
    published: list[PublishedLine]


class Linted(Struct, frozen=True):
    """What is wrong with a pack; nothing where the list is empty.

    ``advice`` is what may not be meant in a sound one; it keeps it from nothing.
    """

    problems: list[ProblemLine]
    advice: list[ProblemLine]


class Changed(Struct, frozen=True):
    """A part of the pack that differs: a rule, a detector, or a group of terms.

    Of the lists of a detector either side has what the other has not.
    """

    part: str
    before: str | None
    after: str | None


class Proposal(Struct, frozen=True):
    """A sound pack that somebody else may put in force."""

    pack_id: str
    pack_version: str
    pack_hash: str
    author: str
    changes: list[Changed]


class Difference(Struct, frozen=True):
    """What another pack would change."""

    version: str
    hash: str
    changes: list[Changed]


@router.get(
    "/v1/packs",
    responses=returns(Packs, "The packs in force.") | describe(401, 403, 429, 503),
)
@allow(*READERS)
def packs(request: Request) -> Response:
    """The packs in force, with their rules."""
    gateway = gateway_of(request)
    return respond(packs_of(gateway))


def packs_of(gateway: Gateway) -> Packs:
    """The packs in force, and what was published."""
    records = [item.record for item in control_topics.read_published(gateway.settings)]
    published = [record for record in records if isinstance(record, PolicyPack)]
    lines = [line_of(part, _files_of(gateway, part, published)) for part in _in_force(gateway)]
    return Packs(lines, [_line(record) for record in published])


def _in_force(gateway: Gateway) -> tuple[Pack, ...]:
    """The packs in force, each by itself."""
    pack = gateway.policy.pack
    return pack.parts or (pack,)


def _files_of(gateway: Gateway, pack: Pack, published: Iterable[PolicyPack]) -> dict[str, bytes]:
    """The files of a pack in force: as configured, or as published; none where they are gone."""
    if pack.hash in gateway.files:
        return gateway.files[pack.hash]
    for record in published:
        if record.pack_hash == pack.hash and record.content:
            with suppress(ConfigurationError):  # one that cannot be read puts nothing in force
                files = unarchive(record.content)
                if content_hash(files) == pack.hash:
                    return files
    return {}


@router.post(
    "/v1/packs/validate",
    responses=returns(Linted, "What is wrong with it.") | describe(401, 403, 413, 422, 429),
)
@allow(Role.POLICY)
def validate(body: Annotated[Files, Body()]) -> Response:
    """Lint a pack and run its own tests; nothing is published."""
    files = body.content()
    advice = advise(files, time.time_ns() // 1_000_000)
    return respond(
        Linted(
            _problems(files),
            [ProblemLine(one.file, one.line, one.code, one.message) for one in advice],
        )
    )


@router.post(
    "/v1/packs/diff",
    responses=returns(Difference, "What differs from the pack in force.")
    | describe(401, 403, 413, 422, 429),
)
@allow(Role.POLICY)
def difference(request: Request, body: Annotated[Files, Body()]) -> Response:
    """What a pack would change in rules and terms of the one of its id that is in force."""
    pack = _sound(body.content())
    return respond(Difference(pack.version, pack.hash, _changes(gateway_of(request), pack)))


@router.post(
    "/v1/packs/proposals",
    status_code=201,
    responses=returns(Proposal, "Kept for 30 days.", 201) | describe(401, 403, 413, 422, 429, 503),
)
@allow(Role.POLICY)
def propose(
    request: Request,
    body: Annotated[Files, Body()],
    principal: Caller,
) -> Response:
    """Propose a pack: whoever does is its author, and somebody else may put it in force."""
    gateway, files = gateway_of(request), body.content()
    pack = _sound(files)
    author = gateway.desk.propose(pack.hash, principal.name, archive(files))
    log.info("pack proposed", actor=principal.name, pack=pack.id, hash=pack.hash)
    changes = _changes(gateway, pack)
    return respond(Proposal(pack.id, pack.version, pack.hash, author, changes), 201)


@router.post(
    "/v1/packs/proposals/{pack_hash}/activate",
    responses=returns(PublishedLine, "In force for all workers from now on.")
    | describe(401, 403, 404, 409, 422, 429, 503),
)
@allow(Role.POLICY)
def activate(
    request: Request,
    pack_hash: PackHash,
    principal: Caller,
) -> Response:
    """Put a proposed pack in force for all workers; never by its author."""
    gateway = gateway_of(request)
    author, files = proposed(gateway, pack_hash, principal)
    record = _activate(gateway, files, principal, author, shadow=False)
    log.info("pack put in force", actor=principal.name, pack=record.pack_id, hash=pack_hash)
    return respond(_line(record))


@router.post(
    "/v1/packs/proposals/{pack_hash}/shadow",
    responses=returns(PublishedLine, "Judged by from now on, without consequence.")
    | describe(401, 403, 404, 422, 429, 503),
)
@allow(Role.POLICY)
def shadow(
    request: Request,
    pack_hash: PackHash,
    principal: Caller,
) -> Response:
    """Judge by a proposed pack beside the others without consequence, until it is retired.

    It has its id with `.shadow`; its author may do so as well.
    """
    gateway = gateway_of(request)
    author, files = proposed(gateway, pack_hash)
    record = _activate(gateway, files, principal, author, shadow=True)
    log.info("pack put in shadow", actor=principal.name, pack=record.pack_id, hash=pack_hash)
    return respond(_line(record))


@router.post(
    "/v1/packs/{pack_id}/retire",
    responses=returns(PublishedLine, "The pack before it decides.")
    | describe(401, 403, 404, 422, 429, 503),
)
@allow(Role.POLICY)
def retire(
    request: Request,
    pack_id: Annotated[str, Path(max_length=256)],
    principal: Caller,
) -> Response:
    """Take a pack out of force."""
    try:
        record = control_topics.retire(gateway_of(request).settings, pack_id, principal.name)
    except ConfigurationError as error:
        raise Problem(404, "no pack of this id was put in force") from error
    log.info("pack retired", actor=principal.name, pack=pack_id)
    return respond(_line(record))


def proposed(
    gateway: Gateway, pack_hash: str, by: Principal | None = None
) -> tuple[str, dict[str, bytes]]:
    """Author and files of a proposed pack that ``by``, never its author, wants to put in force.

    Raises `Problem` 404 where there is none, 409 for its author.
    """
    proposal = gateway.desk.proposal(pack_hash)
    if proposal is None:
        raise Problem(404, "no pack of this hash is proposed")
    author, content = proposal
    if by is not None and same_person(author, by.name):
        raise Problem(409, "you proposed it; let somebody else put it in force")
    return author, unarchive(content)


def _activate(
    gateway: Gateway, files: dict[str, bytes], by: Principal, author: str, *, shadow: bool
) -> PolicyPack:
    """Raises `Problem` 422 where it is not sound, or does not fit beside what is in force."""
    try:
        return control_topics.activate(
            gateway.settings, files, by.name, author, beside=gateway.policy, shadow=shadow
        )
    except ConfigurationError as error:
        raise Problem(422, str(error)) from error


def _sound(files: dict[str, bytes]) -> Pack:
    """The pack of these files. Raises `Problem` 422."""
    try:
        return load_pack(files)
    except PackError as error:
        raise Problem(422, f"the pack cannot be used: {error}") from error


def _line(record: PolicyPack) -> PublishedLine:
    return PublishedLine(
        record.pack_id,
        record.pack_version,
        record.pack_hash,
        record.mode,
        record.published_at,
        record.published_by,
        record.author,
    )


def line_of(pack: Pack, files: dict[str, bytes]) -> PackLine:
    """A pack in short, with what lint says of its files."""
    rules = [
        RuleLine(
            rule.id,
            rule.obligation,
            rule.article,
            rule.mode,
            rule.decision,
            rule.fields,
            rule.message,
        )
        for rule in pack.rules
    ]
    return PackLine(pack.id, pack.version, pack.hash, pack.title, rules, _problems(files))


def _changes(gateway: Gateway, pack: Pack) -> list[Changed]:
    """What a pack would change; one whose id is not in force takes nobody's place: all is new."""
    return compare(next((one for one in _in_force(gateway) if one.id == pack.id), None), pack)


def compare(before: Pack | None, after: Pack) -> list[Changed]:
    """Rules, detectors and terms that are new, gone, or other."""
    old, new = _parts(before) if before else {}, _parts(after)
    changes = (
        Changed(part, _told(old.get(part), new.get(part)), _told(new.get(part), old.get(part)))
        for part in sorted(old.keys() | new.keys())
    )
    return [change for change in changes if change.before != change.after]


def _parts(pack: Pack) -> dict[str, Any]:
    return {
        **{name: getattr(pack, name) for name in TERMS},
        **{f"detector {detector.name}": detector for detector in pack.detectors},
        **{f"rule {rule.id}": rule for rule in pack.rules},
    }


def _told(part: Any, other: Any) -> str | None:
    """A part as JSON, a detector without what the ``other`` has in its lists; None for none."""
    if part is None:
        return None
    told = _searched(part, other) if isinstance(part, Detector) else part
    return msgspec.json.encode(told).decode()


def _searched(detector: Detector, other: Detector | None) -> dict[str, Any]:
    told = {name: getattr(detector, name) for name in WAYS}
    for name in LISTS:
        known = set(getattr(other, name, ()))
        told[name] = [_entry(one) for one in getattr(detector, name) if one not in known]
    return told


def _entry(one: Entry | KnownImage | str) -> str:
    if isinstance(one, KnownImage):
        return f"{one.hash:064x} {one.name} ({one.tag})"
    return written(one) if isinstance(one, Entry) else one


def _problems(files: dict[str, bytes]) -> list[ProblemLine]:
    return list(_lint(tuple(sorted(files.items()))))


@lru_cache(maxsize=8)
def _lint(files: tuple[tuple[str, bytes], ...]) -> tuple[ProblemLine, ...]:
    """What lint says; remembered, since it runs the pack's own tests, and pages ask each time."""
    return tuple(ProblemLine(p.file, p.line, p.code, p.message) for p in lint_pack(dict(files)))
