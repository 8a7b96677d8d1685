"""How an account ends: closed by a measure, or cancelled by its holder."""

from __future__ import annotations

from processors.accounts import cases, hearing, ladder, ledger, reasons, reviews, tickets
from processors.accounts.effects import Ground
from processors.accounts.escalations import close_all_breaches
from processors.accounts.state import FIELDS, Account, Evidence, Measure, Status
from processors.accounts.turn import DAY, Turn
from processors.policy.model import Message
from schemas.records import CaseOutcome, CreditAction, Field, MeasureStep

MAX_EVIDENCE = 4
"""Times that an account was cancelled of which evidence is kept."""


def close(
    turn: Turn,
    ground: Ground,
    field: Field | None,
    reason: Message,
    *,
    bar_days: int | None = None,
    root: str = "",
    entry: str = "",
    reviewer: str = "",
) -> Measure:
    """Close an account and bar its registration anew, by severity or for ``bar_days``.

    Whatever waits is refused, complaints get their feedback. Appeals stay open.
    """
    account = turn.account
    turn.claims_changed = True
    for measure in account.live_measures():
        ladder.lift(turn, measure, reasons.replaced_by(MeasureStep.CLOSE), reviewer)
    account.status = Status.CLOSED
    closure = ladder.begin(
        turn,
        ground,
        MeasureStep.CLOSE,
        field,
        reason,
        root=root,
        entry=entry,
        reviewer=reviewer,
    )
    ladder.begin(
        turn,
        ground,
        MeasureStep.BAR,
        field,
        reasons.BAR,
        ends=bar_end(turn, ground, bar_days),
        root=closure.root,
        entry=entry,
        reviewer=reviewer,
    )
    reviews.refuse_all(turn, "The account is closed.")
    tickets.settle_all(turn, cases.ACCOUNT_CLOSED, disposal=cases.ACCOUNT_CLOSED_NOW)
    close_all_breaches(turn, "The account is closed.")
    return closure


def bar_end(turn: Turn, ground: Ground, days: int | None) -> int:
    """When a bar of so many days from now ends, or one by severity; in ms, 0 for never."""
    if days is None:
        days = turn.ladder_of(ground.rule_id).bar_days[ground.severity - 1]
    return turn.at + days * DAY if days else 0


def cancel(turn: Turn) -> None:
    """End an account at its holder's wish. It bars nothing, and personal values are dropped.

    Where a case holds the evidence, they are kept for it.
    """
    account = turn.account
    turn.claims_changed = True
    account.status = Status.CANCELLED
    why = reasons.CANCELLED.en
    reviews.refuse_all(turn, why)
    for measure in account.live_measures():
        ladder.lift(turn, measure, reasons.CANCELLED)
    tickets.settle_all(turn, cases.ACCOUNT_CANCELLED)
    for appeal in list(account.appeals):
        hearing.settle(turn, appeal, CaseOutcome.WITHOUT_DECISION, cases.ACCOUNT_CANCELLED)
    close_all_breaches(turn, why)
    if account.legal_holds:  # what authorities asked to be kept is kept (Art. 20)
        kept = Evidence(turn.at, account.values, account.owner, list(account.facts))
        account.evidence = [*account.evidence, kept][-MAX_EVIDENCE:]
    account.values = [""] * len(FIELDS)
    account.owner = account.agreement = account.place = None
    account.devices, account.avatar = [], b""
    account.facts.clear()
    account.approvals.clear()
    account.analyses.clear()


def erase(turn: Turn) -> None:
    """Forget a cancelled account, on demand (Art. 16).

    What stays is a tombstone: the number of its last input, the hash of its last audit record, the
    marks of the last events, and reports still to be delivered or overdue. So the chain goes on
    unbroken, and nothing is done twice, should the id come up again.
    """
    account = turn.account
    for appeal in list(account.appeals):  # that came after the account was cancelled
        hearing.settle(turn, appeal, CaseOutcome.WITHOUT_DECISION, cases.ACCOUNT_CANCELLED)
    for entry in list(account.ledger):
        ledger.remove(turn, entry, CreditAction.EXPIRED, "The account was erased.")
    empty = Account()
    for name in Account.__struct_fields__:
        if name not in _TOMBSTONE:
            setattr(account, name, getattr(empty, name))
    account.status = Status.ERASED
    turn.claims_changed = True


_TOMBSTONE = ("version", "seq", "seen", "audit", "breaches", "reports", "claimed")


def reopen(turn: Turn) -> None:
    """Undo a closure whose measure was lifted."""
    if turn.account.status is Status.CLOSED and not any(
        measure.step is MeasureStep.CLOSE for measure in turn.account.live_measures()
    ):
        turn.account.status = Status.OPEN
        turn.claims_changed = True
