"""Each way to break old records is found, each harmless change is let through."""

import copy
import io
import json
import shutil

import fastavro
import pytest

from schemas import compatibility
from schemas.source import AVRO, releases
from tests.schemas.oracles import FastAvro
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
        {"name": "part", "type": {"type": "record", "name": "Part", "fields": []}},
        {"name": "first", "type": ["null", "Kind"], "default": None},
    ],
}
OLD["fields"][5]["type"]["fields"].append({"name": "size", "type": "long"})


def changed(change):
    schema = copy.deepcopy(OLD)
    change({field["name"]: field for field in schema["fields"]}, schema)
    return compatibility.breaks(schema, OLD)


def test_the_current_schemas_read_what_every_release_wrote(capsys):
    assert releases()
    assert compatibility.check() == []
    assert compatibility.main() == 0
    assert capsys.readouterr().err == ""


def test_a_break_with_any_release_is_told_with_its_cure(tmp_path, capsys):
    for version in ("0.9.0", "0.10.0"):
        shutil.copytree(AVRO, tmp_path / version)
    path = tmp_path / "0.9.0" / "verdict.avsc"
    schema = json.loads(path.read_text())
    schema["fields"][0]["type"] = "long"
    path.write_text(json.dumps(schema))
    gone = {"type": "record", "name": "Gone", "fields": []}
    (tmp_path / "0.10.0" / "gone.avsc").write_text(json.dumps(gone))

    assert [release.name for release in releases(tmp_path)] == ["0.9.0", "0.10.0"]
    assert compatibility.main(tmp_path) == 1
    assert capsys.readouterr().err.splitlines() == [
        "Verdict.account_id: long has become string; keep the type and add a new field",
        "Gone: the record is gone; keep the schema of a released record",
    ]


def test_before_the_first_release_nothing_is_broken(tmp_path):
    assert compatibility.check(released=tmp_path / "none") == []


def test_a_schema_reads_itself():
    for schema in [OLD, *SCHEMAS.values()]:
        assert compatibility.breaks(schema, schema) == []


def test_a_record_that_contains_itself_is_compared_once():
    node = {"type": "record", "name": "Node", "fields": []}
    node["fields"].append({"name": "next", "type": ["null", "Node"], "default": None})
    assert compatibility.breaks(node, node) == []


def _add(field):
    return lambda fields, schema: schema["fields"].append(field)


def _drop(name):
    return lambda fields, schema: schema["fields"].remove(fields[name])


def _type(name, new):
    return lambda fields, schema: fields[name].update(type=new)


def _inside(field, /, **new):
    return lambda fields, schema: fields[field]["type"].update(new)


def _rename(name, new, /, **more):
    return lambda fields, schema: fields[name].update(name=new, **more)


HARMLESS = [
    _add({"name": "new", "type": "string", "default": ""}),
    _add({"name": "new", "type": ["null", "long"], "default": None}),
    _drop("note"),
    _rename("id", "key", aliases=["id"]),
    _type("count", "long"),
    _type("count", "double"),
    _type("id", "bytes"),
    _type("id", ["null", "string"]),
    _type("tags", {"type": "array", "items": ["null", "string"]}),
    _inside("kind", symbols=["A", "B", "C"]),
    _inside("kind", symbols=["B", "A"]),
    _inside("kind", symbols=["A"], default="A"),
    lambda fields, schema: schema.update(namespace="elsewhere"),
    _inside("part", fields=[]),
    _inside("part", fields=[{"name": "size", "type": ["null", "long"]}]),
    lambda fields, schema: schema.update(name="Item", aliases=["Thing"]),
]


@pytest.mark.parametrize("change", HARMLESS)
def test_a_harmless_change_is_let_through(change):
    assert changed(change) == []


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        (_add({"name": "new", "type": "string"}), "Thing.new", "no default"),
        (_rename("id", "key"), "Thing.key", "no default"),
        (_type("count", "string"), "Thing.count", "int has become string"),
        (_type("note", "string"), "Thing.note", "null has become string"),
        (_type("note", ["null", "long"]), "Thing.note", "no branch reads string"),
        (_type("note", ["string", "long"]), "Thing.note", "no branch reads null"),
        (_type("tags", {"type": "array", "items": "int"}), "Thing.tags[]", "string has become int"),
        (_type("tags", "string"), "Thing.tags", "array has become string"),
        (_inside("kind", symbols=["A"]), "Thing.kind", "symbols are gone: B"),
        (_inside("kind", name="Sort"), "Thing.kind", "enum Kind is now Sort"),
        (_inside("part", name="Piece"), "Thing.part", "record Part is now Piece"),
        (
            _inside("part", fields=[{"name": "size", "type": "int"}]),
            "Thing.part.size",
            "long has become int",
        ),
        (
            _inside("part", fields=[{"name": "weight", "type": "int"}]),
            "Thing.part.weight",
            "no default",
        ),
        (lambda fields, schema: schema.update(name="Item"), "Item", "record Thing is now Item"),
    ],
)
def test_a_break_is_found_where_it_is(change, where, what):
    found = changed(change)
    assert found[0].where == where
    assert what in found[0].what
    assert found[0].hint


def test_only_symbols_are_broken_where_only_symbols_are_gone():
    """Such schemas still read the records that have other symbols."""
    found = changed(_inside("kind", symbols=["A"]))
    assert {item.where for item in found} == {"Thing.kind", "Thing.first"}
    assert all(item.symbols for item in found)
    assert not any(item.symbols for item in changed(_type("count", "string")))


def test_another_reader_reads_old_records_after_each_harmless_change():
    value = {"id": "i", "count": 1, "kind": "B", "note": "n", "tags": ["t"], "part": {"size": 7}}
    old = FastAvro(OLD)
    body = old.write(value | {"first": "B"})
    for change in HARMLESS:
        schema = copy.deepcopy(OLD)
        change({field["name"]: field for field in schema["fields"]}, schema)
        reader = fastavro.parse_schema(schema)
        assert fastavro.schemaless_reader(io.BytesIO(body), old.schema, reader)
