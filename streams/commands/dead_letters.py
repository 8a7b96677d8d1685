"""`zhengming dead-letters`: look at what was set aside, and send it again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import typer
from rich.table import Table

from schemas.errors import DeadLetterReason
from streams.commands.common import fail, out, print_json, progress_bar
from streams.dead_letters import DeadLetter, can_be_sent, read_letters, requeue
from streams.settings import Settings, load_settings
from streams.topics import consumed_topics, real_name

dead_letters = typer.Typer(no_args_is_help=True, help="Records that were set aside.")

Reason = Annotated[
    DeadLetterReason | None,
    typer.Option(case_sensitive=False, help="Only those with this reason."),
]
Topic = Annotated[str | None, typer.Option(help="Only those from this input topic.")]
At = Annotated[
    list[str] | None,
    typer.Option(help="Only these places, PARTITION:OFFSET or PARTITION:FIRST-LAST; repeatable."),
]

_PLACE = re.compile(r"(\d+):(\d+)(?:-(\d+))?")


class _Filter(NamedTuple):
    reason: DeadLetterReason | None
    topic: str | None
    places: list[tuple[int, int, int]]

    def choose(self, letters: Iterable[DeadLetter]) -> list[DeadLetter]:
        """The letters that pass."""
        return [
            letter
            for letter in letters
            if self.reason in (None, letter.reason)
            and self.topic in (None, letter.origin[0])
            and (
                not self.places
                or any(p == letter.partition and a <= letter.offset <= b for p, a, b in self.places)
            )
        ]


def _filter(
    settings: Settings,
    reason: DeadLetterReason | None,
    topic: str | None,
    at: list[str] | None,
) -> _Filter:
    names = [known.name for known in consumed_topics()]
    if topic is not None and topic not in names:
        raise fail(f"--topic {topic}: there is no such input; inputs are {', '.join(names)}")
    places = []
    for text in at or ():
        match = _PLACE.fullmatch(text)
        if match is None:
            raise fail(f"--at {text}: give PARTITION:OFFSET or PARTITION:FIRST-LAST, such as 0:17")
        partition, first, last = match.groups()
        places.append((int(partition), int(first), int(last or first)))
    return _Filter(reason, real_name(settings, topic) if topic else None, places)


@dead_letters.command("list")
def show(
    reason: Reason = None,
    topic: Topic = None,
    at: At = None,
    json: Annotated[bool, typer.Option("--json", help="A JSON line each.")] = False,
) -> None:
    """Show dead letters: where they stand, why, and where they came from. Never their bytes."""
    settings = load_settings()
    chosen = _filter(settings, reason, topic, at).choose(read_letters(settings))
    if json:
        for letter in chosen:
            print_json(_row(settings, letter))
        return
    table = Table("place", "time", "reason", "error", "origin", "state")
    for letter in chosen:
        row = _row(settings, letter)
        table.add_row(*(str(row[k]) for k in ("place", "at", "reason", "error", "origin", "state")))
    if chosen:
        out.print(table)
    out.print(f"{len(chosen)} dead letters")


def _row(settings: Settings, letter: DeadLetter) -> dict[str, object]:
    topic, partition, offset = letter.origin
    seconds = letter.timestamp / 1000
    at = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds > 0 else ""
    state = "waiting" if can_be_sent(settings, letter) else "cannot be sent again"
    return {
        "place": letter.place,
        "at": at,
        "reason": letter.reason,
        "error": letter.error,
        "origin": f"{topic}[{partition}]@{offset}" if partition >= 0 else "a deadline",
        "state": "sent again" if letter.sent_again else state,
    }


@dead_letters.command("requeue")
def send_again(
    reason: Reason = None,
    topic: Topic = None,
    at: At = None,
    again: Annotated[bool, typer.Option(help="Also those that were sent again before.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """Send dead letters again, as they came, to the partition they came from.

    Each is marked in the same transaction, so that a second run sends nothing twice. An event that
    has taken effect meanwhile is known by its event id and has no second effect.
    """
    settings = load_settings()
    wanted = _filter(settings, reason, topic, at)
    result = {"sent": 0, "sent_before": 0, "cannot_be_sent": 0}

    def choose(letters: list[DeadLetter]) -> list[DeadLetter]:
        chosen = []
        for letter in wanted.choose(letters):
            if not can_be_sent(settings, letter):
                result["cannot_be_sent"] += 1
            elif letter.sent_again and not again:
                result["sent_before"] += 1
            else:
                chosen.append(letter)
        return chosen

    if dry_run:
        result["sent"] = len(choose(read_letters(settings)))
    else:
        with progress_bar() as bar:
            task = bar.add_task("sending", total=None)
            result["sent"] = requeue(settings, choose, lambda n: bar.update(task, completed=n))
    if json:
        print_json({**result, "dry_run": dry_run})
        return
    told = "would be sent again" if dry_run else "sent again"
    out.print(
        f"{result['sent']} {told}, {result['sent_before']} were sent before, "
        f"{result['cannot_be_sent']} cannot be sent"
    )
