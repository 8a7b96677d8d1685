"""Messages of the shape that the sources send, with people and shops that do not exist."""

from __future__ import annotations

import json
from typing import Any

from streams.sources import Message

AT_MS = 1_772_000_000_000


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def message(value: Any, *place: str | int) -> Message:
    """A message at a place; bytes and None as they are."""
    raw = value if value is None or isinstance(value, bytes) else encoded(value)
    return Message(raw, place or ("topic", 0, 7))


def mysql(op: str, before: Any = None, after: Any = None, **more: Any) -> dict[str, Any]:
    """A Debezium envelope of MySQL, without the wrapper."""
    source = {
        "version": "2.7.3.Final",
        "connector": "mysql",
        "name": "shop-db",
        "ts_ms": AT_MS,
        "snapshot": "false",
        "db": "shop",
        "sequence": None,
        "table": "users_07",
        "server_id": 71,
        "gtid": None,
        "file": "binlog.000021",
        "pos": 9_112,
        "row": 0,
        "thread": 12,
        "query": None,
    }
    source |= more.pop("source", {})
    envelope = {"before": before, "after": after, "source": source, "op": op, "ts_ms": AT_MS + 40}
    return envelope | {"transaction": None} | more


def postgres(op: str, before: Any = None, after: Any = None, **source: Any) -> dict[str, Any]:
    """A Debezium envelope of PostgreSQL, in its schema wrapper."""
    found = {
        "connector": "postgresql",
        "name": "forum-db",
        "ts_ms": AT_MS,
        "snapshot": "false",
        "db": "forum",
        "sequence": '["811","812"]',
        "schema": "public",
        "table": "members",
        "txId": 911,
        "lsn": 33_100_200,
        "xmin": None,
    } | source
    payload = {"before": before, "after": after, "source": found, "op": op, "ts_ms": AT_MS + 9}
    fields = [{"type": "int64", "optional": False, "field": "id"}]
    schema = {"type": "struct", "fields": fields, "name": "forum-db.public.members.Envelope"}
    return {"schema": schema, "payload": payload}


def canal(kind: str, data: Any, old: Any = None, **more: Any) -> dict[str, Any]:
    """A flat message of Canal."""
    return {
        "data": data,
        "database": "video",
        "es": AT_MS,
        "id": 331,
        "isDdl": False,
        "mysqlType": {"uid": "BIGINT", "name": "VARCHAR(64)"},
        "old": old,
        "pkNames": ["uid"],
        "sql": "",
        "sqlType": {"uid": -5, "name": 12},
        "table": "creators",
        "ts": AT_MS + 300,
        "type": kind,
    } | more


def maxwell(kind: str, data: Any = None, **more: Any) -> dict[str, Any]:
    """A row of Maxwell."""
    return {
        "database": "chat",
        "table": "profiles",
        "type": kind,
        "ts": AT_MS // 1_000,
        "xid": 5_120,
        "data": data,
        "primary_key_columns": ["user_id"],
    } | more


def profile(did: str, rev: str, at_us: int, **record: Any) -> dict[str, Any]:
    """A profile commit of Jetstream."""
    return {
        "did": did,
        "time_us": at_us,
        "kind": "commit",
        "commit": {
            "rev": rev,
            "operation": "update",
            "collection": "app.bsky.actor.profile",
            "rkey": "self",
            "record": {"$type": "app.bsky.actor.profile", **record},
            "cid": f"bafyrei{rev}",
        },
    }


def blob(link: str) -> dict[str, Any]:
    return {"$type": "blob", "ref": {"$link": link}, "mimeType": "image/png", "size": 91_000}


def log_event(kind: str, action: str, title: str, number: int, params: Any) -> dict[str, Any]:
    """A log event of Wikimedia's recent changes."""
    return {
        "$schema": "/mediawiki/recentchange/1.0.0",
        "meta": {
            "id": f"5f0c0000-0000-4000-8000-{number:012}",
            "dt": "2026-02-25T06:13:20Z",
            "domain": "zh.wikipedia.org",
            "stream": "mediawiki.recentchange",
            "topic": "codfw.mediawiki.recentchange",
            "partition": 0,
            "offset": number,
        },
        "id": number * 3,
        "type": "log",
        "namespace": 2,
        "title": title,
        "comment": "",
        "timestamp": AT_MS // 1_000,
        "user": "Steward",
        "bot": False,
        "log_id": number,
        "wiki": "zhwiki",
        "log_type": kind,
        "log_action": action,
        "log_params": params,
    }
