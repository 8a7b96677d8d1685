"""What the changelog has lost: no worker takes its accounts for new ones and decides them again."""

from __future__ import annotations

import shutil

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewTopic

from streams.backup.exporting import export
from streams.clients import end_offsets
from streams.doctor import workers
from streams.errors import ConfigurationError, TaskCorrupted
from streams.topics import CHANGELOG, changelog_topic, create_topics, real_name
from tests.integration.harness import Application
from tests.integration.test_crashes import traffic
from tests.support import wait_until

VERDICTS = "account.verdicts"


@pytest.fixture(params=["memory", "rocksdb"])
def decided(request, settings):
    """An application that has decided a hundred inputs; its one worker is stopped."""
    with Application(settings(store=request.param)) as app:
        worker = app.worker().await_ready()
        app.publish(traffic(100))
        app.drain()
        wait_until(lambda: doctored(app).ok, 10, "the changelog is whole")
        assert worker.stop() == 0
        yield app


def verdicts(app):
    return [verdict.event_id for verdict in app.outputs(VERDICTS)]


def doctored(app):
    (finding,) = workers.changelog(app.settings)
    return finding


def delete_changelog(app):
    name = changelog_topic(app.settings)
    app.admin.delete_topics([name])[name].result(20)
    wait_until(lambda: name not in app.admin.list_topics(timeout=5).topics, 20, "it is deleted")
    return name


def make_anew(app, name):
    """As another tool than ours would: a manifest of topics, or a broker that makes what is asked
    for."""
    made = NewTopic(name, app.settings.partitions, 1, config=dict(CHANGELOG.config))
    app.admin.create_topics([made])[name].result(20)
    wait_until(lambda: name in app.admin.list_topics(timeout=5).topics, 20, "it is made")


def test_a_changelog_that_was_made_anew_is_refused_and_nothing_is_decided_again(decided):
    before, worker = verdicts(decided), decided.workers[0]
    make_anew(decided, delete_changelog(decided))
    assert worker.start().await_exit() == TaskCorrupted.exit_code
    assert "made anew" in worker.tail()
    assert "restore a backup" in worker.tail()
    # The same on a machine that has no store of its own.
    shutil.rmtree(decided.settings.data_dir)
    assert decided.worker().await_exit() == TaskCorrupted.exit_code
    assert verdicts(decided) == before
    found = doctored(decided)
    assert not found.ok
    assert "is empty, but its inputs were processed" in found.seen


def test_a_changelog_whose_first_records_were_deleted_is_refused(decided, tmp_path):
    before, worker = verdicts(decided), decided.workers[0]
    name = changelog_topic(decided.settings)
    decided.configure(name, cleanup_policy="delete")
    half = end_offsets(decided.admin, [name])[name, 0] // 2
    (cut,) = decided.admin.delete_records([TopicPartition(name, 0, half)]).values()
    assert cut.result(20).low_watermark == half
    decided.configure(name, cleanup_policy="compact")

    found = doctored(decided)
    assert not found.ok
    assert f"{name}[0] begins at {half}" in found.seen
    with pytest.raises(ConfigurationError, match="a backup would lack them"):
        export(decided.settings, tmp_path / "backup")

    if decided.settings.store == "rocksdb":  # it has by itself what was deleted
        worker.start().await_ready()
        decided.publish(traffic(50, seed=2))
        decided.drain()
        assert worker.stop() == 0
        before = verdicts(decided)
        shutil.rmtree(decided.settings.data_dir)
    assert worker.start().await_exit() == TaskCorrupted.exit_code
    assert f"begins at {half}" in worker.tail()
    assert verdicts(decided) == before


def test_no_empty_changelog_is_made_beside_what_was_decided(decided):
    name = delete_changelog(decided)
    with pytest.raises(ConfigurationError, match="holds what was decided"):
        create_topics(decided.settings)
    assert name not in decided.admin.list_topics(timeout=5).topics


def test_an_output_that_is_missing_is_made_beside_the_changelog(decided):
    name = real_name(decided.settings, "account.notices")
    decided.admin.delete_topics([name])[name].result(20)
    wait_until(lambda: name not in decided.admin.list_topics(timeout=5).topics, 20, "deleted")
    assert create_topics(decided.settings) == [name]


def test_without_the_groups_offsets_a_worker_goes_on_where_it_was(decided):
    group = decided.settings.app_id
    decided.admin.delete_consumer_groups([group])[group].result(20)
    decided.workers[0].start().await_ready()
    decided.publish(traffic(50, seed=2))
    decided.drain()
    decided.assert_sound()
