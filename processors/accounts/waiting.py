"""Judges again what waits, when a proof or an analysis has come in (Order No. 10, Art. 10)."""

from __future__ import annotations

from collections.abc import Set

from msgspec.structs import replace

from processors.accounts import across, analysed, breaches, changes, pauses, reviews
from processors.accounts.reviews import HOLDING
from processors.accounts.state import ALLOWING, DECISION_RANK, Pending
from processors.accounts.turn import Turn
from processors.policy.model import Judgement
from schemas.records import Decision, Field, Phase


def judge_again(turn: Turn, pending: Pending) -> None:
    """Settle what waits, let it wait for somebody else, or leave it as it is.

    A strict hold, and what the check across accounts has held, is for people alone: what is found
    besides is only told.
    """
    if pending.pause:
        return  # it is decided when the pause ends
    if pending.decision in ALLOWING:
        pending.judged = ""  # it is judged again once the check across accounts has answered
        return
    judgement = changes.judge_pending(turn, pending)
    decision = judgement.decision
    if judgement.awaiting and pending.awaiting:
        return
    if pending.decision is Decision.STRICT_HOLD or pending.found:
        reviews.add(turn, pending, judgement)
    elif decision in ALLOWING:
        _allow(turn, pending, judgement)
    elif pending.phase is Phase.APPLIED:
        if pending.awaiting or decision not in HOLDING:
            _answer_live(turn, pending, judgement)
        else:
            _harden(turn, pending, judgement)
    elif decision is Decision.REFUSE:
        reviews.refuse(turn, pending, judgement.reason, judgement=judgement)
        if pending.awaiting:  # its first decision, only later
            changes.charge_refusal(turn, judgement.proposals, pending.values)
    else:
        _harden(turn, pending, judgement)


def give_up(turn: Turn, pending: Pending) -> None:
    """The time for an analysis has passed: the pack says what then (Art. 10)."""
    account, values = turn.account, pending.values
    awaited = changes.judge_pending(turn, pending).awaited  # of what is current, too
    of_field = {field: values.get(field) or account.value(field) or "" for field in awaited}
    analysed.note_untried(account, of_field)
    judge_again(turn, pending)


def let_go(turn: Turn, pending: Pending) -> bool:
    """Allow what no rule asks anything of any more, as after another pack. Whether it was.

    What waits for people alone, or for answers, is left to them.
    """
    for_people = pending.decision is Decision.STRICT_HOLD or pending.found or pending.asks > 0
    if for_people or not pending.rules:
        return False
    judgement = changes.judge_pending(turn, pending)
    if judgement.decision not in ALLOWING:
        return False
    _allow(turn, pending, judgement)
    return True


def _allow(turn: Turn, pending: Pending, judgement: Judgement) -> None:
    pause = pauses.covering_pending(turn.pack, turn.account_id, turn.account, pending)
    if pause is not None:
        pauses.suspend(turn, pending, pause)
        return
    if across.must_ask(turn, pending):
        reviews.close(turn, pending, judgement.reason)
        if across.ask(turn, pending, judgement):
            return
    changes.allow(turn, pending, judgement)


def _harden(turn: Turn, pending: Pending, judgement: Judgement) -> None:
    """Let it wait for what is graver; for the same, tell what is found besides."""
    decision = judgement.decision
    graver = DECISION_RANK[decision] > DECISION_RANK[pending.decision]
    if graver or pending.awaiting:
        pending.reviewers = []  # what they approved is not all that is found now
        reviews.harden(turn, pending, judgement)
    elif decision is pending.decision:
        reviews.add(turn, pending, judgement)


def _answer_live(turn: Turn, pending: Pending, judgement: Judgement) -> None:
    """A live value that waited for its analysis, or a person, is in breach, or a person looks."""
    proposals = breaches.unapproved(turn.account, judgement.proposals)
    first = pending.awaiting  # of what was judged already a measure may be in force
    answer = breaches.answer(turn, proposals, fresh=pending.values if first else ())
    if pending not in turn.account.pending:  # the account was closed
        return
    if answer.reviews:
        if judgement.decision not in HOLDING:
            decisions = [proposal.finding.decision for proposal in answer.reviews]
            gravest = max(decisions, key=DECISION_RANK.__getitem__)
            judgement = replace(judgement, decision=gravest)
        _harden(turn, pending, judgement)
    elif proposals:
        _go_on_with_the_rest(turn, pending, judgement, {proposal.field for proposal in proposals})
    elif first:
        reviews.harden(turn, pending, judgement)


def _go_on_with_the_rest(
    turn: Turn, pending: Pending, judgement: Judgement, found: Set[Field]
) -> None:
    """What is found in breach is under its measure; what else was to be looked at still is."""
    pending.values = {f: value for f, value in pending.values.items() if f not in found}
    pending.rules = [cause for cause in pending.rules if cause[1] not in found]
    rest = changes.judge_pending(turn, pending)
    if rest.decision not in HOLDING:
        reviews.settle(turn, pending, judgement.reason)
        reviews.revise(turn, pending, judgement)
        return
    reviews.revise(turn, pending, judgement)
    if pending.awaiting and not rest.awaiting:
        reviews.harden(turn, pending, rest)
