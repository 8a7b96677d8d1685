"""The credit ledger: what is entered, what it leads to, how it goes away."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from processors.accounts import score_of
from processors.accounts.ledger import MAX_ENTRIES
from processors.policy import BrakeTerms, CreditTerms, Level, NameTerms, Policy
from schemas.records import (
    CreditAction,
    CreditChange,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    Field,
    MeasureStep,
    RulingAction,
    Verdict,
    VerificationKind,
    VerificationResult,
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


# -- levels change the service --------------------------------------------------------------------


def low_policy(review: Decision = Decision.HOLD) -> Policy:
    """An account falls to the level LOW with its first entry, and stays served there."""
    levels = (Level("FULL", 700), Level("LOW", 0, review=review))
    return Policy(make_pack(credit=CreditTerms(base=700, levels=levels)))


def fallen(review: Decision = Decision.HOLD) -> World:
    world = World(low_policy(review))
    world.propose(bio="contact")
    return world


def test_at_a_low_level_what_would_be_allowed_waits_for_a_person():
    world = fallen()
    verdict = one(world.propose("e1", name="sunny"), Verdict)
    assert verdict.decision is Decision.HOLD
    assert verdict.reason == "The credit level LOW asks for a review of every change."
    assert world.value(Field.NAME) == "plain"
    world.rule(RulingAction.APPROVE_CHANGE, "e1")
    assert world.value(Field.NAME) == "sunny"


def test_a_level_may_ask_for_two_reviewers():
    world = fallen(Decision.STRICT_HOLD)
    assert one(world.propose("e1", name="sunny"), Verdict).decision is Decision.STRICT_HOLD
    world.rule(RulingAction.APPROVE_CHANGE, "e1", "ann")
    assert world.value(Field.NAME) == "plain"
    world.rule(RulingAction.APPROVE_CHANGE, "e1", "ben")
    assert world.value(Field.NAME) == "sunny"


def test_at_a_low_level_a_live_change_is_looked_at_and_may_be_found_in_breach():
    world = fallen()
    outputs = world.apply("e1", bio="sunny")
    assert one(outputs, Verdict).decision is Decision.HOLD
    assert one(outputs, Escalation).subject_id == "e1"
    assert world.value(Field.BIO) == "sunny"
    measure = one(world.rule(RulingAction.REJECT_CHANGE, "e1"), Disposal)
    assert (measure.step, measure.fields) == (MeasureStep.CORRECT, (Field.BIO,))


def test_no_proof_releases_what_the_level_holds():
    world = fallen()
    world.propose("e1", name="sunny")
    world.apply("e2", bio="clean")
    assert none(world.verify(VerificationKind.OCCUPATION, value="doctor"), Verdict)


def test_a_refusal_stays_a_refusal_and_nothing_new_is_nothing_to_review():
    world = fallen()
    assert one(world.propose(bio="contact"), Verdict).decision is Decision.REFUSE
    assert one(world.propose(name="plain"), Verdict).decision is Decision.ALLOW


def test_a_correction_is_not_held_back_by_the_level():
    world = World(low_policy())
    world.apply(bio="contact")
    outputs = world.propose(bio="clean")
    assert one(outputs, Verdict).decision is Decision.ALLOW
    assert one(outputs, Disposal).action is DisposalAction.LIFT


def test_the_level_serves_as_before_once_the_entry_has_expired():
    world = fallen()
    world.wait(days=90)
    assert one(world.propose(name="sunny"), Verdict).decision is Decision.ALLOW


def test_a_change_of_credit_says_what_the_level_means():
    world = World(low_policy())
    change = one(world.propose(bio="contact"), CreditChange)
    assert change.service == "Every change is reviewed (HOLD)."
    assert one(world.wait(days=90), CreditChange).service == ""


def test_the_measure_of_a_level_restricts_the_functions_of_the_level():
    levels = (
        Level("FULL", 700),
        Level("LOW", 100, MeasureStep.RESTRICT, ("post",)),
        Level("NONE", 0, MeasureStep.SUSPEND, ("log-in",)),
    )
    policy = Policy(make_pack(credit=CreditTerms(base=700, levels=levels)))
    world = World(policy)
    assert one(world.propose(bio="casino"), Disposal).functions == ("post",)
    world.propose(bio="fraud")
    lifted, begun = of(world.propose(bio="fraud"), Disposal)
    assert (lifted.functions, begun.functions) == (("post",), ("log-in",))


RESTRICTING = (
    Level("FULL", 600),
    Level("LOW", 300, MeasureStep.RESTRICT, ("post",)),
    Level("LOWEST", 0, MeasureStep.RESTRICT, ("post", "comment")),
)


def test_levels_of_the_same_step_restrict_each_its_own_functions():
    credit = CreditTerms(base=700, levels=RESTRICTING, repair_days=30, repair_points=150)
    world = World(Policy(make_pack(credit=credit)))
    low = one(world.propose(bio="fraud"), Disposal)
    lifted, lowest = of(world.propose(bio="casino"), Disposal)
    assert (low.functions, lifted.functions, lowest.functions) == (
        ("post",),
        ("post",),
        ("post", "comment"),
    )
    back, again = of(world.wait(days=30), Disposal)
    assert (back.measure_id, back.action) == (lowest.measure_id, DisposalAction.LIFT)
    assert (again.step, again.functions) == (MeasureStep.RESTRICT, ("post",))
    assert again.reason == "The credit level is now LOW."
    assert none(world.propose(bio="advert"), Disposal)


@pytest.mark.invariant("INV-09")
def test_two_levels_of_one_moment_have_measures_of_their_own():
    """Two breaches are found in it: one that a quota had held, one that a proof had covered."""
    falling = tuple(replace(r, points=-250) for r in RULES if r.id in ("contact", "doctor"))
    pack = make_pack(rules=falling, credit=CreditTerms(base=700, levels=RESTRICTING))
    world = World(Policy(replace(pack, brakes=BrakeTerms(quotas={MeasureStep.CORRECT: 0}))))
    world.verify(VerificationKind.OCCUPATION, value="doctor")
    world.apply(bio="doctor lee")
    world.apply(name="contact")
    world.policy = Policy(pack)
    outputs = world.verify(VerificationKind.OCCUPATION, VerificationResult.REVOKED, value="doctor")
    credit = [d for d in of(outputs, Disposal) if d.rule_id == "credit"]
    assert [(d.action, d.functions) for d in credit] == [
        (DisposalAction.BEGIN, ("post",)),
        (DisposalAction.LIFT, ("post",)),
        (DisposalAction.BEGIN, ("post", "comment")),
    ]
    assert len({d.disposal_id for d in credit}) == 3


def test_an_account_that_comes_back_is_on_one_level_whatever_is_found_then():
    world = World(Policy(make_pack(credit=CreditTerms(base=700, levels=RESTRICTING))))
    world.verify(VerificationKind.OCCUPATION, value="doctor", expires_at=world.now + DAY)
    world.propose(name="doctor lee")
    for bio in ("fraud", "contact 1", "contact 2", "contact 3"):
        world.propose(bio=bio)
    assert score(world) == 310
    closure = world.rule(RulingAction.IMPOSE_MEASURE, "x", step=MeasureStep.CLOSE)
    world.wait(days=2)  # its proof ends
    back = world.rule(RulingAction.LIFT_MEASURE, of(closure, Disposal)[-2].measure_id, "rev-2")
    begun = [d for d in of(back, Disposal) if d.action is DisposalAction.BEGIN]
    assert {(d.rule_id, d.functions) for d in begun} == {
        ("credit", ("post", "comment")),
        ("doctor", ()),
    }
    assert len(begun) == 2


def test_at_a_low_level_a_name_rests_longer_between_two_changes():
    levels = (Level("FULL", 700), Level("LOW", 0, rename_days=30))
    policy = make_pack(credit=CreditTerms(base=700, levels=levels), names=NameTerms(3))
    world = World(Policy(policy))
    world.propose(name="sunny")
    world.propose(bio="contact")
    world.wait(days=4)
    verdict = one(world.propose(name="rainy"), Verdict)
    assert verdict.decision is Decision.REFUSE
    assert verdict.reason == "The name was changed less than 30 days ago."
    world.wait(days=27)
    assert one(world.propose(name="rainy"), Verdict).decision is Decision.ALLOW


def test_where_no_rest_is_asked_for_a_record_that_comes_late_is_no_second_rename():
    world = World()
    world.propose(name="sunny")
    world.now -= 1_000
    assert one(world.propose(name="rainy"), Verdict).decision is Decision.ALLOW


# -- repair ---------------------------------------------------------------------------------------


def repairing(days: int = 30, points: int = 20) -> World:
    credit = replace(make_pack().credit, repair_days=days, repair_points=points)
    return World(Policy(make_pack(credit=credit)))


def test_clean_time_repairs_the_oldest_entry_step_by_step():
    world = repairing()
    entry = one(world.propose(bio="contact"), CreditChange)
    assert none(world.wait(days=29), CreditChange)
    first = one(world.wait(days=1), CreditChange)
    assert (first.action, first.entry_id) == (CreditAction.REPAIRED, entry.entry_id)
    assert (first.points, first.score, first.rule_id) == (-10, 690, "contact")
    assert first.reason == "30 days passed without a new entry."
    last = one(world.wait(days=30), CreditChange)
    assert (last.points, last.score) == (0, 700)
    assert world.account.ledger == []
    assert none(world.wait(days=90), CreditChange)


def test_a_new_entry_begins_clean_time_anew():
    world = repairing()
    world.propose(bio="contact")
    world.wait(days=20)
    world.propose(bio="contact again")
    assert none(world.wait(days=29), CreditChange)
    assert one(world.wait(days=1), CreditChange).action is CreditAction.REPAIRED


def test_repair_never_lifts_the_score_above_the_base():
    world = repairing(points=500)
    world.propose(bio="contact")
    world.wait(days=30)
    assert score(world) == 700


def test_a_level_is_left_by_repair_and_its_measure_with_it():
    world = repairing(points=300)
    world.propose(bio="fraud")
    world.propose(name="casino")
    assert world.live() == [MeasureStep.RESTRICT]
    outputs = world.wait(days=30)
    assert one(outputs, CreditChange).action is CreditAction.REPAIRED
    assert one(outputs, Disposal).action is DisposalAction.LIFT


def test_a_repaired_entry_that_is_overturned_gives_back_what_is_left_of_it():
    world = repairing()
    measure = one(world.apply(bio="casino"), Disposal)
    world.wait(days=30)
    world.appeal("a1", measure.measure_id)
    reversed_ = one(world.rule(RulingAction.UPHOLD_APPEAL, "a1"), CreditChange)
    assert (reversed_.action, reversed_.points, reversed_.score) == (
        CreditAction.REVERSED,
        -130,
        700,
    )


def restricted() -> World:
    """An account on the level D, which restricts it, with nothing left to correct."""
    world = World()
    world.apply(bio="casino")
    world.apply(name="casino")
    world.apply(signature="casino")
    world.apply(bio="", name="plain", signature="")
    world.wait(days=8)
    assert [measure.rule for measure in world.account.live_measures()] == ["credit"]
    return world


MILD = CreditTerms(700, (Level("A", 200), Level("D", 0, MeasureStep.RESTRICT)))


def test_a_restriction_of_a_level_that_the_pack_draws_no_more_does_not_stay_for_good():
    world = restricted()
    world.policy = Policy(make_pack(credit=MILD, hash="e" * 64))
    outputs = world.wait(days=90)
    assert of(outputs, CreditChange)[0].previous_level == of(outputs, CreditChange)[0].level == "A"
    assert [d.action for d in of(outputs, Disposal)] == [DisposalAction.LIFT]
    assert world.live() == []


def test_what_a_person_has_lifted_of_a_level_does_not_come_again_on_the_same_level():
    world = restricted()
    (measure,) = world.account.live_measures()
    world.rule(RulingAction.LIFT_MEASURE, measure.id)
    change = one(world.propose(bio="advert"), CreditChange)
    assert change.level == change.previous_level == "D"
    assert world.live() == []


def test_where_a_pack_repairs_no_more_nothing_is_said_to_be_repaired():
    terms = make_pack().credit
    world = World(Policy(make_pack(credit=replace(terms, repair_days=30, repair_points=10))))
    world.propose(bio="contact")
    world.policy = Policy(make_pack())
    assert none(world.wait(days=40), CreditChange)
    assert score(world) == 670
