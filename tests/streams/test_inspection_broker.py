"""An inspection gets what it ordered and no more, and whatever is changed in it shows."""

import json

import pytest

from schemas.codec import decode, encode
from schemas.records import AuditRecord
from streams.clients import read_all
from streams.topics import real_name
from tests.integration.harness import Application
from tests.integration.test_crashes import traffic
from tests.streams.test_policy_broker import environment

AUDIT = "audit.records"
GARBAGE = b"garbage"


@pytest.mark.obligation("CAC-21-1")
@pytest.mark.obligation("CAC-17-2")
def test_an_export_holds_the_ordered_scope_and_shows_every_later_change(
    settings, command, tmp_path
):
    with Application(settings()) as app:
        given = environment(app.settings)
        app.publish(traffic(600))
        app.worker().await_ready()
        app.drain()
        records = app.outputs(AUDIT)
        account = max({r.account_id for r in records}, key=[r.account_id for r in records].count)
        order = ("--order", "2026-17", "--ordered-by", "bureau", "--account", account)
        target = tmp_path / "export"
        for spelt in ("bureau", " Bureau", "ｂｕｒｅａｕ"):
            same = command(
                "export", "inspection", *order, "--approved-by", spelt, "--out", str(target),
                **given,
            )  # fmt: skip
            assert same.code == 2
            assert "must not be" in same.err
        done = command(
            "export", "inspection", *order, "--approved-by", "ana", "--out", str(target), "--json"
        )
        assert done.code == 0, done.err
        manifest = json.loads(done.out)
        assert (manifest["ordered_by"], manifest["approved_by"]) == ("bureau", "ana")
        lines = {part["name"]: part["lines"] for part in manifest["files"]}
        wanted = [r for r in records if r.account_id == account]
        assert lines[f"{AUDIT}.jsonl"] == lines["audit-chain.jsonl"] == len(wanted)
        verdicts = [v for v in app.outputs("account.verdicts") if v.account_id == account]
        assert lines["account.verdicts.jsonl"] == len(verdicts)
        assert "account.changes.jsonl" not in lines, "what users wrote only where it was ordered"
        exported = (target / "account.verdicts.jsonl").read_text("utf-8").splitlines()
        assert {json.loads(line)["record"]["account_id"] for line in exported} == {account}
        assert command("export", "verify", str(target)).code == 0

        path = target / f"{AUDIT}.jsonl"
        sound = path.read_bytes()
        path.write_bytes(sound.replace(b'"actor":"auto"', b'"actor":"nobody"', 1))
        told = command("export", "verify", str(target))
        assert told.code == 1
        assert "does not have the hash" in told.out
        path.write_bytes(sound)
        (target / "more.jsonl").write_text("{}\n")
        assert "is not in the manifest" in command("export", "verify", str(target)).out

        part = command(
            "export", "inspection", *order, "--approved-by", "ana", "--out", str(tmp_path / "part"),
            "--topic", AUDIT, "--begin", str(wanted[-1].at + 1), "--json",
        )  # fmt: skip
        files = {part["name"]: part["lines"] for part in json.loads(part.out)["files"]}
        assert files[f"{AUDIT}.jsonl"] < files["audit-chain.jsonl"] == len(wanted)
        assert command("export", "verify", str(tmp_path / "part")).code == 0


@pytest.mark.obligation("CAC-17-2")
def test_a_record_that_is_changed_left_out_or_put_in_breaks_its_audit_chain(
    settings, command, tmp_path
):
    with Application(settings(partitions=1)) as app:
        given = environment(app.settings)
        app.publish(traffic(300))
        app.worker().await_ready()
        app.drain()
        whole = json.loads(command("audit", "verify", "--json", **given).out)
        assert whole["ok"]
        assert whole["shortened"] == 0
        unreadable(app, command, whole, tmp_path)
        name = real_name(app.settings, AUDIT)
        last = [
            decode(AuditRecord, m.value())
            for m in read_all(app.settings, [name])
            if m.value() != GARBAGE
        ][-1]
        app.send(AUDIT, last.account_id.encode(), encode(last))  # once more
        app.flush()
        told = command("audit", "verify", "--account", last.account_id)
        assert told.code == 1
        assert "does not follow" in told.out


def unreadable(app, command, whole, directory):
    """Bytes that are no record are told by their place, and the rest is read all the same."""
    places = {}
    for topic in (AUDIT, "account.disposals", "sweep.progress"):
        app.send(topic, b"spoilt", GARBAGE)
        places[topic] = f"{real_name(app.settings, topic)}[0] at "
    app.flush()
    told = json.loads(command("audit", "verify", "--json").out)
    assert told["records"] == whole["records"]
    (problem,) = told["problems"]
    assert problem.startswith(places[AUDIT])
    assert "cannot be read: UNDECODABLE" in problem
    assert command("audit", "verify", "--account", "spoilt").code == 1
    for topic, *asked in (
        ("sweep.progress", "sweep", "status"),
        ("account.disposals", "export", "statements", "--from-topics"),
    ):
        left = command(*asked)
        assert left.code == 1
        assert left.err.splitlines()[-2].startswith(places[topic])
        assert "records left out: 1." in left.err

    order = ("--order", "1", "--ordered-by", "a", "--approved-by", "b", "--json")
    some = next(v.account_id for v in app.outputs("account.verdicts"))
    for account, code, lost in ((some, 0, 0), ("*", 1, 2)):
        out = str(directory / f"of-{code}")
        left = command("export", "inspection", *order, "--account", account, "--out", out)
        assert left.code == code, left.err
        manifest = json.loads(left.out)
        assert sum(part["lines"] for part in manifest["files"]) > 0
        assert {one["topic"] for one in manifest["unreadable"]} == set([*places][:lost])
        checked = command("export", "verify", out)
        assert checked.code == code
        assert checked.out.count("could not be read (UNDECODABLE)") == lost
