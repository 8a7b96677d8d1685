"""What applying an input or a deadline to an account brings about.

Effects are collected while an account is worked on; `processors.accounts.emit` turns them into
records. Each names the rules that caused it.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from processors.policy.model import Message, Rule
from schemas.records import (
    AssociatedKey,
    AuditKind,
    CaseOutcome,
    ChangeKind,
    ComplaintState,
    CreditAction,
    Decision,
    EscalationKind,
    Field,
    Finding,
    Mark,
    MeasureStep,
    NoticeKind,
    Phase,
)


class Ground(NamedTuple):
    """What a measure or a credit entry rests on: a rule of the pack, or a duty built in."""

    rule_id: str
    obligation: str
    article: str
    severity: int
    message: Message
    remedy: Message
    clause: str = ""


def ground_of(rule: Rule) -> Ground:
    """The ground that a rule of the pack gives."""
    return Ground(
        rule.id,
        rule.obligation,
        rule.article,
        rule.severity,
        rule.message,
        rule.remedy,
        rule.clause,
    )


class VerdictGiven(Struct, frozen=True, gc=False):
    """A change was decided upon; the rules are in ``findings``."""

    event_id: str
    revision: int
    kind: ChangeKind
    phase: Phase
    decision: Decision
    findings: tuple[Finding, ...]
    reason: str
    reviewers: tuple[str, ...]
    due_at: int | None
    topic: str
    partition: int
    offset: int
    marks: tuple[Mark, ...] = ()
    missing: tuple[str, ...] = ()
    shadow_decision: Decision | None = None
    unchecked: tuple[Field, ...] = ()
    association: tuple[AssociatedKey, ...] = ()


class CreditChanged(Struct, frozen=True, gc=False):
    """An entry of the ledger was added, expired, was repaired or reversed.

    ``service`` is what the level means for the account.
    """

    entry_id: str
    action: CreditAction
    rule_id: str
    reason: str
    points: int
    score: int
    level: str
    previous_level: str
    expires_at: int | None
    service: str


class MeasureTerms(Struct, frozen=True, gc=False):
    """A measure as it stood when an effect arose. ``ends`` and ``deadline`` None for none.

    ``appeal`` is until when one may appeal, ``functions`` what of the service is restricted.
    """

    measure_id: str
    step: MeasureStep
    rule_id: str
    obligation: str
    article: str
    field: Field | None
    begins: int
    ends: int | None
    deadline: int | None
    appeal: int
    clause: str = ""
    functions: tuple[str, ...] = ()


class MeasureBegun(Struct, frozen=True, gc=False):
    """A measure is in force from now.

    ``evidence`` is what its rule finds in the value now, ``rollback`` the last compliant value.
    """

    terms: MeasureTerms
    ground: Ground
    reason: Message
    reviewer: str
    evidence: tuple[Finding, ...]
    rollback: str | None


class MeasureExtended(Struct, frozen=True, gc=False):
    """A measure in force ends later than it would have."""

    terms: MeasureTerms
    reason: Message
    reviewer: str


class MeasureLifted(Struct, frozen=True, gc=False):
    """A measure is no longer in force; ``appeal_id`` names the appeal that took it back."""

    terms: MeasureTerms
    reason: Message
    reviewer: str
    appeal_id: str


class ReportTakenBack(Struct, frozen=True, gc=False):
    """A measure that was reported is taken back, and so is its report, under an id of its own."""

    terms: MeasureTerms
    report_id: str


class CorrectionReminded(Struct, frozen=True, gc=False):
    """Part of the time for a correction has passed."""

    terms: MeasureTerms
    ground: Ground


class ComplaintMoved(Struct, frozen=True, gc=False):
    """A complaint reached a state; ``rule_ids`` hit what was complained of.

    ``by_person`` says that a person has decided it.
    """

    complaint_id: str
    state: ComplaintState
    reason: Message
    due_at: int
    merged_into: str | None
    language: str | None
    rule_ids: tuple[str, ...]
    outcome: CaseOutcome | None
    evidence_due_at: int | None
    by_person: bool = False


class CaseTold(Struct, frozen=True, gc=False):
    """The account is told of a complaint, of its own answer to one, or of its appeal.

    ``until`` (ms) is until when an answer is waited for.
    """

    kind: NoticeKind
    said: Message
    complaint_id: str = ""
    appeal_id: str = ""
    measure_id: str = ""
    outcome: CaseOutcome | None = None
    until: int | None = None


class EscalationOpened(Struct, frozen=True, gc=False):
    """A person must look at something until ``due_at``. ``rule_ids`` are the rules concerned."""

    escalation_id: str
    kind: EscalationKind
    subject_id: str
    priority: int
    opened_at: int
    due_at: int
    reason: str
    rule_ids: tuple[str, ...]


class EscalationClosed(Struct, frozen=True, gc=False):
    """Nobody needs to look any more."""

    escalation_id: str
    kind: EscalationKind
    subject_id: str
    priority: int
    opened_at: int
    due_at: int
    reason: str
    rule_ids: tuple[str, ...]


class ImageAsked(Struct, frozen=True, gc=False):
    """The rules ask for a look into an image that a field refers to."""

    field: Field
    value: str


class Audited(Struct, frozen=True, gc=False):
    """Something is kept for the record that is not a disposal.

    ``measure_id``, ``appeal_id`` and ``outcome`` are those of a ruling on an appeal; ``erased``
    says that the account is erased.
    """

    kind: AuditKind
    subject_id: str
    summary: str
    actor: str
    rule_ids: tuple[str, ...] = ()
    measure_id: str = ""
    appeal_id: str = ""
    outcome: CaseOutcome | None = None
    erased: bool = False


Effect = (
    VerdictGiven
    | CreditChanged
    | MeasureBegun
    | MeasureExtended
    | MeasureLifted
    | ReportTakenBack
    | CorrectionReminded
    | ComplaintMoved
    | CaseTold
    | EscalationOpened
    | EscalationClosed
    | ImageAsked
    | Audited
)
