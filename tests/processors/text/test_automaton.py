"""The search for many terms: a long text, of which only some stretches are looked at."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.text.automaton import Automaton, Hit
from processors.text.fold import codes_of
from processors.text.words import pair_gain, pair_gains

FEW = "ab赌博\uffff"
TERMS = st.lists(st.text("ab赌博", min_size=1, max_size=8), min_size=1, max_size=12)


@given(TERMS, st.text(FEW, max_size=60))
def test_a_long_text_has_the_hits_that_a_short_one_has(terms: list[str], text: str):
    automaton = Automaton([terms[::2], terms[1::2]])
    assert list(automaton.find(codes_of(text))) == list(automaton.find(text))


@given(st.integers(250, 300), st.text(FEW, max_size=10))
def test_a_term_may_be_of_any_length(length: int, around: str):
    automaton = Automaton([["赌" * length, "赌博"]])
    text = f"{around}{'赌' * length}博{around}"
    assert list(automaton.find(codes_of(text))) == list(automaton.find(text))
    assert Hit(len(around), len(around) + length, "赌" * length, (0,)) in automaton.find(text)


def test_of_thousands_of_terms_each_is_found():
    terms = [
        chr(0x4E00 + at) + chr(0x9FA5 - at) + chr(0x5E00 + at) * (at % 5) for at in range(5000)
    ]
    automaton = Automaton([terms])
    found = {hit.term for hit in automaton.find(codes_of("\uffff".join(terms)))}
    assert found == set(terms)


@given(st.text("单位刷词学历正\uffff", min_size=2, max_size=30))
def test_many_pairs_are_no_words_where_each_is_none(text: str):
    starts = np.arange(len(text) - 1)
    assert pair_gains(codes_of(text), starts).tolist() == [
        pair_gain(text, start) for start in starts.tolist()
    ]
