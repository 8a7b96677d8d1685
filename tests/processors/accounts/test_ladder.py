"""The ladder of measures: how one steps on it, up it, and off it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from processors.accounts import Status
from processors.policy import Detector, DetectorKind, Policy
from schemas.records import (
    AccountChange,
    AuditRecord,
    AuthorityReport,
    ChangeKind,
    CreditChange,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationStatus,
    Field,
    Label,
    MeasureStep,
    Notice,
    NoticeKind,
    Phase,
    RuleMode,
    RulingAction,
    Verdict,
    VerificationKind,
    VerificationResult,
)
from tests.processors.accounts.world import ACCOUNT, DAY, RULES, World, make_pack, none, of, one

pytestmark = pytest.mark.obligation("CAC-17-1")


def steps(outputs: list[object]) -> list[tuple[str, str]]:
    return [(d.action.value, d.step.value) for d in of(outputs, Disposal)]


def test_a_warning_is_said_once_and_has_no_length():
    world = World()
    disposal = one(world.apply(bio="boast"), Disposal)
    assert (disposal.step, disposal.begins_at, disposal.ends_at) == (
        MeasureStep.WARN,
        world.now,
        world.now,
    )
    assert world.live() == []


@pytest.mark.obligation("CAC-15-1")
def test_a_warning_of_a_value_is_said_once_whatever_has_it_verified_anew():
    world = World()
    world.verify(VerificationKind.CONTACT, token="tel-1", expires_at=world.now + 10 * DAY)
    world.apply(bio="boast")
    ended = world.wait(days=11)
    labelled = world.analyse(Field.BIO, "boast", labels=(Label(label="CALM", score=1),))
    closure = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CLOSE)
    back = world.rule(RulingAction.LIFT_MEASURE, of(closure, Disposal)[0].measure_id, "rev-2")
    assert (none(ended, Disposal), none(labelled, Disposal)) == (True, True)
    assert steps(back) == [("LIFT", "CLOSE"), ("LIFT", "BAR")]
    assert none(world.wait(days=60), Disposal)
    assert steps(world.apply(bio="boast of more")) == [("BEGIN", "CORRECT")]


@pytest.mark.obligation("CAC-15-1")
def test_a_newer_value_found_only_later_goes_one_step_up_from_a_warning():
    boast = next(r for r in RULES if r.id == "boast")
    proved = replace(boast, proof=VerificationKind.OCCUPATION, cleared=Decision.ALLOW)
    world = World(Policy(make_pack(rules=(proved,))))
    assert steps(world.apply(bio="boast")) == [("BEGIN", "WARN")]
    proof = {"value": "boast", "expires_at": world.now + 10 * DAY}
    world.verify(VerificationKind.OCCUPATION, **proof)
    assert none(world.apply(bio="boast of more"), Disposal)
    assert steps(world.wait(days=11)) == [("BEGIN", "CORRECT")]


def test_a_newer_value_that_a_classifier_finds_goes_one_step_up_from_a_warning():
    labels = Detector("vain", DetectorKind.LABELS, names=("VAIN",))
    vain = replace(next(r for r in RULES if r.id == "boast"), id="vain", detector="vain")
    world = World(Policy(make_pack(rules=(vain,), detectors=(labels,))))
    found = []
    for value in ("one", "two", "two"):
        world.apply(bio=value)
        found += world.analyse(Field.BIO, value, labels=(Label(label="VAIN", score=1000),))
    assert steps(found) == [("BEGIN", "WARN"), ("BEGIN", "CORRECT")]


@pytest.mark.obligation("CAC-15-2")
def test_a_compliant_edit_lifts_the_measure_in_the_same_outcome():
    world = World()
    begun = one(world.apply(bio="contact"), Disposal)
    outputs = world.apply(bio="clean")
    lifted = one(outputs, Disposal)
    assert (lifted.action, lifted.measure_id) == (DisposalAction.LIFT, begun.measure_id)
    assert one(outputs, Verdict).account_seq == lifted.account_seq
    assert world.live() == []


def test_a_compliant_proposal_lifts_the_measure_once_it_is_allowed():
    world = World()
    world.apply(bio="contact")
    assert steps(world.propose(bio="ministry")) == []
    assert steps(world.propose(bio="clean")) == [("LIFT", "CORRECT")]


def test_a_compliant_edit_of_another_field_lifts_nothing():
    world = World()
    world.apply(bio="contact")
    assert steps(world.apply(name="sunny")) == []


def test_another_breach_of_the_field_begins_its_own_measure():
    world = World()
    world.apply(bio="contact")
    assert steps(world.apply(bio="casino")) == [("LIFT", "CORRECT"), ("BEGIN", "RESTRICT")]


def test_a_reminder_comes_half_way_to_the_deadline():
    world = World()
    begun = one(world.apply(bio="contact"), Disposal)
    notice = one(world.wait(days=4), Notice)
    assert (notice.kind, notice.measure_id) == (
        NoticeKind.CORRECTION_REMINDER,
        begun.measure_id,
    )
    assert notice.at == begun.at + 7 * DAY // 2
    assert notice.deadline == begun.deadline


@pytest.mark.obligation("CAC-15-2")
def test_without_correction_it_goes_on_to_suspension_closure_and_bar():
    world = World()
    begun = one(world.apply(bio="contact"), Disposal)
    world.wait(days=3.5)
    outputs = world.wait(days=3.5)
    assert steps(outputs) == [("LIFT", "CORRECT"), ("BEGIN", "SUSPEND")]
    suspended = of(outputs, Disposal)[1]
    assert suspended.at == begun.deadline
    assert suspended.deadline == suspended.at + 30 * DAY
    outputs = world.wait(days=30)
    assert steps(outputs) == [("LIFT", "SUSPEND"), ("BEGIN", "CLOSE"), ("BEGIN", "BAR")]
    bar = of(outputs, Disposal)[2]
    assert bar.ends_at == bar.at + 180 * DAY
    assert world.status is Status.CLOSED
    assert steps(world.wait(days=180)) == [("LIFT", "BAR")]
    assert world.status is Status.CLOSED


@pytest.mark.obligation("CAC-15-2")
def test_a_suspension_ends_with_the_correction():
    world = World()
    world.apply(bio="contact")
    world.wait(days=8)
    assert steps(world.propose(bio="clean")) == [("LIFT", "SUSPEND")]
    assert steps(world.wait(days=60)) == []
    assert world.status is Status.OPEN


def test_the_same_value_found_again_meets_its_measure():
    world = World()
    world.apply(bio="contact")
    world.complain("t1", field=Field.BIO)
    assert world.live() == [MeasureStep.CORRECT]


def test_a_repeated_breach_goes_one_step_up_and_keeps_the_first_deadline():
    world = World()
    first = one(world.apply(bio="contact one"), Disposal)
    assert steps(world.apply(bio="contact two")) == [("BEGIN", "RESTRICT")]
    deadlines = [m.deadline for m in world.account.live_measures() if m.deadline]
    assert deadlines == [first.deadline]
    outputs = world.apply(bio="contact three")
    assert steps(outputs) == [("LIFT", "CORRECT"), ("LIFT", "RESTRICT"), ("BEGIN", "SUSPEND")]
    assert steps(world.apply(bio="contact four")) == []


def test_a_repeated_breach_after_the_first_was_corrected_goes_one_step_up():
    world = World()
    world.apply(bio="contact")
    world.apply(bio="clean")
    world.wait(days=100)
    assert steps(world.apply(bio="contact")) == [("BEGIN", "RESTRICT")]


def test_a_breach_long_ago_is_forgotten():
    world = World()
    world.apply(bio="contact")
    world.apply(bio="clean")
    world.wait(days=181)
    assert steps(world.apply(bio="contact")) == [("BEGIN", "CORRECT")]


def test_repetition_is_counted_by_rule_and_field():
    world = World()
    world.apply(bio="contact")
    assert steps(world.apply(name="contact")) == [("BEGIN", "CORRECT")]


def test_severity_enters_at_its_step():
    world = World()
    disposal = one(world.apply(bio="casino"), Disposal)
    assert disposal.step is MeasureStep.RESTRICT
    assert disposal.ends_at == disposal.deadline == world.now + 7 * DAY


def test_a_restriction_is_served_to_its_end_even_when_corrected():
    world = World()
    world.apply(bio="casino")
    assert steps(world.apply(bio="clean")) == []
    assert world.live() == [MeasureStep.RESTRICT]
    assert steps(world.wait(days=7)) == [("LIFT", "RESTRICT")]


def test_a_restriction_without_correction_becomes_a_suspension():
    world = World()
    world.apply(bio="casino")
    assert steps(world.wait(days=7)) == [("LIFT", "RESTRICT"), ("BEGIN", "SUSPEND")]


def test_the_gravest_breach_closes_the_account_at_once_and_for_good():
    world = World()
    world.apply("h1", name="ministry")
    world.complain("t1", field=Field.NAME)
    outputs = world.apply(bio="fraud")
    assert steps(outputs) == [("BEGIN", "CLOSE"), ("BEGIN", "BAR")]
    assert of(outputs, Disposal)[1].ends_at is None
    assert world.status is Status.CLOSED
    assert (world.account.pending, world.account.open_tickets()) == ([], [])


@pytest.mark.obligation("CAC-17-3")
@pytest.mark.obligation("CAC-17-2")
def test_each_measure_begun_has_one_notice_one_record_and_one_report():
    world = World()
    outputs = world.apply(bio="contact")
    disposal, notice = one(outputs, Disposal), one(outputs, Notice)
    audit, report = one(outputs, AuditRecord), one(outputs, AuthorityReport)
    assert disposal.notice_id == notice.notice_id
    assert disposal.audit_id == audit.audit_id
    assert disposal.report_id == report.report_id
    assert audit.subject_id == disposal.disposal_id
    assert report.due_at == world.now + DAY


def test_each_lift_has_one_notice_and_one_record_and_no_report():
    world = World()
    world.apply(bio="contact")
    outputs = world.apply(bio="clean")
    assert one(outputs, Disposal).report_id is None
    assert one(outputs, Notice).kind is NoticeKind.MEASURE_LIFTED
    one(outputs, AuditRecord)
    assert none(outputs, AuthorityReport)


def test_a_deadline_looks_again_before_it_takes_effect():
    world = World()
    world.apply(bio="contact")
    on_trial = tuple(replace(r, mode=RuleMode.SHADOW) if r.id == "contact" else r for r in RULES)
    world.policy = Policy(make_pack(rules=on_trial, version="2"))
    outputs = world.wait(days=8)
    assert steps(outputs) == [("LIFT", "CORRECT")]
    assert one(outputs, Disposal).pack_version == "2"


@pytest.mark.obligation("CAC-09-2")
def test_a_failed_identity_suspends_until_it_is_verified():
    world = World()
    outputs = world.verify(VerificationKind.IDENTITY, VerificationResult.FAILED)
    disposal = one(outputs, Disposal)
    assert (disposal.step, disposal.obligation_id) == (MeasureStep.SUSPEND, "CAC-09-2")
    assert steps(world.verify(VerificationKind.IDENTITY, VerificationResult.FAILED)) == []
    assert steps(world.verify(VerificationKind.IDENTITY)) == [("LIFT", "SUSPEND")]


@pytest.mark.obligation("CAC-09-2")
def test_an_account_without_identity_is_closed_in_the_end():
    world = World()
    world.verify(VerificationKind.IDENTITY, VerificationResult.REVOKED)
    world.wait(days=30)
    assert world.status is Status.CLOSED


@pytest.mark.obligation("CAC-07-1")
def test_a_proof_lifts_the_measure_that_asked_for_it():
    world = World()
    world.apply(name="doctor lee")
    assert world.live() == [MeasureStep.CORRECT]
    outputs = world.verify(VerificationKind.OCCUPATION, value="doctor")
    assert steps(outputs) == [("LIFT", "CORRECT")]
    assert world.value(Field.NAME) == "doctor lee"


@pytest.mark.obligation("CAC-15-1")
def test_the_end_of_a_proof_brings_the_measure():
    world = World()
    world.verify(VerificationKind.OCCUPATION, value="doctor", expires_at=world.now + 10 * DAY)
    world.propose(name="doctor lee")
    outputs = world.wait(days=10)
    assert steps(outputs) == [("BEGIN", "CORRECT")]
    assert one(outputs, CreditChange).points == -40


@pytest.mark.obligation("CAC-15-1")
def test_the_loss_of_a_proof_that_a_person_must_judge_is_escalated():
    world = World()
    world.verify(VerificationKind.INSTITUTION, value="ministry")
    world.propose(name="ministry")
    outputs = world.verify(VerificationKind.INSTITUTION, VerificationResult.REVOKED, event="v2")
    assert none(outputs, Disposal)
    assert one(outputs, Escalation).subject_id == "v2"
    outputs = world.rule(RulingAction.REJECT_CHANGE, "v2")
    assert steps(outputs) == [("BEGIN", "CORRECT")]
    assert none(outputs, Verdict)


def test_cancelling_ends_the_measures():
    world = World()
    world.apply(bio="casino")
    world.change(kind=ChangeKind.CANCELLATION)
    assert world.live() == []
    assert steps(world.wait(days=60)) == []


# -- a correction that waits for us ------------------------------------------------------------


def test_a_correction_proposed_in_time_is_decided_before_the_deadline_takes_effect():
    world = World()
    world.apply(bio="contact")
    world.wait(days=6.5)
    waits_until = one(world.propose("fix", bio="ministry"), Verdict).due_at
    outputs = world.wait(days=1)
    extended = one(outputs, Disposal)
    assert (extended.action, extended.step) == (DisposalAction.EXTEND, MeasureStep.CORRECT)
    assert extended.deadline == waits_until
    assert "proposed in time" in [n.body for n in of(outputs, Notice)][-1]
    lifted = one(world.rule(RulingAction.APPROVE_CHANGE, "fix"), Disposal)
    assert (lifted.action, lifted.step) == (DisposalAction.LIFT, MeasureStep.CORRECT)


def test_a_deadline_is_put_off_for_a_person_once_and_not_for_what_does_not_correct():
    world = World()
    world.apply(bio="contact")
    world.wait(days=6.5)
    world.propose(bio="contact ministry national")
    assert MeasureStep.SUSPEND in [d.step for d in of(world.wait(days=1), Disposal)]
    world = World()
    world.apply(bio="contact")
    for days in (6.5, 2.5):
        world.wait(days=days)
        world.propose(bio=f"ministry {days}")
    assert world.live() == [MeasureStep.CORRECT]
    world.wait(days=1)
    assert world.live() == [MeasureStep.SUSPEND]


def test_material_that_the_account_owes_puts_nothing_off():
    world = World()
    world.apply(bio="contact")
    world.wait(days=6.5)
    world.propose(bio="doctor")
    world.wait(days=1)
    assert world.live() == [MeasureStep.SUSPEND]


def test_a_restriction_that_lasted_longer_for_want_of_a_decision_ends_with_it():
    world = World()
    world.apply(bio="casino")
    world.wait(days=6.5)
    world.propose("fix", bio="ministry")
    world.wait(days=1)
    assert world.live() == [MeasureStep.RESTRICT]
    lifted = one(world.rule(RulingAction.APPROVE_CHANGE, "fix"), Disposal)
    assert (lifted.action, lifted.at) == (DisposalAction.LIFT, world.now)
    assert world.live() == []


# -- word that comes late -----------------------------------------------------------------------


def corrected_late(world: World, event: str, made: int, bio: str = "clean") -> list[object]:
    """A correction that was made at ``made``, and of which word comes now."""
    return world.give(
        AccountChange(
            event_id=event,
            account_id=ACCOUNT,
            occurred_at=made,
            kind=ChangeKind.EDIT,
            phase=Phase.APPLIED,
            bio=bio,
        )
    )


@pytest.mark.obligation("CAC-15-2")
@pytest.mark.parametrize(("early", "step"), [(2, MeasureStep.RESTRICT), (0, MeasureStep.SUSPEND)])
def test_a_suspension_for_a_correction_that_was_made_in_time_counts_for_nothing(early, step):
    world = World()
    world.apply(bio="contact")
    world.wait(days=8)
    outputs = corrected_late(world, "late", world.now - early * DAY)
    assert steps(outputs) == [("LIFT", "SUSPEND")]
    assert ("in time" in one(outputs, Disposal).reason) == bool(early)
    assert steps(world.apply(bio="contact again")) == [("BEGIN", step.value)]


@pytest.mark.obligation("CAC-15-2")
def test_a_person_is_told_of_a_correction_that_was_made_before_the_closure():
    world = World()
    world.apply(bio="contact")
    world.wait(days=40)
    closure = world.account.live_measures()[0]
    assert (closure.step, world.status) == (MeasureStep.CLOSE, Status.CLOSED)
    in_time = closure.begins - DAY
    assert none(corrected_late(world, "l1", world.now), Escalation)
    assert none(corrected_late(world, "l2", in_time, "contact as ever"), Escalation)
    assert one(corrected_late(world, "l3", in_time), Escalation).subject_id == closure.id
    assert none(corrected_late(world, "l4", in_time), Escalation)
    lifted = world.rule(RulingAction.LIFT_MEASURE, closure.id)
    assert one(lifted, Escalation).status is EscalationStatus.CLOSED
    assert world.status is Status.OPEN


def test_a_measure_whose_end_has_an_earlier_clock_was_not_served_backwards():
    world = World()
    measure = one(world.apply(bio="casino"), Disposal)
    world.now -= DAY
    lifted = world.rule(RulingAction.LIFT_MEASURE, measure.measure_id)
    assert one(lifted, Disposal).served_ms == 0


def test_to_repeat_what_is_to_be_corrected_is_no_correction():
    world = World()
    world.apply(bio="contact")
    verdict = one(world.propose(bio="contact"), Verdict)
    assert (verdict.decision, verdict.reason) == (
        Decision.REFUSE,
        "The bio repeats what is to be corrected by the rule contact.",
    )
    assert one(world.propose(bio="clean"), Verdict).decision is Decision.ALLOW
    assert one(world.propose(bio="clean"), Verdict).decision is Decision.ALLOW
