"""The hash chain of audit records."""

from __future__ import annotations

from itertools import pairwise

import pytest
from msgspec.structs import replace

from processors.accounts import audit_hash
from schemas.records import AuditRecord, RulingAction
from tests.processors.accounts.world import World, of

pytestmark = pytest.mark.obligation("CAC-17-2")


def chain() -> list[AuditRecord]:
    world = World()
    world.apply(bio="contact")
    world.wait(days=40)
    world.rule(RulingAction.DISMISS_APPEAL, "nothing")
    return of(world.log, AuditRecord)


def test_the_records_of_an_account_are_chained():
    records = chain()
    assert len(records) > 4
    assert records[0].previous_hash == "0" * 64
    for before, after in pairwise(records):
        assert after.previous_hash == before.hash


def test_every_hash_can_be_computed_again():
    for record in chain():
        assert audit_hash(record) == record.hash


def test_a_changed_record_shows():
    record = chain()[2]
    assert audit_hash(replace(record, summary="another")) != record.hash
    assert audit_hash(replace(record, previous_hash="1" * 64)) != record.hash


def test_a_record_tells_its_source():
    first, *_, last = chain()
    assert (first.source_topic, first.source_partition) == ("account.changes", 3)
    assert (last.source_topic, last.actor) == ("account.rulings", "rev-1")


def test_a_record_of_a_deadline_has_no_source():
    records = [record for record in chain() if record.source_offset == -1]
    assert records
    assert {record.source_topic for record in records} == {""}
