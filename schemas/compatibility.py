"""Checks that records written with released schemas can still be read.

``python -m schemas.compatibility`` compares the current schemas with the last released set, by
Avro's resolution rules, and prints every break with its cure. A released set is a directory of
``schemas/released/`` named by its version; it is never changed afterwards.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from schemas.source import AVRO, RELEASED, load

PROMOTIONS = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}


class Break(NamedTuple):
    """Why old records could not be read: where, what, and what to do instead."""

    where: str
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.hint}"


def breaks(reader: dict[str, Any], writer: dict[str, Any]) -> list[Break]:
    """What keeps the reader's schema from reading what the writer's schema wrote."""
    return list(_compare(reader, writer, reader["name"], _named(reader), _named(writer)))


def last_release(directory: Path = RELEASED) -> Path | None:
    """Directory of the last released set; None before the first release."""
    versions = [path for path in directory.iterdir() if path.is_dir()] if directory.is_dir() else []
    return max(versions, key=lambda path: [int(n) for n in path.name.split(".")], default=None)


def check(current: Path = AVRO, released: Path | None = None) -> list[Break]:
    """Every break between the current schemas and a released set (the last one by default)."""
    directory = released or last_release()
    if directory is None:
        return []
    now, then = load(current), load(directory)
    found = []
    for name, writer in then.items():
        if name in now:
            found += breaks(now[name], writer)
        else:
            found.append(Break(name, "the record is gone", "keep the schema of a released record"))
    return found


def _named(schema: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if isinstance(schema, list):
        for branch in schema:
            found |= _named(branch)
    elif isinstance(schema, dict):
        if "name" in schema:
            found[schema["name"]] = schema
        for part in (schema.get("items"), *(f["type"] for f in schema.get("fields", []))):
            if part is not None:
                found |= _named(part)
    return found


def _kind(schema: Any, names: dict[str, Any]) -> tuple[str, Any]:
    """Kind of a type (primitive name, enum, record, array, union) and its definition."""
    if isinstance(schema, list):
        return "union", schema
    if isinstance(schema, str):
        definition = names.get(schema.rsplit(".", 1)[-1])
        return (schema, schema) if definition is None else (definition["type"], definition)
    kind = schema["type"]
    return (kind, schema) if kind in ("record", "enum", "array") else _kind(kind, names)


Names = dict[str, Any]


def _compare(reader: Any, writer: Any, where: str, ours: Names, theirs: Names) -> Iterator[Break]:
    r_kind, r = _kind(reader, ours)
    w_kind, w = _kind(writer, theirs)
    if w_kind == "union":
        for branch in w:
            yield from _compare(reader, branch, where, ours, theirs)
    elif r_kind == "union":
        if not any(not list(_compare(branch, writer, where, ours, theirs)) for branch in r):
            yield Break(where, f"no branch reads {w_kind}", "add the old type to the union")
    elif r_kind != w_kind:
        if r_kind not in PROMOTIONS.get(w_kind, ()):
            hint = "keep the type and add a new field"
            yield Break(where, f"{w_kind} has become {r_kind}", hint)
    elif r_kind == "record":
        yield from _compare_records(r, w, where, ours, theirs)
    elif r_kind == "enum":
        missing = [s for s in w["symbols"] if s not in r["symbols"]]
        if missing and "default" not in r:
            yield Break(where, f"symbols are gone: {', '.join(missing)}", "keep every symbol")
        if r["symbols"][: len(w["symbols"])] != w["symbols"] and not missing:
            hint = "append new symbols at the end: generated readers take them by number"
            yield Break(where, "symbols have another order", hint)
    elif r_kind == "array":
        yield from _compare(r["items"], w["items"], f"{where}[]", ours, theirs)


def _compare_records(
    reader: dict[str, Any], writer: dict[str, Any], where: str, ours: Names, theirs: Names
) -> Iterator[Break]:
    if reader["name"] != writer["name"]:
        yield Break(where, f"record {writer['name']} is now {reader['name']}", "keep the name")
    written = {field["name"]: field for field in writer["fields"]}
    for field in reader["fields"]:
        place = f"{where}.{field['name']}"
        old = written.get(field["name"])
        if old is not None:
            yield from _compare(field["type"], old["type"], place, ours, theirs)
        elif "default" not in field:
            yield Break(place, "a new field has no default", "give it one")


def main() -> int:
    """Print every break; returns the exit code."""
    found = check()
    for item in found:
        sys.stderr.write(f"{item}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
