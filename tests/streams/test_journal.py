"""What the control topics put in force, as a function of their records."""

from __future__ import annotations

import time
from typing import Any

import pytest

from processors import engine
from processors.policy import Policy, load_pack, shipped_pack
from schemas.codec import encode
from schemas.records import (
    AccountChange,
    ChangeKind,
    Decision,
    DirectiveKind,
    PackMode,
    PlatformDirective,
    PolicyPack,
    Verdict,
)
from streams.journal import Journal
from streams.packs import archive
from streams.settings import Settings
from streams.topics import real_name, topic_of

START = 1_760_000_000_000
HOUR = 3_600_000
SETTINGS = Settings()
OVERLAY = {
    "pack.yaml": """
id: quake
version: '1'
title: {zh: 应急, en: Emergency}
detectors:
  rescue: {kind: lexicon, entries: [lexicons/rescue.tsv]}
rules:
  - id: quake.rescue
    obligation: CAC-14-2
    article: Order No. 10, Art. 14
    detector: rescue
    fields: [NAME, BIO]
    decision: HOLD
    severity: 3
    message: {zh: 待核, en: To be looked at.}
    remedy: {zh: 等待, en: Wait.}
credit: {base: 700, levels: [{name: A, minimum: 0}]}
complaints:
  feedback_days: 7
  priorities:
    {IMPERSONATION: 1, CONTACTS: 2, FALSE_CLAIM: 2, FAKE_NEWS: 1, ILLEGAL: 1, VULGAR: 3, OTHER: 4}
""".encode(),
    "lexicons/rescue.tsv": "救援队\n".encode(),
}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy(load_pack(shipped_pack()))


class Topics:
    """The control topics, record by record."""

    def __init__(self, policy: Policy) -> None:
        self.journal = Journal(SETTINGS, policy)
        self._ends: dict[str, int] = {}

    def add(self, record: Any) -> None:
        name = real_name(SETTINGS, topic_of(type(record)).name)
        offset = self._ends.get(name, 0)
        self._ends[name] = offset + 1
        self.journal.take(name, offset, encode(record))


def overlay(**changes: Any) -> PlatformDirective:
    given = {
        "directive_id": "quake",
        "kind": DirectiveKind.OVERLAY,
        "scope": "quake",
        "starts_at": START + HOUR,
        "ends_at": START + 5 * HOUR,
        "reason": "An emergency.",
        "issued_by": "ana",
        "content": archive(OVERLAY),
    }
    return PlatformDirective(**{**given, **changes})


def published(files: dict[str, bytes], **changes: Any) -> PolicyPack:
    pack = load_pack(files)
    given = {
        "pack_id": pack.id,
        "pack_version": pack.version,
        "pack_hash": pack.hash,
        "mode": PackMode.ENFORCE,
        "content": archive(files),
        "published_at": START,
        "published_by": "ana",
    }
    return PolicyPack(**{**given, **changes})


def decide(journal: Journal, hours: float) -> Verdict:
    at = START + int(hours * HOUR)
    change = AccountChange(
        event_id="e", account_id="a", occurred_at=at, kind=ChangeKind.EDIT, bio="蓝天救援队"
    )
    item = engine.Input("account.changes", 0, 0, at, change)
    (verdict,) = (
        record
        for record in engine.run([item], {}.get, journal.in_force().control).outputs
        if type(record) is Verdict
    )
    return verdict


@pytest.mark.obligation("CAC-14-2")
def test_an_overlay_decides_in_its_time_and_expires_by_itself(policy: Policy) -> None:
    topics = Topics(policy)
    topics.add(overlay())
    decisions = {hours: decide(topics.journal, hours).decision for hours in (0, 1, 4.9, 5)}
    assert decisions == {
        0: Decision.ALLOW,
        1: Decision.HOLD,
        4.9: Decision.HOLD,
        5: Decision.ALLOW,
    }
    known = [found.hashes for found in topics.journal.policies()]
    verdict = decide(topics.journal, 2)
    assert {verdict.pack_hash, *(pack.hash for pack in verdict.other_packs)} in known


@pytest.mark.obligation("CAC-14-2")
def test_an_overlay_is_lifted_by_a_newer_record_of_its_id(policy: Policy) -> None:
    topics = Topics(policy)
    topics.add(overlay())
    topics.add(overlay(ends_at=START + 2 * HOUR))
    assert decide(topics.journal, 1.5).decision is Decision.HOLD
    assert decide(topics.journal, 3).decision is Decision.ALLOW


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"content": b"rubbish"}, "archive"),
        ({"content": archive(shipped_pack())}, "cac2022"),
        ({"ends_at": None}, "no end"),
    ],
)
def test_an_overlay_that_cannot_be_used_changes_nothing_and_is_named(
    policy: Policy, changes: dict[str, Any], why: str
) -> None:
    topics = Topics(policy)
    topics.add(overlay(**changes))
    (fault,) = topics.journal.in_force().faults
    assert why in fault.said
    assert decide(topics.journal, 2).decision is Decision.ALLOW


def test_a_directive_that_cannot_be_used_is_a_problem_until_it_is_over_or_lifted(
    policy: Policy,
) -> None:
    """Here another pack has taken over its rules: who lifts it, or waits, is rid of the alert."""
    now = time.time_ns() // 1_000_000
    topics = Topics(policy)
    topics.add(overlay(starts_at=now - 2 * HOUR, ends_at=now + HOUR))
    assert topics.journal.in_force().problems == ()
    topics.add(published(OVERLAY))
    assert "quake" in topics.journal.in_force().problems[0]
    topics.add(overlay(starts_at=now - 2 * HOUR, ends_at=now))
    assert topics.journal.in_force().problems == ()


def test_a_directive_that_cannot_be_read_is_a_problem_until_its_id_is_given_again(
    policy: Policy,
) -> None:
    topics = Topics(policy)
    name = real_name(SETTINGS, topic_of(PlatformDirective).name)
    topics.journal.take(name, 0, b"\xff no directive", b"quake")
    (problem,) = topics.journal.in_force().problems
    assert problem.startswith(f"{name} at 0 (id 'quake'): ")
    topics.journal.take(name, 1, encode(overlay(directive_id="flood")), b"flood")
    assert topics.journal.in_force().problems == (problem,)
    topics.journal.take(name, 2, encode(overlay()), b"quake")
    assert [fault for fault in topics.journal.in_force().faults if "at 0" in fault.said] == []


def test_a_pack_of_another_id_decides_beside_the_configured_ones_until_it_is_retired(
    policy: Policy,
) -> None:
    topics = Topics(policy)
    topics.add(published(OVERLAY))
    assert [part.id for part in topics.journal.in_force().policy.pack.parts] == [
        "cac2022",
        "quake",
    ]
    topics.add(published(OVERLAY, mode=PackMode.RETIRED, content=b""))
    in_force = topics.journal.in_force()
    assert in_force.policy is policy
    assert in_force.problems == ()


def test_a_pack_that_does_not_go_with_the_others_is_left_out_and_named(policy: Policy) -> None:
    clashing = OVERLAY | {
        "pack.yaml": OVERLAY["pack.yaml"].replace(b"quake.rescue", b"contacts.individual")
    }
    topics = Topics(policy)
    topics.add(published(OVERLAY))
    topics.add(published(clashing))
    in_force = topics.journal.in_force()
    assert in_force.packs == (published(OVERLAY),)
    assert "contacts.individual" in in_force.problems[0]


def sweep(**changes: Any) -> PlatformDirective:
    given = {
        "directive_id": "s1",
        "kind": DirectiveKind.SWEEP,
        "scope": "all accounts",
        "starts_at": START,
        "ends_at": START + HOUR,
        "reason": "An inspection.",
        "issued_by": "ana",
    }
    return PlatformDirective(**{**given, **changes})


@pytest.mark.obligation("CAC-15-1")
def test_a_sweep_begins_once_the_packs_are_read_that_were_published_before_it(
    policy: Policy,
) -> None:
    topics = Topics(policy)
    topics.add(sweep(packs_read=1, accounts=("a*",)))
    assert topics.journal.in_force().sweeps == ()
    topics.add(published(dict(shipped_pack())))
    (found,) = topics.journal.in_force().sweeps
    assert (found.id, found.since, found.until) == ("s1", START, START + HOUR)
    assert found.accounts == ("a*",)
    assert topics.journal.in_force().problems == ()


@pytest.mark.obligation("CAC-15-1")
def test_a_pack_that_asks_for_it_is_followed_by_a_sweep_each_time_it_is_put_in_force(
    policy: Policy,
) -> None:
    files = dict(shipped_pack())
    main = files["pack.yaml"].decode()
    asking = files | {
        "pack.yaml": main.replace("after_activation: false", "after_activation: true", 1).encode()
    }
    topics = Topics(policy)
    topics.add(published(files))
    assert topics.journal.in_force().sweeps == ()
    topics.add(published(asking, published_at=START + 1))
    (first,) = topics.journal.in_force().sweeps
    topics.add(published(asking, published_at=START + 2))
    (second,) = topics.journal.in_force().sweeps
    assert (first.since, second.since) == (START + 1, START + 2)
    assert first.id != second.id
