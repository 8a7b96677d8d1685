"""What the answers of the registry of keys come to (Order No. 10, Art. 10).

The identity of a closed account is refused while its bar lasts and verified strictly after it.
What an account shares with closed ones under a bar is added up, and from the pack's threshold on
verified strictly. Too many accounts of one subject are refused, too many registrations of a day
with one device or avatar held. A name that is somebody else's by right goes by the pack's rules.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace

from processors.accounts import (
    across,
    breaches,
    changes,
    ladder,
    owning,
    pauses,
    reporters,
    reviews,
    values,
)
from processors.accounts.complaints import screen
from processors.accounts.effects import Audited
from processors.accounts.examiner import Examiner, view_of
from processors.accounts.grounds import REREGISTERED
from processors.accounts.reviews import HOLDING
from processors.accounts.state import (
    ALLOWING,
    ANSWERED,
    DECISION_RANK,
    KEY_NUMBER,
    Account,
    Known,
    Pending,
)
from processors.accounts.turn import Turn
from processors.keys import KINDS
from processors.policy.analyses import with_unchecked
from processors.policy.model import AcrossTerms, ImageTerms, Judgement
from schemas.records import (
    AssociatedKey,
    AuditKind,
    Decision,
    Field,
    KeyFinding,
    KeyKind,
    MeasureStep,
    Phase,
    SubjectKind,
)

_EXACT = (KEY_NUMBER[KeyKind.IDENTITY], KEY_NUMBER[KeyKind.CREDIT_CODE])
_NAME = KEY_NUMBER[KeyKind.NAME]

# Looked up once, as in `changes`.
_APPLIED = Phase.APPLIED
_INDIVIDUAL = SubjectKind.INDIVIDUAL
_NAME_FIELD = Field.NAME

_BARRED = (
    "The identity is that of a closed account, which must not be registered again (CAC-10-3a)."
)
_BARRED_BEFORE = (
    "The identity is that of an account that was closed; it is verified strictly (CAC-10-3a)."
)
_NOTHING = "The check across accounts found nothing that matters."


class _Opinion(NamedTuple):
    """What one side of the answers asks for."""

    decision: Decision
    reason: str


def settle(turn: Turn, pending: Pending) -> None:
    """Decide something of which all answers are there."""
    pending.asks, pending.found, pending.heard = ANSWERED, pending.heard, []
    own, judgement = _weigh(turn, pending)
    if not own:
        pending.found = []  # nothing in them is for people: what waits on may be judged again
    if pending.phase is _APPLIED:
        _settle_live(turn, pending, judgement)
    elif judgement.decision in ALLOWING and (
        pause := pauses.covering_pending(turn.pack, turn.account_id, turn.account, pending)
    ):
        pauses.suspend(turn, pending, pause)
    elif judgement.decision in ALLOWING:
        changes.allow(turn, pending, judgement, tuple(pending.reviewers))
    elif judgement.decision is Decision.REFUSE:
        reviews.refuse(turn, pending, judgement.reason, judgement=judgement)
    else:
        reviews.harden(turn, pending, judgement)
    _say_something(turn, pending.event_id)


def waiting(account: Account) -> int:
    """How much of an account waits for answers."""
    asking = sum(pending.asking for pending in account.pending)
    return asking + sum(bool(ticket.asks) for ticket in account.tickets)


def give_up_next(
    account_id: str, account: Account, examiner_at: Callable[[int], Examiner], at: int
) -> Turn | None:
    """Decide at ``at`` (ms) the first of what waits for answers without them; None for nothing.

    A person has what would have been allowed. The answers still count, where they come first. A
    complainant is taken for one who is not known.
    """
    pending = next((pending for pending in account.pending if pending.asking), None)
    if pending is not None:
        at = max(at, pending.asked)
        event = across.unanswered_id(account_id, pending.event_id, pending.asked)
        turn = Turn(account_id, account, examiner_at(at), event, at)
        _give_up(turn, pending)
        return turn
    ticket = next((ticket for ticket in account.tickets if ticket.asks), None)
    if ticket is None:
        return None
    at = max(at, ticket.at)
    event = across.unanswered_id(account_id, ticket.asks, ticket.at)
    turn = Turn(account_id, account, examiner_at(at), event, at)
    screen(turn, ticket, reporters.nobody(turn, ticket))
    return turn


def _give_up(turn: Turn, pending: Pending) -> None:
    judgement = _judged(turn, pending)
    pending.judged = ""  # an answer that comes late finds what the rules say then
    if judgement.decision is Decision.REFUSE:
        reviews.refuse(turn, pending, judgement.reason, judgement=judgement)
        return
    if judgement.decision not in HOLDING:
        judgement = replace(
            judgement,
            decision=Decision.HOLD,
            reason=reviews.UNANSWERED,
            marks=(),
            missing=(),
            awaiting=False,
        )
    reviews.harden(turn, pending, judgement)


def answer_live_name(turn: Turn, finding: KeyFinding) -> None:
    """A name that is live turns out to be somebody else's."""
    known = Known(_NAME, finding.holders, finding.strength, False, 0, finding.closed_for, 0)
    name = turn.account.value(Field.NAME) or ""
    judgement = _taken(turn, name, known, None)
    if judgement is not None:
        proposals = breaches.unapproved(turn.account, judgement.proposals)
        result = breaches.answer(turn, proposals, fresh=(Field.NAME,))
        values.review(turn, result.reviews)
        if waiting := reviews.find(turn.account, turn.event_id):
            waiting.found = [known]  # no look at the account alone settles it
    _say_something(turn, finding.event_id)


def _say_something(turn: Turn, event_id: str) -> None:
    """Every turn has an output, by which its place in the account's sequence is known."""
    if not turn.effects:
        turn.effects.append(Audited(AuditKind.VERIFICATION, event_id, _NOTHING, "auto"))


def _settle_live(turn: Turn, pending: Pending, judgement: Judgement) -> None:
    decision = judgement.decision
    if decision in HOLDING:
        if beside := _waits_beside(turn.account, pending):
            _hold_together(turn, pending, beside, judgement)
        else:
            reviews.harden(turn, pending, judgement)
        return
    reviews.settle(turn, pending, judgement.reason)
    if decision is Decision.REFUSE:
        reviews.revise(turn, pending, judgement)
        if ladder.of_cause(turn.account, REREGISTERED.rule_id, None):
            return  # it is suspended for that already: one appeal takes back all
        breaches.begin_step(turn, REREGISTERED, MeasureStep.SUSPEND, None, REREGISTERED.message)


def _waits_beside(account: Account, pending: Pending) -> Pending | None:
    """What else of the same live change waits, for a person or for an analysis."""
    return next(
        (p for p in account.pending if p is not pending and p.event_id == pending.event_id), None
    )


def _hold_together(turn: Turn, pending: Pending, beside: Pending, judgement: Judgement) -> None:
    """A person looks at a live change once, whatever it is held for."""
    beside.found = pending.found
    reviews.settle(turn, pending, judgement.reason)
    if beside.awaiting or DECISION_RANK[judgement.decision] > DECISION_RANK[beside.decision]:
        reviews.harden(turn, beside, judgement, besides=True)
    else:
        reviews.revise(turn, beside, replace(judgement, decision=beside.decision))


def _weigh(turn: Turn, pending: Pending) -> tuple[bool, Judgement]:
    """Whether the answers ask for something, and the decision with what the rules say."""
    judgement = _judged(turn, pending)
    terms = turn.pack.across
    if terms is None:
        return False, judgement
    association = _association(terms, pending)
    opinions = [*_of_identity(turn, terms, pending), *_of_look(terms, pending, association)]
    judgement = replace(judgement, association=association)
    name = pending.values.get(_NAME_FIELD, "")
    for known in pending.found:
        taken = _taken(turn, name, known, pending) if name and known.kind == _NAME else None
        if taken is not None:
            judgement = replace(
                judgement,
                findings=judgement.findings + taken.findings,
                proposals=taken.proposals + judgement.proposals,
            )
            opinions.append(_Opinion(taken.decision, taken.reason))
    own = False
    for opinion in opinions:
        if DECISION_RANK[opinion.decision] > DECISION_RANK[judgement.decision]:
            own = True
            judgement = replace(
                judgement, decision=opinion.decision, reason=opinion.reason, marks=(), missing=()
            )
    return own, judgement


def _judged(turn: Turn, pending: Pending) -> Judgement:
    """What is said of the change without the answers."""
    if pending.reviewers:
        reason = "Approved by two reviewers." if len(pending.reviewers) > 1 else _BY_ONE
        return Judgement(Decision.ALLOW, (), (), reason)
    if pending.phase is _APPLIED or pending.judged == turn.examiner.policy.hash:
        return _nothing_found(turn.pack.images, tuple(pending.unchecked))
    return changes.judge_pending(turn, pending)


@lru_cache(maxsize=64)
def _nothing_found(terms: ImageTerms, unchecked: tuple[Field, ...]) -> Judgement:
    """What was said of a change in which nothing was found, but for images not looked into."""
    judgement = Judgement(Decision.ALLOW, (), (), "No rule asks for anything.")
    return with_unchecked(judgement, terms, unchecked, set()) if unchecked else judgement


_BY_ONE = "Approved by a reviewer."


def _of_identity(turn: Turn, terms: AcrossTerms, pending: Pending) -> list[_Opinion]:
    """The identity of a closed account, and too many accounts of one."""
    subject = pending.subject or turn.account.subject or _INDIVIDUAL
    limit = terms.persons if subject is _INDIVIDUAL else terms.organisations
    counted = across.counted_by(turn.account, pending)
    found = []
    for known in pending.found:
        if known.kind in _EXACT and known.barred:
            if _lasts(known, pending.since):
                found.append(_Opinion(Decision.REFUSE, _BARRED))
            else:
                found.append(_Opinion(Decision.STRICT_HOLD, _BARRED_BEFORE))
        if limit and known.holders >= limit and KINDS[known.kind] is counted:
            live = pending.phase is _APPLIED
            reason = f"Accounts that the subject has already: {known.holders}; allowed: {limit}."
            found.append(_Opinion(Decision.HOLD if live else Decision.REFUSE, reason))
    return found


def _of_look(
    terms: AcrossTerms, pending: Pending, association: tuple[AssociatedKey, ...]
) -> list[_Opinion]:
    """What is shared with closed accounts, and what many registrations of a day have in common."""
    found = []
    score = sum(key.weight for key in association)
    if score >= terms.threshold:
        shared = ", ".join(key.kind.value.lower().replace("_", " ") for key in association)
        reason = f"Closely associated with a closed account by {shared} ({score}, CAC-10-3b)."
        found.append(_Opinion(Decision.STRICT_HOLD, reason))
    for known in pending.found:
        kind = KINDS[known.kind]
        limit = terms.registrations_a_day.get(kind)
        if limit and known.recent > limit:
            what = kind.value.lower()
            reason = f"{known.recent} accounts were registered with one {what} within a day."
            found.append(_Opinion(Decision.HOLD, reason))
    return found


def _association(terms: AcrossTerms, pending: Pending) -> tuple[AssociatedKey, ...]:
    """What the account shares with closed ones under a bar: each kind of key counts once."""
    shared: dict[KeyKind, Known] = {}
    for known in pending.found:
        kind = KINDS[known.kind]
        if known.barred and _lasts(known, pending.since) and terms.weights.get(kind):
            shared.setdefault(kind, known)
    return tuple(
        AssociatedKey(kind=kind, weight=terms.weights[kind], ban_until=known.ban_until or None)
        for kind, known in shared.items()
    )


def _lasts(known: Known, at: int) -> bool:
    return not known.ban_until or at < known.ban_until


def _taken(turn: Turn, name: str, known: Known, pending: Pending | None) -> Judgement | None:
    """What the rules say of a name that is another's; None where it is nobody's by right."""
    own = owning.strength(turn, turn.account, name, pending)
    if known.strength >= max(own, owning.INSTITUTION):
        protected = known.strength >= owning.PROTECTED
        owner = "whose protected name it is" if protected else "a verified institution"
    elif known.closed_for and own == owning.ORDINARY:
        owner = "an account that was closed for it"
    else:
        return None
    view = view_of(turn.account, turn.event_id, pending.subject if pending else None)
    return turn.examiner.judge_taken(view, name, owner)
