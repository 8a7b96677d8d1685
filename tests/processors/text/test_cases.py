"""The hand-written cases: what evades is found, what is honest is left alone."""

from __future__ import annotations

import os
from collections import Counter
from functools import cache

import pytest

from processors.text import HIDDEN, BadLine, Lexicon, Match, Outcome, read_entries
from tests.processors.text.casebook import CASES, Case, not_yet, params, read_cases, write_not_yet

FILES = ("evasions.tsv", "benign.tsv")
ALLOWED = {"reject": {Outcome.REJECT}, "found": {Outcome.REVIEW, Outcome.REJECT}}


@cache
def lexicon() -> Lexicon:
    lines = list(read_entries((CASES / "lexicon.tsv").read_bytes()))
    assert not [line for line in lines if isinstance(line, BadLine)]
    return Lexicon(line[1] for line in lines if not isinstance(line, BadLine))


def found(case: Case) -> list[Match]:
    """What a person would hear of: matches that are not accepted."""
    (matches,) = lexicon().find([case.text])
    assert all(0 <= m.start < m.end <= len(case.text) for m in matches)
    return [m for m in matches if m.outcome is not Outcome.ACCEPT]


def answered(case: Case) -> bool:
    """Whether the engine answers what it should."""
    matches = found(case)
    if case.entry is None:
        return not matches
    return any(m.entry == case.entry and m.outcome in ALLOWED[case.outcome] for m in matches)


@pytest.mark.obligation("CAC-08-6")
@pytest.mark.parametrize("case", params("evasions.tsv"))
def test_an_evasion_is_seen_through(case: Case):
    assert answered(case), f"{case.text!r} hides {case.entry}; found {found(case)}"


@pytest.mark.parametrize("case", params("benign.tsv"))
def test_an_honest_text_is_left_alone(case: Case):
    assert answered(case), f"{case.text!r} is honest; found {found(case)}"


def test_every_case_is_written_once_and_expects_what_a_lexicon_can_answer():
    cases = [case for name in FILES for case in read_cases(name)]
    assert [text for text, times in Counter(case.text for case in cases).items() if times > 1] == []
    terms = {entry.term for _, entry in read_entries((CASES / "lexicon.tsv").read_bytes())}
    assert {case.entry for case in cases} - {None} <= terms
    assert {case.outcome for case in cases if case.entry} <= ALLOWED.keys()
    assert {case.outcome for case in cases if not case.entry} == {"none"}


def test_every_technique_is_told_in_words():
    told = HIDDEN.keys() | {"plain", "case"}
    found_by = {m.technique for case in read_cases("evasions.tsv") for m in found(case)}
    assert found_by <= told


def test_what_is_not_yet_answered_is_among_the_cases():
    """Set UPDATE_GOLDEN=1 to write the file anew, then read what changed."""
    cases = [case for name in FILES for case in read_cases(name)]
    if os.environ.get("UPDATE_GOLDEN"):
        write_not_yet(case for case in cases if not answered(case))
    assert not_yet() <= {case.written for case in cases}
