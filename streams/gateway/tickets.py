"""Complaints, open to everybody, and appeals of account holders, which their platform hands on."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import Body, Path, Request, Response
from msgspec import Struct
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit

from schemas.records import AccountAppeal, AccountComplaint, ComplaintCategory, Field
from streams.gateway.auth import Caller, allow, operations, public
from streams.gateway.changes import AccountId, Key, Short
from streams.gateway.context import Gateway, gateway_of
from streams.gateway.problems import Problem, describe
from streams.gateway.repeats import Asked, Matter, replayed
from streams.gateway.roles import Principal, Role
from streams.gateway.schemas import respond, returns
from streams.logs import get_logger
from streams.views.documents import AccountView, ComplaintLine
from streams.views.store import now_ms

router = operations("complaints and appeals")
log = get_logger(__name__)

Statement = Annotated[str | None, Limit(max_length=2_000)]


class Complaint(BaseModel):
    """A complaint against an account."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "account_id": "a1",
                "category": "CONTACTS",
                "field": "BIO",
                "statement": "简介里留了联系方式",
                "language": "zh",
            }
        },
    )

    account_id: AccountId
    category: ComplaintCategory
    field: Field | None = None
    statement: Statement = None
    language: Short = None


class Appeal(BaseModel):
    """An appeal of the account holder against a measure."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "account_id": "a1",
                "measure_id": "m1",
                "statement": "我已改正",
                "language": "zh",
            }
        },
    )

    account_id: AccountId
    measure_id: Annotated[str, Limit(min_length=1, max_length=256)]
    statement: Statement = None
    language: Short = None


class Receipt(Struct, frozen=True):
    """A ticket was taken in; keep its id."""

    account_id: str
    ticket_id: str
    received_at: int
    status_url: str | None = None


@router.post(
    "/v1/complaints",
    status_code=201,
    responses=returns(Receipt, "Taken in.", 201) | describe(401, 413, 422, 429, 503),
)
@public()
async def complain(
    request: Request,
    body: Annotated[Complaint, Body()],
    principal: Caller,
    key: Key = None,
) -> Response:
    """Complain about an account. Everybody may, some times a minute."""
    # Of nobody a key is no name: two strangers may choose the same one.
    asked = Asked(request, body, principal, key if principal.roles else None)
    ticket_id = "c-" + asked.event_id[3:]
    matter, new = await asked.first(Matter(body.account_id, now_ms()))
    record = AccountComplaint(
        event_id=asked.event_id,
        occurred_at=matter.at,
        complaint_id=ticket_id,
        **body.model_dump(),
    )
    await _take_in(gateway_of(request), record, ticket_id, principal, new)
    url = f"/v1/complaints/{quote(body.account_id, safe='')}/{ticket_id}"
    receipt = Receipt(body.account_id, ticket_id, matter.at, url)
    return respond(receipt, 201, Location=url, **replayed(not new))


@router.get(
    "/v1/complaints/{account_id}/{ticket_id}",
    responses=returns(ComplaintLine, "Its state.") | describe(401, 404, 422, 429, 503),
)
@public()
def complaint(
    request: Request,
    account_id: Annotated[str, Path(max_length=256)],
    ticket_id: Annotated[str, Path(max_length=256)],
) -> Response:
    """The state of a complaint, for whoever has its receipt."""
    document = gateway_of(request).views.account(account_id)
    for line in document.complaints if document else ():
        if line.complaint_id == ticket_id:
            return respond(line)
    raise Problem(404, "no such complaint is known yet, or it was settled long ago")


@router.post(
    "/v1/appeals",
    status_code=201,
    responses=returns(Receipt, "Taken in.", 201) | describe(401, 403, 413, 422, 429, 503),
)
@allow(Role.SERVICE)
async def appeal(
    request: Request,
    body: Annotated[Appeal, Body()],
    principal: Caller,
    key: Key = None,
) -> Response:
    """Hand on an appeal against a measure."""
    asked = Asked(request, body, principal, key)
    ticket_id = "a-" + asked.event_id[3:]
    matter, new = await asked.first(Matter(body.account_id, now_ms()))
    record = AccountAppeal(
        event_id=asked.event_id,
        occurred_at=matter.at,
        appeal_id=ticket_id,
        **body.model_dump(),
    )
    await _take_in(gateway_of(request), record, ticket_id, principal, new)
    return respond(Receipt(body.account_id, ticket_id, matter.at), 201, **replayed(not new))


async def _take_in(
    gateway: Gateway,
    record: AccountComplaint | AccountAppeal,
    ticket_id: str,
    principal: Principal,
    new: bool,
) -> None:
    """Publish a ticket, unless it is a repetition of one that is known."""
    if not new and await asyncio.to_thread(_is_known, gateway, record.account_id, ticket_id):
        return
    await gateway.inputs.publish(record)
    log.info(
        "published",
        operation="complaint" if isinstance(record, AccountComplaint) else "appeal",
        actor=principal.name,
        account=record.account_id,
        event_id=record.event_id,
    )


def _is_known(gateway: Gateway, account_id: str, ticket_id: str) -> bool:
    document = gateway.views.account(account_id) or AccountView(account_id)
    return any(line.ticket_id == ticket_id for line in (*document.tickets, *document.appeals))
