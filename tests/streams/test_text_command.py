"""``zhengming text explain``: what a person and a program are told about a text."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

import processors.packs
from streams.cli import app
from streams.visible import is_visible
from tests.processors.policy.small_pack import changed
from tests.streams.command_line import Command

pytestmark = pytest.mark.usefixtures("no_settings")

SHIPPED = Path(processors.packs.__file__).parent / "cac2022"
INVITING = "北大官方 加V信 demo_12345"


def explain(*arguments: str, lines: str = "") -> Result:
    return CliRunner().invoke(app, ["text", "explain", *arguments], input=lines)


def explained(*arguments: str) -> dict[str, Any]:
    result = explain("--json", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_person_sees_the_views_the_matches_the_rules_and_the_verdict() -> None:
    shown = explain(INVITING).stdout
    assert "folded    北大官方 加v信 demo_12345" in shown
    assert "stripped  北大官方加v信demo12345" in shown
    assert "0-2  北大  reject: The protected name '北大'" in shown
    assert "detector contacts, technique slang" in shown
    assert "feeds contacts.individual" in shown
    assert "REFUSE" in shown
    assert "identity.university (CAC-08-2) HOLD: The name uses the protected name" in shown


def test_a_program_gets_the_same_as_one_json_object() -> None:
    found = explained(INVITING)
    assert found["text"] == INVITING
    assert [view["view"] for view in found["views"]][:2] == ["folded", "stripped"]
    contact = next(match for match in found["matches"] if match["kind"] == "contact")
    assert INVITING[contact["start"] : contact["end"]] == "V信 demo_12345"
    assert contact["detector"] == "contacts"
    assert contact["rules"] == ["contacts.individual"]
    assert contact["outcome"] == "reject"
    assert found["verdict"]["pack"] == "cac2022"
    assert found["verdict"]["decision"] == "REFUSE"
    assert {finding["rule_id"] for finding in found["verdict"]["findings"]} >= {
        "contacts.individual",
        "identity.university",
    }


def test_the_readings_of_a_text_are_shown_with_syllables_in_latin_letters() -> None:
    views = {view["view"]: view["text"] for view in explained("贝者博 c4sino liuhecai")["views"]}
    assert views["skeleton"] == "贝者博casinoiiuhecai"
    assert views["sound"].startswith("bei zhe bo")
    assert views["split"].startswith("赌博")
    assert views["pinyin"].endswith("liu he cai")


def test_an_honest_text_has_no_matches_and_is_allowed() -> None:
    found = explained("林小鱼")
    assert found["matches"] == found["odd"] == []
    assert found["verdict"]["decision"] == "ALLOW"
    assert "No rule asks for anything." in explain("林小鱼").stdout


def test_a_match_that_is_harmless_is_shown_with_the_reason_and_feeds_no_rule() -> None:
    (match,) = explained("北京大学校友")["matches"]
    assert match["outcome"] == "accept"
    assert match["rules"] == []
    assert "makes it harmless" in match["why"]
    assert "feeds no rule" in explain("北京大学校友").stdout


@pytest.mark.parametrize(("mode", "fed"), [("SHADOW", True), ("DRAFT", False), ("RETIRED", False)])
def test_what_decides_nothing_is_not_said_to_be_fed(tmp_path: Path, mode: str, fed: bool) -> None:
    for name, data in changed("mode: SHADOW", f"mode: {mode}").items():
        (tmp_path / name).write_bytes(data)
    (match,) = explained("好词", "--field", "bio", "--pack", str(tmp_path))["matches"]
    assert ("words.bio" in match["rules"]) is fed
    assert "words.any" in match["rules"]


def test_field_and_subject_decide_which_rules_are_fed() -> None:
    bio = explained(INVITING, "--field", "bio", "--subject", "INSTITUTION")
    contact = next(match for match in bio["matches"] if match["kind"] == "contact")
    assert contact["rules"] == ["contacts.organisation"]
    name = next(match for match in bio["matches"] if match["kind"] == "protected")
    assert name["rules"] == []  # a bio may speak of a university
    assert bio["verdict"]["decision"] == "HOLD"
    assert (bio["verdict"]["field"], bio["verdict"]["subject"]) == ("BIO", "INSTITUTION")


def test_what_every_honest_text_has_is_not_told_as_odd_nor_twice() -> None:
    given = "画画的猫，爱❤\ufe0f你（真的！）"
    assert explained(given)["odd"] == []
    shown = explain("画画的猫").stdout
    assert "folded" in shown
    assert "stripped" not in shown


def test_odd_characters_are_named_with_what_they_are_read_as() -> None:
    odd = explained("ａ\u200b\u202e赌")["odd"]
    assert [(one["index"], one["code_point"], one["reads_as"]) for one in odd] == [
        (0, "U+FF41", "a"),
        (1, "U+200B", ""),
        (2, "U+202E", ""),
    ]
    assert odd[1]["name"] == "ZERO WIDTH SPACE"
    shown = explain("ａ\u200b\u202e赌").stdout
    assert "⟨U+202E⟩" in shown
    assert "RIGHT-TO-LEFT OVERRIDE" in shown


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_nothing_in_a_text_reaches_the_terminal_that_would_act_on_it(
    options: tuple[str, ...],
) -> None:
    controls = [chr(code) for code in (*range(1, 0x20), *range(0x7F, 0xA0))]
    others = "\u200b\u200e\u202a\u202e\u2028\u2029\u2066\u2069\ufeff\ufffa\ue000\U000e0061\u3164"
    text = "北大\u202e官方" + "".join(controls) + others + "[red]加V信 demo_12345[/red]\x1b[31m"
    result = explain(*options, text)
    assert result.exit_code == 0
    assert {char for char in result.output if not is_visible(char)} <= {"\n"}
    assert "[red]" in result.stdout
    if options:
        assert json.loads(result.stdout)["text"] == text


def test_half_a_character_is_replaced_and_told(command: Command) -> None:
    left = command("text", "explain", "--json", "a\udcff赌")
    assert left.code == 0
    assert json.loads(left.out)["text"] == "a\ufffd赌"


def test_each_line_of_standard_input_is_a_text() -> None:
    result = explain("--json", lines="林小鱼\n\n北大官方\r\n")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["text"] for one in found] == ["林小鱼", "", "北大官方"]
    assert explain(lines="林小鱼\n北大官方\n").stdout.count("verdict on the name") == 2


def test_a_lexicon_is_tried_out_beside_the_pack(tmp_path: Path) -> None:
    file = tmp_path / "mine.tsv"
    file.write_text("柠檬水\tdrinks\n", "utf-8")
    (match,) = explained("爱笑的柠檬水", "--lexicon", str(file))["matches"]
    assert (match["detector"], match["tag"], match["rules"]) == ("mine.tsv", "drinks", [])


def test_a_lexicon_with_a_bad_line_is_bad_input(tmp_path: Path) -> None:
    file = tmp_path / "mine.tsv"
    file.write_text("柠檬水\tdrinks\tforever\n", "utf-8")
    result = explain("x", "--lexicon", str(file))
    assert result.exit_code == 2
    assert "mine.tsv:1: has an unknown flag 'forever'" in result.stderr
    missing = explain("x", "--lexicon", str(tmp_path / "nowhere.tsv"))
    assert missing.exit_code == 2
    assert "name a lexicon file" in missing.stderr


def test_a_pack_of_ones_own_judges(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    shutil.copytree(SHIPPED, pack)
    (pack / "pack.yaml").write_text(
        (pack / "pack.yaml").read_text("utf-8").replace("id: cac2022", "id: mine"), "utf-8"
    )
    assert explained("林小鱼", "--pack", str(pack))["verdict"]["pack"] == "mine"
    (pack / "pack.yaml").write_text("id: [", "utf-8")
    result = explain("林小鱼", "--pack", str(pack))
    assert result.exit_code == 2
    assert "cannot be used" in result.stderr


def test_a_pack_that_is_not_there_is_bad_input(command: Command) -> None:
    left = command("text", "explain", "x", "--pack", "nowhere")
    assert left.code == 2
    assert "neither a directory with a pack.yaml" in left.err


def test_a_field_without_text_is_refused() -> None:
    result = explain("x", "--field", "avatar")
    assert result.exit_code == 2
    assert "one of name, bio, signature, badge" in result.stderr


def test_a_long_text_is_cut_for_a_person_and_whole_for_a_program() -> None:
    text = "好" * 5_000 + "\u200b" * 100
    shown = explain(text).stdout
    assert "and 3,100 more characters" in shown
    assert "and 60 more characters" in shown
    found = explained(text)
    assert found["text"] == text
    assert len(found["odd"]) == 100
