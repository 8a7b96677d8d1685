"""Errors as ``application/problem+json`` (RFC 9457): what is wrong, where, and what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from redis import RedisError
from starlette.exceptions import HTTPException

from schemas.errors import RegistryUnavailable
from streams.errors import BrokerUnreachable
from streams.logs import get_logger

MEDIA = "application/problem+json"
log = get_logger(__name__)

AWAY = (RedisError, BrokerUnreachable, RegistryUnavailable)
"""What is raised where Redis, Kafka or the schema registry does not answer: 503, here and on the
pages."""


class Place(BaseModel):
    """A part of the request that is wrong."""

    where: str = Field(examples=["body.items.0.name"])
    problem: str = Field(examples=["Field required"])


class ProblemBody(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["account_id is empty"])
    errors: list[Place] = []


class Problem(Exception):
    """An answer that is an error. ``detail`` never quotes a value of the request."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def answer(
    status: int,
    detail: str,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The response of a problem."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    return Response(msgspec.json.encode(body), status, headers, MEDIA)


def describe(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems an operation may answer with, for its OpenAPI description."""
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in statuses
    }


def add_handlers(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""

    async def problem(_: Request, error: Any) -> Response:
        return answer(error.status, error.detail, headers=error.headers)

    async def invalid(_: Request, error: Any) -> Response:
        # Only places and messages: the input that pydantic would quote may be personal.
        places = [
            {"where": ".".join(map(str, e["loc"])), "problem": _without_input(e)}
            for e in error.errors()
        ]
        return answer(422, f"{len(places)} parts of the request are wrong", places)

    async def http(_: Request, error: Any) -> Response:
        detail = {404: "there is nothing at this address", 405: "not with this method"}
        headers = dict(error.headers or {})
        return answer(
            error.status_code, detail.get(error.status_code, str(error.detail)), None, headers
        )

    async def no_redis(_: Request, error: Any) -> Response:
        log.warning("Redis does not answer", error=type(error).__name__)
        return answer(503, "the views do not answer; try again later", None, {"Retry-After": "5"})

    async def no_stream(_: Request, error: Any) -> Response:
        log.warning("Kafka or the schema registry does not answer", error=str(error))
        return answer(
            503, "the stream does not answer; try again later", None, {"Retry-After": "5"}
        )

    async def unforeseen(request: Request, error: Any) -> Response:
        # Without its path, which holds account ids: the traceback names the operation.
        log.error(
            "request failed", method=request.method, error=type(error).__name__, exc_info=error
        )
        return answer(500, "an error nobody foresaw; it is in the gateway's log")

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RedisError, no_redis)
    app.add_exception_handler(BrokerUnreachable, no_stream)
    app.add_exception_handler(RegistryUnavailable, no_stream)
    app.add_exception_handler(Exception, unforeseen)


def _without_input(error: Any) -> str:
    if error["type"] == "json_invalid":
        return "not valid JSON"
    return str(error["msg"])
