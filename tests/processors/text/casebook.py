"""Files of hand-written cases: a text, its technique, what is to be found in it, and how surely."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

CASES = Path(__file__).parent / "cases"
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|([n\\]))")


class Case(NamedTuple):
    """One line. ``entry`` is None where nothing is to be found."""

    written: str  # the text as it stands in the file, with its escapes
    technique: str
    entry: str | None
    outcome: str

    @property
    def text(self) -> str:
        """The text itself."""
        return _ESCAPE.sub(_unescape, self.written)


def read_cases(name: str) -> list[Case]:
    """The cases of a file, in order."""
    cases = []
    for line in _lines(name):
        written, technique, entry, outcome = line.split("\t")
        cases.append(Case(written, technique, None if entry == "none" else entry, outcome))
    return cases


def not_yet() -> frozenset[str]:
    """Texts, as they are written, of which the engine does not answer what it should."""
    return frozenset(_lines("not_yet.txt"))


def write_not_yet(cases: Iterable[Case]) -> None:
    """Keep the head of ``not_yet.txt`` and write these cases below it."""
    path = CASES / "not_yet.txt"
    head = [line for line in path.read_text("utf-8").split("\n") if line.startswith("#")]
    path.write_text("\n".join([*head, *(case.written for case in cases), ""]), "utf-8")


def params(name: str) -> list[object]:
    """The cases of a file as parameters with readable ids; those of ``not_yet.txt`` must fail."""
    waiting = not_yet()
    return [
        pytest.param(
            case,
            id=f"{case.technique}: {case.written}",
            marks=[pytest.mark.xfail(strict=True)] if case.written in waiting else [],
        )
        for case in read_cases(name)
    ]


def _lines(name: str) -> list[str]:
    lines = (CASES / name).read_text("utf-8").split("\n")
    return [line for line in lines if line and not line.startswith("#")]


def _unescape(found: re.Match[str]) -> str:
    short, long, sign = found.groups()
    if sign:
        return "\n" if sign == "n" else sign
    return chr(int(short or long, 16))
