"""The hand-written cases: what evades is found, what is honest is left alone."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from processors.text import BadLine, Lexicon, Match, Outcome, read_entries
from tests.processors.text.casebook import CASES, Case, not_yet, params, read_cases

FILES = ("evasions.tsv", "benign.tsv")
ALLOWED = {"reject": {Outcome.REJECT}, "found": {Outcome.REVIEW, Outcome.REJECT}}


@cache
def lexicon() -> Lexicon:
    lines = list(read_entries((CASES / "lexicon.tsv").read_bytes()))
    assert not [line for line in lines if isinstance(line, BadLine)]
    return Lexicon(line[1] for line in lines if not isinstance(line, BadLine))


def found(case: Case) -> list[Match]:
    """What a person would hear of: matches that are not accepted."""
    return [m for m in lexicon().find([case.text])[0] if m.outcome is not Outcome.ACCEPT]


@pytest.mark.parametrize("case", params("evasions.tsv"))
def test_an_evasion_is_seen_through(case: Case):
    matches = found(case)
    hits = [m for m in matches if m.entry == case.entry and m.outcome in ALLOWED[case.outcome]]
    assert hits, f"{case.text!r} hides {case.entry}; found {matches}"
    assert all(0 <= m.start < m.end <= len(case.text) for m in hits)


@pytest.mark.parametrize("case", params("benign.tsv"))
def test_an_honest_text_is_left_alone(case: Case):
    assert not found(case), f"{case.text!r} is honest"


def test_every_case_is_written_once_and_expects_what_a_lexicon_can_answer():
    cases = [case for name in FILES for case in read_cases(name)]
    assert [text for text, times in Counter(case.text for case in cases).items() if times > 1] == []
    terms = {entry.term for _, entry in read_entries((CASES / "lexicon.tsv").read_bytes())}
    assert {case.entry for case in cases} - {None} <= terms
    assert {case.outcome for case in cases if case.entry} <= ALLOWED.keys()
    assert {case.outcome for case in cases if not case.entry} == {"none"}


def test_what_is_not_yet_answered_is_among_the_cases():
    assert not_yet() <= {case.written for name in FILES for case in read_cases(name)}
