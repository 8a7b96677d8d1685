"""Hypothesis strategies for records, derived from the schemas themselves."""

from hypothesis import strategies as st

from schemas import records
from schemas.generate import nullable, short
from schemas.source import AVRO, load

LONGS = st.integers(-(2**63), 2**63 - 1)
INTS = st.integers(-(2**31), 2**31 - 1)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=80)


def values(schema):
    """Python values of an Avro type."""
    inner = nullable(schema)
    if inner is not None:
        return st.none() | values(inner)
    if isinstance(schema, str):
        primitives = {
            "string": TEXTS,
            "bytes": st.binary(max_size=80),
            "long": LONGS,
            "int": INTS,
            "boolean": st.booleans(),
        }
        if schema in primitives:
            return primitives[schema]
        return st.sampled_from(list(getattr(records, short(schema))))
    kind = schema["type"]
    if kind == "enum":
        return st.sampled_from(list(getattr(records, schema["name"])))
    if kind == "array":
        return st.lists(values(schema["items"]), max_size=3).map(tuple)
    if kind == "record":
        return record(schema)
    if schema.get("logicalType") == "timestamp-millis":
        return st.integers(0, 4_102_444_800_000)
    return values(kind)


def record(schema):
    """Records of a schema."""
    fields = {field["name"]: values(field["type"]) for field in schema["fields"]}
    if "account_id" in fields:
        fields["account_id"] = fields["account_id"].filter(bool)
    return st.builds(getattr(records, schema["name"]), **fields)


SCHEMAS = load(AVRO)
"""The schema of every topic's record, by name."""
