"""Source of a fast reader and a fast writer of a record's Avro binary form, for `generate`.

The readers decode what other writers ordinarily produce, in straight lines. Whatever is out of the
ordinary, they refuse by raising `IndexError`, `KeyError` or `ValueError`; `schemas.careful` then
has the last word. So a refusal may cost time, and never a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from schemas.source import TIMESTAMP, Schema, short

Lines = Iterator[str]

MAX_SYMBOLS = 64
"""Enums up to this size take one byte."""

SIX_BYTES = sum(0x80 << (7 * n) for n in range(5))
"""Continuation bits of a timestamp, which takes six bytes from July 1970 to September 2039."""


REPEATED = frozenset(
    (
        *("pack_id", "pack_version", "pack_hash", "source_topic", "level", "previous_level"),
        *("rule_id", "obligation_id", "article", "reason", "technique", "actor", "ip_label"),
    )
)
"""Fields of few different texts, whose binary form is made once."""


class SchemaError(Exception):
    """The schemas contradict each other, or use what the generator does not know."""


def nullable(schema: Schema) -> Schema | None:
    """The type behind a union with null; None for any other type."""
    if not isinstance(schema, list):
        return None
    if len(schema) != 2 or schema[0] != "null" or isinstance(schema[1], list):
        raise SchemaError(f"only unions of null and one type are known, not {schema}")
    return schema[1]


def base(schema: Schema, names: dict[str, Any]) -> str:
    """The kind of a type that is no union, a key of `READ`."""
    if schema == TIMESTAMP:
        return "time"
    if isinstance(schema, str) and short(schema) in names:
        schema = names[short(schema)]
    kind = schema["type"] if isinstance(schema, dict) else schema
    logical = isinstance(schema, dict) and "logicalType" in schema
    if logical or not isinstance(kind, str) or kind not in READ:
        raise SchemaError(f"type {schema} is not known to the generator")
    return kind


def type_name(schema: Schema) -> str:
    """The name of an enum or a record, defined here or elsewhere."""
    return short(schema if isinstance(schema, str) else schema["name"])


def by_position(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fields in the order in which a struct takes them: those with a default last."""
    return sorted(fields, key=lambda field: "default" in field)


def indent(lines: Lines, by: int = 1) -> Lines:
    """Lines moved to the right."""
    return ("    " * by + line for line in lines)


def reader(
    schema: dict[str, Any], names: dict[str, Any], annotation: Callable[[Schema], str]
) -> str:
    """Source of the function that reads a record; ``names`` are all named types there are."""
    name, fields = schema["name"], schema["fields"]
    lines = [
        f"def read_{name}(_data: bytes, _at: int) -> tuple[{name}, int]:",
        f'    """Read one {name} at an offset; returns it and the offset after it."""',
    ]
    emit = _Reader(names, annotation)
    for field in fields:
        lines += indent(emit.value(field["type"], field["name"]))
    # By position: finding a keyword takes the longer, the more fields there are.
    values = ", ".join(field["name"] for field in by_position(fields))
    lines += [
        "    if _at > len(_data):",
        '        raise ValueError("the record is cut short")',
        f"    return {name}({values}), _at",
    ]
    return "\n".join(lines) + "\n"


class _Reader:
    """Emits the lines that read a value into a local name."""

    def __init__(self, names: dict[str, Any], annotation: Callable[[Schema], str]) -> None:
        self.names = names
        self.annotation = annotation

    def value(self, schema: Schema, into: str) -> Lines:
        inner = nullable(schema)
        if inner is None:
            yield from READ[base(schema, self.names)](self, schema, into)
            return
        yield f"{into}: {self.annotation(schema)}"
        yield "_n = _data[_at]"
        yield "_at += 1"
        yield "if not _n:"
        yield f"    {into} = None"
        yield "elif _n == 2:"
        yield from indent(self.value(inner, into))
        yield "else:"
        yield f'    raise ValueError("{into}: no such branch of a union")'

    def chunk(self, into: str, value: str) -> Lines:
        # A length that reaches past the end is noticed at the end of the record: offsets only grow.
        yield "_n = _data[_at]"
        yield "_at += 1"
        yield "if not _n & 0x81:"
        yield "    _n >>= 1"
        yield "elif not (_n & 1 or (_m := _data[_at]) & 0x80):"
        yield "    _at += 1"
        yield "    _n = (_n & 0x7E | _m << 7) >> 1"
        yield "else:"
        yield "    _n, _at = read_size(_data, _at - 1)"
        yield f"{into} = {value}"
        yield "_at += _n"

    def string(self, _schema: Schema, into: str) -> Lines:
        return self.chunk(into, "_data[_at : _at + _n].decode()")

    def bytes(self, _schema: Schema, into: str) -> Lines:
        return self.chunk(into, "_data[_at : _at + _n]")

    def number(self, schema: Schema, into: str) -> Lines:
        yield "_n = _data[_at]"
        yield "if _n < 0x80:"
        yield f"    {into} = (_n >> 1) ^ -(_n & 1)"
        yield "    _at += 1"
        yield "else:"
        yield f"    {into}, _at = read_{base(schema, self.names)}(_data, _at)"

    def time(self, _schema: Schema, into: str) -> Lines:
        yield "_a, _b, _c, _d, _e, _n = _data[_at : _at + 6]"
        yield "if _n < 0x80 and _a & _b & _c & _d & _e & 0x80:"
        yield "    _n = _a + (_b << 7) + (_c << 14) + (_d << 21) + (_e << 28) + (_n << 35)"
        yield f"    _n -= {SIX_BYTES:#x}"
        yield f"    {into} = (_n >> 1) ^ -(_n & 1)"
        yield "    _at += 6"
        yield "else:"
        yield f"    {into}, _at = read_long(_data, _at)"

    def boolean(self, _schema: Schema, into: str) -> Lines:
        yield f"{into}, _at = read_bool(_data, _at)"

    def enum(self, schema: Schema, into: str) -> Lines:
        yield f"{into} = _{type_name(schema)}_OF[_data[_at]]"
        yield "_at += 1"

    def record(self, schema: Schema, into: str) -> Lines:
        yield f"{into}, _at = read_{type_name(schema)}(_data, _at)"

    def array(self, schema: Schema, into: str) -> Lines:
        yield f"{into}_items: list[{self.annotation(schema['items'])}] = []"
        yield "if not _data[_at]:"
        yield "    _at += 1"
        yield "else:"
        yield f"    {into}_count, _at = read_count(_data, _at)"
        yield f"    while {into}_count:"
        yield f"        for _ in range({into}_count):"
        yield from indent(self.value(schema["items"], f"{into}_item"), 3)
        yield f"            {into}_items.append({into}_item)"
        yield f"        {into}_count, _at = read_count(_data, _at)"
        yield f"{into} = tuple({into}_items)"


READ: dict[str, Callable[[_Reader, Schema, str], Lines]] = {
    "string": _Reader.string,
    "bytes": _Reader.bytes,
    "long": _Reader.number,
    "int": _Reader.number,
    "time": _Reader.time,
    "boolean": _Reader.boolean,
    "enum": _Reader.enum,
    "record": _Reader.record,
    "array": _Reader.array,
}
"""How each kind of type is read; a kind that is not here is not known to the generator."""


def writer(schema: dict[str, Any], names: dict[str, Any]) -> str:
    """Source of the function that writes a record; ``names`` are all named types there are."""
    name = schema["name"]
    lines = [
        f"def write_{name}(_record: {name}, _out: bytearray) -> None:",
        f'    """Append the Avro binary form of one {name}."""',
        "    _append = _out.append",
    ]
    emit = _Writer(names)
    for field in schema["fields"]:
        emit.repeated = field["name"] in REPEATED
        lines += indent(emit.value(field["type"], f"_record.{field['name']}", field["name"]))
    return "\n".join(lines) + "\n"


class _Writer:
    """Emits the lines that write a value; ``local`` is a name free to use on the way.

    ``repeated`` says of the field at hand whether its texts come again and again.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.repeated = False

    def value(self, schema: Schema, value: str, local: str) -> Lines:
        inner = nullable(schema)
        if inner is None:
            yield from WRITE[base(schema, self.names)](self, schema, value, local)
            return
        yield f"if ({local} := {value}) is None:"
        yield "    _append(0)"
        yield "else:"
        yield "    _append(2)"
        yield from indent(self.value(inner, local, local))

    def chunk(self, value: str) -> Lines:
        yield f"_raw = {value}"
        yield "_n = len(_raw)"
        yield "if _n < 0x40:"
        yield "    _append(_n << 1)"
        yield "elif _n < 0x2000:"
        yield "    _append(_n << 1 & 0x7F | 0x80)"
        yield "    _append(_n >> 6)"
        yield "else:"
        yield "    write_long(_n, _out)"
        yield "_out += _raw"

    def string(self, _schema: Schema, value: str, _local: str) -> Lines:
        if self.repeated:
            yield f"_out += _TEXTS[{value}]"
        else:
            yield from self.chunk(f"{value}.encode()")

    def bytes(self, _schema: Schema, value: str, _local: str) -> Lines:
        return self.chunk(value)

    def number(self, schema: Schema, value: str, local: str) -> Lines:
        if value != local:
            yield f"{local} = {value}"
        yield f"if 0 <= {local} < 0x40:"
        yield f"    _append({local} << 1)"
        yield "else:"
        yield f"    write_{base(schema, self.names)}({local}, _out)"

    def time(self, _schema: Schema, value: str, local: str) -> Lines:
        if value != local:
            yield f"{local} = {value}"
        yield f"if 0x400000000 <= {local} < 0x20000000000:"
        yield f"    _out += _MORE[{local} << 1 & 0x3FFF]"
        yield f"    _out += _MORE[{local} >> 13 & 0x3FFF]"
        yield f"    _out += _LAST[{local} >> 27]"
        yield "else:"
        yield f"    write_long({local}, _out)"

    def boolean(self, _schema: Schema, value: str, _local: str) -> Lines:
        yield f"_append(1 if {value} else 0)"

    def enum(self, schema: Schema, value: str, _local: str) -> Lines:
        yield f"_append(_{type_name(schema)}_AS[{value}])"

    def record(self, schema: Schema, value: str, _local: str) -> Lines:
        yield f"write_{type_name(schema)}({value}, _out)"

    def array(self, schema: Schema, value: str, local: str) -> Lines:
        yield f"if {local}_items := {value}:"
        yield f"    write_long(len({local}_items), _out)"
        yield f"    for {local}_item in {local}_items:"
        yield from indent(self.value(schema["items"], f"{local}_item", f"{local}_item"), 2)
        yield "_append(0)"


WRITE: dict[str, Callable[[_Writer, Schema, str, str], Lines]] = {
    "string": _Writer.string,
    "bytes": _Writer.bytes,
    "long": _Writer.number,
    "int": _Writer.number,
    "time": _Writer.time,
    "boolean": _Writer.boolean,
    "enum": _Writer.enum,
    "record": _Writer.record,
    "array": _Writer.array,
}
"""How each kind of type is written."""
