"""Appeals as cases: opened before a person, and settled with word to the account holder."""

from __future__ import annotations

from processors.accounts import cases
from processors.accounts.effects import CaseTold
from processors.accounts.escalations import close_breach, close_escalation, open_escalation
from processors.accounts.state import Account, Appeal
from processors.accounts.turn import Turn
from processors.policy.model import Message
from schemas.records import CaseOutcome, EscalationKind, NoticeKind


def open_before_a_person(
    turn: Turn, appeal: Appeal, reason: str, rule_ids: tuple[str, ...] = ()
) -> None:
    """Ask a person to decide an appeal, or remind of it."""
    open_escalation(
        turn,
        EscalationKind.APPEAL,
        appeal.id,
        appeal.priority,
        appeal.due,
        reason,
        rule_ids,
        opened_at=appeal.at,
    )


def settle(
    turn: Turn, appeal: Appeal, outcome: CaseOutcome, said: Message, reason: str = ""
) -> None:
    """End an appeal and tell the account holder how, with the reason that a person gave."""
    if appeal in turn.account.appeals:
        turn.account.appeals.remove(appeal)
    close_escalation(
        turn, EscalationKind.APPEAL, appeal.id, appeal.priority, appeal.at, appeal.due, said.en
    )
    close_breach(turn, appeal.id, said.en)
    if reason:
        said = cases.with_reason(said, reason)
    tell(turn, NoticeKind.APPEAL_DECIDED, appeal, said, outcome)


def tell(
    turn: Turn,
    kind: NoticeKind,
    appeal: Appeal,
    said: Message,
    outcome: CaseOutcome | None = None,
) -> None:
    """Tell the account holder of an appeal."""
    turn.effects.append(
        CaseTold(kind, said, appeal_id=appeal.id, measure_id=appeal.measure, outcome=outcome)
    )


def find(account: Account, appeal_id: str) -> Appeal | None:
    """An appeal that waits."""
    return next((appeal for appeal in account.appeals if appeal.id == appeal_id), None)
