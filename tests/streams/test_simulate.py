"""Simulated traffic: repeatable, quick, and like a platform's."""

from __future__ import annotations

import time
from collections import Counter
from itertools import islice, pairwise
from statistics import mean
from typing import Any

import pytest

from processors import engine
from schemas.codec import decode, encode
from schemas.records import (
    AccountChange,
    ChangeKind,
    Decision,
    Escalation,
    EscalationKind,
    Phase,
    Verdict,
)
from streams.packs import load_policy
from streams.settings import Settings
from streams.simulate import PERSONAS, Simulated, Simulation

START = 1_760_000_000_000
OFFENDERS = {persona.name for persona in PERSONAS if persona.offends}


@pytest.fixture(scope="module")
def simulation() -> tuple[list[Simulated], dict[str, str]]:
    made = Simulation(accounts=1_000, start=START, step_ms=1_000)
    return list(made.events(20_000)), made.personas()


@pytest.fixture(scope="module")
def outputs(simulation: tuple[list[Simulated], dict[str, str]]) -> list[Any]:
    """What the shipped pack makes of the simulation."""
    policy, states, outputs = load_policy(Settings()), dict[bytes, bytes | None](), list[Any]()
    events = iter(enumerate(simulation[0]))
    while batch := list(islice(events, 500)):
        inputs = [
            engine.Input(topic, 0, offset, record.occurred_at, record)
            for offset, (topic, record) in batch
        ]
        outcome = engine.run(inputs, states.get, policy, alone=True)
        assert not outcome.rejected
        states.update(outcome.states)
        outputs += outcome.outputs
    return outputs


def changes(events: list[Simulated]) -> list[AccountChange]:
    return [record for topic, record in events if topic == "account.changes"]


def test_the_same_seed_gives_the_same_traffic() -> None:
    assert list(Simulation(seed=7).events(500)) == list(Simulation(seed=7).events(500))
    assert list(Simulation(seed=7).events(500)) != list(Simulation(seed=8).events(500))


def test_traffic_goes_on_where_it_stopped() -> None:
    in_two = Simulation(seed=7, duplicates=0)
    assert [*in_two.events(200), *in_two.events(300)] == list(
        Simulation(seed=7, duplicates=0).events(500)
    )


def test_time_begins_and_moves_as_told() -> None:
    events = list(Simulation(start=START, step_ms=250, duplicates=0).events(5))
    assert [e.record.occurred_at for e in events] == [START + 250 * n for n in range(5)]


def test_a_prefix_keeps_two_runs_apart() -> None:
    first, second = (
        {r.account_id for _, r in Simulation(prefix=p).events(300)} for p in ("x.", "y.")
    )
    assert not first & second


def test_the_duplicates_have_the_asked_share_and_follow_at_once() -> None:
    events = list(Simulation(duplicates=0.1).events(10_000))
    repeated = [a == b for a, b in pairwise(events)]
    assert 0.08 < mean(repeated) < 0.12
    assert len({e.record.event_id for e in events}) == len(events) - sum(repeated)


def test_no_more_accounts_are_made_than_asked_for() -> None:
    simulation = Simulation(accounts=50)
    events = list(simulation.events(3_000))
    assert len(simulation.personas()) == 50
    registered = [c for c in changes(events) if c.kind is ChangeKind.REGISTRATION]
    assert len({c.account_id for c in registered}) == 50


def test_a_simulation_without_accounts_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one account"):
        Simulation(accounts=0)


def test_every_record_survives_the_codec(
    simulation: tuple[list[Simulated], dict[str, str]],
) -> None:
    for _, record in simulation[0][:5_000]:
        assert decode(type(record), encode(record)) == record


def test_a_few_percent_are_offenders(simulation: tuple[list[Simulated], dict[str, str]]) -> None:
    events, personas = simulation
    counts = Counter(personas.values())
    assert set(counts) == {persona.name for persona in PERSONAS}
    assert 0.02 < sum(counts[name] for name in OFFENDERS) / len(personas) < 0.08
    assert {topic for topic, _ in events} == {
        "account.changes",
        "account.verifications",
        "account.complaints",
        "account.appeals",
        "account.rulings",
    }


def test_without_offenders_nobody_offends() -> None:
    simulation = Simulation(offenders=0.0)
    list(simulation.events(3_000))
    assert not OFFENDERS & set(simulation.personas().values())


def test_texts_have_the_lengths_and_languages_of_a_platform(
    simulation: tuple[list[Simulated], dict[str, str]],
) -> None:
    made = changes(simulation[0])
    assert 4 < mean(len(c.name) for c in made if c.name) < 8
    assert 28 < mean(len(c.bio) for c in made if c.bio) < 42
    languages = Counter(c.language for c in made if c.language)
    assert 0.85 < languages["zh"] / languages.total() < 0.95
    assert len(languages) > 4
    applied = [c.phase is Phase.APPLIED for c in made if c.kind is ChangeKind.EDIT]
    assert 0.2 < mean(applied) < 0.4


def test_honest_people_are_let_through(
    simulation: tuple[list[Simulated], dict[str, str]], outputs: list[Any]
) -> None:
    personas = simulation[1]
    honest = [
        output.decision is Decision.ALLOW
        for output in outputs
        if isinstance(output, Verdict) and personas[output.account_id] == "honest"
    ]
    assert len(honest) > 10_000
    assert mean(honest) > 0.99


def test_the_traffic_meets_every_decision_and_every_kind_of_work(outputs: list[Any]) -> None:
    decisions = {output.decision for output in outputs if isinstance(output, Verdict)}
    assert decisions == set(Decision)
    kinds = {output.kind for output in outputs if isinstance(output, Escalation)}
    assert kinds >= {
        EscalationKind.COMPLAINT,
        EscalationKind.HOLD,
        EscalationKind.STRICT_HOLD,
        EscalationKind.APPEAL,
    }


def test_appeals_find_the_measures_they_are_about(outputs: list[Any]) -> None:
    appeals = [
        output.reason
        for output in outputs
        if isinstance(output, Escalation) and output.kind is EscalationKind.APPEAL
    ]
    assert any(reason.startswith("Appeal against the measure") for reason in appeals)


def test_traffic_is_made_quicker_than_any_worker_takes_it() -> None:
    simulation = Simulation(accounts=5_000)
    began = time.process_time()
    assert sum(1 for _ in simulation.events(50_000)) == 50_000
    assert 50_000 / (time.process_time() - began) > 50_000
