"""`zhengming publish`: JSON lines to Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from processors.validation import check
from schemas.codec import Codec
from streams.access import Part, require
from streams.codecs import open_codec
from streams.commands.common import STDIN, complain, fail, opened, out
from streams.jsonl import LineError, read_lines
from streams.offline import limits_of
from streams.publishing import Publisher, record_bytes
from streams.settings import Settings, load_settings
from streams.topics import real_name


def publish(
    file: Annotated[str, typer.Argument(help="JSON lines of inputs; - for standard input.")] = "-",
) -> None:
    """Publish inputs to Kafka with a plain producer, keyed by account id.

    A file is read to its end before anything is sent: a bad line means that nothing was published.
    What a worker would set aside, or no batch holds, is a bad line. Standard input is sent as it
    comes, up to the first bad line.
    """
    settings = load_settings()
    accept = _acceptance(settings)
    if file != STDIN:
        _validate(file, accept)
    require(settings, Part.PUBLISHER)
    codec, publisher = open_codec(settings), Publisher(settings)
    bad: LineError | None = None
    try:
        with opened(file, "publishing") as source:
            for line in read_lines(source, file, accept=accept):
                key = line.record.account_id.encode()
                publisher.send(real_name(settings, line.topic), key, codec.encode(line.record))
    except LineError as error:
        bad = error
    publisher.finish()
    out.print(f"{publisher.published} published")
    if bad is not None:
        raise fail(f"{bad}; what stood before this line is published") from bad


def _acceptance(settings: Settings) -> Callable[[Any], None]:
    """Raises `LineError` for a record that a worker would set aside, or Kafka would not take."""
    limits, encode = limits_of(settings), Codec().encode

    def accept(record: Any) -> None:
        fault = check(record, time.time_ns() // 1_000_000, limits)
        if fault is not None:
            raise LineError(f"{fault.reason.value}: {fault.detail}")
        size = record_bytes(record.account_id.encode(), encode(record))
        if size > settings.max_batch_bytes:
            raise LineError(
                f"TOO_LARGE: {size} bytes, of which ZHENGMING_MAX_BATCH_BYTES allows "
                f"{settings.max_batch_bytes}"
            )

    return accept


def _validate(file: str, accept: Callable[[Any], None]) -> None:
    bad: list[LineError] = []
    with opened(file, "reading") as source:
        for _ in read_lines(source, file, on_error=bad.append, accept=accept):
            pass
    for error in bad:
        complain(str(error))
    if bad:
        raise fail(f"nothing was published: mend {len(bad)} bad lines; docs/topics.md helps")
