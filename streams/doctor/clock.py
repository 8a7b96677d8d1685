"""The broker's clock beside ours, by a record that nobody ever sees.

A transaction with one empty record is begun and aborted. The broker stamps the record when it
appends it and tells the time in its answer: it lies between our sending and its answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaException

from streams.clients import create_producer
from streams.doctor.finding import Finding
from streams.settings import Settings
from streams.topics import is_mock, real_name

PROBE = "account.findings"
"""Where the record goes: the broker's clock counts in it, and its readers see committed only."""
TRIES = 3
ANSWER_S = 5.0
MOST_MS = 5_000
"""A partition without records waits this long (`idle_slack_ms`) before its deadlines fire."""


class Skew(NamedTuple):
    """How far the broker's clock is ahead of ours, in ms, at least and at most."""

    least: int
    most: int

    @property
    def surely(self) -> int:
        """The part of it that the way of the record does not explain."""
        return max(0, self.least, -self.most)


def clock(settings: Settings) -> Iterator[Finding]:
    """The two clocks agree, and a transaction can be begun."""
    try:
        skew = measure(settings)
    except KafkaException as error:
        cure = (
            "workers write in transactions: allow WRITE and DESCRIBE on transactional ids that "
            f"begin with {settings.app_id}-, and let transaction.max.timeout.ms of the brokers be "
            f"no less than ZHENGMING_TRANSACTION_TIMEOUT_MS={settings.transaction_timeout_ms}"
        )
        yield Finding("transactions", False, str(error.args[0].str()), cure)
        return
    yield Finding("transactions", True, "begun and aborted")
    if skew is None:
        return  # a topic without the broker's time: told as `event time`
    allowed = min(MOST_MS, settings.idle_slack_ms)
    middle = (skew.least + skew.most) // 2
    seen = f"the broker is {abs(middle)} ms {'ahead' if middle > 0 else 'behind'}, " + (
        f"give or take {(skew.most - skew.least + 1) // 2} ms"
    )
    if skew.surely > allowed:
        cure = "let NTP or chrony set the clocks of this machine and of the brokers"
        yield Finding("clock", False, seen, cure)
    else:
        yield Finding("clock", True, seen)


def measure(settings: Settings) -> Skew | None:
    """The skew, the closest of a few tries; None where the broker's time is not told.

    Raises ``KafkaException`` where no transaction can be begun.
    """
    producer: Any = create_producer(
        settings,
        transactional_id=f"{settings.app_id}-doctor",
        transaction_timeout_ms=settings.transaction_timeout_ms,
        linger_ms=0,
    )
    if is_mock(producer):
        return None
    producer.init_transactions(ANSWER_S)
    tries = [_try(producer, real_name(settings, PROBE)) for _ in range(TRIES)]
    known = [skew for skew in tries if skew is not None]
    return min(known, key=lambda skew: skew.most - skew.least, default=None)


def _try(producer: Any, topic: str) -> Skew | None:
    told: list[tuple[Any, Any]] = []
    producer.begin_transaction()
    before = now_ms()
    producer.produce(
        topic, value=b"", partition=0, on_delivery=lambda e, m: told.append((e, m.timestamp()))
    )
    producer.flush(ANSWER_S)
    after = now_ms()
    producer.abort_transaction(ANSWER_S)
    for error, (kind, at) in told:
        if error is None and kind == TIMESTAMP_LOG_APPEND_TIME:
            return Skew(at - after, at - before)
    return None


def now_ms() -> int:
    """Our clock, in ms."""
    return time.time_ns() // 1_000_000
