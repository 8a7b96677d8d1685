"""Words for other services, and what each of them means."""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from processors.text import tables
from processors.text.contact_forms import split_words
from processors.text.fold import fold


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

_WORDS = (
    (
        _WECHAT,
        Sense.NAME,
        """
        微信 微号 公号 weixin wechat we_chat wx 公众号
        """,
    ),
    (
        _WECHAT,
        Sense.BYNAME,
        """
        微讯 薇讯 魏新 微💌 v💌 薇💌 薇信 徽信 溦信 崴信 葳信 危信 魏信 唯信 喂信 徾信 v信 wei信
        微xin 薇xin 微伈 薇伈 薇辛 薇欣 薇芯 微芯 维芯 卫芯 威芯 v芯 v讯 v心 v❤ 微❤ 薇❤ 卫❤ 威❤
        微亻言 v亻言 v型 微型号 vx vxin wxin v号 薇号 微x 薇x 威x 加v 加薇 加微 加威 加vx +v +薇
        +微 ➕v ➕薇 ➕微 ✚v ✚薇 绿泡泡 绿炮炮 绿色泡泡
        加绿泡 某信号 vvx
        🛰 加卫星 +卫星 卫星号 微㐰 微訫 微伩 薇㐰 薇訫 危❤ 维❤ 魏❤ 唯❤ 微♥ v♥ 薇♥ 威♥ 卫♥
        维♥ 危♥
        """,
    ),
    (
        _WECHAT,
        Sense.OTHER,
        """
        卫信 威信 维信 征信 未信 微心 微新 卫星 绿泡 徽: 信: 小绿: 绿色软件 v: 薇: 微: 威: w: v; 薇;
        微; v+ 薇+ 微+ v- v_ 薇 💚
        """,
    ),
    (
        QQ,
        Sense.NAME,
        """
        qq qq群 q群 qun号 扣群 q号 加q +q ➕q 群号 粉丝群 交流群 加群 入群 进群
        """,
    ),
    (
        QQ,
        Sense.BYNAME,
        """
        口口号 扣裙 q裙 扣号 加扣 +扣 ➕扣 裙号 加裙 🐧 加企鹅 企鹅号
        企鹅群 企鹅裙 q邮 扣邮 丘丘 邱邱 球球号 qiuqiu 君羊
        """,
    ),
    (
        QQ,
        Sense.OTHER,
        """
        企鹅 球球 秋秋 q: 扣: 口口 球: q; 群: 裙: q+ 扣+
        """,
    ),
    (
        _TELEGRAM,
        Sense.NAME,
        """
        telegram 电报号 电报群 电报频道 加电报 tg号 tg群 tg频道 加tg +tg ➕tg
        """,
    ),
    (
        _TELEGRAM,
        Sense.BYNAME,
        """
        纸飞机 飞机号 飞机群 加飞机 土豆号
        """,
    ),
    (
        _TELEGRAM,
        Sense.OTHER,
        """
        电报 飞机 小飞机 tg tele ✈ 🛩 蝙蝠 potato
        """,
    ),
    (
        _WHATSAPP,
        Sense.NAME,
        """
        whatsapp whats_app wsapp whatapp 瓦次普 瓦茨艾普 viber
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
        line_id line号 加line +line
        """,
    ),
    (
        _LINE,
        Sense.BYNAME,
        """
        加赖 赖id 赖号
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
        抖音号 快手号 小红书号 微博号 陌陌号 探探号 b站号 b站uid 钉钉号 支付宝号 推特号 ins号
        微博id 抖音id 快手id 小红书id 加我 ➕我 +我 联系我 找我 skype discord kakaotalk snapchat
        instagram facebook wickr
        """,
    ),
    (
        HANDLE,
        Sense.BYNAME,
        """
        红书号 红薯号 小红薯号 小地瓜号 dy号 ks号 xhs号 dc号
        """,
    ),
    (
        HANDLE,
        Sense.OTHER,
        """
        抖音 快手 小红书 微博 陌陌 探探 钉钉 豆瓣 脸书 推特 ins ig twitter weibo wb: signal
        messenger icq dy ks: xhs dc: fb kakao 某音 斗音 dou音 小红薯: 红书: snap
        """,
    ),
)
BARE = frozenset(("v ", "薇", "💚", "v-", "赖", "ig", "ins", "tg", "电报", "小飞机", "✈", "🛩"))
"""Words that do without a mark before a name of letters and digits."""


_ADD = "佳家嘉茄伽枷咖珈"  # 加 in other characters
_BYNAMES = split_words("v vx 薇 微 威 维 卫")
_KNOCKS = "扣叩抠蔻寇"


def _sounds_like_wechat(char: str) -> bool:
    return char != "微" and tables.sounds()[char][0] == "wei"


def _word_table() -> dict[str, tuple[Word, ...]]:
    bynames = {fold(add + name) for add in _ADD for name in _BYNAMES}
    table = {byname: {Word(_WECHAT, Sense.BYNAME): None} for byname in bynames}
    table |= {
        fold(one + other): {Word(QQ, Sense.BYNAME): None} for one in _KNOCKS for other in _KNOCKS
    }
    for channel, sense, words in _WORDS:
        for word in split_words(words):
            table.setdefault(fold(word), {})[Word(channel, sense)] = None
    for one in filter(_sounds_like_wechat, tables.sounds()):
        for other in "信芯":
            table.setdefault(fold(one + other), {Word(_WECHAT, Sense.OTHER): None})
            for add in "加+➕":  # whoever is added is nobody who is 未信
                table.setdefault(fold(add + one + other), {Word(_WECHAT, Sense.BYNAME): None})
    return {term: tuple(meanings) for term, meanings in table.items()}


CHANNEL_WORDS: Mapping[str, tuple[Word, ...]] = _word_table()
"""By the folded form of a word, the channels it may mean."""
