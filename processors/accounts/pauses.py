"""Pauses: while one lasts, what it covers waits, whatever it holds (Order No. 10, Art. 21).

Nothing that a pause covers becomes current, by a rule, a proof or a person. When it ends or is
lifted, what was held is decided in its order, under the policy in force then.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from processors.accounts import reviews
from processors.accounts.effects import Audited
from processors.accounts.state import Account, Pending
from processors.accounts.turn import Turn
from processors.policy.model import Judgement, Pack, Pause
from schemas.records import (
    AccountChange,
    AuditKind,
    ChangeKind,
    Decision,
    Field,
    Phase,
    SubjectKind,
)

LIFTED = "The pause has ended."


def covering(
    pack: Pack,
    account_id: str,
    account: Account,
    kind: ChangeKind,
    fields: Collection[Field],
    subject: SubjectKind | None,
) -> Pause | None:
    """The pause in force that covers a change and ends last; None where none does."""
    if not pack.pauses:
        return None
    of = subject or account.subject or SubjectKind.INDIVIDUAL
    return max(
        (p for p in pack.pauses if _covers(p, account_id, account.place, kind, fields, of)),
        key=lambda pause: (pause.until, pause.id),
        default=None,
    )


def covering_pending(
    pack: Pack, account_id: str, account: Account, pending: Pending
) -> Pause | None:
    """The pause that keeps something that waits from becoming current."""
    if pending.kind is None or (pending.phase is Phase.APPLIED and not pending.pause):
        return None  # a live value: it is current already
    own = next((pause for pause in pack.pauses if pause.id == pending.pause), None)
    if own is not None:
        return own
    kind, fields = pending.kind, pending.values.keys()
    return covering(pack, account_id, account, kind, fields, pending.subject)


def hold(turn: Turn, change: AccountChange, pause: Pause) -> Pending:
    """Let a change wait for the end of a pause. One that is live already is shown to a person."""
    given = values_of(change)
    if turn.account.pending:
        paused_only = change.phase is Phase.APPLIED
        reviews.supersede(turn, change.phase, given, change.kind, paused_only=paused_only)
    return reviews.hold(
        turn,
        event_id=change.event_id,
        kind=change.kind,
        phase=change.phase,
        decision=Decision.HOLD,
        values=given,
        proposals=(),
        subject=change.subject,
        owner=change.owner_token,
        pause=pause,
    )


def suspend(turn: Turn, pending: Pending, pause: Pause) -> None:
    """What waited and might now become current waits for the end of a pause instead."""
    reviews.close_of(turn, pending, "A pause is in force.")
    pending.decision = Decision.HOLD
    pending.awaiting = False
    pending.first = ""
    _wait(turn, pending, pause)


def extend(turn: Turn, pending: Pending, pause: Pause) -> None:
    """The pause that something waits for ends at another time than was said, or another holds."""
    record(turn, pending, f"the change waits on, for {pause.id}.")
    reviews.close_of(turn, pending, "The pause ends at another time.")
    _wait(turn, pending, pause)


def next_lifted(
    pack: Pack, account_id: str, account: Account, at: int
) -> tuple[Pending, Pause | None] | None:
    """The first that waits for a pause that is over or ends at another time, and what holds now.

    An input that comes late, with a time (``at``, ms) before something began to wait, says nothing
    of the pause that it waits for.
    """
    for pending in account.pending:
        if pending.pause and pending.opened <= at:
            pause = covering_pending(pack, account_id, account, pending)
            if pause is None or (pause.id, pause.until) != (pending.pause, pending.due):
                return pending, pause
    return None


def reason_of(pause: Pause) -> str:
    """Why something waits, one sentence."""
    until = datetime.fromtimestamp(pause.until / 1000, UTC)
    return f"Held by directive {pause.id} until {until:%Y-%m-%d %H:%M} UTC: {pause.reason}"


def record(turn: Turn, pending: Pending, what: str) -> None:
    """Keep for the record what a directive did to a change that waits."""
    summary = f"Directive {pending.pause}: {what}"
    turn.effects.insert(0, Audited(AuditKind.DIRECTIVE, pending.event_id, summary, "auto"))


def values_of(change: AccountChange) -> dict[Field, str]:
    """All values that a change gives."""
    given = ((field, getattr(change, field.lower())) for field in Field)
    return {field: value for field, value in given if value is not None}


def _wait(turn: Turn, pending: Pending, pause: Pause) -> None:
    pending.pause, pending.opened, pending.due = pause.id, turn.at, pause.until
    reviews.open_of(turn, pending)
    reviews.revise(turn, pending, Judgement(Decision.HOLD, (), (), reason_of(pause)))


def _covers(
    pause: Pause,
    account_id: str,
    place: str | None,
    kind: ChangeKind,
    fields: Collection[Field],
    subject: SubjectKind,
) -> bool:
    return (
        kind in pause.kinds
        and (not pause.fields or any(field in pause.fields for field in fields))
        and (not pause.subjects or subject in pause.subjects)
        and (not pause.regions or place in pause.regions)
        and (not pause.accounts or names(pause.accounts, account_id))
    )


def names(accounts: tuple[str, ...], account_id: str) -> bool:
    """Whether an id is among these; one ending in ``*`` names all that begin so."""
    return any(
        account_id.startswith(name[:-1]) if name.endswith("*") else account_id == name
        for name in accounts
    )
