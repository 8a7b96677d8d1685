"""Changes and live values that wait for a person or for material (Order No. 10, Art. 10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from processors.accounts.effects import VerdictGiven
from processors.accounts.escalations import close_breach, close_escalation, open_escalation
from processors.accounts.state import ALLOWING, DECISION_RANK, Account, Pending, Status
from processors.accounts.turn import DAY, HOUR, MINUTE, Turn
from processors.policy.model import Judgement, Pause, Proposal
from schemas.records import (
    ChangeKind,
    Decision,
    EscalationKind,
    Field,
    Phase,
    SubjectKind,
)

# Looked up once, as in `changes`.
_EDIT = ChangeKind.EDIT
_PROPOSED = Phase.PROPOSED
_LABELLED, _MATERIAL = Decision.ALLOW_LABELLED, Decision.NEED_MATERIAL
_STRICT = Decision.STRICT_HOLD

HOLDING = frozenset((Decision.HOLD, Decision.STRICT_HOLD))
DECIDED = ALLOWING | {Decision.REFUSE}
_UNJUDGED = Judgement(Decision.REFUSE, (), (), "")

UNANSWERED = "Not checked across accounts: no answer came in time (CAC-10-3a)."
"""Why a person decides what no rule holds."""


def hold(
    turn: Turn,
    *,
    event_id: str,
    kind: ChangeKind | None,
    phase: Phase,
    decision: Decision,
    values: Mapping[Field, str],
    proposals: Iterable[Proposal],
    subject: SubjectKind | None = None,
    owner: str | None = None,
    pause: Pause | None = None,
    revision: int = 1,
    awaiting: bool = False,
) -> Pending:
    """Let something wait: for a person, for material, for a pause or for an analysis."""
    proposals = tuple(proposals)
    pending = Pending(  # by position: so many keywords would cost a microsecond
        event_id,
        kind,
        phase,
        decision,
        turn.at,
        turn.at,
        pause.until if pause else turn.at + patience_of(turn, decision, awaiting=awaiting),
        revision,
        max([proposal.rule.severity for proposal in proposals], default=2),
        dict(values),
        list(dict.fromkeys([(p.rule.id, p.field) for p in proposals])),
        subject,
        owner,
        "",
        turn.topic,
        turn.partition,
        turn.offset,
        pause=pause.id if pause else "",
        awaiting=awaiting,
    )
    turn.account.pending.append(pending)
    open_of(turn, pending)
    return pending


def harden(turn: Turn, pending: Pending, judgement: Judgement, *, besides: bool = False) -> None:
    """What waited for anything else now waits for a person, for material, or for an analysis.

    ``besides`` says that it waits for what it waited for, too.
    """
    close_of(turn, pending, judgement.reason)
    pending.decision = judgement.decision
    pending.awaiting = judgement.awaiting
    pending.opened = turn.at
    pending.due = turn.at + patience_of(turn, judgement.decision, awaiting=judgement.awaiting)
    pending.breached = False
    if not besides:
        pending.rules = _causes(judgement)
        pending.severity = max((p.rule.severity for p in judgement.proposals), default=2)
    pending.first = ""
    revise(turn, pending, judgement)
    open_of(turn, pending)


def add(turn: Turn, pending: Pending, judgement: Judgement) -> None:
    """Tell whoever decides what is found besides; nothing where it was known, or set aside.

    Who approved it before has not seen that, so that no answer releases it for them.
    """
    known = (*pending.rules, *pending.aside)
    new = [cause for cause in _causes(judgement) if cause not in known]
    if new:
        pending.reviewers = []
        pending.rules += new
        revise(turn, pending, replace(judgement, decision=pending.decision))


def _causes(judgement: Judgement) -> list[tuple[str, Field]]:
    return list(dict.fromkeys((p.rule.id, p.field) for p in judgement.proposals))


def settle(turn: Turn, pending: Pending, reason: str) -> None:
    """Take something off the waiting list and close what was opened for it."""
    turn.account.pending.remove(pending)
    if pending.asks and (pending.kind is not _EDIT or turn.account.claims_a_name()):
        turn.claims_changed = True  # what it has taken is given up, or is the account's now
    close(turn, pending, reason)


def close(turn: Turn, pending: Pending, reason: str) -> None:
    """Nobody needs to look at something any more, nor at its time limit that has passed."""
    close_of(turn, pending, reason)
    close_breach(turn, pending.event_id, reason)


def open_of(turn: Turn, pending: Pending) -> None:
    """Ask a person to look at something that waits for one."""
    if shown(pending):
        _escalate(turn, pending)


def close_of(turn: Turn, pending: Pending, reason: str) -> None:
    """Take something that waits off the queue of whoever was asked to look."""
    if shown(pending):
        close_escalation(
            turn,
            _kind(pending),
            pending.event_id,
            _priority(pending),
            pending.opened,
            pending.due,
            reason,
            rule_ids_of(pending),
        )


def revise(
    turn: Turn, pending: Pending, judgement: Judgement, reviewers: tuple[str, ...] = ()
) -> None:
    """Give a verdict on a change that waits. A live value that no change brought up gets none."""
    if pending.kind is None:
        return
    pending.revision += 1
    for other in turn.account.pending:  # of a live change that also waits for answers
        if other.event_id == pending.event_id:
            other.revision = pending.revision
    decision = judgement.decision
    turn.effects.append(
        VerdictGiven(  # by position, as in `changes`
            pending.event_id,
            pending.revision,
            pending.kind,
            pending.phase,
            decision,
            judgement.findings,
            judgement.reason,
            reviewers,
            None if decision in DECIDED else pending.due,
            pending.topic,
            pending.partition,
            pending.offset,
            judgement.marks if decision is _LABELLED else (),
            judgement.missing,
            graver_shadow(judgement, decision),
            judgement.unchecked,
            judgement.association,
        )
    )


def graver_shadow(judgement: Judgement, decision: Decision) -> Decision | None:
    """What the decision would have been with all rules in force, where that is a graver one."""
    shadow = judgement.shadow_decision
    return shadow if shadow and DECISION_RANK[shadow] > DECISION_RANK[decision] else None


def refuse(
    turn: Turn,
    pending: Pending,
    reason: str,
    *,
    judgement: Judgement = _UNJUDGED,
    reviewers: tuple[str, ...] = (),
) -> None:
    """Settle with a refusal: a proposed value never becomes current."""
    settle(turn, pending, reason)
    if pending.kind is ChangeKind.REGISTRATION and turn.account.status is Status.AWAITING:
        turn.account.status = Status.REFUSED
    judgement = replace(judgement, decision=Decision.REFUSE, reason=reason, missing=())
    revise(turn, pending, judgement, reviewers)


def refuse_all(turn: Turn, reason: str) -> None:
    """Settle everything that waits: the account has come to its end."""
    for pending in list(turn.account.pending):
        refuse(turn, pending, reason)


def supersede(
    turn: Turn,
    phase: Phase,
    fields: Iterable[Field],
    kind: ChangeKind | None = None,
    *,
    paused_only: bool = False,
) -> None:
    """A newer change takes its fields over from what waits in ``phase``, or waits for a pause.

    What has no field left is refused. A newer change of ``kind`` REGISTRATION or OWNER_CHANGE
    replaces a waiting one of its kind altogether.
    """
    taken = set(fields)
    for pending in list(turn.account.pending):
        if pending.phase is not phase or (paused_only and not pending.pause):
            continue
        if pending.pause and turn.revision > 1:
            continue  # what a pause lets go came before all that still waits for its end
        had_fields = bool(pending.values)
        for field in taken & pending.values.keys():
            del pending.values[field]
        # A proposed change of owner has its sense without the fields that came with it.
        stands = pending.kind is ChangeKind.OWNER_CHANGE and phase is Phase.PROPOSED
        emptied = had_fields and not pending.values and not stands
        replaced = pending.kind is kind and kind in (
            ChangeKind.REGISTRATION,
            ChangeKind.OWNER_CHANGE,
        )
        if emptied or replaced:
            refuse(turn, pending, "Superseded by a newer change.")


def find(account: Account, event_id: str) -> Pending | None:
    """What waits under the event id of a change."""
    return next((pending for pending in account.pending if pending.event_id == event_id), None)


def rule_ids_of(pending: Pending) -> tuple[str, ...]:
    """Ids of the rules that something waits for, the most severe first."""
    return tuple(dict.fromkeys(rule_id for rule_id, _ in pending.rules))


def patience_of(turn: Turn, decision: Decision, *, awaiting: bool = False) -> int:
    """How long a change may wait under a decision, or for an analysis only, in ms."""
    if awaiting:
        return turn.pack.images.wait_minutes * MINUTE
    review = turn.pack.review
    if decision is _MATERIAL:
        return review.material_days * DAY
    return (review.strict_hours if decision is _STRICT else review.hold_hours) * HOUR


def _escalate(turn: Turn, pending: Pending) -> None:
    reason = (
        "Strict review by two reviewers."
        if pending.decision is Decision.STRICT_HOLD
        else "Review by a person."
    )
    if pending.asks > 0:
        reason = f"{reason} {UNANSWERED}"
    if pending.pause:
        reason = f"Claimed to be live although directive {pending.pause} holds it."
    elif pending.phase is Phase.APPLIED:
        reason += " The value is live."
    open_escalation(
        turn,
        _kind(pending),
        pending.event_id,
        _priority(pending),
        pending.due,
        reason,
        rule_ids_of(pending),
    )


def shown(pending: Pending) -> bool:
    """Whether a person was asked to look: not for material, a pause or an analysis alone."""
    if pending.awaiting or (pending.pause and pending.phase is _PROPOSED):
        return False
    return pending.decision in HOLDING


def _kind(pending: Pending) -> EscalationKind:
    if pending.kind is None:
        return EscalationKind.DISPOSAL
    if pending.decision is Decision.STRICT_HOLD:
        return EscalationKind.STRICT_HOLD
    return EscalationKind.HOLD


def _priority(pending: Pending) -> int:
    return min(4, max(1, 5 - pending.severity))
