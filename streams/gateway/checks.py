"""``POST /v1/checks``: what the policy says of texts as somebody types them.

Stateless: nothing is published, kept or logged. The stream's verdict on the change that follows is
the one that counts; it also knows the account.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Request, Response
from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field

from processors.policy import Message, Policy, Rule, SubjectView
from schemas import records as r
from schemas.records import Decision, Finding, Mark, SubjectKind, VerificationKind
from streams.gateway.auth import allow, operations
from streams.gateway.context import gateway_of
from streams.gateway.problems import describe
from streams.gateway.roles import Role
from streams.gateway.schemas import respond, returns

AT_ONCE = 100
LONGEST = 2_000
Text = Annotated[str | None, Field(max_length=LONGEST)]

router = operations("checks")


class Item(BaseModel):
    """Texts of one account, as they would be shown."""

    model_config = ConfigDict(extra="forbid")

    name: Text = None
    bio: Text = None
    signature: Text = None
    badge: Text = None
    subject: SubjectKind = SubjectKind.INDIVIDUAL
    proofs: dict[VerificationKind, list[Annotated[str, Field(max_length=256)]]] = Field(
        {}, description="What its valid proofs say, by kind of verification.", max_length=5
    )


class Checks(BaseModel):
    """Up to 100 items."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"items": [{"name": "林小鱼", "bio": "加V信 demo_12345 领取资料"}]}
        },
    )

    items: list[Item] = Field(min_length=1, max_length=AT_ONCE)


class Advice(Struct, frozen=True):
    """What a rule that hit asks for, in both languages."""

    rule_id: str
    article: str
    message: Message
    remedy: Message


class Checked(Struct, frozen=True):
    """What the policy says of one item."""

    decision: Decision
    reason: str
    findings: tuple[Finding, ...]
    advice: tuple[Advice, ...]
    marks: tuple[Mark, ...]


class CheckResult(Struct, frozen=True):
    """One answer an item, in their order, and the pack that gave it."""

    items: list[Checked]
    pack_id: str
    pack_version: str
    pack_hash: str


FIELDS = (
    (r.Field.NAME, "name"),
    (r.Field.BIO, "bio"),
    (r.Field.SIGNATURE, "signature"),
    (r.Field.BADGE, "badge"),
)


@router.post(
    "/v1/checks",
    responses=returns(CheckResult, "What the policy says.") | describe(401, 403, 413, 422, 429),
)
@allow(Role.SERVICE, Role.REVIEWER, Role.POLICY)
async def check(request: Request, body: Annotated[Checks, Body()]) -> Response:
    """Judge texts as one types them; stateless, up to 100 at once."""
    return respond(judge(gateway_of(request).deciding, body.items))


def judge(policy: Policy, items: list[Item]) -> CheckResult:
    """Judge all items, their texts scanned together."""
    changed = [
        {field: text for field, name in FIELDS if (text := getattr(item, name))} for item in items
    ]
    texts = list(dict.fromkeys(text for fields in changed for text in fields.values()))
    hits = dict(zip(texts, policy.scan(texts), strict=True)) if texts else {}
    rules = {rule.id: rule for rule in policy.pack.rules}
    checked = []
    for item, fields in zip(items, changed, strict=True):
        proofs: Any = {kind: tuple(values) for kind, values in item.proofs.items()}
        found = policy.judge(SubjectView(item.subject, proofs), fields, hits)
        asked = dict.fromkeys(proposal.rule.id for proposal in found.proposals)
        advice = tuple(_advice(rules[rule_id]) for rule_id in asked)
        checked.append(Checked(found.decision, found.reason, found.findings, advice, found.marks))
    pack = policy.pack
    return CheckResult(checked, pack.id, pack.version, pack.hash)


def _advice(rule: Rule) -> Advice:
    return Advice(rule.id, rule.article, rule.message, rule.remedy)
