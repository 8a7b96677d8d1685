"""What a disposal says and keeps, and the value that it offers to restore (Art. 17)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from processors.policy import LadderTerms, Policy
from schemas.records import (
    AuditKind,
    AuditRecord,
    AuthorityReport,
    ChangeKind,
    ComplaintCategory,
    Disposal,
    DisposalAction,
    Field,
    MeasureStep,
    Notice,
    RulingAction,
    VerificationKind,
)
from tests.processors.accounts.world import DAY, RULES, START, World, make_pack, of, one

KEY = b"a key of the operator"
CLAUSE = "Convention 3.2"


def strict_policy() -> Policy:
    """Rules with a clause of the agreement, and steps that name what they restrict."""
    rules = tuple(replace(rule, clause=CLAUSE) for rule in RULES)
    functions = {MeasureStep.RESTRICT: ("post", "comment")}
    return Policy(make_pack(rules=rules, ladder=LadderTerms(functions=functions)))


def rollback(world: World) -> str | None:
    return of(world.log, Disposal)[-1].rollback_value


@pytest.mark.obligation("CAC-17-2")
def test_the_audit_record_of_a_disposal_keeps_all_that_is_asked_for():
    world = World(strict_policy(), value_key=KEY)
    outputs = world.apply("e1", bio="my casino")
    disposal, report = one(outputs, Disposal), one(outputs, AuthorityReport)
    (audit,) = [a for a in of(outputs, AuditRecord) if a.kind is AuditKind.DISPOSAL]
    assert (audit.subject_id, audit.event_id) == (disposal.disposal_id, "e1")
    assert (audit.source_topic, audit.source_partition, audit.source_offset) == (
        "account.changes",
        3,
        world.inputs[-1].offset,
    )
    assert audit.fields == (Field.BIO,)
    assert (audit.rule_id, audit.article, audit.clause) == ("casino", "Art. 8", CLAUSE)
    (found,) = audit.evidence
    assert (found.span_start, found.span_end, found.technique) == (3, 9, "plain")
    assert (audit.pack_id, audit.pack_version, audit.pack_hash) == ("test", "1", "f" * 64)
    assert audit.actor == "auto"
    assert (audit.step, audit.functions) == (MeasureStep.RESTRICT, ("post", "comment"))
    assert (audit.begins_at, audit.ends_at, audit.deadline) == (
        world.now,
        world.now + 7 * DAY,
        world.now + 7 * DAY,
    )
    assert audit.notice_id == one(outputs, Notice).notice_id
    assert audit.report_id == report.report_id
    assert len(audit.value_hash or "") == 32


def test_a_value_is_kept_as_a_keyed_hash_before_and_after():
    world = World(value_key=KEY)
    world.apply(bio="clean")
    begun = one(world.apply(bio="contact"), Disposal)
    lifted = one(world.apply(bio="clean"), Disposal)
    assert begun.value_hash == lifted.previous_value_hash
    assert begun.previous_value_hash == lifted.value_hash
    assert begun.value_hash != begun.previous_value_hash
    other = World(value_key=b"another key")
    assert one(other.apply(bio="contact"), Disposal).value_hash != begun.value_hash


def test_without_a_key_there_are_no_hashes_that_could_be_guessed():
    world = World()
    begun = one(world.apply(bio="contact"), Disposal)
    assert (begun.value_hash, begun.previous_value_hash) == (None, None)


@pytest.mark.obligation("CAC-17-1")
def test_a_step_that_time_brings_names_its_evidence_and_clause_again():
    world = World(strict_policy())
    world.apply(bio="contact")
    _, suspended = of(world.wait(days=7), Disposal)
    assert suspended.step is MeasureStep.SUSPEND
    assert [finding.rule_id for finding in suspended.evidence] == ["contact"]
    assert suspended.clause == CLAUSE


def test_a_notice_names_place_clause_and_functions():
    notice = one(World(strict_policy()).apply(bio="my casino"), Notice)
    assert "characters 4 to 9 of the introduction" in notice.body
    assert f"Clause of your agreement: {CLAUSE}." in notice.body
    assert "Functions restricted: post, comment." in notice.body
    assert notice.clause == CLAUSE


def test_a_chinese_notice_says_how_it_was_written():
    world = World(strict_policy(), registered=False)
    world.change(kind=ChangeKind.REGISTRATION, name="plain", language="zh")
    body = one(world.apply(bio="my c a s i n o"), Notice).body
    assert "位置：简介第 4 至 14 字（写法：夹带分隔符）。" in body
    assert f"协议条款：{CLAUSE}。" in body
    assert "受限功能：post、comment。" in body


# -- the last compliant value ---------------------------------------------------------------------


@pytest.mark.obligation("CAC-15-2")
def test_a_disposal_offers_the_last_compliant_value():
    world = World()
    world.apply(bio="sunny")
    assert one(world.apply(bio="contact"), Disposal).rollback_value == "sunny"


@pytest.mark.obligation("CAC-15-2")
def test_restoring_it_lifts_the_measure():
    world = World()
    world.apply(bio="sunny")
    offered = one(world.apply(bio="contact"), Disposal).rollback_value
    lifted = one(world.apply(bio=offered), Disposal)
    assert (lifted.action, lifted.rollback_value) == (DisposalAction.LIFT, None)


def test_the_offer_stands_through_further_breaches_and_steps():
    world = World()
    world.apply(bio="sunny")
    world.apply(bio="contact one")
    world.apply(bio="contact two")
    assert rollback(world) == "sunny"
    world.apply(bio="casino")
    assert rollback(world) == "sunny"
    world.wait(days=7)
    assert of(world.log, Disposal)[-1].step is MeasureStep.SUSPEND
    assert rollback(world) == "sunny"


def test_an_order_of_a_person_offers_it_too():
    world = World()
    world.apply(bio="sunny")
    world.apply(bio="contact")
    world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CORRECT, field=Field.BIO)
    assert rollback(world) == "sunny"


def test_the_value_is_forgotten_with_the_last_measure_of_the_field():
    world = World()
    world.apply(bio="sunny")
    world.apply(bio="contact")
    world.apply(bio="clean")
    assert [measure.rollback for measure in world.account.measures] == [None]
    world.apply(bio="contact")
    assert rollback(world) == "clean"


def test_nothing_is_offered_where_no_compliant_value_is_known():
    world = World(registered=False)  # its registration was before our time
    assert one(world.apply(bio="contact"), Disposal).rollback_value is None
    assert one(world.apply(bio="contact again"), Disposal).rollback_value is None


def test_a_value_that_was_itself_in_breach_is_not_offered():
    world = World()
    world.apply(bio="contact")
    world.rule(RulingAction.LIFT_MEASURE, world.account.measures[0].id)
    assert one(world.apply(bio="casino"), Disposal).rollback_value is None


def test_a_value_that_its_proof_no_longer_covers_is_not_offered():
    world = World()
    world.verify(VerificationKind.OCCUPATION, value="doctor", expires_at=START + 2 * DAY)
    world.apply(bio="doctor")
    world.apply(bio="contact")
    assert rollback(world) == "doctor"
    world.wait(days=7)
    assert of(world.log, Disposal)[-1].step is MeasureStep.SUSPEND
    assert rollback(world) is None


@pytest.mark.obligation("CAC-16")
def test_a_value_with_a_contact_is_never_put_out_even_if_no_rule_minds_it():
    world = World()
    world.apply(bio="ring 13800138000")
    assert one(world.apply(bio="contact"), Disposal).rollback_value is None


def test_an_empty_introduction_is_offered_and_an_empty_name_is_not():
    world = World()
    assert one(world.apply(bio="contact"), Disposal).rollback_value == ""
    world = World(registered=False)
    world.change(kind=ChangeKind.REGISTRATION, bio="plain")
    assert one(world.apply(name="contact"), Disposal).rollback_value is None


def test_a_closure_offers_nothing():
    world = World()
    world.apply(bio="sunny")
    for disposal in of(world.apply(bio="fraud"), Disposal):
        assert disposal.rollback_value is None


def test_what_came_to_light_without_a_change_offers_nothing():
    world = World()
    world.verify(VerificationKind.OCCUPATION, value="doctor", expires_at=START + 2 * DAY)
    world.apply(bio="doctor")
    world.wait(days=3)
    assert one(world.log[-6:], Disposal).rollback_value is None


# -- time served ----------------------------------------------------------------------------------


def restricted_by(world: World) -> Disposal:
    return one(world.apply(bio="casino"), Disposal)


@pytest.mark.obligation("CAC-17-1")
def test_a_lift_says_for_how_long_the_measure_was_in_force():
    world = World()
    begun = restricted_by(world)
    world.wait(days=2)
    lifted = one(world.rule(RulingAction.LIFT_MEASURE, begun.measure_id), Disposal)
    assert lifted.served_ms == lifted.at - begun.at
    assert begun.served_ms is None


@pytest.mark.obligation("CAC-17-1")
def test_time_served_counts_in_the_order_that_takes_the_place_of_a_measure():
    world = World()
    begun = restricted_by(world)
    world.wait(days=3)
    outputs = world.rule(
        RulingAction.IMPOSE_MEASURE,
        "x",
        step=MeasureStep.RESTRICT,
        field=Field.BIO,
        duration_days=10,
    )
    _, ordered = of(outputs, Disposal)
    assert ordered.ends_at == begun.begins_at + 10 * DAY


def test_time_served_under_a_lifted_measure_does_not_shorten_a_later_one():
    world = World()
    begun = restricted_by(world)
    world.wait(days=3)
    world.rule(RulingAction.LIFT_MEASURE, begun.measure_id)
    outputs = world.rule(
        RulingAction.IMPOSE_MEASURE,
        "x",
        step=MeasureStep.RESTRICT,
        field=Field.BIO,
        duration_days=10,
    )
    assert one(outputs, Disposal).ends_at == world.now + 10 * DAY


def test_an_overturned_measure_leaves_no_trace_in_a_later_one():
    world = World()
    begun = restricted_by(world)
    world.wait(days=3)
    world.appeal("a1", begun.measure_id)
    lifted = one(world.rule(RulingAction.UPHOLD_APPEAL, "a1"), Disposal)
    assert lifted.appeal_id == "a1"
    again = one(world.apply(bio="casino again"), Disposal)
    assert (again.step, again.ends_at) == (MeasureStep.RESTRICT, world.now + 7 * DAY)


def test_a_complaint_disposes_with_the_evidence_of_its_rule():
    world = World()
    world.propose(bio="boast")  # is never live
    world.apply(bio="doctor contact")
    outputs = world.complain("t1", ComplaintCategory.FALSE_CLAIM, Field.BIO)
    for disposal in of(outputs, Disposal):
        assert {finding.rule_id for finding in disposal.evidence} == {disposal.rule_id}
