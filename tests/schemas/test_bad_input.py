"""Whatever is no record has a reason, names the field, and never crashes or quotes the record."""

import json
import traceback

import fastavro
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import records
from schemas.binary import write_long
from schemas.codec import decode, encode
from schemas.errors import DeadLetterReason, DecodeError
from tests.schemas.oracles import HEADER, FastAvro, header_of, plain_values
from tests.schemas.strategies import NAMES, SCHEMAS, record

SECRET = "13912345678"
CHANGE = {
    "event_id": "e1",
    "account_id": "a1",
    "occurred_at": 1,
    "kind": "EDIT",
    "phase": "PROPOSED",
    "bio": SECRET,
}
HEAD = header_of(SCHEMAS["AccountChange"])


def fault(data, record_type=records.AccountChange):
    """The error of decoding; nothing of it, nor of what led to it, may quote the record."""
    with pytest.raises(DecodeError) as caught:
        decode(record_type, data)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    cause = caught.value.__context__
    while cause is not None:
        assert SECRET not in repr(cause)
        cause = cause.__context__
    return caught.value.reason, caught.value.detail


def verdict(**fields):
    known = dict.fromkeys(records.Verdict.__struct_fields__, "x")
    known |= {"account_seq": 1, "revision": 1, "kind": "EDIT", "phase": "APPLIED"}
    known |= {"decision": "ALLOW", "findings": (), "reason": "REASON", "reviewers": ()}
    known |= {"due_at": None, "decided_at": 1, "source_partition": 0, "source_offset": 0}
    known |= {"missing": (), "marks": (), "publishable": None}
    known |= {"shadow_decision": None, "other_packs": (), "unchecked": ()}
    known |= {"association": (), "association_score": 0}
    return msgspec.convert(known | fields, records.Verdict)


def as_json(change):
    return json.dumps(change).encode()


def valid_change():
    return encode(msgspec.convert(CHANGE, records.AccountChange))


def varint(value):
    out = bytearray()
    write_long(value, out)
    return bytes(out)


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        (b"", DeadLetterReason.UNDECODABLE, "neither an Avro single object"),
        (b"\xff\xfe rubbish", DeadLetterReason.UNDECODABLE, "neither an Avro single object"),
        (b"\x00\x00\x00\x00\x07body", DeadLetterReason.UNDECODABLE, "with a registry set"),
        (b"[1, 2]", DeadLetterReason.UNDECODABLE, "nor a JSON object"),
        (b'{"event_id": ', DeadLetterReason.UNDECODABLE, "not a JSON object"),
        (b'{"event_id": "\xff"}', DeadLetterReason.UNDECODABLE, "not UTF-8"),
        (b'{"event_id":' + b"[" * 100_000, DeadLetterReason.INVALID_FIELD, "event_id: expected"),
        (
            b'{"occurred_at":1' + b"0" * 5000 + b"}",
            DeadLetterReason.INVALID_FIELD,
            "occurred_at: not a value of its type",
        ),
        (b"\xc3\x01", DeadLetterReason.UNKNOWN_SCHEMA, "cut short"),
        (b"\xc3\x0112345678body", DeadLetterReason.UNKNOWN_SCHEMA, "no known version"),
        (header_of(SCHEMAS["Verdict"]), DeadLetterReason.UNKNOWN_SCHEMA, "of type Verdict"),
    ],
)
def test_what_is_no_record_has_a_reason(data, reason, detail):
    found = fault(data)
    assert found[0] is reason
    assert detail in found[1]


@pytest.mark.parametrize(
    ("change", "reason", "detail"),
    [
        ({"kind": SECRET}, DeadLetterReason.UNKNOWN_ENUM, "kind: is none of REGISTRATION, EDIT,"),
        ({"subject": "ROBOT"}, DeadLetterReason.UNKNOWN_ENUM, "subject: is none of INDIVIDUAL"),
        ({"kind": 5}, DeadLetterReason.INVALID_FIELD, "kind: expected str, got int"),
        ({"account_id": None}, DeadLetterReason.MISSING_ACCOUNT_ID, "account_id"),
        ({"account_id": ""}, DeadLetterReason.MISSING_ACCOUNT_ID, "account_id"),
        ({"occurred_at": SECRET}, DeadLetterReason.INVALID_FIELD, "occurred_at: expected int, got"),
        ({"occurred_at": 1.5}, DeadLetterReason.INVALID_FIELD, "occurred_at: expected int, got"),
        ({"occurred_at": 2**63}, DeadLetterReason.INVALID_FIELD, "occurred_at: expected int <="),
        ({"occurred_at": -(2**70)}, DeadLetterReason.INVALID_FIELD, "occurred_at: expected int >="),
        ({"nmae": "typo"}, DeadLetterReason.INVALID_FIELD, "nmae: no field of AccountChange; is"),
        ({"zzz": [[{}]]}, DeadLetterReason.INVALID_FIELD, "zzz: no field of AccountChange"),
        ({SECRET: 1}, DeadLetterReason.INVALID_FIELD, "a key is not the name of a field"),
        ({"x" * 10_000: 1}, DeadLetterReason.INVALID_FIELD, "a key is not the name of a field"),
        ({"` - at `$.account_id": 1}, DeadLetterReason.INVALID_FIELD, "a key is not the name"),
        ({"kind": "' - at `$.account_id`"}, DeadLetterReason.UNKNOWN_ENUM, "kind"),
    ],
)
def test_a_wrong_field_of_a_json_object_is_named_without_its_value(change, reason, detail):
    found = fault(as_json(CHANGE | change))
    assert found[0] is reason
    assert detail in found[1]


@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        ("account_id", DeadLetterReason.MISSING_ACCOUNT_ID),
        ("event_id", DeadLetterReason.INVALID_FIELD),
    ],
)
def test_a_missing_field_of_a_json_object_is_named(gone, reason):
    found = fault(as_json({key: value for key, value in CHANGE.items() if key != gone}))
    assert found[0] is reason
    assert gone in found[1]


def test_a_wrong_field_inside_a_json_array_is_named():
    bad = msgspec.to_builtins(verdict()) | {"findings": [{"field": 1}]}
    reason, detail = fault(as_json(bad), records.Verdict)
    assert reason is DeadLetterReason.INVALID_FIELD
    assert detail.startswith("findings[0].field: expected str")


def test_a_wrong_field_inside_an_avro_array_is_named():
    finding = dict.fromkeys(records.Finding.__struct_fields__, "x")
    finding |= {"field": "BIO", "decision": "HOLD", "mode": "SHADOW", "span_start": 0}
    finding |= {"span_end": 1, "why": "WHY", "outcome": "HIT"}
    findings = [msgspec.convert(finding, records.Finding)] * 2
    data = encode(verdict(findings=tuple(findings)))
    at = data.rindex(b"\x06WHY")
    reason, detail = fault(data[: at + 2], records.Verdict)
    assert reason is DeadLetterReason.UNDECODABLE
    assert detail.startswith("findings[1].why: a length of 3, and 1 bytes are left (byte")


@pytest.mark.parametrize(
    ("body", "reason", "detail"),
    [
        (b"", DeadLetterReason.UNDECODABLE, "event_id: the record is cut short (byte 10 of 10)"),
        (b"\x04e", DeadLetterReason.UNDECODABLE, "event_id: a length of 2, and 1 bytes are left"),
        (b"\x03ab", DeadLetterReason.UNDECODABLE, "event_id: a length is negative"),
        (b"\x04\xff\xff", DeadLetterReason.UNDECODABLE, "event_id: not UTF-8"),
        (varint(2**62) + b"ab", DeadLetterReason.UNDECODABLE, "event_id: a length of"),
        (b"\x02e\x02a" + b"\xff" * 11, DeadLetterReason.UNDECODABLE, "occurred_at: an integer has"),
        (
            b"\x02e\x02a" + b"\xff" * 9 + b"\x02",
            DeadLetterReason.UNDECODABLE,
            "occurred_at: an integer has more than 64 bits",
        ),
        (b"\x02e\x02a\x02\x08", DeadLetterReason.UNKNOWN_ENUM, "kind: symbol 4 of 4"),
        (b"\x02e\x02a\x02\x01", DeadLetterReason.UNKNOWN_ENUM, "kind: symbol -1 of 4"),
        (
            b"\x02e\x02a\x02\x02\x00\x04",
            DeadLetterReason.UNDECODABLE,
            "subject: branch 2 of a union of 2",
        ),
        (
            b"\x02e\x00\x02\x02" + b"\x00" * 16,
            DeadLetterReason.MISSING_ACCOUNT_ID,
            "account_id is empty",
        ),
    ],
)
def test_a_wrong_field_of_an_avro_record_is_named(body, reason, detail):
    found = fault(HEAD + body)
    assert found[0] is reason
    assert detail in found[1]


def test_an_integer_beyond_its_32_bits_is_refused():
    ruling = {"event_id": "e", "account_id": "a", "occurred_at": 1, "action": "IMPOSE_MEASURE"}
    ruling |= {"subject_id": "s", "reviewer_id": "r", "reason": "w", "duration_days": 7}
    data = encode(msgspec.convert(ruling, records.AccountRuling))
    at = data.rindex(b"\x02\x0e")  # the days; what follows is empty
    found = fault(data[:at] + b"\x02" + varint(2**31) + data[at + 2 :], records.AccountRuling)
    assert found[0] is DeadLetterReason.UNDECODABLE
    assert "duration_days: an integer has more than 32 bits" in found[1]
    found = fault(as_json(ruling | {"duration_days": 2**31}), records.AccountRuling)
    assert found == (DeadLetterReason.INVALID_FIELD, "duration_days: expected int <= 2147483647")


def test_a_claim_of_a_billion_items_takes_no_memory():
    data = encode(verdict())
    at = data.index(b"REASON") - 2  # the empty array of findings stands before the reason
    for claim in (varint(10**9), varint(-(10**9)) + b"\x02"):
        found = fault(data[:at] + claim + data[at + 1 :], records.Verdict)
        assert found[0] is DeadLetterReason.UNDECODABLE
        assert "findings: an array has more items than the record has bytes" in found[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_record_cut_short_anywhere_or_too_long_is_undecodable(name):
    @settings(max_examples=10, deadline=None)
    @given(record(SCHEMAS[name]))
    def holds(value):
        data = encode(value)
        for damaged in [data[:n] for n in range(HEADER, len(data))] + [data + b"\0"]:
            with pytest.raises(DecodeError) as caught:
                decode(type(value), damaged)
            assert caught.value.reason is DeadLetterReason.UNDECODABLE

    holds()


@pytest.mark.parametrize("name", NAMES)
def test_damage_is_refused_or_read_as_another_reader_reads_it(name):
    other, record_type = FastAvro(SCHEMAS[name]), getattr(records, name)

    @settings(max_examples=60, deadline=None)
    @given(record(SCHEMAS[name]), st.data())
    def holds(value, data):
        body = encode(value)[HEADER:]
        at = data.draw(st.integers(0, len(body)))
        cut = data.draw(st.integers(0, 3))
        body = body[:at] + data.draw(st.binary(max_size=3)) + body[at + cut :]
        try:
            read = decode(record_type, header_of(SCHEMAS[name]) + body)
        except DecodeError as error:
            assert error.reason in DeadLetterReason
        else:
            assert plain_values(read) == other.read(body)

    holds()


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(NAMES))
def test_no_bytes_after_a_right_header_crash_the_decoder(body, name):
    try:
        read = decode(getattr(records, name), header_of(SCHEMAS[name]) + body)
    except DecodeError as error:
        assert error.reason in DeadLetterReason
    else:
        assert plain_values(read) == FastAvro(SCHEMAS[name]).read(body)


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"{", b"\xc3\x01", b"\x00", b'{"kind":']))
def test_no_bytes_at_all_crash_the_decoder(body, start):
    with pytest.raises(DecodeError):
        decode(records.AccountChange, start + body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*CHANGE, "name", SECRET, f"a{SECRET}", f"`{SECRET}"]) | st.text(),
        JSON,
        max_size=4,
    )
)
def test_no_json_object_crashes_the_decoder_or_is_quoted(fields):
    data = as_json(CHANGE | fields)
    try:
        decode(records.AccountChange, data)
    except DecodeError as error:
        assert SECRET not in "".join(traceback.format_exception(error))
        assert len(error.detail) < 300


@pytest.mark.parametrize("name", NAMES)
def test_a_json_object_of_the_same_shape_is_read(name):
    @settings(max_examples=25, deadline=None)
    @given(record(SCHEMAS[name]))
    def holds(value):
        assert decode(type(value), msgspec.json.encode(value)) == value

    holds()


def test_a_json_object_may_leave_out_what_has_a_default():
    body = as_json({key: CHANGE[key] for key in ("event_id", "account_id", "occurred_at", "kind")})
    read = decode(records.AccountChange, b"\n  \t              " + body)
    assert read.phase is records.Phase.PROPOSED
    assert read.bio is None


def test_the_oracle_sees_damage_too():
    with pytest.raises((EOFError, IndexError, AssertionError, fastavro.read.SchemaResolutionError)):
        FastAvro(SCHEMAS["AccountChange"]).read(valid_change()[HEADER:-1])
