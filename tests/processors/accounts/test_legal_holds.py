"""While a case holds the evidence of an account, none of it is lost (Order No. 10, Art. 20)."""

from __future__ import annotations

import pytest

from schemas.records import AuditKind, AuditRecord, ChangeKind, Field, RulingAction
from tests.processors.accounts.world import World, one


@pytest.mark.obligation("CAC-20")
def test_what_a_cancelled_account_had_is_kept_for_the_case_and_dropped_at_its_release():
    world = World()
    world.propose(bio="sunny", owner_token="own-1")
    placed = one(world.rule(RulingAction.PLACE_HOLD, "case-7"), AuditRecord)
    assert (placed.kind, placed.subject_id, placed.actor) == (
        AuditKind.RULING,
        world.inputs[-1].record.event_id,
        "rev-1",
    )
    assert "PLACE_HOLD of case-7: the evidence is held" in placed.summary
    world.change(kind=ChangeKind.CANCELLATION)
    assert world.value(Field.BIO) == "", "the account itself keeps nothing"
    (kept,) = world.account.evidence
    assert (kept.values[0], kept.values[3]) == ("plain", "sunny")
    world.rule(RulingAction.RELEASE_HOLD, "case-7")
    assert world.account.evidence == []


@pytest.mark.obligation("CAC-20")
def test_evidence_is_kept_until_the_last_case_lets_go():
    world = World()
    for case in ("case-1", "case-2", "case-2"):
        world.rule(RulingAction.PLACE_HOLD, case)
    world.change(kind=ChangeKind.CANCELLATION)
    world.rule(RulingAction.RELEASE_HOLD, "case-1")
    assert len(world.account.evidence) == 1
    released = one(world.rule(RulingAction.RELEASE_HOLD, "case-1"), AuditRecord)
    assert "applied to nothing" in released.summary
    world.rule(RulingAction.RELEASE_HOLD, "case-2")
    assert world.account.evidence == []


def test_without_a_case_a_cancelled_account_leaves_nothing():
    world = World()
    world.change(kind=ChangeKind.CANCELLATION)
    assert world.account.evidence == []


def test_an_account_registered_anew_does_not_take_up_what_is_kept():
    world = World()
    world.propose(bio="sunny")
    world.rule(RulingAction.PLACE_HOLD, "case-7")
    world.change(kind=ChangeKind.CANCELLATION)
    world.change(kind=ChangeKind.REGISTRATION, name="other")
    assert world.value(Field.BIO) == ""
    assert len(world.account.evidence) == 1


@pytest.mark.obligation("CAC-20")
def test_an_account_is_not_erased_while_a_case_holds_its_evidence():
    world = World()
    world.rule(RulingAction.PLACE_HOLD, "case-7")
    world.change(kind=ChangeKind.CANCELLATION)
    refused = one(world.rule(RulingAction.ERASE_ACCOUNT, "acct-1"), AuditRecord)
    assert "held for case-7" in refused.summary
    assert len(world.account.evidence) == 1
    world.rule(RulingAction.RELEASE_HOLD, "case-7")
    world.rule(RulingAction.ERASE_ACCOUNT, "acct-1")
    assert world.account.evidence == []
