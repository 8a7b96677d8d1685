"""This version goes on with what each release has left behind."""

from __future__ import annotations

import msgspec
import pytest

from processors.accounts import Account, decode, encode, next_due
from processors.keys import is_registry_key
from streams.backup import open_backup, restore
from streams.backup.files import read
from streams.checker import check
from streams.checker_base import base_of
from streams.packs import load_policy
from streams.reserved import CONTROL, POSITIONS, RESERVED
from tests.fixtures.record import HERE
from tests.integration.harness import Application
from tests.integration.test_crashes import traffic
from tests.streams.backup.test_backup_broker import insisted

RELEASES = sorted(path for path in HERE.iterdir() if (path / "manifest.json").is_file())


def states(release):
    manifest = open_backup(release)
    part = manifest.part("accounts-changelog")
    return {(kept.partition, kept.key): kept.value for kept in read(release, part)}


def test_there_is_a_recording_of_a_release():
    assert RELEASES


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_every_state_of_a_release_is_read_and_keeps_its_deadline(release):
    """A state that nothing has happened to since is written as this version writes it."""
    accounts = 0
    for (_, key), value in states(release).items():
        if key.startswith(RESERVED):
            own = (POSITIONS, CONTROL, b"\0backlog", b"\0brakes", b"\0sweep")
            assert key in own or is_registry_key(key)
            continue
        accounts += 1
        account = decode(value)
        again = encode(account)
        assert next_due(again) == next_due(value)
        assert decode(again) == account
    assert accounts == open_backup(release).accounts > 50


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_a_recording_holds_what_states_are_made_of(release):
    """Else an upgrade that breaks one of them would go unseen."""
    kept = [decode(v) for (_, k), v in states(release).items() if not k.startswith(RESERVED)]
    for name in ("facts", "pending", "measures", "ledger", "tickets", "claimed"):
        assert any(getattr(account, name) for account in kept), name
    assert any(is_registry_key(key) for _, key in states(release))
    manifest = open_backup(release)
    assert manifest.part("account.changes") is not None
    assert manifest.part("name.claims") is not None


@pytest.mark.parametrize("partitions", [2, 5])
@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_a_worker_goes_on_with_what_a_release_has_left_behind(settings, release, partitions):
    ours = settings(partitions=partitions)
    assert insisted(lambda: restore(ours, release)).ok
    with Application(ours) as app:
        app.worker().await_ready()
        app.publish(traffic(300, seed=2))
        app.drain()
        report = check(ours, load_policy(ours), base=base_of(ours, release))
        assert report.ok, f"{report.problems}\n{report.examples}"
        assert report.inputs > 300


def test_a_state_of_a_version_with_more_fields_is_read_without_them():
    """While two versions run side by side, a partition may go back to the older one for a time."""
    account = Account(seq=7, devices=[b"d"])
    fields = msgspec.msgpack.decode(msgspec.msgpack.encode(account))
    newer = encode(account)[:8] + msgspec.msgpack.encode([*fields, "new", {"more": 1}])
    assert decode(newer) == account


def test_a_state_whose_meaning_has_changed_is_refused_and_not_misread():
    newer = encode(Account(version=2, seq=7))
    with pytest.raises(msgspec.DecodeError, match="version 2, not 1"):
        decode(newer)
