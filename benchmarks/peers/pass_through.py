"""Our transport, tasks and transactions around a processing that does nothing: the limit.

Nothing is decoded. Every record writes a state and an output of the given sizes, and every so many
records one output more, as the domain does on average. Settings come from the environment.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence

from streams.logs import configure_logging
from streams.settings import load_settings
from streams.topics import real_name
from streams.work import Message, Read, Record, Work
from streams.worker import Worker

NOT_DUE = bytes(8)


class PassThrough:
    """Counts the records of each key, in states and outputs of a given size."""

    def __init__(self, topic: str, more: str, state: int, output: int, more_every: int) -> None:
        self._topic, self._more = topic, more
        self._padding = bytes(max(0, state - 16))
        self._output = output
        self._filler = bytes(output)
        self._more_every = more_every
        self._records = 0
        self.revision: dict[str, int] = {}

    def process(self, records: Sequence[Record], read: Read, now: int) -> Work:
        """Write the count of its key and send an output for each record."""
        states: dict[bytes, bytes | None] = {}
        messages: list[Message] = []
        topic, size, filler, padding = self._topic, self._output, self._filler, self._padding
        for record in records:
            key, value = record.key, record.value
            assert key is not None and value is not None
            before = states.get(key) or read(key)
            count = (0 if before is None else int.from_bytes(before[8:16], "big")) + 1
            counted = count.to_bytes(8, "big")
            states[key] = NOT_DUE + counted + padding
            messages.append(Message(topic, key, (counted + value + filler)[:size]))
            self._records += 1
            if self._records % self._more_every == 0:
                messages.append(Message(self._more, key, filler))
        return Work(states, messages, {})

    def process_due(self, keys: Iterable[bytes], read: Read, upto: int, partition: int) -> Work:
        """Nothing ever falls due."""
        raise AssertionError("nothing falls due here")

    def set_aside(self, record: Record, error: Exception) -> Work:
        """No record can fail."""
        raise error

    def set_deadline_aside(self, key: bytes, error: Exception) -> Work:
        """No deadline can fail."""
        raise error

    def next_due(self, state: bytes) -> int:
        """Never."""
        return 0


def main() -> int:
    """Run one worker until a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=int, required=True, help="bytes of a state")
    parser.add_argument("--output", type=int, required=True, help="bytes of an output")
    parser.add_argument("--more-every", type=int, required=True, help="records per output more")
    given = parser.parse_args()
    settings = load_settings()
    configure_logging(settings)
    processing = PassThrough(
        real_name(settings, "account.verdicts"),
        real_name(settings, "audit.records"),
        given.state,
        given.output,
        given.more_every,
    )
    worker = Worker(settings, processing)
    return worker.run()


if __name__ == "__main__":
    sys.exit(main())
