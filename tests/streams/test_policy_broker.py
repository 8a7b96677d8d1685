"""A pack is put in force while events flow: each is decided under one pack, and a replay agrees."""

import json
import random
import re
import time
from functools import partial
from pathlib import Path

import pytest

from processors.policy import Policy, load_pack, shipped_pack
from schemas.codec import encode
from schemas.records import PackMode, PolicyPack
from streams import control_topics
from streams.commands.common import BAD_INPUT
from streams.errors import ConfigurationError
from streams.packs import archive
from streams.settings import Settings
from streams.topics import create_topics
from tests.integration.harness import Application
from tests.integration.test_crashes import traffic
from tests.integration.test_records import change
from tests.support import shipped, wait_until

CHANGES = "account.changes"
WORD = "斑马鱼"
IN_FORCE = re.compile(r'^zhengming_policy_in_force\{.*\bversion="([^"]+)".*\} 1\.0$', re.MULTILINE)
BESIDE = Policy(shipped())


def stricter(version: str) -> dict[str, bytes]:
    """The shipped pack, and a rule that holds one more word."""
    files = dict(shipped_pack())
    main = files["pack.yaml"].decode()
    main = main.replace("version:", f"version: '{version}' #", 1)
    detector = "detectors:\n  extra: {kind: lexicon, entries: [lexicons/extra.tsv]}\n"
    rule = (
        "rules:\n  - id: extra.word\n    obligation: CAC-08-8\n    article: none\n"
        "    detector: extra\n    fields: [NAME, BIO]\n    decision: HOLD\n    severity: 2\n"
        "    message: {zh: 待核, en: To be looked at.}\n    remedy: {zh: 等待, en: Wait.}\n"
    )
    main = main.replace("detectors:\n", detector, 1).replace("rules:\n", rule, 1)
    return files | {"pack.yaml": main.encode(), "lexicons/extra.tsv": f"{WORD}\n".encode()}


def in_force(worker, version: str) -> bool:
    return version in versions(worker)


def versions(worker) -> set[str]:
    """Of the packs that a worker decides by, shadows among them; none when it does not answer."""
    status, page = worker.get("/metrics")
    return set(IN_FORCE.findall(page)) if status == 200 else set()


def over(worker, version: str) -> bool:
    """Whether a worker answers that it decides by others."""
    found = versions(worker)
    return bool(found) and version not in found


def decided_by(app: Application) -> dict[str, str]:
    return {v.event_id: v.pack_version for v in app.outputs("account.verdicts")}


def ask(app: Application, event_id: str) -> None:
    """An edit that only the stricter pack holds."""
    app.publish([(CHANGES, change(event_id, f"acct-{event_id}", bio=f"养{WORD}的人"))])


@pytest.mark.invariant("INV-11")
def test_a_pack_put_in_force_under_load_decides_from_a_transaction_on(settings):
    with Application(settings()) as app:
        workers = [app.worker().await_ready(), app.worker().await_ready()]
        seeds = iter(range(1, 8))

        def publish() -> None:
            seed = next(seeds)
            app.publish(traffic(300, seed=seed, prefix=f"r{seed}-"))

        publish()
        app.drain()
        for version in ("2", "3"):
            publish()
            control_topics.activate(
                app.settings, stricter(version), by="ana", author="bo", beside=BESIDE
            )
            publish()
            for worker in workers:
                decides = partial(in_force, worker, version)
                wait_until(decides, 60, f"a worker decides by {version}")
            publish()
            app.drain()
        ask(app, "late")
        app.drain()
        report = app.assert_sound()
        assert report.inputs == 2_101
        versions = list(decided_by(app).values())
        assert len(set(versions)) == 3
        (late,) = [v for v in app.outputs("account.verdicts") if v.event_id == "late"]
        assert late.decision == "HOLD"
        assert [f.rule_id for f in late.findings] == ["extra.word"]


def test_a_pack_in_shadow_says_what_it_would_do_and_does_nothing(settings):
    with Application(settings(partitions=1)) as app:
        worker = app.worker().await_ready()
        app.publish(traffic(100, seed=3, prefix="r-"))
        control_topics.activate(app.settings, stricter("2"), by="ana", beside=BESIDE, shadow=True)
        wait_until(lambda: in_force(worker, "2"), 20, "the pack is in shadow")
        ask(app, "e1")
        app.publish(traffic(100, seed=4, prefix="s-"))
        app.drain()
        app.assert_sound()
        (verdict,) = [v for v in app.outputs("account.verdicts") if v.event_id == "e1"]
        assert verdict.decision == "ALLOW"
        (finding,) = verdict.findings
        assert (finding.rule_id, finding.mode, finding.decision) == (
            "extra.word.shadow",
            "SHADOW",
            "HOLD",
        )
        control_topics.retire(app.settings, "cac2022.shadow", by="ana")
        wait_until(lambda: over(worker, "2"), 20, "it is retired")


def test_a_pack_that_does_not_fit_beside_the_others_is_not_published(settings):
    files = dict(shipped_pack())
    files["pack.yaml"] = files["pack.yaml"].replace(b"id: cac2022", b"id: another", 1)
    with pytest.raises(ConfigurationError, match="both have a rule"):
        control_topics.activate(Settings(), files, by="ana", beside=BESIDE)


def test_a_pack_that_is_larger_than_a_record_is_no_fault_of_kafka(settings, command, tmp_path):
    place = settings(partitions=1)
    create_topics(place)
    main = shipped_pack() | {"spare.bin": random.Random(1).randbytes(8 << 20)}
    for name, data in main.items():
        file = tmp_path / "pack" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    left = command(
        "policy", "activate", str(tmp_path / "pack"), "--by", "ana", **environment(place)
    )
    assert left.code == BAD_INPUT, left.err
    assert "the pack is too large" in left.err


def test_a_broken_pack_leaves_the_old_one_in_force_and_says_so(settings, command):
    with Application(settings(partitions=1)) as app:
        worker = app.worker().await_ready()
        control_topics.activate(app.settings, stricter("2"), by="ana", beside=BESIDE)
        wait_until(lambda: in_force(worker, "2"), 20, "the pack is in force")
        sound = load_pack(stricter("2"))
        for content in (b"rubbish", archive(shipped_pack() | {"pack.yaml": b"id: [broken"})):
            broken = PolicyPack(
                pack_id=sound.id,
                pack_version="3",
                pack_hash=sound.hash,
                mode=PackMode.ENFORCE,
                content=content,
                published_at=time.time_ns() // 1_000_000,
                published_by="mallory",
            )
            app.send("platform.policies", sound.id.encode(), encode(broken), partition=0)
        app.send("platform.policies", b"x", b"\xff no record", partition=0)
        app.flush()
        wait_until(
            lambda: worker.metric("zhengming_control_problems") == 3, 20, "the faults are counted"
        )
        assert in_force(worker, "2")
        ask(app, "e1")
        app.drain()
        assert decided_by(app) == {"e1": "2"}
        status, body = worker.get("/health")
        assert status == 200
        assert len(json.loads(body)["notes"]) == 3
        assert "cannot be used" in worker.log.read_text("utf-8")
        listed = command("policy", "list", "--json", **environment(app.settings))
        assert listed.code == 1
        assert [pack["pack_version"] for pack in json.loads(listed.out)["in_force"]] == ["2"]
        doctor = command("doctor", "--json")
        told = {check["what"]: check for check in json.loads(doctor.out)["checks"]}
        assert not told["in force"]["ok"]
        app.assert_sound()


def test_a_restarted_worker_comes_up_with_the_pack_of_the_topic_else_with_the_configured_one(
    settings, command, tmp_path: Path
):
    directory = tmp_path / "pack"
    for name, data in stricter("2").items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(data)
    with Application(settings(partitions=1)) as app:
        given = environment(app.settings)
        for author in ("bo", "Bo "):
            named = ("--by", "bo", "--author", author)
            own = command("policy", "activate", str(directory), *named, **given)
            assert own.code == 2
            assert "somebody else" in own.err
        assert command("policy", "activate", str(directory), "--by", "ana").code == 0
        first = app.worker().await_ready()
        ask(app, "e1")
        app.drain()
        first.kill()
        app.worker().await_ready()
        ask(app, "e2")
        app.drain(supervised=False)
        assert command("policy", "retire", "cac2022", "--by", "ana").code == 0
        wait_until(lambda: over(app.workers[1], "2"), 20, "the configured pack is in force again")
        ask(app, "e3")
        app.drain(supervised=False)
        versions = decided_by(app)
        assert (versions["e1"], versions["e2"]) == ("2", "2")
        assert versions["e3"] != "2"
        assert command("policy", "retire", "cac2022", "--by", "ana").code == 2
        app.assert_sound()


def environment(settings: Settings) -> dict[str, str]:
    """The settings as a command sees them."""
    names = ("kafka", "app_id", "topic_prefix", "partitions")
    return {f"ZHENGMING_{name.upper()}": str(getattr(settings, name)) for name in names}
