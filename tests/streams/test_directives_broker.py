"""A pause begins and ends while events flow through two workers."""

import json
import time

import pytest

from processors.policy import shipped_pack
from schemas.records import Decision, Phase
from tests.integration.harness import Application
from tests.integration.test_crashes import traffic
from tests.integration.test_records import change
from tests.streams.test_policy_broker import environment
from tests.support import wait_until

CHANGES = "account.changes"


def now() -> int:
    return time.time_ns() // 1_000_000


def verdicts(app):
    """All verdicts by their event, in order."""
    found = {}
    for verdict in app.outputs("account.verdicts"):
        found.setdefault(verdict.event_id, []).append(verdict)
    return found


@pytest.mark.invariant("INV-13")
@pytest.mark.obligation("CAC-21-2")
def test_a_pause_begins_and_is_lifted_while_events_flow_through_two_workers(settings, command):
    with Application(settings()) as app:
        given = environment(app.settings)
        workers = [app.worker().await_ready(), app.worker().await_ready()]
        sent = 0

        def flow(count, **fields):
            nonlocal sent
            for _ in range(count):
                sent += 1
                record = change(f"e{sent}", f"a{sent % 40}", name=f"晒太阳{sent}", **fields)
                app.publish([(CHANGES, record)])

        flow(40)
        order = ("--by", "ana", "--reason", "一场演练", "--hours", "5")
        paused = command(
            "directive", "pause", *order, "--id", "drill", "--field", "NAME", "--json", **given
        )
        begins = json.loads(paused.out)["starts_at"]
        known = ("zhengming_directives_in_force", 1)
        wait_until(
            lambda: all(w.metric(known[0]) == known[1] for w in workers), 20, "both know of it"
        )
        sure = now()
        flow(60)
        flow(10, phase=Phase.APPLIED)
        app.drain()
        told = [v for v in app.outputs("account.verdicts") if v.decided_at >= sure]
        held = [v for v in told if v.revision == 1]
        assert len(held) == 70
        assert not any(v.decision is Decision.ALLOW for v in told)
        assert all(v.decision is Decision.HOLD and "drill" in v.reason for v in held)
        assert command("directive", "lift", "drill", "--by", "bea").code == 0
        flow(40)
        app.drain()

        def all_decided():
            last = [of_event[-1].decision for of_event in verdicts(app).values()]
            return len(last) == sent and Decision.HOLD not in last

        wait_until(all_decided, 40, "what was held is decided", every=0.5)
        report = app.assert_sound()
        assert report.inputs == sent
        for of_event in verdicts(app).values():
            for verdict in of_event:
                covered = begins <= verdict.decided_at and "drill" in verdict.reason
                assert covered == (verdict.decision is Decision.HOLD)
        listed = json.loads(command("directive", "list", "--json").out)
        assert (listed["issued_by"], listed["end_set_by"]) == ("ana", "bea")
        assert "over" in command("directive", "list").out
        again = command("directive", "pause", *order, "--id", "drill")
        assert again.code == 2
        assert "another id" in again.err


def test_a_pause_ends_by_itself_and_survives_a_restart(settings, command):
    with Application(settings(partitions=1, idle_slack_ms=500)) as app:
        given = environment(app.settings)
        order = ("--by", "ana", "--reason", "a drill", "--id", "short")
        app.worker().await_ready()
        command("directive", "pause", *order, "--hours", str(40 / 3600), **given)
        wait_until(
            lambda: app.workers[0].metric("zhengming_directives_in_force") == 1, 20, "it is known"
        )
        app.publish([(CHANGES, change("held", "a1"))])
        app.drain()
        app.workers[0].kill()
        app.worker().await_ready()

        def decided():
            return [v.decision for v in verdicts(app)["held"]] == ["HOLD", "ALLOW"]

        wait_until(decided, 60, "it is decided at the end of the pause", every=0.5)
        app.assert_sound()


@pytest.mark.obligation("CAC-14-1")
def test_over_capacity_doubtful_changes_are_held_and_a_replay_agrees(settings, tmp_path):
    for name, data in shipped_pack().items():
        (tmp_path / "pack" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pack" / name).write_bytes(data)
    main = tmp_path / "pack" / "pack.yaml"
    limited = main.read_text("utf-8").replace("review:\n", "review:\n  capacity_per_day: 1\n", 1)
    main.write_text(limited, "utf-8")
    with Application(settings(pack=str(tmp_path / "pack"))) as app:
        worker = app.worker().await_ready()
        crowd = [change(f"c{n}", f"crowd{n}", name="华为终端") for n in range(40)]
        app.publish((CHANGES, record) for record in crowd)
        app.drain()
        app.publish(traffic(400))
        app.drain()
        app.assert_sound()
        alerts = [e for e in app.outputs("complaint.escalations") if e.kind == "CAPACITY"]
        assert 1 <= len(alerts) <= app.settings.partitions
        assert worker.metric('zhengming_review_over_capacity{partition="0"}') == 1
        held = [v for v in app.outputs("account.verdicts") if "CAC-14-1" in v.reason]
        assert all(v.decision is Decision.HOLD and v.findings for v in held)
