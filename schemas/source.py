"""The Avro schemas as they lie in the package: the only source of truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

AVRO = Path(__file__).parent / "avro"
"""Schemas of this version, one file a record."""

RELEASED = Path(__file__).parent / "released"
"""Schemas of each released version, in a directory named by it; never changed afterwards."""

Schema = Any
"""An Avro schema as JSON: a name, a list of union branches, or an object."""

TIMESTAMP = {"type": "long", "logicalType": "timestamp-millis"}
"""Milliseconds since the epoch; a plain int in Python."""


def load(directory: Path = AVRO) -> dict[str, dict[str, Any]]:
    """The schemas of a directory by record name."""
    schemas = [json.loads(path.read_text("utf-8")) for path in sorted(directory.glob("*.avsc"))]
    return {schema["name"]: schema for schema in schemas}


def releases(directory: Path = RELEASED) -> list[Path]:
    """The directories of the released sets, oldest first."""
    found = [path for path in directory.iterdir() if path.is_dir()] if directory.is_dir() else []
    return sorted(found, key=lambda path: [int(number) for number in path.name.split(".")])


def short(name: str) -> str:
    """A name without its namespace."""
    return name.rsplit(".", 1)[-1]


def parts(schema: Schema) -> list[Schema]:
    """The types a type is directly made of."""
    if isinstance(schema, list):
        return list(schema)
    if not isinstance(schema, dict):
        return []
    inner = [schema[key] for key in ("items", "values") if key in schema]
    return inner + [field["type"] for field in schema.get("fields", [])]


def named(schema: Schema) -> dict[str, dict[str, Any]]:
    """Every named type defined in a schema, by its name without namespace."""
    found = {}
    if isinstance(schema, dict) and "name" in schema:
        found[short(schema["name"])] = schema
    for part in parts(schema):
        found |= named(part)
    return found


def plain(schema: Schema) -> Schema:
    """The schema without logical types: a timestamp is its number of milliseconds."""
    if isinstance(schema, list):
        return [plain(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    bare = {key: value for key, value in schema.items() if key != "logicalType"}
    if "fields" in bare:
        bare["fields"] = [{**field, "type": plain(field["type"])} for field in bare["fields"]]
    for key in ("items", "values"):
        if key in bare:
            bare[key] = plain(bare[key])
    if isinstance(bare["type"], list | dict):
        bare["type"] = plain(bare["type"])
    return bare


def by_reference(schema: Schema, inside: bool = False) -> Schema:
    """The schema with every named type inside it by its short name, as if defined before."""
    if isinstance(schema, list):
        return [by_reference(branch, inside=True) for branch in schema]
    if not isinstance(schema, dict):
        return short(schema)
    if inside and "name" in schema:
        return short(schema["name"])
    bare = dict(schema)
    if "fields" in bare:
        bare["fields"] = [
            {**field, "type": by_reference(field["type"], inside=True)} for field in bare["fields"]
        ]
    for key in ("items", "values"):
        if key in bare:
            bare[key] = by_reference(bare[key], inside=True)
    return bare
