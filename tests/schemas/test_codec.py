"""The codec against two independent readers and writers, for every record."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import careful, codec, records
from schemas.binary import read_long, write_long
from schemas.codec import decode, encode
from tests.schemas.oracles import HEADER, AvroPython, FastAvro, header_of, plain_values
from tests.schemas.strategies import LONGS, NAMES, SCHEMAS, edges, record

ORACLES = [FastAvro, AvroPython]


def type_of(name):
    return getattr(records, name)


@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_read_again_by_us_and_by_another_reader(name, oracle):
    other = oracle(SCHEMAS[name])

    @settings(max_examples=30, deadline=None)
    @given(record(SCHEMAS[name]))
    def holds(value):
        data = encode(value)
        assert data[:HEADER] == header_of(SCHEMAS[name])
        assert decode(type_of(name), data) == value
        assert other.read(data[HEADER:]) == plain_values(value)

    holds()


@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize("name", NAMES)
def test_what_another_writer_wrote_is_read(name, oracle):
    other = oracle(SCHEMAS[name])

    @settings(max_examples=30, deadline=None)
    @given(record(SCHEMAS[name]))
    def holds(value):
        data = header_of(SCHEMAS[name]) + other.write(plain_values(value))
        assert decode(type_of(name), data) == value

    holds()


@pytest.mark.parametrize("name", NAMES)
def test_the_fast_and_the_careful_reader_agree(name):
    @settings(max_examples=30, deadline=None)
    @given(record(SCHEMAS[name]))
    def holds(value):
        assert careful.read(SCHEMAS[name], encode(value), HEADER) == plain_values(value)

    holds()


@pytest.mark.parametrize("name", NAMES)
def test_what_we_write_is_read_without_the_careful_reader(name):
    @settings(max_examples=30, deadline=None)
    @given(record(SCHEMAS[name]))
    def holds(value):
        assert read_fast(encode(value), type_of(name)) == value

    holds()


def read_fast(data, record_type=records.AccountChange):
    """What the generated reader alone makes of a record; bytes follow, as timestamps like it."""
    value, end = records.READERS[record_type](data + bytes(8), HEADER)
    assert end == len(data)
    return value


def change(**fields):
    known = {"event_id": "e1", "account_id": "a1", "occurred_at": 1}
    return records.AccountChange(**known | {"kind": records.ChangeKind.EDIT} | fields)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 127, 128, 8191, 8192, 70_000])
def test_a_text_of_any_length_survives(size):
    value = change(bio="x" * size)
    data = encode(value)
    assert decode(records.AccountChange, data) == read_fast(data) == value
    assert FastAvro(SCHEMAS["AccountChange"]).read(data[HEADER:]) == plain_values(value)


@pytest.mark.parametrize("number", edges(64))
def test_a_number_of_any_length_survives(number):
    value = change(occurred_at=number)
    data = encode(value)
    assert decode(records.AccountChange, data) == read_fast(data) == value
    assert FastAvro(SCHEMAS["AccountChange"]).read(data[HEADER:]) == plain_values(value)


@pytest.mark.parametrize("length", [b"\x03", b"\xc9\x01", b"\xc9\x81\x00"])
def test_a_negative_length_is_no_length_to_the_generated_reader(length):
    data = encode(change(bio="x" * 100))
    bad = data.replace(b"\x02\xc8\x01x", b"\x02" + length + b"x")
    assert bad != data
    with pytest.raises(ValueError, match="negative"):
        read_fast(bad)


@settings(deadline=None)
@given(LONGS)
def test_integers_of_64_bits_survive(value):
    out = bytearray()
    write_long(value, out)
    assert read_long(bytes(out), 0) == (value, len(out))


@pytest.mark.parametrize(
    "last", [b"\x02", b"\x7f", b"\x80\x00", b"\x80\x01", b"\xff" * 20 + b"\x01"]
)
@pytest.mark.parametrize("byte", [b"\x80", b"\xff"])
def test_a_larger_integer_is_not_read(byte, last):
    with pytest.raises(ValueError, match="64 bits"):
        read_long(byte * 9 + last, 0)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**200])
def test_a_larger_integer_is_not_written(value):
    with pytest.raises(ValueError, match="64 bits"):
        encode(change(occurred_at=value))


def test_an_integer_beyond_its_32_bits_is_not_written():
    ruling = records.AccountRuling(
        event_id="e",
        account_id="a",
        occurred_at=1,
        action=records.RulingAction.IMPOSE_MEASURE,
        subject_id="s",
        reviewer_id="r",
        reason="w",
        duration_days=2**31,
    )
    with pytest.raises(ValueError, match="32 bits"):
        encode(ruling)


def test_text_that_is_no_unicode_is_not_written():
    with pytest.raises(ValueError, match="surrogates"):
        encode(change(bio="\ud800"))


def test_an_array_in_several_blocks_is_read():
    """Writers that do not know the length beforehand write blocks, with or without their size."""
    value = verdict(reviewers=("r1", "r2"))
    body = encode(value)[HEADER:]
    one_block, two_blocks = b"\x04\x04r1\x04r2\x00", b"\x01\x06\x04r1\x02\x04r2\x00"
    assert body.count(one_block) == 1
    body = body.replace(one_block, two_blocks)
    assert FastAvro(SCHEMAS["Verdict"]).read(body) == plain_values(value)
    assert decode(records.Verdict, header_of(SCHEMAS["Verdict"]) + body) == value


def test_numbers_written_longer_than_needed_are_read():
    body = encode(change())[HEADER:]
    longer = body.replace(b"\x04e1\x04a1\x02\x02", b"\x84\x00e1\x84\x80\x00a1\x82\x00\x82\x00")
    assert longer != body
    data = header_of(SCHEMAS["AccountChange"]) + longer
    assert decode(records.AccountChange, data) == change()


def verdict(**fields):
    known = {
        "account_id": "a",
        "account_seq": 1,
        "event_id": "e",
        "revision": 1,
        "kind": records.ChangeKind.EDIT,
        "phase": records.Phase.PROPOSED,
        "decision": records.Decision.ALLOW,
        "reason": "REASON",
        "level": "A",
        "decided_at": 1,
        "pack_id": "p",
        "pack_version": "1",
        "pack_hash": "h",
        "source_topic": "t",
        "source_partition": 0,
        "source_offset": 0,
    }
    return records.Verdict(**known | fields)


# From the Avro project's own list of fingerprints, share/test/data/schema-tests.txt.
@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("null", 7195948357588979594),
        ("boolean", -6970731678124411036),
        ("int", 8247732601305521295),
        ("string", -8142146995180207161),
        (["int", {"type": "boolean"}], 5392556393470105090),
        ({"fields": [], "type": "record", "name": "foo"}, -4824392279771201922),
        (
            {"fields": [], "type": "record", "name": "foo", "doc": "x", "aliases": ["bar"]},
            -4824392279771201922,
        ),
        (
            {"fields": [], "type": "record", "name": "foo", "namespace": "x.y"},
            5916914534497305771,
        ),
        (
            {"type": "enum", "name": "foo", "namespace": "x.y.z", "symbols": ["A1", "A2"]},
            -4448647247586288245,
        ),
        ({"items": {"type": "null"}, "type": "array"}, -589620603366471059),
    ],
)
def test_a_fingerprint_is_that_of_the_avro_project(schema, expected):
    found = codec.fingerprint_of(schema)
    assert int.from_bytes(found, "little", signed=True) == expected


def crc_64_avro(text):
    """The algorithm as the Avro specification prints it."""
    empty, table = 0xC15D213AA4D7A795, []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (empty if value & 1 else 0)
        table.append(value)
    found = empty
    for byte in text.encode():
        found = (found >> 8) ^ table[(found ^ byte) & 0xFF]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_fingerprint_of_ours_is_that_of_the_specification(name):
    from fastavro.schema import to_parsing_canonical_form

    expected = crc_64_avro(to_parsing_canonical_form(SCHEMAS[name])).to_bytes(8, "little")
    assert codec.fingerprint_of(SCHEMAS[name]) == expected


def test_no_two_schemas_have_one_fingerprint():
    assert len({codec.fingerprint_of(schema) for schema in SCHEMAS.values()}) == len(SCHEMAS)


@settings(deadline=None)
@given(st.sampled_from(NAMES).flatmap(lambda name: record(SCHEMAS[name])))
def test_encoding_is_deterministic(value):
    assert encode(value) == encode(msgspec.structs.replace(value))
