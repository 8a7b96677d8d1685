"""A story in words: what comes in, and under it what it brings about, day by day."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from processors.accounts.across import answer_id
from processors.engine import Input
from schemas.records import AuditRecord, Verdict
from streams.telling import tell

DAY = 86_400_000
UNSAID = {"event_id", "account_id", "occurred_at", "kind", "phase", "action", "result"}


def story(name: str, lines: Iterable[str], inputs: list[Input], outputs: list[Any]) -> str:
    """The story as a page. ``lines`` are those of its events, whose comments are the headings."""
    start = inputs[0].timestamp
    waiting = {(item.record.account_id, item.record.event_id): item for item in inputs}
    notes, ids = _notes(lines), {item.record.event_id for item in inputs}
    times = {item.timestamp for item in inputs}
    ids |= {
        answer_id(item.record.account_id, item.record.event_id, at)
        for item in inputs
        for at in times
    }
    page = [f"# {name.replace('-', ' ').capitalize()}", "", *notes.pop("", [])]
    given = {(item.record.account_id, item.timestamp) for item in inputs}
    said, last = "", ("", 0)
    for output in outputs:
        at = output.decided_at if type(output) is Verdict else output.at
        item = waiting.pop((output.account_id, output.event_id), None)
        when = f"day {(at - start) / DAY:.1f}"
        heading = f"**{when}**, {output.account_id}: {_of(item, start) if item else 'time passes'}"
        moment = (output.account_id, at)
        later, last = moment not in given and moment != last, moment
        if item or (heading != said and (later or output.event_id not in ids)):
            page += ["", *(notes.get(item.record.event_id, []) if item else []), heading, ""]
            said = heading
        if type(output) is AuditRecord and "applied to nothing" not in output.summary:
            continue  # there is one with nearly everything
        told = tell(output)
        rules = f" [{told.rules}]" if told.rules else ""
        page.append(f"- {told.what}: {told.why}{rules}")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(page)) + "\n"


def _of(item: Input, start: int) -> str:
    """An input in words: what it is and what it says."""
    record = msgspec.structs.asdict(item.record)
    what = [str(record[key]) for key in ("action", "kind", "result", "phase") if record.get(key)]
    if record.get("expires_at"):
        record["expires_at"] = f"day {(record['expires_at'] - start) / DAY:.1f}"
    said = [f"{key} {value}" for key, value in record.items() if key not in UNSAID and value]
    words = f"{item.topic.removeprefix('account.')} {' '.join(what)}"
    return f"{words} — {', '.join(said)}" if said else words


def _notes(lines: Iterable[str]) -> dict[str, list[str]]:
    """Comments by the event they stand before; those at the top under the empty id."""
    notes: dict[str, list[str]] = {}
    held: list[str] = []
    for line in lines:
        if line.startswith("#"):
            held.append(line.removeprefix("#").strip())
        elif line.strip():
            ident = msgspec.json.decode(line)["record"]["event_id"] if notes else ""
            notes[ident] = [*held, ""] if held else []
            held = []
    return notes
