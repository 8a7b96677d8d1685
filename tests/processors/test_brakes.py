"""Two brakes on automatic disposal: rules that are new and hit too much, and quotas."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Any

import pytest

from processors import engine
from processors.accounts.brakes import decode_counters
from processors.policy import BrakeTerms, Policy
from schemas.records import (
    AccountChange,
    ChangeKind,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationKind,
    EscalationStatus,
    MeasureStep,
    Phase,
    RuleMode,
    RuleOutcome,
    RulingAction,
    Verdict,
)
from tests.processors.accounts.world import (
    DAY,
    HOUR,
    RULES,
    SECOND,
    START,
    World,
    make_pack,
    of,
    one,
    rule,
)

SHARE = BrakeTerms(share=0.05, least_changes=100)


def policy_of(brakes: BrakeTerms, *, since: int = 0) -> Policy:
    rules = tuple(
        rule("advert", Decision.REFUSE, since=since) if r.id == "advert" else r for r in RULES
    )
    return Policy(make_pack(rules=rules, brakes=brakes))


class Partition:
    """Many accounts of one partition; each change is a second after the last."""

    def __init__(self, policy: Policy, at_once: int = 1) -> None:
        self.policy = policy
        self.states: dict[bytes, bytes | None] = {}
        self.outputs: list[Any] = []
        self._at_once = at_once
        self._number = 0

    def send(self, *bios: str, start: int = START, phase: Phase = Phase.APPLIED) -> list[Any]:
        """One change each of as many accounts, live unless ``phase`` says otherwise."""
        inputs = []
        for number, bio in enumerate(bios):
            self._number += 1
            at, name = start + number * SECOND, f"{self._number}"
            change = AccountChange(
                event_id=f"e{name}",
                account_id=f"a{name}",
                occurred_at=at,
                kind=ChangeKind.EDIT,
                phase=phase,
                bio=bio,
            )
            inputs.append(engine.Input("account.changes", 0, self._number, at, change))
        before = len(self.outputs)
        remaining = iter(inputs)
        while some := list(islice(remaining, self._at_once)):
            outcome = engine.run(some, self.states.get, self.policy)
            self.states |= outcome.states
            self.outputs += outcome.outputs
        return self.outputs[before:]


def begun(outputs: list[Any]) -> list[str]:
    return [d.account_id for d in of(outputs, Disposal) if d.action is DisposalAction.BEGIN]


def mixed(hits: int, changes: int) -> list[str]:
    """Changes of which so many, spread evenly, hit the rule ``advert``."""
    step = changes // hits
    return ["plain" if (n + 1) % step else "advert" for n in range(changes)]


QUOTA = policy_of(BrakeTerms(quotas={MeasureStep.CORRECT: 10}))


@pytest.mark.parametrize("at_once", [1, 7, 20])
def test_of_twice_the_quota_exactly_the_quota_begins_and_the_rest_waits_for_a_person(at_once: int):
    outputs = Partition(QUOTA, at_once).send(*["contact"] * 20)
    assert begun(outputs) == [f"a{n}" for n in range(1, 11)]
    waiting = [e for e in of(outputs, Escalation) if e.status is EscalationStatus.OPENED]
    assert [e.account_id for e in waiting] == [f"a{n}" for n in range(11, 21)]
    assert {e.rule_ids for e in waiting} == {("contact",)}
    assert {v.decision for v in of(outputs, Verdict)} == {Decision.REFUSE}


def test_a_quota_counts_its_own_step_and_is_full_again_in_the_next_window():
    partition = Partition(QUOTA)
    partition.send(*["contact"] * 12)
    assert len(begun(partition.send(*["casino"] * 12))) == 12
    assert len(begun(partition.send(*["contact"] * 12, start=START + DAY))) == 10


def test_a_window_that_is_forgotten_begins_nothing_by_itself():
    partition = Partition(QUOTA)
    partition.send("contact", start=START + 9 * DAY)
    assert begun(partition.send("contact")) == []


def test_a_person_can_order_what_the_quota_has_held():
    world = World(policy_of(BrakeTerms(quotas={MeasureStep.CORRECT: 0})))
    held = one(world.apply("e", bio="contact"), Escalation)
    assert held.kind is EscalationKind.HOLD
    assert world.live() == []
    world.rule(RulingAction.REJECT_CHANGE, "e")
    assert world.live() == [MeasureStep.CORRECT]


def test_a_step_up_beyond_the_quota_waits_and_a_person_is_told_once():
    world = World(policy_of(BrakeTerms(quotas={MeasureStep.SUSPEND: 0}, quota_hours=24)))
    measure = one(world.apply(bio="contact"), Disposal)
    world.wait(days=5)
    later = world.wait(days=2.5)
    told = one(later, Escalation)
    assert (told.kind, told.subject_id) == (EscalationKind.BRAKE, measure.measure_id)
    moved = one(later, Disposal)
    assert moved.action is DisposalAction.EXTEND
    assert moved.deadline == measure.deadline + DAY
    assert world.live() == [MeasureStep.CORRECT]
    assert of(world.wait(days=1), Escalation) == []
    world.policy = Policy(make_pack())
    world.wait(days=1)
    assert world.live() == [MeasureStep.SUSPEND]


def test_a_correction_proposed_in_the_time_that_a_quota_gave_is_waited_for():
    world = World(policy_of(BrakeTerms(quotas={MeasureStep.SUSPEND: 0}, quota_hours=24)))
    world.apply(bio="contact")
    world.wait(days=7.5)
    waits_until = one(world.propose("fix", bio="ministry"), Verdict).due_at
    world.policy = Policy(make_pack())
    assert one(world.wait(days=1), Disposal).deadline == waits_until
    world.rule(RulingAction.APPROVE_CHANGE, "fix")
    assert world.live() == []


@pytest.mark.parametrize("at_once", [1, 13, 400])
def test_a_new_rule_that_hits_too_much_loses_its_power_keeps_logging_and_is_told_of_once(
    at_once: int,
):
    partition = Partition(policy_of(SHARE, since=START - HOUR), at_once)
    outputs = partition.send(*mixed(40, 400), phase=Phase.PROPOSED)
    verdicts = [v for v in of(outputs, Verdict) if v.findings]
    assert len(verdicts) == 40
    assert Counter(v.decision for v in verdicts) == {Decision.REFUSE: 10, Decision.ALLOW: 30}
    braked = verdicts[10:]
    assert {(f.mode, f.outcome) for v in braked for f in v.findings} == {
        (RuleMode.SHADOW, RuleOutcome.SNOOZED)
    }
    assert {v.shadow_decision for v in braked} == {Decision.REFUSE}
    told = one(outputs, Escalation)
    assert (told.kind, told.subject_id, told.rule_ids) == (
        EscalationKind.BRAKE,
        "advert",
        ("advert",),
    )
    state = partition.states[engine.BRAKES]
    assert state is not None
    (watch,) = decode_counters(state).watches
    assert (watch.changes, watch.hits) == (400, 40)


def test_a_braked_rule_begins_no_measure_whatever_leads_to_it():
    partition = Partition(policy_of(SHARE, since=START - HOUR))
    partition.send(*mixed(20, 100))
    assert begun(partition.send("advert", start=START + HOUR)) == []


def test_a_new_rule_that_hits_little_keeps_its_power():
    outputs = Partition(policy_of(SHARE, since=START - HOUR)).send(*mixed(20, 400))
    assert len(begun(outputs)) == 20
    assert not [e for e in of(outputs, Escalation) if e.kind is EscalationKind.BRAKE]


def test_a_rule_that_is_new_no_more_is_not_braked():
    for since in (0, START - 25 * HOUR):
        outputs = Partition(policy_of(SHARE, since=since)).send(*mixed(40, 400))
        assert len(begun(outputs)) == 40


def test_a_rule_is_not_braked_by_few_changes():
    assert len(begun(Partition(policy_of(SHARE, since=START)).send(*["advert"] * 99))) == 99


def test_a_rule_that_comes_into_force_anew_has_its_power_again():
    partition = Partition(policy_of(SHARE, since=START - HOUR))
    partition.send(*mixed(40, 400))
    partition.policy = policy_of(SHARE, since=START - 30 * HOUR)
    assert len(begun(partition.send("advert", start=START + HOUR))) == 1


def test_what_happened_before_a_rule_was_braked_is_judged_as_it_was_then():
    partition = Partition(policy_of(SHARE, since=START - HOUR))
    partition.send(*mixed(40, 400))
    assert len(begun(partition.send("advert", start=START))) == 1


def test_a_pack_without_dated_rules_and_quotas_keeps_no_counters():
    partition = Partition(policy_of(SHARE))
    partition.send("advert")
    assert engine.BRAKES not in partition.states
