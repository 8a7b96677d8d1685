"""Rows of a table become changes, as a mapping file says. Pure."""

from __future__ import annotations

from typing import Any

from schemas.records import AccountChange, ChangeKind, Phase, SubjectKind
from streams.sources.envelopes import READERS, Columns, Op, Row
from streams.sources.item import (
    UNREADABLE,
    Item,
    Mapper,
    Message,
    Rejected,
    Skipped,
    event_id,
    millis,
)
from streams.sources.mapping import FURTHER, Mapping, SubjectColumn, Table

NOT_JSON = Rejected("not JSON", "the message is no JSON object of this format, in UTF-8")
OTHER_TABLE = Skipped("other table")
NOTHING_WATCHED = Skipped("no watched column changed")
CANCELLED = Skipped("cancelled")
CANCELLED_BEFORE = Skipped("already cancelled")
UNKNOWN_STATUS = Skipped("status not in the mapping")


def row_mapper(mapping: Mapping) -> Mapper:
    """Make the mapper of a mapping file: one message to the items of all its rows, in order."""
    read, tables = READERS[mapping.format], dict[str, Table | None]()

    def map_message(message: Message) -> list[Item]:
        try:
            return map_rows(message)
        except UNREADABLE:
            return [NOT_JSON]

    def map_rows(message: Message) -> list[Item]:
        items: list[Item] = []
        for row in read(message):
            if not isinstance(row, Row):
                items.append(row)
                continue
            if row.table not in tables:
                tables[row.table] = mapping.table_named(row.table)
            table = tables[row.table]
            items += [OTHER_TABLE] if table is None else map_row(mapping.source, table, row)
        return items

    return map_message


def map_row(source: str, table: Table, row: Row) -> list[Item]:
    """Turn one row into a change, and into a note of anything about it that is not understood."""
    columns = row.before if row.op is Op.DELETE else row.after
    account = _text(columns.get(table.account_id))
    if not account:
        return [Rejected("no account id", f"column {table.account_id} of {row.table} has no value")]
    try:
        at = _time(table, row, columns)
    except ValueError as error:
        return [Rejected("no time", f"a row of {row.table}: {error}")]
    standing = _standing(table, row)
    if standing is CANCELLED_BEFORE:
        return [CANCELLED_BEFORE]
    notes: list[Item] = [UNKNOWN_STATUS] if standing is UNKNOWN_STATUS else []
    if row.op is Op.DELETE or standing is CANCELLED:
        kind, values = ChangeKind.CANCELLATION, {}
    else:
        kind = ChangeKind.REGISTRATION if row.op is Op.INSERT else ChangeKind.EDIT
        values = _values(table, row)
    if kind is ChangeKind.EDIT and not values:
        return [*notes, NOTHING_WATCHED]
    account_id = table.account_prefix + account
    change = AccountChange(
        event_id(source, account_id, row.position),
        account_id,
        at,
        kind,
        Phase.APPLIED,
        _subject(table, columns),
        **values,
    )
    return [change, *notes]


def _time(table: Table, row: Row, columns: Columns) -> int:
    """When a row changed: as its column says, and for want of a value there as the message does.

    The column of a deleted row says when it last changed before, and is often not there at all.
    """
    if table.time is not None and row.op is not Op.DELETE:
        value = columns.get(table.time.column)
        if value is not None:
            return millis(value, table.time.unit)
    return millis(row.at, row.unit)


def _standing(table: Table, row: Row) -> Skipped | None:
    """What the status column says of a row: `CANCELLED`, another of the notes, or nothing."""
    status = table.status
    if status is None or row.op is Op.DELETE:
        return None
    value = _text(row.after.get(status.column))
    before = _text(row.before.get(status.column))
    if value is None:
        return None
    if value in map(str, status.cancelled):
        return CANCELLED_BEFORE if before == value else CANCELLED
    known = value == before or value in map(str, status.known)
    return None if known else UNKNOWN_STATUS


def _values(table: Table, row: Row) -> dict[str, Any]:
    """The fields that changed, and those that may have, as their old value is missing.

    A watched field that is null is cleared, but in a new row, where nothing was before.
    """
    values: dict[str, Any] = {}
    for field, column in table.fields.items():
        if column not in row.after:
            continue
        value = _text(row.after[column])
        if column in row.before and _text(row.before[column]) == value:
            continue
        if value is not None:
            values[field] = value
        elif row.op is not Op.INSERT and field not in FURTHER:
            values[field] = ""
    return values


def _subject(table: Table, columns: Columns) -> SubjectKind | None:
    subject = table.subject
    if not isinstance(subject, SubjectColumn):
        return subject
    value = _text(columns.get(subject.column))
    return next((kind for named, kind in subject.values.items() if str(named) == value), None)


def _text(value: Any) -> str | None:
    """A column's value as text; None stays None, and true is 1 as databases have it."""
    if value is None or isinstance(value, str):
        return value
    return str(int(value)) if isinstance(value, bool) else str(value)
