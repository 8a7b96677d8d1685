"""Directives: pauses and overlays for the whole platform, for a time, each in somebody's name."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Path, Request, Response
from msgspec import Struct
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit

from schemas.records import ChangeKind, Field, PlatformDirective, SubjectKind
from streams import control_topics, directives, journal
from streams.errors import ConfigurationError
from streams.gateway.auth import Caller, allow, operations
from streams.gateway.context import gateway_of
from streams.gateway.packs import PackHash, proposed
from streams.gateway.problems import Problem, describe
from streams.gateway.roles import Role
from streams.gateway.schemas import respond, returns
from streams.logs import get_logger
from streams.views.store import now_ms

router = operations("directives")
log = get_logger(__name__)

READERS = (Role.OPERATOR, Role.POLICY, Role.VIEWER, Role.REVIEWER, Role.AUDITOR)
LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999."""

Millis = Annotated[int, Limit(ge=0, le=LATEST, strict=True)]
Words = Annotated[str, Limit(min_length=1, max_length=256)]


class Term(BaseModel):
    """When a directive holds, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"reason": "紧急处置", "ends_at": 4_102_444_800_000}},
    )

    reason: Annotated[str, Limit(min_length=1, max_length=2_000, description="Accounts are told.")]
    ends_at: Millis
    starts_at: Millis | None = Limit(None, description="Now, when it is left out.")
    directive_id: Words | None = Limit(None, description="Made up when it is left out.")


class Pause(Term):
    """Changes that are held for a while; what is empty covers all."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "reason": "主管部门要求暂停昵称修改",
                "ends_at": 4_102_444_800_000,
                "starts_at": 4_102_441_200_000,
                "fields": ["NAME"],
                "accounts": ["example-*"],
            }
        },
    )

    kinds: Annotated[list[ChangeKind], Limit(max_length=10)] = []
    fields: Annotated[list[Field], Limit(max_length=10)] = []
    subjects: Annotated[list[SubjectKind], Limit(max_length=20)] = []
    regions: Annotated[
        list[Words], Limit(max_length=100, description="Kept as the IP labels that show them.")
    ] = []
    accounts: Annotated[list[Words], Limit(max_length=1_000)] = []


class End(BaseModel):
    """When a directive shall end instead: earlier, or later."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {}})

    at: Millis | None = Limit(None, description="Now, when it is left out.")


class Directives(Struct, frozen=True):
    """All directives that were issued, by id; a pack in one is left out."""

    directives: list[PlatformDirective]


@router.get(
    "/v1/directives",
    responses=returns(Directives, "All that were issued.") | describe(401, 403, 429, 503),
)
@allow(*READERS)
def issued(request: Request) -> Response:
    """Directives in force, to come, and over."""
    published = control_topics.read_published(gateway_of(request).settings)
    known = journal.directives(published).values()
    return respond(Directives([_without_content(directive) for directive in known]))


@router.post(
    "/v1/directives/pauses",
    status_code=201,
    responses=returns(PlatformDirective, "Issued.", 201)
    | describe(401, 403, 409, 413, 422, 429, 503),
)
@allow(Role.OPERATOR)
def pause(
    request: Request,
    body: Annotated[Pause, Body()],
    principal: Caller,
) -> Response:
    """Hold what it covers until it ends; then it is decided under the pack in force."""
    begins = now_ms() if body.starts_at is None else body.starts_at
    try:
        directive = directives.pause(
            begins=begins,
            ends=body.ends_at,
            reason=body.reason,
            by=principal.name,
            name=body.directive_id,
            kinds=body.kinds,
            fields=body.fields,
            subjects=body.subjects,
            regions=body.regions,
            accounts=body.accounts,
        )
    except ConfigurationError as error:
        raise Problem(422, str(error)) from error
    return _issue(request, directive)


@router.post(
    "/v1/packs/proposals/{pack_hash}/overlay",
    status_code=201,
    tags=["packs"],
    responses=returns(PlatformDirective, "Issued.", 201)
    | describe(401, 403, 404, 409, 413, 422, 429, 503),
)
@allow(Role.POLICY)
def overlay(
    request: Request,
    pack_hash: PackHash,
    body: Annotated[Term, Body()],
    principal: Caller,
) -> Response:
    """Let a proposed pack decide beside those in force until it ends; never by its author."""
    gateway = gateway_of(request)
    _author, files = proposed(gateway, pack_hash, principal)
    begins = now_ms() if body.starts_at is None else body.starts_at
    try:
        directive = directives.overlay(
            files,
            beside=gateway.policy,
            begins=begins,
            ends=body.ends_at,
            reason=body.reason,
            by=principal.name,
            name=body.directive_id,
        )
    except ConfigurationError as error:
        raise Problem(422, str(error)) from error
    return _issue(request, directive)


@router.post(
    "/v1/directives/{directive_id}/end",
    responses=returns(PlatformDirective, "It ends then.")
    | describe(401, 403, 404, 413, 422, 429, 503),
)
@allow(Role.OPERATOR)
def end(
    request: Request,
    directive_id: Annotated[str, Path(max_length=256)],
    body: Annotated[End, Body()],
    principal: Caller,
) -> Response:
    """Let a directive end now, or at another time than was said."""
    settings = gateway_of(request).settings
    try:
        ended = control_topics.end(settings, directive_id, principal.name, body.at)
    except ConfigurationError as error:
        raise Problem(404, "no directive of this id is in force or to come") from error
    log.info("directive ended", actor=principal.name, directive=directive_id, ends_at=ended.ends_at)
    return respond(_without_content(ended))


def _issue(request: Request, directive: PlatformDirective) -> Response:
    try:
        control_topics.issue(gateway_of(request).settings, directive)
    except ConfigurationError as error:
        raise Problem(
            409, "the id is taken, or the directive does not end after it begins and after now"
        ) from error
    log.info(
        "directive issued",
        actor=directive.issued_by,
        directive=directive.directive_id,
        kind=directive.kind,
        ends_at=directive.ends_at,
    )
    return respond(_without_content(directive), 201)


def _without_content(directive: PlatformDirective) -> PlatformDirective:
    return replace(directive, content=None)
