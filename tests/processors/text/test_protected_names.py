"""Protected names: what stands around a name decides."""

from __future__ import annotations

import pytest

from processors.text import Entry, Outcome, ProtectedNames

NAMES = ProtectedNames(
    [
        Entry("教育部", "教育部", word=True),
        Entry("中华人民共和国教育部", "教育部"),
        Entry("清华大学", "清华大学"),
        Entry("清华大学出版社", allow=True),
        Entry("北大", "北京大学", role=True),
        Entry("腾讯", "腾讯"),
        Entry("小米", "小米", everyday=True),
        Entry("美的", "美的", everyday=True),
        Entry("移动", "中国移动", everyday=True),
        Entry("12306", "中国铁路", everyday=True),
        Entry("腾讯会议", "腾讯", everyday=True),
        Entry("人民日报", "人民日报社"),
        Entry("UNESCO", "联合国教科文组织"),
        Entry("公安局", "公安局", suffix=True),
        Entry("人民政府", "人民政府", suffix=True),
        Entry("日报", "日报", suffix=True, word=True),
        Entry("日报告", allow=True),
        Entry("发布", "发布", place=True, word=True),
        Entry("委员会", "委员会", national=True),
    ],
    places=["杭州", "内蒙古"],
)


def outcomes(text: str) -> dict[str, Outcome]:
    """Outcome of every match, by the original text it spans."""
    return {text[m.start : m.end]: m.outcome for m in NAMES.find([text])[0]}


@pytest.mark.obligation("CAC-08-2")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("教育部", "教育部"),
        ("【教育部】", "教育部"),
        ("中华人民共和国教育部", "中华人民共和国教育部"),
        ("教育部官方", "教育部"),
        ("教育部的官方账号", "教育部"),
        ("官方教育部", "教育部"),
        ("我是教育部", "教育部"),
        ("清华大学招生办", "清华大学"),
        ("清华大学 招生咨询", "清华大学"),
        ("腾讯客服小李", "腾讯"),
        ("腾讯_客服", "腾讯"),
        ("unesco official", "unesco"),
        ("ＵＮＥＳＣＯ", "ＵＮＥＳＣＯ"),
        ("北大招生办", "北大"),
        ("北大", "北大"),
        ("杭州市公安局", "杭州市公安局"),
        ("某某县人民政府", "某某县人民政府"),
        ("西湖区公安局热线", "西湖区公安局"),
        ("杭州发布", "杭州发布"),
        ("余杭区发布", "余杭区发布"),
        ("内蒙古发布", "内蒙古发布"),
        ("江南日报", "江南日报"),
        ("江南日报客服", "江南日报"),
        ("教\u200b育\u200b部官方", "教\u200b育\u200b部"),
        ("教 育 部 官 方", "教 育 部"),
        ("杭 州 市 公 安 局", "杭 州 市 公 安 局"),
    ],
)
def test_who_speaks_for_an_institution_is_rejected(text: str, shown: str):
    assert outcomes(text) == {shown: Outcome.REJECT}


@pytest.mark.obligation("CAC-08-2")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("教育部张主任", "教育部"),
        ("清华大学老王", "清华大学"),
        ("杭州市公安局民警", "杭州市公安局"),
        ("在杭州市公安局工作", "杭州市公安局"),
        ("公安局", "公安局"),
        ("江南日报记者", "江南日报"),
        ("中国诚信委员会", "中国诚信委员会"),
        ("中国诚信委员会官方", "中国诚信委员会"),
    ],
)
def test_who_may_belong_to_an_institution_is_for_review(text: str, shown: str):
    assert outcomes(text) == {shown: Outcome.REVIEW}


@pytest.mark.parametrize(
    "text",
    [
        "清华大学校友",
        "清华大学的学生",
        "清华大学2020级本科生",
        "清华大学生小李",
        "毕业于清华大学",
        "考上清华大学",
        "我爱清华大学",
        "腾讯用户",
        "腾讯粉丝团",
        "不是腾讯",
        "教育部对面卖煎饼",
        "教 育 部 对 面",
        "路过公安局",
        "住在杭州市公安局隔壁",
        "人民日报读者",
        "爱看人民日报",
        "公安局旁边的面馆",
        "清华大学粉丝",
        "北大校友",
    ],
)
def test_who_only_stands_near_an_institution_is_accepted(text: str):
    assert set(outcomes(text).values()) <= {Outcome.ACCEPT}


@pytest.mark.parametrize(
    "text",
    [
        "学生会教育部",  # a word goes on at the left
        "东北大小姐",
        "新品发布",  # no place
        "吃货委员会",  # not of the whole country
        "每日报告",
        "今日报名",
        "清华大学出版社",
        "unescorted",
        "",
    ],
)
def test_a_name_that_is_none_is_not_found(text: str):
    assert outcomes(text) == {}


def test_a_passing_mention_in_a_long_text_is_accepted():
    text = "周末带孩子去图书馆，顺便聊聊，教育部新出的办法，欢迎大家一起来讨论和分享自己的经验"
    assert outcomes(text) == {"教育部": Outcome.ACCEPT}


def test_a_suffix_proves_nothing_by_itself():
    assert NAMES.tags_in("上海市公安局") == frozenset()
    assert NAMES.tags_in("中华人民共和国教育部") == {"教育部"}


def test_an_everyday_word_proves_nothing_by_itself():
    assert NAMES.tags_in("北京移动未来科技有限公司") == frozenset()
    assert NAMES.tags_in("深圳市腾讯计算机系统有限公司") == {"腾讯"}


@pytest.mark.obligation("CAC-08-2")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("清华太学", "清华太学"),
        ("清毕大学招生办", "清毕大学"),
        ("官方 · 人民曰报", "人民曰报"),
        ("腾迅客服", "腾迅"),
        ("UNESC0", "UNESC0"),
    ],
)
def test_what_is_nearly_a_name_and_may_speak_for_it_is_found(text: str, shown: str):
    assert shown in outcomes(text)


@pytest.mark.parametrize(
    "text", ["清华太学校友", "我在清华太学上课", "腾迅", "东华大学", "清华书店"]
)
def test_what_is_nearly_a_name_and_says_no_more_is_none(text: str):
    assert outcomes(text) == {}


def test_names_alone_bring_the_forms_of_the_shipped_pack():
    names = ProtectedNames(["清华大学"])
    assert [m.outcome for m in names.find(["杭州市公安局"])[0]] == [Outcome.REJECT]
    assert [m.entry for m in names.find(["清华大学招生办"])[0]] == ["清华大学"]


@pytest.mark.parametrize(
    "text",
    [
        "清华大学长",  # 学长 is a word
        "腾讯大厦楼下",
        "清华大学口腔医院隔壁",
        "腾讯大楼旁的猫",
        "清华大雪",  # a word of its own in other tones
    ],
)
def test_a_name_that_runs_into_a_word_or_is_only_near_passes(text: str):
    assert Outcome.REJECT not in outcomes(text).values()
    assert Outcome.REVIEW not in outcomes(text).values()


@pytest.mark.parametrize("text", ["教育部长", "清华大学长官方", "清华太学", "清华大雪客服"])
def test_a_name_with_its_head_or_a_role_word_does_not_pass(text: str):
    assert {Outcome.REJECT, Outcome.REVIEW} & set(outcomes(text).values())


@pytest.mark.parametrize(
    "text",
    [
        "清华大学旁听生",
        "腾讯员工家属",
        "教育部答记者问爱好者",
        "人民日报照片收藏",
        "腾讯离职",
    ],
)
def test_who_is_none_of_its_people_or_is_so_no_more_passes(text: str):
    assert set(outcomes(text).values()) == {Outcome.ACCEPT}


@pytest.mark.parametrize(
    "text", ["腾讯员工", "清华大学招生", "教育部退休干部", "教育部民生", "人民日报记者"]
)
def test_who_may_speak_for_it_does_not_pass(text: str):
    assert {Outcome.REJECT, Outcome.REVIEW} & set(outcomes(text).values())


@pytest.mark.obligation("CAC-08-2")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("小米客服", "小米"),
        ("小米 官方旗舰店", "小米"),
        ("小米手机官方", "小米"),
        ("官方小米", "小米"),
        ("我是小米客服", "小米"),
        ("小✦米✦官✦方", "小✦米"),
        ("12306人工服务", "12306"),
        ("杭州移动客服", "杭州移动"),
        ("腾讯会议客服", "腾讯会议"),
    ],
)
def test_an_everyday_name_counts_beside_a_role_word(text: str, shown: str):
    assert outcomes(text) == {shown: Outcome.REJECT}


def test_what_sounds_like_an_everyday_name_beside_a_role_word_is_for_review():
    assert outcomes("晓米客服") == {"晓米": Outcome.REVIEW}


@pytest.mark.parametrize(
    "text",
    [
        "小米",
        "小米粥",
        "爱吃小米",
        "小米发布会",  # what its bearer does is no role of the writer
        "王小米客服",  # a name of a person
        "最美的客服",  # part of a word
        "移动硬盘",
        "12306抢票",
        "312306客服",
        "腾讯会议迟到",  # the longer name hides the 腾讯 in it
        "晓米",
        "晓米粥",
        "小米客服态度差",
    ],
)
def test_an_everyday_name_by_itself_is_none(text: str):
    assert set(outcomes(text).values()) <= {Outcome.ACCEPT}


@pytest.mark.parametrize(
    "text",
    [
        "清华大学散步",
        "人民日报周末爬山",
        "腾讯信号差",
        "清华大学里的猫",
        "清华大学荷塘边钓鱼",
        "清华大学早餐",
    ],
)
def test_a_name_before_what_somebody_does_there_passes(text: str):
    assert set(outcomes(text).values()) == {Outcome.ACCEPT}


@pytest.mark.parametrize(
    "text", ["腾讯退款", "教育部资助中心", "清华大学录取", "教育部办案", "教育部考试平台"]
)
def test_a_name_before_what_institutions_do_does_not_pass(text: str):
    assert {Outcome.REJECT, Outcome.REVIEW} & set(outcomes(text).values())
