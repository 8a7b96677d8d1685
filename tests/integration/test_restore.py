"""Restoring a store from a real changelog: only what was committed, and to its very end."""

import time
import uuid

import pytest
from confluent_kafka import Producer, TopicPartition

from streams.clients import create_admin, settled_offsets
from streams.errors import TaskCorrupted
from streams.restore import restore
from streams.store import MemoryStore, RocksStore
from streams.topics import (
    KAFKAS_TOMBSTONES_MS,
    TOMBSTONES_MS,
    changelog_topic,
    create_topics,
    tombstones_ms,
)
from tests.integration.harness import Application

DAY_MS = 86_400_000


def now_ms():
    return time.time_ns() // 1_000_000


@pytest.fixture(params=["memory", "rocksdb"])
def store(request, tmp_path):
    store = MemoryStore() if request.param == "memory" else RocksStore(tmp_path / "p0")
    yield store
    store.close()


class Changelog:
    """The changelog of one partition, written as a worker does."""

    def __init__(self, settings):
        self.settings = settings(partitions=1)
        create_topics(self.settings)
        self.name = changelog_topic(self.settings)
        self.told = []
        self.progress = []
        self.producers = []

    def begin(self, **changes):
        """Write changes in a transaction that is left open."""
        producer = Producer(
            {"bootstrap.servers": self.settings.kafka, "transactional.id": uuid.uuid4().hex}
        )
        self.producers.append(producer)
        producer.init_transactions(20)
        producer.begin_transaction()
        for key, value in changes.items():
            producer.produce(self.name, key=key, value=value, partition=0)
        producer.flush(10)
        return producer

    def commit(self, **changes):
        self.begin(**changes).commit_transaction(10)
        self.settle()

    def abort(self, **changes):
        self.begin(**changes).abort_transaction(10)
        self.settle()

    def settle(self):
        """Wait until the log has the marker of the end: the broker answers before it has."""
        settled_offsets(create_admin(self.settings), [self.name], strict=True)

    async def restore(self, store, learn=None):
        self.told.clear()
        await restore(
            self.settings.aiokafka_config(),
            self.name,
            {0: store},
            learn or (lambda _, changes: self.told.append(dict(changes))),
            lambda *progress: self.progress.append(progress),
            tombstones_ms=TOMBSTONES_MS,
        )
        return {key.decode(): value.decode() for key, value in store.items()}


@pytest.fixture
def changelog(settings):
    return Changelog(settings)


async def test_only_what_was_committed_is_restored(changelog, store):
    changelog.commit(a="1", b="1", c="1")
    changelog.abort(a="aborted", d="aborted")
    changelog.commit(b="2", c=None)
    open_transaction = changelog.begin(a="open", e="open")
    assert await changelog.restore(store) == {"a": "1", "b": "2"}
    partition, position, end = changelog.progress[-1]
    assert (partition, position) == (0, end)
    open_transaction.abort_transaction(10)


async def test_a_log_that_ends_with_an_aborted_transaction_is_read_to_its_end(changelog, store):
    changelog.commit(a="1")
    changelog.abort(a="2")
    changelog.abort(a="3")
    assert await changelog.restore(store) == {"a": "1"}
    reached = store.changelog_offset
    changelog.commit(a="4")
    assert await changelog.restore(store) == {"a": "4"}
    assert changelog.told == [{b"a": b"4"}], f"read again from before {reached}"


async def test_an_empty_log_restores_nothing(changelog, store):
    assert await changelog.restore(store) == {}
    assert store.changelog_offset == 0


async def test_a_store_that_claims_more_than_the_log_holds_is_refused_as_it_is(changelog, store):
    changelog.commit(a="1")
    store.write({b"a": b"of another log"}, 1_000)
    with pytest.raises(TaskCorrupted, match="but the store of this worker has it up to 1000"):
        await changelog.restore(store)
    assert (dict(store.items()), store.changelog_offset) == ({b"a": b"of another log"}, 1_000)


async def test_a_store_that_rested_longer_than_tombstones_are_sure_to_stay_is_read_anew(
    changelog, store
):
    changelog.commit(a="1", b="1")
    began = now_ms()
    await changelog.restore(store)
    assert began <= store.caught_up_at <= now_ms()
    # Had it been deleted, and its tombstone removed by a compaction, the log would not tell.
    store.write({b"deleted": b"1"}, store.changelog_offset, now_ms() - 3 * DAY_MS)
    assert await changelog.restore(store) == {"a": "1", "b": "1", "deleted": "1"}
    assert changelog.told == []
    store.write({}, store.changelog_offset, now_ms() - 4 * DAY_MS)
    assert await changelog.restore(store) == {"a": "1", "b": "1"}
    assert changelog.told == [{b"a": b"1", b"b": b"1"}]
    assert store.caught_up_at >= began


async def test_a_restore_that_is_cut_off_is_no_proof_of_having_heard_of_everything(
    changelog, store
):
    def cut_off(*_):
        raise ConnectionError("cut off")

    changelog.commit(a="1")
    await changelog.restore(store)
    before = now_ms() - DAY_MS
    store.write({}, store.changelog_offset, before)
    changelog.commit(b="1")
    with pytest.raises(ConnectionError):
        await changelog.restore(store, cut_off)
    assert (store.get(b"b"), store.caught_up_at) == (b"1", before)


async def test_a_store_is_not_emptied_where_the_changelog_lacks_what_is_in_it(changelog, store):
    changelog.commit(a="1")
    changelog.commit(a="2", b="2")
    await changelog.restore(store)
    rested = now_ms() - 4 * DAY_MS
    store.write({}, store.changelog_offset, rested)
    app = Application(changelog.settings)
    app.configure(changelog.name, cleanup_policy="delete")
    (cut,) = app.admin.delete_records([TopicPartition(changelog.name, 0, 2)]).values()
    assert cut.result(20).low_watermark == 2
    with pytest.raises(TaskCorrupted, match="begins at 2"):
        await changelog.restore(store)
    assert (dict(store.items()), store.caught_up_at) == ({b"a": b"2", b"b": b"2"}, rested)


def test_how_long_tombstones_stay_is_what_the_topic_says(changelog):
    app = Application(changelog.settings)
    assert tombstones_ms(app.admin, changelog.name) == TOMBSTONES_MS
    app.configure(changelog.name, delete_retention_ms=str(KAFKAS_TOMBSTONES_MS))
    assert tombstones_ms(app.admin, changelog.name) == KAFKAS_TOMBSTONES_MS
