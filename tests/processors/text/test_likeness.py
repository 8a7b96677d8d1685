"""What only sounds or looks like a short entry, and what stands for its characters."""

from __future__ import annotations

import pytest

from processors.text import Lexicon, Match, Outcome, ProtectedNames

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


_TERMS = """
包养 假币 外挂 约炮 废物 代练 老虎机 博彩 代孕 发票 贱人 傻逼 私服 买粉 办证 洗钱 大麻 K粉 A货 18禁
裸聊 脑残 代考 赌博 六合彩 百家乐
"""
INSTEAD = Lexicon(_TERMS.split())


@pytest.mark.parametrize(
    ("text", "entry", "technique"),
    [
        ("求大叔包氧", "包养", "homophone"),
        ("出高质量甲币", "假币", "homophone"),
        ("歪挂作者", "外挂", "homophone"),
        ("越炮神器下载", "约炮", "homophone"),  # in another tone
        ("队友全是费物", "废物", "homophone"),
        ("王者带练包上星", "代练", "homophone"),  # a word, but hardly ever met
        ("老虎鸡电子爆分", "老虎机", "homophone"),
        ("搏彩高手阿强", "博彩", "homophone"),
        ("仗孕中介电话聊", "代孕", "similar"),
        ("全国友票代办", "发票", "similar"),
        ("贱入一个", "贱人", "similar"),
        ("一群煞笔", "傻逼", "slang"),
        ("全队都是sb", "傻逼", "slang"),
        ("菠菜平台招代理", "博彩", "slang"),
        ("传奇sf开区", "私服", "slang"),
        ("菠*菜平台招代理", "博彩", "slang"),
    ],
)
def test_what_reads_worse_than_the_entry_in_its_place_goes_to_a_person(
    text: str, entry: str, technique: str
):
    assert [(m.entry, m.technique, m.outcome) for m in INSTEAD.find([text])[0]] == [
        (entry, technique, Outcome.REVIEW)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "不办正事的人",
        "约泡温泉的冬天",
        "大码女孩穿搭日记",
        "有点发飘但会努力",
        "周末约跑团团长",
        "全麦粉面包",
        "标本种名待考",
        "结婚发喜钱的小伴娘",
        "健人健身房",
        "杜博",
        "杜博文爱打球",  # a word goes over its end
        "一盒六盒彩笔",
        "佰佳乐超市",
        "菠菜面馆的老板娘",
        "水果聊天室",
        "陪你飞舞",
        "全新NC数控机床",
        "菠菜批发代理",
        "顺丰SF长期合作",
        "比NC10好看",
        "sf快递到了",
        "感谢10K粉丝宝宝们",
        "驾照B2的A货车司机",
        "2018禁渔期记录",
        "6月18禁止熬夜",
    ],
)
def test_what_reads_well_as_it_stands_is_left_alone(text: str):
    assert INSTEAD.find([text]) == [()]


CALLED = Lexicon(["傻逼", "垃圾", "高仿", "usdt", "翻墙", "征信修复", "一夜情", "卖肾", "fuck"])


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("真是个傻×", "傻逼"),
        ("你这辣鸡", "垃圾"),
        ("大牌A货皮带", "高仿"),
        ("长期收泰达币", "usdt"),
        ("科学上网 节点多", "翻墙"),
        ("逾期也能征信洗白", "征信修复"),
        ("同城ons", "一夜情"),
        ("割腰子 两个留一个", "卖肾"),
        ("phuck 996", "fuck"),
    ],
)
def test_what_everybody_calls_it_goes_to_a_person(text: str, entry: str):
    found = [(m.entry, m.technique, m.outcome) for m in CALLED.find([text])[0]]
    assert found == [(entry, "slang", Outcome.REVIEW)]


@pytest.mark.parametrize(
    "text",
    [
        "重庆辣鸡翅",
        "a货架上的书",
        "孩子科学上网课",
        "cons and pros",
        "phuck9 is a song",
        "ons 2024",
    ],
)
def test_what_is_only_written_so_is_left_alone(text: str):
    assert CALLED.find([text]) == [()]


@pytest.mark.parametrize("entry", ["事实", "圆明园"])
def test_an_entry_that_sounds_the_same_backwards_is_found_behind_an_override(entry: str):
    assert [m.entry for m in Lexicon([entry]).find([f"\u202e{entry}\u202c"])[0]] == [entry]


def test_what_only_one_detector_may_leave_out_is_left_out_alone_and_in_a_batch():
    lexicon, text = Lexicon(["一期", "五一", "其始"]), "务一七始 加微信 代办"
    assert lexicon.find([text, "天" * 500])[0] == lexicon.find([text])[0]


@pytest.mark.parametrize("text", ["制服包", "果物园", "心花社", "交与部", "客机部"])
def test_a_word_that_sounds_like_a_protected_name_is_none(text: str):
    names = ProtectedNames(["支付宝", "国务院", "新华社", "教育部", "科技部"])
    assert names.find([text]) == [()]
