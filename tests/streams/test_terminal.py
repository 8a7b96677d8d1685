"""What data says is shown to a person as it is, and does nothing to their terminal."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.panel import Panel
from rich.table import Table

import streams
from streams.commands.common import Terminal, styled
from tests.streams.command_line import Command

SOURCES = Path(streams.__file__).parent
HOSTILE = "[/red][bold]x :x: \x1b[31m\u202e\x9b2J\u3164"
AS_SEEN = "[/red][bold]x :x: ⟨U+001B⟩[31m⟨U+202E⟩⟨U+009B⟩2J⟨U+3164⟩"


def shown(*printed: Any, **options: Any) -> str:
    file = io.StringIO()
    Terminal(file=file, width=200).print(*printed, **options)
    return file.getvalue()


def table() -> Table:
    made = Table(HOSTILE, title=HOSTILE)
    made.add_row(HOSTILE)
    made.add_row(styled(HOSTILE, "red"))
    return made


@pytest.mark.parametrize(
    ("printed", "times"),
    [
        (HOSTILE, 1),
        (styled(HOSTILE, "red"), 1),
        (table(), 4),
        (Panel(HOSTILE, title=styled(HOSTILE), subtitle=styled(HOSTILE)), 3),
    ],
    ids=["line", "styled", "table", "panel"],
)
def test_a_terminal_shows_every_string_as_it_is(printed: Any, times: int) -> None:
    text = shown(printed)
    assert text.count(AS_SEEN) == times
    assert "\x1b" not in text


def test_lines_of_a_message_stay_lines() -> None:
    assert shown("one\ntwo", style="red") == "one\ntwo\n"


def test_there_is_no_other_console_and_no_markup_in_the_commands() -> None:
    markup = re.compile(r"\[/\]|\[(?:bold|dim|red|green|yellow)\]|from_markup|markup=True")
    for path in SOURCES.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert not markup.search(source), path
        if path.name != "common.py":
            assert "Console(" not in source, path


def test_check_shows_accounts_whatever_they_are_called(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["[/red]", "a\x1b[31mb", ":x:"]
    lines = "".join(json.dumps({"account_id": n, "bio": "加V信 demo_12345"}) + "\n" for n in names)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(lines.encode())))
    left = command("check")
    assert left.code == 0, left.err
    for name in ("[/red]", "a⟨U+001B⟩[31mb", ":x:"):
        assert f" {name} " in left.out
    assert "\x1b" not in left.out


def test_what_a_command_was_given_is_said_again_as_it_was(command: Command, tmp_path: Path) -> None:
    directory = tmp_path / "pk[/x]"
    directory.mkdir(parents=True)
    left = command("policy", "lint", str(directory))
    assert "pk[/x]" in left.out + left.err
    assert "Traceback" not in left.err
    assert "--at 0:x: give" in command("dead-letters", "list", "--at", "0:x").err


def test_json_for_programs_has_escapes_for_what_a_terminal_would_act_on(
    command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text(json.dumps({"account_id": "a\x9bb\u202ec林"}))
    out = command("check", "--json", str(file)).out
    assert r"a\u009bb\u202ec林" in out
    assert json.loads(out.splitlines()[0])["record"]["account_id"] == "a\x9bb\u202ec林"
