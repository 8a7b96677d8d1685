"""The JSON Schema of ``pack.yaml``, taken from the reader of packs itself.

The reader is run over a table that holds nothing and notes what is asked of it: which keys, of
which type, in which bounds. So the schema cannot say anything else than the reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, TypeVar

from yaml.nodes import MappingNode

from processors.policy.loader import read_tables
from processors.policy.model import DetectorKind
from processors.policy.tree import Notes, Table

Name = TypeVar("Name", bound=StrEnum)

_SCALAR = {"type": ["string", "number", "boolean"]}


def pack_schema() -> dict[str, Any]:
    """The schema of ``pack.yaml`` (JSON Schema, draft 2020-12)."""
    recorder = _Recorder()
    read_tables(recorder, {}, [])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Zhengming policy pack",
        "description": "pack.yaml of a policy pack; docs/policy-packs.md explains every key.",
        **recorder.schema(),
    }


class _Recorder(Table):
    """A table that answers every question with nothing and remembers it."""

    def __init__(self, name: str = "") -> None:
        super().__init__(MappingNode("", []), Notes(""), name)
        self._name = name
        self._properties: dict[str, Any] = {}
        self._required: list[str] = []
        self._inner: dict[str, tuple[str, _Recorder]] = {}
        self._any_key = False

    def schema(self) -> dict[str, Any]:
        """What was asked for, as a schema."""
        properties = dict(self._properties)
        for key, (kind, recorder) in self._inner.items():
            of = recorder.schema()
            properties[key] = of if kind == "table" else {"type": "array", "items": of}
        if self._any_key:
            return {"type": "object", "additionalProperties": {"anyOf": [*properties.values()]}}
        schema = {"type": "object", "additionalProperties": False, "properties": properties}
        return schema | ({"required": self._required} if self._required else {})

    def _ask(self, key: str, schema: dict[str, Any], *, required: bool = False) -> None:
        if required and key not in self._asked:  # whoever looked first whether it is there may not
            self._required.append(key)
        self._asked.add(key)
        self._properties[key] = schema

    def note(
        self, code: str, message: str, hint: str = "", *, key: str = "", below: int = 0
    ) -> None:
        """Nothing is wrong with what is not there."""

    def has(self, key: str) -> bool:
        """Every key is there, so that the reader goes on to ask for it."""
        self._asked.add(key)
        return True

    def names(self) -> Iterator[str]:
        """Tables of free names are those of detectors: one of each kind."""
        self._any_key = True
        yield from DetectorKind

    def text(self, key: str, default: str | None = None) -> str:
        self._ask(key, _SCALAR, required=default is None)
        return default or ""

    def number(self, key: str, low: int, high: int, default: int | None = None) -> int:
        schema = {"type": "integer", "minimum": low, "maximum": high}
        self._ask(key, schema, required=default is None)
        return low if default is None else default

    def share(self, key: str, default: float) -> float:
        self._ask(key, {"type": "number", "minimum": 0, "maximum": 1})
        return default

    def time(self, key: str) -> int:
        self._ask(key, {"type": "string", "description": "A date or a time, as in ISO 8601."})
        return 0

    def flag(self, key: str) -> bool:
        self._ask(key, {"type": "boolean"})
        return False

    def choice(self, key: str, names: type[Name], default: Name | None = None) -> Name:
        self._ask(key, {"enum": [*names]}, required=default is None)
        return default or next(iter(names))

    def option(self, key: str, names: type[Name]) -> Name | None:
        if names is DetectorKind:
            self._ask(key, {"const": self._name}, required=True)
            return names(self._name)
        self._ask(key, {"enum": [*names]})
        return None

    def choices(self, key: str, names: type[Name], *, required: bool = False) -> tuple[Name, ...]:
        self._ask(key, {"type": "array", "items": {"enum": [*names]}}, required=required)
        return ()

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        self._ask(key, {"type": "array", "items": _SCALAR}, required=required)
        return ()

    def table(self, key: str, what: str, *, required: bool = True) -> Table | None:
        return self._descend("table", key, required=required)

    def tables(self, key: str, what: str, *, required: bool = True) -> list[Table]:
        return [self._descend("tables", key, required=required)]

    def _descend(self, kind: str, key: str, *, required: bool) -> Table:
        inner = _Recorder(str(key))
        self._ask(str(key), {}, required=required)
        self._inner[str(key)] = kind, inner
        return inner
