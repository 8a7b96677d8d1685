"""Log events of Wikimedia's stream of recent changes become changes of user names. Pure.

The stream names no user id that outlives a rename. So an account is a wiki and the name with which
it came, and a rename is an edit of that account. Blocks name an account, at times an address, and
change no information of it: they are counted, and nothing of them is kept.
"""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.records import AccountChange, ChangeKind, Phase
from streams.sources.item import UNREADABLE, Item, Message, Rejected, Skipped, event_id, millis

SOURCE = "wikimedia"
REGISTRATIONS = ("create", "create2", "byemail", "newusers")

OTHER = Skipped("other event")
CANARY = Skipped("canary")
AUTOCREATED = Skipped("account known from another wiki")
BLOCKS = {action: Skipped(action) for action in ("block", "reblock", "unblock")}
NOT_JSON = Rejected("not JSON", "the message is no event of recent changes")
NO_NAME = Rejected("no account id", "a log event that does not name the user")
NO_TIME = Rejected("no time", "a log event without `timestamp`")


class _Meta(msgspec.Struct):
    id: str = ""
    domain: str = ""


class _Event(msgspec.Struct):
    type: str = ""
    log_type: str | None = None
    log_action: str | None = None
    log_id: int | None = None
    log_params: msgspec.Raw = msgspec.Raw()
    """An object, or an empty array where there are none."""
    wiki: str = ""
    title: str = ""
    timestamp: int | str | None = None
    """Seconds."""
    meta: _Meta | None = None


class _Rename(msgspec.Struct):
    olduser: str
    newuser: str


_event = msgspec.json.Decoder(_Event).decode
_rename = msgspec.json.Decoder(_Rename).decode


def map_event(message: Message) -> list[Item]:
    """Map one event of recent changes."""
    try:
        event = _event(message.value or b"")
    except UNREADABLE:
        return [NOT_JSON]
    if event.meta is not None and event.meta.domain == "canary":
        return [CANARY]
    if event.type == "log" and event.log_type in _LOGS:
        return [_LOGS[event.log_type](event)]
    return [OTHER]


def _registered(event: _Event) -> Item:
    if event.log_action == "autocreate":
        return AUTOCREATED
    if event.log_action not in REGISTRATIONS:
        return OTHER
    # The title is "User:" in the language of the wiki, and the name, which holds no colon there.
    name = event.title.partition(":")[2]
    return _change(event, name, kind=ChangeKind.REGISTRATION, name=name)


def _renamed(event: _Event) -> Item:
    try:
        rename = _rename(event.log_params)
    except UNREADABLE:
        return NO_NAME
    return _change(event, rename.olduser, kind=ChangeKind.EDIT, name=rename.newuser)


def _change(event: _Event, account: str, **values: Any) -> Item:
    if not account or not event.wiki:
        return NO_NAME
    try:
        at = millis(event.timestamp, "s")
    except ValueError:
        return NO_TIME
    number = event.log_id or (event.meta.id if event.meta is not None else "")
    ident = event_id(SOURCE, event.wiki, event.log_type, number, account)
    return AccountChange(ident, f"{event.wiki}:{account}", at, phase=Phase.APPLIED, **values)


def _blocked(event: _Event) -> Item:
    return BLOCKS.get(event.log_action or "", OTHER)


_LOGS = {"newusers": _registered, "renameuser": _renamed, "block": _blocked}
