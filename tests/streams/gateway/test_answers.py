"""The thread that reads answers waits for the registry; where it ends, its process leaves."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from schemas.codec import Codec
from schemas.records import Verdict
from streams.children import Child, accepts, free_ports
from streams.clients import create_producer
from streams.codecs import open_codec
from streams.errors import WorkerError
from streams.gateway.answers import Answers
from streams.processing import DEAD_LETTER_HEADERS, HEADER_PREFIX
from streams.settings import Settings
from streams.topics import create_topics, real_name
from tests.conftest import SettingsFactory
from tests.schemas.registry_server import Server, serving
from tests.streams.views.outputs import simulated
from tests.support import SLOWER, wait_until

VERDICT = next(record for record in simulated(10) if isinstance(record, Verdict))
BROKEN = """
from streams.cli import main
from streams.gateway import answers

def parse(_):
    raise ValueError("injected")

answers.parse = parse
main()
"""


@contextmanager
def reading(settings: Settings) -> Iterator[Answers]:
    """The outputs are read from their ends on."""
    answers = Answers(settings)
    answers.start()
    try:
        yield answers
    finally:
        answers.stop()


async def until(condition: Callable[[], Any], why: str) -> None:
    await asyncio.to_thread(wait_until, condition, 20, why)


def framed(settings: Settings, port: int) -> tuple[bytes, Server]:
    """The verdict as it is written with a registry, and that registry, which is away again."""
    with serving(port=port) as registry:
        return open_codec(settings).encode(VERDICT), registry


def put(settings: Settings, topic: str, value: bytes, headers: Any = ()) -> None:
    producer: Any = create_producer(settings)
    key = VERDICT.account_id.encode()
    producer.produce(real_name(settings, topic), key=key, value=value, headers=[*headers])
    assert producer.flush(30) == 0


async def test_an_answer_waits_for_the_schema_registry(settings: SettingsFactory) -> None:
    (port,) = free_ports(1)
    ours = settings(schema_registry_url=f"http://127.0.0.1:{port}")
    create_topics(ours)
    value, registry = framed(ours, port)
    with reading(ours) as answers:
        waiting = answers.expect(VERDICT.account_id, VERDICT.event_id)
        put(ours, "account.verdicts", value)
        await until(lambda: answers.problems, "it says that it reads nothing")
        with serving(port=port) as again:
            again.schemas, again.subjects = registry.schemas, registry.subjects
            assert await asyncio.wait_for(waiting.future, 20 * SLOWER) == VERDICT
        await until(lambda: not answers.problems, "it says that it reads")


async def test_an_answer_that_nobody_waits_for_any_more_holds_up_no_other(
    settings: SettingsFactory,
) -> None:
    (port,) = free_ports(1)
    ours = settings(schema_registry_url=f"http://127.0.0.1:{port}")
    create_topics(ours)
    value, _ = framed(ours, port)
    with reading(ours) as answers:
        waiting = answers.expect(VERDICT.account_id, VERDICT.event_id)
        put(ours, "account.verdicts", value)
        await until(lambda: answers.problems, "it says that it reads nothing")
        answers.forget(waiting)  # its caller was told to ask again
        await until(lambda: not answers.problems, "it says that it reads")
        waiting = answers.expect(VERDICT.account_id, VERDICT.event_id)
        put(ours, "account.verdicts", Codec().encode(VERDICT))
        assert await asyncio.wait_for(waiting.future, 20 * SLOWER) == VERDICT


def test_a_gateway_that_reads_no_answers_any_more_leaves_to_be_started_again(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    ours = settings()
    create_topics(ours)
    environment = {
        "ZHENGMING_KAFKA": ours.kafka,
        "ZHENGMING_APP_ID": ours.app_id,
        "ZHENGMING_TOPIC_PREFIX": ours.topic_prefix,
        "ZHENGMING_PARTITIONS": str(ours.partitions),
        "ZHENGMING_GATEWAY_PORT": str(port),
    }
    letter = [(HEADER_PREFIX + name, b"0") for name in DEAD_LETTER_HEADERS]
    command = [sys.executable, "-c", BROKEN, "gateway"]
    with Child(command, tmp_path / "gateway.log", environment) as gateway:
        wait_until(lambda: accepts(port) or not gateway.running, 60, "it serves", every=0.1)
        put(ours, "dead.letters", b"", letter)
        wait_until(lambda: not gateway.running, 30, "it has left", every=0.1)
        assert gateway.exit_code == WorkerError.exit_code, gateway.tail(40)
        assert "it read no answers any more" in gateway.tail(40)
