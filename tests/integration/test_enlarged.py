"""A topic that was enlarged: producers put keys elsewhere, so workers stop, and a move mends it."""

from __future__ import annotations

import pytest
from confluent_kafka.admin import NewPartitions

from streams.backup import export, restore
from streams.backup.carrying import left_behind
from streams.checker import check
from streams.checker_base import base_of
from streams.clients import create_admin, create_producer, end_offsets
from streams.errors import ConfigurationError
from streams.packs import load_policy
from streams.topics import real_name, topic_partitions
from tests.integration.harness import Application
from tests.integration.test_crashes import traffic
from tests.support import wait_until

CHANGES = "account.changes"


def enlarge(app, topic, count):
    name = real_name(app.settings, topic)
    app.admin.create_partitions([NewPartitions(name, count)])[name].result(20)
    wait_until(lambda: topic_partitions(create_admin(app.settings))[name] == count, 20, "enlarged")
    return name


def by_account(records):
    """The ids of changes, by account, in their order."""
    found = {}
    for record in records:
        found.setdefault(record.account_id, []).append(record.event_id)
    return found


@pytest.mark.parametrize("topic", [CHANGES, "name.claims"])
def test_workers_leave_soon_after_what_they_read_was_enlarged(settings, topic):
    with Application(settings()) as app:
        workers = [app.worker().await_ready() for _ in range(2)]
        name = enlarge(app, topic, 3)
        for worker in workers:
            assert worker.await_exit() == ConfigurationError.exit_code
            assert f"{name} has 3, but ZHENGMING_PARTITIONS is 2" in worker.tail()
            assert "zhengming migrate" in worker.tail()


@pytest.mark.parametrize("partitions", [2, 4])
def test_what_was_sent_to_an_enlarged_input_is_moved_to_its_accounts(
    settings, tmp_path, partitions
):
    items = list(traffic(600))
    with Application(settings()) as old:
        worker = old.worker().await_ready()
        old.publish(items[:300])
        old.drain()
        assert worker.stop() == 0
        old.publish(items[300:450])
        name = enlarge(old, CHANGES, 3)
        old.producer = create_producer(old.settings)  # one that knows of the new partition
        old.publish(items[450:])
        assert end_offsets(old.admin, [name])[name, 2] > 0
        manifest = export(old.settings, tmp_path / "backup")
        target = settings(partitions=partitions)
        assert restore(target, tmp_path / "backup").ok
        assert left_behind(old.settings, target, manifest) == {}
    with Application(target) as new:
        sent = by_account(r for topic, r in items[300:] if topic == CHANGES)
        assert by_account(new.outputs(CHANGES)) == sent
        new.worker().await_ready()
        new.drain()
        base = base_of(target, tmp_path / "backup")
        report = check(target, load_policy(target), base=base)
        assert report.ok, f"{report.problems}\n{report.examples}"
