"""The registry and its frame, against a server that speaks the registry's REST interface."""

import base64
import copy
import json

import msgspec
import pytest

from schemas import registry
from schemas.codec import Codec
from schemas.errors import DeadLetterReason, DecodeError, RegistryUnavailable
from schemas.records import AccountChange, ChangeKind, Verdict
from schemas.registry import Registry
from tests.schemas.oracles import FastAvro
from tests.schemas.registry_server import serving
from tests.schemas.strategies import SCHEMAS

CHANGE = AccountChange(event_id="e", account_id="a", occurred_at=1, kind=ChangeKind.EDIT, bio="b")
BODY = Codec().encode(CHANGE)[10:]


@pytest.fixture
def server():
    with serving() as server:
        yield server


def codec(url):
    return Codec(Registry(url, lambda record_type: f"prefix.{record_type.__name__}-value"))


def frame(number, body=BODY):
    return b"\x00" + number.to_bytes(4, "big") + body


def test_a_schema_is_looked_up_and_registered_where_it_is_missing(server):
    data = codec(server.url).encode(CHANGE)
    assert data == frame(1)
    assert json.loads(server.schemas[0]["schema"]) == SCHEMAS["AccountChange"]
    assert server.asked == [
        "POST /subjects/prefix.AccountChange-value",
        "POST /subjects/prefix.AccountChange-value/versions",
    ]
    assert codec(server.url).decode(AccountChange, data) == CHANGE


def test_a_schema_that_was_registered_by_hand_is_only_looked_up(server):
    codec(server.url).encode(CHANGE)
    server.asked.clear()
    assert codec(server.url).encode(CHANGE) == frame(1)
    assert server.asked == ["POST /subjects/prefix.AccountChange-value"]


def test_the_registry_is_asked_once_for_each_schema(server):
    ours = codec(server.url)
    frames = [ours.encode(CHANGE) for _ in range(5)]
    assert len(server.asked) == 2
    for data in frames:
        assert ours.decode(AccountChange, data) == CHANGE
    assert server.asked[2:] == ["GET /schemas/ids/1"]


def test_a_schema_of_the_same_shape_with_other_words_is_read(server):
    schema = copy.deepcopy(SCHEMAS["AccountChange"])
    schema["doc"] = "other words"
    assert codec(server.url).decode(AccountChange, frame(server.add(schema))) == CHANGE


def test_a_record_of_another_shape_is_read_as_todays(server):
    schema = copy.deepcopy(SCHEMAS["AccountChange"])
    schema["fields"] = [f for f in schema["fields"] if f["name"] != "language"]
    schema["fields"].append({"name": "region", "type": {"type": "map", "values": "double"}})
    value = {f["name"]: getattr(CHANGE, f["name"], None) for f in schema["fields"]}
    body = FastAvro(schema).write(value | {"region": {"x": 0.5}})
    ours, number = codec(server.url), server.add(schema)
    assert ours.decode(AccountChange, frame(number, body)) == CHANGE
    assert ours.decode(AccountChange, frame(number, body)) == CHANGE


def fault(server, data, record_type=AccountChange):
    with pytest.raises(DecodeError) as caught:
        codec(server.url).decode(record_type, data)
    return caught.value.reason, caught.value.detail


def test_a_record_of_another_type_is_no_version_of_this_one(server):
    reason, detail = fault(server, frame(server.add(SCHEMAS["AccountChange"])), Verdict)
    assert reason is DeadLetterReason.UNKNOWN_SCHEMA
    assert "no version of Verdict" in detail


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ('syntax = "proto3"; message M {}', "PROTOBUF"),
        ('{"type": "object"}', "JSON"),
        ('{"type": "record", "name": "R", "fields": [{"name": "x", "type": "Elsewhere"}]}', "AVRO"),
        ('{"type": 7}', "AVRO"),
        ("7", "AVRO"),
        ('"string"', "AVRO"),
    ],
)
def test_a_schema_we_cannot_read_with_is_unknown(server, schema, kind):
    reason, _ = fault(server, frame(server.add(schema, kind)))
    assert reason is DeadLetterReason.UNKNOWN_SCHEMA


def test_an_id_the_registry_does_not_know_is_asked_for_once_in_a_while(server):
    ours = codec(server.url)
    for _ in range(3):
        with pytest.raises(DecodeError) as caught:
            ours.decode(AccountChange, frame(99))
        assert caught.value.reason is DeadLetterReason.UNKNOWN_SCHEMA
        assert "no Avro schema 99" in caught.value.detail
    assert server.asked == ["GET /schemas/ids/99"]


@pytest.mark.parametrize("number", [1 << 31, (1 << 32) - 1])
def test_an_id_that_no_registry_gives_is_unknown_and_not_a_registry_that_is_away(server, number):
    """Else five bytes that anybody may send would be tried again for ever, with all behind them."""
    reason, detail = fault(server, frame(number, b""))
    assert reason is DeadLetterReason.UNKNOWN_SCHEMA
    assert f"no Avro schema {number}" in detail
    assert fault(server, frame((1 << 31) - 1))[0] is DeadLetterReason.UNKNOWN_SCHEMA
    assert server.asked == ["GET /schemas/ids/2147483647"]


def test_an_id_that_was_unknown_is_asked_for_again_later(server, monkeypatch):
    monkeypatch.setattr(registry, "UNKNOWN_SECONDS", 0.0)
    ours = codec(server.url)
    with pytest.raises(DecodeError):
        ours.decode(AccountChange, frame(1))
    server.add(SCHEMAS["AccountChange"])
    assert ours.decode(AccountChange, frame(1)) == CHANGE


def test_a_damaged_body_is_named_by_its_field(server):
    reason, detail = fault(server, frame(server.add(SCHEMAS["AccountChange"]), BODY[:2]))
    assert (reason, detail.split(":")[0]) == (DeadLetterReason.UNDECODABLE, "account_id")


def test_a_frame_cut_short_is_undecodable(server):
    assert fault(server, b"\x00\x00")[0] is DeadLetterReason.UNDECODABLE


def test_single_objects_and_json_are_read_beside_frames(server):
    ours = codec(server.url)
    assert ours.decode(AccountChange, Codec().encode(CHANGE)) == CHANGE
    assert ours.decode(AccountChange, msgspec.json.encode(CHANGE)) == CHANGE
    assert server.asked == []


def test_user_and_password_stand_in_the_url_and_in_no_error(server):
    url = server.url.replace("//", "//user:pa55word@")
    codec(url).encode(CHANGE)
    expected = "Basic " + base64.b64encode(b"user:pa55word").decode()
    assert set(server.passwords) == {expected}
    server.fails = (401, {"error_code": 401, "message": "Unauthorized"})
    with pytest.raises(RegistryUnavailable) as caught:
        codec(url).encode(CHANGE)
    assert "pa55word" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error_code": 401, "message": "Unauthorized"}),
        (403, {"error_code": 40301, "message": "Forbidden"}),
        (404, "<html>another server</html>"),
        (409, {"error_code": 409, "message": "incompatible"}),
        (422, {"error_code": 42201, "message": "Invalid schema"}),
        (429, {"error_code": 429, "message": "slow down"}),
        (500, {"error_code": 50001, "message": "backend"}),
        (200, "this is no JSON"),
        (200, "[]"),
    ],
)
def test_a_registry_that_refuses_asks_for_another_try_and_not_for_a_dead_letter(
    server, status, body
):
    server.fails = (status, body)
    for attempt in (
        lambda: codec(server.url).decode(AccountChange, frame(1)),
        lambda: codec(server.url).encode(CHANGE),
    ):
        with pytest.raises(RegistryUnavailable, match="trying again"):
            attempt()


def test_a_registry_that_is_away_or_hangs_asks_for_another_try(server, monkeypatch):
    monkeypatch.setattr(registry, "TIMEOUT_SECONDS", 0.1)
    server.hangs.clear()
    with pytest.raises(RegistryUnavailable, match="trying again"):
        codec(server.url).decode(AccountChange, frame(1))
    server.hangs.set()
    server.socket.close()
    with pytest.raises(RegistryUnavailable, match="trying again"):
        codec(server.url).decode(AccountChange, frame(1))


def test_a_registry_that_is_back_is_used(server):
    ours = codec(server.url)
    server.fails = (503, {"error_code": 503, "message": "starting"})
    with pytest.raises(RegistryUnavailable):
        ours.encode(CHANGE)
    server.fails = None
    assert ours.decode(AccountChange, ours.encode(CHANGE)) == CHANGE
