"""What the views hold, whatever the order in which topics are read and however often."""

from __future__ import annotations

import random
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from msgspec.structs import replace

from schemas.records import (
    AccountComplaint,
    AuditRecord,
    AuthorityReport,
    ChangeKind,
    ComplaintCategory,
    CreditChange,
    Disposal,
    Escalation,
    EscalationStatus,
    Field,
    RulingAction,
    Verdict,
)
from streams.settings import Settings
from streams.views import LeaseLost, Seen, ViewReader, ViewStore
from streams.views.documents import VERDICTS
from streams.views.feeder import first_level
from streams.views.keys import MINUTE_MS
from streams.views.store import now_ms
from tests.processors.accounts.world import ACCOUNT, World, one
from tests.streams.views.outputs import CREDIT, START, by_topic, dump, simulated

RECORDS = simulated(1_500)


@pytest.fixture
def place(redis_url: str) -> Settings:
    return Settings(redis_url=redis_url, app_id=f"test-{uuid.uuid4().hex}")


@pytest.fixture
def store(place: Settings) -> Iterator[ViewStore]:
    made = ViewStore(place, first_level(CREDIT))
    assert made.take_lease()
    yield made
    made.close()


@pytest.fixture
def reader(place: Settings) -> Iterator[ViewReader]:
    made = ViewReader(place, CREDIT)
    yield made
    made.close()


def apply_all(store: ViewStore, seen: list[Seen], at_once: int) -> None:
    for start in range(0, len(seen), at_once):
        store.apply(seen[start : start + at_once])


def erasures() -> dict[str, int]:
    """The number of the input by which each erased account was erased."""
    return {r.account_id: r.account_seq for r in RECORDS if isinstance(r, AuditRecord) and r.erased}


def one_after_the_other(place: Settings) -> list[Seen]:
    return [seen for topic in by_topic(place, RECORDS).values() for seen in topic]


def test_the_order_of_topics_and_the_size_of_batches_make_no_difference(
    place: Settings, store: ViewStore
) -> None:
    apply_all(store, one_after_the_other(place), 200)
    expected = dump(place)
    assert len(expected) > 60
    for seed in range(3):
        store.clear({})
        chance = random.Random(seed)
        topics = [iter(topic) for topic in by_topic(place, RECORDS).values()]
        mixed: list[Seen] = []
        while topics:
            topic = chance.choice(topics)
            if (seen := next(topic, None)) is None:
                topics.remove(topic)
            else:
                mixed.append(seen)
        apply_all(store, mixed, chance.choice((1, 7, 5_000)) if seed else 13)
        assert dump(place) == expected


def test_the_views_say_what_the_records_say(
    place: Settings, store: ViewStore, reader: ViewReader
) -> None:
    apply_all(store, one_after_the_other(place), 300)

    level = {r.account_id: first_level(CREDIT) for r in RECORDS}
    level |= {r.account_id: r.level for r in RECORDS if isinstance(r, CreditChange)}
    assert {name: n for name, n in reader.levels().items() if n} == Counter(level.values())

    open_now: dict[str, Escalation] = {}
    for record in RECORDS:
        if isinstance(record, Escalation):
            if record.status is EscalationStatus.OPENED:
                open_now[record.escalation_id] = record
            else:
                open_now.pop(record.escalation_id, None)
    due = sorted(record.due_at for record in open_now.values())
    work = reader.work(due[len(due) // 2]).values()
    assert sum(w.open for w in work) == len(due)
    assert sum(w.overdue for w in work) == sum(at <= due[len(due) // 2] for at in due)
    first = min(
        (r for r in open_now.values() if r.kind == "COMPLAINT"), key=lambda record: record.due_at
    )
    assert reader.queue("complaint")[0].due_at == first.due_at

    erased = erasures()
    verdicts: dict[str, list[Any]] = defaultdict(list)
    for record in RECORDS:
        if isinstance(record, Verdict) and record.account_seq > erased.get(record.account_id, 0):
            verdicts[record.account_id].append(record)
    for account_id, told in verdicts.items():
        last = {verdict.event_id: verdict.decision for verdict in told}
        waits = {event for event, decision in last.items() if decision in ("HOLD", "STRICT_HOLD")}
        decided = [verdict for verdict in told if verdict.event_id not in waits][-VERDICTS:]
        document = reader.account(account_id)
        assert document is not None
        assert [(v.event_id, v.revision) for v in document.verdicts] == [
            (v.event_id, v.revision) for v in told if v in decided or v.event_id in waits
        ]

    live = {
        r.measure_id: r.action != "LIFT"
        for r in RECORDS
        if isinstance(r, Disposal) and r.account_seq > erased.get(r.account_id, 0)
    }
    shown = {
        m.measure_id: m.action != "LIFT"
        for document in reader.accounts(list(verdicts)).values()
        for m in document.measures
    }
    assert shown == live

    found = sorted(
        (r for r in RECORDS if isinstance(r, Verdict) and r.findings),
        key=lambda record: record.decided_at,
    )
    assert [f.event_id for f in reader.findings(5)] == [r.event_id for r in found[:-6:-1]]

    ends = max(r.decided_at for r in RECORDS if isinstance(r, Verdict))
    decided = Counter(
        r.decision for r in RECORDS
        if isinstance(r, Verdict) and r.decided_at // MINUTE_MS > ends // MINUTE_MS - 30
    )  # fmt: skip
    counted: Counter[str] = Counter()
    for _, counts in reader.minutes(ends, 30):
        counted.update({k[9:]: n for k, n in counts.items() if k.startswith("decision:")})
    assert counted == decided


def test_what_is_to_be_reported_from_now_on_stands_behind_what_was_due_before(
    store: ViewStore, reader: ViewReader
) -> None:
    now = now_ms()
    made = one(World().apply(bio="contact"), AuthorityReport)
    due = [now - minute * MINUTE_MS for minute in range(120)] + [now + MINUTE_MS]
    reports = [replace(made, report_id=f"r{at}", due_at=at) for at in due]
    reports[-1] = replace(reports[-1], taken_back=True)
    store.apply([Seen("t", 0, number, record) for number, record in enumerate(reports)])
    past = reader.reports_past(now)
    assert past == 119
    at, next_ = reader.reports(due_from=now)
    assert (at.due_at, next_.due_at) == (now, now + MINUTE_MS)
    assert reader.reports(1, 1, now) == [next_]
    assert next_.taken_back
    assert not any(line.taken_back for line in reader.reports(0, past))


@pytest.mark.obligation("CAC-16")
def test_of_an_erased_account_the_audit_records_stay_and_nothing_from_before(
    place: Settings, store: ViewStore, reader: ViewReader
) -> None:
    world = World()
    world.apply(bio="contact")
    world.complain("t1", ComplaintCategory.VULGAR, Field.NAME)
    given = [item.record for item in world.inputs if isinstance(item.record, AccountComplaint)]
    world.change(kind=ChangeKind.CANCELLATION)
    world.rule(RulingAction.ERASE_ACCOUNT, "", "privacy-desk")
    topics = list(by_topic(place, [*given, *world.log]).values())
    for order in (topics, topics[::-1], topics[3:] + topics[:3]):
        store.clear({})
        apply_all(store, [seen for topic in order for seen in topic], 3)
        document = reader.account(ACCOUNT)
        assert document is not None
        assert any("ERASE_ACCOUNT" in line.summary for line in document.audit)
        left = (
            *(document.verdicts, document.measures, document.credit, document.escalations),
            *(document.complaints, document.tickets, document.notices),
        )
        assert not any(left), left
        assert not document.unsettled
    again = world.change(kind=ChangeKind.REGISTRATION, name="sunny")
    store.apply([Seen("t", 0, number, record) for number, record in enumerate(again)])
    document = reader.account(ACCOUNT)
    assert document is not None
    assert [line.decision for line in document.verdicts] == ["ALLOW"]


def test_a_batch_and_its_offsets_stand_or_fall_together(
    place: Settings, store: ViewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = one_after_the_other(place)
    store.apply(seen[:100])
    before, positions = dump(place), store.positions()

    def broken(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(store, "_write", broken)
        with pytest.raises(RuntimeError):
            store.apply(seen[100:200])
    assert (dump(place), store.positions()) == (before, positions)
    store.apply(seen[100:200])
    assert store.positions() != positions


def test_views_of_another_layout_or_of_other_topics_are_known(
    place: Settings, store: ViewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = {"a": "id-1", "b": "id-2"}
    assert not store.are_of(topics), "there are none yet"
    store.clear(topics)
    assert store.are_of(topics)
    assert not store.are_of(topics | {"b": "id-3"})
    monkeypatch.setattr("streams.views.store.LAYOUT", "another")
    assert not store.are_of(topics)


def test_who_lost_the_lease_writes_nothing_more(place: Settings, store: ViewStore) -> None:
    seen = one_after_the_other(place)
    store.apply(seen[:100])
    before = dump(place)
    second = ViewStore(place, first_level(CREDIT))
    assert not second.take_lease()
    assert second.take_lease(by_force=True)
    with pytest.raises(LeaseLost):
        store.apply(seen[100:200])
    assert not store.take_lease()
    assert dump(place) == before
    second.close()
    assert store.take_lease()


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as made:
        yield made


def copied(client: Any, store: ViewStore) -> dict[Any, bytes]:
    """What a replica has that stands at the present."""
    keys = [*client.scan_iter(f"{store.keys.prefix}*"), store.keys.lease]
    return {key: client.dump(key) for key in keys}


def takes_over(client: Any, store: ViewStore, replica: dict[Any, bytes]) -> None:
    """From now on Redis is that replica."""
    for key in client.scan_iter(f"{store.keys.prefix}*"):
        client.delete(key)
    for key, value in replica.items():
        client.restore(key, 60_000, value, replace=True)


def goes_on(place: Settings, store: ViewStore, seen: list[Seen], reached: int) -> None:
    """The feeder reads on from where the views are, and they end as they should."""
    assert store.take_lease()
    assert sum(store.positions().values()) == reached
    apply_all(store, seen[reached:], 100)
    found = dump(place)
    store.clear({})
    apply_all(store, seen, 100)
    assert found == dump(place)


def test_what_a_replica_has_not_got_is_read_again(
    place: Settings, store: ViewStore, client: Any
) -> None:
    seen = one_after_the_other(place)
    store.apply(seen[:100])
    replica = copied(client, store)
    store.apply(seen[100:200])
    takes_over(client, store, replica)
    with pytest.raises(LeaseLost, match="written last"):
        store.apply(seen[200:300])
    goes_on(place, store, seen, 100)


@pytest.mark.parametrize("lags", [True, False])
def test_a_replica_that_differs_by_a_batch_without_an_answer_is_known_by_its_lease(
    place: Settings, store: ViewStore, client: Any, monkeypatch: pytest.MonkeyPatch, lags: bool
) -> None:
    seen = one_after_the_other(place)
    store.apply(seen[:100])
    without = copied(client, store)
    execute = redis.client.Pipeline.execute

    def unanswered(pipe: Any) -> None:
        execute(pipe)
        raise redis.ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(redis.client.Pipeline, "execute", unanswered)
        with pytest.raises(redis.ConnectionError):
            store.apply(seen[100:200])
    with_it = copied(client, store)
    first, second = (with_it, without) if lags else (without, with_it)
    takes_over(client, store, first)
    assert store.take_lease()
    reached = sum(store.positions().values())
    takes_over(client, store, second)
    with pytest.raises(LeaseLost, match="written last"):
        store.apply(seen[reached : reached + 100])
    goes_on(place, store, seen, 100 if lags else 200)


def test_no_value_of_an_account_and_no_word_of_a_complaint_reaches_redis(
    place: Settings, store: ViewStore
) -> None:
    from streams.simulate import Simulation

    apply_all(store, one_after_the_other(place), 500)
    held = repr(dump(place))
    simulation = Simulation(accounts=60, offenders=8, start=START, step_ms=60_000)
    texts = set()
    for _, record in simulation.events(1_500):
        for name in ("bio", "signature", "statement"):
            text = getattr(record, name, None)
            if text and len(text) >= 8:
                texts.add(text)
    assert len(texts) > 100
    assert [text for text in texts if text in held] == []
