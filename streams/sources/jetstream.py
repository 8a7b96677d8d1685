"""Bluesky Jetstream events become changes: profiles and deleted accounts. Pure.

A profile record replaces the one before: what it does not name is cleared. Only a deleted account
has been left by its holder; other states of an account change no information. A handle is the
account's address, a domain, and none of the six fields: identity events are counted.
"""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.records import AccountChange, ChangeKind, Phase
from streams.sources.item import UNREADABLE, Item, Message, Rejected, Skipped, event_id

SOURCE = "jetstream"
PROFILES = "app.bsky.actor.profile"

OTHER = Skipped("other event")
HANDLE = Skipped("handle")
STATES = {
    state: Skipped(f"account {state}")
    for state in ("takendown", "suspended", "deactivated", "desynchronized", "throttled")
}
ACTIVE = Skipped("account active")
UNKNOWN_STATE = Skipped("account in an unknown state")
NOT_JSON = Rejected("not JSON", "the message is no event of Jetstream")
NO_ACCOUNT = Rejected("no account id", "an event without `did`")
NO_TIME = Rejected("no time", "an event without `time_us`")


class _Link(msgspec.Struct):
    link: str = msgspec.field(default="", name="$link")


class _Blob(msgspec.Struct):
    ref: _Link | None = None
    cid: str = ""
    """Where a record has the older form of a blob."""


class _Profile(msgspec.Struct):
    display_name: str | None = msgspec.field(default=None, name="displayName")
    description: str | None = None
    avatar: _Blob | None = None
    banner: _Blob | None = None


class _Commit(msgspec.Struct):
    collection: str = ""
    operation: str = ""
    rev: str = ""
    rkey: str = ""
    cid: str = ""
    record: msgspec.Raw = msgspec.Raw()


class _Account(msgspec.Struct):
    active: bool = False
    status: str | None = None
    seq: int = 0


class _Event(msgspec.Struct):
    did: str = ""
    time_us: int = 0
    kind: str = ""
    commit: _Commit | None = None
    account: _Account | None = None


_event = msgspec.json.Decoder(_Event).decode
_profile = msgspec.json.Decoder(_Profile).decode


def map_event(message: Message) -> list[Item]:
    """Map one event of Jetstream."""
    try:
        event = _event(message.value or b"")
    except UNREADABLE:
        return [NOT_JSON]
    if event.commit is not None and event.commit.collection == PROFILES:
        return [_misplaced(event) or _profiled(event, event.commit)]
    if event.account is not None:
        return [_misplaced(event) or _account(event, event.account)]
    return [HANDLE if event.kind == "identity" else OTHER]


def _misplaced(event: _Event) -> Rejected | None:
    if not event.did:
        return NO_ACCOUNT
    return NO_TIME if event.time_us <= 0 else None


def time_us(message: bytes | str) -> int | None:
    """The cursor of an event: its time in microseconds."""
    try:
        return _event(message).time_us or None
    except UNREADABLE:
        return None


def _change(event: _Event, position: tuple[Any, ...], **values: Any) -> AccountChange:
    """Event ids leave the time out: it is that of the server, and not every server's is the same.

    One and the same event comes again with the same revision or sequence number.
    """
    made = {"kind": ChangeKind.EDIT, "phase": Phase.APPLIED} | values
    ident = event_id(SOURCE, event.did, *position)
    return AccountChange(ident, event.did, event.time_us // 1_000, **made)


def _profiled(event: _Event, commit: _Commit) -> Item:
    position = (commit.operation, commit.rkey, commit.rev, commit.cid)
    if commit.operation == "delete":
        return _change(event, position, name="", bio="", avatar="", cover="")
    if not bytes(commit.record):
        return Rejected("no record", "a profile commit without its record")
    try:
        profile = _profile(commit.record)
    except UNREADABLE:
        return Rejected("not a profile", "a record that is not of the shape of a profile")
    return _change(
        event,
        position,
        name=profile.display_name or "",
        bio=profile.description or "",
        avatar=_reference(profile.avatar),
        cover=_reference(profile.banner),
    )


def _reference(blob: _Blob | None) -> str:
    if blob is None:
        return ""
    return blob.ref.link if blob.ref is not None else blob.cid


def _account(event: _Event, account: _Account) -> Item:
    if account.active:
        return ACTIVE
    if account.status == "deleted":
        position = ("account", account.seq, account.status)
        return _change(event, position, kind=ChangeKind.CANCELLATION)
    return STATES.get(account.status or "", UNKNOWN_STATE)
