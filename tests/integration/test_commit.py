"""A producer of a partition task whose partition has another owner."""

from __future__ import annotations

import pytest

from streams.commit import FENCED, TransactionalProducer
from streams.store import MemoryStore
from streams.topics import create_topics, output_topics, real_name
from streams.work import Message, Overlay
from streams.worker import task_options
from tests.conftest import SettingsFactory


async def test_who_was_fenced_is_told_so_whatever_was_asked_of_the_producer(
    settings: SettingsFactory,
) -> None:
    """Of topics it has not written to yet it asks first: meanwhile it learns of the new owner."""
    ours = settings()
    create_topics(ours)
    options = task_options(ours)
    old, new = TransactionalProducer(options, 0), TransactionalProducer(options, 0)
    known, *others = [real_name(ours, topic.name) for topic in output_topics()]

    async def commit(topics: list[str]) -> None:
        overlay = Overlay(MemoryStore(), ours.max_batch_bytes)
        overlay.states[b"a"] = b"state"
        overlay.messages = [Message(topic, b"a", b"output") for topic in topics]
        await old.commit(overlay, lambda _step: None)

    try:
        await old.open()
        await commit([known])
        await new.open()
        for topics in ([known, *others], []):
            with pytest.raises(FENCED):
                await commit(topics)
    finally:
        await old.close()
        await new.close()
