"""Unified social credit codes: form and both check characters."""

from __future__ import annotations

import pytest

from processors.credit_code import complete, is_credit_code

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
MADE_UP = complete("91990000MA000001")


def test_a_code_of_a_public_register_is_lawful():
    assert is_credit_code("91110000600037341L")  # the example of GB 32100-2015 readers


@pytest.mark.parametrize("department", "123456789ANY")
def test_codes_of_every_registering_department_are_lawful(department: str):
    assert is_credit_code(complete(f"{department}1990000MA000001"))


@pytest.mark.parametrize("place", range(18))
def test_one_wrong_character_is_found_wherever_it_stands(place: int):
    for character in ALPHABET:
        if character != MADE_UP[place]:
            assert not is_credit_code(MADE_UP[:place] + character + MADE_UP[place + 1 :])


def test_the_check_character_of_the_organisation_code_counts_by_itself():
    """A code whose last character fits a wrong organisation code is none."""
    wrong = [
        code
        for check in "0123456789X"
        for last in ALPHABET
        if (code := MADE_UP[:16] + check + last) != MADE_UP
    ]
    assert not any(map(is_credit_code, wrong))


@pytest.mark.parametrize(
    "text",
    [
        "",
        MADE_UP[:-1],
        MADE_UP + "0",
        MADE_UP.lower(),
        f" {MADE_UP}",
        MADE_UP.replace("9", "９", 1),
        "B" + MADE_UP[1:],
        "110101199003070000",
    ],
)
def test_what_has_not_the_form_is_no_code(text: str):
    assert not is_credit_code(text)
