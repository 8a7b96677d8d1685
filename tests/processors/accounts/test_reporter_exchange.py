"""Complainants known in other partitions: complaints, and how they ended, cross each other."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from processors import engine
from processors.policy import MisuseTerms, Policy
from schemas.records import (
    AccountComplaint,
    AccountRuling,
    ChangeKind,
    ComplaintCategory,
    ComplaintFeedback,
    ComplaintState,
    Escalation,
    EscalationKind,
    Field,
    RulingAction,
)
from tests.effort import effort
from tests.processors.accounts.test_exchange import ACCOUNTS, Cluster, home
from tests.processors.accounts.world import DAY, make_pack, of
from tests.processors.books import NEXT_STATES

WATCHFUL = Policy(make_pack(complaints=replace(make_pack().complaints, misuse=MisuseTerms())))
PEOPLE = ("who-1", "who-2", None)


class Complaints(Cluster):
    """Partitions in which people complain of accounts."""

    policy = WATCHFUL

    def __init__(self) -> None:
        super().__init__()
        for account in ACCOUNTS:
            self.register(account, f"tok-{account}", f"plain {account}")
        self.settle()
        self.made: list[tuple[str, str]] = []

    def complain(self, account: str, who: str | None) -> str:
        ticket = f"t{self.number + 1}"
        self.made.append((account, ticket))
        self.send(
            AccountComplaint(
                event_id=f"ev-{self.number + 1}",
                account_id=account,
                occurred_at=self.now,
                complaint_id=ticket,
                category=ComplaintCategory.FALSE_CLAIM,
                field=Field.NAME,
                complainant_token=who,
            )
        )
        return ticket

    def dismiss(self, account: str, ticket: str) -> None:
        self.send(
            AccountRuling(
                event_id=f"ev-{self.number + 1}",
                account_id=account,
                occurred_at=self.now,
                action=RulingAction.DISMISS_COMPLAINT,
                subject_id=ticket,
                reviewer_id="rev-1",
                reason="so decided",
                misuse=True,
            )
        )

    def wait(self, days: int) -> None:
        """Time passes, and deadlines fall due everywhere."""
        self.now += days * DAY
        for held in self.states:
            keys = [key for key in held if key[0]]
            outcome = engine.run_due(keys, held.get, self.policy, self.now)
            held.update(outcome.states)
            self.outputs += outcome.outputs

    def told(self, ticket: str) -> list[ComplaintState]:
        """The states that a complaint has gone through."""
        return [f.state for f in of(self.outputs, ComplaintFeedback) if f.complaint_id == ticket]


def test_a_complaint_is_received_at_once_and_screened_when_its_complainant_is_known():
    cluster = Complaints()
    ticket = cluster.complain("a", "who-1")
    assert cluster.told(ticket) == [ComplaintState.RECEIVED]
    cluster.settle()
    assert cluster.told(ticket)[1:3] == [ComplaintState.ACCEPTED, ComplaintState.SCREENING]


@pytest.mark.obligation("CAC-19-2")
def test_a_complaint_whose_complainant_is_not_known_in_time_is_heard_and_the_answer_is_late():
    cluster = Complaints()
    ticket = cluster.complain("a", "who-1")
    cluster.give_up()
    told = cluster.told(ticket)
    assert told[1:3] == [ComplaintState.ACCEPTED, ComplaintState.SCREENING]
    before = cluster.account("a")
    cluster.settle()
    cluster.give_up()
    assert cluster.told(ticket) == told
    assert cluster.account("a") == before


def test_a_complaint_that_is_sent_again_while_it_waits_is_told_its_state():
    cluster = Complaints()
    ticket = cluster.complain("a", "who-1")
    cluster.number -= 1
    cluster.complain("a", "who-1")
    cluster.settle()
    assert cluster.told(ticket)[0] is ComplaintState.RECEIVED


@pytest.mark.invariant("INV-10")
def test_a_complaint_of_which_the_account_comes_to_its_end_meanwhile_has_its_feedback():
    cluster = Complaints()
    ticket = cluster.complain("a", "who-1")
    cluster.change("a", kind=ChangeKind.CANCELLATION)
    assert cluster.told(ticket) == [
        ComplaintState.RECEIVED,
        ComplaintState.NOT_ACCEPTED,
        ComplaintState.FEEDBACK,
        ComplaintState.CLOSED,
    ]
    before = len(cluster.outputs)
    cluster.settle()
    assert len(cluster.outputs) == before, "the answer comes too late to change anything"


@pytest.mark.invariant("INV-10")
def test_a_complaint_whose_answer_never_comes_is_a_breach_of_its_time_limit():
    cluster = Complaints()
    ticket = cluster.complain("a", "who-1")
    cluster.wait(days=8)
    (breach,) = of(cluster.outputs, Escalation)
    assert (breach.kind, breach.subject_id) == (EscalationKind.SLA_BREACH, ticket)
    cluster.settle()
    assert ComplaintState.ESCALATED in cluster.told(ticket)


steps = st.tuples(
    st.sampled_from(ACCOUNTS), st.sampled_from(PEOPLE), st.booleans(), st.lists(st.integers(0, 9))
)


@pytest.mark.obligation("CAC-19-2")
@pytest.mark.invariant("INV-10")
@given(st.lists(steps, max_size=24))
@effort(60)
def test_however_words_cross_each_other_no_state_is_skipped_and_nobody_limited_unwarned(
    plan: list[Any],
):
    cluster = Complaints()
    open_tickets: dict[str, list[str]] = defaultdict(list)
    for account, who, dismissing, picks in plan:
        if dismissing and open_tickets[account]:
            cluster.dismiss(account, open_tickets[account].pop(0))
        else:
            open_tickets[account].append(cluster.complain(account, who))
        for pick in picks:
            cluster.travel(pick)
    cluster.settle()
    cluster.wait(days=30)
    said = [f.reason for f in of(cluster.outputs, ComplaintFeedback)]
    limits = [n for n, reason in enumerate(said) if "in spite of a warning" in reason]
    warnings = [n for n, reason in enumerate(said) if "if that goes on" in reason]
    assert not limits or (warnings and min(warnings) < min(limits))
    breached = {e.subject_id for e in of(cluster.outputs, Escalation)}
    for _, ticket in cluster.made:
        states = cluster.told(ticket)
        for before, after in zip([None, *states], states, strict=False):
            assert after in NEXT_STATES[before], (before, after)
        assert ComplaintState.FEEDBACK in states or ticket in breached
    assert not any(t.asks for account in ACCOUNTS for t in cluster.account(account).tickets)
    assert home("a") in range(len(cluster.states))
