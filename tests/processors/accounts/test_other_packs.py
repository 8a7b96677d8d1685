"""What waits or is in force when another pack takes over, or a pack is there no more."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from processors.control import Control, Timed
from processors.policy import Detector, DetectorKind, LadderTerms, Policy, Rule
from processors.text import Entry
from schemas.records import (
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationKind,
    Field,
    MeasureStep,
    Notice,
    NoticeKind,
    RulingAction,
    Verdict,
)
from tests.processors.accounts.world import (
    DAY,
    RULES,
    START,
    World,
    make_pack,
    none,
    of,
    one,
    rule,
)

WITHOUT = Policy(make_pack(rules=(), version="2", hash="e" * 64))
"""The next version of the pack, in which every rule is gone."""
OVERLAY = replace(
    make_pack(rules=(rule("flood", Decision.REFUSE, pack="overlay"),), hash="c" * 64),
    id="overlay",
    detectors=(Detector("flood", DetectorKind.LEXICON, (Entry("flood", "flood"),)),),
)


@pytest.mark.parametrize("bio", ["contact", "casino"])
def test_a_time_limit_under_a_rule_that_is_gone_leads_to_nothing_graver(bio: str) -> None:
    world = World()
    world.apply(bio=bio)
    world.policy = WITHOUT
    outputs = world.wait(days=60)
    lifted = one(outputs, Disposal)
    assert (lifted.action, lifted.rule_id) == (DisposalAction.LIFT, bio)
    assert "no longer found" in lifted.reason
    assert world.live() == []


def test_a_rule_that_is_gone_refuses_no_edit_that_repeats_its_value() -> None:
    world = World()
    world.apply(bio="contact")
    assert one(world.propose(bio="contact"), Verdict).decision is Decision.REFUSE
    world.policy = WITHOUT
    assert one(world.propose(bio="contact"), Verdict).decision is Decision.ALLOW


def test_a_suspension_under_a_rule_that_is_gone_closes_nobody() -> None:
    world = World()
    world.apply(bio="contact")
    world.wait(days=8)
    assert world.live() == [MeasureStep.SUSPEND]
    world.policy = WITHOUT
    assert one(world.wait(days=40), Disposal).action is DisposalAction.LIFT


def test_what_an_overlay_has_begun_ends_with_its_time_limit_once_the_overlay_is_over() -> None:
    standing = Policy(make_pack(rules=(rule("contact", Decision.REFUSE, pack="test"),)))
    over = START + 2 * DAY
    world = World(Control.under(standing, [Timed(START, over, pack=OVERLAY)]))
    assert one(world.apply(bio="flood"), Disposal).rule_id == "flood"
    outputs = world.wait(days=60)
    assert [d.action for d in of(outputs, Disposal)] == [DisposalAction.LIFT]


def test_nobody_is_reminded_of_what_is_found_no_more() -> None:
    world = World()
    world.apply(bio="contact")
    world.policy = WITHOUT
    notice = one(world.wait(days=4), Notice)
    assert notice.kind is NoticeKind.MEASURE_LIFTED
    assert "A reviewer found" not in notice.body


def test_an_order_of_a_person_outlives_the_rule_that_it_was_given_by() -> None:
    world = World()
    world.apply("x", bio="ministry")
    world.rule(RulingAction.REJECT_CHANGE, "x")
    world.policy = WITHOUT
    assert one(world.wait(days=4), Notice).kind is NoticeKind.CORRECTION_REMINDER
    assert MeasureStep.SUSPEND in [d.step for d in of(world.wait(days=4), Disposal)]


@pytest.mark.parametrize(("bio", "days"), [("ministry", 4), ("doctor", 8)])
def test_a_change_that_the_pack_in_force_allows_is_not_refused_when_its_time_passes(
    bio: str, days: int
) -> None:
    world = World()
    world.propose(bio=bio)
    world.policy = WITHOUT
    outputs = world.wait(days=days)
    assert one(outputs, Verdict).decision is Decision.ALLOW
    assert world.value(Field.BIO) == bio
    opened = [e for e in of(outputs, Escalation) if e.kind is EscalationKind.SLA_BREACH]
    assert not opened


def test_what_is_still_asked_for_is_refused_when_its_time_passes() -> None:
    world = World()
    world.propose(bio="ministry")
    world.policy = Policy(make_pack(version="2", hash="e" * 64))
    assert one(world.wait(days=4), Verdict).decision is Decision.REFUSE


def test_a_strict_hold_is_for_people_alone_under_any_pack() -> None:
    world = World()
    world.propose(bio="national")
    world.policy = WITHOUT
    assert one(world.wait(days=4), Verdict).decision is Decision.REFUSE


def test_a_live_value_of_which_nothing_is_asked_any_more_waits_for_nobody() -> None:
    world = World()
    world.apply(bio="ministry")
    world.policy = WITHOUT
    outputs = world.wait(days=4)
    assert none(outputs, Disposal)
    assert world.account.pending == []


def test_the_time_to_appeal_is_the_one_that_was_told() -> None:
    world = World()
    outputs = world.apply(bio="contact")
    told = one(outputs, Notice).appeal_until
    assert told == world.now + 180 * DAY
    world.policy = Policy(make_pack(ladder=LadderTerms(appeal_days=30), hash="d" * 64))
    assert one(world.wait(days=4), Notice).appeal_until == told, "the reminder says the same"
    world.apply(bio="clean")
    world.now += 100 * DAY
    outputs = world.appeal("ap", one(outputs, Disposal).measure_id)
    assert "after the time" not in one(outputs, Escalation).reason
    assert "has passed" not in one(outputs, Notice).body


def test_a_measure_that_is_lengthened_never_shortens_the_time_to_appeal() -> None:
    world = World()
    order = {"step": MeasureStep.RESTRICT, "field": Field.BIO}
    begun = world.rule(RulingAction.IMPOSE_MEASURE, "x", duration_days=3, **order)
    told = one(begun, Notice).appeal_until
    world.policy = Policy(make_pack(ladder=LadderTerms(appeal_days=30), hash="d" * 64))
    longer = world.rule(RulingAction.IMPOSE_MEASURE, "x", "rev-2", duration_days=9, **order)
    assert one(longer, Notice).appeal_until == told


@pytest.mark.parametrize("rules", [RULES, ()])
def test_a_lift_names_the_functions_that_the_measure_has_restricted(
    rules: tuple[Rule, ...],
) -> None:
    ladder = LadderTerms(functions={MeasureStep.RESTRICT: ("post", "comment")})
    world = World(Policy(make_pack(ladder=ladder)))
    assert one(world.apply(bio="casino"), Disposal).functions == ("post", "comment")
    ladder = LadderTerms(functions={MeasureStep.RESTRICT: ("like",)})
    world.policy = Policy(make_pack(ladder=ladder, rules=rules, hash="d" * 64))
    lifted = next(d for d in of(world.wait(days=8), Disposal) if d.action is DisposalAction.LIFT)
    assert (lifted.step, lifted.functions) == (MeasureStep.RESTRICT, ("post", "comment"))
