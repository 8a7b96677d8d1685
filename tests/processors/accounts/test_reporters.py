"""Complainants across accounts: relied on, warned, then not heard for a time (Art. 19)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from processors import engine
from processors.policy import MisuseTerms, Policy, load_pack, shipped_pack
from schemas.records import (
    AccountChange,
    AccountComplaint,
    AccountRuling,
    CaseOutcome,
    ChangeKind,
    ComplaintCategory,
    ComplaintFeedback,
    ComplaintState,
    Escalation,
    Field,
    Phase,
    RulingAction,
)
from tests.processors.accounts.world import DAY, SECOND, START, TOPICS, make_pack, none, of, one

pytestmark = pytest.mark.obligation("CAC-19-2")

TERMS = MisuseTerms()
WATCHFUL = Policy(
    make_pack(complaints=replace(make_pack().complaints, misuse=TERMS), report=make_pack().report)
)
CATEGORY = ComplaintCategory.FALSE_CLAIM
URGENT = make_pack().complaints.priorities[CATEGORY]


class Street:
    """Accounts that the same people complain of, with the registry of keys beside them."""

    def __init__(self, policy: Policy = WATCHFUL) -> None:
        self.policy = policy
        self.states: dict[bytes, bytes | None] = {}
        self.now = START
        self.number = 0

    def give(self, make: type[Any], account: str, **fields: Any) -> list[Any]:
        self.now += SECOND
        self.number += 1
        head = {"event_id": f"e{self.number}", "account_id": account, "occurred_at": self.now}
        record = make(**head, **fields)
        item = engine.Input(TOPICS[make], 0, self.number, self.now, record)
        outcome = engine.run([item], self.states.get, self.policy, alone=True)
        assert not outcome.rejected
        self.states.update(outcome.states)
        return outcome.outputs

    def complain(self, account: str, who: str | None = "who-1", **fields: Any) -> list[Any]:
        """A complaint about the name of an account that is registered first."""
        if account.encode() not in self.states:
            kind = ChangeKind.REGISTRATION
            self.give(AccountChange, account, kind=kind, name=account, phase=Phase.APPLIED)
        fields = {"category": CATEGORY, "field": Field.NAME, "language": "en", **fields}
        ticket = fields.pop("ticket", f"t-{account}")
        return self.give(
            AccountComplaint, account, complaint_id=ticket, complainant_token=who, **fields
        )

    def rule(self, account: str, action: RulingAction, **fields: Any) -> list[Any]:
        head = {"subject_id": f"t-{account}", "reviewer_id": "rev-1", "reason": "so decided"}
        return self.give(AccountRuling, account, action=action, **{**head, **fields})

    def dismiss(self, *accounts: str, who: str = "who-1", **fields: Any) -> None:
        """Somebody complains of accounts, each time without reason."""
        for account in accounts:
            self.complain(account, who)
            self.rule(account, RulingAction.DISMISS_COMPLAINT, **fields)


def states(outputs: list[Any]) -> list[ComplaintState]:
    return [feedback.state for feedback in of(outputs, ComplaintFeedback)]


def accepted(outputs: list[Any]) -> ComplaintFeedback:
    (found,) = [f for f in of(outputs, ComplaintFeedback) if f.state is ComplaintState.ACCEPTED]
    return found


def test_a_complainant_of_whom_nothing_is_known_is_heard():
    outputs = Street().complain("a")
    assert states(outputs) == [
        ComplaintState.RECEIVED,
        ComplaintState.ACCEPTED,
        ComplaintState.SCREENING,
        ComplaintState.ESCALATED,
    ]
    assert one(outputs, Escalation).priority == URGENT


def test_who_complains_without_reason_again_and_again_is_warned_first():
    street = Street()
    street.dismiss("a", "b", "c")
    outputs = street.complain("d")
    assert "your complaints will not be processed" in accepted(outputs).message
    assert states(outputs)[-1] is ComplaintState.ESCALATED, "it is processed all the same"
    assert one(outputs, Escalation).priority == 4, "but comes last"


def test_who_goes_on_after_the_warning_is_not_heard_for_a_time():
    street = Street()
    street.dismiss("a", "b", "c")
    street.dismiss("d", "e", "f")
    outputs = street.complain("g")
    assert states(outputs) == [
        ComplaintState.RECEIVED,
        ComplaintState.NOT_ACCEPTED,
        ComplaintState.FEEDBACK,
        ComplaintState.CLOSED,
    ]
    last = of(outputs, ComplaintFeedback)[-1]
    assert last.outcome is CaseOutcome.NOT_ACCEPTED
    assert "in spite of a warning" in of(outputs, ComplaintFeedback)[1].reason
    assert none(outputs, Escalation)
    street.now += TERMS.limit_days * DAY
    assert ComplaintState.ACCEPTED in states(street.complain("h"))


@pytest.mark.obligation("DSA-23")
def test_under_the_dsa_pack_who_gives_unfounded_notices_is_warned_and_then_limited():
    street = Street(Policy(load_pack(shipped_pack("dsa2022"))))
    whole = {"statement": "It is not true.", "good_faith": True}
    for account in "abcdef":
        street.complain(account, **whole)
        street.rule(account, RulingAction.DISMISS_COMPLAINT)
        if account == "c":
            warned = accepted(street.complain("w", **whole))
            assert "your complaints will not be processed" in warned.message
    assert ComplaintState.ACCEPTED not in states(street.complain("g", **whole))


def test_a_complainant_is_known_while_tokens_come_under_a_new_key_as_well():
    street = Street()
    street.dismiss("a", "b", "c")
    outputs = street.complain("d", "k2.who-1 who-1")
    assert "your complaints will not be processed" in accepted(outputs).message


def test_nobody_is_limited_without_having_been_warned():
    street = Street()
    for number in range(12):  # all are open before any is dismissed
        street.complain(f"a{number}")
    for number in range(12):
        street.rule(f"a{number}", RulingAction.DISMISS_COMPLAINT, misuse=True)
    outputs = street.complain("b")
    assert "your complaints will not be processed" in accepted(outputs).message


def test_a_manifestly_unfounded_complaint_weighs_more():
    street = Street()
    street.dismiss("a", "b", misuse=True)
    assert "will not be processed" in accepted(street.complain("c")).message


def test_who_is_mostly_right_is_not_warned():
    street = Street()
    for account in "abcd":
        street.complain(account)
        street.rule(account, RulingAction.UPHOLD_COMPLAINT)
    street.dismiss("e", "f", "g")
    assert accepted(street.complain("h")).message == "The complaint was accepted."


def test_who_is_mostly_right_comes_earlier():
    street = Street()
    for account in "abc":
        street.complain(account)
        street.rule(account, RulingAction.UPHOLD_COMPLAINT)
    assert one(street.complain("d"), Escalation).priority == max(1, URGENT - 1)


def test_what_is_long_ago_counts_no_more():
    street = Street()
    street.dismiss("a", "b", "c")
    street.now += (TERMS.window_days + 1) * DAY
    assert accepted(street.complain("d")).message == "The complaint was accepted."


def test_a_warning_that_is_long_ago_is_given_anew_before_a_limit():
    street = Street()
    street.dismiss("a", "b", "c", "d")
    street.now += (TERMS.window_days + 1) * DAY
    street.dismiss("e", "f", "g")
    assert "will not be processed" in accepted(street.complain("h")).message


def test_each_complainant_has_a_record_of_their_own():
    street = Street()
    street.dismiss("a", "b", "c", "d", "e", "f")
    outputs = street.complain("g", who="who-2")
    assert accepted(outputs).message == "The complaint was accepted."


def test_nobody_asks_who_complains_without_a_token():
    street = Street()
    for account in "abcdefgh":
        outputs = street.complain(account, who=None)
        assert accepted(outputs).message == "The complaint was accepted."
        street.rule(account, RulingAction.DISMISS_COMPLAINT, misuse=True)


def test_all_who_made_a_complaint_share_in_how_it_ended():
    street = Street()
    for account in "abc":
        street.complain(account, who="who-1")
        street.complain(account, who="who-2", ticket=f"again-{account}")
        street.rule(account, RulingAction.DISMISS_COMPLAINT)
    assert "will not be processed" in accepted(street.complain("d", who="who-2")).message


def test_who_repeats_what_was_decided_already_is_counted_again():
    street = Street()
    street.dismiss("a")
    for number in range(2):
        street.complain("a", ticket=f"again-{number}")
    assert "will not be processed" in accepted(street.complain("b")).message


def test_want_of_evidence_is_not_held_against_a_complainant():
    street = Street()
    for account in "abcd":
        street.complain(account)
        street.rule(account, RulingAction.REQUEST_EVIDENCE)
        street.now += 4 * DAY
    assert accepted(street.complain("e")).message == "The complaint was accepted."


def test_no_token_of_a_complainant_is_in_any_output_or_state():
    street = Street()
    outputs = street.complain("a", who="tok-very-secret")
    assert not any("tok-very-secret" in str(output) for output in outputs)
    assert not any(b"tok-very-secret" in (state or b"") for state in street.states.values())


def test_without_terms_nobody_is_asked_about():
    street = Street(Policy(make_pack()))
    street.dismiss("a", "b", "c", "d", "e", "f", "g", misuse=True)
    assert accepted(street.complain("h")).message == "The complaint was accepted."
    assert not any(key.startswith(b"\0") for key in street.states)


def test_a_ticket_that_was_forgotten_may_come_again_under_ids_of_its_own():
    street = Street()
    street.complain("a")
    first = street.complain("a", ticket="again")  # repeats the one before, and is not kept
    second = street.complain("a", ticket="again", evidence=("sha256:1",))
    ids = [feedback.feedback_id for feedback in of(first + second, ComplaintFeedback)]
    assert len(ids) == len(set(ids)) == 10


def test_a_complaint_comes_no_later_because_somebody_who_was_warned_was_first():
    street = Street()
    street.dismiss("a", "b", "c")
    assert one(street.complain("d"), Escalation).priority == 4
    outputs = street.complain("d", "victim", ticket="t-victim")
    sooner = one(outputs, Escalation)
    assert (sooner.subject_id, sooner.priority) == ("t-d", URGENT)
    closed = street.rule("d", RulingAction.DISMISS_COMPLAINT)
    assert one(closed, Escalation).escalation_id == sooner.escalation_id
