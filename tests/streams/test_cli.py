"""The command line without a broker: what goes in, what comes out, and the exit codes."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from schemas.errors import DeadLetterReason
from streams.cli import app
from streams.errors import BrokerUnreachable, ConfigurationError
from streams.jsonl import LineError, read_lines, write_line
from streams.settings import Settings
from streams.simulate import Simulation
from streams.worker import Worker
from tests.streams.command_line import Command

pytestmark = pytest.mark.usefixtures("no_settings")

ROOT = Path(__file__).parents[2]
SPAM = {"account_id": "a1", "bio": "加V信 demo_12345 领取资料"}
HONEST = {"account_id": "a2", "name": "林小鱼"}
NOWHERE = "127.0.0.1:1"
"""An address at which nothing listens."""


def run(*arguments: str, lines: list[Any] | str = "") -> Result:
    text = lines if isinstance(lines, str) else "".join(json.dumps(x) + "\n" for x in lines)
    return CliRunner().invoke(app, arguments, input=text)


def process(
    *arguments: str, text: str = "", stdout: Any = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        input=text,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


def outputs(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_reason_of_a_dead_letter_is_on_the_pages_that_list_them() -> None:
    for page in ("cli.md", "runbooks/ZhengmingDeadLetters.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert [reason for reason in DeadLetterReason if f"`{reason}`" not in text] == []


# -- check -------------------------------------------------------------------------------------


def test_check_judges_a_bare_change_that_names_no_more_than_what_changes() -> None:
    result = run("check", lines=[SPAM, HONEST])
    assert result.exit_code == 0
    assert "REFUSE" in result.stdout
    assert "contacts.individual (CAC-08-6)" in result.stdout
    assert "2 inputs; verdicts: 1 ALLOW, 1 REFUSE" in result.stdout
    assert "a2" not in result.stdout.replace("2 inputs", "")


def test_check_shows_everything_when_asked() -> None:
    shown = run("check", "--all", lines=[HONEST]).stdout
    assert "ALLOW" in shown
    assert "No rule asks for anything." in shown


def test_check_writes_every_output_as_a_json_line() -> None:
    made = outputs(run("check", "--json", lines=[SPAM | {"phase": "APPLIED"}]))
    assert {line["type"] for line in made} >= {"Verdict", "Disposal", "CreditChange", "Notice"}
    assert {line["line"] for line in made} == {1}
    assert made[0]["record"]["decision"] == "REFUSE"
    assert made[0]["record"]["event_id"] == "line-1"


def test_check_never_shows_the_contact_it_found() -> None:
    phone = {"account_id": "a", "bio": "兼职日结，电话 19900000031", "phase": "APPLIED"}
    for options in ((), ("--all",), ("--json",)):
        result = run("check", *options, lines=[phone])
        assert "REFUSE" in result.stdout
        assert "19900000031" not in result.stdout + result.stderr


def test_lines_take_effect_in_order_and_deadlines_fire_between_them() -> None:
    begin, day = 1_700_000_000_000, 86_400_000
    live = {"account_id": "a", "bio": SPAM["bio"], "phase": "APPLIED", "occurred_at": begin}
    later = {"account_id": "b", "name": "小明", "occurred_at": begin + 9 * day}
    shown = run("check", lines=[live, later]).stdout
    assert re.search(r"1 .* a .*measure CORRECT \(bio\) begins", shown)
    assert re.search(r"2 .* a .*measure SUSPEND \(bio\) begins", shown)


def test_bad_lines_are_told_by_number_and_the_others_are_judged() -> None:
    lines = "\n".join(
        [
            json.dumps(SPAM),
            "not json",
            '{"topic": "account.complaint", "record": {}}',
            '{"account_id": "a", "nam": "x"}',
            '{"account_id": "a", "kind": "EDITED"}',
            '{"account_id": ""}',
            '{"name": "x"}',
            '{"topic": "account.changes", "record": {}, "more": 1}',
            json.dumps({"account_id": "a", "bio": "x" * 30_000}),
            "# a remark",
            json.dumps(HONEST),
        ]
    )
    result = run("check", lines=lines)
    assert result.exit_code == 2
    assert "2 inputs; verdicts: 1 ALLOW, 1 REFUSE" in result.stdout
    told = result.stderr.splitlines()
    assert [re.match(r"-:(\d+): ", line)[1] for line in told[:-1]] == list("23456789")  # type: ignore[index]
    assert "not a JSON object on one line" in told[0]
    assert "inputs are account.changes, account.verifications" in told[1]
    assert "INVALID_FIELD" in told[2]
    assert "UNKNOWN_ENUM" in told[3]
    assert "MISSING_ACCOUNT_ID" in told[4]
    assert "OVERSIZE_FIELD: bio is longer" in told[7]
    assert "8 bad lines were left out: mend them" in told[-1]


def test_a_key_beside_topic_and_record_that_may_be_personal_is_not_told() -> None:
    lines = [
        {"topic": "account.changes", "record": {}, "demo@example.com": 1},
        {"topic": "account.changes", "records": {}},
    ]
    told = run("check", lines="\n".join(map(json.dumps, lines))).stderr
    assert "example.com" not in told
    assert "-:1: a key is not the name of a field" in told
    assert "-:2: records: no field of Envelope; is record meant?" in told


def test_check_takes_bytes_that_are_no_text_for_a_bad_line() -> None:
    result = CliRunner().invoke(
        app, ["check"], input=b'\xef\xbb\xbf{"account_id": "a"}\n\xff\xfe\n'
    )
    assert result.exit_code == 2
    assert "1 inputs" in result.stdout
    assert "-:2: not a JSON object" in result.stderr


@pytest.mark.parametrize(
    ("fail_on", "code"), [("refuse", 1), ("HOLD", 1), ("need_material", 1), (None, 0)]
)
def test_a_script_chooses_from_which_verdict_on_check_fails(fail_on: str | None, code: int) -> None:
    options = ("--fail-on", fail_on) if fail_on else ()
    assert run("check", *options, lines=[SPAM]).exit_code == code


def test_a_verdict_milder_than_the_chosen_one_does_not_fail() -> None:
    assert run("check", "--fail-on", "refuse", lines=[HONEST]).exit_code == 0


def test_a_file_that_is_not_there_is_bad_input() -> None:
    result = run("check", "nowhere.jsonl")
    assert result.exit_code == 2
    assert result.stderr == (
        "nowhere.jsonl: No such file or directory; name a file, or - for standard input\n"
    )


def test_an_empty_file_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    result = run("check", str(tmp_path / "empty.jsonl"))
    assert result.exit_code == 0
    assert "0 inputs; verdicts: none" in result.stdout


# -- simulate, replay --------------------------------------------------------------------------


def test_simulated_lines_are_repeatable_and_can_be_read_again(tmp_path: Path) -> None:
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    for file in (first, second):
        options = ("--events", "300", "--start", "1760000000000", "--seed", "5")
        assert run("simulate", *options, "--out", str(file)).exit_code == 0
    assert first.read_bytes() == second.read_bytes()
    with first.open("rb") as lines:
        records = [line.record for line in read_lines(lines, "1.jsonl")]
    assert len(records) == 300
    assert records[0].occurred_at == 1760000000000


def test_simulate_writes_to_the_screen_by_default() -> None:
    lines = run("simulate", "--events", "6").stdout.splitlines()
    assert {json.loads(line)["topic"] for line in lines} == {
        "account.changes",
        "account.verifications",
    }


def test_replay_says_the_same_as_check(tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    run("simulate", "--events", "500", "--start", "1760000000000", "--out", str(file))
    checked = outputs(run("check", "--json", str(file)))
    replayed = outputs(run("replay", "--outputs", str(file)))
    assert sorted(json.dumps(o["record"]) for o in checked) == sorted(
        json.dumps(o["record"]) for o in replayed
    )
    summary = json.loads(run("replay", "--json", str(file)).stdout)
    assert summary["inputs"] == 500
    assert summary["Verdict"] == sum(o["type"] == "Verdict" for o in checked)


@pytest.mark.invariant("INV-11")
def test_two_replays_under_one_pack_have_the_same_digests_and_another_pack_has_not(
    tmp_path: Path,
) -> None:
    file = tmp_path / "traffic.jsonl"
    start = ("--start", "1760000000000", "--accounts", "60")
    run("simulate", "--events", "1200", *start, "--out", str(file))

    def digests(**environment: str) -> dict[str, str]:
        done = process("replay", "--digest", "--json", str(file), **environment)
        found: dict[str, str] = json.loads(done.stdout)["digests"]
        return found

    one, other = (digests(PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert one == other
    both = digests(ZHENGMING_PACK="cac2022,dsa2022")
    assert both["pack"] != one["pack"]
    assert both["outputs"] != one["outputs"]


def test_replay_takes_a_range_of_time(tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    options = ("--rate", "1", "--start", "1760000000000", "--duplicates", "0")
    run("simulate", "--events", "100", *options, "--out", str(file))
    part = ("--begin", "1760000010000", "--end", "2025-10-09T08:53:40")
    summary = json.loads(run("replay", "--json", *part, str(file)).stdout)
    assert summary["inputs"] == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("replay",), "give a FILE, or --from-topics"),
        (("replay", "f", "--from-topics"), "give a FILE, or --from-topics"),
        (("replay", "f", "--begin", "yesterday"), "--begin yesterday: give milliseconds"),
        (("replay", "f", "--begin", "20261101"), "--begin 20261101: give milliseconds"),
        (("replay", "f", "--end", "1760000010"), "--end 1760000010: give milliseconds"),
        (("replay", "f", "--end", "20261101080000"), "--end 20261101080000: give milliseconds"),
        (("demo", "--json"), "--json needs an end"),
        (("demo", "--input", "nowhere"), "nowhere: No such file"),
        (("dead-letters", "list", "--topic", "x"), "inputs are account.changes"),
        (("dead-letters", "requeue", "--at", "x"), "--at x: give PARTITION:OFFSET"),
        (("policy", "lint", "nowhere"), "is neither a directory"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    command: Command, arguments: tuple[str, ...], message: str
) -> None:
    left = command(*arguments)
    assert left.code == 2
    assert message in left.err


def test_a_demo_on_a_bad_file_starts_nothing(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text('{"account_id": "a"}\n')
    result = run("demo", "--input", str(file), "--json")
    assert result.exit_code == 2
    assert f"{file}:1: INVALID_FIELD" in result.stderr
    assert "Kafka" not in result.stderr


# -- policy ------------------------------------------------------------------------------------


def test_the_shipped_pack_has_no_problems() -> None:
    result = run("policy", "lint")
    assert (result.exit_code, result.stdout) == (0, "cac2022: no problems\n")


def test_a_broken_pack_is_told_and_fails(tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text("id: [")
    result = run("policy", "lint", str(tmp_path))
    assert result.exit_code == 1
    assert "pack.yaml" in result.stdout
    problems = json.loads(run("policy", "lint", "--json", str(tmp_path)).stdout)
    assert {"file", "line", "code", "message", "hint"} <= set(problems[0])


# -- faults ------------------------------------------------------------------------------------


def test_a_wrong_setting_is_told_without_a_traceback() -> None:
    result = process("check", ZHENGMING_PARTITIONS="many")
    assert result.returncode == 2
    assert result.stderr.startswith("environment variable ZHENGMING_PARTITIONS='many': ")
    assert "Traceback" not in result.stderr


def test_a_pack_that_is_not_there_is_a_wrong_setting(command: Command) -> None:
    left = command("check", ZHENGMING_PACK="nowhere")
    assert left.code == 2
    assert "pack 'nowhere' is neither" in left.err


def test_a_kafka_that_is_away_has_an_exit_code_of_its_own(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_settings: Settings) -> None:
        raise BrokerUnreachable("Kafka does not answer")

    monkeypatch.setattr("streams.commands.topics.describe_topics", unreachable)
    left = command("topics", "list", ZHENGMING_KAFKA=NOWHERE)
    assert left.code == 4
    assert left.err == (
        f"Kafka does not answer\nZHENGMING_KAFKA is {NOWHERE}; see `zhengming doctor`\n"
    )


def test_doctor_finds_what_is_away_and_says_what_to_do(command: Command, tmp_path: Path) -> None:
    left = command(
        "doctor",
        "--json",
        ZHENGMING_KAFKA=NOWHERE,
        ZHENGMING_REDIS="redis://:secret@127.0.0.1:1/0",
        ZHENGMING_PACK=str(tmp_path),
        ZHENGMING_SCHEMA_REGISTRY_URL="http://reader:secret@127.0.0.1:1",
        ZHENGMING_KAFAK="typo",
    )
    assert left.code == 1
    report = json.loads(left.out)
    faults = {check["what"]: check for check in report["checks"] if not check["ok"]}
    assert set(faults) == {"settings", "Kafka", "pack", "schema registry", "Redis"}
    assert all(check["cure"] for check in faults.values())
    assert faults["settings"]["cure"].startswith("did you mean ZHENGMING_KAFKA")
    assert "secret" not in left.out + left.err
    assert report["settings"]["ZHENGMING_PARTITIONS"] == "4"


def test_a_path_that_cannot_be_used_is_told_without_a_traceback(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    wrong = tmp_path / "file" / "export"
    persons = ("--order", "x", "--ordered-by", "a", "--approved-by", "b")
    left = command("export", "inspection", "--account", "a", *persons, "--out", str(wrong))
    assert left.code == 2
    assert left.err == f"{wrong}: Not a directory; name a path that can be used\n"
    with pytest.raises(ConfigurationError, match=r"Not a directory; set ZHENGMING_DATA_DIR"):
        Worker(Settings(data_dir=wrong), None)  # type: ignore[arg-type]  # not come to


@pytest.mark.parametrize("arguments", [("replay", "--outputs", "-"), ("policy", "lint")])
def test_a_full_disk_is_told_without_a_traceback(arguments: tuple[str, ...]) -> None:
    line = json.dumps(HONEST | {"event_id": "e", "occurred_at": 1_700_000_000_000, "kind": "EDIT"})
    with Path("/dev/full").open("w") as full:
        result = process(*arguments, text=line, stdout=full)
    assert result.returncode == 2
    assert result.stderr.startswith("No space left on device: make room")
    assert len(result.stderr.splitlines()) == 1, result.stderr


@pytest.mark.parametrize("part", ["worker", "gateway"])
def test_a_port_in_use_is_a_wrong_setting(part: str) -> None:
    variable = {"worker": "ZHENGMING_WEB_PORT", "gateway": "ZHENGMING_GATEWAY_PORT"}[part]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = process(part, ZHENGMING_KAFKA=NOWHERE, **{variable: port})
    assert result.returncode == 2
    told = f"cannot serve on 127.0.0.1:{port} (Address already in use): set {variable} to a free"
    assert told in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_whoever_has_read_enough_may_go() -> None:
    command = f"{sys.executable} -m streams.cli simulate --events 20000 | head -n 1"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0
    assert result.stderr == ""
    assert json.loads(result.stdout)["topic"] == "account.verifications"


# -- docs --------------------------------------------------------------------------------------


def commands(group: Any, path: str = "zhengming") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, command in sorted(group.commands.items()):
        found += (
            commands(command, f"{path} {name}")
            if hasattr(command, "commands")
            else [(f"{path} {name}", command)]
        )
    return found


def test_every_command_and_every_option_is_documented() -> None:
    from typer.main import get_command

    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    for path, command in commands(get_command(app)):
        assert f"### `{path}" in page, path
        section = page.split(f"### `{path}", 1)[1].split("\n### ", 1)[0]
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--") and option != "--help":
                    assert f"`{option}" in section, (path, option)


# -- JSON lines --------------------------------------------------------------------------------


def test_lines_survive_writing_and_reading() -> None:
    events = list(Simulation().events(500))
    lines = [write_line(topic, record) for topic, record in events]
    assert [(line.topic, line.record) for line in read_lines(lines, "x")] == events


def test_a_bare_change_must_be_whole_where_nothing_may_be_filled_in() -> None:
    with pytest.raises(LineError, match=r"x:1: INVALID_FIELD: .*missing required field"):
        list(read_lines([json.dumps(HONEST).encode()], "x"))


def test_what_is_left_out_is_filled_in_from_the_line() -> None:
    first = {**HONEST, "occurred_at": 5}
    lines = [json.dumps(line).encode() for line in (first, SPAM, {**SPAM, "event_id": "mine"})]
    records = [line.record for line in read_lines(lines, "x", fill_in=True)]
    assert [record.event_id for record in records] == ["line-1", "line-2", "mine"]
    assert [record.occurred_at for record in records] == [5, 5, 5]
