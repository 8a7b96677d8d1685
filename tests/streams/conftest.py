"""The whole command in this process, and settings that only it sees."""

from __future__ import annotations

import os
import sys

import pytest

from streams.cli import main
from streams.commands import common
from tests.streams.command_line import Command, Left


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the developer's own, and a terminal wide enough for every message."""
    for name in list(os.environ):
        if name.startswith("ZHENGMING_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(common.out, "width", 200)


@pytest.fixture
def command(
    no_settings: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Call ``zhengming`` with arguments and settings, faults told as a person sees them."""

    def call(*arguments: str, **environment: str) -> Left:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["zhengming", *arguments])
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        captured = capsys.readouterr()
        return Left(code, captured.out, captured.err)

    return call
