"""What a text gets depends on nothing but itself, and no text can do harm."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.policy import Policy, SubjectView
from processors.text.fold import fold
from schemas.records import Decision, Field, SubjectKind
from tests.support import shipped

POLICY = Policy(shipped())
POLICY.scan(["北京太学"])  # loads the words of Chinese, which takes longer than a case may
ANYBODY = SubjectView(SubjectKind.INDIVIDUAL, {})
WORDS = """
    微信 vx abc12345 13800138000 example .com @ :// 教育部 官方 校友 杭州 公安局 发布 中国 际 医生
    想当 的妻子 新闻 日报 刷单赚钱 第一 ， * 🌸 小 A ｘ ① 洗 💰 瓣正学历 b0ca1 校园货
    木字旁加仓 old虎机
"""
PIECES = [*WORDS.split(), *" \n\x00\u200b\uffff\ud800"]
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.text(st.characters(blacklist_categories=()), max_size=30),
)
LONG = "今天天气不错，" * 60  # a batch of so many characters is searched in another way
# An override is none of them: it changes the order in which a text is shown.
INVISIBLE = "\u200b\u200d\u2060\ufeff\u200e\u00ad\ufe0f"


@given(st.lists(TEXTS, max_size=6))
def test_a_text_gets_the_same_hits_alone_and_in_a_batch(texts: list[str]):
    alone = [POLICY.scan([text])[0] for text in texts]
    assert POLICY.scan(texts) == alone
    assert POLICY.scan([*texts, LONG])[: len(texts)] == alone
    assert POLICY.scan([LONG, *texts])[1:] == alone


@given(TEXTS)
def test_spans_lie_in_the_text_and_follow_each_other(text: str):
    last: dict[str, int] = {}
    for hit in POLICY.scan([text])[0]:
        assert 0 <= hit.match.start < hit.match.end <= len(text)
        assert hit.match.start >= last.get(hit.detector, 0)
        last[hit.detector] = hit.match.start


def decision(text: str) -> Decision:
    """What becomes of a name."""
    return POLICY.judge(ANYBODY, {Field.NAME: text}, {text: POLICY.scan([text])[0]}).decision


@pytest.mark.invariant("INV-04")
@pytest.mark.obligation("CAC-08-6")
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.data())
def test_invisible_characters_never_change_a_decision(text: str, data: st.DataObject):
    noisy = ""
    for char in text:
        noisy += char + data.draw(st.sampled_from(["", *INVISIBLE]))
    assert decision(noisy) == decision(text)


@pytest.mark.invariant("INV-04")
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_width_and_case_never_change_a_decision(text: str):
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert decision(wide) == decision(text)
    if fold(text.upper()) == fold(text):
        assert decision(text.upper()) == decision(text)


def test_every_code_point_of_unicode_is_survived():
    points = [chr(code) for code in range(sys.maxunicode + 1)]
    texts = ["".join(points[start : start + 4096]) for start in range(0, len(points), 4096)]
    assert len(POLICY.scan(texts)) == len(texts)


SEEDS = """
    1 13 +1 1.1 a. a- a@a. @ .com http:// www. 微信 微信id qq1 加我我我 电话 邮箱是 百度. (0 一二
    教育部 公安局 医生 中国 第一 赌* 官方教育部官方 杭州市 🌸 网堵 约p 讠成信 wangdu 裸裸裸聊 rn
    () p()rn l-i-u-h-e- ㄉㄨˇㄅㄛˊ 刷🇨🇳单 ɔɐsᴉuo 北京太学 中国人民大大学 lhc的 刷·单 赌，博 du3bo2
"""
HOSTILE = [
    *SEEDS.split(),
    "1 ",
    "国 家 ",
    "日报 ",
    "q  ",
    "\u200b微",
    "\u202e网赌\u202c",
    "\ud800",
    "\x00",
    "\uffff",
]


@pytest.mark.parametrize("seed", HOSTILE)
def test_the_time_for_a_long_text_is_linear(seed: str):
    def took(length: int) -> float:
        text = (seed * length)[:length]
        best = float("inf")
        for _ in range(3):
            start = time.thread_time()
            POLICY.scan([text])
            best = min(best, time.thread_time() - start)
        return best

    short = took(2_000)
    assert took(16_000) < 24 * short + 0.05


@pytest.mark.parametrize("seed", ["1", "a", "的", "1 a"])
def test_a_text_of_a_million_characters_is_survived(seed: str):
    assert len(POLICY.scan([(seed * 1_000_000)[:1_000_000]])) == 1
