"""Proofs: what they are kept as, and what is judged anew."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from processors.accounts.verification import MAX_FACTS
from processors.policy import Policy
from schemas.records import (
    AuditKind,
    AuditRecord,
    ChangeKind,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationStatus,
    Field,
    MeasureStep,
    Phase,
    RulingAction,
    Verdict,
    VerificationKind,
    VerificationResult,
)
from tests.processors.accounts.world import DAY, HOUR, RULES, World, make_pack, none, one

OCCUPATION = VerificationKind.OCCUPATION
FAILED, REVOKED = VerificationResult.FAILED, VerificationResult.REVOKED


def proofs(world: World) -> list[tuple[str, str]]:
    return [(fact.kind.value, fact.value) for fact in world.account.facts]


def test_every_result_is_kept_for_the_record():
    world = World()
    for result in VerificationResult:
        audit = one(world.verify(OCCUPATION, result, event=result.value), AuditRecord)
        assert (audit.kind, audit.subject_id) == (AuditKind.VERIFICATION, result.value)


def test_several_proofs_of_a_kind_stand_side_by_side():
    world = World()
    world.verify(OCCUPATION, value="doctor")
    world.verify(OCCUPATION, value="baker")
    world.verify(OCCUPATION, value="doctor")
    assert proofs(world) == [("OCCUPATION", "baker"), ("OCCUPATION", "doctor")]


@pytest.mark.parametrize("result", [FAILED, REVOKED])
def test_a_failed_or_revoked_proof_is_removed(result: VerificationResult):
    world = World()
    world.verify(OCCUPATION, value="doctor")
    world.verify(OCCUPATION, value="baker")
    world.verify(OCCUPATION, result, value="doctor")
    assert proofs(world) == [("OCCUPATION", "baker")]
    world.verify(OCCUPATION, result)
    assert proofs(world) == []


def test_a_proof_that_has_ended_already_proves_nothing():
    world = World()
    world.propose(name="doctor")
    outputs = world.verify(OCCUPATION, value="doctor", expires_at=world.now - 1)
    assert none(outputs, Verdict)
    assert proofs(world) == []


@pytest.mark.obligation("CAC-07-1")
@pytest.mark.obligation("CAC-11-2")
@pytest.mark.obligation("CAC-15-1")
def test_a_live_value_is_judged_anew_as_its_proof_ends_and_relieved_by_the_next_one():
    world = World()
    world.verify(OCCUPATION, value="doctor", expires_at=world.now + DAY)
    ends = world.account.facts[0].expires
    assert one(world.propose(name="doctor"), Verdict).decision is Decision.ALLOW_LABELLED
    begun = one(world.wait(days=2), Disposal)
    assert (begun.rule_id, begun.step, begun.at) == ("doctor", MeasureStep.CORRECT, ends)
    lifted = one(world.verify(OCCUPATION, value="doctor"), Disposal)
    assert (lifted.action, lifted.measure_id) == (DisposalAction.LIFT, begun.measure_id)
    assert world.live() == []


@pytest.mark.obligation("CAC-11-1")
@pytest.mark.obligation("CAC-11-2")
def test_a_proof_ends_at_its_time():
    world = World()
    world.verify(OCCUPATION, value="doctor", expires_at=world.now + DAY)
    outputs = world.wait(days=2)
    assert "has ended" in one(outputs, AuditRecord).summary
    assert one(world.propose(name="doctor"), Verdict).decision is Decision.NEED_MATERIAL


def test_a_proof_that_is_renewed_ends_at_the_new_time():
    world = World()
    world.verify(OCCUPATION, value="doctor", expires_at=world.now + DAY)
    world.propose(name="doctor")
    world.verify(OCCUPATION, value="doctor", expires_at=world.now + 9 * DAY)
    assert world.wait(days=5) == []
    assert world.value(Field.NAME) == "doctor"


def test_proofs_are_bounded_and_the_record_says_what_was_dropped():
    world = World()
    for number in range(MAX_FACTS):
        world.verify(OCCUPATION, value=f"job {number}")
    audit = one(world.verify(OCCUPATION, value="one more"), AuditRecord)
    assert "oldest proof was dropped" in audit.summary
    assert len(world.account.facts) == MAX_FACTS


@pytest.mark.obligation("CAC-16")
@pytest.mark.parametrize("kind", [VerificationKind.IDENTITY, VerificationKind.CONTACT])
def test_a_number_of_a_person_is_not_kept(kind: VerificationKind):
    world = World()
    world.verify(kind, value="19900000012", token="tok")
    assert b"19900000012" not in (world.store[b"acct-1"] or b"")
    assert [fact.token for fact in world.account.facts] == ["tok"]


def test_contacts_are_told_apart_by_their_tokens():
    world = World()
    for token in ("t1", "t2", "t1"):
        world.verify(VerificationKind.CONTACT, token=token)
    world.verify(VerificationKind.CONTACT, REVOKED, token="t2")
    assert [fact.token for fact in world.account.facts] == ["t1"]
    world.verify(VerificationKind.CONTACT, REVOKED)
    assert world.account.facts == []


def test_the_identity_is_never_the_proof_that_is_dropped():
    world = World()
    world.verify(VerificationKind.IDENTITY, token="tok")
    for number in range(MAX_FACTS + 1):
        world.verify(OCCUPATION, value=f"job {number}")
    assert world.account.facts[0].kind is VerificationKind.IDENTITY


def test_a_proof_for_a_cancelled_account_is_not_kept():
    world = World()
    world.change(kind=ChangeKind.CANCELLATION)
    audit = one(world.verify(OCCUPATION, value="doctor"), AuditRecord)
    assert "not kept" in audit.summary
    assert proofs(world) == []


@pytest.mark.obligation("CAC-16")
def test_no_value_and_no_token_of_a_proof_is_told():
    world = World()
    outputs = world.verify(OCCUPATION, value="secret-value", token="secret-token")
    assert "secret" not in repr(outputs)


def test_what_waited_for_material_may_come_to_wait_for_a_person():
    """Under a pack that asks for a person, what is judged anew goes to one."""
    world = World()
    world.propose("e1", name="doctor")
    stricter = tuple(replace(r, decision=Decision.HOLD) if r.id == "doctor" else r for r in RULES)
    world.policy = Policy(make_pack(rules=stricter))
    outputs = world.verify(VerificationKind.CONTACT)
    verdict = one(outputs, Verdict)
    assert (verdict.decision, verdict.revision) == (Decision.HOLD, 2)
    assert one(outputs, Escalation).due_at == verdict.due_at == world.now + 72 * HOUR
    world.rule(RulingAction.APPROVE_CHANGE, "e1")
    assert world.value(Field.NAME) == "doctor"


def test_a_live_value_under_review_is_settled_by_its_proof():
    world = World()
    world.apply("e1", name="ministry")
    outputs = world.verify(VerificationKind.INSTITUTION, value="ministry")
    assert one(outputs, Verdict).decision is Decision.ALLOW
    assert one(outputs, Escalation).status is EscalationStatus.CLOSED


def test_a_value_under_review_is_not_put_before_a_person_twice():
    world = World()
    world.apply("e1", name="ministry")
    world.verify(VerificationKind.LICENCE, value="x")
    outputs = world.verify(VerificationKind.LICENCE, REVOKED)
    assert none(outputs, Escalation)


@pytest.mark.obligation("CAC-09-2")
def test_a_live_registration_without_identity_is_suspended():
    world = World(registered=False)
    world.verify(VerificationKind.IDENTITY, FAILED)
    world.change(kind=ChangeKind.REGISTRATION, phase=Phase.APPLIED, name="plain")
    assert world.live() == [MeasureStep.SUSPEND]


@pytest.mark.obligation("CAC-09-2")
def test_an_account_never_seen_whose_identity_failed_before_is_suspended_with_its_first_change():
    world = World(registered=False)
    world.verify(VerificationKind.IDENTITY, VerificationResult.REVOKED)
    world.propose(bio="tea")
    assert world.live() == [MeasureStep.SUSPEND]
    world.verify(VerificationKind.IDENTITY)
    assert world.live() == []


@pytest.mark.obligation("CAC-09-2")
def test_a_change_of_owner_alone_does_not_end_the_suspension_for_a_failed_identity():
    world = World()
    world.verify(VerificationKind.IDENTITY, FAILED)
    world.change("o1", kind=ChangeKind.OWNER_CHANGE, owner_token="new")
    assert (world.account.owner, world.live()) == ("new", [MeasureStep.SUSPEND])
    world.verify(VerificationKind.IDENTITY, token="new")
    assert world.live() == []


def test_a_new_owner_with_an_identity_ends_the_suspension():
    world = World()
    world.verify(VerificationKind.IDENTITY, FAILED)
    world.change("o1", kind=ChangeKind.OWNER_CHANGE, name="ministry", owner_token="new")
    world.verify(VerificationKind.IDENTITY, token="new")
    world.rule(RulingAction.APPROVE_CHANGE, "o1")
    assert world.live() == []
