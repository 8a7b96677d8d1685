"""Several packs on one event: one judgement, every finding, each by its own pack."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from processors.policy import Mode, PackError, Policy, compose
from schemas.records import (
    CreditChange,
    Decision,
    Disposal,
    MeasureStep,
    Notice,
    PackRef,
    RulingAction,
    Verdict,
)
from tests.processors.accounts.world import DAY, World, make_pack, of, one, rule

FIRST = make_pack()


def second(*rules, **changes):
    rules = tuple(replace(r, pack="other") for r in rules)
    return make_pack(id="other", version="9", hash="e" * 64, rules=rules, **changes)


def both(*rules, **changes):
    first = replace(FIRST, rules=tuple(replace(r, pack="test") for r in FIRST.rules))
    return World(Policy(compose([first, second(*rules, **changes)])))


def test_all_findings_are_reported_each_with_its_pack_and_the_most_severe_decides():
    world = both(rule("advert", Decision.HOLD, id="other.advert"))
    verdict = one(world.propose(bio="advert"), Verdict)
    assert verdict.decision is Decision.REFUSE
    assert [(f.rule_id, f.pack_id) for f in verdict.findings] == [
        ("advert", "test"),
        ("other.advert", "other"),
    ]
    assert (verdict.pack_id, verdict.pack_hash) == ("test", "f" * 64)
    assert verdict.other_packs == (PackRef(id="other", version="9", hash="e" * 64),)


def test_the_second_pack_decides_where_it_is_the_more_severe_one():
    world = both(rule("boast", Decision.REFUSE, id="other.boast", severity=4))
    assert one(world.propose(bio="boast"), Verdict).decision is Decision.REFUSE


def test_measure_notice_and_credit_carry_the_pack_of_their_rule_and_its_ladder():
    ladder = replace(FIRST.ladder, correct_days=20)
    hello = rule("curious", Decision.REFUSE, id="other.curious", severity=4)
    outputs = both(hello, ladder=ladder).apply(bio="curious")
    disposal = one(outputs, Disposal)
    assert (disposal.pack_id, disposal.pack_version, disposal.pack_hash) == ("other", "9", "e" * 64)
    assert disposal.step is MeasureStep.CORRECT
    assert disposal.deadline == disposal.at + 20 * DAY
    assert one(outputs, Notice).pack_id == "other"
    assert one(outputs, CreditChange).pack_hash == "e" * 64


def test_an_order_of_a_person_has_the_length_of_the_pack_of_its_rule():
    ladder = replace(FIRST.ladder, correct_days=20)
    world = both(rule("curious", Decision.HOLD, id="other.curious", severity=4), ladder=ladder)
    world.apply("e1", bio="curious")
    disposal = one(world.rule(RulingAction.REJECT_CHANGE, "e1"), Disposal)
    assert disposal.deadline == disposal.at + 20 * DAY


def test_of_two_packs_that_hit_a_value_only_the_most_severe_rule_is_charged():
    world = both(rule("contact", Decision.REFUSE, id="other.contact", severity=4, points=-90))
    (charge,) = of(world.apply(bio="contact"), CreditChange)
    assert (charge.rule_id, charge.points) == ("other.contact", -90)


def test_detectors_that_are_equal_are_searched_once():
    assert compose([FIRST, second()]).detectors == FIRST.detectors
    contact, advert = FIRST.detectors[:2]
    others = (replace(contact, name="x"), replace(contact, name=advert.name, places=("杭州",)))
    composed = compose([FIRST, second(rule("x", Decision.HOLD), detectors=others)])
    assert [d.name for d in composed.detectors[len(FIRST.detectors) :]] == ["other/advert"]
    assert composed.rules[-1].detector == "contact"


def test_rules_and_packs_of_one_name_are_not_put_together():
    clash = rule("contact", Decision.HOLD, mode=Mode.RETIRED)
    with pytest.raises(PackError, match="both have a rule 'contact'"):
        compose([FIRST, second(clash)])
    with pytest.raises(PackError, match="named twice"):
        compose([FIRST, FIRST])


def test_a_policy_is_known_by_the_hashes_of_all_its_packs():
    alone, together = Policy(FIRST), Policy(compose([FIRST, second()]))
    assert alone.hash == FIRST.hash
    turned = Policy(compose([second(), FIRST]))
    assert len({alone.hash, together.hash, turned.hash}) == 3
