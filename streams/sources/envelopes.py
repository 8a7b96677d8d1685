"""Messages of change data capture become rows: Debezium, Canal, Maxwell, and plain rows. Pure.

A message that holds no row of a table (a tombstone, a schema change, a transaction mark, a
heartbeat) is skipped with its reason. JSON only: Debezium's Avro converter is not read. What is no
JSON raises one of `UNREADABLE`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from streams.sources.item import Message, Rejected, Skipped, Unit

Columns = Mapping[str, Any]


class Op(StrEnum):
    """What happened to a row."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    SNAPSHOT = "snapshot"


class Row(NamedTuple):
    """A row that changed."""

    table: str
    """``database.table``, or ``schema.table`` where there are schemas."""
    op: Op
    before: Columns
    """Old values as far as the message has them."""
    after: Columns
    at: Any
    """The message's own time of the change, in ``unit``; None when it has none."""
    unit: Unit
    position: tuple[Any, ...]
    """Where in its source; with the account id it tells the row from every other change."""


Read = list[Row | Skipped | Rejected]

NO_ROWS = Rejected("unknown shape", "the message has neither rows nor a type that is known")
TOMBSTONE = Skipped("tombstone")
SCHEMA_CHANGE = Skipped("schema change")

UNAVAILABLE = "__debezium_unavailable_value"
"""Debezium's word for a large value that PostgreSQL did not log, because it did not change."""

_Number = int | str | None


class _Source(msgspec.Struct):
    name: str = ""
    db: str | None = None
    schema: str | None = None
    table: str | None = None
    ts_ms: _Number = None
    gtid: str | None = None
    file: str | None = None
    pos: _Number = None
    row: _Number = None
    lsn: _Number = None
    tx_id: _Number = msgspec.field(default=None, name="txId")


class _Body(msgspec.Struct):
    op: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    source: _Source | None = None
    ts_ms: _Number = None
    ddl: msgspec.Raw = msgspec.Raw()
    table_changes: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="tableChanges")
    status: str | None = None


class _Debezium(_Body):
    """An envelope with the schema wrapper around it, or without."""

    schema: msgspec.Raw = msgspec.Raw()
    payload: _Body | None = None


_DEBEZIUM_OPS = {"c": Op.INSERT, "u": Op.UPDATE, "d": Op.DELETE, "r": Op.SNAPSHOT}
_DEBEZIUM_NOISE = {"t": Skipped("truncate"), "m": Skipped("message")}
_debezium = msgspec.json.Decoder(_Debezium).decode


def read_debezium(message: Message) -> Read:
    """Read a Debezium envelope of MySQL or PostgreSQL."""
    if not message.value:
        return [TOMBSTONE]
    whole = _debezium(message.value)
    body = whole.payload if bytes(whole.schema) or whole.payload else whole
    if body is None:
        return [TOMBSTONE]
    op = _DEBEZIUM_OPS.get(body.op or "")
    if op is None:
        return [_debezium_noise(body)]
    source = body.source or _Source()
    at = source.ts_ms if source.ts_ms not in (None, 0, "0") else body.ts_ms
    before, after = body.before or {}, body.after or {}
    unknown = [column for column, value in after.items() if value == UNAVAILABLE]
    if unknown:
        after = {column: value for column, value in after.items() if column not in unknown}
    table = ".".join(part for part in (source.schema or source.db, source.table) if part)
    position = _debezium_position(source, op, message)
    return [Row(table, op, before, after, at, "ms", position)]


def _debezium_noise(body: _Body) -> Skipped | Rejected:
    if body.op is not None:
        return _DEBEZIUM_NOISE.get(body.op, Skipped("unknown operation"))
    if bytes(body.ddl) or bytes(body.table_changes):
        return SCHEMA_CHANGE
    if body.status in ("BEGIN", "END"):
        return Skipped("transaction")
    return Skipped("heartbeat") if body.ts_ms is not None else NO_ROWS


def _debezium_position(source: _Source, op: Op, message: Message) -> tuple[Any, ...]:
    """Where the change stands in the database's log, which a connector's restart does not alter."""
    place = (source.gtid, source.file, source.pos, source.row, source.lsn, source.tx_id)
    if not (source.file or source.lsn):
        return ("at", *message.place)
    return (source.name, source.db, source.schema, source.table, op.value, *map(_plain, place))


def _plain(value: str | int | None) -> str | None:
    """A number as text: some converters write it one way, some the other."""
    return None if value is None else str(value)


class _Canal(msgspec.Struct):
    type: str = ""
    database: str | None = None
    table: str | None = None
    data: list[dict[str, Any]] | None = None
    old: list[dict[str, Any] | None] | None = None
    es: _Number = None
    ts: _Number = None
    is_ddl: bool = msgspec.field(default=False, name="isDdl")


_CANAL_OPS = {"INSERT": Op.INSERT, "UPDATE": Op.UPDATE, "DELETE": Op.DELETE, "INIT": Op.SNAPSHOT}
_canal = msgspec.json.Decoder(_Canal).decode


def read_canal(message: Message) -> Read:
    """Read a flat message of Canal: many rows, with the old values at the same index."""
    if not message.value:
        return [TOMBSTONE]
    body = _canal(message.value)
    op = _CANAL_OPS.get(body.type)
    if op is None or body.is_ddl:
        if body.type == "TRUNCATE":
            return [Skipped("truncate")]
        return [SCHEMA_CHANGE if body.is_ddl else Skipped("unknown operation")]
    if not body.data:
        return [NO_ROWS]
    table, old = f"{body.database}.{body.table}", body.old or []
    rows: Read = []
    for index, data in enumerate(body.data):
        changed = old[index] if index < len(old) else None
        before = data if op is Op.DELETE else {} if changed is None else {**data, **changed}
        position = ("at", *message.place, index)
        rows.append(Row(table, op, before, data, body.es or body.ts, "ms", position))
    return rows


class _Maxwell(msgspec.Struct):
    type: str = ""
    database: str = ""
    table: str = ""
    ts: _Number = None
    server_id: _Number = None
    xid: _Number = None
    xoffset: _Number = None
    commit: bool = False
    data: dict[str, Any] | None = None
    old: dict[str, Any] | None = None


_MAXWELL_OPS = {
    "insert": Op.INSERT,
    "update": Op.UPDATE,
    "delete": Op.DELETE,
    "bootstrap-insert": Op.SNAPSHOT,
}
_maxwell = msgspec.json.Decoder(_Maxwell).decode


def read_maxwell(message: Message) -> Read:
    """Read a row of Maxwell, whose times are seconds."""
    if not message.value:
        return [TOMBSTONE]
    body = _maxwell(message.value)
    op = _MAXWELL_OPS.get(body.type)
    if op is None:
        if body.type.startswith("bootstrap-"):
            return [Skipped("transaction")]
        return [SCHEMA_CHANGE if body.type.startswith(("table-", "database-")) else NO_ROWS]
    if body.data is None:
        return [NO_ROWS]
    before = body.data if op is Op.DELETE else {} if body.old is None else {**body.data, **body.old}
    position: tuple[Any, ...] = ("at", *message.place)
    if body.xid is not None:
        # The last row of a transaction has no number of its own, but says that it is the last.
        row = "last" if body.commit and body.xoffset is None else body.xoffset
        within = (body.server_id, body.ts, body.xid, row)
        position = (body.database, body.table, op.value, *map(_plain, within))
    return [Row(f"{body.database}.{body.table}", op, before, body.data, body.ts, "s", position)]


_row = msgspec.json.Decoder(dict[str, Any]).decode


def read_row(message: Message) -> Read:
    """Read a bare row: an object of columns, of a table named ``rows``."""
    if not message.value:
        return [TOMBSTONE]
    columns = _row(message.value)
    return [Row("rows", Op.UPDATE, {}, columns, None, "ms", ("at", *message.place))]


READERS: Mapping[str, Callable[[Message], Read]] = {
    "debezium": read_debezium,
    "canal": read_canal,
    "maxwell": read_maxwell,
    "rows": read_row,
}
