"""Words for other services, and what each of them means."""

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from functools import cache
from itertools import product
from operator import ne
from typing import NamedTuple

from processors.text import tables
from processors.text.contact_forms import split_words
from processors.text.fold import fold
from processors.text.grammar import SURNAMES


class Sense(IntEnum):
    """What a word of a channel means."""

    BYNAME = 3  # only ever written for what it hides
    NAME = 2  # the service, of which people also speak
    OTHER = 1  # other things too


class Channel(NamedTuple):
    """A service, and whether its ids may be letters; ``digits`` is the range of one in digits."""

    name: str
    letters: bool
    digits: tuple[int, int] | None


class Word(NamedTuple):
    """What a word says: a channel, and how surely."""

    channel: Channel
    sense: Sense


_WECHAT = Channel("wechat", True, (5, 11))
QQ = Channel("qq", False, (5, 11))
_TELEGRAM = Channel("telegram", True, (7, 13))
_WHATSAPP = Channel("whatsapp", False, (7, 15))
_LINE = Channel("line", True, None)
HANDLE = Channel("handle", True, (6, 12))

_IN_LATIN = {
    **dict.fromkeys(("weixin", "wechat"), _WECHAT),
    **{"telegram": _TELEGRAM, "whatsapp": _WHATSAPP},
}
"""Names in Latin letters that are met in disguise."""

_WORDS = (
    (
        _WECHAT,
        Sense.NAME,
        """
        微信 微号 公号 gzh 十v
        weixin wei❌in we❌in wechat we_chat wx v搜 微搜 薇搜 视频号 企业微信 企微 v我 vx我 微我
        """,
    ),
    (
        _WECHAT,
        Sense.BYNAME,
        """
        微✉ 薇✉ 溦✉ v✉ 微📧 v📧 微📩 v📩 亻散亻言 彳散亻言 ㄨㄟˊㄒㄧㄣˋ ㄨㄟㄒㄧㄣ
        绿色的聊天软件 聊天软件绿色 那个绿色的 绿色的那个 绿色那个 绿色通讯软件 绿色通讯软体
        绿色聊天软体 绿色社交软件 绿色的app 绿标软件 微讯 薇讯 魏新 微💌 v💌 薇💌 薇信 徽信 溦信
        崴信 葳信 危信 魏信 唯信 喂信 徾信 v信 wei信
        微xin 薇xin 微伈 薇伈 薇辛 薇欣 薇芯 微芯 维芯 卫芯 威芯 v芯 v讯 v心 v❤ 微❤ 薇❤ 卫❤ 威❤
        微亻言 v亻言 v型 微型号 vx vxin wxin v号 薇号 微x 薇x 威x
        w信 w心 w芯 w❤ w亻言 加v 加薇 加微 加威 加vx 加vv +vv ➕vv
        vvv vvvx vvvvx w可x v可x v❌ v✖ w❌ w✖ ➕✌ ✌❌ +✌ 加✌ ✌信 ✌x 绿泡💬 绿💬 📗💬 🟢💬 💚💬 🟩💬
        🥬💬 🍏💬 彳敚亻言 +v +薇
        +微 ➕v ➕薇 ➕微 ➕🌱 加🌱 ✚v ✚薇 绿泡泡 绿炮炮 绿色泡泡
        微言 薇言 微亻 绿色图标 绿色气泡 绿泡软件 绿色app 绿色小软件 加绿 某微 某信:
        加绿泡 某信号 某信大号 某信小号 vvx 十薇 十微 加徽 +徽 ➕徽
        卫⭐ 卫🌟 卫✨ 私人v 💚信 微聊 薇聊 v聊
        🛰 加卫星 +卫星 卫星号 微㐰 微訫 微伩 薇㐰 薇訫 危❤ 维❤ 魏❤ 唯❤ 微♥ v♥ 薇♥ 威♥ 卫♥
        维♥ 危♥ 微♡ v♡ 卫星👉 卫星➕ ➕🌹 加🌹 +🌹 lvpaopao lv_pao_pao
        """,
    ),
    (
        _WECHAT,
        Sense.OTHER,
        """
        葳: 崴: 蔚: 徽❤ 溦: 嶶: 巍: 帷: 惟: 薇号: 卫信 威信 维信 征信 未信 微心 微新 卫星 绿泡
        vv: 微杏 薇杏 威杏 维杏 v杏 微幸 薇幸 某信 绿信 绿软 徽: 信: 小绿: 绿色软件 v: 薇: 微: 威:
        w: v; 薇; 微; 微 微_ 威_ v+ 薇+ 微+ v- v_ 薇 💚 绿标 绿聊 小绿软件 绿色聊天软件 绿色聊天
        """,
    ),
    (
        QQ,
        Sense.NAME,
        """
        qq 找q 私q 搜q 加腾讯 腾讯号
        qq群 q群 qun号 扣群 q号 加q +q ➕q 群号 粉丝群 交流群 加群 入群 进群 q我 qq我 qq频道
        """,
    ),
    (
        QQ,
        Sense.BYNAME,
        """
        加抠 +抠 抠号 抠群 鹅厂聊天软件 鹅厂软件 企鹅软件 企鹅图标 扌口扌口 扣扌口 扌口扣 企e 企俄
        企额 企娥 企蛾 企饿 起鹅 气鹅 汽鹅 七鹅 加扌口 企鹅厂
        口口号 加👗 进👗 入👗 👗号 扣裙 q裙 扣号 加扣 +扣 ➕扣 裙号 加裙 🐧 加企鹅 企鹅号
        企鹅群 企鹅裙 裙子号 峮 q峮 那只企鹅 腾讯那只
        腾讯的鹅 腾讯企鹅 🐧qun qqqun qq_qun 扣qun 企鹅qun q邮 扣邮
        kou_kou koukou 丘丘 邱邱 球球号 qiuqiu 君羊
        """,
    ),
    (
        QQ,
        Sense.OTHER,
        """
        企鹅 qun qun: q1 q2 q3 q4 q5 q6 q7 q8 q9
        鹅厂号 鹅厂群 鹅号 鹅群 鹅裙 🦢 扣 扌口: 球球 秋秋 q: q_ q- 扣: 口口 球: q; 群 裙 q+ 扣+ 抠
        """,
    ),
    (
        _TELEGRAM,
        Sense.NAME,
        """
        telegram 电报号 电报群 电报频道 加电报 tg号 tg群 tg频道 加tg +tg ➕tg 蝙蝠号 蝙蝠聊天
        蝙蝠id 蝙蝠app 蝙蝠软件
        """,
    ),
    (
        _TELEGRAM,
        Sense.BYNAME,
        """
        提鸡 踢鸡
        土鸽 提鸽 踢鸽 纸飞机 纸飞鸡 纸✈ 纸🛩 纸🛫 飞机号 飞机群 加飞机 土豆号 电抱 电爆 电豹
        teiegram 特雷格拉姆
        特雷格兰
        tele格兰姆 tele格拉姆
        飞🐔 ✈机 🛩机 飞✈ 纸灰机 灰机 蓝色飞机 蓝色小飞机 蓝飞机 土豆聊 土豆聊天 土豆app 土豆软件
        """,
    ),
    (
        _TELEGRAM,
        Sense.OTHER,
        """
        电报 灰机 飞机 飞鸡 小飞机 tg tele ✈ 🛩 蝙蝠 potato
        """,
    ),
    (
        _WHATSAPP,
        Sense.NAME,
        """
        whatsapp whats_app whatsaqq wsapp whatapp whatsap whatspp whtsapp watsapp wattsapp whatsaap
        whatsaapp
        what's_app wassap wahtsapp whataspp 瓦塞普 瓦次艾普 瓦次普 瓦茨艾普 viber
        """,
    ),
    (
        _WHATSAPP,
        Sense.OTHER,
        """
        ws: wa: wts: zalo
        """,
    ),
    (
        _LINE,
        Sense.NAME,
        """
        line_id llne l1ne l!ne line号 加line +line
        """,
    ),
    (
        _LINE,
        Sense.BYNAME,
        """
        ライン らいん 加赖 赖id 赖号 赖我 我赖 赖赖 赖: 加莱 加籁
        """,
    ),
    (
        _LINE,
        Sense.OTHER,
        """
        line 赖
        """,
    ),
    (
        HANDLE,
        Sense.NAME,
        """
        淘口令 淘宝口令 桃宝口令 口令: 邀请码 邀请id 个人代码 id号 加友码 友码
        加我 ➕我 +我 联系我 找我 戳我 滴我 滴滴我 dd我 敲我 私我 skype discord kakaotalk snapchat
        加助理 加客服 加老师 加小助手 加管家 加经理 加店长 加教练 加助教 加团长
        instagram insta facebook wickr kik 好友码 好友代码 friend_code 会议号
        """,
    ),
    (
        HANDLE,
        Sense.BYNAME,
        """
        红书号 红薯号 小红薯号 薯号 陌号 小地瓜号 小🍠 红🍠 大🍠 🍠号 dy号 ks号 xhs号 wb号 dc号
        """,
    ),
)
_PLATFORMS = (
    # By their names and short names, which say little but with a mark and an id.
    """
    抖音 抖抖 抖y 某音 某探 某陌 与你 斗音 抖茵 抖因 抖阴 抖婴 抖樱 抖英 抖ying 抖yin
    小音符 音符那边 dou音
    快手 某手 快首 快守 筷手 k手 小红书
    红书 小红薯 小地瓜 🍠 微博 围脖 微脖 weibo b站
    哔站 bilibili 哔哩哔哩 知乎 豆瓣 贴吧 陌陌 探探 soul tt语音 比心 积目 他趣 闲鱼 淘宝 旺旺
    支付宝
    吱付宝 钉钉 飞书 yy 歪歪 斗鱼 虎牙 全民k歌 唱吧 酷狗 网易云 lofter 脉脉 米游社 小黑盒 拼多多
    百度网盘 快👋 快🤚 快✋ 快🖐 小📕 小黄鱼 某鱼 闲🐟 某宝 桃宝 外网蓝鸟
    小飞机频道 飞机频道 电报频道 tg频道
    脸书 推特 领英 油管 ins ig twitter tiktok youtube
    threads
    reddit linkedin tumblr pinterest onlyfans bluesky signal messenger icq kakao snap imo 米聊 易信
    密聊 默往 事密达 safew letstalk dy xhs 微店
    """,
    # The same, but people are found there by a number or an id only.
    """
    steam switch ns psn xbox epic 战网 任天堂 battlenet uplay kook 开黑啦 oopz 腾讯会议 zoom teams
    🐟:
    """,
    # Short names that are anything else without a colon, an id or a number behind.
    "wb vb ks dc fb db zh tb xy tt nga 🧣 📕",
    # Names that are everyday words: an account of them has to be spoken of.
    "最右 即刻 绿洲 转转 来往 遇见 皮皮虾 小宇宙 keep 青藤 伊对 咸鱼 海鸥",
)


_FOUND_BY_NAME, _FOUND_BY_ID, _SHORT_NAMES, _EVERYDAY_NAMES = map(split_words, _PLATFORMS)
_ACCOUNTS = ("号", "小号", "大号", "id", "uid", "账号", "帐号", "号码", "用户名", "昵称")


def _accounts_of(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name + of for name in names if len(name) > 1 for of in _ACCOUNTS)


_PUBLIC = tuple(
    f"{first}{middle}{end}"
    for first in ("公", *"工功供宫")
    for middle in (*"众眾z中种肿重仲钟终忠衷主猪煮粽粥仔🐷", "zh", "zhong")
    for end in (*"号好浩耗昊皓h", "hao")
    if first == "公" or middle in "众重仲"
)
"""公众号 as it is written so as not to be seen."""
_OPEN_NAMES = (
    *_FOUND_BY_NAME,
    *(f"{name}{mark}" for name in _SHORT_NAMES for mark in ":搜"),
)
_OF_NAMES = _accounts_of((*_FOUND_BY_NAME, *_SHORT_NAMES, *_EVERYDAY_NAMES))
PLATFORMS = frozenset(
    map(
        fold,
        (
            *_OPEN_NAMES,
            *_OF_NAMES,
            *_PUBLIC,
            "公号",
            "gzh",
            "企业微信",
            "企微",
            "视频号",
            "🍠号",
            "小🍠",
        ),
    )
)
"""Words of platforms where people are found by a name of any kind."""

BARE = frozenset(
    (
        "v ",
        "微 ",
        "威 ",
        "薇",
        "微",
        "💚",
        "v-",
        "赖",
        "ig",
        "ins",
        "tg",
        "电报",
        "小飞机",
        "✈",
        "🛩",
    )
)
"""Words that do without a mark before a name of letters and digits."""


_ADD = "佳家嘉茄伽枷咖珈"  # 加 in other characters
_BYNAMES = split_words("v vx 薇 微 威 维 卫 魏 围 唯 伟 未")
_HEARTS, _LETTERS = "❤♥♡💗💕💖💓💌", "信芯心欣新辛馨鑫"
_KNOCKS = "扣叩抠蔻寇"
_LIKE_V, _LIKE_X = "v丷∨√˅﹀✓✔✅☑∇⋁", "x乂×✖✕╳❌❎ㄨメχ☓乄✗✘"
"""Signs and characters that are drawn like the letters of vx."""
_AROUND = ("丨", "|", "★", "☆", "♥", "❤", "◆", "●", "【】", "[]", "「」", "『』", "〖〗", "《》")
"""Signs that one puts around a letter: the first before it, the last behind."""
_ANYBODY = frozenset("为位味围尾未伪谓委畏喂慰违维微威卫伟魏")
"""Characters with the sound of 微 that stand behind 加 in other words, or are known already."""


@cache
def _sounding_like_wechat() -> tuple[str, ...]:
    return tuple(char for char, of in tables.sounds().items() if of[0] == "wei" and char != "微")


def _bynames_of_wechat() -> Iterator[tuple[str, Sense]]:
    """Letters of vx by what is drawn like them; 加 with what sounds like 微, or a heart for 信.

    And a V with signs around it: 丨V丨, 【V】.
    """
    for sign in _AROUND:
        yield f"{sign[0]}v{sign[-1]}", Sense.NAME
    for drawn in (*product(_LIKE_V, _LIKE_X), *product(_LIKE_V[1:], (*"信号❤心芯", "xin"))):
        yield "".join(drawn), Sense.BYNAME
    for add, one in product("加+➕佳家嘉", _sounding_like_wechat()):
        yield f"{add}{one}:" if one in _ANYBODY else add + one, Sense.BYNAME
    for add, heart in product(f"加+➕{_ADD}", _HEARTS):
        yield add + heart, Sense.OTHER if add in _ADD else Sense.NAME


_SIGNS_FOR = {"e": "3", "i": "1l!|", "l": "1i!|", "a": "4@", "o": "0", "s": "5$", "t": "7"}
_MOST_SIGNS = 2


def _disguised(name: str) -> Iterator[str]:
    """A name in Latin letters with digits or signs for some of them: w3ixin, te1egr@m."""
    for drawn in product(*(char + _SIGNS_FOR.get(char, "") for char in name)):
        signs = sum(map(ne, drawn, name))
        if 0 < signs <= _MOST_SIGNS and drawn[:3] != tuple("w3c"):  # w3c hat
            yield "".join(drawn)


def _word_table() -> dict[str, tuple[Word, ...]]:
    bynames = {fold(add + name) for add in _ADD for name in _BYNAMES}
    table = {byname: {Word(_WECHAT, Sense.BYNAME): None} for byname in bynames}
    table |= {
        fold(one + other): {Word(QQ, Sense.BYNAME): None} for one in _KNOCKS for other in _KNOCKS
    }
    said = ((channel, sense, split_words(words)) for channel, sense, words in _WORDS)
    hidden = ((of, Sense.BYNAME, _disguised(name)) for name, of in _IN_LATIN.items())
    for channel, sense, words in (*said, (_WECHAT, Sense.NAME, _PUBLIC), *hidden):
        for word in words:
            table.setdefault(fold(word), {})[Word(channel, sense)] = None
    for word in (*_OPEN_NAMES, *_FOUND_BY_ID):
        table.setdefault(fold(word), {})[Word(HANDLE, Sense.OTHER)] = None
    for word in (*_OF_NAMES, *_accounts_of(_FOUND_BY_ID)):
        table.setdefault(fold(word), {})[Word(HANDLE, Sense.NAME)] = None
    for word, sense in _bynames_of_wechat():
        table.setdefault(fold(word), {Word(_WECHAT, sense): None})
    for one in _ANYBODY:
        table.setdefault(f"加{one},", {Word(_WECHAT, Sense.NAME): None})
    for one in "微薇威维":
        for between in range(10):  # 微❶信
            table[f"{one}{between}信"] = {Word(_WECHAT, Sense.BYNAME): None}
    for one in ("徽", "徵", "wei", *_sounding_like_wechat()):
        for other in (*_HEARTS, *_LETTERS):
            sense = Sense.BYNAME if other in _HEARTS else Sense.OTHER  # some are names: 韦欣
            if other in "心芯" and one not in SURNAMES:
                sense = Sense.NAME
            table.setdefault(fold(one + other), {Word(_WECHAT, sense): None})
            for add in "加+➕":  # whoever is added is nobody who is 未信
                table.setdefault(fold(add + one + other), {Word(_WECHAT, Sense.BYNAME): None})
    return {term: tuple(meanings) for term, meanings in table.items()}


CHANNEL_WORDS: Mapping[str, tuple[Word, ...]] = _word_table()
"""By the folded form of a word, the channels it may mean."""
