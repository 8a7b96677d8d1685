"""What the stream answers, read at ``read_committed`` as it comes: for callers who wait, and live.

One thread reads the outputs from where they ended at the start. A record is decoded only when
somebody waits for its account, or watches.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from typing import Any, NamedTuple

from confluent_kafka import TopicPartition

from schemas.errors import DecodeError, RegistryUnavailable
from schemas.records import AuditKind, AuditRecord, Disposal, Escalation, Verdict
from streams.clients import create_admin, create_consumer, end_offsets
from streams.codecs import open_codec
from streams.dead_letters import DeadLetter, Origin, parse
from streams.health import away
from streams.logs import get_logger
from streams.settings import Settings
from streams.topics import TopicIds, real_name, topic_of

WATCHED = (Verdict, Disposal, Escalation, AuditRecord)
LIVE = (Verdict, Disposal, Escalation)
POLL_S = 0.1
RETRY_S = 0.5
AT_ONCE = 500
LETTERS = 1_000
LIVE_QUEUE = 500
END_S = 5.0

log = get_logger(__name__)


class Refused(NamedTuple):
    """The stream set an input aside."""

    reason: str
    detail: str


Answer = Verdict | AuditRecord | Refused
_Key = tuple[bytes, str]


class Waiting:
    """Somebody who waits for what becomes of one input."""

    def __init__(self, account_id: str, event_id: str, loop: asyncio.AbstractEventLoop) -> None:
        self.key: _Key = (account_id.encode(), event_id)
        self.future: asyncio.Future[Answer] = loop.create_future()
        self.origin: Origin | None = None
        self._loop = loop

    def settle(self, answer: Answer) -> None:
        """Wake the one who waits; from any thread."""
        self._loop.call_soon_threadsafe(self._set, answer)

    def _set(self, answer: Answer) -> None:
        if not self.future.done():
            self.future.set_result(answer)


class Live:
    """One who watches everything; what they are too slow for is left out and counted."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.left_out = 0
        self._events: deque[Any] = deque(maxlen=LIVE_QUEUE)
        self._wake = asyncio.Event()
        self._loop = loop

    def put(self, record: Any) -> None:
        """Add a record; from any thread."""
        if len(self._events) == LIVE_QUEUE:
            self.left_out += 1
        self._events.append(record)
        self._loop.call_soon_threadsafe(self._wake.set)

    async def take(self, within_s: float) -> list[Any]:
        """What has come, after at most ``within_s``."""
        try:
            await asyncio.wait_for(self._wake.wait(), within_s)
        except TimeoutError:
            return []
        self._wake.clear()
        taken = []
        while self._events:
            taken.append(self._events.popleft())
        return taken


class Answers:
    """Reads the outputs in a thread of its own, from `start` to `stop`.

    Where that ends by a fault nobody foresaw, ``failed`` is true and ``on_failure`` is called, from
    that thread: nobody is answered any more, and only a new process helps.
    """

    def __init__(self, settings: Settings) -> None:
        self.failed = False
        self.on_failure: Callable[[], None] = lambda: None
        self._settings = settings
        self._types = {real_name(settings, topic_of(r).name): r for r in WATCHED}
        self._dead = real_name(settings, "dead.letters")
        self._decode = open_codec(settings).decode
        self._lock = threading.Lock()
        self._waiting: dict[_Key, list[Waiting]] = {}
        self._accounts: Counter[bytes] = Counter()
        self._origins: dict[Origin, Waiting] = {}
        self._letters: OrderedDict[Origin, Refused] = OrderedDict()
        self._live: list[Live] = []
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._ids = TopicIds(create_admin(settings), [*self._types, self._dead])
        self._problem = "the outputs are not read yet"

    @property
    def problems(self) -> tuple[str, ...]:
        """Why nothing is read; empty while all is well."""
        return (self._problem,) if self._problem else away(self._ids.silent_s)

    def start(self) -> None:
        """Position at the ends of the outputs and begin to read. Raises `BrokerUnreachable`."""
        topics = [*self._types, self._dead]
        ends = end_offsets(create_admin(self._settings), topics)
        consumer = create_consumer(self._settings)
        consumer.assign([TopicPartition(*tp, end) for tp, end in ends.items()])
        self._ids.ask()
        self._problem = ""
        self._thread = threading.Thread(target=self._run, args=(consumer,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop reading."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(END_S)

    def expect(self, account_id: str, event_id: str) -> Waiting:
        """Wait for the answer to an input; before it is published. End with `forget`."""
        waiting = Waiting(account_id, event_id, asyncio.get_running_loop())
        with self._lock:
            self._waiting.setdefault(waiting.key, []).append(waiting)
            self._accounts[waiting.key[0]] += 1
        return waiting

    def placed(self, waiting: Waiting, origin: Origin) -> None:
        """Tell where the input stands in Kafka, for finding it among the dead letters."""
        with self._lock:
            letter = self._letters.pop(origin, None)
            if letter is None:
                waiting.origin = origin
                self._origins[origin] = waiting
        if letter is not None:
            waiting.settle(letter)

    def forget(self, waiting: Waiting) -> None:
        """Wait no longer."""
        account = waiting.key[0]
        with self._lock:
            others = self._waiting.get(waiting.key, [])
            if waiting in others:
                others.remove(waiting)
                self._accounts[account] -= 1
            if not others:
                self._waiting.pop(waiting.key, None)
            if not self._accounts[account]:
                del self._accounts[account]
            if waiting.origin is not None:
                self._origins.pop(waiting.origin, None)

    def watch(self) -> Live:
        """Begin to watch everything. End with `unwatch`."""
        live = Live(asyncio.get_running_loop())
        with self._lock:
            self._live.append(live)
        return live

    def unwatch(self, live: Live) -> None:
        """Watch no longer."""
        with self._lock:
            self._live.remove(live)

    def _run(self, consumer: Any) -> None:
        try:
            while not self._stopping.is_set():
                # One that waits, then what has come with it: a full batch is not waited for.
                first = consumer.poll(POLL_S)
                self._ids.look()
                if first is not None:
                    for message in (first, *consumer.consume(AT_ONCE, 0)):
                        self._take(message)
        except Exception as error:
            self._problem = f"the outputs cannot be read ({type(error).__name__})"
            log.critical("the gateway reads no answers any more", exc_info=error)
            self.failed = True
            self.on_failure()
        finally:
            consumer.close()

    def _take(self, message: Any) -> None:
        """Hand a message on; while the registry is away, again for as long as somebody waits."""
        while not self._stopping.is_set():
            try:
                self._hand_on(message)
            except RegistryUnavailable as error:
                if not self._problem:
                    log.warning("an output waits for the schema registry", error=str(error))
                self._problem = f"the outputs cannot be read: {error}"
                self._ids.look()
                self._stopping.wait(RETRY_S)
            else:
                self._problem = ""
                return

    def _hand_on(self, message: Any) -> None:
        """Tell those who wait for what a message says. Raises `RegistryUnavailable`."""
        if message.error() is not None:
            return  # librdkafka goes on by itself; what matters ends in a time-out
        topic = message.topic()
        if topic == self._dead:
            if (letter := parse(message)) is not None:
                self._set_aside(letter)
            return
        account = message.key()
        awaited = account in self._accounts
        if not awaited and not self._live:
            return
        try:
            record: Any = self._decode(self._types[topic], message.value())
        except DecodeError as error:
            log.error("an output cannot be read", topic=topic, error=str(error))
            return
        if awaited and (
            isinstance(record, Verdict)
            or (isinstance(record, AuditRecord) and record.kind is AuditKind.RULING)
        ):
            with self._lock:
                found = list(self._waiting.get((account, record.event_id), ()))
            for waiting in found:
                waiting.settle(record)
        if isinstance(record, LIVE):
            for live in list(self._live):
                live.put(record)

    def _set_aside(self, letter: DeadLetter) -> None:
        refused = Refused(letter.reason, letter.error)
        with self._lock:
            waiting = self._origins.pop(letter.origin, None)
            if waiting is None:
                self._letters[letter.origin] = refused
                if len(self._letters) > LETTERS:
                    self._letters.popitem(last=False)
        if waiting is not None:
            waiting.settle(refused)
