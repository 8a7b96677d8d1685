"""What is known of an account: dossier, timeline, and, for reviewers, its texts."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from fastapi import Path, Query, Request, Response
from msgspec import Struct
from msgspec.structs import replace

from schemas.records import AccountChange, Decision, Field, Phase
from streams.gateway.auth import Caller, allow, operations
from streams.gateway.context import Gateway, gateway_of
from streams.gateway.originals import Sought
from streams.gateway.problems import Problem, describe
from streams.gateway.roles import Role
from streams.gateway.schemas import respond, returns
from streams.logs import get_logger
from streams.views.documents import AccountView, VerdictLine

router = operations("accounts")
log = get_logger(__name__)

READERS = (Role.VIEWER, Role.REVIEWER, Role.POLICY, Role.OPERATOR, Role.AUDITOR)
Account = Annotated[str, Path(max_length=256)]
ALLOWING = frozenset((Decision.ALLOW, Decision.ALLOW_LABELLED))


class Moment(Struct, frozen=True):
    """A line of the timeline."""

    at: int
    seq: int
    kind: str
    what: str
    why: str
    rule_ids: list[str]
    event_id: str = ""


class Timeline(Struct, frozen=True):
    """What happened to an account, newest first."""

    account_id: str
    moments: list[Moment]


class Standing(StrEnum):
    """What a value is to its account."""

    CURRENT = "CURRENT"
    WAITING = "WAITING"
    """For its verdict; nobody else sees it."""
    FORMER = "FORMER"


class Value(Struct, frozen=True):
    """A value of an account, and the change that brought it."""

    field: Field
    value: str
    event_id: str
    at: int
    standing: Standing


class Values(Struct, frozen=True):
    """The values that the last twenty changes brought; older ones are not known here."""

    account_id: str
    values: list[Value]


@router.get(
    "/v1/accounts/{account_id}",
    responses=returns(AccountView, "The dossier.") | describe(401, 403, 404, 422, 429, 503),
)
@allow(*READERS)
def dossier(request: Request, account_id: Account) -> Response:
    """Everything known of an account but its texts."""
    return respond(known(gateway_of(request), account_id))


@router.get(
    "/v1/accounts/{account_id}/timeline",
    responses=returns(Timeline, "Newest first.") | describe(401, 403, 404, 422, 429, 503),
)
@allow(*READERS)
def timeline(
    request: Request, account_id: Account, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Response:
    """What happened to an account, newest first."""
    document = known(gateway_of(request), account_id)
    return respond(Timeline(account_id, moments(document)[:limit]))


@router.get(
    "/v1/accounts/{account_id}/values",
    responses=returns(Values, "Its texts.") | describe(401, 403, 404, 422, 429, 503),
)
@allow(Role.REVIEWER)
def values(request: Request, account_id: Account, principal: Caller) -> Response:
    """The texts of an account, read from the inputs; who asks is logged."""
    gateway = gateway_of(request)
    document = known(gateway, account_id)
    log.info("texts read", actor=principal.name, account=account_id)
    return respond(Values(account_id, values_of(gateway, document)))


def known(gateway: Gateway, account_id: str) -> AccountView:
    """The document of an account. Raises `Problem` 404."""
    document = gateway.views.account(account_id)
    if document is None:
        raise Problem(404, "nothing is known of this account")
    return document


def moments(document: AccountView) -> list[Moment]:
    """Everything that happened, newest first."""
    return sorted(_moments(document), key=lambda moment: (moment.at, moment.seq), reverse=True)


def values_of(gateway: Gateway, document: AccountView, also_at: int | None = None) -> list[Value]:
    """Values that are current or wait, by the last verdicts and the changes they are about.

    With ``also_at`` those that were current at that time (ms since the epoch) come first.
    """
    last = {change_of(document, verdict): verdict for verdict in document.verdicts}
    changes = gateway.originals.read(last)
    former: dict[Field, Value] = {}
    current: dict[Field, Value] = {}
    waiting: dict[Field, Value] = {}
    for sought, verdict in sorted(last.items(), key=lambda item: item[0].source.offset):
        change = changes.get(sought)
        if change is None:
            continue
        live = verdict.phase is Phase.APPLIED or verdict.decision in ALLOWING
        for field, text in texts_of(change).items():
            standing = Standing.CURRENT if live else Standing.WAITING
            value = Value(field, text, verdict.event_id, verdict.at, standing)
            if live:
                before = current.get(field)
                if before is not None and also_at is not None and before.at <= also_at < value.at:
                    former[field] = replace(before, standing=Standing.FORMER)
                current[field] = value
                waiting.pop(field, None)
            elif verdict.decision is not Decision.REFUSE:
                waiting[field] = value
    then = [value for field, value in former.items() if value.value != current[field].value]
    return [*then, *current.values(), *waiting.values()]


def change_of(document: AccountView, verdict: VerdictLine) -> Sought:
    """The change that a verdict is about."""
    return Sought(verdict.source, document.account_id, verdict.event_id)


def texts_of(change: AccountChange) -> dict[Field, str]:
    """The watched fields that a change sets."""
    return {field: text for field in Field if (text := getattr(change, field.lower())) is not None}


def _moments(document: AccountView) -> Iterator[Moment]:
    for v in document.verdicts:
        rules = sorted({f.rule_id for f in v.findings})
        yield Moment(v.at, v.seq, "verdict", f"{v.kind} {v.decision}", v.reason, rules, v.event_id)
    for m in document.measures:
        what = f"{m.action} {m.step}"
        yield Moment(m.at, m.seq, "measure", what, m.reason, [m.rule_id])
        if m.at != m.begins_at:
            yield Moment(m.begins_at, 0, "measure", f"BEGIN {m.step}", "", [m.rule_id])
    for c in document.credit:
        what = f"{c.action} {c.points:+d}, {c.score} {c.level}"
        yield Moment(c.at, c.seq, "credit", what, c.reason, [c.rule_id])
    for e in document.escalations:
        yield Moment(
            e.opened_at,
            e.seq,
            "escalation",
            f"OPENED {e.kind}",
            e.reason,
            list(e.rule_ids),
            e.event_id,
        )
        if e.closed:
            yield Moment(e.closed, e.seq, "escalation", f"CLOSED {e.kind}", "", list(e.rule_ids))
    for ticket in document.complaints:
        for state, at in ticket.history:
            why = ticket.reason if state is ticket.state else ""
            yield Moment(at, ticket.seq, "complaint", state, why, [], ticket.complaint_id)
    for n in document.notices:
        yield Moment(n.at, n.seq, "notice", n.kind, n.title, [])
    for a in document.audit:
        if a.kind == "RULING":
            yield Moment(a.at, a.seq, "ruling", f"by {a.actor}", a.summary, [], a.event_id)
