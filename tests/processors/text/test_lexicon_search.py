"""Search for the entries of a lexicon."""

from __future__ import annotations

import time

import pytest

from processors.text import BadLine, Entry, Lexicon, Match, Outcome, ProtectedNames, read_entries

LEXICON = Lexicon(
    [
        Entry("刷单赚钱", "fraud"),
        Entry("赌博", "gambling"),
        Entry("World Bank", "bank"),
        Entry("casino", "gambling"),
        Entry("求是", "media", word=True),
        Entry("中国", "strict"),
        Entry("中国际", allow=True),
        Entry("人民教育部", "organ"),
        Entry("教育部", "organ"),
    ]
)


def found(text: str) -> list[tuple[str, str, str]]:
    """Entry, technique and matched original of every match."""
    return [
        (match.entry, match.technique, text[match.start : match.end])
        for match in LEXICON.find([text])[0]
    ]


def test_a_match_says_what_was_found_where_and_how():
    assert LEXICON.find(["别赌博"]) == [
        (Match("赌博", "gambling", "lexicon", "folded", "plain", Outcome.REJECT, 1, 3),)
    ]


@pytest.mark.parametrize(
    ("text", "technique", "shown"),
    [
        ("去CASINO玩", "case", "CASINO"),
        ("去ｃａｓｉｎｏ玩", "width", "ｃａｓｉｎｏ"),
        ("去𝓬𝓪𝓼𝓲𝓷𝓸玩", "width", "𝓬𝓪𝓼𝓲𝓷𝓸"),
        ("去çasïnó玩", "mark", "çasïnó"),
        ("赌\u200b博", "invisible", "赌\u200b博"),
        ("赌\u202e博", "invisible", "赌\u202e博"),
        ("赌\ufe0f\u00ad博", "invisible", "赌\ufe0f\u00ad博"),
        ("刷*单*赚*钱", "separator", "刷*单*赚*钱"),
        ("刷 单 赚 钱", "separator", "刷 单 赚 钱"),
        ("刷🌸单🌸赚🌸钱", "separator", "刷🌸单🌸赚🌸钱"),
        ("来赌*博吧", "separator", "赌*博"),
        ("c-a-s-i-n-o", "separator", "c-a-s-i-n-o"),
        ("World-Bank", "separator", "World-Bank"),
        ("worldbank", "separator", "worldbank"),
        ("赌_博", "separator", "赌_博"),
    ],
)
def test_noise_does_not_hide_an_entry(text: str, technique: str, shown: str):
    assert [(how, where) for _, how, where in found(text)] == [(technique, shown)]


@pytest.mark.parametrize(
    "text",
    [
        "我爱赌，博学多才",  # two words met by a comma
        "扫街赌 博物馆",
        "cas in office",
        "实事求是",  # an entry by words only
        "求是书院",
        "casinos",  # a longer Latin word
        "xcasino",
        "中国际遇",  # an allow entry covers it
        "",
        "。。。",
    ],
)
def test_honest_text_is_not_hit(text: str):
    assert found(text) == []


def test_digits_may_touch_a_latin_entry():
    assert found("casino888") == [("casino", "plain", "casino")]


def test_an_allow_entry_does_not_hide_what_lies_outside_it():
    assert [entry for entry, _, _ in found("中国的中国际遇")] == ["中国"]


def test_of_entries_inside_each_other_only_the_longest_is_found():
    assert [entry for entry, _, _ in found("人民教育部")] == ["人民教育部"]


def test_entries_without_letters_or_with_one_are_left_out():
    lexicon = Lexicon(
        [Entry(""), Entry("。"), Entry("a"), Entry("的"), Entry("\ud800"), Entry("ab")]
    )
    assert [m.entry for m in lexicon.find(["a 的 。 ab \ud800"])[0]] == ["ab"]


def test_a_lexicon_without_entries_finds_nothing():
    assert Lexicon([]).find(["赌博", ""]) == [(), ()]


def test_no_texts_give_no_answers():
    assert LEXICON.find([]) == []


def test_a_lexicon_file_gives_entries_with_line_numbers():
    data = "# head\n\n赌博\tgambling\n求是\tmedia\tword, role\n水中央\t\tallow\n".encode()
    assert list(read_entries(data)) == [
        (3, Entry("赌博", "gambling")),
        (4, Entry("求是", "media", word=True, role=True)),
        (5, Entry("水中央", "水中央", allow=True)),
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("赌博\tx\tforever", "unknown flag 'forever'"),
        ("赌博\tx\tword\tmore", "more than three columns"),
        ("。。\tx", "without a letter or digit"),
    ],
)
def test_a_bad_line_of_a_lexicon_file_is_named(line: str, why: str):
    (problem,) = read_entries(f"# head\n{line}\n".encode())
    assert isinstance(problem, BadLine)
    assert problem.line == 2
    assert why in problem.why


def test_a_lexicon_file_that_is_not_utf8_is_named():
    (problem,) = read_entries("赌博\n".encode() + b"\xff\xfe\n")
    assert problem == BadLine(2, "is not UTF-8")


def test_a_plain_term_is_an_entry_whose_tag_it_is():
    assert [(m.entry, m.tag) for m in Lexicon(["赌博"]).find(["網賭博"])[0]] == [("赌博", "赌博")]


@pytest.mark.parametrize("entries", ["赌博", [None], [{"term": "赌博"}], [b"casino"]])
def test_what_is_no_entry_is_refused_in_words(entries):
    with pytest.raises(TypeError, match="entr"):
        Lexicon(entries)


@pytest.mark.parametrize("texts", ["赌博", [None], [b"casino"], [1]])
def test_what_is_no_sequence_of_texts_is_refused_in_words(texts):
    with pytest.raises(TypeError, match="sequence of str"):
        Lexicon(["赌博"]).find(texts)


def test_nothing_is_found_in_no_texts_or_by_no_entries():
    assert Lexicon(["赌博"]).find([]) == []
    assert Lexicon([]).find(["赌博", ""]) == [(), ()]


HEARD = Lexicon(
    [
        "包养",
        "代购",
        "私服",
        "黑客",
        "涨粉",
        "色情",
        "校园贷",
        "水果机",
        "枪手",
        "大麻",
        "走私",
        "枪支",
    ]
)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("铯情", "色情"),  # its tones, and a segment of its own
        ("嘿客接单", "黑客"),  # its tones, in an offer
        ("有人看铯情吗朋友", "色情"),  # its tones, in characters that are seldom met
        ("涨份接单", "涨粉"),  # other tones, but an offer right beside it
        ("校园带，秒批", "校园贷"),  # a segment of its own beside a word
        ("水果鸡上分", "水果机"),  # beside a word, in an offer
        ("饱养学妹", "包养"),  # other tones, but who is meant right behind a character that is kept
        ("走丝烟", "走私"),  # its tones, in a text of three with a character kept
    ],
)
def test_two_syllables_are_an_entry_by_their_tones_or_by_an_offer(text: str, entry: str):
    assert [(m.entry, m.outcome) for m in HEARD.find([text])[0]] == [(entry, Outcome.REVIEW)]


@pytest.mark.parametrize(
    "text",
    [
        "有点发飘但会努力",  # other tones, and characters that stand by themselves
        "全卖粉色系列",  # other tones, and it runs into a word
        "带够钱再去",  # its tones, but everyday characters inside a sentence
        "校园戴口罩",  # a word that is met everywhere, and a verb
        "水果季",  # the same with a noun in another tone
        "包阳",  # a name in other tones
        "枪之魂",  # its tones, in a character that is met everywhere
        "走丝绸路",  # its tones, but more follows
    ],
)
def test_two_syllables_in_everyday_characters_are_no_entry(text: str):
    assert HEARD.find([text]) == [()]


@pytest.mark.xfail(strict=True, reason="two everyday characters that make no word go to a person")
@pytest.mark.parametrize("text", ["黑壳虾养殖", "考前涨分笔记", "饱养精神"])
def test_two_everyday_characters_in_other_tones_are_no_entry(text: str):
    assert HEARD.find([text]) == [()]


@pytest.mark.parametrize("text", ["机枪手老张", "大麻袋", "一支长枪手办"])
def test_an_entry_in_a_longer_word_that_cuts_it_is_no_hit(text: str):
    assert HEARD.find([text]) == [()]


@pytest.mark.parametrize("text", ["雇枪手代写", "大麻", "论文枪手老张"])
def test_an_entry_beside_other_words_is_a_hit(text: str):
    assert len(HEARD.find([text])[0]) == 1


COUNTED = Lexicon(["快三", "牌九", "onlyfans", "casino", "返现", "刷单"])


@pytest.mark.parametrize(
    ("text", "entry", "technique"),
    [
        ("快③", "快三", "numeral"),
        ("快Ⅲ平台", "快三", "numeral"),
        ("玩牌⑨", "牌九", "numeral"),
        ("牌❾", "牌九", "numeral"),
        ("only fans", "onlyfans", "separator"),
        ("返㊣现", "返现", "ornament"),
        ("刷￥单", "刷单", "ornament"),
    ],
)
def test_odd_numerals_ornaments_and_two_words_hide_no_entry(text: str, entry: str, technique: str):
    assert [(m.entry, m.technique) for m in COUNTED.find([text])[0]] == [(entry, technique)]


@pytest.mark.parametrize("text", ["快3岁了", "牌9", "cas ino", "ca sino", "lonely fans", "①快②慢"])
def test_plain_digits_and_words_beside_each_other_are_no_entry(text: str):
    assert COUNTED.find([text]) == [()]


BYNAMES = Lexicon(
    ["笑气", "洗钱", "援交", "刷单", "气枪", "冰毒", "大麻", "畜生", "听话水", "ketamine"]
)


@pytest.mark.parametrize(
    "text",
    [
        *("打气球 N2O 直达包厢", "洗米通道 大额", "圆角学妹", "淘宝SD垫付", "气狗配件", "k粉现货"),
        *("道友一起溜冰", "荷兰叶子", "初生东西", "乖乖水 无色无味"),
    ],
)
def test_what_everybody_writes_instead_of_an_entry_goes_to_a_person(text: str):
    (match,) = BYNAMES.find([text])[0]
    assert (match.technique, match.outcome) == ("slang", Outcome.REVIEW)


@pytest.mark.parametrize(
    "text",
    [
        *("生日打气球布置，免费配送", "妈妈在洗米做饭", "圆角相框", "SD卡专卖", "周末去溜冰"),
        *("秋天的叶子", "云南白粉墙", "出生时什么东西都没有", "乖乖水果店"),
    ],
)
def test_a_word_that_is_a_byname_elsewhere_is_left_alone(text: str):
    assert BYNAMES.find([text]) == [()]


def test_a_comma_before_a_clause_of_its_own_hides_nothing() -> None:
    texts = ["很听话，水都喝光了", "出听，话，水", "听话·水 要的来"]
    assert [bool(found) for found in Lexicon(["听话水"]).find(texts)] == [False, True, True]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("红豆包养胃记", Outcome.REVIEW),
        ("歌手枪花老乐迷", Outcome.REVIEW),
        ("求包养大叔", Outcome.REJECT),
        ("专业办证", Outcome.REJECT),
        ("包*养胃记", Outcome.REJECT),  # who hides it means it
    ],
)
def test_what_reads_as_well_as_two_words_that_meet_goes_to_a_person(
    text: str, outcome: Outcome
) -> None:
    (match,) = Lexicon(["包养", "办证", "手枪"]).find([text])[0]
    assert match.outcome is outcome


@pytest.mark.parametrize("severity", [1, 4])
def test_an_entry_that_allows_stands_against_the_same_term_in_any_order(severity: int):
    listed, allowed = Entry("星河云科技", severity=severity), Entry("星河云科技", allow=True)
    for entries in ([listed, allowed], [allowed, listed]):
        for detector in (Lexicon(entries), ProtectedNames(entries)):
            assert detector.find(["星河云科技"]) == [()]
    assert ProtectedNames([listed]).find(["星河云科技"]) != [()]


@pytest.mark.parametrize("text", ["做爱笑的小太阳", "每天做爱吃的菜", "去死皮护肤课"])
def test_an_entry_over_the_border_of_young_words_is_none(text: str):
    assert Lexicon(["做爱", "去死"]).find([text]) == [()]


@pytest.mark.parametrize(
    ("text", "entry", "technique"),
    [
        ("刷牙的刷 单身的单", "刷单", "told"),
        ("刷 靠\n单 谱", "刷单", "told"),
        ("刷牙\n单身\n藏头", "刷单", "told"),
        ("贝字旁加者，博", "赌博", "split"),
        ("养包 名字倒过来", "包养", "backwards"),
        ("约鸭炮鸭群鸭", "约炮", "bracket"),
        ("代开*票", "代开发票", "masked"),
        ("yellow片", "黄片", "translated"),
        ("du8o平台", "赌博", "pinyin"),
        ("宾毒出货", "冰毒", "homophone"),
        ("牛合彩", "六合彩", "homophone"),
    ],
)
@pytest.mark.parametrize("before", [0, 1, 60])
def test_another_reading_is_found_wherever_it_stands_in_a_batch(
    text: str, entry: str, technique: str, before: int
):
    batch = [*["一行\n又一行 一二"] * before, text, *["今天天气不错"] * 100]
    lexicon = Lexicon(["刷单", "赌博", "包养", "约炮", "代开发票", "黄片", "冰毒", "六合彩"])
    (alone,) = lexicon.find([text])
    assert [(match.entry, match.technique) for match in alone] == [(entry, technique)]
    assert lexicon.find(batch)[before] == alone


def test_a_last_character_that_no_term_begins_with_ends_no_batch():
    lexicon = Lexicon([chr(0x4E00 + at) + chr(0x6E00 + at) for at in range(4_000)])
    for last in range(0x4E00, 0x9FA5, 7):
        lexicon.find(["今天天气不错，" * 80 + chr(last)])


def test_letters_apart_are_those_of_one_text():
    (_, found) = Lexicon(["六合彩"]).find(["我 a", "l-i-u-h-e-c-a-i"])
    assert [match.entry for match in found] == ["六合彩"]


@pytest.mark.parametrize(
    ("entries", "text"), [(["nude", "裸聊"], "nude聊"), (["bet", "赌球"], "bet球")]
)
def test_what_is_guessed_hides_nothing_that_stands_there_plainly(entries: list[str], text: str):
    ((found,),) = Lexicon(entries).find([text])
    assert (found.entry, found.outcome) == (entries[0], Outcome.REJECT)


def test_of_a_masked_character_all_that_fit_are_tried():
    around = [f"百{char}" for char in "一丁七万丈三上下"] + [
        f"{char}乐" for char in "一丁七万丈三上下"
    ]
    ((found,),) = Lexicon([*around, "百家乐"]).find(["百*乐"])
    assert (found.entry, found.outcome) == ("百家乐", Outcome.REVIEW)
    assert ProtectedNames(["中南大学"]).find(["中*大学"]) == [()]


@pytest.mark.parametrize(
    ("unit", "entry"), [("we*hat ", "wechat"), ("百*乐", "百家乐"), ("du8o平台 ", "赌博")]
)
def test_what_is_written_again_and_again_takes_time_in_proportion(unit: str, entry: str):
    text = unit * (100_000 // len(unit))
    began = time.process_time()
    Lexicon([entry]).find([text])
    assert time.process_time() - began < 12  # some forty before it was


def test_a_character_that_is_masked_is_no_sign_of_a_short_entry():
    assert Lexicon(["办证", "代孕"]).find(["办*", "代*吧", "代*考"]) == [(), (), ()]


@pytest.mark.parametrize("mask", "*□■※")
def test_many_masks_in_a_text_take_no_time(mask: str):
    text = mask.join("老虎机代开发票" * 3_000)
    began = time.process_time()
    Lexicon(["老虎机", "代开发票"]).find([text])
    assert time.process_time() - began < 5
