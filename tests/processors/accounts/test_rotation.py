"""Keys are changed: who was known under a former key is known under the new one (Arts. 10, 16)."""

from __future__ import annotations

import pytest

from processors.accounts import Status
from processors.accounts.ids import keyed_hash
from processors.value_keys import ValueKeys
from schemas.records import (
    ChangeKind,
    Decision,
    Disposal,
    Field,
    RulingAction,
    VerificationKind,
    VerificationResult,
)
from tests.processors.accounts.street import Street, policy, verdict
from tests.processors.accounts.world import World, one

MANY = policy(persons=0, organisations=0)
OLD, BOTH, NEW = "k1.ab12", "k2.cd34 k1.ab12", "k2.cd34"


@pytest.fixture
def street() -> Street:
    return Street(MANY)


@pytest.mark.obligation("CAC-10-3a")
def test_a_barred_identity_is_refused_while_tokens_come_under_both_keys(street):
    street.register("bad", OLD)
    street.close("bad")
    assert verdict(street.register("again", BOTH)).decision is Decision.REFUSE


@pytest.mark.obligation("CAC-10-3a")
def test_a_barred_identity_is_refused_under_the_new_key_alone_once_it_was_sent_under_both(street):
    street.register("bad", OLD)
    street.close("bad", days=100)
    street.prove("bad", VerificationKind.IDENTITY, token=BOTH)
    assert street.account("bad").status is Status.CLOSED
    assert verdict(street.register("again", NEW)).decision is Decision.REFUSE
    assert verdict(street.register("old", OLD)).decision is Decision.REFUSE
    street.wait(101)
    assert verdict(street.register("later", NEW)).decision is Decision.STRICT_HOLD


@pytest.mark.obligation("CAC-10-3a")
def test_who_is_closed_after_the_change_is_barred_under_both_keys(street):
    street.register("bad", OLD)
    street.change("bad", owner_token=BOTH, bio="sunny")
    street.close("bad")
    assert verdict(street.register("new", NEW)).decision is Decision.REFUSE
    assert verdict(street.register("old", OLD)).decision is Decision.REFUSE


@pytest.mark.obligation("CAC-10-3a")
def test_an_upheld_appeal_takes_the_bar_from_the_tokens_of_every_key(street):
    street.register("bad", BOTH)
    street.close("bad")
    closure = street.account("bad").live_measures()[0]
    street.rule("bad", RulingAction.LIFT_MEASURE, closure.id)
    for name, token in (("a", OLD), ("b", NEW), ("c", BOTH)):
        assert verdict(street.register(name, token)).decision is Decision.ALLOW


def test_whoever_shares_no_token_is_somebody_else(street):
    street.register("bad", OLD)
    street.close("bad")
    assert verdict(street.register("other", "k2.ef56 k1.ee55")).decision is Decision.ALLOW


def test_accounts_of_a_subject_are_counted_across_the_change():
    street = Street(policy(persons=1, organisations=0))
    street.register("first", OLD)
    assert verdict(street.register("second", BOTH)).decision is Decision.REFUSE
    street.change("first", owner_token=BOTH, bio="sunny")
    assert verdict(street.register("third", NEW)).decision is Decision.REFUSE


def test_a_device_and_a_telephone_are_known_across_the_change(street):
    street.register("bad", "k1.person", device_token="k1.phone-a")
    street.prove("bad", VerificationKind.CONTACT, token="k1.number")
    street.close("bad")
    street.prove("again", VerificationKind.CONTACT, token="k2.number k1.number")
    held = verdict(street.register("again", "k2.x", device_token="k2.phone-a k1.phone-a"))
    assert held.decision is Decision.STRICT_HOLD
    assert {(key.kind, key.weight) for key in held.association} >= {("CONTACT", 60), ("DEVICE", 40)}


def test_a_proof_under_both_keys_renews_the_one_under_the_former_and_proves_the_same_owner():
    world = World()
    world.change(kind=ChangeKind.OWNER_CHANGE, owner_token=OLD)
    world.verify(VerificationKind.IDENTITY, token=OLD)
    world.verify(VerificationKind.IDENTITY, token=BOTH)
    world.verify(VerificationKind.CONTACT, token="k1.n")
    world.verify(VerificationKind.CONTACT, token="k2.n k1.n")
    assert [(f.kind, f.token) for f in world.account.facts] == [
        (VerificationKind.IDENTITY, BOTH),
        (VerificationKind.CONTACT, "k2.n k1.n"),
    ]
    world.verify(VerificationKind.CONTACT, VerificationResult.REVOKED, token="k2.n")
    assert [f.kind for f in world.account.facts] == [VerificationKind.IDENTITY]


def test_an_account_remembers_former_tokens_of_its_owner_and_none_of_another_one():
    world = World()
    world.change(kind=ChangeKind.OWNER_CHANGE, owner_token=BOTH)
    world.propose(bio="sunny", owner_token=NEW)
    assert world.account.owner == BOTH
    world.change(kind=ChangeKind.OWNER_CHANGE, owner_token="k2.somebody")
    assert world.account.owner == "k2.somebody"


# -- the operator's key of hashes of values ----------------------------------------------------


def test_a_value_is_hashed_under_the_key_of_its_time():
    world = World(value_key=b"old" * 8)
    changeover = world.now + 1_000_000
    world.value_key = ValueKeys(b"new" * 8, ((changeover, b"old" * 8),))
    before = one(world.apply(bio="contact"), Disposal)
    world.apply(bio="sunny")
    world.wait(days=1)
    after = one(world.apply(bio="contact again"), Disposal)
    assert before.value_hash == keyed_hash(b"old" * 8, Field.BIO, "contact")
    assert after.value_hash == keyed_hash(b"new" * 8, Field.BIO, "contact again")


def test_a_replay_after_the_changeover_gives_the_hashes_of_before():
    first = World(value_key=b"old" * 8)
    changeover = first.now + 3_600_000
    first.apply(bio="contact")
    again = World(value_key=ValueKeys(b"new" * 8, ((changeover, b"old" * 8),)))
    again.apply(bio="contact")
    assert again.log == first.log
