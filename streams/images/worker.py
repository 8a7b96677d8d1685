"""The image worker: reads requests, fetches and looks, and answers on ``account.analyses``.

It is at least once: requests count as read when their answers are in Kafka. An answer's event id is
derived from its request, so an account takes a repeated one for what it is.

Between two reads pass at most `longest_turn_s` seconds; a member that reads nothing for longer
leaves its group. One that was slower all the same joins again, and does not look anew into what it
has answered: that only counts as read now.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from schemas.codec import Codec
from schemas.errors import DecodeError
from schemas.records import FieldAnalysis, ImageFacts, ImageRequest
from streams.clients import create_consumer, create_producer, unread_messages
from streams.codecs import open_codec
from streams.errors import BrokerUnreachable
from streams.health import Health
from streams.images.fetch import Fetcher, NotFetched, NotNow
from streams.images.measuring import ImageMetrics, Outcome
from streams.images.pool import LookPool
from streams.logs import get_logger
from streams.settings import Settings
from streams.topics import real_name

log = get_logger(__name__)

SOURCE = "images"
POLL_S = 0.5
FLUSH_S = 30.0
TRIES = 3
PAUSE_S = 0.5
SPARE_S = 60.0
"""For what has no limit of its own: names of hosts that are resolved slowly, a commit."""

_NOT_FETCHED = "The image was not fetched: "

_LEFT = (
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError._ASSIGNMENT_LOST,
    KafkaError._NO_OFFSET,
)
"""The group has changed hands meanwhile: whoever reads the requests now answers them again."""


def longest_turn_s(settings: Settings, pool: LookPool) -> float:
    """The longest time from one read to the next, in seconds.

    A turn takes as many requests as are fetched side by side. Then they are looked into, and their
    answers sent.
    """
    pauses = sum(PAUSE_S * tried for tried in range(1, TRIES))
    fetching = TRIES * settings.image_fetch_timeout_s + pauses
    return fetching + pool.longest_s(settings.image_fetches) + FLUSH_S + SPARE_S


class ImageWorker:
    """Answers requests until it is stopped."""

    def __init__(
        self, settings: Settings, fetcher: Fetcher, pool: LookPool, codec: Codec | None = None
    ) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._pool = pool
        self._codec = codec or open_codec(settings)
        self._answers = real_name(settings, "account.analyses")
        self.metrics = ImageMetrics()
        self._longest_turn_s = longest_turn_s(settings, pool)
        self._progress = time.monotonic()
        self._reads = False
        self._answered: dict[int, int] = {}  # the next offset of each partition

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set. Raises `BrokerUnreachable` when answers cannot be sent."""
        settings = self._settings
        consumer = create_consumer(
            settings,
            group=f"{settings.app_id}-images",
            max_poll_interval_ms=round(self._longest_turn_s * 1e3),
        )
        producer = create_producer(settings)
        consumer.subscribe([real_name(settings, "image.requests")])
        threads = ThreadPoolExecutor(settings.image_fetches, "image-fetch")
        try:
            while not stop.is_set():
                messages = consumer.consume(settings.image_fetches, timeout=POLL_S)
                self._look_around(consumer)
                if messages:
                    self._answer(messages, threads, producer)
                    _commit(consumer)
        finally:
            self._reads = False
            threads.shutdown(wait=False, cancel_futures=True)
            consumer.close()

    def readiness(self) -> Health:
        """Whether it reads requests; one without partitions stands by."""
        return Health(self._reads, () if self._reads else ("it does not read yet",))

    def liveness(self) -> Health:
        """Whether it does anything at all."""
        silent = time.monotonic() - self._progress
        stuck = silent > self._longest_turn_s
        return Health(not stuck, (f"nothing read for {silent:.0f} s",) if stuck else ())

    def _look_around(self, consumer: Any) -> None:
        """Note that it lives, and how much is left to read."""
        self._progress, self._reads = time.monotonic(), True
        self.metrics.unread.set(unread_messages(consumer))

    def _answer(self, messages: Sequence[Any], threads: ThreadPoolExecutor, producer: Any) -> None:
        began = time.perf_counter()
        requests = [(m, r) for m in messages if (r := self._request(m)) is not None]
        facts = list(threads.map(self.look, [request.value for _, request in requests]))
        failures: list[str] = []

        def sent(error: Any, _message: Any) -> None:
            if error is not None:
                failures.append(error.str())

        for (message, request), found in zip(requests, facts, strict=True):
            producer.produce(
                self._answers,
                self._codec.encode(_analysis(request, found)),
                request.account_id.encode(),
                partition=message.partition(),
                on_delivery=sent,
            )
        if producer.flush(FLUSH_S) or failures:
            raise BrokerUnreachable(f"answers were not sent: {failures[0] if failures else 'late'}")
        for (message, _), found in zip(requests, facts, strict=True):
            self._answered[message.partition()] = message.offset() + 1
            self.metrics.answered(_outcome(found))
        outcomes = Counter("checked" if found.checked else found.detail for found in facts)
        log.info(
            "images",
            requests=len(requests),
            seconds=round(time.perf_counter() - began, 3),
            outcomes=dict(outcomes),
        )

    def look(self, reference: str) -> ImageFacts:
        """Fetch an image and look into it; what fails is said in the facts."""
        with self.metrics.seconds.time():
            return self._look(reference)

    def _look(self, reference: str) -> ImageFacts:
        for tried in range(1, TRIES + 1):
            try:
                body = self._fetcher.fetch(reference)
                break
            except NotNow as error:
                if tried == TRIES:
                    return _not_fetched(error)
                time.sleep(PAUSE_S * tried)
            except NotFetched as error:
                return _not_fetched(error)
            except Exception as error:  # of a fetcher of the operator; one image must not stop all
                log.exception("the fetcher failed", error=type(error).__name__)
                return _not_fetched(NotFetched(f"the fetcher failed: {type(error).__name__}"))
        return self._pool.look(body)

    def _request(self, message: Any) -> ImageRequest | None:
        """The request of a message; what is none is left out, as only workers write the topic.

        So is what has its answer, and that this worker read too late: it joins again by itself.
        """
        if message.error() is not None:
            if message.error().code() == KafkaError._MAX_POLL_EXCEEDED:
                log.warning("a turn took too long", allowed_seconds=self._longest_turn_s)
                return None
            raise BrokerUnreachable(f"requests cannot be read: {message.error().str()}")
        if message.offset() < self._answered.get(message.partition(), 0):
            return None
        try:
            request: ImageRequest = self._codec.decode(ImageRequest, message.value() or b"")
        except DecodeError as error:
            log.error("no image request", offset=message.offset(), reason=error.reason)
            return None
        return request


def _not_fetched(error: NotFetched) -> ImageFacts:
    return ImageFacts(checked=False, detail=f"{_NOT_FETCHED}{error}.")


def _outcome(facts: ImageFacts) -> Outcome:
    if facts.checked:
        return Outcome.CHECKED
    fetched = not facts.detail.startswith(_NOT_FETCHED)
    return Outcome.NOT_CHECKED if fetched else Outcome.NOT_FETCHED


def _analysis(request: ImageRequest, facts: ImageFacts) -> FieldAnalysis:
    return FieldAnalysis(
        event_id=f"image-{request.request_id}",
        account_id=request.account_id,
        occurred_at=time.time_ns() // 1_000_000,
        field=request.field,
        value=request.value,
        source=SOURCE,
        image=facts,
    )


def _commit(consumer: Any) -> None:
    try:
        consumer.commit(asynchronous=False)
    except KafkaException as error:
        if error.args[0].code() not in _LEFT:
            raise
