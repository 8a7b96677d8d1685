"""Images that take long, one after another, on a real Kafka."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from schemas.codec import decode, encode
from schemas.records import Field, FieldAnalysis, ImageRequest
from streams.clients import (
    create_admin,
    create_consumer,
    create_producer,
    end_offsets,
    group_offsets,
    read_all,
)
from streams.images import pool, worker
from streams.images.fetch import Fetcher
from streams.images.pool import LookPool
from streams.images.worker import ImageWorker, longest_turn_s
from streams.settings import Settings
from streams.topics import create_topics, real_name
from tests.conftest import SettingsFactory
from tests.streams.images.drawn import encoded, picture
from tests.streams.images.harmful import looking
from tests.support import wait_until

STALLERS = 8
LEAVES_MS = 6_000
LONGEST_OF_KAFKA_S = 86_400


class Bytes(Fetcher):
    """Has the bytes of images by reference; ``asked`` counts how often."""

    def __init__(self, images: dict[str, bytes]) -> None:
        self._images = images
        self.asked: Counter[str] = Counter()

    def fetch(self, reference: str) -> bytes:
        """The bytes of an image."""
        self.asked[reference] += 1
        return self._images[reference]


def publish(settings: Settings, *references: str) -> None:
    """Ask for images, one after the other."""
    producer = create_producer(settings)
    for reference in references:
        request = ImageRequest(
            account_id=reference,
            account_seq=1,
            event_id=f"{reference}-e",
            request_id=f"{reference}-r",
            field=Field.AVATAR,
            value=reference,
            pack_id="cac2022",
            pack_version="1",
            pack_hash="0" * 64,
            at=1_700_000_000_000,
        )
        producer.produce(real_name(settings, "image.requests"), encode(request), reference)
    assert producer.flush(30) == 0


def answers(settings: Settings) -> dict[str, list[FieldAnalysis]]:
    """All answers, by reference."""
    found: dict[str, list[FieldAnalysis]] = {}
    for message in read_all(settings, [real_name(settings, "account.analyses")]):
        analysis = decode(FieldAnalysis, message.value() or b"")
        found.setdefault(analysis.value, []).append(analysis)
    return found


def test_images_that_stall_keep_no_other_from_its_answer(
    settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
):
    """Each turn lasts beyond the time after which a member that does not read leaves its group."""
    ours = settings(partitions=1, image_fetches=4)
    create_topics(ours)
    group = f"{ours.app_id}-images"
    hasty = {"session_timeout_ms": LEAVES_MS, "max_poll_interval_ms": LEAVES_MS}
    told: list[dict[str, Any]] = []

    def consumer(settings: Settings, **given: Any) -> Any:
        told.append(given)
        return create_consumer(settings, **given | hasty)

    monkeypatch.setattr(worker, "create_consumer", consumer)
    monkeypatch.setattr(pool, "look_into", looking)
    stallers = {f"stalls-{number}": b"hang %d" % number for number in range(STALLERS)}
    images = Bytes(stallers | {"good": encoded(picture())})
    publish(ours, *stallers, "good")
    ends = end_offsets(create_admin(ours), [real_name(ours, "image.requests")])

    looks = LookPool(1, seconds=2.0)
    working, stop = ImageWorker(ours, images, looks), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        run = threads.submit(working.run, stop)
        try:
            wait_until(
                lambda: run.done() or group_offsets(ours, group, ends, 30) == ends,
                60,
                "all requests count as read",
                every=0.5,
            )
        finally:
            stop.set()
            run.result()
            looks.close()
    found = answers(ours)
    assert [a.image.checked for a in found["good"] if a.image] == [True]
    assert {name: len(given) for name, given in found.items()} == dict.fromkeys(images.asked, 1)
    assert set(images.asked.values()) == {1}, "what has its answer was not fetched again"
    assert told[0]["max_poll_interval_ms"] == round(longest_turn_s(ours, looks) * 1e3)


@pytest.mark.parametrize("fetches", [1, 256])
def test_the_longest_turn_is_one_that_kafka_allows(fetches: int):
    looks = LookPool(1)
    ours = Settings(image_fetches=fetches, image_fetch_timeout_s=60.0)
    looking_s = fetches * (pool.START_S + pool.SECONDS)
    assert looking_s + worker.TRIES * 60.0 < longest_turn_s(ours, looks) < LONGEST_OF_KAFKA_S
    assert longest_turn_s(ours, LookPool(4)) <= longest_turn_s(ours, looks)


def test_a_worker_is_stuck_when_a_turn_outlasts_the_longest(
    settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
):
    ours, looks = settings(), LookPool(1)
    working = ImageWorker(ours, Bytes({}), looks)
    began = working._progress
    for late_s, live in ((-1.0, True), (1.0, False)):
        now = began + longest_turn_s(ours, looks) + late_s
        with monkeypatch.context() as clock:
            clock.setattr(worker.time, "monotonic", lambda now=now: now)
            assert working.liveness().ok is live
