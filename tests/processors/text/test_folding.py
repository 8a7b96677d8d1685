"""Folding: one reading for all the ways of writing."""

from __future__ import annotations

import gzip
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.text.fold import (
    IS_LETTER,
    JOINT,
    codes_of,
    fold,
    fold_codes,
    kept,
    origins,
    strip,
    strip_codes,
    text_of,
)
from vendor.build import bake

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
        ("ΑΒΓ", "aby"),
        ("саѕіno", "casino"),
        ("ᴄᴀsɪɴᴏ", "casino"),
        ("🅰️🅱️ 🇨🇳 ⒜⑴⒈", "ab cn a11"),
        ("çøłđ", "cold"),
        ("c\u0336a\u0336t", "cat"),
        ("賭博 刷單", "赌博 刷单"),
        ("⼤⺘", "大扌"),
        ("〡〢〣 ፩ ㉈", "123 1 10"),
        ("一〇", "一〇"),
        ("ａ–ｂ‘", "a-b'"),
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


def test_whatever_python_calls_a_letter_is_one_by_the_baked_table():
    folded = {char for code in range(0x110000) for char in fold(chr(code))}
    assert {char for char in folded if char.isalnum()} == {c for c in folded if IS_LETTER[ord(c)]}


def test_every_code_point_folds_alone_as_in_a_batch():
    text = "".join(map(chr, range(0x110000)))
    codes = fold_codes(codes_of(text))
    assert text_of(codes) == fold(text)
    assert text_of(strip_codes(codes)) == strip(fold(text))


@given(TEXTS)
def test_a_batch_folds_as_its_texts_do(text: str):
    codes = fold_codes(codes_of(text))
    assert text_of(codes) == fold(text)
    assert text_of(strip_codes(codes)) == strip(fold(text))


def test_the_baked_tables_are_what_the_vendored_data_gives():
    for name, data in bake().items():
        file = resources.files("processors.text") / "data" / f"{name}.tsv.gz"
        assert gzip.decompress(file.read_bytes()) == data, f"{name}: python -m vendor.build"


@given(TEXTS)
def test_folding_twice_is_folding_once(text: str):
    assert fold(fold(text)) == fold(text)


@given(TEXTS)
def test_every_folded_character_has_an_origin(text: str):
    folded, found = fold(text), list(origins(text))
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
