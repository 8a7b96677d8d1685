"""Over capacity, holds grow and automatic allowing does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from processors import engine
from processors.accounts import decode
from processors.accounts.backlog import count_again, read
from processors.control import guarded
from processors.policy import Policy, ReviewTerms
from processors.policy.model import Guard
from schemas.records import (
    ChangeKind,
    Decision,
    Escalation,
    EscalationKind,
    RuleMode,
    RulingAction,
    Verdict,
    VerificationKind,
)
from tests.processors.accounts.world import World, make_pack, none, of, one
from tests.processors.histories import plans, realise

ALLOWING = (Decision.ALLOW, Decision.ALLOW_LABELLED)


def limited(**terms: int) -> Policy:
    """The pack of these tests, with limits to what may wait."""
    return Policy(make_pack(review=ReviewTerms(**terms)))


def crowd(world: World, count: int) -> None:
    """Let so many changes wait for a person, each of another account."""
    for number in range(count):
        other = World(world.policy, registered=False)
        other.store, other.now = world.store, world.now
        record = replace(
            world.inputs[0].record,
            event_id=f"c{number}",
            account_id=f"crowd-{number}",
            kind=ChangeKind.EDIT,
            name="ministry",
        )
        other.give(record)
        world.log += other.log


def doubtful(world: World) -> Any:
    """A change in which a rule hits and is cleared by a proof."""
    return one(world.propose(name="doctor"), Verdict)


def proved(policy: Policy) -> World:
    world = World(policy)
    world.verify(VerificationKind.OCCUPATION, value="doctor")
    return world


@pytest.mark.obligation("CAC-14-1")
def test_over_capacity_what_a_rule_found_is_held_and_what_nothing_found_is_allowed():
    world = proved(limited(capacity_per_day=2, hold_hours=24))
    assert doubtful(world).decision is Decision.ALLOW_LABELLED
    world.propose(name="plain")
    crowd(world, 3)
    verdict = doubtful(world)
    assert verdict.decision is Decision.HOLD
    assert "CAC-14-1" in verdict.reason
    assert verdict.pack_hash != "f" * 64
    assert one(world.propose(bio="sunny"), Verdict).decision is Decision.ALLOW


def test_over_capacity_a_rule_on_trial_holds_nothing_either():
    world = proved(limited(capacity_per_day=2, hold_hours=24))
    crowd(world, 3)
    world.propose(name="plain")
    verdict = one(world.propose(bio="curious"), Verdict)
    assert [f.rule_id for f in verdict.findings] == ["curious"]
    assert verdict.decision is Decision.ALLOW
    assert verdict.shadow_decision is Decision.REFUSE


@pytest.mark.obligation("CAC-14-1")
def test_a_person_is_told_once_and_it_ends_when_there_is_room_again():
    world = proved(limited(capacity_per_day=2, hold_hours=24))
    crowd(world, 3)
    first = world.propose(bio="sunny")
    alert = one(first, Escalation)
    assert alert.kind is EscalationKind.CAPACITY
    assert none(world.propose(bio="sunnier"), Escalation)
    world.rule(RulingAction.APPROVE_CHANGE, "capacity")
    for number in range(3):
        other = World(world.policy, registered=False)
        other.store, other.now = world.store, world.now
        ruling = replace(world.inputs[-1].record, event_id="r", account_id=f"crowd-{number}")
        other.give(replace(ruling, subject_id=f"c{number}", action=RulingAction.REJECT_CHANGE))
    assert doubtful(world).decision is Decision.ALLOW_LABELLED


def test_what_waits_too_long_switches_it_on():
    world = proved(limited(oldest_hours=100, hold_hours=1_000))
    crowd(world, 1)
    assert doubtful(world).decision is Decision.ALLOW_LABELLED
    world.wait(days=6)
    world.propose(name="plain")
    assert doubtful(world).decision is Decision.HOLD


@pytest.mark.invariant("INV-16")
@pytest.mark.obligation("CAC-14-1")
@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.sampled_from(("crowd", "plain", "doctor", "shadow", "wait")), max_size=25),
    capacity=st.integers(1, 4),
)
def test_over_capacity_holds_grow_and_automatic_allowing_does_not(steps: list[str], capacity: int):
    ours_, free = (proved(limited(capacity_per_day=c, hold_hours=24)) for c in (capacity, 10**6))
    for number, step in enumerate(steps):
        before = read(ours_.store.get(engine.BACKLOG)).open
        told = []
        for world in (ours_, free):
            if step == "crowd":
                crowd(world, number % 3 + 1)
            elif step == "wait":
                world.wait(days=0.3)
            else:
                text = {"plain": "sunny", "doctor": "doctor", "shadow": "curious"}[step]
                told.append(one(of(world.propose(bio=f"{text} {number}"), Verdict)[-1:], Verdict))
        if told:
            ours, theirs = told
            assert not (ours.decision in ALLOWING and theirs.decision not in ALLOWING)
            if before > capacity:
                in_force = [f for f in ours.findings if f.mode is RuleMode.ENFORCE]
                assert not (ours.decision in ALLOWING and in_force)
            if ours.decision is not theirs.decision:
                assert ours.decision is Decision.HOLD
    assert read(ours_.store.get(engine.BACKLOG)).open >= 0


@pytest.mark.obligation("CAC-14-1")
def test_a_turn_under_the_guard_is_repeated_from_its_hash_alone():
    world = proved(limited(capacity_per_day=1, hold_hours=24))
    crowd(world, 2)
    before = dict(world.store)
    made = world.propose(name="doctor")
    policy = guarded(world.policy, Guard.BEGINS)
    assert {record.pack_hash for record in made} == {policy.pack.hash}
    states = {key: value for key, value in before.items() if key[:1] != b"\0"}
    again = engine.run([world.inputs[-1]], states.get, policy)
    assert again.outputs == made
    assert again.states.items() <= world.store.items()


def waits(world: World) -> int:
    """What waits for a person, as counted beside the accounts."""
    return read(world.store.get(engine.BACKLOG)).open


def test_a_complaint_shown_once_more_because_there_is_more_is_counted_once():
    world = World(limited(capacity_per_day=10, hold_hours=24))
    world.complain("t1")
    assert waits(world) == 1
    assert of(world.answer("n1", "t1"), Escalation), "the person is told that there is an answer"
    assert waits(world) == 1
    world.rule(RulingAction.DISMISS_COMPLAINT, "t1")
    assert waits(world) == 0


@settings(max_examples=60, deadline=None)
@given(plan=plans)
def test_the_count_is_what_the_states_say(plan: Any):
    policy = limited(capacity_per_day=3, hold_hours=24)
    states: dict[bytes, bytes | None] = {}
    for item in realise(plan):
        states.update(engine.run([item], states.get, policy).states)
        keys = [key for key in states if key[0]]
        states.update(engine.run_due(keys, states.get, policy, item.timestamp).states)
    accounts = [decode(state) for key, state in states.items() if key[0] and state is not None]
    assert read(states.get(engine.BACKLOG)).days == count_again(accounts, over=False).days
