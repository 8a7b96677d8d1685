"""Ids of other services: an id counts only near the word of its service.

How near, and what id is enough, depends on how much the word means its service and nothing else.
"""

import re
from collections.abc import Iterable, Iterator

from processors.text.contact_forms import Contact, with_digits
from processors.text.contact_words import BARE, CHANNEL_WORDS, HANDLE, PLATFORMS, QQ, Sense, Word
from processors.text.context import is_ordinary
from processors.text.fold import strip
from processors.text.match import Outcome
from processors.text.readings import SLANG
from processors.text.scan import Anchor

FOLDED_ANCHORS = tuple(CHANNEL_WORDS)
STRIPPED_ANCHORS = tuple(term for term in CHANNEL_WORDS if len(term) > 1 and strip(term) == term)
_WIDEST_GAP = 2  # separators between two letters of a word

_FILLS = (
    r"(?:[\W_]|(?<=vvv)v{1,6}|(?<=\W)(?:at|is|my|me)(?=\W)|[找敲君请号码是为加搜索寻添联系账帐我的大小藏同请备注客服私人]"
    r"|[本在这儿里哦呀呢哈唷哟喔噢咯喽啦吧下面看咨询商务合作工频道]"
    r"|[群裙聊组名主页丨]|邮箱[前里]面|前面|极速版|[反倒]着写?|反过来|数字|官方|艾特|hao|id"
    r"|live[:.]|sw(?=[- ]?\d)|聊天|好友|私信|关注|[会人]员名?|用户名?"
    r"|\([^()\n]{1,10}\)|邀请码?|昵称|双向|机器人|bot|房间|战队|公会|会议|通过|验证){0,12}"
)
_COUNTED = (
    r"\s?(?:[年月日点万亿元块人个次粉位名家分时小级楼条只首赞%]|秒(?![回加进拉通发过到])"
    r"|播放|阅读|浏览)"
)
_JOINED = "(?:下划线|下横线|[中横]?杠|横线|减号|点|后面[接加跟是]|再加|接着|后接|加上)(?=[a-z0-9])"
"""What is said of the parts of an id: hh下划线6690."""
_ID = re.compile(
    rf"(?P<fill>{_FILLS})(?P<id>\d(?:[\W_]{{0,2}}\d){{8,14}}(?![\da-z_])|\d(?:[\W_]{{0,2}}\d){{4,14}}(?![\da-z_]|{_COUNTED})"
    rf"|(?=[\d_-]{{0,20}}[a-z])[a-z0-9](?:[a-z0-9_-]|[.#](?=\d)|[.](?=[a-z_])|{_JOINED}){{4,30}}(?![年月日])"
    r"|(?=(?:\d[ .*·~_-]){0,12}[a-z])[a-z0-9](?:[ .*·~_-]{1,3}[a-z0-9]){5,19}(?![a-z0-9])"
    r"|[a-z]{3,15}[/|*·~☆★;丨](?=\d{3,10}(?![a-z0-9]))\d+"
    r"|[a-z]{2,8}(?:[/|*·~☆★;丨][a-z0-9]{2,8}){1,3}(?<=\d)(?![a-z0-9]))"
)
_NEAR = re.compile(
    r"[^a-z0-9]{1,12}?(?P<id>[a-z][a-z0-9_-]{5,19}|\d{6,10})(?![\da-z_]|\s?[年月日点万亿元人个次粉分秒时%.])"
)
_BEFORE = re.compile(
    r"(?<![a-z0-9_.-])(?P<id>[a-z][a-z0-9_-]{5,19}|\d{6,10})(?:[\W_]|[这就是我的为号]){0,5}\Z"
)
_ENDS = re.compile(r"[\W_]|[号同]|\Z")
_MARK = re.compile(r"[:;=➕✚@+→👉👇⬇~#]|号|码|加|搜|找|是|为|id|艾特")
_ACCOUNT = re.compile(r"频道|好友|员名|用户|昵称|房间|[群裙]")
_STRONG_MARK = re.compile(r"[➕✚@👉👇]|艾特|号|加|搜|id|员名|用户名|昵称")
_PRODUCT = re.compile(
    r"(?:iphone|ipad|imac|python|java|windows|win|html|css|ios|android|web|gpt|chatgpt|mp[34]|ps|ver|version"
    r"|huawei|mate|vue|php|covid|boeing|airbus|top|vol|no|part|level|lv|day)[\d._-]*(?:pro|max|plus)?"
    r"|\d+(?:th|st|nd|rd|years?|days?|[kmg]b|k|w|px|fps|[khmg]hz|[kcm]m|kg|mah|beta|alpha|pro|max|plus|hours?)"
)
_YEAR = re.compile(r"[a-z]+(?:19\d|20[0-3])\d")
_NO_NAME = (
    r"\d|[禁不勿请没无停已暂别仅谢退卸戒少从佛]|记录美好|标记我|有问题|随时随地|一下|看看"
    r"|[㐀-鿿]{1,2}(?![^\W])"
)
_CALLED = re.compile(
    r"(?:店铺?|小店|官方)?(?:(?:号|账号|帐号|主页|昵称|名字?|官方)?\s?:\s{0,2}|(?<=:)\s{0,2}"
    r"|(?<=[号码名称d])\s{1,2}|(?:关注|找我?)?\s?[@【「『]\s?"
    r"|[^\w\n]?(?:上|里|直接|请|来|去|关注)?搜(?:索|一下|一搜|搜)?[\s:@\"'“‘「『【\[<《]{1,3})"
    rf"(?!{_NO_NAME})(?=[^㐀-鿿\n]{{0,8}}[㐀-鿿])"
    r"(?P<name>[^\W_][^\s,，。;；:：!！?？|/]{1,15})(?=[\W_]|\Z)"
)
"""Behind the word of a platform, a name by which somebody is to be found there."""
_ANNOUNCED = re.compile(
    rf"(?:在这[里儿]?|看这[里儿]?|是)?\s?[:=→👉➡⬇]\s{{0,2}}(?!{_NO_NAME})[^\s:]{{2,20}}"
)
_SAID_WHERE = re.compile(
    r"[^\n:]{1,16}:\W{0,2}(?P<id>(?=[a-z0-9_-]{0,20}\d)(?=[\d_-]{0,20}[a-z])[a-z0-9][a-z0-9_-]{5,19})(?![a-z0-9.])"
)
"""An id behind a few words and a colon: 微x在属地后面:aa6b7c8."""
_INSTRUCTED = re.compile(
    r"[^\na-z0-9]{0,8}(?:(?:去掉?|删掉?|删除|去除|不要|忽略|无视|省略|跳过)[中间里的]{0,3}"
    r"(?:括号|空格|中文|汉字|符号|表情|横[杠线]|杠|点|星号?|字|\*)|(?:数字|倒|反)(?:反|倒|过来|着|序))"
    r"[^\n]{0,4}?[\W_]{0,3}(?=[^\na-z0-9]{0,6}[a-z0-9])[^\n]{4,30}"
)
"""How what stands behind a word is to be read: (去括号)cha(1)ye88."""
_SPOKEN_OF = re.compile(r"[刷看玩逛爱追发写在去被用下装删戒]\Z")
_DATE = re.compile(r"(?:19|20)\d\d(?:[01]\d(?:[0-3]\d)?|\W?(?:19|20)\d\d)")
_WRITTEN_DATE = re.compile(r"(?:19|20)\d\d([./-])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])")
"""A date that no sign before makes an id: 微信：2019.3.2."""
_SPAN = re.compile(r"\d{2,4}[-~]\d{2,4}")
"""From one number to another: 155-160."""
_LONG = (8, 12)  # digits of a number that is one without a mark
_LETTERS_AS_DIGITS = re.compile(r"[\doil]+")
_REAL_DIGITS = 5  # in a number with letters that look like digits
_LONGEST_MODEL = 5  # digits of it, with letters before
_SPOKEN_FOR = 3  # digits that make a name of letters an id by itself


def find_ids(folded: str, anchors: Iterable[Anchor]) -> Iterator[Contact]:
    """Ids near the words of channels that the anchors point to, in no order; they may overlap."""
    plain: str | None = None
    for anchor in anchors:
        meanings = CHANNEL_WORDS.get(anchor.term)
        if meanings is None or not _is_word(folded, anchor):
            continue
        plain = plain or with_digits(folded)
        for meaning in meanings:
            word = _as_written(folded, anchor, meaning)
            contact = (
                _id_after(plain, anchor, word)
                or _id_around(plain, anchor, word)
                or _called(folded, anchor, word)
                or _announced(folded, anchor, word)
                or _instructed(folded, anchor, word)
            )
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


def _as_written(folded: str, anchor: Anchor, word: Word) -> Word:
    """A word with a sign inside that nobody writes honestly (维♡信) says what it hides."""
    if anchor.end - anchor.start == len(anchor.term):
        return word
    between = (char for char in folded[anchor.start : anchor.end] if not char.isalnum())
    return word if all(map(is_ordinary, between)) else word._replace(sense=Sense.BYNAME)


def _called(folded: str, anchor: Anchor, word: Word) -> Contact | None:
    """A name that is no id behind the word of a platform that finds people by it: for review."""
    if anchor.term not in PLATFORMS:
        return None
    hit = _CALLED.match(folded, anchor.end)
    if hit is None or _SPOKEN_OF.search(folded, max(0, anchor.start - 1), anchor.start):
        return None
    return _contact(word, anchor.start, hit.end(), Outcome.REVIEW)


def _announced(folded: str, anchor: Anchor, word: Word) -> Contact | None:
    """What a byname and a colon announce, though it is no id: 卫❤: 前面zmm 后面6060; for review."""
    hit = _ANNOUNCED.match(folded, anchor.end) if word.sense is Sense.BYNAME else None
    return _contact(word, anchor.start, hit.end(), Outcome.REVIEW) if hit else None


def _instructed(folded: str, anchor: Anchor, word: Word) -> Contact | None:
    """What is said to be read otherwise behind the word of a channel; for review."""
    if word.sense is Sense.OTHER or not word.channel.letters:
        return None
    hit = _INSTRUCTED.match(folded, anchor.end) or _SAID_WHERE.match(folded, anchor.end)
    if hit and hit.lastgroup and _PRODUCT.fullmatch(hit["id"]):
        return None
    return _contact(word, anchor.start, hit.end(), Outcome.REVIEW) if hit else None


def _id_after(plain: str, anchor: Anchor, word: Word) -> Contact | None:
    hit = _ID.match(plain, anchor.end)
    if hit is None or not _is_id(word, anchor.term, hit["fill"], hit["id"]):
        return None
    return _contact(word, anchor.start, hit.end())


def _contact(word: Word, start: int, end: int, outcome: Outcome = Outcome.REJECT) -> Contact:
    technique = SLANG if word.sense is Sense.BYNAME else None
    return Contact(start, end, word.channel.name, outcome, technique)


def _is_id(word: Word, term: str, fill: str, name: str) -> bool:
    """Whether what stands behind the word of a channel is an id there.

    A name without a digit may be any word: it needs a mark such as a colon before it, unless the
    word before it is a byname. So does everything behind a word that means other things too.
    """
    marks = term[-1] + fill
    marked = (_MARK.search(marks) or _ACCOUNT.search(fill)) is not None
    count = sum(map(str.isdigit, name))
    if not any(map(_is_latin, name)):
        return _is_number(word, name, count, marked)
    if not word.channel.letters and count >= _REAL_DIGITS and _LETTERS_AS_DIGITS.fullmatch(name):
        return _is_number(word, name, len(name), marked)
    if not word.channel.letters or (word.sense < Sense.BYNAME and _PRODUCT.fullmatch(name)):
        return False
    attached = not fill and _is_latin(term[-1])
    rich = count >= _SPOKEN_FOR if attached else count > 0
    rich = rich or "_" in name or "." in name
    if word.sense is Sense.BYNAME:
        return rich or marked or (not attached and not term.isascii())
    if word.sense is Sense.NAME:
        return rich or (marked and not attached)
    # So it stands behind nothing else: 卫星demo888.
    beside = not fill.strip() and not term.isascii() and _is_rich(name)
    least = _SPOKEN_FOR if term.isascii() else _SPOKEN_FOR - 1
    bare = term in BARE and (count >= least or "_" in name) and not attached
    return beside or bare or (rich and marked) or _STRONG_MARK.search(marks) is not None


def _is_rich(name: str) -> bool:
    """Whether a name has as many letters and digits as no model or version has: demo888."""
    digits, letters = sum(map(str.isdigit, name)), sum(map(_is_latin, name))
    if letters > 1 and digits > _LONGEST_MODEL:
        return True
    if "_" in name and digits and letters > 1:
        return True
    return digits >= _SPOKEN_FOR <= letters and _YEAR.fullmatch(name) is None


def _is_number(word: Word, name: str, count: int, marked: bool) -> bool:
    digits = word.channel.digits
    if digits is None or not digits[0] <= count <= digits[1]:
        return False
    if _WRITTEN_DATE.fullmatch(name):
        return False
    if marked:
        return True
    if _DATE.fullmatch(name) or _SPAN.fullmatch(name):
        return False
    if word.channel is HANDLE and word.sense is Sense.OTHER:
        return _LONG[0] <= count <= _LONG[1]
    return word.sense > Sense.OTHER or (word.channel is QQ and count > digits[0])


def _id_around(plain: str, anchor: Anchor, word: Word) -> Contact | None:
    """An id a few words behind the word of a channel, for review, or one right before it."""
    if word.sense is Sense.OTHER:
        return None
    hit = _BEFORE.search(plain, max(0, anchor.start - 28), anchor.start)
    if hit and _ENDS.match(plain, anchor.end) and _stands_alone(word, hit["id"]):
        return _contact(word, hit.start("id"), anchor.end)
    if word.channel is HANDLE:
        return None
    hit = _NEAR.match(plain, anchor.end)
    if hit and _stands_alone(word, hit["id"]) and (word.channel.letters or word.sense > Sense.NAME):
        return _contact(word, anchor.start, hit.end(), Outcome.REVIEW)
    return None


def _stands_alone(word: Word, name: str) -> bool:
    """Whether a name is an id without a mark: letters with digits, or a number of QQ's."""
    if name.isdigit():
        return word.channel is QQ and not _DATE.match(name)
    rich = sum(map(str.isdigit, name)) >= _SPOKEN_FOR or "_" in name
    return word.channel.letters and rich and _PRODUCT.fullmatch(name) is None
