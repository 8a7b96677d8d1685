"""Inputs as JSON lines, for `check`, `publish`, `replay`, `simulate` and `demo --input`.

A line is ``{"topic": "account.complaints", "record": {...}}``, or a bare change, which belongs to
``account.changes``. Empty lines and lines that begin with ``#`` are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from schemas.codec import Codec
from schemas.errors import DecodeError
from streams.topics import input_topics

CHANGES = "account.changes"


class Line(NamedTuple):
    """One input: the number of its line from 1, the logical topic, the record."""

    number: int
    topic: str
    record: Any


class LineError(Exception):
    """A line that is no input; the text says which line, what is wrong, and what to do."""


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    topic: str
    record: msgspec.Raw


_envelope = msgspec.json.Decoder(_Envelope).decode
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def read_lines(source: Iterable[bytes], name: str) -> Iterator[Line]:
    """Yield the inputs of a source. Raises `LineError`; ``name`` stands for the source in it."""
    codec, types = Codec(), {topic.name: topic.record for topic in input_topics()}
    for number, raw in enumerate(source, 1):
        text = raw.strip()
        if not text or text.startswith(b"#"):
            continue
        try:
            topic, body = _split(text)
            if topic not in types:
                raise LineError(f"topic {topic!r} is no input; inputs are {', '.join(types)}")
            yield Line(number, topic, codec.decode(types[topic], body))
        except DecodeError as error:
            raise LineError(f"{name}:{number}: {error.reason.value}: {error.detail}") from error
        except LineError as error:
            raise LineError(f"{name}:{number}: {error}") from error


def _split(text: bytes) -> tuple[str, bytes]:
    try:
        keys = _keys(text)
    except msgspec.DecodeError as error:
        raise LineError("not a JSON object on one line") from error
    if "topic" not in keys:
        return CHANGES, text
    try:
        envelope = _envelope(text)
    except msgspec.ValidationError as error:
        raise LineError(f'{error}; a line is {{"topic": ..., "record": ...}}') from error
    return envelope.topic, bytes(envelope.record)


def write_line(topic: str, record: Any) -> bytes:
    """One line for an input, without its line end; fields that are null are left out."""
    values = {k: v for k, v in msgspec.to_builtins(record).items() if v is not None}
    return msgspec.json.encode({"topic": topic, "record": values})
