"""Rows of change data capture become account changes, as the example mapping files say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.records import AccountChange, ChangeKind, Phase, SubjectKind
from streams.errors import ConfigurationError
from streams.sources import Item, Rejected, Skipped
from streams.sources.mapping import load_mapping
from streams.sources.rows import row_mapper
from tests.streams.sources.wire import AT_MS, canal, maxwell, message, mysql, postgres

EXAMPLES = Path(__file__).parents[3] / "examples" / "sources"
USER = {"id": 41, "nickname": "林小鱼", "intro": "爱钓鱼", "motto": None, "kind": 1, "state": 1}
MEMBER = {"id": 5, "display_name": "Ines", "about": "hiker", "updated_at": AT_MS * 1_000 + 250}


def mapped(example: str, value: Any, *place: str | int) -> list[Item]:
    return row_mapper(load_mapping(EXAMPLES / f"{example}.yaml"))(message(value, *place))


def change(example: str, value: Any, *place: str | int) -> AccountChange:
    (item,) = mapped(example, value, *place)
    assert isinstance(item, AccountChange)
    return item


def reasons(items: list[Item]) -> list[str]:
    return [item.reason for item in items if isinstance(item, Skipped | Rejected)]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_mapping_file_can_be_used(path: Path) -> None:
    assert load_mapping(path).tables


def test_a_new_row_is_a_registration_that_is_live() -> None:
    made = change("debezium-mysql", mysql("c", after=USER))
    assert (made.account_id, made.kind, made.phase) == (
        "shop-41",
        ChangeKind.REGISTRATION,
        Phase.APPLIED,
    )
    assert (made.name, made.bio, made.signature) == ("林小鱼", "爱钓鱼", None)
    assert (made.subject, made.occurred_at) == (SubjectKind.INDIVIDUAL, AT_MS)


def test_a_row_of_a_snapshot_is_an_account_whose_registration_was_not_seen() -> None:
    made = change("debezium-mysql", mysql("r", after=USER, source={"snapshot": "true"}))
    assert (made.kind, made.name, made.signature) == (ChangeKind.EDIT, "林小鱼", "")


@pytest.mark.parametrize(
    ("example", "value"),
    [
        ("debezium-postgres", postgres("r", None, {**MEMBER, "tagline": None})),
        ("maxwell", maxwell("bootstrap-insert", {"user_id": 3, "nick": "Mo", "status_text": None})),
    ],
)
def test_a_row_of_a_snapshot_clears_what_went_while_nobody_looked(example: str, value: Any) -> None:
    """Else a new snapshot would leave the stream with a text that nobody shows any more."""
    made = change(example, value)
    assert (made.signature, made.badge, made.language) == ("", None, None)


def test_only_changed_columns_are_sent_and_a_value_that_went_is_cleared() -> None:
    before = {**USER, "motto": "慢慢来"}
    made = change("debezium-mysql", mysql("u", before, {**USER, "nickname": "林大鱼"}))
    assert (made.kind, made.name, made.bio, made.signature) == (
        ChangeKind.EDIT,
        "林大鱼",
        None,
        "",
    )


def test_without_old_values_every_mapped_column_is_sent() -> None:
    made = change("debezium-postgres", postgres("u", None, {**MEMBER, "tagline": None}))
    assert (made.name, made.bio, made.signature, made.language) == ("Ines", "hiker", "", None)


def test_a_large_value_that_postgres_did_not_log_is_no_change() -> None:
    after = {**MEMBER, "about": "__debezium_unavailable_value"}
    assert change("debezium-postgres", postgres("u", None, after)).bio is None


def test_microseconds_of_a_column_become_milliseconds() -> None:
    assert change("debezium-postgres", postgres("c", None, MEMBER)).occurred_at == AT_MS


def test_a_delete_is_a_cancellation_and_the_tombstone_after_it_nothing() -> None:
    made = change("debezium-postgres", postgres("d", {**MEMBER, "about": None}))
    assert (made.account_id, made.kind, made.name) == ("5", ChangeKind.CANCELLATION, None)
    assert reasons(mapped("debezium-postgres", None)) == ["tombstone"]


@pytest.mark.parametrize(
    "before",
    [
        {"id": 5},  # as with REPLICA IDENTITY DEFAULT
        {"id": 5, "display_name": None, "updated_at": None},
        {**MEMBER, "updated_at": AT_MS * 1_000 - 86_400_000_000},  # FULL: its last change
    ],
)
def test_a_row_is_deleted_when_the_message_says_so(before: Any) -> None:
    gone = change("debezium-postgres", postgres("d", before))
    assert (gone.kind, gone.occurred_at) == (ChangeKind.CANCELLATION, AT_MS)


def test_a_row_without_its_time_has_that_of_the_message() -> None:
    made = change("debezium-postgres", postgres("c", None, {**MEMBER, "updated_at": None}))
    assert (made.kind, made.occurred_at) == (ChangeKind.REGISTRATION, AT_MS)
    assert reasons(mapped("rows", {"id": 4, "nickname": "n", "updated": None})) == ["no time"]


def test_a_status_can_cancel_once_and_an_unknown_one_is_told_beside_the_change() -> None:
    left = {**USER, "state": 9}
    assert change("debezium-mysql", mysql("u", USER, left)).kind is ChangeKind.CANCELLATION
    assert reasons(mapped("debezium-mysql", mysql("u", left, {**left, "intro": "x"}))) == [
        "already cancelled"
    ]
    odd, note = mapped("debezium-mysql", mysql("u", USER, {**USER, "state": 77, "intro": "x"}))
    assert isinstance(odd, AccountChange)
    assert odd.bio == "x"
    assert note == Skipped("status not in the mapping")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (mysql("t"), "truncate"),
        ({"source": {"db": "shop"}, "databaseName": "shop", "ddl": "ALTER TABLE x", "ts_ms": 1},
         "schema change"),
        ({"status": "BEGIN", "id": "571:531", "ts_ms": AT_MS}, "transaction"),
        ({"ts_ms": AT_MS}, "heartbeat"),
        ({"schema": {"type": "struct"}, "payload": None}, "tombstone"),
        (mysql("u", USER, {**USER, "logins": 3}), "no watched column changed"),
        (mysql("c", after=USER, source={"table": "orders"}), "other table"),
        (mysql("c", after={**USER, "id": None}), "no account id"),
        (mysql("c", after=USER, ts_ms="soon", source={"ts_ms": None}), "no time"),
        (b"\xff{", "not JSON"),
        (b'{"x": ' + b"[" * 9_999, "not JSON"),
        ({"rows": []}, "unknown shape"),
    ],
)  # fmt: skip
def test_what_is_no_change_is_left_out_with_its_reason(value: Any, reason: str) -> None:
    assert reasons(mapped("debezium-mysql", value)) == [reason]


@pytest.mark.parametrize("time", [1e306, -1e306, 1e18, "9" * 5_000])
def test_a_time_beyond_all_calendars_is_rejected(time: Any) -> None:
    row = {"id": 4, "nickname": "n", "updated": time}
    assert reasons(mapped("rows", row)) == ["no time"]


def test_what_is_nested_as_deeply_as_can_just_be_read_ends_no_source() -> None:
    """A value that can still be read may be too deep to be made text."""
    for depth in range(900, 1_100):
        nested = "[" * depth + "]" * depth
        assert mapped("rows", f'{{"id": 1, "updated": 1, "nickname": {nested}}}'.encode())


def test_a_rejection_holds_no_value_of_the_message() -> None:
    (item,) = mapped("debezium-mysql", mysql("c", after={**USER, "id": None}))
    assert isinstance(item, Rejected)
    assert "林小鱼" not in item.detail


def test_many_rows_of_canal_meet_their_own_old_values() -> None:
    first, second, third = mapped(
        "canal",
        canal(
            "UPDATE",
            [
                {"uid": "1", "name": "晨跑", "sign": "a", "status": "0"},
                {"uid": "2", "name": "夜跑", "sign": "b", "status": "0"},
                {"uid": "3", "name": "慢跑", "sign": "c", "status": "0", "fans": "4"},
            ],
            [{"name": "跑步"}, {"sign": "B"}, {"fans": "3"}],
        ),
    )
    assert isinstance(first, AccountChange)
    assert isinstance(second, AccountChange)
    assert (first.name, first.bio) == ("晨跑", None)
    assert (second.name, second.bio) == (None, "b")
    assert third == Skipped("no watched column changed")
    assert first.event_id != second.event_id


def test_canal_deletes_truncates_and_alters() -> None:
    gone = change("canal", canal("DELETE", [{"uid": "1", "name": "晨跑"}]))
    assert gone.kind is ChangeKind.CANCELLATION
    assert reasons(mapped("canal", canal("TRUNCATE", None, isDdl=True))) == ["truncate"]
    assert reasons(mapped("canal", canal("ALTER", None, isDdl=True))) == ["schema change"]


def test_maxwell_counts_seconds_and_rows_of_a_transaction() -> None:
    row = {"user_id": 3, "nick": "Mo", "status_text": "hi"}
    first = change("maxwell", maxwell("update", row, old={"nick": "Moe"}, xoffset=0))
    second = change("maxwell", maxwell("update", row, old={"nick": "M"}, xoffset=1))
    last = change("maxwell", maxwell("update", row, old={"nick": "M"}, commit=True))
    assert (first.name, first.signature, first.occurred_at) == ("Mo", None, AT_MS)
    assert len({first.event_id, second.event_id, last.event_id}) == 3
    assert change("maxwell", maxwell("bootstrap-insert", row)).kind is ChangeKind.EDIT
    assert reasons(mapped("maxwell", maxwell("table-alter"))) == ["schema change"]
    assert reasons(mapped("maxwell", maxwell("bootstrap-start"))) == ["transaction"]


def test_an_event_id_follows_the_place_in_the_log_not_the_place_in_kafka() -> None:
    """A connector that is restarted sends again, and Kafka gives it other offsets."""
    one = change("debezium-mysql", mysql("u", None, USER), "cdc", 0, 7)
    again = change("debezium-mysql", mysql("u", None, USER, ts_ms=AT_MS + 9_999), "cdc", 0, 99)
    moved = change("debezium-mysql", mysql("u", None, USER, source={"pos": 9_500}), "cdc", 0, 7)
    assert one.event_id == again.event_id != moved.event_id


def test_without_a_place_in_the_log_an_event_id_follows_the_offset() -> None:
    bare = mysql("u", None, USER, source={"file": "", "pos": 0})
    first = change("debezium-mysql", bare, "cdc", 0, 7)
    assert first.event_id == change("debezium-mysql", bare, "cdc", 0, 7).event_id
    assert first.event_id != change("debezium-mysql", bare, "cdc", 0, 8).event_id


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("source: x\nformat: csv\ntables: []", "format"),
        ("source: x\nformat: canal\ntables: []", "must not be empty"),
        ("source: x\nformat: rows\ntables:\n- {table: t, account_id: i, fields: {nam: a}}", "nam"),
        ("a: [", "not YAML"),
    ],
)
def test_a_bad_mapping_file_is_told_with_its_place(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=rf"m\.yaml.*{told}"):
        load_mapping(path)
