"""The overlay, the deadline index and the merge of topics, each by its promise."""

import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.accounts.state import PAUSED, UNANSWERED
from streams.errors import MessageTooLarge
from streams.gaps import merge_by_time
from streams.store import MemoryStore
from streams.work import Deadlines, Message, Overlay, Work

KEYS = st.sampled_from([b"a", b"b", b"c"])
STATES = st.dictionaries(KEYS, st.none() | st.binary(max_size=3), max_size=3)


def work(states, messages=()):
    return Work(states, list(messages), {})


@given(STATES, st.lists(STATES, max_size=6))
def test_the_overlay_reads_as_if_its_changes_were_written(committed, changes):
    store, expected = MemoryStore(), MemoryStore()
    store.write(committed, 1)
    expected.write(committed, 1)
    overlay = Overlay(store, 100)
    for change in changes:
        overlay.apply(work(change))
        expected.write(change, 2)
    for key in (b"a", b"b", b"c"):
        assert overlay.read(key) == expected.get(key)
    store.write(overlay.states, 2)
    assert dict(store.items()) == dict(expected.items())


@given(st.lists(st.tuples(STATES, st.booleans()), max_size=8))
def test_an_outcome_that_does_not_fit_leaves_nothing_behind(outcomes):
    overlay, without = Overlay(MemoryStore(), 10), Overlay(MemoryStore(), 10)
    for states, poison in outcomes:
        messages = [Message("t", b"k", b"v")] + [Message("t", b"k", b"x" * 11)] * poison
        if poison:
            with pytest.raises(MessageTooLarge):
                overlay.apply(work(states, messages))
        else:
            overlay.apply(work(states, messages))
            without.apply(work(states, messages))
    assert overlay.states == without.states
    assert overlay.messages == without.messages


def due(state):
    return int.from_bytes(state, "big")


def as_state(at):
    return at.to_bytes(8, "big")


@given(
    st.lists(st.tuples(KEYS, st.integers(0, 50) | st.none(), st.booleans()), max_size=30),
    st.integers(0, 60),
    st.integers(0, 3),
)
def test_exactly_the_keys_whose_state_is_due_are_taken(history, upto, spare):
    index, states = Deadlines(due, spare), {}
    for key, at, fails in history:
        states[key] = None if at is None else as_state(at)
        index.learn([(key, states[key])])
        if fails:
            index.put_back(index.pop_due(upto, states.get, limit=2), states.get)
    expected = {key for key, state in states.items() if state and 0 < due(state) <= upto}
    assert set(index.pop_due(upto, states.get, limit=100)) == expected


def test_accounts_that_change_all_the_time_leave_no_more_entries_than_there_are_accounts():
    index = Deadlines(due, spare=8)
    for number in range(1_000):
        index.learn([(b"same", as_state(7)), (b"later", as_state(10 + number))])
        assert len(index) <= 2 * 2 + 8
    index.learn([(b"later", None), (b"same", as_state(0))])
    assert index.pop_due(10**6, {b"same": as_state(0)}.get, limit=100) == []


def test_keys_of_a_failed_transaction_are_taken_again():
    index, states = Deadlines(due), {b"a": as_state(5)}
    index.learn(states.items())
    taken = index.pop_due(9, states.get, limit=100)
    assert index.pop_due(9, states.get, limit=100) == []
    index.put_back(taken, states.get)
    assert index.pop_due(9, states.get, limit=100) == [b"a"]


def test_the_limit_leaves_the_rest_for_the_next_transaction():
    index, states = Deadlines(due), {bytes([65 + n]): as_state(n + 1) for n in range(5)}
    index.learn(states.items())
    first = index.pop_due(99, states.get, limit=3)
    assert index.earliest() is not None
    assert sorted(first + index.pop_due(99, states.get, limit=3)) == sorted(states)


def test_internal_keys_have_no_deadlines():
    index = Deadlines(due)
    index.learn([(b"\0positions", as_state(1))])
    assert index.earliest() is None


def test_keys_that_wait_for_an_answer_are_known_until_it_is_there():
    index, states = Deadlines(due), {}

    def learn(key, waits):
        states[key] = bytes([waits]) + bytes(7)
        index.learn([(key, states[key])])

    for key, waits in ((b"a", UNANSWERED), (b"b", UNANSWERED | PAUSED), (b"c", PAUSED), (b"d", 0)):
        learn(key, waits)
    assert index.unanswered_since(0.0, states.get) == []
    assert index.unanswered_since(math.inf, states.get) == [b"a", b"b"]
    begun = index.unanswered[b"a"]
    index.wait_anew([b"a"], states.get)
    assert index.unanswered[b"a"] > begun
    learn(b"a", 0)
    learn(b"b", PAUSED)
    assert index.unanswered_since(math.inf, states.get) == []
    assert index.still_paused(states.get) == [b"b", b"c"]


@given(st.lists(st.lists(st.integers(0, 20), max_size=8), min_size=1, max_size=4))
def test_a_merge_keeps_every_topics_order_even_when_its_clock_steps_back(runs):
    records = [
        [SimpleNamespace(topic=t, offset=o, timestamp=ts) for o, ts in enumerate(run)]
        for t, run in enumerate(runs)
    ]
    merged = merge_by_time([list(r) for r in records])
    for topic, run in enumerate(records):
        assert [r for r in merged if r.topic == topic] == run


def test_topics_are_merged_by_time():
    one = [SimpleNamespace(topic="a", timestamp=1), SimpleNamespace(topic="a", timestamp=5)]
    two = [SimpleNamespace(topic="b", timestamp=3)]
    assert [r.timestamp for r in merge_by_time([one, two])] == [1, 3, 5]
