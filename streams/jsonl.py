"""Inputs as JSON lines, for `check`, `publish`, `replay`, `simulate` and `demo --input`.

A line is ``{"topic": "account.complaints", "record": {...}}``, or a bare change, which belongs to
``account.changes``. Empty lines and lines that begin with ``#`` are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from schemas.codec import Codec
from schemas.errors import DecodeError
from schemas.json_form import read_json
from streams.topics import input_topics

CHANGES = "account.changes"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One input: the number of its line from 1, the logical topic, the record."""

    number: int
    topic: str
    record: Any


class LineError(Exception):
    """A line that is no input; the text says where it stands and what is wrong with it."""


class Envelope(msgspec.Struct, forbid_unknown_fields=True):
    """What a line with a topic is."""

    topic: str
    record: msgspec.Raw


_envelope = msgspec.json.Decoder(Envelope)
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def read_lines(
    source: Iterable[bytes],
    name: str,
    *,
    on_error: Callable[[LineError], None] | None = None,
    fill_in: bool = False,
    accept: Callable[[Any], None] | None = None,
) -> Iterator[Line]:
    """Yield the inputs of a source; ``name`` stands for it in errors.

    A bad line raises `LineError`, or is given to ``on_error`` and left out. With ``fill_in`` a bare
    change may leave out ``event_id`` (``line-7``), ``occurred_at`` (that of the line before) and
    ``kind`` (``EDIT``). ``accept`` is given each record and may raise `LineError`, without a place,
    for one that is no good.
    """
    reader, occurred_at = _Reader(), 0
    for number, raw in enumerate(source, 1):
        text = raw.removeprefix(BYTE_ORDER_MARK if number == 1 else b"").strip()
        if not text or text.startswith(b"#"):
            continue
        filled = {"event_id": f"line-{number}", "occurred_at": occurred_at, "kind": "EDIT"}
        try:
            topic, record = reader.read(text, filled if fill_in else {})
            if accept is not None:
                accept(record)
        except LineError as error:
            placed = LineError(f"{name}:{number}: {error}")
            if on_error is None:
                raise placed from error
            on_error(placed)
            continue
        occurred_at = record.occurred_at
        yield Line(number, topic, record)


class _Reader:
    def __init__(self) -> None:
        self._decode = Codec().decode
        self._types = {topic.name: topic.record for topic in input_topics()}

    def read(self, text: bytes, filled: dict[str, Any]) -> tuple[str, Any]:
        """Topic and record of a line; ``filled`` is what a bare change may leave out."""
        try:
            keys = _keys(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise LineError("not a JSON object on one line, in UTF-8") from error
        topic, body = CHANGES, text
        if "topic" in keys:
            topic, body = _unpack(text)
        elif filled:
            body = msgspec.json.encode({**filled, **keys})
        if topic not in self._types:
            raise LineError(f"topic {topic!r} is no input; inputs are {', '.join(self._types)}")
        try:
            return topic, self._decode(self._types[topic], body)
        except DecodeError as error:
            raise LineError(f"{error.reason.value}: {error.detail}") from error


def _unpack(text: bytes) -> tuple[str, bytes]:
    try:
        envelope = read_json(_envelope, text)
    except DecodeError as error:
        raise LineError(f'{error.detail}; a line is {{"topic": ..., "record": {{...}}}}') from error
    return envelope.topic, bytes(envelope.record)


def write_line(topic: str, record: Any) -> bytes:
    """One line for an input, without its line end; fields that are null are left out."""
    values = {k: v for k, v in msgspec.to_builtins(record).items() if v is not None}
    return msgspec.json.encode({"topic": topic, "record": values})
