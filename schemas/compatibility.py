"""Checks that records written with released schemas can still be read.

``python -m schemas.compatibility`` compares the current schemas with every released set, by Avro's
resolution rules, and prints every break with its cure. A released set is a directory of
``schemas/released/`` named by its version; it is never changed afterwards.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from schemas.source import AVRO, RELEASED, Schema, load, named, releases, short

PROMOTIONS = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}


class Break(NamedTuple):
    """Why old records could not be read: where, what, and what to do instead.

    ``symbols`` says that only records with certain enum symbols cannot be read.
    """

    where: str
    what: str
    hint: str
    symbols: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.hint}"


def breaks(reader: Schema, writer: Schema) -> list[Break]:
    """What keeps the reader's schema from reading what the writer's schema wrote."""
    top = reader.get("name", "record") if isinstance(reader, dict) else "record"
    return list(_Comparison(named(reader), named(writer)).compare(reader, writer, top))


def check(current: Path = AVRO, released: Path = RELEASED) -> list[Break]:
    """Every break between the current schemas and the released sets, each told once."""
    now = load(current)
    found: dict[Break, None] = {}
    for directory in releases(released):
        for name, writer in load(directory).items():
            if name in now:
                found |= dict.fromkeys(breaks(now[name], writer))
            else:
                gone = Break(name, "the record is gone", "keep the schema of a released record")
                found[gone] = None
    return list(found)


class _Comparison:
    """Compares two schemas; ``ours`` and ``theirs`` are the types that each of them names."""

    def __init__(self, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
        self.ours = ours
        self.theirs = theirs
        self.open: set[tuple[str, str]] = set()  # pairs of records under comparison

    def compare(self, reader: Schema, writer: Schema, where: str) -> Iterator[Break]:
        r_kind, r = _kind(reader, self.ours)
        w_kind, w = _kind(writer, self.theirs)
        if w_kind == "union":
            for branch in w:
                yield from self.compare(reader, branch, where)
        elif r_kind == "union":
            yield from self.any_branch(r, writer, w_kind, where)
        elif r_kind != w_kind:
            if r_kind not in PROMOTIONS.get(w_kind, ()):
                hint = "keep the type and add a new field"
                yield Break(where, f"{w_kind} has become {r_kind}", hint)
        elif r_kind == "record":
            yield from self.records(r, w, where)
        elif r_kind == "enum":
            yield from self.enums(r, w, where)
        elif r_kind == "array":
            yield from self.compare(r["items"], w["items"], f"{where}[]")
        elif r_kind == "map":
            yield from self.compare(r["values"], w["values"], f"{where}{{}}")
        elif r_kind == "fixed" and (names_differ(r, w) or r["size"] != w["size"]):
            yield Break(where, f"{w['name']} has changed", "keep the name and the size")

    def any_branch(
        self, branches: list[Schema], writer: Schema, kind: str, where: str
    ) -> Iterator[Break]:
        found = [list(self.compare(branch, writer, where)) for branch in branches]
        if [] in found:
            return
        partial = [items for items in found if all(item.symbols for item in items)]
        if partial:
            yield from partial[0]
        else:
            yield Break(where, f"no branch reads {kind}", "add the old type to the union")

    def records(self, r: dict[str, Any], w: dict[str, Any], where: str) -> Iterator[Break]:
        pair = (r["name"], w["name"])
        if names_differ(r, w):
            yield Break(where, f"record {w['name']} is now {r['name']}", "keep the name")
        if pair in self.open:
            return
        self.open.add(pair)
        written = {field["name"]: field for field in w["fields"]}
        for field in r["fields"]:
            place = f"{where}.{field['name']}"
            names = [field["name"], *field.get("aliases", [])]
            old = next((written[name] for name in names if name in written), None)
            if old is not None:
                yield from self.compare(field["type"], old["type"], place)
            elif "default" not in field:
                yield Break(place, "a new field has no default", "give it one")
        self.open.discard(pair)

    def enums(self, r: dict[str, Any], w: dict[str, Any], where: str) -> Iterator[Break]:
        if names_differ(r, w):
            yield Break(where, f"enum {w['name']} is now {r['name']}", "keep the name")
        missing = [symbol for symbol in w["symbols"] if symbol not in r["symbols"]]
        if missing and "default" not in r:
            gone = f"symbols are gone: {', '.join(missing)}"
            yield Break(where, gone, "keep every symbol", symbols=True)


def names_differ(reader: dict[str, Any], writer: dict[str, Any]) -> bool:
    """Whether two named types have different names, namespaces and known aliases set aside."""
    ours = [reader["name"], *reader.get("aliases", [])]
    return short(writer["name"]) not in map(short, ours)


def _kind(schema: Schema, names: dict[str, Any]) -> tuple[str, Any]:
    """Kind of a type (primitive name, enum, record, array, union) and its definition."""
    if isinstance(schema, list):
        return "union", schema
    if isinstance(schema, str):
        definition = names.get(short(schema))
        return (schema, schema) if definition is None else (definition["type"], definition)
    kind = schema["type"]
    return (kind, schema) if isinstance(kind, str) and kind not in names else _kind(kind, names)


def main(released: Path = RELEASED) -> int:
    """Print every break of the current schemas; returns the exit code."""
    found = check(released=released)
    for item in found:
        sys.stderr.write(f"{item}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
