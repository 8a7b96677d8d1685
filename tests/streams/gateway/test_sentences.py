"""The stream's reasons, as the console says them in Chinese."""

from __future__ import annotations

import pytest

from processors.text import HIDDEN, HIDDEN_ZH
from streams.gateway.checks import Item, judge
from streams.gateway.console.sentences import reason
from streams.packs import load_policy
from streams.settings import Settings

SENTENCES = {
    "The name holds '中国'.": "名称含有“中国”。",
    "Strict review by two reviewers. The value is live.": "由两名审核员从严核验。该信息已在展示。",
    "The badge claims '官方'; that is not certain, so a person decides; there is no valid proof "
    "of institution.": "认证信息自称“官方”；尚不确定，由人工判定；没有有效的机构证明。",
    "A contact of the form wechat is in the bio, written with accents.": (
        "简介中有联系方式（wechat），写法：带附加符号。"
    ),
    "Appeal against the measure CORRECT, after the time for appeals.": (
        "对措施“限期改正”的申诉，已过申诉期限。"
    ),
    "Ordered by a reviewer: no. 3 of two": "经人工审核决定：no. 3 of two",
}


@pytest.mark.parametrize("said", SENTENCES)
def test_a_reason_of_the_stream_is_told_in_chinese(said: str) -> None:
    assert reason(said, "zh") == SENTENCES[said]
    assert reason(said, "en") == said


@pytest.mark.parametrize("said", ["", "Something new.", "The name holds '中国' and more.", "名称"])
def test_a_sentence_that_is_not_known_stays_as_it_is(said: str) -> None:
    assert reason(said, "zh") == said


def test_every_way_of_hiding_has_its_words() -> None:
    assert set(HIDDEN_ZH) == set(HIDDEN)


@pytest.mark.parametrize(
    "item",
    [
        Item(name="教育部", bio="加V信 demo_12345 领取资料", badge="执业医师"),
        Item(name="中国味道", bio="薇❤信 demo_12345", signature="官方认证"),
        Item(name="新华社", bio="加 v.x: demo_12345，公安局", badge="律师"),
    ],
)
def test_what_the_shipped_pack_finds_is_told_in_chinese(item: Item) -> None:
    (found,) = judge(load_policy(Settings()), [item]).items
    assert found.findings
    for finding in found.findings:
        assert reason(finding.why, "zh") != finding.why
