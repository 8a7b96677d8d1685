"""What a search of a text returns."""

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """How sure a match is, mildest first."""

    ACCEPT = "accept"  # found, but what stands around it makes it harmless
    REVIEW = "review"  # found, a person should look
    REJECT = "reject"  # found, and nothing speaks for it


HIDDEN = {
    "width": "in other forms of the characters",
    "mark": "with accents",
    "enclosed": "in enclosed letters",
    "digit": "in digits of another script",
    "radical": "in radicals",
    "traditional": "in traditional characters",
    "variant": "in variants of its characters",
    "confusable": "in look-alike letters",
    "invisible": "with invisible characters between",
    "separator": "with separators between",
    "numeral": "in numerals",
    "skeleton": "in signs, digits or numerals that stand for its characters",
    "homophone": "in characters that sound like it",
    "pinyin": "in Latin syllables",
    "bopomofo": "in bopomofo",
    "initials": "in initials",
    "similar": "with a character otherwise",
    "repeat": "with letters repeated",
    "split": "in parts of its characters",
    "parted": "with something between verb and object",
    "bracket": "with something put between its characters",
    "combined": "in parts, pictures and sounds together",
    "reversed": "in an order that the screen turns around",
    "backwards": "backwards",
    "told": "as the text tells how to read it",
    "turned": "upside down",
    "drawn": "in characters drawn like its letters",
    "encoded": "by the codes of its characters",
    "ornament": "with pictures between",
    "picture": "with pictures that stand for its characters",
    "translated": "with words of English that stand for its characters",
    "signs": "in letters put together from signs",
    "masked": "with a sign in the place of a character",
    "spelled": "with its signs spelled out",
    "slang": "under a byname",
}
"""Techniques that hide what was found, in words that follow "written"; ``plain`` and ``case`` hide
nothing."""

HIDDEN_ZH = {
    "width": "字符的其他形式",
    "mark": "带附加符号",
    "enclosed": "带圈字符",
    "digit": "其他文字的数字",
    "radical": "部首",
    "traditional": "繁体字",
    "variant": "异体字",
    "confusable": "形近字母",
    "invisible": "夹带不可见字符",
    "separator": "夹带分隔符",
    "numeral": "数字代字",
    "skeleton": "以符号或数字代字",
    "homophone": "谐音字",
    "pinyin": "拼音",
    "bopomofo": "注音",
    "initials": "拼音首字母",
    "similar": "一字之差",
    "repeat": "重复字母",
    "split": "拆字",
    "parted": "中间插字",
    "bracket": "字间夹杂其他字符",
    "combined": "拆字、图形与谐音并用",
    "reversed": "借显示顺序倒写",
    "backwards": "倒序书写",
    "told": "按文中提示拼读",
    "turned": "倒置字符",
    "drawn": "形似字母的字符",
    "encoded": "字符编码",
    "ornament": "夹带图形",
    "picture": "以图形代字",
    "translated": "以英文词代字",
    "signs": "符号拼成的字母",
    "masked": "以符号遮字",
    "spelled": "拼读符号",
    "slang": "黑话代称",
}
"""The same in Chinese."""


class Match(NamedTuple):
    """One thing found in a text.

    ``start`` and ``end`` are code points of the original text, ``end`` excluded. ``entry`` is the
    lexicon entry, or the name of a pattern where the matched text may be personal (``phone``).
    """

    entry: str
    tag: str
    kind: str  # "contact", "lexicon", "protected" or "claim"
    view: str  # the form of the text in which it was found: "folded", "stripped", "sound", ...
    technique: str  # how the text showed or hid it: plain, case, width, invisible, separator, ...
    outcome: Outcome
    start: int
    end: int
    severity: int = 1  # of the entry, 1 to 4
