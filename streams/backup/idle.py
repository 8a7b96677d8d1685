"""What must be so before states are read or written: nobody works on them, and nobody can begin.

A worker that was taken for dead may still hold a transaction: taking over its transactional ids
ends that, as another worker would.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaException

from streams.clients import create_admin, create_producer, group_members
from streams.errors import BrokerUnreachable, ConfigurationError
from streams.settings import Settings

ANSWER_S = 30.0


def require_idle(settings: Settings) -> None:
    """Raises `ConfigurationError` while workers of the application run, `BrokerUnreachable`."""
    try:
        members = group_members(create_admin(settings), settings.app_id)
    except KafkaException as error:
        raise BrokerUnreachable(f"no answer about the group: {error.args[0].str()}") from error
    if members:
        raise ConfigurationError(
            f"{members} workers of {settings.app_id} run; stop all of them first: what they commit "
            "meanwhile would be in one part and not in another. Inputs wait in Kafka. One that was "
            f"killed counts for {settings.session_timeout_s:g} s more"
        )


def fence(settings: Settings, progress: Callable[[int, int], None] | None = None) -> None:
    """Take over the transactional id of every partition: what was under way is ended.

    Raises `BrokerUnreachable`.
    """
    for partition in range(settings.partitions):
        producer: Any = create_producer(
            settings,
            transactional_id=f"{settings.app_id}-{partition}",
            transaction_timeout_ms=10_000,
        )
        try:
            producer.init_transactions(ANSWER_S)
        except KafkaException as error:
            raise BrokerUnreachable(f"partition {partition}: {error.args[0].str()}") from error
        if progress is not None:
            progress(partition + 1, settings.partitions)
