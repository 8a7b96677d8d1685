"""The page on policy packs names all that a pack can hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from processors.policy import (
    BrakeTerms,
    Covers,
    DetectorKind,
    DutyTerms,
    ImageTerms,
    LadderTerms,
    Mode,
    ReportTerms,
    ReviewTerms,
    Rule,
)
from processors.policy.conditions import VARIABLES
from processors.text.entry import FLAGS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "policy-packs.md").read_text(encoding="utf-8")
CODES = {
    line.split(": ")[1]
    for path in (Path(__file__).parent / "golden").glob("*.txt")
    for line in path.read_text(encoding="utf-8").splitlines()
}
KEYS = {
    name.removeprefix("proof_")
    for struct in (Rule, LadderTerms, ReviewTerms, ReportTerms, DutyTerms, ImageTerms, BrakeTerms)
    for name in struct.__struct_fields__
    if name != "pack"  # the reader's own note of where a rule comes from
}


@pytest.mark.parametrize(
    "word", sorted({*CODES, *KEYS, *FLAGS, *DetectorKind, *Covers, *Mode, *VARIABLES})
)
def test_the_page_explains(word: str):
    assert f"`{word}`" in PAGE or f".{word}`" in PAGE


def test_the_page_sends_the_reader_to_counsel_and_prints_no_deadline_of_the_order():
    assert "Check yours with counsel" in PAGE
    assert "sets no numeric deadline" in PAGE
