"""Claims of titles and occupations, and what cancels them."""

from __future__ import annotations

import pytest

from processors.text import Claims, Entry, Outcome, find_claims


def outcome(text: str) -> set[Outcome]:
    """Outcomes of the claims of a text."""
    return {match.outcome for match in find_claims([text])[0]}


@pytest.mark.obligation("CAC-07-1")
@pytest.mark.parametrize(
    "text",
    [
        "医生",
        "张医生",
        "心内科主任医师",
        "律师小王",
        "我是一名律师",
        "三甲医院护士长",
        "某大学教授",
        "记者老陈",
        "刑警老李",
        "注册会计师",
        "心理咨询师小林",
        "基金经理",
        "儿科医生一枚",
        "医生说书",
        "Lawyer in Beijing",
        "张 医 生",
        "律*师",
        "ｌａｗｙｅｒ",
        "医\u200b生",
    ],
)
def test_a_title_in_a_short_phrase_is_a_claim(text: str):
    assert outcome(text) == {Outcome.REJECT}


@pytest.mark.obligation("CAC-07-1")
@pytest.mark.parametrize(
    "text",
    [
        "想当医生",
        "梦想成为一名律师",
        "准医生",
        "未来的律师",
        "前记者",
        "不是医生",
        "医生的妻子",
        "律师的女儿",
        "医生女友",
        "医 生 的 妻 子",
        "我爸是律师",
        "嫁给警察",
        "感谢医生",
        "找律师",
        "医生说多喝水",
        "警察叔叔",
        "法官大人",
        "律师函",
        "律师事务所",
        "公务员考试",
        "备考公务员",
        "护士节",
        "记者会",
        "电脑医生",
        "not a lawyer",
        "married to a lawyer",
        "a lawyer's wife",
        "son of a physician",
    ],
)
def test_wishes_relatives_and_things_cancel_a_title(text: str):
    assert outcome(text) <= {Outcome.ACCEPT}


@pytest.mark.parametrize("text", ["教授英语", "宠物医生", "flawyer", "lawyers", "小李", ""])
def test_a_word_that_only_holds_a_title_is_no_claim(text: str):
    assert find_claims([text]) == [()]


def test_a_title_in_running_text_is_for_review():
    assert outcome("昨天那位好心的年轻医生一直陪着我们等到天亮才走") == {Outcome.REVIEW}


@pytest.mark.obligation("CAC-08-7")
def test_an_exaggerated_claim_is_found_and_cancelled_alike():
    claims = Claims([Entry("官方"), Entry("official"), Entry("非官方资料", allow=True)])
    texts = ["小店官方", "ＯＦＦＩＣＩＡＬ", "非官方", "unofficial", "官 方"]
    assert [[m.outcome for m in found] for found in claims.find(texts)] == [
        [Outcome.REJECT],
        [Outcome.REJECT],
        [Outcome.ACCEPT],
        [],
        [Outcome.REJECT],
    ]


def test_a_lower_rank_does_not_prove_a_higher_one():
    claims = Claims([Entry("教授", "教授"), Entry("副教授", "副教授"), Entry("医师", "医师")])
    assert claims.tags_in("副教授") == {"副教授"}
    assert claims.tags_in("教授，副教授") == {"教授", "副教授"}
    assert claims.tags_in("执业医师") == {"医师"}
