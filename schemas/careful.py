"""Reads a record's Avro binary form field by field, and says where it goes wrong.

The last word on bytes that a generated reader refuses: slower by far, it accepts every valid way to
write a record and names the field and the byte where a record is none. Errors never carry values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from schemas.binary import read_bool, read_count, read_int, read_long, read_size
from schemas.errors import DeadLetterReason, DecodeError
from schemas.source import Schema, named, short


def read(schema: dict[str, Any], data: bytes, at: int) -> dict[str, Any]:
    """Values of the record that fills the data from an offset on; timestamps are plain numbers.

    Raises `DecodeError`: UNKNOWN_ENUM where a symbol is beyond those of the schema, else
    UNDECODABLE.
    """
    walk = _Walk(schema, data, at)
    value = walk.record(schema, "")
    if walk.at != len(data):
        walk.fail(schema["name"], f"{len(data) - walk.at} bytes after the end of the record")
    return value


class _Walk:
    """A position in the data that moves as values are read; ``where`` is the path for errors."""

    def __init__(self, schema: dict[str, Any], data: bytes, at: int) -> None:
        self.names = named(schema)
        self.data = data
        self.at = at

    def fail(
        self, where: str, what: str, reason: DeadLetterReason = DeadLetterReason.UNDECODABLE
    ) -> NoReturn:
        raise DecodeError(reason, f"{where}: {what} (byte {self.at} of {len(self.data)})")

    def value(self, schema: Schema, where: str) -> Any:
        if isinstance(schema, list):
            branch = self.primitive(read_long, where)
            if not 0 <= branch < len(schema):
                self.fail(where, f"branch {branch} of a union of {len(schema)}")
            return self.value(schema[branch], where)
        if isinstance(schema, str):
            schema = self.names.get(short(schema), {"type": schema})
        return _READ[schema["type"]](self, schema, where)

    def record(self, schema: dict[str, Any], where: str) -> dict[str, Any]:
        return {
            field["name"]: self.value(field["type"], f"{where}.{field['name']}".lstrip("."))
            for field in schema["fields"]
        }

    def symbol(self, schema: dict[str, Any], where: str) -> str:
        symbols: list[str] = schema["symbols"]
        index = self.primitive(read_int, where)
        if not 0 <= index < len(symbols):
            what = f"symbol {index} of {len(symbols)}"
            self.fail(where, what, DeadLetterReason.UNKNOWN_ENUM)
        return symbols[index]

    def array(self, schema: dict[str, Any], where: str) -> list[Any]:
        found: list[Any] = []
        while count := self.primitive(read_count, where):
            for _ in range(count):
                found.append(self.value(schema["items"], f"{where}[{len(found)}]"))
        return found

    def chunk(self, where: str) -> bytes:
        size, left = self.primitive(read_size, where), len(self.data) - self.at
        if size > left:
            self.fail(where, f"a length of {size}, and {left} bytes are left")
        self.at += size
        return self.data[self.at - size : self.at]

    def text(self, where: str) -> str:
        try:
            return self.chunk(where).decode()
        except UnicodeDecodeError:
            pass  # outside of the handler, so that the error does not carry the text
        return self.fail(where, "not UTF-8")

    def primitive(self, read: Callable[[bytes, int], tuple[int, int]], where: str) -> int:
        try:
            value, self.at = read(self.data, self.at)
        except IndexError:
            self.fail(where, "the record is cut short")
        except ValueError as error:
            self.fail(where, str(error))
        return value


_READ: dict[str, Callable[[_Walk, dict[str, Any], str], Any]] = {
    "record": _Walk.record,
    "enum": _Walk.symbol,
    "array": _Walk.array,
    "long": lambda walk, _schema, where: walk.primitive(read_long, where),
    "int": lambda walk, _schema, where: walk.primitive(read_int, where),
    "boolean": lambda walk, _schema, where: walk.primitive(read_bool, where),
    "bytes": lambda walk, _schema, where: walk.chunk(where),
    "string": lambda walk, _schema, where: walk.text(where),
    "null": lambda _walk, _schema, _where: None,
}
"""How each kind of type is read."""
