"""Reads a record from a plain JSON object, and says what is wrong without saying what it holds."""

from __future__ import annotations

import difflib
import re
from enum import EnumType
from typing import TypeVar, get_args, get_type_hints

import msgspec

from schemas.errors import DeadLetterReason, DecodeError

R = TypeVar("R")

_UNKNOWN = "Object contains unknown field `"
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_EXPECTED = re.compile(r"Expected `[^`]+`(, got `[^`]+`| [<>]= -?\d+)")
_PATH = re.compile(r" - at `\$\.?([\w.\[\]]*)`\Z")
_NAME = re.compile(r"[A-Za-z_]{1,40}\d{0,2}(?=`)", re.ASCII)
"""A key that can be shown: a longer one, or one with a number in it, may be personal data."""


def read_json(decoder: msgspec.json.Decoder[R], data: bytes) -> R:
    """Read a record. Raises `DecodeError`."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        problem = _problem(str(error), decoder.type)
    except UnicodeDecodeError:
        problem = DecodeError(DeadLetterReason.UNDECODABLE, "not UTF-8")
    except (msgspec.DecodeError, RecursionError):
        problem = DecodeError(DeadLetterReason.UNDECODABLE, "not a JSON object")
    raise problem  # outside of the handlers: the errors above quote the record


def convert(value: object, record_type: type[R]) -> R:
    """Make a record of plain values. Raises `DecodeError`."""
    try:
        return msgspec.convert(value, record_type)
    except msgspec.ValidationError as error:
        problem = _problem(str(error), record_type)
    raise problem


def _problem(message: str, record_type: type[object]) -> DecodeError:
    """The fault behind a message of msgspec, of which only names, types and bounds are kept."""
    if message.startswith(_UNKNOWN):  # first: such a key may hold whatever is looked for below
        return DecodeError(
            DeadLetterReason.INVALID_FIELD, _unknown_key(message[len(_UNKNOWN) :], record_type)
        )
    path = match[1] if (match := _PATH.search(message)) else ""
    if missing := _MISSING.match(message):
        path = f"{path}.{missing[1]}" if path else missing[1]
    if path == "account_id":
        return DecodeError(
            DeadLetterReason.MISSING_ACCOUNT_ID, "account_id is missing or is no text"
        )
    if missing:
        return DecodeError(DeadLetterReason.INVALID_FIELD, f"{path}: missing required field")
    if message.startswith("Invalid enum value"):
        return DecodeError(
            DeadLetterReason.UNKNOWN_ENUM, f"{path}: is none of {_choices(record_type, path)}"
        )
    expected = _EXPECTED.match(message)
    what = expected[0].lower().replace("`", "") if expected else "not a value of its type"
    return DecodeError(DeadLetterReason.INVALID_FIELD, f"{path or record_type.__name__}: {what}")


def _choices(record_type: type[object], path: str) -> str:
    """The symbols a field may have."""
    hint = get_type_hints(record_type).get(path)
    for kind in (hint, *get_args(hint)):
        if isinstance(kind, EnumType):
            return ", ".join(kind.__members__)
    return "the values this version knows"


def _unknown_key(rest: str, record_type: type[object]) -> str:
    name = _NAME.match(rest)
    if name is None:
        return "a key is not the name of a field"
    known: tuple[str, ...] = getattr(record_type, "__struct_fields__", ())
    near = difflib.get_close_matches(name[0], known, n=1)
    hint = f"; is {near[0]} meant?" if near else ""
    return f"{name[0]}: no field of {record_type.__name__}{hint}"
