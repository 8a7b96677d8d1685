"""A sweep goes through existing accounts while workers die; it can be watched and stopped."""

import json
import signal

import pytest

from schemas.records import DisposalAction, Phase, SweepState
from streams import control_topics
from tests.integration.harness import Application
from tests.integration.test_records import change
from tests.streams.test_policy_broker import BESIDE, CHANGES, WORD, environment, stricter
from tests.support import wait_until

ACCOUNTS = 90


def harsher(version):
    """The shipped pack, and a rule with a measure for one more word; a sweep follows it."""
    files = stricter(version)
    main = files["pack.yaml"].decode()
    main = main.replace("decision: HOLD", "decision: REFUSE\n    measure: CORRECT", 1)
    main = main.replace("after_activation: false", "after_activation: true", 1)
    return files | {"pack.yaml": main.encode()}


def settle(app):
    """Accounts of which every third says what will not be allowed later."""
    bios = [f"养{WORD}的人" if n % 3 == 0 else "喜欢喝茶" for n in range(ACCOUNTS)]
    app.publish(
        (CHANGES, change(f"e{n}", f"acct-{n}", bio=bio, phase=Phase.APPLIED))
        for n, bio in enumerate(bios)
    )
    worker = app.worker().await_ready()
    app.drain()
    assert not app.outputs("account.disposals")
    return worker


def progress(app):
    """The last state of each partition."""
    return {p.partition: p for p in app.outputs("sweep.progress")}


def begun(app):
    disposals = app.outputs("account.disposals")
    return [d.account_id for d in disposals if d.action is DisposalAction.BEGIN]


@pytest.mark.obligation("CAC-15-1")
@pytest.mark.obligation("CAC-14-2")
@pytest.mark.parametrize(("store", "step"), [("memory", 4), ("rocksdb", 5)])
def test_a_sweep_after_a_new_pack_comes_to_each_account_once_though_the_worker_dies(
    settings, store, step
):
    given = settings(store=store, sweep_rate=10, idle_slack_ms=500)
    with Application(given) as app:
        settle(app).kill()
        app.workers.clear()
        control_topics.activate(app.settings, harsher("2"), by="ana", beside=BESIDE)
        worker = app.worker(TEST_FAULT=f"{step}:5:kill")
        assert worker.await_exit() == -signal.SIGKILL
        before = progress(app)
        assert 0 < sum(p.done for p in before.values()) < ACCOUNTS

        def done():
            worker.supervise()
            found = progress(app).values()
            return len(found) == 2 and all(p.state is SweepState.FINISHED for p in found)

        wait_until(done, 60, "the sweep is over", every=0.2)
        after = progress(app).values()
        assert sum(p.done for p in after) == sum(p.total for p in after) == ACCOUNTS
        expected = {f"acct-{n}" for n in range(0, ACCOUNTS, 3)}
        found = begun(app)
        assert set(found) == expected
        assert len(found) == len(expected), "no account is found twice"
        assert sum(p.found for p in after) == len(expected)
        told = {r.account_id for r in app.outputs("audit.records") if "by sweep" in r.summary}
        assert told == expected
        app.assert_sound()


@pytest.mark.obligation("CAC-15-1")
def test_a_sweep_is_ordered_watched_and_stopped_while_events_flow(settings, command):
    with Application(settings(sweep_rate=1, idle_slack_ms=500)) as app:
        worker = settle(app)
        who = ("--by", "ana", "--reason", "inspection", "--json")
        started = command("sweep", "start", *who, "--id", "slow", **environment(app.settings))
        assert json.loads(started.out)["kind"] == "SWEEP"

        def state(name):
            lines = command("sweep", "status", "--json").out.splitlines()
            rows = [json.loads(line) for line in lines]
            return next(row for row in rows if row["sweep_id"] == name)

        wait_until(lambda: state("slow")["done"] > 0, 20, "it has begun")
        assert state("slow")["state"] == "RUNNING"
        app.publish([(CHANGES, change("mid", "acct-1", name="晒太阳", phase=Phase.APPLIED))])
        assert command("sweep", "stop", "slow", "--by", "ana").code == 0
        wait_until(lambda: state("slow")["state"] == "STOPPED", 20, "it has stopped")
        assert 0 < state("slow")["done"] < ACCOUNTS
        one = ("--account", "acct-3*", "--id", "some")
        assert command("sweep", "start", *who, *one).code == 0
        wait_until(lambda: state("some")["state"] == "FINISHED", 20, "it is over")
        assert "some" in command("sweep", "status").out
        assert worker.metric('zhengming_sweep_accounts_done{partition="0"}') is not None
        wrong = command("sweep", "stop", "never", "--by", "ana")
        assert wrong.code == 2
        assert "sweep status" in wrong.err
        app.drain()
        app.assert_sound()
