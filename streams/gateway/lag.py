"""How far the workers are behind, by the positions they publish for lag tools."""

from __future__ import annotations

import threading
import time
from typing import Any

from confluent_kafka import KafkaException, TopicPartition

from streams.clients import create_admin, create_consumer, end_offsets
from streams.errors import WorkerError
from streams.settings import Settings
from streams.topics import input_topics, real_name

KEPT_S = 5.0
WITHIN_S = 3.0


class Lag:
    """Records that no worker has taken yet, over all inputs; asked of Kafka at most each 5 s."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin: Any = create_admin(settings)
        self._group: Any = create_consumer(settings, settings.app_id)  # asked, never joined
        self._topics = [real_name(settings, topic.name) for topic in input_topics()]
        self._lock = threading.Lock()
        self._asked = -KEPT_S
        self._lag: int | None = None

    def read(self) -> int | None:
        """The lag; None while Kafka does not tell."""
        with self._lock:
            if time.monotonic() - self._asked > KEPT_S:
                self._asked = time.monotonic()
                try:
                    self._lag = self._ask()
                except (KafkaException, WorkerError, TimeoutError):
                    self._lag = None
            return self._lag

    def _ask(self) -> int:
        ends = end_offsets(self._admin, self._topics, WITHIN_S)
        # Not by the admin client: see `group_offsets`. This one stays open.
        committed = self._group.committed([TopicPartition(*tp) for tp in ends], WITHIN_S)
        reached = {(p.topic, p.partition): p.offset for p in committed}
        return sum(max(0, end - max(0, reached.get(tp, 0))) for tp, end in ends.items())
