"""All stores keep the same promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import TaskCorrupted
from streams.restore import rested_too_long
from streams.store import (
    CHANGELOG_TIME,
    WRITE_BUFFER_BYTES,
    WRITE_BUFFERS,
    MemoryStore,
    Packer,
    RocksStore,
    Store,
)
from tests.effort import effort

STORES = ("memory", "packed", "rocksdb")
MIB = 1 << 20


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    make = {
        "memory": MemoryStore,
        "packed": lambda: MemoryStore(recent=0),
        "rocksdb": lambda: RocksStore(tmp_path / "p0"),
    }
    store = make[request.param]()
    yield store
    store.close()


def test_what_was_written_can_be_read_with_the_offset_it_reaches(store):
    store.write({b"a": b"1", b"b": b"2"}, 7)
    assert (store.get(b"a"), store.get(b"b"), store.get(b"c")) == (b"1", b"2", None)
    assert store.changelog_offset == 7


def test_none_deletes(store):
    store.write({b"a": b"1"}, 1)
    store.write({b"a": None, b"never": None}, 3)
    assert store.get(b"a") is None
    assert dict(store.items()) == {}


def test_items_are_the_states_and_nothing_internal_of_the_store(store):
    store.write({b"a": b"1", b"\0positions": b"{}"}, 9)
    assert dict(store.items()) == {b"a": b"1", b"\0positions": b"{}"}


def test_a_directory_of_another_changelog_is_refused_and_one_that_names_none_is_taken(tmp_path):
    for changelog_id in ("", "one", "one", ""):  # what an earlier version left names none
        store = RocksStore(tmp_path / "p0", changelog_id)
        store.write({b"a": b"1"}, 5)
        assert dict(store.items()) == {b"a": b"1"}
        store.close()
    with pytest.raises(TaskCorrupted, match="remove the directory"):
        RocksStore(tmp_path / "p0", "another")
    store = RocksStore(tmp_path / "p0", "one")
    assert store.get(b"a") == b"1"
    store.close()


def test_a_store_that_is_cleared_is_as_a_new_one(store):
    store.write({b"a": b"1", b"b": b"1", b"\0positions": b"{}"}, 9, 1_000)
    store.clear()
    assert (store.changelog_offset, store.caught_up_at) == (0, 0)
    assert dict(store.items()) == {}
    assert store.walk(b"\0\xff", 9) == []
    store.write({b"b": b"2"}, 3, 2_000)
    assert dict(store.items()) == {b"b": b"2"}
    assert (store.get(b"a"), store.changelog_offset, store.caught_up_at) == (None, 3, 2_000)


def test_a_store_keeps_when_it_was_caught_up_until_it_is_told_anew(store):
    assert store.caught_up_at == 0
    store.write({b"a": b"1"}, 1, 1_000)
    store.write({b"a": b"2"}, 2)
    assert store.caught_up_at == 1_000
    store.write({}, 2, 2_000)
    assert store.caught_up_at == 2_000


def test_a_cleared_directory_stays_one_of_its_changelog_and_what_is_left_of_it_is_removed(tmp_path):
    store = RocksStore(tmp_path / "p0", "one")
    store.write({b"a": b"1"}, 5, 1_000)
    store.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["p0"]
    store.close()
    with pytest.raises(TaskCorrupted, match="remove the directory"):
        RocksStore(tmp_path / "p0", "another")
    (tmp_path / "p0").rename(tmp_path / "p0.outdated")  # it died before the old one was removed
    store = RocksStore(tmp_path / "p0", "one")
    assert dict(store.items()) == {}
    assert [path.name for path in tmp_path.iterdir()] == ["p0"]
    store.close()


HOUR = 3_600_000


@pytest.mark.parametrize(
    ("offset", "caught_up_at", "too_long"),
    [
        (0, 0, False),  # there is nothing in it
        (9, 100 * HOUR, False),
        (9, 88 * HOUR, False),
        (9, 88 * HOUR - 1, True),
        (9, 0, True),  # of an earlier version, which kept no time
        (9, 101 * HOUR, False),  # the clock was put right
        (9, 113 * HOUR, True),  # the clock says nothing
    ],
)
def test_a_store_may_rest_for_half_as_long_as_tombstones_are_kept(offset, caught_up_at, too_long):
    store = MemoryStore()
    store.write({b"a": b"1"} if offset else {}, offset, caught_up_at)
    assert rested_too_long(store, 100 * HOUR, 24 * HOUR) is too_long


def test_a_store_of_an_earlier_version_has_rested_too_long(tmp_path):
    store = RocksStore(tmp_path / "p0")
    store.write({b"a": b"1"}, 5, 100 * HOUR)
    store._db.delete(CHANGELOG_TIME)
    store.close()
    store = RocksStore(tmp_path / "p0")
    assert rested_too_long(store, 100 * HOUR, 24 * HOUR)
    store.close()


CHANGES = st.dictionaries(
    st.binary(min_size=1, max_size=3), st.none() | st.binary(max_size=5), max_size=5
)


@given(st.lists(CHANGES, max_size=8))
@effort(100)
def test_all_stores_hold_the_same_after_any_history(tmp_path_factory, history):
    memory, packed = MemoryStore(), MemoryStore(recent=2)
    rocks = RocksStore(tmp_path_factory.mktemp("rocks"))
    stores: list[Store] = [memory, packed, rocks]
    for offset, changes in enumerate(history, 1):
        for store in stores:
            store.write(changes, offset)
    expected = sorted(rocks.items())
    keys = [key for key, _ in expected]
    for store in stores:
        assert sorted(store.items()) == expected
        assert [store.get(key) for key in keys] == [state for _, state in expected]
        assert store.walk(b"\0\xff", 9) == [key for key in keys if key > b"\0\xff"][:9]
        assert store.changelog_offset == rocks.changelog_offset
    assert packed.size() == memory.size() == sum(key[0] != 0 for key in keys)
    rocks.close()


def test_idle_accounts_take_less_room_and_are_given_back_as_they_were():
    packer = Packer()
    stores = [MemoryStore(packer, recent=64) for _ in range(2)]
    states = {
        b"a%d" % n: b"subject INDIVIDUAL, place Beijing, number %d, agreement 2026-01, zh" % n
        for n in range(2_000)
    }
    for store in stores:
        store.write(states, 1)
        assert all(store.get(key) == state for key, state in states.items())
        idle = store._idle
        assert len(idle) == len(states) - 64
        assert sum(map(len, idle.values())) < sum(len(states[key]) for key in idle) / 2
        # An account that becomes busy lies there as it is, until it has been idle for as long.
        store.write({b"a0": b"new"}, 2)
        assert store._recent[b"a0"] == b"new"
        assert (store.get(b"a0"), dict(store.items())[b"a0"]) == (b"new", b"new")
        store.write(dict.fromkeys([b"b%d" % n for n in range(66)], b"x"), 3)
        assert b"a0" not in store._recent
        assert store.get(b"a0") == b"new"


def test_rocksdb_survives_the_process_with_state_and_offset_together(tmp_path):
    first = RocksStore(tmp_path / "p0")
    first.write({b"a": b"1"}, 42, 1_000)
    first.close()
    second = RocksStore(tmp_path / "p0")
    assert (second.get(b"a"), second.changelog_offset, second.caught_up_at) == (b"1", 42, 1_000)
    assert dict(second.items()) == {b"a": b"1"}
    second.close()


def test_a_walk_comes_to_every_account_in_order_while_states_change(store):
    keys = [f"k{n}".encode() for n in range(10, 30)]
    store.write(dict.fromkeys(keys, b"1") | {b"\0positions": b"{}"}, 1)
    seen, after = [], b"\0\xff"
    while found := store.walk(after, 3):
        seen += found
        after = found[-1]
        store.write({found[0]: b"2", b"\0sweep": after}, 2)
    assert seen == keys
    assert store.walk(after, 3) == []
    store.write({b"k0": b"new"}, 3)
    assert store.walk(b"\0\xff", 2) == [b"k0", b"k10"]


def test_a_walk_goes_on_where_it_was_after_a_restart(tmp_path):
    keys = [f"k{n}".encode() for n in range(10, 20)]
    for make in (MemoryStore, lambda: RocksStore(tmp_path / "p")):
        store = make()
        store.write(dict.fromkeys(keys, b"1"), 1)
        assert store.walk(keys[3], 100) == keys[4:]
        store.close()


def test_what_rocksdb_has_not_written_out_yet_stays_below_its_write_buffers(tmp_path):
    store = RocksStore(tmp_path / "p0")
    most = 0
    for number in range(80):
        store.write({b"%d" % number: b"x" * MIB}, number)
        most = max(most, store._db.property_int_value("rocksdb.cur-size-all-mem-tables") or 0)
    store.close()
    assert most <= WRITE_BUFFERS * WRITE_BUFFER_BYTES + 2 * MIB
