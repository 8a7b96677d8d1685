"""Bytes to records and back.

Three forms are accepted, told apart by the first bytes: Avro single-object encoding (``C3 01`` and
the schema's fingerprint), the Confluent frame (``00`` and a registry id; needs a registry), and a
plain JSON object of the same shape. Records are written as single objects, or as Confluent frames
where there is a registry.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from fastavro.schema import fingerprint, to_parsing_canonical_form

from schemas import careful
from schemas.errors import DeadLetterReason, DecodeError
from schemas.json_form import convert, read_json
from schemas.records import READERS, WRITERS
from schemas.registry import Registry
from schemas.resolution import resolver
from schemas.source import AVRO, RELEASED, Schema, load, releases

R = TypeVar("R")

MAGIC = b"\xc3\x01"
_HEADER = 10


def fingerprint_of(schema: Schema) -> bytes:
    """The CRC-64-AVRO fingerprint of a schema, in the byte order of the single-object header."""
    digest = fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")
    return bytes.fromhex(digest)


class _Type:
    """All that is known of one record type: schema, reader, writer, header."""

    def __init__(self, record_type: type[Any], schema: dict[str, Any]) -> None:
        self.record_type = record_type
        self.schema = schema
        self.read = READERS[record_type]
        self.write = WRITERS[record_type]
        self.header = MAGIC + fingerprint_of(schema)
        self.json = msgspec.json.Decoder(record_type)
        self.needs_account = "account_id" in record_type.__struct_fields__

    def read_body(self, data: bytes, at: int) -> Any:
        """Read the record that fills the data from an offset on. Raises `DecodeError`."""
        try:
            record, end = self.read(data, at)
            if end == len(data):
                return record
        except (IndexError, KeyError, ValueError):
            pass  # the careful reader has the last word
        return convert(careful.read(self.schema, data, at), self.record_type)

    def reader_of(self, writer: Schema) -> Callable[[bytes, int], Any]:
        """How to read what was written with a schema. Raises `DecodeError` where it is none."""
        try:
            same = MAGIC + fingerprint_of(writer) == self.header
        except Exception:  # what is no schema fails in many ways; the resolver tells which
            same = False
        return self.read_body if same else resolver(self.record_type, self.schema, writer)


_SCHEMAS = load(AVRO)
_TYPES = {
    record_type: _Type(record_type, _SCHEMAS[record_type.__name__]) for record_type in READERS
}


@cache
def _released(directory: Path) -> dict[tuple[type[Any], bytes], Schema]:
    """The schemas of all releases by record type and single-object header."""
    sets = [load(release) for release in releases(directory)]
    return {
        (record_type, MAGIC + fingerprint_of(schema)): schema
        for known in sets
        for record_type in READERS
        if (schema := known.get(record_type.__name__))
    }


class Codec:
    """Decodes any record type from bytes, encodes any record. Safe to share between threads.

    ``released`` is the directory of the released sets whose records can be read.
    """

    def __init__(self, registry: Registry | None = None, released: Path = RELEASED) -> None:
        self._registry = registry
        self._released = _released(released)
        self._readers: dict[tuple[type[Any], bytes | int], Callable[[bytes, int], Any]] = {}

    def decode(self, record_type: type[R], data: bytes) -> R:
        """Read a record.

        Raises `DecodeError` with the reason, and `RegistryUnavailable` where only trying again
        can help.
        """
        known = _TYPES[record_type]
        if data.startswith(known.header):
            record = known.read_body(data, _HEADER)
        else:
            record = self._decode_other(known, data)
        if known.needs_account and not record.account_id:
            raise DecodeError(DeadLetterReason.MISSING_ACCOUNT_ID, "account_id is empty")
        return record  # type: ignore[no-any-return]  # read by the reader of its type

    def encode(self, record: Any) -> bytes:
        """Write a record.

        Raises `ValueError` for an integer beyond its 32 or 64 bits and for text that is no Unicode,
        `RegistryUnavailable` where the registry does not give the schema an id.
        """
        known = _TYPES[type(record)]
        if self._registry is None:
            out = bytearray(known.header)
        else:
            out = bytearray(self._registry.frame(known.record_type, known.schema))
        known.write(record, out)
        return bytes(out)

    def header(self, record_type: type[Any]) -> bytes:
        """The first bytes of every record of a type that `encode` writes: they name its schema."""
        known = _TYPES[record_type]
        if self._registry is None:
            return known.header
        return self._registry.frame(known.record_type, known.schema)

    def _decode_other(self, known: _Type, data: bytes) -> Any:
        """Read what does not begin with the header of the current schema."""
        if data.startswith(MAGIC):
            header = data[:_HEADER]
            read = self._reader(known, header, self._released.get((known.record_type, header)))
            return read(data, _HEADER)
        if data.startswith(b"\0") and self._registry is not None:
            number, at = Registry.unframe(data)
            return self._reader(known, number, self._registry.schema(number))(data, at)
        if data.lstrip(b" \t\r\n").startswith(b"{"):
            return read_json(known.json, data)
        raise DecodeError(
            DeadLetterReason.UNDECODABLE,
            "neither an Avro single object, nor a Confluent frame with a registry set, "
            "nor a JSON object",
        )

    def _reader(
        self, known: _Type, name: bytes | int, writer: Schema | None
    ) -> Callable[[bytes, int], Any]:
        """The reader for a writer's schema that is known by a header or a registry's id."""
        if writer is None:
            raise DecodeError(DeadLetterReason.UNKNOWN_SCHEMA, self._stranger(known, name))
        key = (known.record_type, name)
        if (read := self._readers.get(key)) is None:
            read = self._readers[key] = known.reader_of(writer)
        return read

    def _stranger(self, known: _Type, name: bytes | int) -> str:
        if isinstance(name, int):
            return f"the registry has no Avro schema {name}"
        if len(name) < _HEADER:
            return "the header of a single object is cut short"
        ours = known.record_type.__name__
        for other in _TYPES.values():
            if other.header == name:
                return f"a record of type {other.record_type.__name__}, not {ours}"
        return f"written with a schema that is no known version of {ours}"


_DEFAULT = Codec()
decode = _DEFAULT.decode
encode = _DEFAULT.encode
