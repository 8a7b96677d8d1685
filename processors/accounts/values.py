"""Current values: how they take effect, and what a new value or a new proof cures (Art. 15)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from processors.accounts import (
    analysed,
    breaches,
    closing,
    credit,
    duties,
    ladder,
    reasons,
    reviews,
)
from processors.accounts.escalations import open_breach
from processors.accounts.grounds import IDENTITY
from processors.accounts.ids import digest
from processors.accounts.reviews import HOLDING
from processors.accounts.state import (
    DECISION_RANK,
    INDEX,
    Account,
    Approval,
    Entry,
    Fact,
    Measure,
    Status,
)
from processors.accounts.turn import Turn
from processors.keys import is_same, renewed
from processors.policy.model import Judgement, Message, Proposal
from schemas.records import (
    AccountChange,
    ChangeKind,
    Field,
    MeasureStep,
    Phase,
    SubjectKind,
    VerificationKind,
)

Cause = tuple[str, Field]

MAX_AGAIN = 16
"""Refused values that an account may bring again for upheld appeals; the oldest gives way."""

# Looked up once, as in `changes`.
_OPEN, _CLOSED = Status.OPEN, Status.CLOSED
_REGISTRATION, _EDIT = ChangeKind.REGISTRATION, ChangeKind.EDIT
_OWNER_CHANGE = ChangeKind.OWNER_CHANGE
_NAME = Field.NAME
_IDENTITY, _INSTITUTION = VerificationKind.IDENTITY, VerificationKind.INSTITUTION


def take_effect(
    turn: Turn,
    kind: ChangeKind,
    values: Mapping[Field, str],
    subject: SubjectKind | None,
    owner: str | None,
    since: int,
) -> None:
    """Make a change current. ``since`` is when it came."""
    account = turn.account
    cleared = set_aside(account, kind, subject, values) if account.approvals else ()
    if kind is not _EDIT:
        turn.claims_changed = True
    if kind is _OWNER_CHANGE:
        account.facts = facts_of_owner(account, since, owner)
        account.approvals.clear()
        account.devices = []  # they may be the former owner's, who is not to be known by them
    elif subject and subject is not account.subject:
        account.approvals.clear()
    account.registered = account.registered or kind is _REGISTRATION
    account.subject = subject or account.subject
    if owner and owner != account.owner:
        account.owner = renewed(account.owner, owner)
        turn.claims_changed = True
    if values:
        current = account.values
        turn.former = current.copy()
        if _NAME in values:
            _rename(turn, kind)
        for field, value in values.items():
            current[INDEX[field]] = value
        if account.approvals:
            account.approvals = [a for a in account.approvals if a.field not in values or a.value]
            approve(account, cleared)
        if account.pending:
            reviews.supersede(turn, Phase.APPLIED, values)
        if account.analyses:
            analysed.prune(account)
    if account.status is not _OPEN:
        open_account(turn, kind)
    if kind is _OWNER_CHANGE and identity_verified(account):
        lift_identity(turn)


def _rename(turn: Turn, kind: ChangeKind) -> None:
    """The name is replaced: when that was, and what is claimed of the old one, is of account."""
    account = turn.account
    if kind is not _REGISTRATION and account.value(_NAME):
        account.renamed = turn.at
    by_right = any(fact.kind is _INSTITUTION for fact in account.facts)
    turn.claims_changed |= by_right or bool(account.approvals) or account.claims_a_name()


def facts_of_owner(account: Account, since: int, owner: str | None) -> list[Fact]:
    """Facts that speak for a new owner: given since the change came, or under the same token."""
    return [
        fact
        for fact in account.facts
        if fact.since >= since or (owner is not None and is_same(fact.token, owner))
    ]


def cure(
    turn: Turn, fields: Collection[Field], proposals: Iterable[Proposal], why: Message
) -> None:
    """Lift what a correction of these fields was waited for, unless the same rule hits again.

    A restriction is served to its end, but without the duty to correct.
    """
    measures = turn.account.measures
    if not measures:
        return
    hit = {(proposal.rule.id, proposal.field) for proposal in proposals}
    hit_fields = {field for _, field in hit}
    for measure in turn.account.live_measures():
        if not measure.deadline or measure.field not in fields:
            continue
        if (measure.rule, measure.field) in hit:
            continue
        if measure.field in hit_fields and ladder.ordered_by(turn.account, measure):
            continue  # what a person has ordered is met by a value in which nothing is found
        relieve(turn, measure, why)


def cure_by_proof(turn: Turn, proposals: Iterable[Proposal]) -> None:
    """Lift what was waited for and a proof now covers."""
    hit = {(proposal.rule.id, proposal.field) for proposal in proposals}
    for measure in turn.account.live_measures():
        rule = turn.examiner.rule(measure.rule)
        if not measure.deadline or rule is None or rule.proof is None:
            continue
        if (measure.rule, measure.field) not in hit:
            relieve(turn, measure, reasons.PROVED)


def verify_current(turn: Turn, judgement: Judgement | None = None) -> None:
    """Verify all current values, and what is owed, as after the end of a proof (Art. 15).

    ``judgement`` is that on all current values, where it was asked for already.
    """
    account = turn.account
    if account.status is not _OPEN:
        return
    judgement = judgement or turn.judge_current()
    result = breaches.answer(turn, breaches.unsaid(account, judgement.proposals))
    watched = {
        field
        for pending in account.pending
        if pending.phase is Phase.APPLIED
        for field in pending.values
    }
    review(turn, [p for p in result.reviews if p.field not in watched])
    duties.review(turn)


def review(turn: Turn, proposals: list[Proposal], change: AccountChange | None = None) -> None:
    """Let a person look at live values; ``change`` is what brought them up, with its verdict."""
    if not proposals or turn.account.status is not _OPEN:
        return
    account = turn.account
    reviews.hold(
        turn,
        event_id=change.event_id if change else turn.event_id,
        kind=change.kind if change else None,
        phase=Phase.APPLIED,
        decision=max(
            (p.finding.decision for p in proposals if p.finding.decision in HOLDING),
            key=DECISION_RANK.__getitem__,
        ),
        values={p.field: account.value(p.field) or "" for p in proposals},
        proposals=proposals,
        revision=turn.revision if change else 1,
    )


def approve(account: Account, causes: Iterable[Cause]) -> None:
    """Note that a person has set rules aside for the current values of fields."""
    for rule, field in causes:
        for approval in account.approvals:
            if approval.field is field and not approval.value:
                if rule not in approval.rules:
                    approval.rules.append(rule)
                break
        else:
            account.approvals.append(Approval(field, [rule]))


def set_aside(
    account: Account,
    kind: ChangeKind,
    subject: SubjectKind | None,
    new: Mapping[Field, str],
) -> frozenset[Cause]:
    """Rules whose refusal of one of these values was taken back, for the same owner and subject."""
    if kind is _OWNER_CHANGE or (subject and account.subject and subject is not account.subject):
        return frozenset()
    return frozenset(
        (rule, approval.field)
        for approval in account.approvals
        for rule in approval.rules
        if approval.value and approval.value == digest(new.get(approval.field, ""))
    )


def accept_again(account: Account, entry: Entry) -> None:
    """A refusal was wrong: the rule does not refuse the same value again."""
    if entry.field and entry.value:
        again = [approval for approval in account.approvals if approval.value]
        if len(again) >= MAX_AGAIN:
            account.approvals.remove(again[0])
        account.approvals.append(Approval(entry.field, [entry.rule], entry.value))


def set_cause_aside(account: Account, measure: Measure) -> None:
    """A person lifts a measure: where it was not corrected, the value may stay as it is."""
    field = measure.field
    if field is None:
        return
    warned = measure.value == digest(account.value(field) or "")
    if measure.deadline or measure.step in ladder.ENDING or warned:
        approve(account, [(measure.rule, field)])


def identity_verified(account: Account) -> bool:
    """Whether a proof of identity is valid now."""
    return any(fact.kind is _IDENTITY and not fact.failed for fact in account.facts)


def suspend_for_identity(turn: Turn) -> None:
    """No service without a true identity (Art. 9)."""
    live = ladder.of_cause(turn.account, IDENTITY.rule_id, None)
    if turn.account.status is _OPEN and not any(
        measure.step is MeasureStep.SUSPEND for measure in live
    ):
        breaches.begin_step(turn, IDENTITY, MeasureStep.SUSPEND, None, IDENTITY.message)


def lift_identity(turn: Turn) -> None:
    """Lift the suspension for want of an identity."""
    ladder.lift_cause(turn, IDENTITY.rule_id, reasons.IDENTITY_VERIFIED)


def relieve(
    turn: Turn, measure: Measure, why: Message, reviewer: str = "", appeal_id: str = ""
) -> None:
    """End the duty to correct; a restriction is served to its own end without it.

    A suspension for want of a correction that had been made by then counts as no repetition.
    """
    if _came_late(turn, measure):
        measure.counts, why = 0, reasons.CORRECTED_IN_TIME
    if measure.step is MeasureStep.RESTRICT and not measure.put_off:
        measure.deadline = 0
    else:
        ladder.lift(turn, measure, why, reviewer, appeal_id)


def tell_of_correction(turn: Turn, new: Mapping[Field, str]) -> None:
    """A closed account brings a correction: a person is told where it was made before the closure.

    Only a person undoes a closure; once told, not again.
    """
    for closure in turn.account.live_measures():
        value = new.get(closure.field) if closure.field else None
        if closure.step is not MeasureStep.CLOSE or value is None or not _came_late(turn, closure):
            continue
        if any(breach.subject == closure.id for breach in turn.account.breaches):
            continue
        found = turn.judge_current({closure.field: value} if closure.field and value else {})
        if not any(proposal.rule.id == closure.rule for proposal in found.proposals):
            why = "A correction came after the closure, and was made at its source before it."
            open_breach(turn, closure.id, why, (closure.rule,))


def _came_late(turn: Turn, measure: Measure) -> bool:
    """Whether the change is a correction that was made before a step that its want has led to."""
    followed = measure.root != measure.id and not measure.reviewer
    return followed and 0 < turn.made <= measure.begins < turn.at


def open_account(turn: Turn, kind: ChangeKind) -> None:
    """Take an account as open from now: its level of credit holds, and want of an identity."""
    account = turn.account
    if account.status is _CLOSED:
        for measure in account.live_measures():
            if measure.step is MeasureStep.CLOSE:
                ladder.lift(turn, measure, reasons.REGISTERED_ANEW)
        closing.reopen(turn)
    account.status = _OPEN
    if kind is _REGISTRATION:
        account.values = [value or "" for value in account.values]
    credit.hold_level(turn)
    if duties.identity_failed(account):
        suspend_for_identity(turn)
