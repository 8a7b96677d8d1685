"""The generated file is that of the schemas, and schemas that cannot be are told."""

import copy

import pytest

from schemas import generate
from schemas.emit import SchemaError
from schemas.generate import TARGET, Generator
from schemas.source import named
from tests.schemas.strategies import SCHEMAS


def test_the_generated_file_is_that_of_the_schemas():
    assert TARGET.read_text("utf-8") == Generator(SCHEMAS).source()
    assert generate.main(["--check"]) == 0


def test_a_file_that_is_out_of_date_is_told_and_written_anew(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(generate, "TARGET", tmp_path / "records.py")
    assert generate.main(["--check"]) == 1
    assert "run `python -m schemas.generate`" in capsys.readouterr().err
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_every_record_field_and_enum_says_what_it_is():
    for schema in SCHEMAS.values():
        for kind in named(schema).values():
            assert kind["doc"]
            assert all(field["doc"] for field in kind.get("fields", []))


def thing(*fields, name="Thing"):
    fields = [{"doc": "d", **field} for field in fields]
    return {"type": "record", "name": name, "doc": "d", "fields": fields}


def enum(*symbols, name="Kind"):
    return {"type": "enum", "name": name, "doc": "d", "symbols": list(symbols)}


def source(*schemas):
    return Generator({schema["name"]: schema for schema in schemas}).source()


def test_a_type_that_two_files_define_alike_is_generated_once():
    field = {"name": "kind", "type": enum("A", "B")}
    text = source(thing(field), thing(copy.deepcopy(field), name="Other"))
    assert text.count("class Kind(StrEnum)") == 1


@pytest.mark.parametrize(
    ("schemas", "message"),
    [
        (
            [
                thing({"name": "kind", "type": enum("A", "B")}),
                thing({"name": "kind", "type": enum("B", "A")}, name="Other"),
            ],
            "Kind is defined differently in two schema files",
        ),
        (
            [
                thing({"name": "kind", "type": enum("A")}),
                thing({"name": "kind", "type": "Kind"}, name="Other"),
            ],
            "Other.kind: Kind is used before this file defines it",
        ),
        ([thing({"name": "x", "type": "string", "doc": ""})], "Thing.x: has no doc"),
        ([thing({"name": "class", "type": "string"})], "Thing.class: class cannot be a name"),
        ([thing({"name": "_at", "type": "string"})], "Thing._at: _at cannot be a name"),
        ([thing({"name": "x", "type": "double"})], "double is used before"),
        ([thing({"name": "x", "type": {"type": "map", "values": "long"}})], "is not known"),
        ([thing({"name": "x", "type": ["string", "null"]})], "only unions of null and one type"),
        (
            [thing({"name": "x", "type": {"type": "long", "logicalType": "timestamp-micros"}})],
            "is not known to the generator",
        ),
        (
            [thing({"name": "x", "type": enum("A"), "default": "B"})],
            "Thing.x: 'B' cannot be its default",
        ),
        ([thing({"name": "x", "type": "long", "default": "0"})], "'0' cannot be its default"),
        ([thing({"name": "x", "type": "string", "default": None})], "None cannot be its default"),
        (
            [thing({"name": "x", "type": enum(*(f"S{n}" for n in range(65)))})],
            "Thing.x: more than 64 symbols",
        ),
    ],
)
def test_schemas_that_cannot_be_are_told(schemas, message):
    with pytest.raises(SchemaError) as caught:
        source(*schemas)
    assert message in str(caught.value)
