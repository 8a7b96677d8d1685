"""What an account owes whatever its values say (Order No. 10, Art. 6, 9, 13, 15).

An accepted agreement, a verified identity, and for a public account all facets of its page.
Without them no change is allowed; where values are live a measure stands until they are there.
An institution whose registration was revoked is suspended until it proves one that is valid.
"""

from __future__ import annotations

from collections.abc import Iterable

from processors.accounts import breaches, ladder, reasons
from processors.accounts.effects import Ground
from processors.accounts.grounds import AGREEMENT, INSTITUTION, NO_IDENTITY, PAGE
from processors.accounts.state import FACET_BITS, Account, Fact, Status
from processors.accounts.turn import Turn
from processors.policy.model import DutyTerms, Facet, Message
from schemas.records import MeasureStep, SubjectKind, VerificationKind

AGREEMENT_MISSING = "AGREEMENT"
IDENTITY_MISSING = "IDENTITY"
PAGE_MISSING = "PAGE_"
"""Before the name of a facet that a page lacks."""

# Looked up once: what is missing is asked for every change.
_OPEN = Status.OPEN
_PUBLIC_ACCOUNT = SubjectKind.PUBLIC_ACCOUNT
_OF_ORGANISATIONS = (SubjectKind.INSTITUTION, _PUBLIC_ACCOUNT)
_IDENTITY = VerificationKind.IDENTITY
_INSTITUTION = VerificationKind.INSTITUTION
_BEGUN = (AGREEMENT, NO_IDENTITY, PAGE)
_LIFTED = {
    AGREEMENT: reasons.AGREEMENT_ACCEPTED,
    NO_IDENTITY: reasons.IDENTITY_VERIFIED,
    PAGE: reasons.PAGE_COMPLETE,
    INSTITUTION: reasons.PROVED,
}
_SAID = {
    AGREEMENT_MISSING: Message("未签订服务协议", "no agreement was accepted (CAC-06)"),
    IDENTITY_MISSING: Message("无有效的真实身份信息", "there is no verified identity (CAC-09-1)"),
}
FACETS = {
    Facet.ENTITY: Message("运营主体", "entity"),
    Facet.ADDRESS: Message("注册运营地址", "address"),
    Facet.CATEGORY: Message("内容生产类别", "category"),
    Facet.CREDIT_CODE: Message("统一社会信用代码", "credit code"),
    Facet.CONTACT: Message("有效联系方式", "contact"),
    Facet.IP_LOCATION: Message("IP 属地", "IP location"),
}
"""What a page must show, in words."""


def missing(
    account: Account,
    terms: DutyTerms,
    subject: SubjectKind | None = None,
    facts: list[Fact] | None = None,
    registering: bool = False,
) -> tuple[str, ...]:
    """What an account lacks, under another subject or with other facts where those are given."""
    if not (account.registered or registering or terms.unseen):
        return ()
    subject = subject or account.subject
    facts = account.facts if facts is None else facts
    lacks: tuple[str, ...] = ()
    if terms.agreement and not account.agreement:
        lacks += (AGREEMENT_MISSING,)
    if terms.identity and not identified(facts, subject):
        lacks += (IDENTITY_MISSING,)
    if subject is _PUBLIC_ACCOUNT and terms.page:
        lacks += tuple(PAGE_MISSING + facet for facet in _page_lacks(account, terms, facts))
    return lacks


def said(lacks: Iterable[str]) -> Message:
    """What is missing, in one sentence."""
    parts = [_SAID[name] for name in lacks if name in _SAID]
    facets = [
        FACETS[Facet(name.removeprefix(PAGE_MISSING))]
        for name in lacks
        if name.startswith(PAGE_MISSING)
    ]
    if facets:
        parts.append(
            Message(
                f"页面缺少{'、'.join(facet.zh for facet in facets)}",
                f"the page lacks {', '.join(facet.en for facet in facets)} (CAC-13)",
            )
        )
    text = "; ".join(part.en for part in parts)
    return Message(f"{'；'.join(part.zh for part in parts)}。", f"{text[:1].upper()}{text[1:]}.")


def identified(facts: Iterable[Fact], subject: SubjectKind | None) -> bool:
    """Whether the identity is verified; a registered institution is one (Art. 9)."""
    proved = False
    for fact in facts:
        kind = fact.kind
        if kind is _IDENTITY:
            if fact.failed:
                return False
            proved = True
        elif kind is _INSTITUTION and subject in _OF_ORGANISATIONS:
            proved = True
    return proved


def identity_failed(account: Account) -> bool:
    """Whether the last identity verification failed or was revoked."""
    return any(fact.kind is _IDENTITY and fact.failed for fact in account.facts)


def publishable(account: Account, terms: DutyTerms) -> bool | None:
    """Whether the page of a public account has all it must have; None for other accounts."""
    if account.subject is not _PUBLIC_ACCOUNT or not terms.page:
        return None
    return not _page_lacks(account, terms, account.facts)


def review(turn: Turn) -> None:
    """Begin a measure for every duty that an open account does not meet, and lift those it does."""
    relieve(turn)
    account = turn.account
    if account.status is not _OPEN or ladder.of_cause(account, INSTITUTION.rule_id, None):
        return  # who is suspended for a revoked registration need not be told what else it took
    lacks = missing(account, turn.pack.duties)
    if not lacks:
        return
    for ground in _BEGUN:
        found = _of(ground, lacks)
        if found and not ladder.of_cause(account, ground.rule_id, None):
            breaches.begin_step(turn, ground, MeasureStep.CORRECT, None, said(found))


def relieve(turn: Turn) -> None:
    """Lift the measures of duties that are met now."""
    account = turn.account
    if account.measures:
        for ground, why in _LIFTED.items():
            if not owed(turn, ground.rule_id):
                met = _is_met(account, ground)
                ladder.lift_cause(turn, ground.rule_id, why if met else reasons.NOT_FOUND)


def owed(turn: Turn, rule_id: str) -> bool:
    """Whether a measure for a duty still has its cause; True for what is no duty."""
    account = turn.account
    if rule_id == INSTITUTION.rule_id:
        return account.subject in _OF_ORGANISATIONS and not _is_registered(account)
    ground = next((ground for ground in _BEGUN if ground.rule_id == rule_id), None)
    if ground is None:
        return True
    if ground is NO_IDENTITY and (identity_failed(account) or _is_suspended_for_identity(account)):
        return not identified(account.facts, account.subject)  # whatever the pack asks for (Art. 9)
    return bool(_of(ground, missing(account, turn.pack.duties)))


def _is_suspended_for_identity(account: Account) -> bool:
    """Whether an identity failed, be it a former owner's, and none was verified since.

    A suspension that began otherwise followed on the time for bringing one.
    """
    live = ladder.of_cause(account, NO_IDENTITY.rule_id, None)
    return any(m.step is MeasureStep.SUSPEND and m.root == m.id for m in live)


def _is_met(account: Account, ground: Ground) -> bool:
    """Whether the account has what a duty asks for; else the duty is gone from the pack."""
    if ground is AGREEMENT:
        return bool(account.agreement)
    return ground is not NO_IDENTITY or identified(account.facts, account.subject)


def suspend_institution(turn: Turn) -> None:
    """No service for an institution that is registered no more, until it proves otherwise."""
    account = turn.account
    if (
        account.status is Status.OPEN
        and account.subject in _OF_ORGANISATIONS
        and not ladder.of_cause(account, INSTITUTION.rule_id, None)
        and not _is_registered(account)
    ):
        breaches.begin_step(turn, INSTITUTION, MeasureStep.SUSPEND, None, INSTITUTION.message)


def _is_registered(account: Account) -> bool:
    return any(fact.kind is _INSTITUTION for fact in account.facts)


def _of(ground: Ground, lacks: Iterable[str]) -> list[str]:
    if ground is PAGE:
        return [name for name in lacks if name.startswith(PAGE_MISSING)]
    wanted = AGREEMENT_MISSING if ground is AGREEMENT else IDENTITY_MISSING
    return [name for name in lacks if name == wanted]


def _page_lacks(account: Account, terms: DutyTerms, facts: Iterable[Fact]) -> list[Facet]:
    has = {Facet.IP_LOCATION} if account.place else set()
    for fact in facts:
        if fact.kind is VerificationKind.CONTACT:
            has.add(Facet.CONTACT)
        elif fact.kind is _INSTITUTION:
            if fact.value:
                has.add(Facet.ENTITY)
            has |= {facet for facet, bit in FACET_BITS.items() if fact.facets & bit}
    return [facet for facet in terms.page if facet not in has]
