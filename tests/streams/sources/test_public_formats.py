"""Events of public streams become account changes."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.records import AccountChange, ChangeKind, Phase
from streams.sources import Item, Rejected, Skipped
from streams.sources import jetstream as bluesky
from streams.sources import wikimedia as wiki
from tests.streams.sources.wire import AT_MS, blob, log_event, message, profile

DID = "did:plc:aaaabbbbccccddddeeeeffff"
AT_US = AT_MS * 1_000


def bluesky_item(event: Any) -> Item:
    (item,) = bluesky.map_event(message(event))
    return item


def wiki_item(event: Any) -> Item:
    (item,) = wiki.map_event(message(event))
    return item


def account(**more: Any) -> dict[str, Any]:
    return {"did": DID, "time_us": AT_US, "kind": "account", "account": {"seq": 9, **more}}


def test_a_profile_replaces_the_one_before() -> None:
    record = {"displayName": "某市图书馆", "avatar": blob("bafkavatar"), "labels": {"values": []}}
    made = bluesky_item(profile(DID, "3m1", AT_US, **record))
    assert isinstance(made, AccountChange)
    assert (made.account_id, made.kind, made.phase) == (DID, ChangeKind.EDIT, Phase.APPLIED)
    assert (made.name, made.bio, made.avatar, made.cover) == ("某市图书馆", "", "bafkavatar", "")
    assert (made.occurred_at, made.badge) == (AT_MS, None)


def test_a_deleted_profile_has_nothing_left_and_a_deleted_account_is_cancelled() -> None:
    commit = {"rev": "3m2", "operation": "delete", "collection": bluesky.PROFILES, "rkey": "self"}
    gone = bluesky_item({"did": DID, "time_us": AT_US, "kind": "commit", "commit": commit})
    assert isinstance(gone, AccountChange)
    assert (gone.name, gone.bio, gone.avatar, gone.cover) == ("", "", "", "")
    left = bluesky_item(account(active=False, status="deleted"))
    assert isinstance(left, AccountChange)
    assert left.kind is ChangeKind.CANCELLATION


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (account(active=True), "account active"),
        (account(active=False, status="takendown"), "account takendown"),
        (account(active=False, status="invented tomorrow"), "account in an unknown state"),
        ({"did": DID, "time_us": AT_US, "kind": "identity", "identity": {"seq": 1}}, "handle"),
        ({"did": DID, "time_us": AT_US, "kind": "commit",
          "commit": {"collection": "app.bsky.feed.like", "record": {"subject": {}}}},
         "other event"),
        ({"did": DID, "time_us": AT_US, "kind": "sync"}, "other event"),
    ],
)  # fmt: skip
def test_other_events_of_bluesky_are_skipped(event: Any, reason: str) -> None:
    assert bluesky_item(event) == Skipped(reason)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (b"{", "not JSON"),
        (b'{"x": ' + b"[" * 9_999, "not JSON"),
        (profile("", "3m1", AT_US), "no account id"),
        (profile(DID, "3m1", 0), "no time"),
        (profile(DID, "3m1", AT_US, displayName=7), "not a profile"),
    ],
)
def test_what_is_wrong_with_an_event_of_bluesky_is_told(event: Any, reason: str) -> None:
    item = bluesky_item(event)
    assert isinstance(item, Rejected)
    assert item.reason == reason


def test_an_event_of_bluesky_has_the_same_id_on_every_server() -> None:
    made = [
        bluesky_item(profile(DID, rev, AT_US + shift, displayName="a"))
        for rev, shift in (("3m1", 0), ("3m1", 77), ("3m2", 0))
    ]
    first, elsewhere, later = (item.event_id for item in made if isinstance(item, AccountChange))
    assert first == elsewhere != later


def test_a_new_user_is_a_registration_and_a_rename_an_edit_of_the_same_account() -> None:
    new = wiki_item(log_event("newusers", "create", "User:Old name", 5, {"userid": 88}))
    assert isinstance(new, AccountChange)
    assert (new.account_id, new.kind, new.name) == (
        "zhwiki:Old name",
        ChangeKind.REGISTRATION,
        "Old name",
    )
    params = {"olduser": "Old name", "newuser": "某某大学图书馆", "edits": 3}
    renamed = wiki_item(log_event("renameuser", "renameuser", "User:Old name", 6, params))
    assert isinstance(renamed, AccountChange)
    assert (renamed.account_id, renamed.kind, renamed.name) == (
        "zhwiki:Old name",
        ChangeKind.EDIT,
        "某某大学图书馆",
    )
    assert renamed.occurred_at == AT_MS
    assert renamed.event_id != new.event_id


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (log_event("block", "block", "User:192.0.2.7", 7, {"duration": "60 days"}), "block"),
        (log_event("block", "unblock", "User:X", 8, []), "unblock"),
        (log_event("newusers", "autocreate", "User:X", 9, {}), "account known from another wiki"),
        ({"type": "edit", "title": "X", "wiki": "zhwiki"}, "other event"),
        ({"type": "edit", "meta": {"domain": "canary"}}, "canary"),
    ],
)
def test_other_events_of_wikimedia_are_skipped(event: Any, reason: str) -> None:
    assert wiki_item(event) == Skipped(reason)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (log_event("renameuser", "renameuser", "User:X", 7, []), "no account id"),
        (b'{"x": ' + b"[" * 9_999, "not JSON"),
    ],
)
def test_what_is_wrong_with_an_event_of_wikimedia_is_told(event: Any, reason: str) -> None:
    item = wiki_item(event)
    assert isinstance(item, Rejected)
    assert item.reason == reason
