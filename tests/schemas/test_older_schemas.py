"""Records that were written with a released schema of another shape are read as today's."""

import copy
import json

import pytest

from schemas.codec import Codec
from schemas.errors import DeadLetterReason, DecodeError
from schemas.records import AccountChange, ChangeKind, Finding, Phase, Verdict
from tests.schemas.oracles import FastAvro, header_of
from tests.schemas.strategies import SCHEMAS

CHANGE = {
    "event_id": "e1",
    "account_id": "a1",
    "occurred_at": 1_767_225_600_000,
    "kind": "EDIT",
    "phase": "APPLIED",
    "name": "n",
}


class Older:
    """A released set with one schema, ours as it might once have been."""

    def __init__(self, directory, name="AccountChange"):
        self.directory = directory
        self.schema = copy.deepcopy(SCHEMAS[name])
        self.fields = {field["name"]: field for field in self.schema["fields"]}

    def without(self, *names):
        fields = [field for field in self.schema["fields"] if field["name"] not in names]
        self.schema["fields"] = fields
        return self

    def write(self, value):
        release = self.directory / "0.0.1"
        release.mkdir()
        (release / "schema.avsc").write_text(json.dumps(self.schema))
        value = {f["name"]: value.get(f["name"], f.get("default")) for f in self.schema["fields"]}
        return header_of(self.schema) + FastAvro(self.schema).write(value)

    def read(self, data):
        return Codec(released=self.directory).decode(AccountChange, data)


@pytest.fixture
def older(tmp_path):
    return Older(tmp_path)


def today(**fields):
    known = {"kind": ChangeKind.EDIT, "phase": Phase.APPLIED}
    return AccountChange(**CHANGE | known | fields)


def test_fields_that_came_later_take_their_defaults(older):
    data = older.without("phase", "language", "badge").write(CHANGE)
    assert older.read(data) == today(phase=Phase.PROPOSED)


def test_a_field_that_is_gone_is_passed_over(older):
    older.schema["fields"].insert(2, {"name": "region", "type": "string"})
    assert older.read(older.write(CHANGE | {"region": "south"})) == today()


def test_another_order_of_fields_and_symbols_is_read(older):
    older.schema["fields"].reverse()
    older.fields["kind"]["type"]["symbols"].reverse()
    assert older.read(older.write(CHANGE)) == today()


def test_a_narrower_number_is_read(older):
    older.fields["occurred_at"]["type"] = "int"
    assert older.read(older.write(CHANGE | {"occurred_at": 7})) == today(occurred_at=7)


def test_a_record_inside_a_record_is_read(tmp_path):
    older = Older(tmp_path, "Verdict").without("reviewers", "missing", "marks", "other_packs")
    older = older.without("association", "association_score")
    finding = next(f for f in older.schema["fields"] if f["name"] == "findings")["type"]["items"]
    finding["fields"].append({"name": "weight", "type": "double"})
    verdict = dict.fromkeys(("account_id", "event_id", "level", "pack_id"), "x")
    verdict |= dict.fromkeys(("pack_version", "pack_hash", "source_topic", "reason"), "x")
    verdict |= dict.fromkeys(("account_seq", "revision", "decided_at", "source_offset"), 1)
    verdict |= {"source_partition": 1, "kind": "EDIT", "phase": "APPLIED", "decision": "HOLD"}
    hit = dict.fromkeys(Finding.__struct_fields__, "x")
    hit |= {"field": "BIO", "decision": "HOLD", "mode": "SHADOW", "span_start": 0, "span_end": 1}
    hit |= {"outcome": "HIT"}
    data = older.write(verdict | {"findings": [hit | {"weight": 0.5}]})
    read = Codec(released=tmp_path).decode(Verdict, data)
    assert [found.field for found in read.findings] == ["BIO"]
    assert read.reviewers == ()


def fault(older, data):
    with pytest.raises(DecodeError) as caught:
        older.read(data)
    return caught.value.reason, caught.value.detail


def test_a_symbol_that_is_not_known_today_is_told_as_such(older):
    older.fields["kind"]["type"]["symbols"].append("MERGER")
    data = older.write(CHANGE | {"kind": "MERGER"})
    reason, detail = fault(older, data)
    assert reason is DeadLetterReason.UNKNOWN_ENUM
    assert detail.startswith("AccountChange.kind:")


def test_records_without_the_unknown_symbol_are_read(older):
    older.fields["kind"]["type"]["symbols"].append("MERGER")
    assert older.read(older.write(CHANGE)) == today()


def test_a_schema_that_does_not_fit_is_told_with_the_field(older):
    older.fields["name"]["type"] = ["null", "long"]
    reason, detail = fault(older, older.write(CHANGE | {"name": 5}))
    assert reason is DeadLetterReason.UNKNOWN_SCHEMA
    assert "AccountChange.name" in detail


def test_a_damaged_record_of_an_older_schema_is_undecodable(older):
    data = older.without("language").write(CHANGE)
    for damaged in (data[:-1], data + b"\0", data[:10], data[:12] + b"\xff\xff\xff\xff"):
        assert fault(older, damaged)[0] is DeadLetterReason.UNDECODABLE


def test_an_older_record_without_account_id_is_told(older):
    data = older.without("language").write(CHANGE | {"account_id": ""})
    assert fault(older, data)[0] is DeadLetterReason.MISSING_ACCOUNT_ID


def test_a_schema_that_was_never_released_is_unknown(older, tmp_path):
    data = older.without("language").write(CHANGE)
    with pytest.raises(DecodeError) as caught:
        Codec().decode(AccountChange, data)
    assert caught.value.reason is DeadLetterReason.UNKNOWN_SCHEMA
