"""`zhengming export`: outputs in the forms that others ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import typer

from schemas.codec import Codec
from schemas.errors import DecodeError
from streams.commands.common import (
    complain,
    fail,
    leave_if_any,
    opened,
    print_json,
    progress_bar,
)
from streams.decoded import Unreadable
from streams.packs import policy_of
from streams.settings import load_settings
from streams.statements import Statements, countries_of, statements_from_topics
from streams.topics import output_topics

export = typer.Typer(no_args_is_help=True, help="Outputs in the forms that others ask for.")


class _Line(msgspec.Struct):
    record: msgspec.Raw
    topic: str = ""
    type: str = ""


@export.command("statements")
def statements(
    file: Annotated[
        str | None, typer.Argument(help="JSON lines of outputs; - for standard input.")
    ] = None,
    from_topics: Annotated[
        bool, typer.Option("--from-topics", help="The output topics instead of a file.")
    ] = False,
    pack: Annotated[
        str | None, typer.Option(help="The packs that decided; the configured ones if none.")
    ] = None,
    territory: Annotated[
        str, typer.Option(help="EU, EEA, or countries by two letters, with commas between.")
    ] = "EU",
) -> None:
    """Print statements of reasons in the JSON of the DSA Transparency Database.

    Each line is the body of one call, with at most 100 statements. Only restrictions under a pack
    with `statements` have one.
    """
    if from_topics == (file is not None):
        raise fail("export what? give a FILE, or --from-topics")
    settings, bad = load_settings(), list[Unreadable]()
    policy, countries = policy_of(pack or settings.pack), countries_of(territory)
    if file is None:
        with progress_bar() as bar:
            task = bar.add_task("reading")
            made = statements_from_topics(
                settings,
                policy,
                countries,
                bad.append,
                lambda done, total: bar.update(task, completed=done, total=total),
            )
    else:
        made = Statements(policy, countries)
        for record in _from_file(file):
            made.take(record)
    count = 0
    for body in made.bodies():
        count += len(body["statements"])
        print_json(body)
    if not count:
        complain("no restriction has a statement of reasons: does the pack have `statements`?")
    leave_if_any(bad)


def _from_file(file: str) -> Iterator[Any]:
    """Outputs as ``replay --outputs`` and ``check --json`` print them, or with their topic."""
    read = msgspec.json.Decoder(_Line).decode
    decode = Codec().decode
    by_topic = {topic.name: topic.record for topic in output_topics()}
    by_type = {record.__name__: record for record in by_topic.values()}
    with opened(file) as source:
        for number, text in enumerate(source, 1):
            if not text.strip():
                continue
            try:
                line = read(text)
                record = by_topic.get(line.topic) or by_type[line.type]
                yield decode(record, bytes(line.record))
            except (msgspec.DecodeError, KeyError, DecodeError) as error:
                what = 'a line is {"type": "Disposal", "record": {...}}'
                raise fail(f"{file}:{number}: not an output ({error}); {what}") from error
