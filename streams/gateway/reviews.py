"""The desk of the reviewers: what waits, with its evidence; claims; and rulings.

A ruling is an input like any other: the stream carries it out, holds two different reviewers apart
in a strict review, and says in its audit record what came of it.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal, Self

from fastapi import Body, Path, Query, Request, Response
from msgspec import Struct
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Limit

from processors.accounts.rulings import NOTED, NOTHING, REASON_GIVEN, head
from schemas.records import (
    AccountChange,
    AccountRuling,
    AuditKind,
    AuditRecord,
    EscalationKind,
    Field,
    Finding,
    MeasureStep,
    Phase,
    RulingAction,
)
from streams.gateway.accounts import Standing, change_of, known, texts_of, values_of
from streams.gateway.auth import Caller, allow, operations
from streams.gateway.changes import Key, submit
from streams.gateway.context import Gateway, gateway_of
from streams.gateway.originals import Sought
from streams.gateway.problems import Problem, describe
from streams.gateway.repeats import Asked, Matter, drawn_id, replayed
from streams.gateway.roles import Principal, Role
from streams.gateway.schemas import respond, returns
from streams.logs import get_logger
from streams.views.documents import (
    AccountView,
    AuditLine,
    EscalationLine,
    MeasureLine,
    TicketLine,
    VerdictLine,
)
from streams.views.store import now_ms

router = operations("reviews")
log = get_logger(__name__)

Queue = Literal["review", "complaint", "appeal", "breach"]
Escalation = Annotated[str, Path(max_length=256)]
AccountId = Annotated[str, Path(min_length=1, max_length=256, pattern=r"^[^\x00]")]

_OF_CHANGES = (EscalationKind.HOLD, EscalationKind.STRICT_HOLD)
_CHANGE = (RulingAction.APPROVE_CHANGE, RulingAction.REJECT_CHANGE)
_COMPLAINT = (RulingAction.UPHOLD_COMPLAINT, RulingAction.DISMISS_COMPLAINT)
_APPEAL = (RulingAction.UPHOLD_APPEAL, RulingAction.DISMISS_APPEAL)
ACTIONS: dict[EscalationKind, tuple[RulingAction, ...]] = {
    EscalationKind.COMPLAINT: (*_COMPLAINT, RulingAction.REQUEST_EVIDENCE),
    EscalationKind.APPEAL: _APPEAL,
    EscalationKind.SLA_BREACH: (*_CHANGE, *_COMPLAINT, *_APPEAL),
}
"""What can be ruled on an escalation; on a kind that is not here, what can be on a change."""


class Queued(Struct, frozen=True):
    """Work, and who has claimed it."""

    escalation: EscalationLine
    claimed_by: str | None


class Page(Struct, frozen=True):
    """A part of a queue, what is due first first."""

    queue: str
    open: int
    overdue: int
    items: list[Queued]


class Shown(Struct, frozen=True):
    """A text to be judged, as it was sent, with what was found in it."""

    field: Field
    text: str
    findings: list[Finding]
    standing: Standing


class Case(Struct, frozen=True):
    """Everything a reviewer needs for one decision."""

    escalation: EscalationLine
    claimed_by: str | None
    actions: list[RulingAction]
    verdict: VerdictLine | None
    texts: list[Shown]
    """Empty where the input is kept no longer, or was left behind by a restore."""
    ticket: TicketLine | None
    statement: str | None
    measure: MeasureLine | None
    level: str
    score: int | None
    measures: list[MeasureLine]
    rulings: list[AuditLine]
    """What was ruled on it before, as by the first of two reviewers."""


class Claim(Struct, frozen=True):
    """Who holds a piece of work."""

    escalation_id: str
    claimed_by: str


class Ruling(BaseModel):
    """A decision of a person."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"action": "REJECT_CHANGE", "reason": "含有联系方式"}},
    )

    action: RulingAction
    reason: str = Limit(min_length=1, max_length=2_000)
    step: MeasureStep | None = Limit(None, description="Measure to impose; null takes the rule's.")
    duration_days: int | None = Limit(
        None, ge=1, le=36_500, description="Of the measure, or until evidence is brought."
    )
    field: Field | None = None
    misuse: bool = Limit(
        default=False,
        description="DISMISS_COMPLAINT only: the complaint was manifestly unfounded.",
    )

    @model_validator(mode="after")
    def _misuse_is_of_a_complaint(self) -> Self:
        if self.misuse and self.action != RulingAction.DISMISS_COMPLAINT:
            raise ValueError("only a complaint that is dismissed was manifestly unfounded")
        return self


class ManualRuling(Ruling):
    """A measure imposed or lifted by hand."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"action": "IMPOSE_MEASURE", "step": "WARN", "reason": "多次更名"}
        },
    )

    action: Literal["IMPOSE_MEASURE", "LIFT_MEASURE"]  # type: ignore[assignment]  # fewer actions
    subject_id: str = Limit("", max_length=256, description="The measure to lift.")


class LegalHold(BaseModel):
    """Evidence of an account that authorities want kept, by the id of their case."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"action": "PLACE_HOLD", "case_id": "2026-117", "reason": "调查取证"}
        },
    )

    action: Literal["PLACE_HOLD", "RELEASE_HOLD"]
    case_id: str = Limit(min_length=1, max_length=256)
    reason: str = Limit(min_length=1, max_length=2_000)


class Ruled(Struct, frozen=True):
    """A ruling and what came of it."""

    event_id: str
    account_id: str
    effective: bool | None
    """Whether it changed anything; null where the stream has not answered yet."""
    outcome: str


@router.get(
    "/v1/reviews",
    responses=returns(Page, "What waits.") | describe(401, 403, 422, 429, 503),
)
@allow(Role.REVIEWER, Role.VIEWER, Role.OPERATOR, Role.AUDITOR)
def waiting(
    request: Request,
    queue: Queue = "review",
    start: Annotated[int, Query(ge=0, le=100_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Response:
    """What waits for a person, what is due first first; without any text."""
    return respond(page(gateway_of(request), queue, start, limit))


def page(gateway: Gateway, queue: str, start: int, limit: int) -> Page:
    """A part of a queue."""
    work = gateway.views.work(now_ms())[queue]
    lines = gateway.views.queue(queue, start, limit)
    holders = gateway.desk.holders([line.escalation_id for line in lines])
    items = [Queued(line, holders.get(line.escalation_id)) for line in lines]
    return Page(queue, work.open, work.overdue, items)


@router.get(
    "/v1/reviews/{escalation_id}",
    responses=returns(Case, "The case.") | describe(401, 403, 404, 422, 429, 503),
)
@allow(Role.REVIEWER)
def case(
    request: Request,
    escalation_id: Escalation,
    principal: Caller,
) -> Response:
    """One case with its texts and evidence; who looks is logged."""
    return respond(open_case(gateway_of(request), escalation_id, principal))


@router.post(
    "/v1/reviews/{escalation_id}/claim",
    responses=returns(Claim, "Yours for 15 minutes.") | describe(401, 403, 404, 409, 422, 429, 503),
)
@allow(Role.REVIEWER)
def claim(
    request: Request,
    escalation_id: Escalation,
    principal: Caller,
) -> Response:
    """Claim a case for 15 minutes, or renew one's claim."""
    gateway = gateway_of(request)
    _open(gateway, escalation_id)
    holder = gateway.desk.claim(escalation_id, principal.name)
    if holder != principal.name:
        raise Problem(409, "somebody else has claimed it")
    log.info("claimed", actor=principal.name, escalation=escalation_id)
    return respond(Claim(escalation_id, holder))


@router.delete(
    "/v1/reviews/{escalation_id}/claim",
    status_code=204,
    responses=describe(401, 403, 404, 422, 429, 503),
)
@allow(Role.REVIEWER)
def release(
    request: Request,
    escalation_id: Escalation,
    principal: Caller,
) -> Response:
    """Give one's claim back."""
    if not gateway_of(request).desk.release(escalation_id, principal.name):
        raise Problem(404, "there is no claim of yours on it")
    log.info("released", actor=principal.name, escalation=escalation_id)
    return Response(status_code=204)


RULED: dict[int | str, dict[str, Any]] = (
    returns(Ruled, "What came of it.")
    | returns(Ruled, "In the stream; the outcome will be in the account's timeline.", 202)
    | describe(401, 403, 404, 409, 413, 422, 429, 503)
)


@router.post("/v1/reviews/{escalation_id}/ruling", responses=RULED)
@allow(Role.REVIEWER)
async def rule(
    request: Request,
    escalation_id: Escalation,
    body: Annotated[Ruling, Body()],
    principal: Caller,
    key: Key = None,
) -> Response:
    """Rule on a case; answers with what the stream made of it."""
    gateway, asked = gateway_of(request), Asked(request, body, principal, key)
    matter = await asked.before()
    if matter is None:  # else the case may be settled by this very ruling
        line = await asyncio.to_thread(for_ruling, gateway, escalation_id, principal)
        await _check_fitting(gateway, line, body)
        matter = Matter(line.account_id, now_ms(), line.subject_id)
    return await _once(gateway, matter, matter.subject_id, body, principal, asked)


@router.post("/v1/accounts/{account_id}/rulings", responses=RULED)
@allow(Role.REVIEWER)
async def rule_by_hand(
    request: Request,
    account_id: AccountId,
    body: Annotated[ManualRuling, Body()],
    principal: Caller,
    key: Key = None,
) -> Response:
    """Impose a measure on an account, or lift one."""
    gateway = gateway_of(request)
    await asyncio.to_thread(known, gateway, account_id)
    if body.action == "IMPOSE_MEASURE" and body.step is None:
        raise Problem(422, "a measure to impose needs its step")
    matter, asked = Matter(account_id, now_ms()), Asked(request, body, principal, key)
    return await _once(gateway, matter, body.subject_id, body, principal, asked)


@router.post("/v1/accounts/{account_id}/legal-holds", responses=RULED)
@allow(Role.OPERATOR)
async def hold_evidence(
    request: Request,
    account_id: AccountId,
    body: Annotated[LegalHold, Body()],
    principal: Caller,
    key: Key = None,
) -> Response:
    """Keep the evidence of an account for a case of the authorities, or keep it no longer."""
    gateway = gateway_of(request)
    await asyncio.to_thread(known, gateway, account_id)
    ruling = Ruling(
        action=RulingAction(body.action),
        reason=body.reason,
        step=None,
        duration_days=None,
        field=None,
    )
    matter, asked = Matter(account_id, now_ms()), Asked(request, body, principal, key)
    return await _once(gateway, matter, body.case_id, ruling, principal, asked)


async def decide(
    gateway: Gateway, line: EscalationLine, body: Ruling, principal: Principal
) -> Ruled:
    """Rule on an open escalation. Raises `Problem` 422 for an action that does not fit it."""
    await _check_fitting(gateway, line, body)
    matter = Matter(line.account_id, now_ms(), line.subject_id)
    return await _publish(gateway, matter, body, principal, drawn_id())


async def _check_fitting(gateway: Gateway, line: EscalationLine, body: Ruling) -> None:
    document = await asyncio.to_thread(gateway.views.account, line.account_id)
    possible = fitting(line, document or AccountView(line.account_id))
    if body.action not in possible:
        raise Problem(422, f"on {line.kind} one can rule {', '.join(possible)}")


async def _once(
    gateway: Gateway,
    matter: Matter,
    subject_id: str,
    body: Ruling,
    principal: Principal,
    asked: Asked,
) -> Response:
    """Rule, or answer a repetition as the first time, however much was settled by it."""
    matter, new = await asked.first(matter)
    matter = replace(matter, subject_id=subject_id)
    known = None if new else await asyncio.to_thread(_outcome, gateway, matter, asked.event_id)
    ruled = known or await _publish(gateway, matter, body, principal, asked.event_id)
    if not new and ruled.effective is None:  # the stream had it already, and says nothing twice
        known = await asyncio.to_thread(_outcome, gateway, matter, asked.event_id)
        ruled = known or ruled
    told = replayed(known is not None)
    if ruled.effective is False:
        why = f"the stream keeps the ruling, but it changes nothing: {ruled.outcome}"
        raise Problem(409, why, **told)
    return respond(ruled, 202 if ruled.effective is None else 200, **told)


def _outcome(gateway: Gateway, matter: Matter, event_id: str) -> Ruled | None:
    """What came of a ruling; None where the views do not know it."""
    document = gateway.views.account(matter.account_id) or AccountView(matter.account_id)
    for line in document.audit:
        if line.event_id == event_id and line.kind is AuditKind.RULING:
            return _ruled_as(event_id, matter.account_id, line.summary)
    return None


async def _publish(
    gateway: Gateway, matter: Matter, body: Ruling, principal: Principal, event_id: str
) -> Ruled:
    record = AccountRuling(
        event_id=event_id,
        account_id=matter.account_id,
        occurred_at=matter.at,
        action=RulingAction(body.action),
        subject_id=matter.subject_id,
        reviewer_id=principal.name,
        reason=body.reason,
        step=body.step,
        duration_days=body.duration_days,
        field=body.field,
        misuse=body.misuse,
    )
    answer = await submit(gateway, record)
    ruled = (
        _ruled_as(event_id, matter.account_id, answer.summary)
        if isinstance(answer, AuditRecord)
        else Ruled(event_id, matter.account_id, None, "The stream has not answered yet.")
    )
    log.info(
        "ruled",
        actor=principal.name,
        operation=body.action,
        account=matter.account_id,
        event_id=event_id,
        effective=ruled.effective,
    )
    return ruled


def _ruled_as(event_id: str, account_id: str, summary: str) -> Ruled:
    return Ruled(event_id, account_id, took_effect(summary), summary)


def took_effect(summary: str) -> bool:
    """Whether a ruling changed anything, by what its audit record says."""
    done, _, _ = summary.partition(REASON_GIVEN)  # what the reviewer wrote says nothing of it
    return f": {NOTHING}" not in done or done.endswith(NOTED)


def open_case(gateway: Gateway, escalation_id: str, principal: Principal) -> Case:
    """A case with everything it needs. Raises `Problem` 404."""
    line = _open(gateway, escalation_id)
    document = gateway.views.account(line.account_id) or AccountView(line.account_id)
    verdict = _evidence(document, line)
    tickets = (*document.tickets, *document.appeals)
    ticket = next((t for t in tickets if t.ticket_id == line.subject_id), None)
    change = change_of(document, verdict) if verdict else None
    words = Sought(ticket.source, line.account_id, ticket.ticket_id) if ticket else None
    inputs = gateway.originals.read(sought for sought in (change, words) if sought)
    log.info("texts read", actor=principal.name, account=line.account_id, escalation=escalation_id)
    about = ticket.about if ticket else line.subject_id
    statement = getattr(inputs.get(words), "statement", None) if words else None
    return Case(
        line,
        gateway.desk.holders([escalation_id]).get(escalation_id),
        list(fitting(line, document)),
        verdict,
        _texts(gateway, document, line, verdict, ticket, inputs.get(change) if change else None),
        ticket,
        statement,
        next((m for m in document.measures if m.measure_id == about), None),
        document.level,
        document.score,
        document.live_measures(now_ms()),
        _ruled(document, line),
    )


def fitting(line: EscalationLine, document: AccountView) -> tuple[RulingAction, ...]:
    """What decides a case: of a passed time limit what decides that of which it was the limit."""
    if line.kind is EscalationKind.SLA_BREACH:
        if any(ticket.ticket_id == line.subject_id for ticket in document.tickets):
            return _COMPLAINT
        if any(ticket.ticket_id == line.subject_id for ticket in document.appeals):
            return _APPEAL
        if document.verdict(line.subject_id) is not None:
            return _CHANGE
    return ACTIONS.get(line.kind, _CHANGE)


def _texts(
    gateway: Gateway,
    document: AccountView,
    line: EscalationLine,
    verdict: VerdictLine | None,
    ticket: TicketLine | None,
    change: AccountChange | None,
) -> list[Shown]:
    """The texts in question: those of the change, or the values complained of.

    What was complained of may be another one by now: then both are shown.
    """
    if verdict is not None:
        texts = texts_of(change) if change is not None else {}
        standing = Standing.CURRENT if verdict.phase is Phase.APPLIED else Standing.WAITING
        return [
            Shown(field, text, [f for f in verdict.findings if f.field is field], standing)
            for field, text in texts.items()
        ]
    if line.kind in _OF_CHANGES:
        return []  # what the account shows is not what is to be decided
    wanted = ticket.field if ticket else None
    return [
        Shown(value.field, value.value, [], value.standing)
        for value in values_of(gateway, document, ticket.at if ticket else None)
        if wanted in (None, value.field)
    ]


def _evidence(document: AccountView, line: EscalationLine) -> VerdictLine | None:
    """The verdict on the change in question, the last one that says what was found."""
    about = [v for v in document.verdicts if v.event_id == line.subject_id]
    return next((v for v in reversed(about) if v.findings), about[-1] if about else None)


def _ruled(document: AccountView, line: EscalationLine) -> list[AuditLine]:
    """What was ruled on the matter of a case, oldest first."""
    heads = tuple(head(action, line.subject_id) for action in RulingAction)
    return [a for a in document.audit if a.kind is AuditKind.RULING and a.summary.startswith(heads)]


def _open(gateway: Gateway, escalation_id: str) -> EscalationLine:
    line = gateway.views.escalation(escalation_id)
    if line is None:
        raise Problem(404, "no such case is open")
    return line


def for_ruling(gateway: Gateway, escalation_id: str, principal: Principal) -> EscalationLine:
    """An open case that nobody else has claimed. Raises `Problem` 404 and 409."""
    line = _open(gateway, escalation_id)
    holder = gateway.desk.holders([escalation_id]).get(escalation_id)
    if holder not in (None, principal.name):
        raise Problem(409, "somebody else has claimed it")
    return line
