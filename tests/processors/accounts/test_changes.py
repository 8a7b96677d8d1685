"""How changes are decided and when a value becomes current."""

from __future__ import annotations

import pytest

from processors.accounts import Status
from schemas.records import (
    ChangeKind,
    CreditChange,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationKind,
    EscalationStatus,
    Field,
    MeasureStep,
    Phase,
    RulingAction,
    SubjectKind,
    Verdict,
    VerificationKind,
    VerificationResult,
)
from tests.processors.accounts.world import DAY, HOUR, World, none, of, one


def test_an_innocent_edit_is_allowed_and_becomes_current():
    world = World()
    verdict = one(world.propose("e1", name="sunny"), Verdict)
    assert (verdict.decision, verdict.revision, verdict.event_id) == (Decision.ALLOW, 1, "e1")
    assert world.value(Field.NAME) == "sunny"


def test_a_verdict_names_pack_source_and_level():
    world = World()
    verdict = one(world.propose(name="sunny"), Verdict)
    assert (verdict.pack_id, verdict.pack_version, verdict.pack_hash) == ("test", "1", "f" * 64)
    source = (verdict.source_topic, verdict.source_partition, verdict.source_offset)
    assert source == ("account.changes", 3, 2)
    assert verdict.level == "B"
    assert verdict.decided_at == world.now


@pytest.mark.obligation("CAC-10-1")
def test_a_refused_proposal_keeps_the_old_value():
    world = World()
    verdict = one(world.propose(name="contact me"), Verdict)
    assert verdict.decision is Decision.REFUSE
    assert [finding.rule_id for finding in verdict.findings] == ["contact"]
    assert world.value(Field.NAME) == "plain"
    assert world.live() == []


def test_several_fields_of_one_event_are_decided_together():
    world = World()
    verdict = one(world.propose(name="sunny", bio="contact me"), Verdict)
    assert verdict.decision is Decision.REFUSE
    assert world.value(Field.NAME) == "plain"
    assert world.value(Field.BIO) == ""


def test_an_empty_string_clears_a_field():
    world = World()
    world.propose(bio="hello")
    world.propose(bio="")
    assert world.value(Field.BIO) == ""


def test_of_an_account_never_seen_an_empty_field_says_nothing():
    """As in the first snapshot of a table: what is null there is empty here already."""
    first, whole = World(registered=False), World(registered=False)
    without = first.apply(bio="contact me")
    empty = {"name": "", "avatar": "", "cover": "", "signature": "", "badge": ""}
    assert whole.apply(bio="contact me", **empty) == without
    assert not any(whole.value(Field(field.upper())) for field in empty)
    (only,) = World(registered=False).apply(**empty, bio="")
    assert only.decision is Decision.ALLOW


def test_a_shadow_rule_is_reported_and_has_no_consequence():
    world = World()
    outputs = world.apply(bio="curious")
    verdict = one(outputs, Verdict)
    assert verdict.decision is Decision.ALLOW
    assert [finding.rule_id for finding in verdict.findings] == ["curious"]
    assert len(outputs) == 1


def test_a_held_change_waits_with_an_escalation_and_is_not_current():
    world = World()
    outputs = world.propose("e1", name="ministry")
    verdict, escalation = one(outputs, Verdict), one(outputs, Escalation)
    assert verdict.decision is Decision.HOLD
    assert verdict.due_at == escalation.due_at == world.now + 72 * HOUR
    assert (escalation.kind, escalation.status) == (
        EscalationKind.HOLD,
        EscalationStatus.OPENED,
    )
    assert escalation.subject_id == "e1"
    assert escalation.rule_ids == ("ministry",)
    assert world.value(Field.NAME) == "plain"


@pytest.mark.obligation("CAC-10-1")
def test_an_expired_hold_keeps_the_old_value_and_says_that_nobody_decided():
    world = World()
    opened = one(world.propose("e1", name="ministry"), Escalation)
    outputs = world.wait(hours=72)
    verdict = one(outputs, Verdict)
    assert (verdict.event_id, verdict.revision, verdict.decision) == ("e1", 2, Decision.REFUSE)
    closed, breach = of(outputs, Escalation)
    assert (closed.escalation_id, closed.status) == (
        opened.escalation_id,
        EscalationStatus.CLOSED,
    )
    assert (breach.kind, breach.status) == (EscalationKind.SLA_BREACH, EscalationStatus.OPENED)
    assert world.value(Field.NAME) == "plain"
    assert none(outputs, CreditChange)


def test_a_breach_is_closed_when_a_person_takes_note():
    world = World()
    world.propose("e1", name="ministry")
    breach = of(world.wait(hours=72), Escalation)[-1]
    closed = one(world.rule(RulingAction.REJECT_CHANGE, "e1"), Escalation)
    assert (closed.escalation_id, closed.status) == (
        breach.escalation_id,
        EscalationStatus.CLOSED,
    )


@pytest.mark.obligation("CAC-07-1")
def test_a_claim_without_proof_needs_material_until_its_time_is_over():
    world = World()
    outputs = world.propose("e1", name="doctor lee")
    assert one(outputs, Verdict).decision is Decision.NEED_MATERIAL
    assert none(outputs, Escalation)
    outputs = world.wait(days=7)
    verdict = one(outputs, Verdict)
    assert (verdict.revision, verdict.decision) == (2, Decision.REFUSE)
    assert world.value(Field.NAME) == "plain"


@pytest.mark.obligation("CAC-07-1")
def test_a_proof_makes_the_waiting_change_current_and_labelled():
    world = World()
    world.propose("e1", name="doctor lee")
    outputs = world.verify(VerificationKind.OCCUPATION, value="doctor")
    verdict = one(outputs, Verdict)
    assert (verdict.event_id, verdict.revision) == ("e1", 2)
    assert verdict.decision is Decision.ALLOW_LABELLED
    assert verdict.source_offset == 2
    assert world.value(Field.NAME) == "doctor lee"


@pytest.mark.obligation("CAC-07-1")
def test_a_proof_of_something_else_refuses_the_waiting_change():
    world = World()
    world.propose("e1", name="doctor lee")
    outputs = world.verify(VerificationKind.OCCUPATION, value="baker")
    assert one(outputs, Verdict).decision is Decision.REFUSE
    assert world.value(Field.NAME) == "plain"


def test_a_proof_settles_a_hold_that_it_covers():
    world = World()
    world.propose("e1", name="ministry")
    outputs = world.verify(VerificationKind.INSTITUTION, value="ministry")
    assert one(outputs, Verdict).decision is Decision.ALLOW
    assert one(outputs, Escalation).status is EscalationStatus.CLOSED
    assert world.value(Field.NAME) == "ministry"


def test_a_newer_change_of_the_field_supersedes_a_waiting_one():
    world = World()
    world.propose("e1", name="ministry")
    outputs = world.propose("e2", name="sunny")
    old, new = of(outputs, Verdict)
    assert (old.event_id, old.revision, old.decision) == ("e1", 2, Decision.REFUSE)
    assert "Superseded" in old.reason
    assert new.decision is Decision.ALLOW
    assert one(outputs, Escalation).status is EscalationStatus.CLOSED
    assert world.account.pending == []


def test_a_newer_change_of_another_field_leaves_the_waiting_one():
    world = World()
    world.propose("e1", name="ministry")
    world.propose("e2", bio="hello")
    assert [pending.event_id for pending in world.account.pending] == ["e1"]


def test_a_newer_change_takes_over_its_field_and_leaves_the_others_waiting():
    world = World()
    world.propose("e1", name="ministry", bio="old words")
    world.propose("e2", bio="new words")
    world.rule(RulingAction.APPROVE_CHANGE, "e1")
    assert world.value(Field.NAME) == "ministry"
    assert world.value(Field.BIO) == "new words"


def test_a_value_that_is_current_already_is_not_judged_again():
    world = World()
    world.propose("e1", name="ministry")
    world.rule(RulingAction.APPROVE_CHANGE, "e1")
    outputs = world.apply(name="ministry", bio="hello")
    assert one(outputs, Verdict).decision is Decision.ALLOW
    assert none(outputs, Escalation)


# -- applied changes --------------------------------------------------------------------------


@pytest.mark.obligation("CAC-15-2")
def test_an_applied_breach_is_current_and_must_be_corrected_in_time():
    world = World()
    outputs = world.apply(bio="contact me")
    assert one(outputs, Verdict).decision is Decision.REFUSE
    disposal = one(outputs, Disposal)
    assert (disposal.action, disposal.step) == (DisposalAction.BEGIN, MeasureStep.CORRECT)
    assert disposal.deadline == world.now + 7 * DAY
    assert disposal.fields == (Field.BIO,)
    assert world.value(Field.BIO) == "contact me"


def test_an_applied_value_that_asks_for_a_person_is_escalated_and_stays():
    world = World()
    outputs = world.apply("e1", name="ministry")
    escalation = one(outputs, Escalation)
    assert (escalation.kind, escalation.subject_id) == (EscalationKind.HOLD, "e1")
    assert none(outputs, Disposal)
    assert world.value(Field.NAME) == "ministry"


def test_an_applied_value_that_nobody_looked_at_in_time_stays_open():
    world = World()
    world.apply("e1", name="ministry")
    outputs = world.wait(days=30)
    assert one(outputs, Escalation).kind is EscalationKind.SLA_BREACH
    outputs = world.rule(RulingAction.APPROVE_CHANGE, "e1")
    assert one(outputs, Verdict).decision is Decision.ALLOW
    assert {e.status for e in of(outputs, Escalation)} == {EscalationStatus.CLOSED}
    assert {e.kind for e in of(outputs, Escalation)} == {
        EscalationKind.HOLD,
        EscalationKind.SLA_BREACH,
    }


def test_a_rejected_live_value_gets_its_measure():
    world = World()
    world.apply("e1", name="ministry")
    outputs = world.rule(RulingAction.REJECT_CHANGE, "e1")
    verdict, disposal = one(outputs, Verdict), one(outputs, Disposal)
    assert (verdict.decision, verdict.reviewers) == (Decision.REFUSE, ("rev-1",))
    assert (disposal.step, disposal.rule_id) == (MeasureStep.CORRECT, "ministry")
    assert (disposal.automatic, disposal.reviewers) == (False, ("rev-1",))
    assert one(outputs, CreditChange).points == -100
    outputs = world.apply(name="plain again")
    assert one(outputs, Disposal).action is DisposalAction.LIFT


def test_a_newer_live_value_ends_the_review_of_the_older_one():
    world = World()
    world.apply("e1", name="ministry")
    outputs = world.apply("e2", name="sunny")
    assert one(outputs, Escalation).status is EscalationStatus.CLOSED
    assert world.account.pending == []


# -- registration -----------------------------------------------------------------------------


@pytest.mark.obligation("CAC-10-1")
def test_a_refused_registration_opens_nothing():
    world = World(registered=False)
    world.change(kind=ChangeKind.REGISTRATION, name="contact me")
    assert world.status is Status.REFUSED
    verdict = one(world.propose(bio="hello"), Verdict)
    assert verdict.decision is Decision.REFUSE
    assert world.value(Field.BIO) is None


def test_a_registration_may_be_tried_again():
    world = World(registered=False)
    world.change(kind=ChangeKind.REGISTRATION, name="contact me")
    world.change(kind=ChangeKind.REGISTRATION, name="sunny")
    assert world.status is Status.OPEN
    assert world.value(Field.NAME) == "sunny"


def test_a_held_registration_is_open_once_approved():
    world = World(registered=False)
    world.change("r1", kind=ChangeKind.REGISTRATION, name="ministry", bio="hello")
    assert world.status is Status.AWAITING
    assert one(world.propose(bio="other"), Verdict).decision is Decision.REFUSE
    world.rule(RulingAction.APPROVE_CHANGE, "r1")
    assert world.status is Status.OPEN
    assert world.value(Field.BIO) == "hello"


def test_a_held_registration_that_nobody_decided_is_refused():
    world = World(registered=False)
    world.change("r1", kind=ChangeKind.REGISTRATION, name="ministry")
    world.wait(days=4)
    assert world.status is Status.REFUSED


@pytest.mark.obligation("CAC-06")
def test_the_accepted_agreement_is_kept_with_the_account():
    world = World(registered=False)
    world.change(kind=ChangeKind.REGISTRATION, name="sunny", agreement_version="2024-01")
    assert world.account.agreement == "2024-01"


@pytest.mark.obligation("CAC-09-2")
def test_a_failed_identity_refuses_the_registration():
    world = World(registered=False)
    world.verify(VerificationKind.IDENTITY, VerificationResult.FAILED)
    verdict = one(world.change(kind=ChangeKind.REGISTRATION, name="sunny"), Verdict)
    assert verdict.decision is Decision.REFUSE
    assert "CAC-09-2" in verdict.reason


@pytest.mark.obligation("CAC-09-2")
def test_an_identity_that_fails_later_refuses_the_waiting_registration():
    world = World(registered=False)
    world.change("r1", kind=ChangeKind.REGISTRATION, name="ministry")
    outputs = world.verify(VerificationKind.IDENTITY, VerificationResult.FAILED)
    assert one(outputs, Verdict).decision is Decision.REFUSE
    assert world.status is Status.REFUSED


def test_an_account_whose_registration_was_never_seen_is_taken_as_open():
    world = World(registered=False)
    assert one(world.propose(bio="hello"), Verdict).decision is Decision.ALLOW
    assert world.status is Status.OPEN
    assert world.value(Field.NAME) is None


# -- change of owner and of subject -----------------------------------------------------------


def test_a_change_of_owner_ends_the_proofs_of_the_former_one():
    world = World()
    world.verify(VerificationKind.OCCUPATION, value="doctor")
    world.propose(name="doctor lee")
    outputs = world.change("o1", kind=ChangeKind.OWNER_CHANGE, owner_token="new")
    assert one(outputs, Verdict).decision is Decision.NEED_MATERIAL
    outputs = world.verify(VerificationKind.OCCUPATION, value="doctor", token="new")
    assert one(outputs, Verdict).event_id == "o1"
    assert world.account.owner == "new"
    assert [fact.token for fact in world.account.facts] == ["new"]


def test_an_applied_change_of_owner_verifies_the_values_again():
    world = World()
    world.verify(VerificationKind.OCCUPATION, value="doctor")
    world.propose(name="doctor lee")
    outputs = world.change(kind=ChangeKind.OWNER_CHANGE, phase=Phase.APPLIED, owner_token="new")
    disposal = one(outputs, Disposal)
    assert (disposal.step, disposal.rule_id) == (MeasureStep.CORRECT, "doctor")
    assert world.account.facts == []


def test_a_proof_that_carries_the_new_owners_token_stays():
    world = World()
    world.verify(VerificationKind.OCCUPATION, value="doctor", token="new")
    world.propose(name="doctor lee")
    outputs = world.change(kind=ChangeKind.OWNER_CHANGE, owner_token="new")
    assert one(outputs, Verdict).decision is Decision.ALLOW_LABELLED


def test_a_waiting_change_of_owner_survives_an_edit_and_yields_to_a_newer_one():
    world = World()
    world.change("o1", kind=ChangeKind.OWNER_CHANGE, owner_token="new", name="ministry")
    world.propose("e1", name="sunny")
    assert [pending.event_id for pending in world.account.pending] == ["o1"]
    world.change("o2", kind=ChangeKind.OWNER_CHANGE, owner_token="newer")
    assert world.account.pending == []
    assert world.account.owner == "newer"


def test_another_kind_of_subject_verifies_all_values():
    world = World()
    world.propose("e1", name="ministry")
    world.rule(RulingAction.APPROVE_CHANGE, "e1")
    outputs = world.propose(subject=SubjectKind.PUBLIC_ACCOUNT)
    assert one(outputs, Verdict).decision is Decision.HOLD


# -- the end of an account --------------------------------------------------------------------


@pytest.mark.obligation("CAC-10-3a")
def test_a_cancelled_account_is_no_bar():
    world = World()
    world.apply(bio="contact me")
    outputs = world.change("c1", kind=ChangeKind.CANCELLATION)
    assert one(outputs, Verdict).decision is Decision.ALLOW
    assert [d.action for d in of(outputs, Disposal)] == [DisposalAction.LIFT]
    assert world.status is Status.CANCELLED
    assert one(world.propose(bio="hello"), Verdict).decision is Decision.REFUSE
    verdict = one(world.change(kind=ChangeKind.REGISTRATION, name="sunny"), Verdict)
    assert verdict.decision is Decision.ALLOW
    assert world.status is Status.OPEN


@pytest.mark.obligation("CAC-16")
def test_a_cancelled_account_keeps_no_values_and_no_proofs():
    world = World()
    world.verify(VerificationKind.OCCUPATION, value="doctor", token="t")
    world.propose(name="doctor lee", owner_token="t")
    world.change(kind=ChangeKind.CANCELLATION)
    account = world.account
    assert account.values == [""] * 6
    assert (account.owner, account.facts) == (None, [])


def test_a_cancellation_settles_what_waits():
    world = World()
    world.propose("e1", name="ministry")
    world.complain("t1", field=Field.NAME)
    outputs = world.change(kind=ChangeKind.CANCELLATION)
    assert {e.status for e in of(outputs, Escalation)} == {EscalationStatus.CLOSED}
    assert (world.account.pending, world.account.open_tickets()) == ([], [])


@pytest.mark.obligation("CAC-10-3a")
def test_a_closed_account_is_refused_while_barred_and_strictly_verified_after():
    world = World()
    outputs = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CLOSE, duration_days=10)
    assert [d.step for d in of(outputs, Disposal) if d.action is DisposalAction.BEGIN] == [
        MeasureStep.CLOSE,
        MeasureStep.BAR,
    ]
    assert one(world.propose(bio="hello"), Verdict).decision is Decision.REFUSE
    verdict = one(world.change(kind=ChangeKind.REGISTRATION, name="sunny"), Verdict)
    assert verdict.decision is Decision.REFUSE
    world.wait(days=10)
    verdict = one(world.change("r2", kind=ChangeKind.REGISTRATION, name="sunny"), Verdict)
    assert verdict.decision is Decision.STRICT_HOLD
    world.rule(RulingAction.APPROVE_CHANGE, "r2", "rev-1")
    outputs = world.rule(RulingAction.APPROVE_CHANGE, "r2", "rev-2")
    assert one(outputs, Disposal).action is DisposalAction.LIFT
    assert world.status is Status.OPEN


def test_closing_and_cancelling_twice_is_refused():
    world = World()
    world.change(kind=ChangeKind.CANCELLATION)
    verdict = one(world.change(kind=ChangeKind.CANCELLATION), Verdict)
    assert verdict.decision is Decision.REFUSE
