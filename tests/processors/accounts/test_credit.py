"""The credit ledger: what is entered, what it leads to, how it goes away."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from processors.accounts import score_of
from processors.accounts.ledger import MAX_ENTRIES
from processors.policy import CreditTerms, Level, Policy
from schemas.records import (
    CreditAction,
    CreditChange,
    Disposal,
    DisposalAction,
    Field,
    MeasureStep,
    Verdict,
)
from tests.processors.accounts.world import DAY, RULES, World, make_pack, none, of, one

pytestmark = pytest.mark.obligation("CAC-18")


def score(world: World) -> int:
    return score_of(world.account, world.policy.pack.credit)


def test_a_refused_change_lowers_the_score_and_names_its_cause():
    world = World()
    change = one(world.propose("e1", bio="contact"), CreditChange)
    assert (change.action, change.rule_id, change.points) == (CreditAction.ADDED, "contact", -30)
    assert (change.score, change.level, change.previous_level) == (670, "B", "B")
    assert change.expires_at == world.now + 90 * DAY
    assert change.event_id == "e1"


def test_the_most_severe_rule_of_an_event_counts_and_not_the_sum():
    world = World()
    change = one(world.propose(bio="contact casino", name="advert"), CreditChange)
    assert (change.rule_id, change.points) == ("casino", -150)
    assert score(world) == 550


def test_what_only_asks_for_material_or_a_person_costs_nothing():
    world = World()
    assert none(world.propose(name="doctor"), CreditChange)
    assert none(world.propose(name="ministry"), CreditChange)
    assert none(world.wait(days=30), CreditChange)


def test_an_entry_expires_at_its_time_and_the_score_recovers():
    world = World()
    added = one(world.propose(bio="contact"), CreditChange)
    assert none(world.wait(days=89), CreditChange)
    expired = one(world.wait(days=1), CreditChange)
    assert (expired.action, expired.entry_id) == (CreditAction.EXPIRED, added.entry_id)
    assert (expired.score, expired.at) == (700, added.expires_at)


def test_a_level_with_a_measure_begins_it_and_lifts_it_again():
    world = World()
    for number in range(3):
        outputs = world.propose(bio=f"casino {number}")
    assert of(outputs, CreditChange)[0].level == "D"
    begun = one(outputs, Disposal)
    assert (begun.action, begun.step, begun.rule_id) == (
        DisposalAction.BEGIN,
        MeasureStep.RESTRICT,
        "credit",
    )
    assert begun.obligation_id == "CAC-18"
    assert begun.ends_at is None
    outputs = world.wait(days=90)
    lifted = one(outputs, Disposal)
    assert (lifted.action, lifted.measure_id) == (DisposalAction.LIFT, begun.measure_id)


def test_falling_further_replaces_the_measure_of_the_level():
    world = World()
    for number in range(4):
        outputs = world.propose(bio=f"casino {number}")
    assert [(d.action, d.step) for d in of(outputs, Disposal)] == [
        (DisposalAction.LIFT, MeasureStep.RESTRICT),
        (DisposalAction.BEGIN, MeasureStep.SUSPEND),
    ]
    assert world.live() == [MeasureStep.SUSPEND]
    assert world.wait(days=89) == []
    assert of(world.wait(days=1), Disposal)[0].action is DisposalAction.LIFT


def test_the_score_never_leaves_its_range():
    world = World()
    for number in range(9):
        world.propose(bio=f"casino {number}")
    assert score(world) == 0


def test_the_ledger_is_bounded_and_the_score_stays_its_sum():
    credit = CreditTerms(1000, (Level("A", 0),))
    rules = tuple(rule for rule in RULES if rule.id == "advert")
    world = World(Policy(make_pack(credit=credit, rules=rules)))
    for number in range(MAX_ENTRIES + 5):
        outputs = world.propose(bio=f"advert {number}")
    expired, added = of(outputs, CreditChange)
    assert (expired.action, added.action) == (CreditAction.EXPIRED, CreditAction.ADDED)
    assert len(world.account.ledger) == MAX_ENTRIES
    assert score(world) == max(0, 1000 - 20 * (MAX_ENTRIES + 5))


def test_the_verdict_tells_the_level_after_it():
    world = World()
    world.propose(bio="casino 1")
    assert one(world.propose(bio="casino 2"), Verdict).level == "C"


def test_a_measure_and_a_refusal_are_charged_once():
    world = World()
    assert len(of(world.apply(bio="contact"), CreditChange)) == 1
    assert world.value(Field.BIO) == "contact"


def test_a_level_may_close_the_account():
    credit = CreditTerms(700, (Level("A", 600), Level("Z", 0, MeasureStep.CLOSE)))
    world = World(Policy(make_pack(credit=credit)))
    outputs = world.propose(bio="casino")
    assert [d.step for d in of(outputs, Disposal)] == [MeasureStep.CLOSE, MeasureStep.BAR]


def test_a_rule_without_points_is_not_entered():
    rules = tuple(replace(rule, points=0) for rule in RULES)
    world = World(Policy(make_pack(rules=rules)))
    assert none(world.propose(bio="contact"), CreditChange)
    assert none(world.apply(bio="contact"), CreditChange)


def test_what_is_entered_for_good_does_not_expire():
    rules = tuple(replace(rule, points_days=None) for rule in RULES)
    world = World(Policy(make_pack(rules=rules)))
    assert one(world.propose(bio="contact"), CreditChange).expires_at is None
    assert world.wait(days=3650) == []
