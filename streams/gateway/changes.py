"""Changes and registrations: published, and answered with what the stream decided."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Body, Header, Path, Request, Response
from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field

from processors.validation import InputRecord
from schemas.records import AccountChange, ChangeKind, Decision, Phase, SubjectKind, Verdict
from streams.gateway.answers import Answer, Refused
from streams.gateway.auth import Caller, allow, operations
from streams.gateway.context import Gateway, gateway_of
from streams.gateway.problems import Problem, describe
from streams.gateway.repeats import Asked, Matter
from streams.gateway.roles import Principal, Role
from streams.gateway.schemas import respond, returns
from streams.logs import get_logger
from streams.views.documents import VerdictLine
from streams.views.fold import verdict_line
from streams.views.store import now_ms

router = operations("changes")
log = get_logger(__name__)

AccountId = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00]")]
Text = Annotated[str | None, Field(max_length=20_000)]
Short = Annotated[str | None, Field(max_length=256)]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Repeats of a request with the same key and body take effect once.",
    ),
]


class Values(BaseModel):
    """The watched fields; null leaves one as it is, an empty text clears it."""

    model_config = ConfigDict(extra="forbid")

    account_id: AccountId
    phase: Phase = Field(
        Phase.PROPOSED, description="PROPOSED waits for the verdict; APPLIED is live already."
    )
    subject: SubjectKind | None = None
    name: Text = None
    avatar: Text = None
    cover: Text = None
    bio: Text = None
    signature: Text = None
    badge: Text = None
    owner_token: Short = Field(None, description="Keyed token of the owner's identity.")
    agreement_version: Short = None
    language: Short = None
    ip_region: Short = None
    occurred_at: int | None = Field(
        None, ge=0, le=32_503_679_999_999, description="Milliseconds; now when left out."
    )


class Change(Values):
    """An edit, a change of owner, or a cancellation."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"account_id": "a1", "bio": "加V信 demo_12345 领取资料"}},
    )

    # The title keeps generated clients from calling it as they call the kinds of all changes.
    kind: Literal["EDIT", "OWNER_CHANGE", "CANCELLATION"] = Field("EDIT", title="Asked kind")


class Registration(Values):
    """A new account."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "account_id": "a1",
                "subject": "INDIVIDUAL",
                "name": "林小鱼",
                "agreement_version": "2026-01",
            }
        },
    )


class Pending(Struct, frozen=True):
    """The input is in the stream; the answer is not there yet."""

    account_id: str
    event_id: str
    status_url: str


class Decided(Struct, frozen=True):
    """The verdicts on a change that are known, newest last; ``decision`` is that of the last."""

    account_id: str
    event_id: str
    decision: Decision
    verdicts: list[VerdictLine]


async def submit(gateway: Gateway, record: InputRecord, wait: bool = True) -> Answer | None:
    """Publish an input and wait for its answer; None when it did not come in time.

    Raises `Problem` 422 when the stream sets it aside.
    """
    waiting = gateway.answers.expect(record.account_id, record.event_id)
    try:
        origin = await gateway.inputs.publish(record)
        if not wait or not gateway.settings.gateway_wait_ms:
            return None
        gateway.answers.placed(waiting, origin)
        within = gateway.settings.gateway_wait_ms / 1_000
        answer = await asyncio.wait_for(waiting.future, within)
    except TimeoutError:
        return None
    finally:
        gateway.answers.forget(waiting)
    if isinstance(answer, Refused):
        raise Problem(422, f"the stream set it aside: {answer.reason}, {answer.detail}")
    return answer


def status_url(account_id: str, event_id: str) -> str:
    """Where the verdicts on a change are told."""
    return f"/v1/changes/{quote(account_id, safe='')}/{quote(event_id, safe='')}"


ANSWERS: dict[int | str, dict[str, Any]] = (
    returns(Decided, "What the stream decided.")
    | returns(Pending, "In the stream; ask again at `status_url`.", 202)
    | describe(401, 403, 413, 422, 429, 503)
)


@router.post("/v1/changes", responses=ANSWERS)
@allow(Role.SERVICE)
async def change(
    request: Request,
    body: Annotated[Change, Body()],
    principal: Caller,
    key: Key = None,
) -> Response:
    """Publish a change and answer with the stream's verdict on it."""
    return await _publish(request, body, ChangeKind(body.kind), principal, key)


@router.post("/v1/registrations", responses=ANSWERS)
@allow(Role.SERVICE)
async def register(
    request: Request,
    body: Annotated[Registration, Body()],
    principal: Caller,
    key: Key = None,
) -> Response:
    """Publish a registration and answer with the stream's verdict on it."""
    return await _publish(request, body, ChangeKind.REGISTRATION, principal, key)


@router.get(
    "/v1/changes/{account_id}/{event_id}",
    responses=returns(Decided, "The verdicts so far.")
    | returns(Pending, "No verdict is known yet.", 202)
    | describe(401, 403, 422, 429, 503),
)
@allow(Role.SERVICE, Role.VIEWER, Role.REVIEWER, Role.AUDITOR)
def status(
    request: Request,
    account_id: Annotated[str, Path(max_length=256)],
    event_id: Annotated[str, Path(max_length=256)],
) -> Response:
    """The verdicts on a change, of the last twenty of its account."""
    known = _decided(gateway_of(request), account_id, event_id)
    if known is None:
        return respond(Pending(account_id, event_id, status_url(account_id, event_id)), 202)
    return respond(known)


async def _publish(
    request: Request, body: Values, kind: ChangeKind, principal: Principal, key: str | None
) -> Response:
    gateway, asked = gateway_of(request), Asked(request, body, principal, key)
    event_id = asked.event_id
    at = now_ms() if body.occurred_at is None else body.occurred_at
    matter, new = await asked.first(Matter(body.account_id, at))
    if not new:
        known = await asyncio.to_thread(_decided, gateway, body.account_id, event_id)
        if known is not None:
            return respond(known, 200, Idempotent_Replayed="true")
    values = body.model_dump(exclude={"kind", "occurred_at"})
    record = AccountChange(event_id=event_id, kind=kind, occurred_at=matter.at, **values)
    answer = await submit(gateway, record)
    log.info(
        "published",
        operation=kind,
        actor=principal.name,
        account=record.account_id,
        event_id=event_id,
        decision=getattr(answer, "decision", None),
    )
    if answer is None:
        url = status_url(record.account_id, event_id)
        return respond(Pending(record.account_id, event_id, url), 202, Location=url)
    assert isinstance(answer, Verdict)  # of a change nothing else comes
    line = verdict_line(answer)
    return respond(Decided(record.account_id, event_id, line.decision, [line]))


def _decided(gateway: Gateway, account_id: str, event_id: str) -> Decided | None:
    """The verdicts on a change that the views know; None where they know none."""
    document = gateway.views.account(account_id)
    verdicts = [v for v in document.verdicts if v.event_id == event_id] if document else []
    return Decided(account_id, event_id, verdicts[-1].decision, verdicts) if verdicts else None
