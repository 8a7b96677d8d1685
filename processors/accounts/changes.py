"""Changes: registration, edits, owner change, cancellation (Order No. 10, Art. 10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from processors import places
from processors.accounts import (
    across,
    analysed,
    backlog,
    breaches,
    closing,
    credit,
    duties,
    ladder,
    naming,
    pauses,
    reasons,
    reviews,
    values,
)
from processors.accounts.effects import ImageAsked, VerdictGiven
from processors.accounts.examiner import view_of
from processors.accounts.reviews import HOLDING
from processors.accounts.state import ALLOWING, Account, Pending, Status
from processors.accounts.turn import Turn, current_values
from processors.policy.model import Guard, Judgement, Proposal
from schemas.records import (
    AccountChange,
    ChangeKind,
    Decision,
    Field,
    MeasureStep,
    Phase,
    SubjectKind,
)

# Looked up once: these are asked for every change, and a member of an enum is slow to find.
_OPEN, _UNKNOWN, _CLOSED = Status.OPEN, Status.UNKNOWN, Status.CLOSED
_REGISTRATION, _EDIT = ChangeKind.REGISTRATION, ChangeKind.EDIT
_OWNER_CHANGE, _CANCELLATION = ChangeKind.OWNER_CHANGE, ChangeKind.CANCELLATION
_PROPOSED, _APPLIED = Phase.PROPOSED, Phase.APPLIED
_NAME, _AVATAR, _BIO = Field.NAME, Field.AVATAR, Field.BIO
_BAR = MeasureStep.BAR
_OFF = Guard.OFF
_LABELLED, _REFUSE = Decision.ALLOW_LABELLED, Decision.REFUSE
_INDIVIDUAL = SubjectKind.INDIVIDUAL


def apply_change(turn: Turn, change: AccountChange) -> None:
    """Decide a change and bring it about."""
    account = turn.account
    if change.kind is _CANCELLATION:
        _cancel(turn, change)
        return
    turn.made = change.occurred_at
    refusal = _bar(turn, change)
    if refusal:
        _verdict(turn, change, _REFUSE, refusal)
        if account.status is _CLOSED and change.kind is _EDIT:
            values.tell_of_correction(turn, _new_values(account, change))
        return
    if change.language:
        account.language = change.language
    if change.agreement_version:
        account.agreement = change.agreement_version
    if change.ip_region is not None:
        account.place = places.label(change.ip_region)
    if change.device_token or change.avatar is not None:
        across.note_looks(turn, change)
    if change.labels:
        analysed.note_labels(account, change)
    if turn.pack.pauses and _paused(turn, change):
        return
    _take_up(turn, change)


def release(turn: Turn, pending: Pending) -> None:
    """The pause that a change waited for is over: decide it, as it would have been when it came."""
    assert pending.kind is not None  # what no change brought up waits for no pause
    reviews.settle(turn, pending, pauses.LIFTED)
    pauses.record(turn, pending, "it has ended, and the change is decided.")
    turn.topic, turn.partition, turn.offset = pending.topic, pending.partition, pending.offset
    turn.revision = pending.revision + 1
    given: dict[str, Any] = {field.lower(): value for field, value in pending.values.items()}
    change = AccountChange(
        event_id=pending.event_id,
        account_id=turn.account_id,
        occurred_at=pending.since,
        kind=pending.kind,
        phase=pending.phase,
        subject=pending.subject,
        owner_token=pending.owner,
        **given,
    )
    if refusal := _bar(turn, change):
        _verdict(turn, change, Decision.REFUSE, refusal)
    else:
        _take_up(turn, change)


def _paused(turn: Turn, change: AccountChange) -> bool:
    """Whether a pause holds the change; it then waits for its end."""
    account, given = turn.account, pauses.values_of(change)
    pause = pauses.covering(turn.pack, turn.account_id, account, change.kind, given, change.subject)
    if pause is None:
        return False
    reason = pauses.reason_of(pause)
    if change.kind is _EDIT and not given:
        if not _changes_who(account, change):
            _verdict(turn, change, Decision.HOLD, reason)  # there is nothing that could wait
            duties.relieve(turn)  # an agreement or a place may be there
            return True
        _take_over(turn, change, paused=True)
    _verdict(turn, change, Decision.HOLD, reason, due=pause.until)
    pauses.hold(turn, change, pause)
    if change.kind is ChangeKind.REGISTRATION and (
        change.phase is Phase.PROPOSED or account.status in (Status.CANCELLED, Status.ERASED)
    ):
        _not_registered(account, Status.AWAITING)
    return True


def _take_up(turn: Turn, change: AccountChange) -> None:
    """Judge a change and bring it about."""
    account = turn.account
    if account.status is _UNKNOWN and change.kind is not _REGISTRATION:
        values.open_account(turn, change.kind)  # its registration was before our time
    new = _new_values(account, change)
    judgement = _judge(turn, change.kind, new, change.subject, change.owner_token, turn.at)
    if _NAME in new and change.phase is _PROPOSED:
        judgement = naming.limit(turn, change.kind, judgement)
    if account.measures and not new and change.kind is _EDIT:
        judgement = _still_to_correct(turn, change, judgement)
    if account.pending:
        reviews.supersede(turn, Phase.PROPOSED, new, change.kind)
    if change.phase is _APPLIED:
        _apply_live(turn, change, new, judgement)
    else:
        _decide(turn, change, new, judgement)
        duties.relieve(turn)  # whatever became of the values, an agreement or a place may be there
    if judgement.unchecked:
        _ask_for_images(turn, change, new, judgement)


def _ask_for_images(
    turn: Turn, change: AccountChange, new: Mapping[Field, str], judgement: Judgement
) -> None:
    """Ask for a look into the images, unless the change is refused without one."""
    if judgement.decision is _REFUSE and change.phase is _PROPOSED:
        return
    terms = turn.pack.images
    for field in judgement.unchecked:
        if field not in terms.required and field not in terms.asked:
            continue
        value = new.get(field) or turn.account.value(field)
        if value:
            turn.effects.append(ImageAsked(field, value))


def allow(
    turn: Turn, pending: Pending, judgement: Judgement, reviewers: tuple[str, ...] = ()
) -> None:
    """Allow what waited: by its proofs, or by ``reviewers``, who set aside what was found."""
    reviews.settle(turn, pending, judgement.reason)
    reviews.revise(turn, pending, judgement, reviewers)
    set_aside = _set_aside(turn.account, pending) if reviewers else []
    carry_out(turn, pending)
    if reviewers:
        values.approve(turn.account, set_aside)
        found = turn.judge_current(pending.values).proposals
        left = breaches.unapproved(turn.account, found)  # of rules that nobody has set aside
        values.cure(turn, pending.values, left, reasons.APPROVED)
    else:
        values.cure(turn, pending.values, judgement.proposals, reasons.CORRECTED)


def _set_aside(account: Account, pending: Pending) -> list[values.Cause]:
    """What reviewers set aside by allowing a change: nothing in a field that another took over.

    Where the owner or the kind of subject changes, the values are judged that it does not give.
    """
    subject = pending.subject
    whole = pending.kind is _OWNER_CHANGE or (subject and subject is not account.subject)
    found = [*pending.aside, *pending.rules]
    return [cause for cause in found if whole or cause[1] in pending.values]


def carry_out(turn: Turn, pending: Pending) -> None:
    """Make current what waited and was allowed."""
    if pending.kind is None or pending.phase is _APPLIED:
        return
    values.take_effect(
        turn, pending.kind, pending.values, pending.subject, pending.owner, pending.since
    )
    duties.review(turn)


def lacking(turn: Turn, pending: Pending) -> tuple[str, ...]:
    """What must be brought before something that waits may be allowed, by a person too."""
    if pending.kind is None or pending.phase is _APPLIED:
        return ()
    return _missing(turn, pending.kind, pending.subject, pending.owner, pending.since)


def judge_pending(turn: Turn, pending: Pending) -> Judgement:
    """What the policy says now of something that waits."""
    if pending.kind is None or pending.phase is _APPLIED:
        judgement = turn.judge_current(pending.values)
        return judgement if pending.rules else credit.deepen(turn, judgement, pending.values)
    return _judge(turn, pending.kind, pending.values, pending.subject, pending.owner, pending.since)


def _new_values(account: Account, change: AccountChange) -> dict[Field, str]:
    """The values that a change gives and that are not current. Unrolled: runs for every change."""
    name, avatar, cover, bio, signature, badge = account.values
    new = {}
    if change.name is not None and change.name != name:
        new[_NAME] = change.name
    if change.avatar is not None and change.avatar != avatar:
        new[_AVATAR] = change.avatar
    if change.cover is not None and change.cover != cover:
        new[Field.COVER] = change.cover
    if change.bio is not None and change.bio != bio:
        new[_BIO] = change.bio
    if change.signature is not None and change.signature != signature:
        new[Field.SIGNATURE] = change.signature
    if change.badge is not None and change.badge != badge:
        new[Field.BADGE] = change.badge
    return new


def _still_to_correct(turn: Turn, change: AccountChange, judgement: Judgement) -> Judgement:
    """Refuse an edit that only repeats a value which is to be corrected: it corrects nothing.

    An edit that is allowed is taken for the correction by who makes it (Art. 10). A rule that is
    gone asks for no correction any more; what a person ordered stands.
    """
    for measure in turn.account.live_measures():
        field = measure.field
        if not (field and measure.deadline):
            continue
        asked = ladder.ordered_by(turn.account, measure) or turn.examiner.rule(measure.rule)
        if asked and getattr(change, field.lower()) is not None:
            reason = (
                f"The {field.lower()} repeats what is to be corrected by the rule {measure.rule}."
            )
            return replace(judgement, decision=_REFUSE, reason=reason, marks=(), missing=())
    return judgement


def _judge(
    turn: Turn,
    kind: ChangeKind,
    new: Mapping[Field, str],
    subject: SubjectKind | None,
    owner: str | None,
    since: int,
) -> Judgement:
    """Judge new values; where the owner or the kind of subject changes, the other values too.

    What the account owes comes before everything but a refusal: a person is not asked for nothing.
    """
    account = turn.account
    facts = None
    if kind is _OWNER_CHANGE:
        facts = values.facts_of_owner(account, since, owner)
        new = {**current_values(account), **new}
    elif subject and subject is not (account.subject or _INDIVIDUAL):
        new = {**current_values(account), **new}
    view = view_of(account, turn.event_id, subject, facts)
    if account.approvals:
        view = replace(view, aside=values.set_aside(account, kind, subject, new))
    judgement = turn.examiner.judge(view, new, turn.at)
    if view.aside and judgement.decision is Decision.ALLOW:
        judgement = replace(judgement, reason=_TAKEN_BACK)
    if account.ledger:
        judgement = credit.deepen(turn, judgement, new)
    if turn.pack.guard is not _OFF:
        judgement = backlog.guard(turn, judgement, new)
    lacks = _missing(turn, kind, subject, owner, since)
    if not lacks or judgement.decision is _REFUSE:
        return judgement
    shadow = judgement.shadow_decision if judgement.shadow_decision is Decision.REFUSE else None
    return replace(
        judgement,
        decision=Decision.NEED_MATERIAL,
        reason=duties.said(lacks).en,
        marks=(),
        missing=lacks,
        shadow_decision=shadow,  # what is owed comes before anything milder
        awaiting=False,
    )


def _missing(
    turn: Turn, kind: ChangeKind, subject: SubjectKind | None, owner: str | None, since: int
) -> tuple[str, ...]:
    account, terms = turn.account, turn.pack.duties
    if kind is _EDIT:
        return duties.missing(account, terms, subject)
    if kind is _OWNER_CHANGE:
        facts = values.facts_of_owner(account, since, owner)
        return duties.missing(account, terms, subject, facts)
    return duties.missing(account, terms, subject, registering=True)


def _apply_live(
    turn: Turn, change: AccountChange, new: dict[Field, str], judgement: Judgement
) -> None:
    """The change is live already: it becomes current, and a breach has its consequence."""
    decision = judgement.decision
    awaiting, due = judgement.awaiting, None
    if decision in HOLDING:
        due = turn.at + reviews.patience_of(turn, decision, awaiting=awaiting)
    _verdict(turn, change, decision, judgement.reason, judgement, due)
    values.take_effect(turn, change.kind, new, change.subject, change.owner_token, turn.at)
    values.cure(turn, new, judgement.proposals, reasons.CORRECTED)
    duties.review(turn)
    _look_at_live(turn, change, new, judgement)
    _ask_of_live(turn, change, new)


def _look_at_live(
    turn: Turn, change: AccountChange, new: dict[Field, str], judgement: Judgement
) -> None:
    """Act on what was found in values that are live, and let what is not decided be looked at."""
    account, decision, awaiting = turn.account, judgement.decision, judgement.awaiting
    if judgement.proposals and account.status is _OPEN:
        result = breaches.answer(turn, judgement.proposals, fresh=new.keys())
        values.review(turn, result.reviews, change)
        awaited = set(judgement.awaited).intersection(turn.pack.images.required)
        if result.reviews or not awaited or account.status is not _OPEN:
            return
        decision, awaiting = Decision.HOLD, True  # its image is still to be looked into
        new = {field: value for field, value in new.items() if field in awaited}
    if decision in HOLDING and account.status is _OPEN:
        reviews.hold(
            turn,
            event_id=change.event_id,
            kind=change.kind,
            phase=Phase.APPLIED,
            decision=decision,
            values=new,
            proposals=(),
            revision=turn.revision,
            awaiting=awaiting,
        )


def _ask_of_live(turn: Turn, change: AccountChange, new: Mapping[Field, str]) -> None:
    """Ask of what is live already; the answers find it as any other breach is found."""
    if turn.account.status is not _OPEN:
        return
    if _NAME in new:
        across.look_up_name(turn, new[_NAME])
    if change.kind is not _EDIT and across.concerns(turn, change.kind, named=False):
        waiting = _wait(turn, change, {}, turn.revision)
        if not across.ask(turn, waiting, _UNJUDGED):
            reviews.settle(turn, waiting, _UNJUDGED.reason)


def _decide(turn: Turn, change: AccountChange, new: dict[Field, str], judgement: Judgement) -> None:
    """The change waits for its decision and is not current before it."""
    account = turn.account
    decision, reason = judgement.decision, judgement.reason
    if account.status is _CLOSED and decision is not _REFUSE:
        decision = Decision.STRICT_HOLD
        reason = "The account was closed; its registration anew is verified strictly."
    if decision in ALLOWING and across.concerns(turn, change.kind, bool(new.get(_NAME))):
        waiting = _wait(turn, change, new, turn.revision - 1)
        if not across.ask(turn, waiting, judgement):
            allow(turn, waiting, judgement)
        elif change.kind is _REGISTRATION:
            _not_registered(account, Status.AWAITING)
        return
    if decision in ALLOWING:
        _verdict(turn, change, decision, reason, judgement)
        values.take_effect(turn, change.kind, new, change.subject, change.owner_token, turn.at)
        values.cure(turn, new, judgement.proposals, reasons.CORRECTED)
        return
    if decision is _REFUSE:
        _verdict(turn, change, decision, reason, judgement)
        if change.kind is _REGISTRATION and account.status is not _OPEN:
            _not_registered(account, Status.REFUSED)
        charge_refusal(turn, judgement.proposals, new)
        return
    if change.kind is _EDIT and not new:
        if not _changes_who(account, change):
            _verdict(turn, change, decision, reason, judgement)  # there is nothing that could wait
            return
        _take_over(turn, change, paused=False)
    awaiting = judgement.awaiting and decision is Decision.HOLD
    due = turn.at + reviews.patience_of(turn, decision, awaiting=awaiting)
    _verdict(turn, change, decision, reason, judgement, due)
    reviews.hold(
        turn,
        event_id=change.event_id,
        kind=change.kind,
        phase=Phase.PROPOSED,
        decision=decision,
        values=new,
        proposals=judgement.proposals,
        subject=change.subject,
        owner=change.owner_token,
        revision=turn.revision,
        awaiting=awaiting,
    )
    if change.kind is _REGISTRATION:
        _not_registered(account, Status.AWAITING)


def _changes_who(account: Account, change: AccountChange) -> bool:
    """Whether a change names another kind of subject, or another token, than the account has."""
    subject, owner = change.subject, change.owner_token
    another = subject and subject is not (account.subject or _INDIVIDUAL)
    return bool(another or (owner and owner != account.owner))


def _take_over(turn: Turn, change: AccountChange, *, paused: bool) -> None:
    """An edit of no field takes the place of those that wait and name nothing that it does not.

    ``paused`` says that it waits for a pause: what does comes after what does not.
    """
    for pending in list(turn.account.pending):
        bare = pending.kind is _EDIT and pending.phase is change.phase and not pending.values
        covered = (change.subject or not pending.subject) and (
            change.owner_token or not pending.owner
        )
        if bare and covered and bool(pending.pause) is paused:
            reviews.refuse(turn, pending, "Superseded by a newer change.")


def _wait(turn: Turn, change: AccountChange, new: dict[Field, str], revision: int) -> Pending:
    """Let a change wait for answers; ``revision`` is that of its last verdict, 0 for none."""
    pending = reviews.hold(
        turn,
        event_id=change.event_id,
        kind=change.kind,
        phase=change.phase,
        decision=Decision.ALLOW,
        values=new,
        proposals=(),
        subject=change.subject,
        owner=change.owner_token,
    )
    pending.revision = revision
    return pending


def charge_refusal(turn: Turn, proposals: tuple[Proposal, ...], new: Mapping[Field, str]) -> None:
    """Enter the points of the gravest rule that refuses a new value."""
    for proposal in proposals:
        refused = proposal.finding.decision is _REFUSE
        if refused and proposal.rule.points and proposal.field in new:
            field, why = proposal.field, "A change was refused."
            credit.charge_refusal(turn, proposal.rule, why, field, new[field])
            return


def _not_registered(account: Account, status: Status) -> None:
    if account.status not in (_OPEN, _CLOSED):
        account.status = status


_UNJUDGED = Judgement(Decision.ALLOW, (), (), "")
_TAKEN_BACK = "The value was refused before, and an appeal against that was upheld."

_SHUT = {
    Status.AWAITING: "The registration of the account is not decided yet.",
    Status.REFUSED: "The registration of the account was refused.",
    Status.CANCELLED: "The account was cancelled by its holder.",
    Status.ERASED: "The account was cancelled by its holder, and erased.",
    Status.CLOSED: "The account is closed.",
}


def _bar(turn: Turn, change: AccountChange) -> str:
    """Why a change is refused whatever it holds, empty where it is not."""
    status = turn.account.status
    if status is _OPEN:
        return ""
    if change.kind is _REGISTRATION:
        return _bar_registration(turn, change)
    live = change.phase is _APPLIED and status in (Status.AWAITING, Status.REFUSED)
    return "" if live else _SHUT.get(status, "")  # what is live shows that the account exists


def _bar_registration(turn: Turn, change: AccountChange) -> str:
    account = turn.account
    barred = any(m.step is _BAR for m in account.live_measures())
    live = change.phase is _APPLIED
    if account.status is _CLOSED and (barred or live):
        return "The account is closed and must not be registered again (CAC-10-3a)."
    if duties.identity_failed(account) and not live:
        return "The identity could not be verified (CAC-09-2)."
    return ""


def _cancel(turn: Turn, change: AccountChange) -> None:
    status = turn.account.status
    if status is _CLOSED:
        _verdict(turn, change, _REFUSE, "The account is closed.")
    elif status in (Status.CANCELLED, Status.ERASED):
        _verdict(turn, change, _REFUSE, "The account is cancelled already.")
    else:
        _verdict(turn, change, Decision.ALLOW, "Cancelled at the account holder's wish.")
        closing.cancel(turn)


def _verdict(
    turn: Turn,
    change: AccountChange,
    decision: Decision,
    reason: str,
    judgement: Judgement | None = None,
    due: int | None = None,
) -> None:
    judgement = judgement or _UNJUDGED
    turn.effects.append(
        VerdictGiven(  # by position: so many keywords would cost a microsecond, for every change
            change.event_id,
            turn.revision,
            change.kind,
            change.phase,
            decision,
            judgement.findings,
            reason,
            (),
            due,
            turn.topic,
            turn.partition,
            turn.offset,
            judgement.marks if decision is _LABELLED else (),
            judgement.missing,
            reviews.graver_shadow(judgement, decision),
            judgement.unchecked,
        )
    )
