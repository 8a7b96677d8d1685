"""Erasing a cancelled account on demand (Art. 16)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from processors.accounts import Status, audit_hash, score_of
from schemas.records import (
    AuditRecord,
    ChangeKind,
    ComplaintCategory,
    ComplaintFeedback,
    ComplaintState,
    CreditChange,
    Decision,
    Disposal,
    Field,
    RulingAction,
    Verdict,
    VerificationKind,
)
from tests.processors.accounts.world import ACCOUNT, World, none, of, one

pytestmark = pytest.mark.obligation("CAC-16")


def erased() -> World:
    world = World()
    world.verify(VerificationKind.OCCUPATION, value="baker", token="tok-secret")
    world.propose(bio="contact")
    world.apply(bio="boast", name="Lilian")
    world.complain("t1", ComplaintCategory.VULGAR, Field.NAME)
    world.change(kind=ChangeKind.CANCELLATION)
    world.rule(RulingAction.ERASE_ACCOUNT, "", "privacy-desk")
    return world


def test_what_stays_is_a_tombstone_without_anything_about_the_person():
    world = erased()
    account = world.account
    assert account.status is Status.ERASED
    assert account.values == [None] * 6
    assert account.facts == account.measures == account.ledger == account.tickets == []
    assert (account.owner, account.agreement, account.language, account.place) == (None,) * 4
    state = world.store[ACCOUNT.encode()] or b""
    for text in (b"Lilian", b"baker", b"tok-secret", b"contact", b"boast"):
        assert text not in state
    assert len(state) < 300


def test_the_audit_chain_stays_whole_and_goes_on():
    world = erased()
    world.change(kind=ChangeKind.REGISTRATION, name="sunny")
    world.apply(bio="contact")
    records = of(world.log, AuditRecord)
    (marked,) = [record for record in records if record.erased]
    assert "ERASE_ACCOUNT" in marked.summary
    assert records[0].previous_hash == "0" * 64
    for before, after in pairwise(records):
        assert after.previous_hash == before.hash
        assert audit_hash(after) == after.hash


def test_credit_is_forgotten_and_every_entry_accounted_for():
    world = World()
    world.propose(bio="contact")
    world.change(kind=ChangeKind.CANCELLATION)
    change = one(world.rule(RulingAction.ERASE_ACCOUNT, "", "desk"), CreditChange)
    assert (change.score, change.reason) == (700, "The account was erased.")
    assert score_of(world.account, world.policy.pack.credit) == 700


def test_an_account_that_is_not_cancelled_is_not_erased():
    world = World()
    outputs = world.rule(RulingAction.ERASE_ACCOUNT, "", "desk")
    assert "applied to nothing" in one(outputs, AuditRecord).summary
    assert world.status is Status.OPEN


def test_a_closed_account_keeps_what_its_bar_rests_on():
    world = World()
    world.apply(bio="fraud")
    world.rule(RulingAction.ERASE_ACCOUNT, "", "desk")
    assert world.status is Status.CLOSED


def test_an_erased_account_takes_no_edits_but_may_be_registered_anew():
    world = erased()
    assert one(world.propose(bio="hello"), Verdict).decision is Decision.REFUSE
    outputs = world.change(kind=ChangeKind.REGISTRATION, name="sunny")
    assert one(outputs, Verdict).decision is Decision.ALLOW
    assert world.status is Status.OPEN


def test_what_comes_after_erasure_is_told_so_and_leaves_nothing():
    world = erased()
    states = [f.state for f in of(world.complain("t9"), ComplaintFeedback)]
    assert states[1] is ComplaintState.NOT_ACCEPTED
    world.verify(VerificationKind.OCCUPATION, value="baker")
    assert world.account.facts == []
    assert none(world.wait(days=500), Verdict)


def test_an_event_from_before_erasure_that_comes_again_has_no_effect():
    world = World()
    world.change("e-bio", kind=ChangeKind.EDIT, bio="sunny")
    world.change(kind=ChangeKind.CANCELLATION)
    world.rule(RulingAction.ERASE_ACCOUNT, "", "desk")
    assert world.change("e-bio", kind=ChangeKind.EDIT, bio="sunny") == []


def test_an_erasure_that_names_what_is_also_the_id_of_an_appeal_is_carried_out():
    world = World()
    measure = one(world.apply(bio="contact"), Disposal).measure_id
    world.change(kind=ChangeKind.CANCELLATION)
    world.appeal("case-1", measure)
    assert [appeal.id for appeal in world.account.appeals] == ["case-1"]
    outputs = world.rule(RulingAction.ERASE_ACCOUNT, "case-1", "privacy-desk")
    assert world.status is Status.ERASED
    assert [audit.erased for audit in of(outputs, AuditRecord)] == [True]
