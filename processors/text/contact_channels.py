"""Ids of other services: an id counts only near the word of its service.

How near, and what id is enough, depends on how much the word means its service and nothing else.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import NamedTuple

from processors.text.contact_forms import Contact, with_digits
from processors.text.fold import fold, strip
from processors.text.match import Outcome
from processors.text.scan import Anchor


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


class _Word(NamedTuple):
    channel: Channel
    sense: Sense


_WECHAT = Channel("wechat", True, (5, 11))
_QQ = Channel("qq", False, (5, 11))
_TELEGRAM = Channel("telegram", True, (7, 13))
_WHATSAPP = Channel("whatsapp", False, (7, 15))
_LINE = Channel("line", True, None)
_HANDLE = Channel("handle", True, (6, 12))

# Words with a blank between; a blank that belongs to a word is written _.
_WORDS = (
    (_WECHAT, Sense.NAME, "微信 微号 weixin wechat we_chat wx 公众号"),
    (
        _WECHAT,
        Sense.BYNAME,
        "薇信 徽信 溦信 崴信 葳信 危信 魏信 唯信 喂信 徾信 v信 wei信 微xin 薇xin 微伈 薇伈 薇辛 薇欣 薇芯 微芯 维芯"
        " 卫芯 威芯 v芯 v讯 v心 v❤ 微❤ 薇❤ 卫❤ 威❤ 微亻言 v亻言 v型 微型号 vx vxin wxin v号 薇号 微x 薇x 威x 加v 加薇"
        " 加微 加威 加vx +v +薇 +微 ➕v ➕薇 ➕微 ✚v ✚薇 佳v 佳薇 佳微 家薇 嘉薇 茄薇 伽薇 伽v 枷v 绿泡泡 绿炮炮"
        " 绿色泡泡 加绿泡 🛰 加卫星 +卫星 卫星号",
    ),
    (
        _WECHAT,
        Sense.OTHER,
        "威信 维信 卫信 未信 微心 微新 卫星 绿泡 绿色软件 v: 薇: 微: 威: w: v; 薇; 微; v+ 薇+ 微+ v- v_ 薇 💚",
    ),
    (_QQ, Sense.NAME, "qq q群 扣群 q号 加q +q ➕q 群号 粉丝群 交流群"),
    (
        _QQ,
        Sense.BYNAME,
        "扣扣 叩叩 抠抠 蔻蔻 寇寇 口口号 扣裙 q裙 扣号 加扣 +扣 ➕扣 裙号 加裙 🐧 加企鹅 企鹅号 企鹅群 丘丘 邱邱"
        " 球球号 qiuqiu 君羊",
    ),
    (_QQ, Sense.OTHER, "企鹅 球球 秋秋 q: 扣: q; 群: 裙: q+ 扣+"),
    (_TELEGRAM, Sense.NAME, "telegram 电报号 电报群 加电报 tg号 加tg +tg ➕tg"),
    (_TELEGRAM, Sense.BYNAME, "纸飞机 飞机号 飞机群 加飞机 土豆号"),
    (_TELEGRAM, Sense.OTHER, "电报 飞机 tg ✈ 🛩 蝙蝠 potato"),
    (_WHATSAPP, Sense.NAME, "whatsapp whats_app wsapp whatapp 瓦次普 瓦茨艾普 viber"),
    (_WHATSAPP, Sense.OTHER, "ws: wa: wts: zalo"),
    (_LINE, Sense.NAME, "line_id line号 加line +line"),
    (_LINE, Sense.BYNAME, "加赖 赖id 赖号"),
    (_LINE, Sense.OTHER, "line 赖"),
    (
        _HANDLE,
        Sense.NAME,
        "抖音号 快手号 小红书号 微博号 陌陌号 探探号 b站号 b站uid 钉钉号 支付宝号 推特号 ins号 微博id 抖音id 快手id"
        " 小红书id 加我 ➕我 +我 联系我 找我 skype discord kakaotalk snapchat instagram facebook wickr",
    ),
    (_HANDLE, Sense.BYNAME, "红书号 红薯号 小红薯号 小地瓜号 dy号 ks号 xhs号 dc号"),
    (
        _HANDLE,
        Sense.OTHER,
        "抖音 快手 小红书 微博 陌陌 探探 钉钉 豆瓣 脸书 推特 ins ig twitter weibo signal messenger icq dy ks: xhs dc: fb"
        " kakao 某音 斗音",
    ),
)
_BARE = frozenset(("v ", "薇", "💚", "v-"))
"""Words that do without a mark before a name of letters and digits."""


def _word_table() -> dict[str, tuple[_Word, ...]]:
    table: dict[str, dict[_Word, None]] = {}
    for channel, sense, words in _WORDS:
        for word in words.split():
            term = fold(word.replace("_", " "))
            table.setdefault(term, {})[_Word(channel, sense)] = None
    return {term: tuple(meanings) for term, meanings in table.items()}


_TABLE: Mapping[str, tuple[_Word, ...]] = _word_table()
FOLDED_ANCHORS = tuple(_TABLE)
STRIPPED_ANCHORS = tuple(term for term in _TABLE if len(term) > 1 and strip(term) == term)
_WIDEST_GAP = 2  # separators between two letters of a word

_ID = re.compile(
    r"(?P<fill>(?:[\W_]|[号码是为加搜索添联系账帐我的同请备注客服私人本在这儿里哦呀呢哈下面看咨询商务合作工]|id){0,12})"
    r"(?P<id>\d(?:[\W_]{0,2}\d){4,14}(?![\da-z_]|\s?[年月日点万亿元块人个次粉位名家分秒时小级楼%])"
    r"|(?=[\d_-]{0,20}[a-z])[a-z0-9][a-z0-9_-]{4,30}(?![年月日])"
    r"|[a-z](?:[ .*·~_-][a-z0-9]){5,19}(?![a-z0-9]))"
)
_NEAR = re.compile(
    r"[^a-z0-9]{1,12}?(?P<id>[a-z][a-z0-9_-]{5,19}|\d{6,10})(?![\da-z_]|\s?[年月日点万亿元人个次粉分秒时%.])"
)
_BEFORE = re.compile(
    r"(?<![a-z0-9_.-])(?P<id>[a-z][a-z0-9_-]{5,19}|\d{6,10})(?:[\W_]|[是我的为号]){0,4}\Z"
)
_ENDS = re.compile(r"[\W_]|[号同]|\Z")
_MARK = re.compile(r"[:;=➕✚@+→👉👇⬇~#]|号|码|加|搜|是|为|id")
_STRONG_MARK = re.compile(r"[➕✚@👉👇]|号|加|搜|id")
_PRODUCT = re.compile(
    r"(?:iphone|ipad|imac|python|java|windows|win|html|css|ios|android|web|gpt|chatgpt|mp[34]|ps|ver|version"
    r"|huawei|mate|vue|php|covid|boeing|airbus|top|vol|no|part|level|lv|day)[\d_-]*(?:pro|max|plus)?"
    r"|\d+(?:th|st|nd|rd|years?|days?|[kmg]b|k|w|px|fps|[khmg]hz|[kcm]m|kg|mah|beta|alpha|pro|max|plus|hours?)"
)
_DATE = re.compile(r"(?:19|20)\d\d(?:[01]\d(?:[0-3]\d)?|\W?(?:19|20)\d\d)")
_SPOKEN_FOR = 3  # digits that make a name of letters an id by itself


def find_ids(folded: str, anchors: Iterable[Anchor]) -> Iterator[Contact]:
    """Ids near the words of channels that the anchors point to, in no order; they may overlap."""
    plain: str | None = None
    for anchor in anchors:
        meanings = _TABLE.get(anchor.term)
        if meanings is None or not _is_word(folded, anchor):
            continue
        plain = plain or with_digits(folded)
        for word in meanings:
            contact = _id_after(plain, anchor, word) or _id_around(plain, anchor, word)
            if contact:
                if folded[anchor.end : contact.end] != plain[anchor.end : contact.end]:
                    contact = contact._replace(technique="numeral")
                yield contact
                break


def _is_word(folded: str, anchor: Anchor) -> bool:
    """Whether no Latin word begins before the word, and its letters stand together."""
    start, end, length = anchor.start, anchor.end, len(anchor.term)
    if end - start > length + _WIDEST_GAP * (length - 1):
        return False
    return not (start and _is_latin(folded[start]) and _is_latin(folded[start - 1]))


def _is_latin(char: str) -> bool:
    return "a" <= char <= "z"


def _id_after(plain: str, anchor: Anchor, word: _Word) -> Contact | None:
    hit = _ID.match(plain, anchor.end)
    if hit is None or not _is_id(word, anchor.term, hit["fill"], hit["id"]):
        return None
    return _contact(word, anchor.start, hit.end())


def _contact(word: _Word, start: int, end: int, outcome: Outcome = Outcome.REJECT) -> Contact:
    technique = "slang" if word.sense is Sense.BYNAME else None
    return Contact(start, end, word.channel.name, outcome, technique)


def _is_id(word: _Word, term: str, fill: str, name: str) -> bool:
    """Whether what stands behind the word of a channel is an id there.

    A name without a digit may be any word: it needs a mark such as a colon before it, unless the
    word before it is a byname. So does everything behind a word that means other things too.
    """
    marks = term[-1] + fill
    marked = _MARK.search(marks) is not None
    count = sum(map(str.isdigit, name))
    if not any(map(_is_latin, name)):
        return _is_number(word, name, count, marked)
    if not word.channel.letters or (word.sense < Sense.BYNAME and _PRODUCT.fullmatch(name)):
        return False
    attached = not fill and _is_latin(term[-1])
    rich = count >= _SPOKEN_FOR if attached else count > 0
    rich = rich or "_" in name
    if word.sense is Sense.BYNAME:
        return rich or marked or (not attached and not term.isascii())
    if word.sense is Sense.NAME:
        return rich or (marked and not attached)
    if term in _BARE and count >= _SPOKEN_FOR:
        return True
    return (rich and marked) or _STRONG_MARK.search(marks) is not None


def _is_number(word: _Word, name: str, count: int, marked: bool) -> bool:
    digits = word.channel.digits
    if digits is None or not digits[0] <= count <= digits[1]:
        return False
    if marked:
        return True
    if _DATE.fullmatch(name):
        return False
    return word.sense > Sense.OTHER or (word.channel is _QQ and count > digits[0])


def _id_around(plain: str, anchor: Anchor, word: _Word) -> Contact | None:
    """An id a few words behind the word of a channel, for review, or one right before it."""
    if word.sense is Sense.OTHER:
        return None
    hit = _BEFORE.search(plain, max(0, anchor.start - 28), anchor.start)
    if hit and _ENDS.match(plain, anchor.end) and _stands_alone(word, hit["id"]):
        return _contact(word, hit.start("id"), anchor.end)
    hit = _NEAR.match(plain, anchor.end)
    if hit and _stands_alone(word, hit["id"]) and (word.channel.letters or word.sense > Sense.NAME):
        return _contact(word, anchor.start, hit.end(), Outcome.REVIEW)
    return None


def _stands_alone(word: _Word, name: str) -> bool:
    """Whether a name is an id without a mark: letters with digits, or a number of QQ's."""
    if name.isdigit():
        return word.channel is _QQ and not _DATE.match(name)
    rich = sum(map(str.isdigit, name)) >= _SPOKEN_FOR or "_" in name
    return word.channel.letters and rich and _PRODUCT.fullmatch(name) is None
