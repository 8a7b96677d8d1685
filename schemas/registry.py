"""Schemas by id from a Confluent-compatible registry, and the frame that carries the id."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

from schemas.errors import DeadLetterReason, DecodeError, RegistryUnavailable

_FRAME = struct.Struct(">bI")


class Registry:
    """Looks schemas up by id, and registers ours under the subject of their topic.

    ``subject_of`` answers the subject of a record type, ``<topic>-value`` by custom. Answers are
    kept. Raises `RegistryUnavailable` when the registry does not answer.
    """

    def __init__(self, url: str, subject_of: Callable[[type[Any]], str]) -> None:
        from confluent_kafka.schema_registry import SchemaRegistryClient

        self._client = SchemaRegistryClient({"url": url})
        self._subject_of = subject_of
        self._schemas: dict[int, dict[str, Any]] = {}
        self._frames: dict[type[Any], bytes] = {}

    @staticmethod
    def unframe(data: bytes) -> tuple[int, bytes]:
        """Schema id and body of a framed record."""
        if len(data) < _FRAME.size:
            raise DecodeError(DeadLetterReason.UNDECODABLE, "a Confluent frame is cut short")
        return _FRAME.unpack_from(data)[1], data[_FRAME.size :]

    def schema(self, schema_id: int) -> dict[str, Any] | None:
        """The schema of an id; None when the registry does not know it."""
        known = self._schemas.get(schema_id)
        if known is None:
            found = self._ask(lambda: self._client.get_schema(schema_id))
            if found is None:
                return None
            known = self._schemas[schema_id] = json.loads(found.schema_str)
        return known

    def frame(self, record_type: type[Any], schema: dict[str, Any]) -> bytes:
        """The first five bytes of a record of this type."""
        frame = self._frames.get(record_type)
        if frame is None:
            from confluent_kafka.schema_registry import Schema

            subject = self._subject_of(record_type)
            text = Schema(json.dumps(schema), "AVRO")
            schema_id = self._ask(lambda: self._client.register_schema(subject, text))
            if schema_id is None:
                raise RegistryUnavailable(f"the registry refused the schema of {subject}")
            frame = self._frames[record_type] = _FRAME.pack(0, schema_id)
        return frame

    @staticmethod
    def _ask(question: Callable[[], Any]) -> Any:
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        try:
            return question()
        except SchemaRegistryError as error:
            if 400 <= error.http_status_code < 500:
                return None
            raise RegistryUnavailable(f"schema registry: {error.http_status_code}") from error
        except Exception as error:  # the client's HTTP library raises its own
            raise RegistryUnavailable(f"schema registry: {type(error).__name__}") from error
