"""Hypothesis strategies for records, derived from the schemas themselves."""

from hypothesis import strategies as st

from schemas import records
from schemas.emit import nullable
from schemas.source import AVRO, TIMESTAMP, load, short

SCHEMAS = load(AVRO)
"""The schema of every topic's record, by name."""

NAMES = sorted(SCHEMAS)


def edges(bits):
    """Integers where a variable-length form takes one byte more, up to the last of so many bits."""
    powers = [2**n for n in range(bits)]
    return sorted({0, *(-n for n in powers), *(n - 1 for n in powers), *powers[:-1]})


LONGS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from(edges(64))
INTS = st.integers(-(2**31), 2**31 - 1) | st.sampled_from(edges(32))
TIMES = st.integers(0, 4_102_444_800_000) | st.sampled_from([0, 2**34 - 1, 2**34, 2**41 - 1, 2**41])
TEXTS = st.text(st.characters(codec="utf-8"), max_size=80)

PRIMITIVES = {
    "string": TEXTS,
    "bytes": st.binary(max_size=80),
    "long": LONGS,
    "int": INTS,
    "boolean": st.booleans(),
}


def values(schema):
    """Python values of an Avro type."""
    inner = nullable(schema)
    if inner is not None:
        return st.none() | values(inner)
    if schema == TIMESTAMP:
        return TIMES
    if isinstance(schema, str):
        if schema in PRIMITIVES:
            return PRIMITIVES[schema]
        return st.sampled_from(getattr(records, short(schema)))
    if schema["type"] == "enum":
        return st.sampled_from(getattr(records, schema["name"]))
    if schema["type"] == "array":
        return st.lists(values(schema["items"]), max_size=3).map(tuple)
    return record(schema)


def record(schema):
    """Records of a schema; one that has an account_id has one that is not empty."""
    fields = {field["name"]: values(field["type"]) for field in schema["fields"]}
    if "account_id" in fields:
        fields["account_id"] = fields["account_id"].filter(bool)
    return st.builds(getattr(records, schema["name"]), **fields)
