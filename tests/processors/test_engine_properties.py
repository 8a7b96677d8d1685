"""What holds for every history, however it is batched, repeated, delayed or poisoned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from processors import engine
from processors.accounts import decode
from processors.policy import Hit, Judgement, Policy, SubjectView
from schemas.codec import Codec
from schemas.records import AccountChange, ChangeKind, Disposal, Field
from tests.processors.accounts.world import DAY, POLICY, START, make_pack
from tests.processors.books import Books
from tests.processors.histories import PRIVATE, plans, realise

States = dict[bytes, bytes | None]
CODEC = Codec()

quick = settings(max_examples=150, deadline=None)


def run_all(inputs: Sequence[engine.Input], policy: Policy = POLICY) -> tuple[States, list[Any]]:
    """Every input in a call of its own."""
    states: States = {}
    outputs: list[Any] = []
    for item in inputs:
        outcome = engine.run([item], states.get, policy)
        assert not outcome.rejected
        states.update(outcome.states)
        outputs += outcome.outputs
    return states, outputs


def by_account(outputs: Sequence[Any]) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = defaultdict(list)
    for output in outputs:
        grouped[output.account_id].append(output)
    return grouped


@quick
@given(plans, st.lists(st.integers(1, 9), max_size=25))
def test_any_split_into_batches_gives_the_same_outcome(plan: list[Any], sizes: list[int]):
    inputs = realise(plan)
    states: States = {}
    outputs: list[Any] = []
    rest = inputs
    for size in [*sizes, len(inputs)]:
        batch, rest = rest[:size], rest[size:]
        outcome = engine.run(batch, states.get, POLICY)
        states.update(outcome.states)
        outputs += outcome.outputs
    assert (states, outputs) == run_all(inputs)


@pytest.mark.invariant("INV-09")
@pytest.mark.invariant("INV-15")
@quick
@given(plans)
def test_the_books_of_every_account_are_right_at_every_moment(plan: list[Any]):
    states: States = {}
    books: dict[str, Books] = defaultdict(lambda: Books(POLICY.pack))
    for item in realise(plan):
        outcome = engine.run([item], states.get, POLICY)
        states.update(outcome.states)
        account_id = item.record.account_id
        books[account_id].add(outcome.outputs)
        state = states[account_id.encode()]
        assert state is not None
        books[account_id].check(decode(state))


@pytest.mark.invariant("INV-09")
@quick
@given(plans, st.data())
def test_a_repeated_event_changes_nothing(plan: list[Any], data: st.DataObject):
    inputs = realise(plan)
    states: States = {}
    outputs: list[Any] = []
    repeated = 0
    for number, item in enumerate(inputs):
        batch = [item]
        if data.draw(st.booleans()):
            batch.append(inputs[data.draw(st.integers(max(0, number - 10), number))])
        outcome = engine.run(batch, states.get, POLICY)
        assert outcome.duplicates == len(batch) - 1
        repeated += outcome.duplicates
        states.update(outcome.states)
        outputs += outcome.outputs
    assert (states, outputs) == run_all(inputs)


@quick
@given(plans, st.data())
def test_deadlines_fire_the_same_lazily_and_by_the_clock(plan: list[Any], data: st.DataObject):
    inputs = realise(plan)
    end = (inputs[-1].timestamp if inputs else START) + 500 * DAY
    lazy_states, lazy = run_all(inputs)
    outcome = engine.run_due(list(lazy_states), lazy_states.get, POLICY, end)
    lazy_states.update(outcome.states)
    lazy += outcome.outputs

    states: States = {}
    outputs: list[Any] = []
    times = [item.timestamp for item in inputs] + [end]
    for item, until in zip(inputs, times[1:], strict=True):
        outcome = engine.run([item], states.get, POLICY)
        states.update(outcome.states)
        outputs += outcome.outputs
        for upto in sorted(data.draw(st.lists(st.integers(item.timestamp, until), max_size=3))):
            outcome = engine.run_due(list(states), states.get, POLICY, upto)
            states.update(outcome.states)
            outputs += outcome.outputs
    outcome = engine.run_due(list(states), states.get, POLICY, end)
    states.update(outcome.states)
    outputs += outcome.outputs
    assert states == lazy_states
    assert by_account(outputs) == by_account(lazy)
    assert all(not 0 < engine.next_due(state) <= end for state in states.values() if state)


class Poisoned(Policy):
    """Raises on a text that holds a marker: when scanning or when judging."""

    def scan(self, texts: Sequence[str]) -> list[tuple[Hit, ...]]:
        if any("poison-scan" in text for text in texts):
            raise RuntimeError("poison")
        return super().scan(texts)

    def judge(
        self,
        subject: SubjectView,
        changed: Mapping[Field, str],
        hits: Mapping[str, tuple[Hit, ...]],
        braked: Set[str] = frozenset(),
        images: Mapping[Field, str] | None = None,
    ) -> Judgement:
        if any("poison-judge" in text for text in changed.values()):
            raise RuntimeError("poison")
        return super().judge(subject, changed, hits, braked, images or {})


POISONED = Poisoned(make_pack())


@quick
@given(plans, st.lists(st.tuples(st.integers(0, 25), st.sampled_from(["scan", "judge"]))))
def test_a_poisoned_record_leaves_its_neighbours_as_without_it(
    plan: list[Any], places: list[tuple[int, str]]
):
    """The shell's way: the whole batch, and when it raises, record by record on an overlay."""
    inputs = realise(plan)
    batch = list(inputs)
    for number, (place, kind) in enumerate(places):
        poison = AccountChange(
            event_id=f"poison{number}",
            account_id="a",
            occurred_at=START,
            kind=ChangeKind.EDIT,
            name=f"poison-{kind}",
        )
        at = batch[min(place, len(batch) - 1)].timestamp if batch else START
        batch.insert(place, engine.Input("account.changes", 0, 1000 + number, at, poison))
    states: States = {}
    outputs: list[Any] = []
    survivors = batch
    try:
        outcome = engine.run(batch, states.get, POISONED)
        states.update(outcome.states)
        outputs += outcome.outputs
    except RuntimeError:
        survivors = []
        for item in batch:
            try:
                outcome = engine.run([item], states.get, POISONED)
            except RuntimeError:
                continue
            survivors.append(item)
            states.update(outcome.states)
            outputs += outcome.outputs
    assert {item.offset for item in inputs} <= {item.offset for item in survivors}
    assert not any("scan" in (getattr(i.record, "name", "") or "") for i in survivors)
    assert (states, outputs) == run_all(survivors, POISONED)


@pytest.mark.invariant("INV-11")
@quick
@given(plans)
def test_replaying_gives_the_same_bytes(plan: list[Any]):
    inputs = realise(plan)
    first_states, first = run_all(inputs)
    second_states, second = run_all(inputs, Policy(make_pack()))
    assert first_states == second_states
    assert [CODEC.encode(o) for o in first] == [CODEC.encode(o) for o in second]


@pytest.mark.invariant("INV-12")
@quick
@given(plans)
def test_no_value_of_an_account_is_in_any_output_but_the_one_offered_back(plan: list[Any]):
    states, outputs = run_all(realise(plan))
    outcome = engine.run_due(list(states), states.get, POLICY, START + 900 * DAY)
    for output in [*outputs, *outcome.outputs]:
        offered = type(output) is Disposal and output.rollback_value
        told = replace(output, rollback_value=None) if offered else output
        assert PRIVATE.encode() not in CODEC.encode(told), told


@pytest.mark.invariant("INV-01")
@quick
@given(plans)
def test_a_proposed_value_is_never_current_before_it_is_allowed(plan: list[Any]):
    states: States = {}
    allowed: dict[str, set[tuple[Field, str]]] = defaultdict(set)
    proposed: dict[str, list[tuple[Field, str]]] = {}
    for item in realise(plan):
        record = item.record
        account_id = record.account_id
        outcome = engine.run([item], states.get, POLICY)
        states.update(outcome.states)
        if type(record) is AccountChange:
            values = [(f, getattr(record, f.value.lower())) for f in Field]
            proposed[record.event_id] = [(f, v) for f, v in values if v is not None]
            if record.phase == "APPLIED":
                allowed[account_id].update(proposed[record.event_id])
        for output in outcome.outputs:
            if getattr(output, "decision", "").startswith("ALLOW"):
                allowed[account_id].update(proposed[output.event_id])
        state = states[account_id.encode()]
        assert state is not None
        account = decode(state)
        for field in Field:
            value = account.value(field)
            assert not value or (field, value) in allowed[account_id]
