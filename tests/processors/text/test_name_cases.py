"""The hand-written names and claims, read by the lexicons of the shipped pack."""

from __future__ import annotations

from functools import cache

import pytest

from processors.packs import shipped_pack
from processors.policy import Policy, load_pack
from processors.text import Match, Outcome
from tests.processors.text.casebook import Case, params

DETECTORS = {
    "protected": {
        "state-organs",
        "military",
        "people-organisations",
        "enterprises",
        "universities",
        "international",
        "news-media",
        "platform",
    },
    "claim": {"occupations"},
}


@cache
def policy() -> Policy:
    return Policy(load_pack(shipped_pack()))


def found(case: Case, kind: str) -> list[Match]:
    (hits,) = policy().scan([case.text])
    return [
        hit.match
        for hit in hits
        if hit.detector in DETECTORS[kind] and hit.match.outcome is not Outcome.ACCEPT
    ]


def check(case: Case, kind: str) -> None:
    matches = found(case, kind)
    if case.entry is None:
        assert not matches
    else:
        assert case.entry in {match.tag for match in matches}, matches


@pytest.mark.parametrize("case", params("protected.tsv"))
def test_a_name_passes_for_an_institution_or_only_comes_near_one(case: Case):
    check(case, "protected")


@pytest.mark.parametrize("case", params("claims.tsv"))
def test_a_title_is_claimed_or_only_mentioned(case: Case):
    check(case, "claim")
