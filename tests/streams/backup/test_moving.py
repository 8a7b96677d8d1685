"""Where states and records belong in other partitions; no broker."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors import sweeps
from processors.accounts import Account, backlog, brakes
from processors.accounts import encode as encode_account
from processors.keys import apply_claims, partition_of, token_key
from schemas.codec import Codec
from schemas.records import (
    KeyAsk,
    KeyClaim,
    KeyClaims,
    KeyFinding,
    KeyFindings,
    KeyKind,
    MeasureStep,
)
from streams.backup.digest import Digest, items_of
from streams.backup.files import Kept
from streams.backup.moving import Mover
from streams.errors import ConfigurationError
from streams.partitioning import partition_of_key
from streams.reserved import CONTROL, POSITIONS, Controlled, decode_controlled, encode_controlled
from streams.settings import Settings
from streams.topics import CHANGELOG, topic_named
from tests.effort import effort

CODEC = Codec()
BEFORE = 4
ASKS = (KeyAsk.TAKE, KeyAsk.RELEASE, KeyAsk.BAR, KeyAsk.LIFT, KeyAsk.COUNT, KeyAsk.LOOK)


def mover(after: int) -> Mover:
    return Mover(Settings(partitions=after), BEFORE, "", CODEC)


def claim(account: str, token: str, ask: KeyAsk, at: int = 0, **more: object) -> KeyClaim:
    return KeyClaim(
        account_id=account,
        account_seq=1,
        event_id=f"e-{account}",
        policy=b"12345678",
        at=at,
        kind=KeyKind.DEVICE,
        key=token_key(KeyKind.DEVICE, token),
        ask=ask,
        strength=0,
        until=0,
        answer=True,
        **more,
    )


def moved(states: dict[int, dict[bytes, bytes]], after: int) -> dict[int, dict[bytes, bytes]]:
    """States by partition, in other partitions."""
    move, found = mover(after), defaultdict(dict)
    for partition, held in states.items():
        for key, value in held.items():
            for placed in move.place(CHANGELOG, Kept(partition, 0, 0, key, value)):
                assert placed.kept.key not in found[placed.partition]
                found[placed.partition][placed.kept.key] = placed.kept.value
    for partition, key, value in move.rest():
        found[partition][key] = value
    return found


def digest(states: dict[int, dict[bytes, bytes]]) -> tuple[int, str]:
    whole = Digest()
    for held in states.values():
        for key, value in held.items():
            whole.add(items_of(CHANGELOG, key, value, 0, CODEC))
    return whole.items, whole.hex


@effort(40)
@given(
    st.lists(
        st.tuples(st.text("ab1", min_size=1), st.integers(0, 99), st.sampled_from(ASKS)),
        max_size=60,
    ),
    st.integers(1, 9),
)
def test_no_key_and_no_count_is_lost_doubled_or_changed_in_any_number_of_partitions(asked, after):
    """And each lies where claims on it will go."""
    states = defaultdict(dict)
    for number, (account, token, ask) in enumerate(asked):
        one = claim(account, str(token), ask, at=number)
        held = states[partition_of(one.key, BEFORE)]
        apply_claims([one], held.get, held)
    states = {p: {k: v for k, v in held.items() if v is not None} for p, held in states.items()}
    found = moved(states, after)
    assert digest(found) == digest(states)
    for number, (account, token, _) in enumerate(asked):
        look = claim(account, str(token), KeyAsk.COUNT, at=1_000 + number)
        before = dict(states[partition_of(look.key, BEFORE)])
        now = dict(found[partition_of(look.key, after)])
        assert apply_claims([look], now.get, now) == apply_claims([look], before.get, before)


def test_accounts_go_where_their_producers_will_send_the_next_record():
    states = defaultdict(dict)
    for number in range(50):
        key = f"a{number}".encode()
        states[partition_of_key(key, BEFORE)][key] = encode_account(Account(seq=number))
    found = moved(states, 7)
    assert digest(found) == digest(states)
    assert all(partition_of_key(k, 7) == p for p, held in found.items() for k in held)


def test_an_account_that_another_partitioner_placed_stops_the_move_and_is_named():
    key = b"a1"
    wrong = (partition_of_key(key, BEFORE) + 1) % BEFORE
    with pytest.raises(ConfigurationError, match="account a1 lies in partition"):
        moved({wrong: {key: encode_account(Account())}}, 7)


def test_in_as_many_partitions_everything_stays_where_it_is():
    state = encode_account(Account())
    states = {p: {b"a%d" % p: state, brakes.KEY: b"x", backlog.KEY: b"y"} for p in range(BEFORE)}
    assert moved(states, BEFORE) == states


def test_claims_are_cut_by_their_keys_and_by_where_the_answer_goes():
    claims = tuple(claim(f"a{n}", f"t{n % 5}", KeyAsk.LOOK) for n in range(40))
    kept = Kept(0, 0, 0, None, CODEC.encode(KeyClaims(origin=2, claims=claims)))
    placed = list(mover(7).place(topic_named("name.claims"), kept))
    found = []
    for partition, part in placed:
        record = CODEC.decode(KeyClaims, part.value)
        for one in record.claims:
            assert partition == partition_of(one.key, 7)
            assert record.origin == partition_of_key(one.account_id.encode(), 7)
            found.append(one)
    assert sorted(found, key=lambda c: c.account_id) == sorted(claims, key=lambda c: c.account_id)
    for token in range(5):
        key = token_key(KeyKind.DEVICE, f"t{token}")
        by_record = [c.account_id for c in found if c.key == key]
        assert sorted(by_record) == sorted(c.account_id for c in claims if c.key == key)


def test_answers_go_to_the_partition_of_their_account():
    findings = tuple(
        KeyFinding(account_id=f"a{n}", event_id="e", at=1, kind=KeyKind.NAME, key=b"k")
        for n in range(20)
    )
    kept = Kept(0, 0, 0, None, CODEC.encode(KeyFindings(findings=findings)))
    count = 0
    for partition, part in mover(7).place(topic_named("account.findings"), kept):
        for one in CODEC.decode(KeyFindings, part.value).findings:
            assert partition == partition_of_key(one.account_id.encode(), 7)
            count += 1
    assert count == 20


def test_a_dead_letter_names_the_topic_and_partition_to_which_it_would_be_sent_again():
    settings = Settings(partitions=7, topic_prefix="new.")
    move = Mover(settings, BEFORE, "old.", CODEC)
    headers = (
        ("zhengming-topic", b"old.account.changes"),
        ("zhengming-partition", b"3"),
        ("mine", b"kept"),
    )
    (placed,) = move.place(topic_named("dead.letters"), Kept(3, 0, 0, b"a1", b"?", headers))
    told = dict(placed.kept.headers)
    assert told["zhengming-topic"] == b"new.account.changes"
    assert int(told["zhengming-partition"]) == placed.partition == partition_of_key(b"a1", 7)
    assert told["mine"] == b"kept"


def test_no_partition_goes_back_to_an_older_control():
    states = {
        0: {CONTROL: encode_controlled(Controlled({"platform.policies": 1}, {"t": 9}))},
        1: {CONTROL: encode_controlled(Controlled({"platform.policies": 3})), POSITIONS: b"{}"},
    }
    move = mover(3)
    for offset in (0, 2, 5):  # two of them had gaps before: here they have none
        list(move.place(topic_named("platform.policies"), Kept(0, offset, 0, b"k", b"v")))
    for partition, held in states.items():
        for key, value in held.items():
            assert list(move.place(CHANGELOG, Kept(partition, 0, 0, key, value))) == []
    rest = list(move.rest())
    assert [(p, k) for p, k, _ in rest] == [(p, CONTROL) for p in range(3)]
    assert {decode_controlled(v).revision["platform.policies"] for _, _, v in rest} == {2}


def test_brakes_err_on_the_side_of_caution():
    one = brakes.Counters(
        5,
        [brakes.Watch("r", 1, changes=60, hits=3)],
        {MeasureStep.CORRECT: {7: 30, 8: 1}},
    )
    two = brakes.Counters(
        9,
        [brakes.Watch("r", 1, changes=50, hits=9, braked=8, told=("a", "e")), brakes.Watch("s", 2)],
        {MeasureStep.CORRECT: {8: 4}, MeasureStep.SUSPEND: {8: 2}},
    )
    gathered = brakes.gather([one, two])
    assert gathered.latest == 9
    assert gathered.watches == [
        brakes.Watch("r", 1, changes=110, hits=12, braked=8, told=("a", "e")),
        brakes.Watch("s", 2),
    ]
    assert gathered.quotas == {
        MeasureStep.CORRECT: {7: 30, 8: 4},
        MeasureStep.SUSPEND: {8: 2},
    }


def test_a_sweep_goes_on_where_it_has_come_least_far_and_leaves_nobody_out():
    far = sweeps.Progress("s2", b"m", 10, 2, 20, began=5, finished=["s0", "s1"], since=3)
    near = sweeps.Progress("s2", b"c", 4, 0, 20, began=6, finished=["s1"], since=2)
    over = sweeps.Progress("s2", b"z", 20, 1, 20, began=5, ended=9, finished=["s1"], since=3)
    gathered = sweeps.gather([far, near, over])
    assert (gathered.sweep, gathered.cursor, gathered.ended) == ("s2", b"c", 0)
    assert (gathered.finished, gathered.since) == (["s1"], 2)
    assert sweeps.gather([over, over]).ended == 9
    late = sweeps.Progress("s1", b"q", began=1, ended=4)
    gathered = sweeps.gather([far, late])
    assert (gathered.sweep, gathered.cursor, gathered.finished) == ("s2", b"", ["s1"])
    assert sweeps.gather([far, sweeps.Progress()]).cursor == b""
