"""A place in a name is innocent until a second signal stands beside it (Art. 8(5))."""

from __future__ import annotations

import pytest

from processors.text.entry import Entry
from processors.text.gazetteer import Gazetteer

SIGNALS = (
    Entry("官方", "official"),
    Entry("发布", "official"),
    Entry("管理处", "organ"),
    Entry("服务中心", "organ"),
    Entry("骗子", "abuse"),
)
LANDMARKS = (
    Entry("天安门", "天安门"),
    Entry("西湖", "西湖"),
    Entry("三明治", "三明治", allow=True),
)
GAZETTEER = Gazetteer(LANDMARKS, ["杭州", "三明", "南京", "北京"], SIGNALS)


def found(text: str) -> list[tuple[str, str]]:
    (matches,) = GAZETTEER.find([text])
    return [(match.entry, str(match.outcome)) for match in matches]


@pytest.mark.obligation("CAC-08-5")
@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("天安门官方", "天安门"),
        ("官方·天安门", "天安门"),
        ("天安门广场管理处", "天安门"),
        ("天*安*门 管*理*处", "天安门"),
        ("天安門管理處", "天安门"),
        ("杭州市发布", "杭州"),
        ("杭州西湖风景名胜区管理处", "西湖"),
        ("南京骗子真多", "南京"),
    ],
)
def test_a_place_with_a_second_signal_is_certain(text, entry):
    assert (entry, "reject") in found(text)


@pytest.mark.obligation("CAC-08-5")
@pytest.mark.parametrize(
    "text",
    [
        "南京人",
        "西湖边的猫",
        "老北京炸酱面",
        "来自杭州",
        "我在杭州等官方的回复",  # the signal is not beside the place
        "在杭州的客户服务中心上班",
        "这里是一段很长的介绍，说到西湖，说到南京，说到那年的雨，还说到了一些骗子的故事和其他许多的事情",
    ],
)
def test_a_place_that_somebody_only_speaks_of_is_harmless(text):
    assert {outcome for _, outcome in found(text)} <= {"accept"}


@pytest.mark.parametrize("text", ["天安门", "天 安 门", "天安门早知道"])
def test_a_landmark_alone_is_left_to_a_person_where_a_rule_asks_for_one(text):
    assert found(text) == [("天安门", "review")]


@pytest.mark.parametrize("text", ["杭州", "杭州市", "杭州本地通"])
def test_a_division_alone_is_nothing(text):
    assert found(text) == []


def test_a_division_that_no_list_has_is_told_by_its_unit():
    assert found("滨江新区发布") == [("发布", "reject")]
    assert found("超市发布优惠") == []
    assert found("新品发布") == []


def test_a_word_that_only_holds_a_place_is_none():
    assert found("三明治服务中心") == []


def test_the_span_takes_in_the_place_and_its_signal():
    (match,) = GAZETTEER.find(["欢迎来天安门管理处"])[0]
    assert (match.start, match.end) == (3, 9)
