"""Whose a name is by right. Most nicknames are nobody's: they may be the same for any number."""

from __future__ import annotations

from collections.abc import Iterable

from processors.accounts.examiner import view_of
from processors.accounts.state import Account, Fact, Pending
from processors.accounts.turn import Turn
from processors.accounts.values import facts_of_owner
from processors.policy.registered import is_whole_name
from schemas.records import ChangeKind, Decision, Field, VerificationKind

# Looked up once, as in `changes`.
_OWNER_CHANGE, _INSTITUTION, _NAME = (
    ChangeKind.OWNER_CHANGE,
    VerificationKind.INSTITUTION,
    Field.NAME,
)

ORDINARY = 0
INSTITUTION = 1
PROTECTED = 2


def strength(turn: Turn, account: Account, name: str, pending: Pending | None = None) -> int:
    """How strong the right of an account to a name is, or would be once a change is allowed.

    `PROTECTED`: it uses a protected name, and a proof or a person has cleared it. `INSTITUTION`:
    it is the registered name or an alias of a verified institution, or holds one whole.
    """
    facts = account.facts
    if pending and pending.kind is _OWNER_CHANGE:
        facts = facts_of_owner(account, pending.since, pending.owner)
    proofs = [fact for fact in facts if fact.kind is _INSTITUTION]
    reviewed = bool(pending and pending.reviewers) or any(
        approval.field is _NAME and not approval.value for approval in account.approvals
    )
    if not proofs and not reviewed:
        return ORDINARY
    if _cleared(turn, account, name, pending, facts, reviewed=reviewed):
        return PROTECTED
    return INSTITUTION if is_whole_name(name, _names(proofs)) else ORDINARY


def _cleared(
    turn: Turn,
    account: Account,
    name: str,
    pending: Pending | None,
    facts: list[Fact],
    *,
    reviewed: bool,
) -> bool:
    view = view_of(account, turn.event_id, pending.subject if pending else None, facts)
    protecting = turn.examiner.policy.protecting
    return any(
        finding.rule_id in protecting
        and (reviewed or finding.decision in (Decision.ALLOW, Decision.ALLOW_LABELLED))
        for finding in turn.examiner.judge(view, {_NAME: name}, turn.at).findings
    )


def _names(proofs: Iterable[Fact]) -> list[str]:
    return [name for fact in proofs for name in (fact.value, *fact.names)]
