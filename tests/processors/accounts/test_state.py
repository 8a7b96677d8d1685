"""The state of an account as bytes."""

from __future__ import annotations

import msgspec
import pytest

from processors.accounts import Account, decode, encode, next_due
from processors.accounts.ids import SEEN_EVENTS, digest, mark, remember
from schemas.records import ChangeKind, SubjectKind, VerificationKind
from tests.processors.accounts.world import ACCOUNT, DAY, World


def test_a_state_survives_its_bytes():
    world = World()
    world.apply(bio="contact", name="ministry")
    world.complain("t1")
    state = world.store[ACCOUNT.encode()]
    assert state is not None
    assert encode(decode(state)) == state


def test_the_first_eight_bytes_tell_the_next_deadline():
    world = World()
    state = world.store[ACCOUNT.encode()]
    assert state is not None and next_due(state) == 0
    world.propose(name="doctor")
    state = world.store[ACCOUNT.encode()]
    assert state is not None and next_due(state) == world.now + 7 * DAY


def test_an_idle_typical_account_takes_at_most_250_bytes_and_400_with_its_identity():
    world = World(registered=False)
    world.change(
        "018f6a3e-1111-7000-8000-000000000001",
        kind=ChangeKind.REGISTRATION,
        subject=SubjectKind.INDIVIDUAL,
        name="晴天小狗",
        avatar="img/3f2a9c5b7d1e.webp",
        cover="img/77aa10c2b3d4.webp",
        bio="写代码的，也写诗。成都人，爱跑步和摄影。",
        signature="今天也要好好吃饭",
        badge="",
        owner_token="tok_8f3c2b1a90",
        agreement_version="2024-01",
        language="zh",
    )
    world.propose(bio="读书、徒步、养猫，慢慢变老。")
    world.propose(signature="在路上")
    state = world.store[ACCOUNT.encode()]
    assert state is not None
    assert len(state) <= 250
    world.verify(VerificationKind.IDENTITY, token="tok_8f3c2b1a90" * 3)
    world.propose(signature="还在路上", ip_region="广东省")
    state = world.store[ACCOUNT.encode()]
    assert state is not None
    assert len(state) <= 400


def test_a_state_of_an_older_build_is_read_as_it_is():
    """What was added since stands at the end and takes its default."""
    world = World()
    world.verify(VerificationKind.IDENTITY, token="tok", value="x")
    state = world.store[ACCOUNT.encode()]
    assert state is not None
    fields = msgspec.msgpack.decode(state[8:])
    older = [*fields[:10], [fact[:6] for fact in fields[10]], *fields[11:18]]
    account = decode(state[:8] + msgspec.msgpack.encode(older))
    assert not account.registered
    account.registered = True
    assert encode(account) == state


def test_a_state_of_another_version_is_not_read():
    state = encode(Account(version=99))
    with pytest.raises(msgspec.DecodeError, match="version 99"):
        decode(state)


def test_the_last_events_are_remembered_and_older_ones_forgotten():
    seen = b""
    for number in range(SEEN_EVENTS + 1):
        after = remember(seen, mark(b"change", f"e{number}"))
        assert after is not None
        seen = after
    assert len(seen) == 8 * SEEN_EVENTS
    assert remember(seen, mark(b"change", "e1")) is None
    assert remember(seen, mark(b"change", "e0")) is not None


def test_the_same_id_on_another_topic_is_another_event():
    assert mark(b"change", "1") != mark(b"ruling", "1")


def test_a_mark_is_only_found_at_its_place():
    """Bytes that happen to lie across two marks are not an event."""
    first, second = digest("a"), digest("b")
    across = first[4:] + second[:4]
    assert remember(first + second, across) == first + second + across
