"""Views and readings: whatever is done to a text to hide an entry, the answer stays the same."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.text import Entry, Lexicon, View, tables
from processors.text.fold import JOINT, RULES, codes_of, fold, fold_codes, strip_codes, text_of
from processors.text.fold import strip as stripped
from processors.text.views import (
    skeleton,
    skeleton_codes,
    skeleton_kept,
    sound,
    sound_codes,
    spelled,
)

LEXICON = Lexicon(
    [
        Entry("赌博"),
        Entry("兼职刷单"),
        Entry("一夜情"),
        Entry("时时彩"),
        Entry("casino"),
        Entry("world bank"),
        Entry("反赌博", allow=True),
    ]
)
WORDS = """
    赌 博 兼职 刷单 一夜情 时时彩 时 cas ino casino world bank 反 贝 者 十 尃 扌丁 dubo du p 1 0 | $
    * ， 克服 网络 王 𠬝
"""
PIECES = WORDS.split()
LEXICON.find(["赌搏士"])  # loads the words of Chinese, which takes longer than a case may
TEXTS = st.one_of(
    st.lists(st.sampled_from([*PIECES, " ", "\u202e", "\u202c", "\u200b", "\ud800"])).map("".join),
    st.text(st.characters(blacklist_categories=()), max_size=30),
)


def outcomes(text: str) -> list[tuple[str, str]]:
    return [(match.entry, match.outcome) for match in LEXICON.find([text])[0]]


@cache
def traditional() -> dict[int, str]:
    """A traditional form for every simplified character that has one."""
    return {
        ord(fold(chr(code))): chr(code) for code, rule in RULES.items() if rule == "traditional"
    }


@given(TEXTS)
def test_traditional_forms_never_change_an_outcome(text: str):
    assert outcomes(text.translate(traditional())) == outcomes(text)


@given(TEXTS)
def test_width_never_changes_an_outcome(text: str):
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isalnum() and c.isascii() else c for c in text)
    assert outcomes(wide) == outcomes(text)


@given(st.lists(TEXTS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_neither_company_nor_order_of_texts_changes_what_is_found(texts, chance):
    found = dict(zip(texts, LEXICON.find(texts), strict=True))
    chance.shuffle(texts)
    padded = [*texts, "长" * 500]  # so many characters go the way of arrays
    assert LEXICON.find(padded)[:-1] == [found[text] for text in texts]


@given(TEXTS)
def test_spans_lie_in_the_text(text: str):
    for match in LEXICON.find([text])[0]:
        assert 0 <= match.start < match.end <= len(text)


@given(TEXTS)
def test_views_are_the_same_for_a_text_and_for_a_batch(text: str):
    folded = fold(text)
    codes = fold_codes(codes_of(text))
    assert text_of(skeleton_codes(codes)) == skeleton(folded)
    assert text_of(sound_codes(strip_codes(codes))) == sound(stripped(folded))


@given(TEXTS.filter(lambda text: JOINT not in text))
def test_every_character_of_the_skeleton_has_its_place(text: str):
    folded = fold(text)
    places = skeleton_kept(folded)
    assert len(places) == len(skeleton(folded))
    assert all(0 <= place < len(folded) for place in places)


@pytest.mark.parametrize(
    ("text", "view", "technique"),
    [
        ("赌搏", "sound", "homophone"),
        ("dubo", "pinyin", "pinyin"),
        ("赌bo", "pinyin", "pinyin"),
        ("赌b", "initials", "initials"),
        ("贝者十尃", "split", "split"),
        ("赌赌赌博博博", "repeat", "repeat"),
        ("时时时时彩彩彩", "repeat", "repeat"),
        ("\u202e博赌", "reversed", "reversed"),
        ("c4s1no", "skeleton", "skeleton"),
        ("壹夜情", "skeleton", "skeleton"),
        ("賭博", "folded", "traditional"),
        ("саsіno", "folded", "confusable"),
    ],
)
def test_a_match_says_in_which_view_it_was_found(text: str, view: str, technique: str):
    assert [(m.view, m.technique) for m in LEXICON.find([text])[0]] == [(view, technique)]


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("赌伯", View.SOUND),
        ("dubo", View.SOUND),
        ("c4s1no", View.SKELETON),
        ("贝者十尃", View.SPLIT),
        ("cassssino", View.REPEAT),
        ("\u202e博赌", View.REVERSED),
        ("赌个博", View.PARTED),
    ],
)
def test_a_lexicon_is_searched_only_in_the_views_it_is_given(text: str, view: View):
    entries = [Entry("赌博"), Entry("casino")]
    assert Lexicon(entries, [view]).find([text])[0]
    assert not Lexicon(entries, [other for other in View if other is not view]).find([text])[0]


def test_an_entry_of_another_language_is_not_searched_by_sound():
    assert Lexicon([Entry("赌博", language="ja")]).find(["赌伯"]) == [()]


def test_of_entries_that_read_the_same_the_gravest_counts():
    lexicon = Lexicon([Entry("賭博", "mild"), Entry("赌博", "grave", severity=3)])
    assert [(m.tag, m.severity) for m in lexicon.find(["赌博"])[0]] == [("grave", 3)]


def test_a_name_in_another_script_is_no_entry_that_it_looks_like():
    lexicon = Lexicon([Entry("bet")])
    assert lexicon.find(["вет клиника"]) == [()]
    assert lexicon.find(["bеt"])[0]


def test_syllables_in_latin_letters_are_told_apart():
    assert len(spelled("zhuang")) == 1
    assert len(spelled("gaolidai")) == 3
    assert spelled("strength") == ""


def test_hostile_entries_do_no_harm():
    terms = ["", "\ud800\ud800", "\x00", JOINT * 3, "a" * 10_000, "赌" * 10_000, "\u202e", "𝕒𝕓"]
    assert [m.entry for m in Lexicon(map(Entry, terms)).find(["ab"])[0]] == ["𝕒𝕓"]


def test_every_character_has_at_most_a_handful_of_sounds():
    assert max(map(len, tables.sounds().values())) < 8
