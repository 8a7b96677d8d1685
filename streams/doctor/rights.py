"""What we may do on Kafka, against the table of what a part needs."""

from __future__ import annotations

from collections.abc import Iterator

from streams.access import Part, lacking
from streams.clients import create_admin
from streams.doctor.finding import Finding, found
from streams.errors import WorkerError
from streams.settings import Settings
from streams.topics import is_mock


def rights(settings: Settings, part: Part) -> Iterator[Finding]:
    """The user of these settings may do what a part has to."""
    if is_mock(create_admin(settings)):
        return
    try:
        denied = lacking(settings, part)
    except WorkerError as error:
        yield Finding("rights", False, str(error), "ask who runs this Kafka")
        return
    yield found(
        "rights",
        [f"not allowed: {need.told()}" for need in denied],
        f"all that the {part} needs",
        f"`zhengming topics acls --part {part} --commands` prints what allows it",
    )
