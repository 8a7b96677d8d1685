"""Two names are two persons' only where a reader sees two names."""

from __future__ import annotations

import pytest

from processors.persons import same_person


@pytest.mark.parametrize(
    "other",
    [
        "Ana Li",
        " ana li ",
        "ana  li",
        "ana\u3000li",
        "ＡＮＡ　ＬＩ",
        "analI",
        "ana\u200b li\t",
        "ana\xadli",
    ],
)
def test_how_a_name_is_written_makes_nobody_else_of_a_person(other: str) -> None:
    assert same_person("ana li", other)
    assert same_person(other, "ana li")


@pytest.mark.parametrize(
    ("one", "other"), [("ana", "anna"), ("ana", "ána"), ("林小鱼", "林小余"), ("a1", "a2")]
)
def test_other_names_are_others(one: str, other: str) -> None:
    assert not same_person(one, other)


def test_letters_that_fold_to_several_are_one_persons_too() -> None:
    assert same_person("Strauß", "STRAUSS")
