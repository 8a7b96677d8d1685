"""Exports for authorities: statements of reasons, and what an inspection ordered."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Annotated, Any

import msgspec
from fastapi import Body, Path, Query, Request, Response
from msgspec import Struct
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, StreamingResponse

from processors.persons import same_person, says_nothing
from streams.decoded import Unreadable
from streams.errors import ConfigurationError
from streams.gateway.auth import Caller, allow, operations
from streams.gateway.context import gateway_of
from streams.gateway.problems import Problem, describe
from streams.gateway.roles import Role
from streams.gateway.schemas import respond, returns
from streams.inspection import Scope, export, exportable
from streams.logs import get_logger
from streams.sealed import MANIFEST, hash_of
from streams.statements import countries_of, statements_from_topics
from streams.topics import output_topics
from streams.views.store import now_ms

router = operations("exports")
log = get_logger(__name__)

_one_at_a_time = threading.Lock()

LINES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON lines; each is the body of one call to the database.",
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
    }
}
ARCHIVE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A ZIP archive: JSON lines by topic, audit chain, manifest and its seal.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}
Millis = Annotated[int, Limit(ge=0, le=2**53, strict=True)]
Words = Annotated[str, Limit(min_length=1, max_length=256)]


class InspectionOrder(BaseModel):
    """What is ordered: accounts by id, or by its beginning and ``*``; times of events."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "reference": "2026-117",
                "accounts": ["a1"],
                "topics": ["account.verdicts", "account.disposals"],
            }
        },
    )

    reference: Words
    accounts: Annotated[list[Words], Limit(min_length=1, max_length=1_000)]
    topics: Annotated[list[Words], Limit(max_length=50)] = Limit(
        [], description="Logical names; all outputs when it is empty."
    )
    begin: Millis | None = None
    end: Millis | None = Limit(None, description="Exclusive.")


class Ordered(Struct, frozen=True):
    """An order that waits for the approval of somebody else."""

    inspection_id: str
    reference: str
    ordered_by: str
    scope: Scope


@router.get(
    "/v1/exports/statements",
    responses=LINES | describe(401, 403, 422, 429, 503),
    response_class=StreamingResponse,
)
@allow(Role.AUDITOR)
def statements(
    request: Request,
    principal: Caller,
    territory: Annotated[
        str,
        Query(max_length=200, description="EU, EEA, or countries by two letters, with commas."),
    ] = "EU",
) -> StreamingResponse:
    """Statements of reasons in the JSON of the DSA Transparency Database."""
    gateway = gateway_of(request)
    try:
        countries = countries_of(territory)
    except ConfigurationError as error:
        raise Problem(422, "territory must be EU, EEA, or countries of the EEA") from error
    bad: list[Unreadable] = []
    made = statements_from_topics(gateway.settings, gateway.policy, countries, bad.append)
    if bad:
        log.error("no statements: records cannot be read", count=len(bad), first=str(bad[0]))
        raise Problem(
            503,
            f"{len(bad)} records of the topics cannot be read, the first of them {bad[0].place}: "
            "`zhengming export statements --from-topics` names them and leaves them out",
        )
    log.info("statements exported", actor=principal.name)
    return StreamingResponse(_lines(made.bodies()), media_type="application/x-ndjson")


def _lines(bodies: Iterator[object]) -> Iterator[bytes]:
    for body in bodies:
        yield msgspec.json.encode(body) + b"\n"


@router.post(
    "/v1/exports/inspections",
    status_code=201,
    responses=returns(Ordered, "Kept for 7 days, until somebody else approves it.", 201)
    | describe(401, 403, 413, 422, 429, 503),
)
@allow(Role.AUDITOR)
def order(
    request: Request,
    body: Annotated[InspectionOrder, Body()],
    principal: Caller,
) -> Response:
    """Order an export for an inspection; it is made once somebody else approves it."""
    known = exportable()
    if any(name not in known for name in body.topics):
        raise Problem(422, f"topics must be among {', '.join(known)}")
    if says_nothing(body.reference):
        raise Problem(422, "the reference is empty: it stands in the manifest, say it")
    topics = tuple(body.topics or (topic.name for topic in output_topics()))
    ordered = Ordered(
        f"inspection-{secrets.token_hex(8)}",
        body.reference,
        principal.name,
        Scope(tuple(body.accounts), topics, body.begin, body.end),
    )
    gateway_of(request).desk.order(ordered.inspection_id, msgspec.json.encode(ordered))
    log.info("inspection ordered", actor=principal.name, inspection=ordered.inspection_id)
    return respond(ordered, 201)


@router.get(
    "/v1/exports/inspections/{inspection_id}",
    responses=returns(Ordered, "What is ordered.") | describe(401, 403, 404, 422, 429, 503),
)
@allow(Role.AUDITOR)
def ordered(request: Request, inspection_id: Annotated[str, Path(max_length=256)]) -> Response:
    """What was ordered, for whoever is to approve it."""
    return respond(_ordered(request, inspection_id))


@router.post(
    "/v1/exports/inspections/{inspection_id}/approve",
    responses=ARCHIVE | describe(401, 403, 404, 409, 422, 429, 503),
    response_class=FileResponse,
)
@allow(Role.AUDITOR)
def approve(
    request: Request,
    inspection_id: Annotated[str, Path(max_length=256)],
    principal: Caller,
) -> FileResponse:
    """Approve an order of somebody else, and take what it covers, and nothing else."""
    found = _ordered(request, inspection_id)
    if same_person(found.ordered_by, principal.name):
        raise Problem(409, "you ordered it; let somebody else approve it")
    if not _one_at_a_time.acquire(blocking=False):
        raise Problem(503, "another export is being made; try again later", Retry_After="30")
    made = FilePath(tempfile.mkdtemp(prefix="zhengming-export-"))
    try:
        export(
            gateway_of(request).settings,
            found.scope,
            made / inspection_id,
            order=found.reference,
            ordered_by=found.ordered_by,
            approved_by=principal.name,
            at=now_ms(),
        )
        sha256 = hash_of(made / inspection_id / MANIFEST)
        archive = _zip(made / inspection_id)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    finally:
        _one_at_a_time.release()
    log.info("inspection exported", actor=principal.name, inspection=inspection_id, manifest=sha256)
    return FileResponse(
        archive,
        media_type="application/zip",
        filename=f"{inspection_id}.zip",
        headers={"Cache-Control": "no-store"},
        background=BackgroundTask(shutil.rmtree, made, ignore_errors=True),
    )


def _ordered(request: Request, inspection_id: str) -> Ordered:
    kept = gateway_of(request).desk.ordered(inspection_id)
    if kept is None:
        raise Problem(404, "no inspection of this id is ordered")
    return msgspec.json.decode(kept, type=Ordered)


def _zip(directory: FilePath) -> FilePath:
    """The files of a directory in an archive beside it."""
    archive = directory.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(directory.iterdir()):
            out.write(path, f"{directory.name}/{path.name}")
    return archive
