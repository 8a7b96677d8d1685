"""Reads records that were written with another version of a schema, by Avro's resolution rules."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, TypeVar

import fastavro
from fastavro.read import SchemaResolutionError
from fastavro.schema import SchemaParseException, UnknownType

from schemas.compatibility import breaks
from schemas.errors import DeadLetterReason, DecodeError
from schemas.json_form import convert
from schemas.source import Schema, plain

R = TypeVar("R")


def resolver(
    record_type: type[R], reader: dict[str, Any], writer: Schema
) -> Callable[[bytes, int], R]:
    """The function that reads, from an offset on, a record written with the writer's schema.

    The function raises `DecodeError`: UNKNOWN_SCHEMA where the two schemas do not fit together,
    UNKNOWN_ENUM where only a symbol is not known here, else UNDECODABLE. Raises it here where the
    writer's schema is none.
    """
    ours = fastavro.parse_schema(plain(reader))
    try:
        theirs = fastavro.parse_schema(plain(writer))
    except (SchemaParseException, UnknownType, KeyError, TypeError, ValueError) as error:
        raise DecodeError(
            DeadLetterReason.UNKNOWN_SCHEMA,
            f"the writer's schema cannot be read: {type(error).__name__}",
        ) from None

    def read(data: bytes, at: int) -> R:
        source = io.BytesIO(data)
        source.seek(at)
        try:
            value = fastavro.schemaless_reader(source, theirs, ours)
        except SchemaResolutionError:
            problem = _misfit(record_type.__name__, reader, writer)
        except Exception as error:  # fastavro raises whatever its parts raise
            problem = DecodeError(
                DeadLetterReason.UNDECODABLE,
                f"not what its writer's schema says: {type(error).__name__}",
            )
        else:
            if source.tell() == len(data):
                return convert(value, record_type)
            problem = DecodeError(
                DeadLetterReason.UNDECODABLE, "there are bytes after the end of the record"
            )
        raise problem  # outside of the handlers: the errors above may quote the record

    return read


def _misfit(name: str, reader: dict[str, Any], writer: Schema) -> DecodeError:
    found = breaks(reader, writer)
    if found and all(item.symbols for item in found):
        return DecodeError(
            DeadLetterReason.UNKNOWN_ENUM, f"{found[0].where}: not a value this version knows"
        )
    what = f"{found[0].where}: {found[0].what}" if found else "the schemas do not fit together"
    return DecodeError(
        DeadLetterReason.UNKNOWN_SCHEMA,
        f"written with a schema that is no version of {name}: {what}",
    )
