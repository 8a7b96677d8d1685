"""An account is verified anew in a sweep, by the same rules (Order No. 10, Art. 15).

Where nothing is otherwise than before nothing is put out, and the account is as it was.
"""

from __future__ import annotations

from processors.accounts import credit, ladder, reasons, values
from processors.accounts.effects import Audited
from processors.accounts.ids import derive_id
from processors.accounts.state import Account, Status
from processors.accounts.turn import Turn
from processors.policy.model import Judgement
from schemas.records import AuditKind


def turn_id(account_id: str, sweep_id: str) -> str:
    """Id of the turn in which a sweep comes to an account."""
    return derive_id("sweep", account_id, sweep_id)


def is_open_to(account: Account) -> bool:
    """Whether there is anything to verify."""
    return account.status is Status.OPEN


def verify_anew(turn: Turn) -> bool:
    """Verify what an open account shows, and what it owes; whether anything is otherwise.

    A new breach leads to what it always leads to; a measure whose rule does not hit the value any
    more is lifted, unless a person ordered it.
    """
    judgement = turn.judge_current()
    turn.found = judgement.findings
    values.verify_current(turn, judgement)
    relieved = _relieve_what_is_found_no_more(turn, judgement)
    relieved |= credit.lift_others(turn)
    return relieved or bool(turn.effects)


def tell_cause(turn: Turn, sweep_id: str) -> None:
    """Say what has led to the turn."""
    summary = f"Verified anew by sweep {sweep_id}."
    turn.effects.append(Audited(AuditKind.VERIFICATION, sweep_id, summary, "auto"))


def _relieve_what_is_found_no_more(turn: Turn, judgement: Judgement) -> bool:
    """Rules may ask for less than they did, or be gone. Whether any did."""
    hit = {(proposal.rule.id, proposal.field) for proposal in judgement.proposals}
    met = [
        measure
        for measure in turn.account.live_measures()
        if measure.deadline
        and measure.field is not None
        and not ladder.ordered_by(turn.account, measure)
        and (measure.rule, measure.field) not in hit
    ]
    for measure in met:
        values.relieve(turn, measure, reasons.NOT_FOUND)
    return bool(met)
