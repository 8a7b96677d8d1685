"""Schemas by id from a Confluent-compatible registry, and the frame that carries the id."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable
from typing import Any, TypeVar

from schemas.errors import DeadLetterReason, DecodeError, RegistryUnavailable
from schemas.source import Schema

T = TypeVar("T")

TIMEOUT_SECONDS = 5.0
"""How long one request may take; what waits for it is tried again as a whole."""

UNKNOWN_SECONDS = 10.0
"""How long an id stays unknown before it is asked for again: garbage must not become requests."""

LARGEST_ID = (1 << 31) - 1
"""A registry's ids are positive integers of 32 bits. Asked for a larger one, it answers as a server
that is no registry would."""

_MOST_UNKNOWN = 1_000
_NOT_FOUND = (40401, 40403)  # subject, schema: of the interface; another 404 is another server
_FRAME = struct.Struct(">bI")


class Registry:
    """Looks schemas up by id, and ours by the subject of their topic; registers what is missing.

    ``subject_of`` answers the subject of a record type, ``<topic>-value`` by custom. User and
    password may stand in the URL. Answers are kept. Raises `RegistryUnavailable` when the registry
    does not answer, or not as a registry does.
    """

    def __init__(self, url: str, subject_of: Callable[[type[Any]], str]) -> None:
        from confluent_kafka.schema_registry import SchemaRegistryClient

        self._client = SchemaRegistryClient(
            {"url": url, "timeout": TIMEOUT_SECONDS, "max.retries": 1, "retries.wait.ms": 100}
        )
        self._subject_of = subject_of
        self._schemas: dict[int, Schema] = {}
        self._unknown: dict[int, float] = {}
        self._frames: dict[type[Any], bytes] = {}

    @staticmethod
    def unframe(data: bytes) -> tuple[int, int]:
        """Schema id of a framed record, and the offset of its body."""
        if len(data) < _FRAME.size:
            raise DecodeError(DeadLetterReason.UNDECODABLE, "a Confluent frame is cut short")
        return _FRAME.unpack_from(data)[1], _FRAME.size

    def schema(self, schema_id: int) -> Schema | None:
        """The Avro schema of an id; None when the registry has none of this id, or cannot have."""
        if schema_id > LARGEST_ID:
            return None
        if schema_id in self._schemas:
            return self._schemas[schema_id]
        now = time.monotonic()
        if self._unknown.get(schema_id, 0.0) > now:
            return None
        schema = self._ask(lambda: self._fetch(schema_id))
        if schema is None:
            if len(self._unknown) >= _MOST_UNKNOWN:
                self._unknown.clear()
            self._unknown[schema_id] = now + UNKNOWN_SECONDS
            return None
        return self._schemas.setdefault(schema_id, schema)

    def frame(self, record_type: type[Any], schema: dict[str, Any]) -> bytes:
        """The first five bytes of a record of this type."""
        frame = self._frames.get(record_type)
        if frame is None:
            schema_id = self._id_of(self._subject_of(record_type), schema)
            frame = self._frames[record_type] = _FRAME.pack(0, schema_id)
        return frame

    def latest(self, subject: str) -> str | None:
        """The text of the newest schema of a subject; None where there is none, or no Avro."""
        found = self._ask(lambda: self._client.get_latest_version(subject))
        if found is None or found.schema.schema_type not in (None, "AVRO"):
            return None
        return found.schema.schema_str

    def _fetch(self, schema_id: int) -> Schema | None:
        found = self._client.get_schema(schema_id)
        if found.schema_type not in (None, "AVRO"):
            return None
        return json.loads(found.schema_str or "")

    def _id_of(self, subject: str, schema: dict[str, Any]) -> int:
        from confluent_kafka.schema_registry import Schema as Text

        text = Text(json.dumps(schema), "AVRO")
        # Looked up first: where schemas are registered by hand, writing may be forbidden.
        found = self._ask(lambda: self._client.lookup_schema(subject, text))
        number = found.schema_id if found else None
        if number is None:
            number = self._ask(lambda: self._client.register_schema(subject, text))
        if number is None:
            raise RegistryUnavailable(f"the schema registry gives {subject} no id; trying again")
        return int(number)

    @staticmethod
    def _ask(question: Callable[[], T]) -> T | None:
        """The answer; None where the registry says that it knows no such thing."""
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        try:
            return question()
        except SchemaRegistryError as error:
            if error.error_code in _NOT_FOUND:
                return None
            what = f"answers {error.http_status_code}, code {error.error_code}"
        except Exception as error:  # the client's HTTP library raises its own
            what = f"does not answer: {type(error).__name__}"
        # Outside of the handlers: their texts may carry the password of the URL.
        raise RegistryUnavailable(f"the schema registry {what}; trying again")
