"""Bytes to records and back.

Three forms are accepted, told apart by the first bytes: Avro single-object encoding (``C3 01`` and
the schema's fingerprint), the Confluent frame (``00`` and a registry id; needs a registry), and a
plain JSON object of the same shape. Records are written as single objects, or as Confluent frames
where there is a registry.
"""

from __future__ import annotations

import io
import re
from typing import Any, TypeVar

import fastavro
import msgspec
from fastavro.schema import fingerprint, to_parsing_canonical_form

from schemas.binary import UnknownSymbol
from schemas.errors import DeadLetterReason, DecodeError
from schemas.records import READERS, WRITERS
from schemas.registry import Registry
from schemas.source import AVRO, RELEASED, load

R = TypeVar("R")

MAGIC = b"\xc3\x01"
_HEADER = 10


def fingerprint_of(schema: dict[str, Any]) -> bytes:
    """The CRC-64-AVRO fingerprint of a schema, in the byte order of the single-object header."""
    digest = fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")
    return bytes.fromhex(digest)


def _released(name: str) -> list[dict[str, Any]]:
    directories = sorted(RELEASED.iterdir()) if RELEASED.is_dir() else []
    return [s for directory in directories if (s := load(directory).get(name))]


class _Type:
    """All that is known of one record type: schemas, reader, writer, headers."""

    def __init__(self, record_type: type[Any], schema: dict[str, Any]) -> None:
        self.record_type = record_type
        self.schema = schema
        self.parsed = fastavro.parse_schema(schema)
        self.read = READERS[record_type]
        self.write = WRITERS[record_type]
        self.header = MAGIC + fingerprint_of(schema)
        self.json = msgspec.json.Decoder(record_type)
        self.writers = {MAGIC + fingerprint_of(s): s for s in _released(record_type.__name__)}
        self.needs_account = "account_id" in record_type.__struct_fields__


_SCHEMAS = load(AVRO)
_TYPES = {t: _Type(t, _SCHEMAS[t.__name__]) for t in READERS}


class Codec:
    """Decodes any record type from bytes, encodes any record. Thread-safe after construction."""

    def __init__(self, registry: Registry | None = None) -> None:
        self._registry = registry

    def decode(self, record_type: type[R], data: bytes) -> R:
        """Read a record.

        Raises `DecodeError` with the reason, and `RegistryUnavailable` where only trying again
        can help.
        """
        known = _TYPES[record_type]
        header = data[:_HEADER]
        if header == known.header:
            record = _read(known, data, _HEADER)
        elif header[:2] == MAGIC:
            record = self._resolve(known, known.writers.get(header), data[_HEADER:])
        elif header[:1] == b"\0" and self._registry is not None:
            schema_id, body = Registry.unframe(data)
            record = self._resolve(known, self._registry.schema(schema_id), body)
        elif header.lstrip()[:1] == b"{":
            record = _read_json(known, data)
        else:
            raise DecodeError(
                DeadLetterReason.UNDECODABLE,
                "neither an Avro single object, nor a Confluent frame with a registry set, "
                "nor a JSON object",
            )
        if known.needs_account and not record.account_id:
            raise DecodeError(DeadLetterReason.MISSING_ACCOUNT_ID, "account_id is empty")
        return record  # type: ignore[no-any-return]  # read by the reader of its type

    def _resolve(self, known: _Type, writer: dict[str, Any] | None, body: bytes) -> Any:
        if writer is None:
            raise DecodeError(
                DeadLetterReason.UNKNOWN_SCHEMA,
                f"written with a schema that is not a known version of {known.schema['name']}",
            )
        if writer == known.schema:
            return _read(known, body, 0)
        source = io.BytesIO(body)
        try:
            value = fastavro.schemaless_reader(source, writer, known.parsed)
            if source.tell() != len(body):
                raise ValueError("bytes after the end of the record")
            return msgspec.convert(_plain(value), known.record_type)
        except Exception as error:  # fastavro raises whatever its parts raise
            raise DecodeError(DeadLetterReason.UNDECODABLE, type(error).__name__) from error

    def encode(self, record: Any) -> bytes:
        """Write a record. Raises `ValueError` for an integer beyond 64 bits."""
        known = _TYPES[type(record)]
        if self._registry is None:
            out = bytearray(known.header)
        else:
            out = bytearray(self._registry.frame(type(record), known.schema))
        known.write(record, out)
        return bytes(out)


def _read(known: _Type, data: bytes, at: int) -> Any:
    try:
        record, end = known.read(data, at)
    except UnknownSymbol as error:
        raise DecodeError(DeadLetterReason.UNKNOWN_ENUM, str(error)) from error
    except (IndexError, ValueError) as error:
        raise DecodeError(
            DeadLetterReason.UNDECODABLE, f"not a {known.schema['name']}: {type(error).__name__}"
        ) from error
    if end != len(data):
        raise DecodeError(DeadLetterReason.UNDECODABLE, "bytes after the end of the record")
    return record


_PATH = re.compile(r"`\$\.?([^`]*)`")


def _read_json(known: _Type, data: bytes) -> Any:
    try:
        return known.json.decode(data)
    except msgspec.ValidationError as error:
        message = str(error)
        path = match[1] if (match := _PATH.search(message)) else ""
        if "account_id" in (path, *re.findall(r"missing required field `(\w+)`", message)):
            raise DecodeError(
                DeadLetterReason.MISSING_ACCOUNT_ID, "account_id is missing or no text"
            ) from error
        if "Invalid enum value" in message:
            raise DecodeError(
                DeadLetterReason.UNKNOWN_ENUM, f"{path} has a value this version does not know"
            ) from error
        raise DecodeError(DeadLetterReason.INVALID_FIELD, message) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DecodeError(DeadLetterReason.UNDECODABLE, "not a JSON object") from error


def _plain(value: Any) -> Any:
    """Undo fastavro's datetimes: timestamps are plain milliseconds here."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if hasattr(value, "timestamp"):
        return round(value.timestamp() * 1000)
    return value


_DEFAULT = Codec()
decode = _DEFAULT.decode
encode = _DEFAULT.encode
