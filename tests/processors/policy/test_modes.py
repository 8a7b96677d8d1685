"""A rule's life: draft, shadow, in force, retired."""

from __future__ import annotations

from msgspec.structs import replace

from processors.policy import AcrossTerms, Mode, Policy
from schemas.records import (
    Decision,
    Disposal,
    DisposalAction,
    MeasureStep,
    Notice,
    Phase,
    RuleMode,
    RulingAction,
    Verdict,
)
from tests.processors.accounts.world import POLICY, World, make_pack, of, one


def with_mode(mode: Mode, *, drafts: bool = False, name: str = "contact") -> Policy:
    rules = tuple(replace(r, mode=mode) if r.id == name else r for r in make_pack().rules)
    return Policy(make_pack(rules=rules), drafts=drafts)


def test_a_draft_is_judged_in_backtests_only_and_there_as_if_in_force():
    assert one(World(with_mode(Mode.DRAFT)).propose(bio="contact"), Verdict).findings == ()
    tried = World(with_mode(Mode.DRAFT, drafts=True))
    assert one(tried.propose(bio="contact"), Verdict).decision is Decision.REFUSE


def test_a_rule_in_shadow_says_what_the_decision_would_have_been():
    verdict = one(World(with_mode(Mode.SHADOW)).propose(bio="contact"), Verdict)
    assert verdict.decision is Decision.ALLOW
    assert verdict.shadow_decision is Decision.REFUSE
    assert [f.mode for f in verdict.findings] == [RuleMode.SHADOW]


def test_a_rule_in_shadow_says_so_of_a_name_that_was_asked_for_across_accounts_too():
    world = World(Policy(make_pack(across=AcrossTerms({}))))
    verdict = one(world.propose(name="curious"), Verdict)
    assert verdict.decision is Decision.ALLOW
    assert verdict.shadow_decision is Decision.REFUSE


def test_where_a_rule_in_shadow_changes_nothing_there_is_no_difference_to_tell():
    verdict = one(World().propose(bio="fraud curious"), Verdict)
    assert verdict.decision is Decision.REFUSE
    assert [f.rule_id for f in verdict.findings] == ["curious", "fraud"]
    assert verdict.shadow_decision is None


def test_a_retired_rule_hits_nothing_and_still_explains_what_a_person_ordered_by_it():
    world = World()
    world.apply("x", bio="ministry")
    measure = one(world.rule(RulingAction.REJECT_CHANGE, "x"), Disposal)
    world.policy = with_mode(Mode.RETIRED, name="ministry")
    assert one(world.apply(signature="ministry"), Verdict).findings == ()
    (reminder,) = of(world.wait(days=4), Notice)
    assert reminder.measure_id == measure.measure_id
    assert "Found ministry." in reminder.body


def test_a_measure_of_a_retired_rule_is_lifted_in_the_place_of_its_reminder():
    world = World()
    world.apply(bio="contact")
    world.policy = with_mode(Mode.RETIRED)
    lifted = one(world.wait(days=4), Disposal)
    assert lifted.action is DisposalAction.LIFT
    assert lifted.step is MeasureStep.CORRECT


def test_the_mode_in_force_is_what_a_rule_has_when_nothing_is_said():
    assert one(World(POLICY).change(bio="contact", phase=Phase.APPLIED), Disposal)
