"""The brakes on a real broker: their counters are as exactly once as the accounts' states."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from processors.packs import shipped_pack
from schemas.records import (
    AccountChange,
    ChangeKind,
    DisposalAction,
    EscalationKind,
    EscalationStatus,
    Phase,
)
from tests.integration.harness import Application

CHANGES = "account.changes"
QUOTA = 40
LEAST = 100
"""Changes before a rule can be braked."""


def pack_with_brakes(directory: Path, rule: str = "contacts.individual") -> str:
    """The shipped pack with a quota of corrections, and one rule that is new."""
    an_hour_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    files = {name: data for name, data in shipped_pack().items() if name != "tests.yaml"}
    text = files["pack.yaml"].decode()
    text = text.replace(f"- id: {rule}\n", f"- id: {rule}\n    since: {an_hour_ago}\n")
    # The longest window there is: the quota is the story's, whenever it is told.
    quotas = f"quotas: {{CORRECT: {QUOTA}}}, quota_hours: 720"
    text += f"\nbrakes: {{least_changes: {LEAST}, {quotas}}}\n"
    files["pack.yaml"] = text.encode()
    for name, data in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return str(directory)


def live(number: int, **values: str) -> tuple[str, AccountChange]:
    return CHANGES, AccountChange(
        event_id=f"e{number}",
        account_id=f"a{number}",
        occurred_at=time.time_ns() // 1_000_000,
        kind=ChangeKind.EDIT,
        phase=Phase.APPLIED,
        **values,
    )


@pytest.mark.parametrize("step", [2, 5])
def test_of_twice_the_quota_exactly_the_quota_begins_whatever_dies(settings, tmp_path, step):
    pack = pack_with_brakes(tmp_path / "pack", rule="none")
    with Application(settings(pack=pack, partitions=1)) as app:
        app.publish(live(n, badge="执业医师") for n in range(QUOTA // 2))
        worker = app.worker(TEST_FAULT=f"{step}:1:kill")
        assert worker.await_exit() == -signal.SIGKILL
        app.publish(live(n, badge="执业医师") for n in range(QUOTA // 2, 2 * QUOTA))
        app.drain()
        begun = [d for d in app.outputs("account.disposals") if d.action is DisposalAction.BEGIN]
        assert len(begun) == QUOTA
        held = {
            e.account_id
            for e in app.outputs("complaint.escalations")
            if e.status is EscalationStatus.OPENED
        }
        assert len(held) == QUOTA
        assert not held & {d.account_id for d in begun}
        app.assert_sound()


def test_a_rule_braked_before_a_crash_is_braked_after_it(settings, tmp_path):
    with Application(settings(pack=pack_with_brakes(tmp_path / "pack"), partitions=1)) as app:
        # What follows a brake within its millisecond is not braked: the rest comes later than that.
        for numbers in (range(LEAST), range(LEAST, 3 * LEAST)):
            app.publish(live(n, bio="晒太阳" if n % 10 else "微信 demo_12345") for n in numbers)
        worker = app.worker().await_ready()
        app.drain()
        told = [e for e in app.outputs("complaint.escalations") if e.kind is EscalationKind.BRAKE]
        assert [e.subject_id for e in told] == ["contacts.individual"]
        before = len(app.outputs("account.disposals"))
        assert before == LEAST / 10
        worker.kill()
        app.publish(live(n, bio="微信 demo_12345") for n in range(300, 320))
        app.drain()
        assert len(app.outputs("account.disposals")) == before
        app.assert_sound()
