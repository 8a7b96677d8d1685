"""Restoring a store from a real changelog: only what was committed, and to its very end."""

import uuid

import pytest
from confluent_kafka import Producer

from streams.clients import create_admin, settled_offsets
from streams.errors import TaskCorrupted
from streams.restore import restore
from streams.store import MemoryStore, RocksStore
from streams.topics import changelog_topic, create_topics


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

    async def restore(self, store):
        self.told.clear()
        await restore(
            self.settings.aiokafka_config(),
            self.name,
            {0: store},
            lambda _, changes: self.told.append(dict(changes)),
            lambda *progress: self.progress.append(progress),
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
