"""The codec against two independent readers, and against everything that is no record."""

import copy
import io
import json

import avro.io
import avro.schema
import fastavro
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import codec, records
from schemas.binary import UnknownSymbol, read_long, write_long
from schemas.codec import decode, encode
from schemas.errors import DeadLetterReason, DecodeError
from tests.schemas.strategies import LONGS, SCHEMAS, record

NAMES = sorted(SCHEMAS)
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}


def plain(schema):
    """A schema without logical types, so that oracles answer with plain numbers."""
    if isinstance(schema, list):
        return [plain(branch) for branch in schema]
    if isinstance(schema, dict):
        if schema == MILLIS:
            return "long"
        return {key: plain(value) for key, value in schema.items()}
    return schema


def type_of(name):
    return getattr(records, name)


def as_plain(value):
    return msgspec.to_builtins(value, builtin_types=(bytes,))


def lists(value):
    if isinstance(value, dict):
        return {key: lists(item) for key, item in value.items()}
    return [lists(item) for item in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_read_again_by_us_and_by_two_other_readers(name):
    parsed = fastavro.parse_schema(copy.deepcopy(plain(SCHEMAS[name])))
    independent = avro.io.DatumReader(avro.schema.parse(json.dumps(plain(SCHEMAS[name]))))

    @settings(max_examples=40)
    @given(record(SCHEMAS[name]))
    def holds(value):
        data = encode(value)
        assert decode(type_of(name), data) == value
        body = data[10:]
        assert fastavro.schemaless_reader(io.BytesIO(body), parsed) == lists(as_plain(value))
        read = independent.read(avro.io.BinaryDecoder(io.BytesIO(body)))
        assert read == lists(as_plain(value))

    holds()


@pytest.mark.parametrize("name", NAMES)
def test_what_another_writer_wrote_is_read(name):
    parsed = fastavro.parse_schema(copy.deepcopy(plain(SCHEMAS[name])))
    independent = avro.io.DatumWriter(avro.schema.parse(json.dumps(plain(SCHEMAS[name]))))
    header = codec.MAGIC + codec.fingerprint_of(SCHEMAS[name])

    @settings(max_examples=25)
    @given(record(SCHEMAS[name]))
    def holds(value):
        for write in (fastavro_write, avro_write):
            assert decode(type_of(name), header + write(lists(as_plain(value)))) == value

    def fastavro_write(value):
        sink = io.BytesIO()
        fastavro.schemaless_writer(sink, parsed, value)
        return sink.getvalue()

    def avro_write(value):
        sink = io.BytesIO()
        independent.write(value, avro.io.BinaryEncoder(sink))
        return sink.getvalue()

    holds()


@pytest.mark.parametrize("name", NAMES)
def test_a_json_object_of_the_same_shape_is_read(name):
    @settings(max_examples=25)
    @given(record(SCHEMAS[name]))
    def holds(value):
        assert decode(type_of(name), msgspec.json.encode(value)) == value

    if name != "PolicyPack":  # carries bytes, which JSON writes as base64
        holds()


def test_the_fingerprint_is_that_of_the_avro_specification():
    assert codec.fingerprint_of("int").hex() == "8f5c393f1ad57572"  # little-endian 7275d51a3f395c8f
    assert codec.fingerprint_of("string").hex() == "c70345637248018f"


@given(LONGS)
def test_integers_of_64_bits_survive(value):
    out = bytearray()
    write_long(value, out)
    assert read_long(bytes(out), 0) == (value, len(out))


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**200])
def test_a_larger_integer_is_refused(value):
    with pytest.raises(ValueError, match="64 bits"):
        write_long(value, bytearray())


CHANGE = {
    "event_id": "e1",
    "account_id": "a1",
    "occurred_at": 1,
    "kind": "EDIT",
    "phase": "PROPOSED",
    "bio": "139 0000 0000",
}


@pytest.mark.parametrize(
    ("change", "reason", "named"),
    [
        ({"kind": "RENAME"}, DeadLetterReason.UNKNOWN_ENUM, "kind"),
        ({"subject": "ROBOT"}, DeadLetterReason.UNKNOWN_ENUM, "subject"),
        ({"account_id": None}, DeadLetterReason.MISSING_ACCOUNT_ID, "account_id"),
        ({"account_id": ""}, DeadLetterReason.MISSING_ACCOUNT_ID, "account_id"),
        ({"occurred_at": "now"}, DeadLetterReason.INVALID_FIELD, "occurred_at"),
        ({"nmae": "typo"}, DeadLetterReason.INVALID_FIELD, "nmae"),
    ],
)
def test_a_wrong_field_of_a_json_object_is_named_without_its_value(change, reason, named):
    with pytest.raises(DecodeError) as caught:
        decode(records.AccountChange, json.dumps(CHANGE | change).encode())
    assert caught.value.reason is reason
    assert named in caught.value.detail
    assert "139 0000 0000" not in str(caught.value)


def test_a_missing_account_id_of_a_json_object_is_told():
    body = {key: value for key, value in CHANGE.items() if key != "account_id"}
    with pytest.raises(DecodeError) as caught:
        decode(records.AccountChange, json.dumps(body).encode())
    assert caught.value.reason is DeadLetterReason.MISSING_ACCOUNT_ID


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", DeadLetterReason.UNDECODABLE),
        (b"\xff\xfe rubbish", DeadLetterReason.UNDECODABLE),
        (b'{"event_id": ', DeadLetterReason.UNDECODABLE),
        (b"[1, 2]", DeadLetterReason.UNDECODABLE),
        (b"\xc3\x01" + b"12345678" + b"body", DeadLetterReason.UNKNOWN_SCHEMA),
        (b"\x00\x00\x00\x00\x07body", DeadLetterReason.UNDECODABLE),  # no registry is set
    ],
)
def test_what_is_no_record_has_a_reason(data, reason):
    with pytest.raises(DecodeError) as caught:
        decode(records.AccountChange, data)
    assert caught.value.reason is reason


def valid_change():
    return encode(msgspec.convert(CHANGE, records.AccountChange))


@given(st.integers(0, 200), st.binary(max_size=8), st.integers(0, 200))
def test_no_damage_crashes_the_decoder(at, inserted, cut):
    data = valid_change()
    damaged = data[:at] + inserted + data[at + cut :]
    try:
        decode(records.AccountChange, damaged)
    except DecodeError as error:
        assert error.reason in DeadLetterReason


@given(st.binary(max_size=200))
def test_no_bytes_after_a_right_header_crash_the_decoder(body):
    for record_type in (records.AccountChange, records.Verdict):
        header = codec.MAGIC + codec.fingerprint_of(SCHEMAS[record_type.__name__])
        try:
            decode(record_type, header + body)
        except DecodeError as error:
            assert error.reason in DeadLetterReason


def test_a_record_cut_short_or_too_long_is_undecodable():
    data = valid_change()
    for damaged in (data[:-1], data + b"\0"):
        with pytest.raises(DecodeError) as caught:
            decode(records.AccountChange, damaged)
        assert caught.value.reason is DeadLetterReason.UNDECODABLE


def test_an_enum_beyond_the_known_symbols_is_told_as_such():
    change = msgspec.convert(CHANGE, records.AccountChange)
    data = bytearray(encode(change))
    at = data.index(b"\x04a1") + 3 + len(_varint(change.occurred_at))
    data[at] = 2 * 40
    with pytest.raises(DecodeError) as caught:
        decode(records.AccountChange, bytes(data))
    assert caught.value.reason is DeadLetterReason.UNKNOWN_ENUM
    assert isinstance(caught.value.__cause__, UnknownSymbol)


def _varint(value):
    out = bytearray()
    write_long(value, out)
    return out


def test_a_claim_of_a_billion_items_takes_no_memory():
    header = codec.MAGIC + codec.fingerprint_of(SCHEMAS["Verdict"])
    prefix = encode(verdict())[10:]
    at = prefix.index(b"REASON") - 1 - 1  # the empty array of findings stands before the reason
    body = prefix[:at] + bytes(_varint(10**9)) + prefix[at + 1 :]
    with pytest.raises(DecodeError):
        decode(records.Verdict, header + body)


def verdict():
    return records.Verdict(
        account_id="a",
        account_seq=1,
        event_id="e",
        revision=1,
        kind=records.ChangeKind.EDIT,
        phase=records.Phase.PROPOSED,
        decision=records.Decision.ALLOW,
        reason="REASON",
        level="A",
        decided_at=1,
        pack_id="p",
        pack_version="1",
        pack_hash="h",
        source_topic="t",
        source_partition=0,
        source_offset=0,
    )


def test_a_released_schema_of_an_earlier_shape_is_read_with_todays_defaults(monkeypatch):
    older = copy.deepcopy(SCHEMAS["AccountChange"])
    older["fields"] = [f for f in older["fields"] if f["name"] not in ("language", "badge")]
    known = codec._TYPES[records.AccountChange]
    monkeypatch.setitem(known.writers, codec.MAGIC + codec.fingerprint_of(older), older)
    sink = io.BytesIO(codec.MAGIC + codec.fingerprint_of(older))
    sink.seek(0, io.SEEK_END)
    value = {f["name"]: CHANGE.get(f["name"]) for f in older["fields"]}
    fastavro.schemaless_writer(sink, fastavro.parse_schema(plain(older)), value)
    read = decode(records.AccountChange, sink.getvalue())
    assert read == msgspec.convert(CHANGE, records.AccountChange)


def test_every_schema_says_what_each_field_is():
    for name, schema in SCHEMAS.items():
        undocumented = [field["name"] for field in schema["fields"] if not field.get("doc")]
        assert schema.get("doc")
        assert not undocumented, f"{name}: {undocumented}"


def test_the_generated_file_is_that_of_the_schemas():
    from schemas.generate import TARGET, Generator

    assert TARGET.read_text("utf-8") == Generator(SCHEMAS).source()
