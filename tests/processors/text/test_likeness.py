"""What only sounds or looks like a short entry, and what stands for its characters."""

from __future__ import annotations

import pytest

from processors.text import Lexicon, Match, Outcome

LEXICON = Lexicon(["棋牌", "荐股", "彩票", "高利贷", "百家乐", "返利", "代开发票"])
ASIDE = [f"第{at}条，今天天气不错，出门散步。" for at in range(40)]
"""So many texts that a batch of them goes the way of arrays."""


def alone_and_in_a_batch(text: str) -> list[Match]:
    """The matches of a text, which are the same both ways."""
    alone = LEXICON.find([text])[0]
    assert LEXICON.find([*ASIDE, text, *ASIDE])[len(ASIDE)] == alone
    return list(alone)


@pytest.mark.parametrize(
    ("text", "entry", "technique"),
    [
        ("健鼓老师带飞", "荐股", "homophone"),  # both others, in tone, in an offer
        ("贱骨拉人头", "荐股", "homophone"),
        ("高利货急用", "高利贷", "similar"),
        ("佰家泺打法", "百家乐", "similar"),
        ("彩🎫开户", "彩票", "picture"),
        ("代开发🧾", "代开发票", "picture"),
        ("f4nli平台", "返利", "pinyin"),
        ("qiiiiipaaai", "棋牌", "pinyin"),
        ("c@ip1ao", "彩票", "pinyin"),
        ("Qipai开户", "棋牌", "pinyin"),
        ("代k发p", "代开发票", "initials"),
    ],
)
def test_what_sellers_write_for_an_entry_goes_to_a_person(text: str, entry: str, technique: str):
    assert [(m.entry, m.technique, m.outcome) for m in alone_and_in_a_batch(text)] == [
        (entry, technique, Outcome.REVIEW)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "健鼓",  # nobody offers anything
        "赵健鼓",
        "高利货物",
        "彩🌹票据",
        "🎫彩",
        "100家乐队",
        "Qipai",
        "祁派 qipai",
        "卖家k发p图",
    ],
)
def test_the_same_where_nobody_would_read_it_so_is_left_alone(text: str):
    assert alone_and_in_a_batch(text) == []


def test_a_round_number_with_a_letter_in_it_is_one_character():
    (match,) = alone_and_in_a_batch("1oo家乐平台")
    assert (match.entry, match.technique, match.start, match.end) == ("百家乐", "skeleton", 0, 5)
