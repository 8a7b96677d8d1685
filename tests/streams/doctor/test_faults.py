"""`zhengming doctor` on real Kafka and Redis: each fault is produced, found, and given its cure."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    NewPartitions,
    ResourcePatternType,
    ResourceType,
)

from processors.accounts import Account
from processors.accounts import encode as encode_account
from processors.packs import shipped_pack
from schemas.codec import MAGIC, encode
from schemas.records import DirectiveKind, PlatformDirective
from streams import control_topics
from streams.access import Part, lacking
from streams.broker import Broker
from streams.children import free_ports
from streams.clients import create_admin, create_producer
from streams.doctor import clock, examine
from streams.doctor.finding import Finding
from streams.packs import archive, load_policy
from streams.partitioning import partition_of_key
from streams.settings import Settings
from streams.topics import changelog_topic, create_topics, real_name
from streams.views.documents import Status
from streams.views.store import ViewStore
from tests.integration.harness import Application
from tests.integration.test_crashes import traffic
from tests.integration.test_records import change
from tests.schemas.registry_server import serving
from tests.schemas.strategies import SCHEMAS
from tests.streams.test_policy_broker import stricter
from tests.support import wait_until

CHANGES = "account.changes"
DAY_MS = 86_400_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def looked_at(settings: Settings) -> dict[str, Finding]:
    """What the doctor finds, by check; of several findings of one check the first."""
    findings: dict[str, Finding] = {}
    for finding in examine(settings):
        findings.setdefault(finding.what, finding)
    return findings


def fault(settings: Settings, what: str) -> Finding:
    """The fault that a check finds; it comes with a cure."""
    finding = looked_at(settings)[what]
    assert finding.verdict == "fault", finding
    assert finding.cure
    return finding


def put(settings: Settings, topic: str, key: bytes | None, value: bytes, **more: Any) -> None:
    producer = create_producer(settings)
    producer.produce(topic, key=key, value=value, **more)
    assert producer.flush(10) == 0


@pytest.fixture
def ours(settings) -> Settings:
    made: Settings = settings()
    create_topics(made)
    return made


def test_a_sound_application_under_way_has_no_fault(settings, redis_url):
    with Application(settings(redis_url=redis_url)) as app:
        app.worker().await_ready()
        app.publish(traffic(100))
        app.drain()
        findings = looked_at(app.settings)
    assert [f for f in findings.values() if f.verdict == "fault"] == []
    assert {"clock", "transactions", "partitioner", "schemas", "states", "lag"} <= findings.keys()
    assert findings["workers"].seen.startswith("1 in the group")
    assert findings["decides by"].ok


def test_a_topic_that_was_enlarged_is_named(ours):
    topic = real_name(ours, CHANGES)
    admin = create_admin(ours)
    (enlarged,) = admin.create_partitions([NewPartitions(topic, 5)]).values()
    enlarged.result(10)
    assert f"{topic} has 5" in fault(ours, "partitions").seen


@pytest.mark.parametrize(
    ("logical", "config", "said"),
    [
        (CHANGES, {"retention_ms": "1000"}, "retention.ms is 1000"),
        ("platform.policies", {"cleanup_policy": "compact"}, "cleanup.policy is compact"),
        ("", {"cleanup_policy": "delete"}, "states would be deleted"),
        ("", {"delete_retention_ms": "86400000"}, "delete.retention.ms is 86400000"),
    ],
)
def test_topics_that_lose_what_they_hold_are_named_with_the_setting(
    settings, logical, config, said
):
    with Application(settings()) as app:
        topic = real_name(app.settings, logical) if logical else changelog_topic(app.settings)
        app.configure(topic, **config)
        found = fault(app.settings, "topic settings")
    assert topic in found.seen
    assert said in found.seen


def test_producers_clocks_in_an_input_are_named(settings):
    with Application(settings()) as app:
        app.configure(real_name(app.settings, CHANGES), message_timestamp_type="CreateTime")
        assert real_name(app.settings, CHANGES) in fault(app.settings, "event time").seen


def test_one_copy_of_everything_is_a_note_and_fewer_than_wanted_a_fault(ours):
    assert looked_at(ours)["copies"].verdict == "note"
    assert (
        "1 copies, not 3" in fault(ours.model_copy(update={"replication_factor": 3}), "copies").seen
    )


class Guarded(Broker):
    """A broker that asks for rights where somebody has given any."""

    def _write_properties(self, data: Path) -> Path:
        file = super()._write_properties(data)
        asks = (
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
            "allow.everyone.if.no.acl.found=true\n"
        )
        file.write_text(file.read_text() + asks)
        return file


def test_rights_that_are_missing_are_named_with_the_topic(kafka, settings, tmp_path):
    broker = Guarded(tmp_path / "guarded").start()
    try:
        ours = settings(kafka=broker.bootstrap)
        create_topics(ours)
        assert looked_at(ours)["rights"].ok
        verdicts, changes = real_name(ours, "account.verdicts"), real_name(ours, CHANGES)
        admin = create_admin(ours)
        for name, operation in ((verdicts, AclOperation.WRITE), (changes, AclOperation.READ)):
            denied = AclBinding(
                ResourceType.TOPIC,
                name,
                ResourcePatternType.LITERAL,
                "User:ANONYMOUS",
                "*",
                operation,
                AclPermissionType.DENY,
            )
            allowed = AclBinding(
                ResourceType.TOPIC,
                name,
                ResourcePatternType.LITERAL,
                "User:ANONYMOUS",
                "*",
                AclOperation.DESCRIBE_CONFIGS,
                AclPermissionType.ALLOW,
            )
            describes = AclBinding(
                ResourceType.TOPIC,
                name,
                ResourcePatternType.LITERAL,
                "User:ANONYMOUS",
                "*",
                AclOperation.DESCRIBE,
                AclPermissionType.ALLOW,
            )
            for made in admin.create_acls([denied, allowed, describes]).values():
                made.result(10)
        # A broker may take a while to mind what it was told.
        wait_until(lambda: len(lacking(ours, Part.WORKER)) == 2, 20, "two rights are missing")
        seen = fault(ours, "rights").seen
        assert f"Write on topic {verdicts}" in seen
        assert f"Read on topic {changes}" in seen
    finally:
        broker.kill()


@pytest.mark.parametrize("ahead_ms", [-20_000, 20_000])
def test_a_clock_that_is_off_is_measured_against_the_broker(ours, monkeypatch, ahead_ms):
    monkeypatch.setattr(clock, "now_ms", lambda: now_ms() + ahead_ms)
    found = fault(ours, "clock")
    assert ("behind" if ahead_ms > 0 else "ahead") in found.seen
    skew = clock.measure(ours)
    assert skew is not None
    assert skew.least <= -ahead_ms <= skew.most


def test_the_probe_of_the_clock_is_seen_by_nobody(settings):
    with Application(settings()) as app:
        assert looked_at(app.settings)["clock"].ok
        assert app.outputs("account.findings") == []
        app.worker().await_ready()
        app.publish(traffic(50))
        app.drain()
        app.assert_sound()


def test_records_that_another_partitioner_placed_are_counted(ours):
    topic = real_name(ours, CHANGES)
    key = b"a1"
    right = partition_of_key(key, ours.partitions)
    value = encode(change("e1", "a1", bio="b"))
    put(ours, topic, key, value, partition=right)
    assert looked_at(ours)["partitioner"].ok
    put(ours, topic, key, value, partition=1 - right)
    seen = fault(ours, "partitioner").seen
    assert f"1 accounts of {topic} are in two partitions" in seen
    assert f"1 records of {topic} are not where murmur2 puts their key" in seen


def test_a_record_of_an_unknown_schema_is_named_with_its_place(ours):
    topic = real_name(ours, CHANGES)
    put(ours, topic, b"a1", MAGIC + b"unknown!" + b"body", partition=partition_of_key(b"a1", 2))
    assert f"{topic}[" in fault(ours, "schemas").seen


def test_a_value_that_a_producer_misspelt_is_a_note_that_names_its_dead_letter(ours):
    topic = real_name(ours, "account.rulings")
    misspelt = (
        b'{"event_id":"e1","account_id":"a1","occurred_at":1,"action":"IMPOSE","reviewer_id":"r",'
        b'"reason":"x"}'
    )
    put(ours, topic, b"a1", misspelt, partition=partition_of_key(b"a1", 2))
    findings = looked_at(ours)
    assert findings["schemas"].verdict == "ok"
    assert findings["values"].verdict == "note"
    assert findings["values"].seen.startswith(f"{topic}[")
    assert "action: is none of" in findings["values"].seen
    assert "zhengming dead-letters list --reason unknown_enum" in findings["values"].cure


def test_of_topics_that_are_not_there_nothing_is_said_to_be_well(settings):
    findings = looked_at(settings())
    assert findings["topics"].verdict == "fault"
    for what in ("partitions", "event time", "topic settings", "copies"):
        assert findings[what].verdict == "note"
        assert findings[what].seen == "not asked: none of these topics is there"
        assert "zhengming topics create" in findings[what].cure


def test_a_schema_that_somebody_has_registered_for_our_topic_is_named_with_the_field(ours):
    with serving() as server:
        asked = ours.model_copy(update={"schema_registry_url": server.url})
        assert looked_at(asked)["registered schemas"].ok
        subject = real_name(ours, CHANGES) + "-value"
        field = {"name": "event_id", "type": "long"}
        theirs = {"type": "record", "name": "AccountChange", "fields": [field]}
        server.subjects[subject] = [server.add(theirs)]
        seen = fault(asked, "registered schemas").seen
    assert seen.startswith(f"{subject}: AccountChange.event_id: long has become string")


def test_a_field_that_is_none_of_ours_is_named_for_nothing_in_it_is_verified(ours):
    with serving() as server:
        asked = ours.model_copy(update={"schema_registry_url": server.url})
        subject = real_name(ours, CHANGES) + "-value"
        field = {"name": "nickname", "type": ["null", "string"], "default": None}
        theirs = {**SCHEMAS["AccountChange"], "fields": [*SCHEMAS["AccountChange"]["fields"]]}
        theirs["fields"].append(field)
        server.subjects[subject] = [server.add(theirs)]
        findings = looked_at(asked)
    assert findings["registered schemas"].ok
    assert findings["fields left out"].verdict == "note"
    assert findings["fields left out"].seen == f"{subject}: nickname"


def test_a_state_of_an_unknown_version_is_named(ours):
    state = encode_account(Account(version=99))
    put(ours, changelog_topic(ours), b"a1", state, partition=0)
    assert "version 99" in fault(ours, "states").seen


def test_inputs_without_a_worker_and_the_oldest_that_waits_are_told(settings):
    with Application(settings(partitions=1)) as app:
        topic = real_name(app.settings, CHANGES)
        assert looked_at(app.settings)["workers"].verdict == "note"
        app.configure(topic, message_timestamp_type="CreateTime")
        value = encode(change("e1", "a1", bio="b"))
        put(app.settings, topic, b"a1", value, timestamp=now_ms() - 600_000)
        assert "1 records wait" in fault(app.settings, "workers").seen
        lag = fault(app.settings, "lag")
        assert lag.where == f"{topic}[0]"
        assert 590 < int(lag.seen.rsplit(" ", 2)[1]) < 700


def test_a_verdict_by_a_pack_that_is_not_in_force_any_more_shows_a_stale_worker(settings):
    with Application(settings(partitions=1)) as app:
        app.worker().await_ready()
        app.publish([(CHANGES, change("e1", "a1", bio="b"))])
        app.drain()
        (verdict,) = app.outputs("account.verdicts")
        beside = load_policy(app.settings)
        control_topics.activate(app.settings, stricter("2"), by="ana", beside=beside)
        findings = looked_at(app.settings)
        assert findings["decides by"].ok, "it was decided before"
        assert findings["stale pack"].verdict == "note"
        assert "configured is cac2022" in findings["stale pack"].seen
        topic = real_name(app.settings, "account.verdicts")
        stale = encode(verdict)
        put(app.settings, topic, b"a1", stale, partition=0, timestamp=now_ms() + 120_000)
        assert verdict.pack_hash[:12] in fault(app.settings, "decides by").seen


def test_an_overlay_that_has_ended_is_noted(ours):
    overlay = {
        name: data.replace(b"id: cac2022", b"id: urgent", 1) if name == "pack.yaml" else data
        for name, data in shipped_pack().items()
    }
    begins = now_ms() - 5_000
    control_topics.issue(
        ours,
        PlatformDirective(
            directive_id="flood",
            kind=DirectiveKind.OVERLAY,
            scope="all",
            starts_at=begins,
            ends_at=now_ms() + DAY_MS,
            issued_by="ana",
            reason="r",
            content=archive(overlay),
        ),
    )
    assert "overlays" not in looked_at(ours)
    control_topics.end(ours, "flood", "ana")
    finding = looked_at(ours)["overlays"]
    assert finding.verdict == "note"
    assert "flood" in finding.seen


def test_redis_that_does_not_let_us_in_or_is_away_is_told_with_its_place(ours, redis_url):
    place = redis_url.partition("//")[2]
    closed = ours.model_copy(update={"redis_url": f"redis://ann:hunter2@{place}"})
    found = fault(closed, "Redis")
    assert "invalid username-password pair" in found.seen
    assert "user and password" in found.cure
    assert place in found.where
    assert "hunter2" not in json.dumps(found.told())
    away = f"127.0.0.1:{free_ports(1)[0]}"
    found = fault(ours.model_copy(update={"redis_url": f"redis://{away}/0"}), "Redis")
    assert "Connection refused" in found.seen
    assert away in found.where


def test_another_count_in_the_settings_does_not_accuse_the_producers(settings):
    with Application(settings()) as app:
        app.publish(traffic(100))
        findings = looked_at(app.settings.model_copy(update={"partitions": 3}))
    assert findings["partitions"].verdict == "fault"
    assert findings["partitioner"].ok


def test_views_far_behind_are_told(ours, redis_url):
    viewed = ours.model_copy(update={"redis_url": redis_url})
    assert looked_at(viewed)["views"].verdict == "note"
    store = ViewStore(viewed, "B")
    assert store.take_lease()
    store.apply([], Status(now_ms(), 5_000, 120_000))
    try:
        assert "120 s behind" in fault(viewed, "views").seen
    finally:
        store.close()


def test_as_json_every_check_has_its_verdict_place_and_cure(command, ours):
    put(ours, changelog_topic(ours), b"a1", encode_account(Account(version=99)), partition=0)
    left = command(
        "doctor",
        "--json",
        ZHENGMING_KAFKA=ours.kafka,
        ZHENGMING_APP_ID=ours.app_id,
        ZHENGMING_TOPIC_PREFIX=ours.topic_prefix,
        ZHENGMING_PARTITIONS=str(ours.partitions),
    )
    assert left.code == 1
    checks = json.loads(left.out)["checks"]
    assert all(set(c) == {"what", "verdict", "ok", "seen", "where", "cure"} for c in checks)
    assert {c["verdict"] for c in checks} == {"ok", "note", "fault"}
