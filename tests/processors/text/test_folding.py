"""Folding: one reading for all the ways of writing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.text.fold import JOINT, fold, kept, origins, strip

TEXTS = st.text(st.characters(blacklist_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＡＢＣ１２３", "abc123"),
        ("ÀÉÎõü", "aeiou"),
        ("e\u0301", "e"),
        ("①②⑩", "1210"),
        ("٣۴५", "345"),
        ("𝟘𝟙", "01"),
        ("ⅷ", "viii"),
        ("ß", "ss"),
        ("ΑΣ ΑΣ", "ασ ασ"),
        ("微\u200b信\u2060", "微信"),
        ("1\ufe0f\u20e3", "1"),
        ("a\u202eb\u2066c", "abc"),
        ("\U000e0041a", "a"),
        ("等……", "等……"),
        ("\ud800", "\ufffd"),
        ("a\x00b", "ab"),
        ("中国", "中国"),
        ("\u3164", ""),
    ],
)
def test_a_text_folds_to_one_form(text: str, folded: str):
    assert fold(text) == folded


def test_stripping_leaves_letters_and_digits_only():
    assert strip("微_信: a-1 🌸 ２") == "微信a1２"
    assert strip(f"a b{JOINT}c d") == f"ab{JOINT}cd"


@given(TEXTS)
def test_folding_twice_is_folding_once(text: str):
    assert fold(fold(text)) == fold(text)


@given(TEXTS)
def test_every_folded_character_has_an_origin(text: str):
    folded, found = fold(text), origins(text)
    assert len(found) == len(folded)
    assert found == sorted(found)
    for index, char in zip(found, folded, strict=True):
        assert char in fold(text[index])


@given(TEXTS)
def test_every_stripped_character_has_its_place(text: str):
    folded = fold(text).replace(JOINT, "")
    assert "".join(folded[index] for index in kept(folded)) == strip(folded)


@given(st.lists(TEXTS.filter(lambda text: JOINT not in text), min_size=1, max_size=5))
def test_texts_fold_joined_as_they_fold_alone(texts: list[str]):
    assert fold(JOINT.join(texts)).split(JOINT) == [fold(text) for text in texts]
