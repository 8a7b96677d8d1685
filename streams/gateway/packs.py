"""Policy packs: what is in force, and what is wrong with, or different in, another one."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Body, Request, Response
from msgspec import Struct
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit

from processors.policy import Message, Pack, lint_pack, load_pack
from processors.policy.problems import PackError
from schemas.records import Decision, Field, RuleMode
from streams.gateway.auth import allow
from streams.gateway.context import gateway_of
from streams.gateway.problems import Problem, describe
from streams.gateway.roles import Role
from streams.gateway.schemas import respond, returns
from streams.packs import find_pack

router = APIRouter(tags=["packs"])

FILES = 200
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
    mode: RuleMode
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


class Packs(Struct, frozen=True):
    """The packs in force."""

    packs: list[PackLine]


class Linted(Struct, frozen=True):
    """What is wrong with a pack; nothing where the list is empty."""

    problems: list[ProblemLine]


class Changed(Struct, frozen=True):
    """A part of the pack that differs: a rule, or a group of terms."""

    part: str
    before: str | None
    after: str | None


class Difference(Struct, frozen=True):
    """What another pack would change."""

    version: str
    hash: str
    changes: list[Changed]


@router.get(
    "/v1/packs",
    responses=returns(Packs, "The packs in force.") | describe(401, 403, 429),
    dependencies=[allow(*READERS)],
    response_class=Response,
)
def packs(request: Request) -> Response:
    """The packs in force, with their rules."""
    gateway = gateway_of(request)
    return respond(Packs([line_of(gateway.policy.pack, find_pack(gateway.settings.pack))]))


@router.post(
    "/v1/packs/validate",
    responses=returns(Linted, "What is wrong with it.") | describe(401, 403, 413, 422, 429),
    dependencies=[allow(Role.POLICY)],
    response_class=Response,
)
def validate(body: Annotated[Files, Body()]) -> Response:
    """Lint a pack and run its own tests; nothing is published."""
    return respond(Linted(_problems(body.content())))


@router.post(
    "/v1/packs/diff",
    responses=returns(Difference, "What differs from the pack in force.")
    | describe(401, 403, 413, 422, 429),
    dependencies=[allow(Role.POLICY)],
    response_class=Response,
)
def difference(request: Request, body: Annotated[Files, Body()]) -> Response:
    """What a pack would change in rules and terms of the one in force."""
    try:
        pack = load_pack(body.content())
    except PackError as error:
        raise Problem(422, f"the pack cannot be used: {error}") from error
    return respond(
        Difference(pack.version, pack.hash, compare(gateway_of(request).policy.pack, pack))
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


def compare(before: Pack, after: Pack) -> list[Changed]:
    """Rules and terms that are new, gone, or other."""
    old, new = _parts(before), _parts(after)
    return [
        Changed(part, old.get(part), new.get(part))
        for part in sorted(old.keys() | new.keys())
        if old.get(part) != new.get(part)
    ]


def _parts(pack: Pack) -> dict[str, str]:
    terms = {
        "credit": pack.credit,
        "ladder": pack.ladder,
        "review": pack.review,
        "complaints": pack.complaints,
        "report": pack.report,
        "duties": pack.duties,
    }
    parts = {**terms, **{f"rule {rule.id}": rule for rule in pack.rules}}
    return {name: msgspec.json.encode(part).decode() for name, part in parts.items()}


def _problems(files: dict[str, bytes]) -> list[ProblemLine]:
    return [ProblemLine(p.file, p.line, p.code, p.message) for p in lint_pack(files)]
