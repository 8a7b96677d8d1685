"""What goes on over all accounts: counts by minute, queues, the report outbox, live events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from fastapi import Query, Request, Response
from msgspec import Struct, structs
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import StreamingResponse

from schemas.records import Disposal
from streams.gateway.auth import Caller, allow, operations, probe, public
from streams.gateway.context import Gateway, gateway_of
from streams.gateway.problems import describe
from streams.gateway.roles import Principal, Role
from streams.gateway.schemas import respond, returns
from streams.views.documents import ReportLine
from streams.views.reader import Work
from streams.views.store import now_ms

router = operations("overview")

SILENCE_S = 10.0
"""An event stream is never silent for longer: proxies close what is."""
WATCHERS = (Role.VIEWER, Role.REVIEWER, Role.POLICY, Role.OPERATOR, Role.AUDITOR)
REPORT_READERS = (Role.AUDITOR, Role.OPERATOR)

EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: `Verdict`, `Disposal`, `Escalation`, `left-out`.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


class Minute(Struct, frozen=True):
    """Counts of one minute, by what is counted."""

    at: int
    counts: dict[str, int]


class Traffic(Struct, frozen=True):
    """Counts by minute, oldest first; levels; what waits."""

    minutes: list[Minute]
    levels: dict[str, int]
    work: dict[str, Work]


class Reports(Struct, frozen=True):
    """A part of the report outbox, what is due first first."""

    items: list[ReportLine]


class Told(Struct, frozen=True):
    """Whether all is well, and what is not."""

    ok: bool
    problems: list[str]


@router.get(
    "/v1/traffic",
    responses=returns(Traffic, "Counts.") | describe(401, 403, 422, 429, 503),
)
@allow(*WATCHERS)
def traffic(request: Request, minutes: Annotated[int, Query(ge=1, le=1_440)] = 60) -> Response:
    """Counts of the last minutes, by decision, rule, pack, disposal, escalation and complaint."""
    return respond(traffic_of(gateway_of(request), minutes))


def traffic_of(gateway: Gateway, minutes: int) -> Traffic:
    """Counts of the last minutes."""
    now, views = now_ms(), gateway.views
    counted = [Minute(at, counts) for at, counts in views.minutes(now, minutes)]
    return Traffic(counted, views.levels(), views.work(now))


@router.get(
    "/v1/reports",
    responses=returns(Reports, "What is to be reported.") | describe(401, 403, 422, 429, 503),
)
@allow(*REPORT_READERS)
def reports(
    request: Request,
    start: Annotated[int, Query(ge=0, le=10_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    due_from: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """The report outbox from a due time on, what is due first first."""
    return respond(Reports(gateway_of(request).views.reports(start, limit, due_from)))


@router.get(
    "/v1/live",
    responses=EVENTS | describe(401, 403, 429),
    response_class=StreamingResponse,
)
@allow(*WATCHERS)
async def live(request: Request, principal: Caller) -> StreamingResponse:
    """Verdicts, disposals and escalations as they come. What a slow reader misses is counted.

    It ends with the token by which it was opened.
    """
    gateway = gateway_of(request)
    return StreamingResponse(
        _events(gateway, request, principal),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store"},
    )


async def _events(gateway: Gateway, request: Request, principal: Principal) -> AsyncIterator[bytes]:
    watched, told = gateway.answers.watch(), 0
    try:
        yield b": begin\n\n"
        while not await request.is_disconnected():
            records: list[Any] = await watched.take(SILENCE_S)
            if not principal.lasts():
                return
            if watched.left_out > told:
                yield _event("left-out", {"count": watched.left_out - told})
                told = watched.left_out
            for record in records:
                yield _event(type(record).__name__, _without_value(record))
            if not records:
                yield b": still here\n\n"
    finally:
        gateway.answers.unwatch(watched)


def _without_value(record: Any) -> Any:
    """A disposal offers a value to be restored: that is for the executor alone."""
    if isinstance(record, Disposal):
        return structs.replace(record, rollback_value=None)
    return record


def _event(name: str, record: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(record) + b"\n\n"


@router.get("/v1/openapi.json", include_in_schema=False)
@public()
async def description(request: Request) -> Response:
    """The description of all operations."""
    return respond(request.app.openapi())


@router.get("/health", responses=returns(Told, "It works."), response_class=Response)
@probe()
async def health() -> Response:
    """Whether the process answers."""
    return respond(Told(True, []))


@router.get(
    "/ready",
    responses=returns(Told, "It serves.") | returns(Told, "It does not serve yet.", 503),
)
@probe()
def ready(request: Request) -> Response:
    """Whether it serves: answers are read and the views are fed."""
    told = gateway_of(request).readiness()
    return respond(Told(told.ok, list(told.problems)), 200 if told.ok else 503)


@router.get(
    "/metrics",
    responses={200: {"description": "Prometheus metrics.", "content": {"text/plain": {}}}},
)
@probe()
def metrics(request: Request) -> Response:
    """Metrics for Prometheus; no label carries an account or a person."""
    return Response(
        generate_latest(gateway_of(request).metrics.registry), media_type=CONTENT_TYPE_LATEST
    )
