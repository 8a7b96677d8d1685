"""Records for views, made by the engine, and what stands in Redis, for comparison."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
import redis

from processors import engine
from schemas.codec import Codec
from streams.clients import create_producer
from streams.packs import load_policy
from streams.settings import Settings
from streams.simulate import Simulation
from streams.topics import real_name, topic_of
from streams.views.documents import unpack_account
from streams.views.fold import RECORDS, Seen
from streams.views.keys import Keys
from streams.views.store import now_ms

POLICY = load_policy(Settings())
CREDIT = POLICY.pack.credit
PLAIN = Codec()
START = now_ms() - 30 * 3_600_000
"""Recent: the counters of minutes are not kept for long."""


def simulated(events: int, seed: int = 1, start: int = START, step_ms: float = 60_000) -> list[Any]:
    """Inputs and outputs that views are made of, in the order in which they came about."""
    states: dict[bytes, bytes | None] = {}
    records: list[Any] = []
    simulation = Simulation(seed=seed, accounts=60, offenders=8, start=start, step_ms=step_ms)
    for offset, (topic, record) in enumerate(simulation.events(events)):
        if type(record) in RECORDS:
            records.append(record)
        given = engine.Input(topic, 0, offset, record.occurred_at, record)
        outcome = engine.run([given], states.get, POLICY, alone=True)
        states.update(outcome.states)
        records += outcome.outputs
    return records


def by_topic(settings: Settings, records: list[Any]) -> dict[str, list[Seen]]:
    """The records as they would be read from one partition of each topic."""
    topics: dict[str, list[Seen]] = defaultdict(list)
    for record in records:
        name = real_name(settings, topic_of(type(record)).name)
        topics[name].append(Seen(name, 0, len(topics[name]), record))
    return topics


def publish(settings: Settings, records: list[Any], codec: Codec = PLAIN) -> None:
    """Put the records into their topics, as a worker does."""
    producer: Any = create_producer(settings)
    for record in records:
        name = real_name(settings, topic_of(type(record)).name)
        producer.produce(name, key=record.account_id.encode(), value=codec.encode(record))
        producer.poll(0)
    assert producer.flush(30) == 0


def dump(settings: Settings) -> dict[str, Any]:
    """All that the views say, not where they were read, in a form that can be compared."""
    keys = Keys(settings)
    found: dict[str, Any] = {}
    with redis.Redis.from_url(settings.redis_url) as client:
        for key in client.scan_iter(keys.prefix + "*"):
            kind = client.type(key)
            name = key.decode().removeprefix(keys.prefix)
            if name in ("positions", "made_of"):
                continue
            if kind == b"string":
                value: Any = client.get(key)
                if name.startswith("account:"):
                    value = _without_offsets(msgspec.to_builtins(unpack_account(value)))
            elif kind == b"hash":
                value = dict(client.hgetall(key))
            else:
                value = client.zrange(key, 0, -1, withscores=True)
            found[name] = value
    return found


def _without_offsets(account: dict[str, Any]) -> dict[str, Any]:
    """Where a ticket stands depends on the topic's own numbering, which tests do not share."""
    for name in ("tickets", "appeals"):
        if name in account:
            for line in account[name]:
                del line["source"]
    return account
