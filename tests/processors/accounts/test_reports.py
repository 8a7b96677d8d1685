"""Reports to the authorities: awaited, delivered, or missed (Art. 17)."""

from __future__ import annotations

import pytest

from processors.accounts.reports import MAX_AWAITED
from processors.policy import Policy, ReportTerms
from schemas.records import (
    AuditRecord,
    AuthorityReport,
    Escalation,
    EscalationKind,
    EscalationStatus,
    MeasureStep,
    RulingAction,
)
from tests.processors.accounts.world import World, make_pack, none, one

pytestmark = pytest.mark.obligation("CAC-17-3")

CONFIRMED = Policy(make_pack(report=ReportTerms(confirm=True)))


def test_a_report_that_is_delivered_in_time_is_no_breach():
    world = World(CONFIRMED)
    report = one(world.apply(bio="contact"), AuthorityReport)
    outputs = world.rule(RulingAction.REPORT_DELIVERED, report.report_id, "sender")
    assert "the report was delivered" in one(outputs, AuditRecord).summary
    assert none(world.wait(days=2), Escalation)


def test_a_report_that_is_not_delivered_in_time_is_a_breach_until_it_is():
    world = World(CONFIRMED)
    report = one(world.apply(bio="contact"), AuthorityReport)
    assert none(world.wait(hours=23), Escalation)
    breach = one(world.wait(hours=1), Escalation)
    assert (breach.kind, breach.status) == (EscalationKind.SLA_BREACH, EscalationStatus.OPENED)
    assert (breach.subject_id, breach.rule_ids) == (report.report_id, ("contact",))
    assert breach.at == report.due_at
    outputs = world.rule(RulingAction.REPORT_DELIVERED, report.report_id, "sender")
    assert one(outputs, Escalation).status is EscalationStatus.CLOSED
    assert "delivered late" in one(outputs, AuditRecord).summary


def test_word_of_a_delivery_that_comes_twice_changes_nothing():
    world = World(CONFIRMED)
    report = one(world.apply(bio="contact"), AuthorityReport)
    world.rule(RulingAction.REPORT_DELIVERED, report.report_id, "sender")
    outputs = world.rule(RulingAction.REPORT_DELIVERED, report.report_id, "sender")
    assert "applied to nothing" in one(outputs, AuditRecord).summary


def test_only_what_is_reported_is_awaited():
    policy = Policy(make_pack(report=ReportTerms(from_step=MeasureStep.SUSPEND, confirm=True)))
    world = World(policy)
    world.apply(bio="contact")
    assert world.account.reports == []


def test_nothing_is_awaited_where_nobody_confirms():
    world = World()
    world.apply(bio="contact")
    assert none(world.wait(days=2), Escalation)


def test_beyond_a_bound_the_oldest_report_is_a_breach_at_once():
    world = World(CONFIRMED)
    order = RulingAction.IMPOSE_MEASURE
    first = one(world.rule(order, "x", step=MeasureStep.WARN), AuthorityReport)
    for _ in range(MAX_AWAITED - 1):
        world.rule(order, "x", step=MeasureStep.WARN)
    outputs = world.rule(order, "x", step=MeasureStep.WARN)
    assert one(outputs, Escalation).subject_id == first.report_id
    assert len(world.account.reports) == MAX_AWAITED
