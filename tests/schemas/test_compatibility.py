"""Each way to break old records is found, each harmless change is let through."""

import copy

import pytest

from schemas import compatibility
from tests.schemas.strategies import SCHEMAS

OLD = {
    "type": "record",
    "name": "Thing",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "count", "type": "int"},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
        {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
    ],
}


def changed(change):
    schema = copy.deepcopy(OLD)
    change({field["name"]: field for field in schema["fields"]}, schema)
    return compatibility.breaks(schema, OLD)


def test_the_current_schemas_read_what_the_last_release_wrote():
    assert compatibility.last_release() is not None
    assert compatibility.check() == []


def test_a_schema_reads_itself():
    for schema in [OLD, *SCHEMAS.values()]:
        assert compatibility.breaks(schema, schema) == []


def _add(field):
    return lambda fields, schema: schema["fields"].append(field)


def _drop(name):
    return lambda fields, schema: schema["fields"].remove(fields[name])


def _type(name, new):
    return lambda fields, schema: fields[name].update(type=new)


@pytest.mark.parametrize(
    "change",
    [
        _add({"name": "new", "type": "string", "default": ""}),
        _add({"name": "new", "type": ["null", "long"], "default": None}),
        _drop("note"),
        _type("count", "long"),
        _type("id", ["null", "string"]),
        _type("kind", {"type": "enum", "name": "Kind", "symbols": ["A", "B", "C"]}),
    ],
)
def test_a_harmless_change_is_let_through(change):
    assert changed(change) == []


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        (_add({"name": "new", "type": "string"}), "Thing.new", "no default"),
        (_type("count", "string"), "Thing.count", "int has become string"),
        (_type("note", "string"), "Thing.note", "null has become string"),
        (_type("note", ["null", "long"]), "Thing.note", "no branch reads string"),
        (_type("tags", {"type": "array", "items": "int"}), "Thing.tags[]", "string has become int"),
        (
            _type("kind", {"type": "enum", "name": "Kind", "symbols": ["A"]}),
            "Thing.kind",
            "symbols are gone: B",
        ),
        (
            _type("kind", {"type": "enum", "name": "Kind", "symbols": ["B", "A"]}),
            "Thing.kind",
            "another order",
        ),
    ],
)
def test_a_break_is_found_where_it_is(change, where, what):
    found = changed(change)
    assert [item.where for item in found] == [where]
    assert what in found[0].what
    assert found[0].hint
