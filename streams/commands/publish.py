"""`zhengming publish`: JSON lines to Kafka."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.access import Part, require
from streams.codecs import open_codec
from streams.commands.common import STDIN, complain, fail, opened, out
from streams.jsonl import LineError, read_lines
from streams.publishing import Publisher
from streams.settings import load_settings
from streams.topics import real_name


def publish(
    file: Annotated[str, typer.Argument(help="JSON lines of inputs; - for standard input.")] = "-",
) -> None:
    """Publish inputs to Kafka with a plain producer, keyed by account id.

    A file is read to its end before anything is sent: a bad line means that nothing was published.
    Standard input is sent as it comes, up to the first bad line.
    """
    settings = load_settings()
    if file != STDIN:
        _validate(file)
    require(settings, Part.PUBLISHER)
    codec, publisher = open_codec(settings), Publisher(settings)
    bad: LineError | None = None
    try:
        with opened(file, "publishing") as source:
            for line in read_lines(source, file):
                key = line.record.account_id.encode()
                publisher.send(real_name(settings, line.topic), key, codec.encode(line.record))
    except LineError as error:
        bad = error
    publisher.finish()
    out.print(f"{publisher.published} published")
    if bad is not None:
        raise fail(f"{bad}; what stood before this line is published") from bad


def _validate(file: str) -> None:
    bad: list[LineError] = []
    with opened(file, "reading") as source:
        for _ in read_lines(source, file, on_error=bad.append):
            pass
    for error in bad:
        complain(str(error))
    if bad:
        raise fail(f"nothing was published: mend {len(bad)} bad lines; docs/topics.md helps")
