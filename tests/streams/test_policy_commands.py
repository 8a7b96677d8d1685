"""`zhengming policy test`, `diff`, `backtest` and `schema`: what a pack decides, before it does."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from streams import control_topics
from streams.cli import app
from streams.jsonl import write_line
from streams.packs import policy_of
from streams.simulate import Simulation
from tests.processors.policy.small_pack import FILES, PACK

pytestmark = pytest.mark.usefixtures("no_settings")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["policy", *map(str, arguments)])


def told(result: Result) -> Any:
    return json.loads(result.stdout)


def pack(directory: Path, text: str = PACK, **files: str) -> Path:
    directory.mkdir(parents=True)
    for name, data in {**FILES, "pack.yaml": text.encode()}.items():
        (directory / name).write_bytes(data)
    for name, content in files.items():
        (directory / name.replace("_", ".")).write_text(content, encoding="utf-8")
    return directory


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return pack(tmp_path / "before")


@pytest.fixture
def after(tmp_path: Path) -> Path:
    """The small pack, stricter in one rule, milder in another, with one that is a draft."""
    text = PACK.replace(
        "decision: NEED_MATERIAL\n    severity: 1", "decision: REFUSE\n    severity: 1"
    )
    text = text.replace("- id: contacts.any\n", "- id: contacts.any\n    mode: SHADOW\n")
    draft = text[text.index("  - id: titles.any") : text.index("  - id: names.any")]
    draft = draft.replace("titles.any", "titles.bio").replace("[NAME, BIO]", "[BIO]")
    draft = draft.replace("NEED_MATERIAL", "HOLD").replace("detector", "mode: DRAFT\n    detector")
    return pack(tmp_path / "after", text + draft, words_tsv="好词\n坏词\n丑词\n")


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Five changes of five accounts, then traffic of the simulator."""
    bios = ("好词", "丑词", "http://example.com", "一名医生", "晒太阳")
    lines = [
        {
            "account_id": f"a{number}",
            "event_id": f"e{number}",
            "occurred_at": 1_700_000_000_000 + number,
            "kind": "EDIT",
            "bio": bio,
        }
        for number, bio in enumerate(bios)
    ]
    file = tmp_path / "history.jsonl"
    simulation = Simulation(accounts=30, start=1_700_000_100_000)
    file.write_bytes(
        b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        + b"".join(write_line(topic, record) + b"\n" for topic, record in simulation.events(200))
    )
    return file


def test_the_tests_of_a_pack_are_shown_one_by_one(tmp_path: Path):
    tests = (
        "- {name: 好词, expect: NEED_MATERIAL, rules: [words.any]}\n- {bio: 律师, expect: ALLOW}\n"
    )
    result = run("test", pack(tmp_path / "p", tests_yaml=tests))
    assert result.exit_code == 1
    assert "2 tests, 1 failed" in " ".join(result.stdout.split())
    assert "tests.yaml:2: failing-test: expected ALLOW, got NEED_MATERIAL" in result.stderr
    cases = run("test", tmp_path / "p", "--json").stdout.splitlines()
    assert [json.loads(case)["passed"] for case in cases] == [True, False]


def test_the_tests_of_the_shipped_pack_pass():
    assert run("test").exit_code == 0


def test_a_pack_without_tests_is_told_how_to_have_some(before: Path):
    result = run("test", before)
    assert result.exit_code == 2
    assert "tests.yaml" in result.stderr


def test_a_pack_differs_from_itself_in_nothing(before: Path):
    result = run("diff", before, before)
    assert result.exit_code == 0
    assert "The packs say the same." in result.stdout


def test_packs_are_compared_rule_by_rule_list_by_list_and_term_by_term(before: Path, after: Path):
    main = after / "pack.yaml"
    text = main.read_text("utf-8").replace("complaints:\n", "complaints:\n  feedback_days: 3\n")
    main.write_text(text, "utf-8")
    result = run("diff", before, after, "--json")
    assert result.exit_code == 1
    found = {(d["kind"], d["name"], d["what"]) for d in told(result)["differences"]}
    assert found == {
        ("rule", "contacts.any", "mode: ENFORCE → SHADOW"),
        ("rule", "words.any", "decision: NEED_MATERIAL → REFUSE"),
        ("rule", "titles.bio", "is new: DRAFT, HOLD"),
        ("detector", "words", "entries with 丑词"),
        ("term", "complaints", "feedback_days: 7 → 3"),
    }


def test_a_backtest_tells_what_would_be_decided_otherwise_and_by_which_rule(
    before: Path, after: Path, history: Path
):
    result = run("backtest", after, history, "--against", before, "--json")
    assert result.exit_code == 0, result.stderr
    outcome = told(result)
    assert outcome["inputs"] == 205
    assert outcome["changed"] == sum(
        count for way, count in outcome["decisions"].items() if len(set(way.split(" -> "))) == 2
    )
    examples = {way: [e["event_id"] for e in shown] for way, shown in outcome["examples"].items()}
    assert "e0" in examples["NEED_MATERIAL -> REFUSE"]
    assert "e1" in examples["ALLOW -> REFUSE"]
    assert "e2" in examples["REFUSE -> ALLOW"]
    assert "e3" in examples["NEED_MATERIAL -> HOLD"]
    assert outcome["rules"]["words.any"] == {
        "in_force": 1,
        "candidate": 2,
        "errors": 0,
        "snoozed": 0,
    }
    assert outcome["rules"]["titles.bio"]["in_force"] == 0


def test_a_backtest_comes_to_the_same_with_any_number_of_processes(
    before: Path, after: Path, history: Path
):
    def outcome(processes: int) -> Any:
        arguments = ("backtest", after, history, "--against", before, "--json")
        result = told(run(*arguments, "--processes", str(processes)))
        return {name: value for name, value in result.items() if name != "examples"}

    assert outcome(1) == outcome(3)


def test_a_bad_line_ends_a_backtest_and_is_named(before: Path, history: Path):
    with history.open("ab") as file:
        file.write(b'{"account_id": "a"}\n')
    for processes in ("1", "2"):
        result = run("backtest", before, history, "--processes", processes)
        assert result.exit_code == 2
        assert "history.jsonl:206" in result.stderr


def test_a_condition_without_an_answer_is_counted_as_an_error(tmp_path: Path, history: Path):
    text = PACK.replace("severity: 1", "severity: 1\n    when: proofs['IDENTITY'][0] == ''", 1)
    result = run("backtest", pack(tmp_path / "p", text), history, "--against", "cac2022", "--json")
    assert told(result)["rules"]["words.any"]["errors"] == 1


def test_a_diff_over_inputs_also_tells_the_decisions(before: Path, after: Path, history: Path):
    result = run("diff", before, after, history)
    assert result.exit_code == 1
    assert "decided otherwise" in result.stdout


def test_a_backtest_needs_something_to_run_on(before: Path, tmp_path: Path):
    assert run("backtest", before).exit_code == 2
    assert run("backtest", before, "-").exit_code == 2
    assert run("backtest", before, tmp_path / "none.jsonl").exit_code == 2


def test_the_schema_is_printed_as_json():
    assert told(run("schema"))["title"] == "Zhengming policy pack"


def test_a_diff_shows_labels_codes_signals_images_distance_and_flags(tmp_path: Path):
    shipped = Path("processors/packs/cac2022")
    copy = tmp_path / "copy"
    for path in shipped.rglob("*"):
        if path.is_file() and path.name != "tests.yaml":
            target = copy / path.relative_to(shipped)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    text = (copy / "pack.yaml").read_text(encoding="utf-8")
    text = text.replace("codes: [url, wechat,", "codes: [url,").replace(
        "FRAUD, GAMBLING,", "FRAUD,"
    )
    text = text.replace("kind: logo, distance: 64", "kind: logo, distance: 50")
    text = text.replace("\ncredit:", "\nlanguage: en\n\ncredit:", 1)
    (copy / "pack.yaml").write_text(text, encoding="utf-8")
    for name in ("lexicons/place-signals.tsv", "images/national-symbols.tsv"):
        lines = (copy / name).read_text(encoding="utf-8").rstrip().splitlines(keepends=True)
        (copy / name).write_text("".join(lines[:-1]), encoding="utf-8")
    strict = copy / "lexicons/strict.tsv"
    strict.write_text(
        strict.read_text(encoding="utf-8") + "星河云\t\tseverity=4\n", encoding="utf-8"
    )
    result = run("diff", "cac2022", copy, "--json")
    assert result.exit_code == 1
    said = {(d["name"], d["what"].split(" ")[0]): d["what"] for d in told(result)["differences"]}
    assert said.pop(("strict-words", "entries")) == "entries with 星河云 (severity=4)"
    assert said.pop(("image-codes", "names")) == "names without wechat"
    assert said.pop(("classified", "names")) == "names without GAMBLING"
    assert said.pop(("registered-logo", "distance:")) == "distance: 64 → 50"
    assert said.pop(("language", "zh")) == "zh → en"
    assert set(said) == {("places", "signals"), ("national-symbols", "images")}


# -- lint and activate -------------------------------------------------------------------------


def test_lint_advises_without_a_fault(before: Path) -> None:
    (before / "forgotten.tsv").write_text("word\n")
    result = run("lint", before)
    assert result.exit_code == 0
    assert "advice: forgotten.tsv:1: unnamed-file" in result.stdout
    assert result.stdout.endswith(f"{before}: no problems\n")
    listed = told(run("lint", "--json", before))
    assert {one["code"] for one in listed} == {"no-proof", "unnamed-file"}
    assert all(one["advice"] for one in listed)


def test_activate_tells_the_rules_that_the_next_version_does_not_have(
    before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = policy_of(str(before))
    monkeypatch.setattr(control_topics, "read_in_force", lambda *_: SimpleNamespace(policy=beside))
    monkeypatch.setattr(control_topics, "_publish", lambda *_: None)
    first = PACK[PACK.index("  - id: words.any") : PACK.index("  - id: words.bio")]
    after = pack(tmp_path / "next", PACK.replace(first, ""))
    result = run("activate", after, "--by", "ana")
    assert result.exit_code == 0
    assert "does not have: words.any." in result.stderr
    assert "has the version 1, too" in result.stderr
    assert "does not have" not in run("activate", after, "--by", "ana", "--shadow").stderr
    again = run("activate", before, "--by", "ana").stderr
    assert "does not have" not in again
    assert "version" not in again
