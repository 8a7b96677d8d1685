"""The same checks in plain Faust: an agent, a table, and a send for each output.

One event at a time through `DomainProcessing`, as Faust's documentation writes such an agent, at
Faust's own default guarantee (at least once). Settings come from the environment, as a worker's.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import faust
from aiokafka.consumer.fetcher import ConsumerRecord

from streams.logs import configure_logging
from streams.packs import load_policy
from streams.settings import Settings, load_settings
from streams.topics import consumed_topics, real_name
from streams.work import Record
from streams.worker import domain_processing


def create(settings: Settings) -> faust.App:
    """The application: inputs, outputs and the table as the worker has them."""
    app = faust.App(
        settings.app_id,
        broker=f"kafka://{settings.kafka}",
        store="memory://",
        topic_partitions=settings.partitions,
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,
        datadir=str(settings.data_dir),
        web_enabled=False,
    )
    processing = domain_processing(settings, load_policy(settings))
    raw: dict[str, Any] = {"key_serializer": "raw", "value_serializer": "raw"}
    inputs = app.topic(*(real_name(settings, t.name) for t in consumed_topics()), **raw)
    accounts = app.Table(
        "accounts", partitions=settings.partitions, key_type=bytes, value_type=bytes
    )
    outputs: dict[str, Any] = {}

    async def judge(stream: Any) -> None:
        async for event in stream.events():
            record = record_of(event.message)
            work = processing.process([record], accounts.get, time.time_ns() // 1_000_000)
            for key, state in work.states.items():
                if state is None:
                    accounts.pop(key)
                else:
                    accounts[key] = state
            for message in work.messages:
                if message.topic not in outputs:
                    outputs[message.topic] = app.topic(message.topic, **raw)
                await outputs[message.topic].send(
                    key=message.key,
                    value=message.value,
                    headers=dict(message.headers),
                    partition=message.partition
                    if message.partition is not None
                    else record.partition,
                )

    app.agent(inputs)(judge)
    return app


def record_of(message: Any) -> Record:
    """The Kafka record of a Faust message."""
    record: Record = ConsumerRecord(
        message.topic,
        message.partition,
        message.offset,
        round(message.timestamp * 1000),
        message.timestamp_type,
        message.key,
        message.value,
        None,
        len(message.key or b""),
        len(message.value or b""),
        (),
    )
    return record


def main() -> int:
    """Run until a signal."""
    settings = load_settings()
    configure_logging(settings)
    worker = faust.Worker(
        create(settings), override_logging=False, quiet=True, redirect_stdouts=False, console_port=0
    )
    try:
        worker.execute_from_commandline()
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
