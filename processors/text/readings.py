"""Other readings of a text that is written to be read otherwise.

Only few texts have one: those with letters repeated, with characters split into parts (扌丁), with
a run that is turned around by a bidirectional override, with syllables in Latin letters, and so on.
A reading says for each of its characters what span of the folded form it stands for. Which texts
may have one is asked here and in ``wanted``, cheaply; how they are then read is in ``redrawn`` and
``respelled``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processors.text import tables
from processors.text.beside import AS_NUMERALS, beside_at
from processors.text.fold import IS_LETTER, JOINT, Codes
from processors.text.pictures import PICTURES
from processors.text.views import BACKWARDS
from processors.text.words import LATIN

REPEAT = "repeat"
SPLIT = "split"
PARTED = "parted"
BRACKET = "bracket"
REVERSED = "reversed"
TURNED = "turned"
ORNAMENT = "ornament"
SIGNS = "signs"
MASKED = "masked"
PICTURE = "picture"
TRANSLATED = "translated"
DRAWN = "drawn"
ENCODED = "encoded"
NUMERAL = "numeral"
COMBINED = "combined"
PINYIN = "pinyin"
BOPOMOFO = "bopomofo"
INITIAL = "initials"
SLANG = "slang"
TOLD = "told"
ODD = "odd"
"""Of the kind of its characters: reversed, turned, drawn, with ornaments, or in bopomofo."""
PUT_IN = "abcdefghijklmnopqrstuvwxyz123456789の彡ミ灬ヾヽゞ丶乄メ丿"
"""What is put into a word by itself, between two Chinese characters."""
OVERRIDE = "\u202e"
OPEN, CLOSE = r"(\[【〔「『《<{", r")\]】〕」』》>}"
BRACKETED = re.compile(
    f"(?:[{OPEN}][^{OPEN}{CLOSE}\\n]{{1,6}}[{CLOSE}][وﾉノ✧☆♡~*]{{0,3}}|[{PUT_IN}](?<=[㐀-鿿].))(?=[㐀-鿿])"
)
"""What is put into a word in brackets, or alone: 办(假)证, 裸の聊, 毛x片."""
WOVEN = re.compile(r"([a-z㐀-鿿])(?!\1)[^\uffff]\1(?!\1)[^\uffff]\1")
"""The same character at every other place: 包嘿养嘿找嘿我."""
_SAYS_BACKWARDS = re.compile(
    "[反倒](?:着|过来)[看读念写拼]|(?<=名字)[反倒]过来|(?<=[读念写看])[反倒]了|[反倒][读念](?!书)|倒装|右起[读念看]|右[往到向至]左"
)
"""How a text says that it is to be read from its end."""
_EXAMPLE = "(?:([㐀-鿿])[㐀-鿿]{{1,2}}的\\{0}|[㐀-鿿]([㐀-鿿])的\\{1})"
EXAMPLE = re.compile(_EXAMPLE.format(1, 2))
"""A character said by a word that it is in: 刷牙的刷, 怀孕的孕."""
EXAMPLES = re.compile(_EXAMPLE.format(1, 2) + r"[\W_]{0,3}" + _EXAMPLE.format(3, 4))
_SPACED = "(?:[㐀-鿿][ \\t]+)+[㐀-鿿]"
COLUMNS = re.compile(f"(?<![^\\n{JOINT}]){_SPACED}(?:\\n{_SPACED})+(?![^\\n{JOINT}])")
"""Lines of as many characters, each apart, that are read downwards."""
_PARTS_BY_NAME = (
    "提手旁扌 三点水氵 单人旁亻 双人旁彳 言字旁讠 衣补旁衤 衣字旁衤 "
    "示字旁礻 示补旁礻 金字旁钅 绞丝旁纟 竖心旁忄 提土旁土 食字旁饣 "
    "反犬旁犭 禾木旁禾 草字头艹 竹字头竹 宝盖头宀 穴宝盖穴 雨字头雨 "
    "病字头疒 两点水冫 走之底辶 走之旁辶 耳朵旁阝 左耳旁阝"
)
_RADICALS = {
    **{f"{char}字旁": char for char in "木女贝口火月王石土足马车立米目虫鱼酉弓日山"},
    **{name[:-1]: name[-1] for name in _PARTS_BY_NAME.split()},
}
"""Parts of characters by the names they are called by."""
COMPOSED = re.compile(
    f"({'|'.join(_RADICALS)})(?:右边|右面|下面|一个|[加配和个+,、 ]){{1,3}}([㐀-鿿])"
)
"""A character said by its parts: 木字旁加仓."""
FIRST_OF_LINES = re.compile("藏头|首字(?!母)|头一个字|第一个字|行首")
LAST_OF_LINES = re.compile("藏尾|[尾末]字|最后一个字|行尾")
"""How a text says that its lines hide something at their beginnings, or at their ends."""
UPSIDE_DOWN = "ɐɔǝɟƃɓɥᴉɾʞɯɹʇʌʍʎ∀ƎℲ⅁⅂┴⅄"
"""Letters that are only ever written upside down."""
_ROUND, _CROSSED = "◯○●◉◎⊙⭕🔴🟠🟡🟢🔵🟣⚫⚪", "❌✖"  # signs that are letters beside others only
_DRAWN = {
    **{
        "a": "卂ﾑムΛΔค",
        "b": "乃๒",
        "c": "匚𑣩𑣲ς",
        "d": "刀๔",
        "e": "乇モΞΣ",
        "f": "千ｷſ",
        "h": "卄廾ん",
    },
    **{
        "i": "工丨เ",
        "j": "ﾌן",
        "k": "ズ",
        "l": "ㄥﾚ︱",
        "m": "爪ﾶ๓",
        "n": "几ภ",
        "o": "Θㄖ口ㅇᄋﾷᆼ٥۵๏" + _ROUND,
    },
    **{
        "p": "卩尸ｱק",
        "r": "尺г",
        "s": "丂ร",
        "t": "ㄒ丅ｲ𝍳⟙Շ",
        "u": "ㄩยμ",
        "v": "√٧۷𞅅ש",
        "w": "山𑣦𑣯ฬ",
    },
    **{"x": "乂ﾒ᙮𐌢𐳼𑣬א" + _CROSSED, "y": "ㄚ丫ﾘץ", "z": "乙𑣥𐋵չ"},
}
DRAWN_AS = {char: letter for letter, chars in _DRAWN.items() for char in chars}
"""Letters of other scripts, and digits, as they look; folding reads them as what they are."""
_COMMON_DRAWN = frozenset("г○●ム乃刀モ千ん工ズ几口尺山乙")  # of which none asks for the reading
AS_PARTS = {
    **dict(
        zip(
            "タトハニロカエムチミイリオヌネヒノク",
            "夕卜八二口力工厶千三亻刂才又礻匕丿勹",
            strict=True,
        )
    ),
    **dict(zip("ーメサシヨユアマ", "一乂艹氵彐工丫厶", strict=True)),
    # Of Korean, as they are written alone and as folding has them.
    **dict(zip("ㅅㅁㅡㅏㅣㄷ", "人口一卜丨匚", strict=True)),
    **dict(zip("\u1109\u1106\u1173\u1161\u1175\u1103", "人口一卜丨匚", strict=True)),
    **dict(zip("ㄅㄆㄇㄈㄉㄋㄌㄎㄏㄒㄓㄕㄖㄗㄘ", "勹攵冂匚刀乃力丂厂下之尸日卩七", strict=True)),
    **dict(zip("ㄙㄚㄝㄠㄡㄤㄦㄧㄨㄩλξ", "厶丫也幺又尢儿一乂凵人三", strict=True)),
    **dict.fromkeys("фφΦФ", "中"),
}
"""Letters of Japanese, Korean, bopomofo and Greek as the Chinese characters or parts of them that
they look like."""
LONE_AS_PARTS = re.compile(
    f"(?:(?<=[㐀-鿿])[{''.join(AS_PARTS)}]{{1,2}}(?![ぁ-ヿ])|(?<![ぁ-ヿ])[{''.join(AS_PARTS)}]{{1,2}}(?=[㐀-鿿]))"
)
"""One or two of them beside Chinese, and no more Japanese: タト挂, 王ハ蛋."""
_SAID = "123456789".translate(AS_NUMERALS)
_COUNTED = ("①", "⑴", "⒈", "❶", "➀", "➊", "⓵", "\U0001f102")
COUNTED = {
    **{chr(ord(first) + at): digit for first in _COUNTED for at, digit in enumerate(_SAID)},
    **dict(zip("ⅡⅢⅣⅥⅦⅧⅨⅱⅲⅳⅵⅶⅷⅸ", "二三四六七八九二三四六七八九", strict=True)),
}
"""Numerals in circles and the like, and Roman ones, as Chinese ones: 快③, 牌❾."""
ROMAN = dict(zip("ⅡⅢⅣⅥⅦⅧⅨⅱⅲⅳⅵⅶⅷⅸ", "23467892346789", strict=True))
ORNAMENTS = "\U0001f170-\U0001f19a\U0001f1e6-\U0001f1ff\U0001f201-\U0001f265㈪-㉇㊊-㊰℡№¥￥₩₫₭₮₱₲₴₵"
"""Ranges of pictures with a letter or character in them, and signs that folding reads as letters:
all of them may be ornaments as well."""
SIGN_LETTERS = {
    **{"\\/\\/": "w", "/\\/\\": "m", "|\\/|": "m", "|v|": "m", "|\\|": "n", "/\\/": "n"},
    **{"|-|": "h", "]-[": "h", "}{": "h", "|_|": "u", "(_)": "u", "/-\\": "a", "/\\": "a"},
    **{"\\/": "v", "()": "o", "[]": "o", "<>": "o", "{}": "o", "|)": "d", "|>": "p", "|*": "p"},
    **{"|<": "k", "|{": "k", "|3": "b", "|=": "f", "|_": "l", "|2": "r", "|?": "r", "><": "x"},
    **{"'/": "y", "`/": "y", "_|": "j", ")(": "x"},
}
"""Letters put together from several signs."""
SIGNED = (*SIGN_LETTERS, *("*" + letter for letter in "abcdefghijklmnopqrstuvwxyz"))
"""What a folded text holds in which signs may stand for letters."""
CODED = re.compile(
    r"&#x(?P<hex>[0-9a-f]{2,6});?|&#(?P<number>\d{2,7});?|(?:[\\%]u|u\+)\{?(?P<code>[0-9a-f]{4,6})\}?"
    r"|(?P<bytes>(?:(?:%|\\x)[0-9a-f]{2}){2,60})",
    re.IGNORECASE,
)
"""Characters by their codes: &#36172; and \\u8d4c, U+8D4C, %E8%B5%8C."""
_CODE_STARTS = "&%\\+"
_ODD_DRAWN = "".join(sorted({*DRAWN_AS, *ROMAN, *COUNTED, *AS_PARTS} - _COMMON_DRAWN))
_ODD_CHARS = f"{re.escape(_CODE_STARTS)}{OVERRIDE}{UPSIDE_DOWN}{ORNAMENTS}{_ODD_DRAWN}ㄅ-ㄩ"
_ODD_OR_PICTURE = re.compile(f"[{_ODD_CHARS}{''.join(PICTURES)}]")
MAY_SPELL = re.compile("[a-z1-5ㄅ-ㄩ]")
"""What spells a syllable has a letter, and what is spelled otherwise one or a tone."""
_HAN = "㐀"
_Flags = npt.NDArray[np.bool_]


class Reading(NamedTuple):
    """A form of a text and where in the folded form each of its characters comes from."""

    kind: str
    form: str
    spans: Sequence[tuple[int, int]]
    written: Sequence[str] = ()
    """Of a combined reading what each character of the form is read from."""

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Span of the folded form that a stretch of the form stands for."""
        spans = self.spans[first:last]
        if self.kind in (REVERSED, TURNED, BACKWARDS, TOLD):
            return min(start for start, _ in spans), max(end for _, end in spans)
        return spans[0][0], spans[-1][1]


def repeats_at(stripped: str) -> Iterator[int]:
    """Places where a letter stands three times in a row, or two characters twice each."""
    if not any(a == b for a, b in pairwise(stripped)):
        return
    for at in range(len(stripped) - 2):
        if stripped[at] == stripped[at + 1] and _repeats(stripped[at : at + 4]):
            yield at


def _repeats(four: str) -> bool:
    if four[0].isdigit() or four[0] == JOINT:
        return False
    return four[2] == four[0] or (len(four) == 4 and four[2] == four[3] and four[0] >= _HAN)


def repeats_in(codes: Codes) -> Iterable[int]:
    """As ``repeats_at``."""
    if codes.size < 3:
        return ()
    same = codes[1:] == codes[:-1]
    three = same[1:] & same[:-1]
    if codes.size > 3:
        three[:-1] |= same[:-2] & same[2:] & (codes[:-3] >= ord(_HAN))
    found = np.flatnonzero(three)
    return [int(at) for at in found if not chr(codes[at]).isdigit() and codes[at] != ord(JOINT)]


def woven_at(stripped: str, codes: Codes | None = None) -> list[int]:
    """Places where the same character begins to stand at every other place."""
    if codes is None:
        return [hit.start() for hit in WOVEN.finditer(stripped)]
    alike = codes[:-2] == codes[2:]
    places = np.flatnonzero(alike[:-2] & alike[2:]).tolist()
    return [at for at in places if WOVEN.match(stripped, at)]


def composed(hit: re.Match[str]) -> str:
    """The character that is said by its parts; empty where there is none."""
    radical, part = _RADICALS[hit[1]], hit[2]
    whole = tables.splits()
    return whole.get(radical + part) or whole.get(part + radical, "")


def backwards_at(folded: str, codes: Codes | None = None) -> list[int]:
    """Places where a text says that it is to be read from its end."""
    if codes is None:
        return [hit.start() for hit in _SAYS_BACKWARDS.finditer(folded)]
    places = np.flatnonzero(table_of("反倒右").take(codes)).tolist()
    return [at for at in places if _SAYS_BACKWARDS.match(folded, at)]


def told_at(folded: str, codes: Codes | None = None) -> Iterator[int]:
    """Places where a text tells how it is to be read: by examples, in columns, by its lines."""
    if codes is None:
        for pattern in (EXAMPLES, COLUMNS, COMPOSED, FIRST_OF_LINES, LAST_OF_LINES):
            yield from (hit.start() for hit in pattern.finditer(folded))
        return
    of = np.flatnonzero(codes[:-1] == _OF)
    said = codes[of + 1]
    again = np.logical_or.reduce([said == codes[np.maximum(of - back, 0)] for back in (1, 2, 3)])
    for at in of[again].tolist():
        start = max(0, at - _WORD)
        if EXAMPLES.search(folded, start, at + _FAR):
            yield at
    for at in np.flatnonzero(codes == _LINE).tolist():
        start = max(folded.rfind("\n", 0, at), folded.rfind(JOINT, 0, at)) + 1
        if COLUMNS.match(folded, start, at + _FAR):
            yield at
    for at in np.flatnonzero(table_of("旁头水盖底").take(codes)).tolist():
        if COMPOSED.match(folded, max(0, at - _WORD + 1)):
            yield at
    for at in np.flatnonzero(table_of("藏首头第行尾末最").take(codes)).tolist():
        for pattern in (FIRST_OF_LINES, LAST_OF_LINES):
            if pattern.match(folded, at):
                yield at


_OF, _LINE = map(ord, "的\n")
_WORD = 3  # characters of a word that says one of its own, at most
_FAR = 24  # longer than two of them with what they say


def odd_at(joined: str) -> list[int]:
    """Places of characters that ask for one of the rarer readings, and of pictures.

    In joined texts, before they are folded.
    """
    return [hit.start() for hit in _ODD_OR_PICTURE.finditer(joined)]


@cache
def table_of(chars: str) -> _Flags:
    """By code point whether it is one of some characters."""
    table = np.zeros(IS_LETTER.size, np.bool_)
    table[list(map(ord, chars))] = True
    return table


@cache
def _odd_table() -> _Flags:
    table = np.zeros(IS_LETTER.size, np.bool_)
    table[[code for code in range(0x20000) if _ODD_OR_PICTURE.match(chr(code))]] = True
    return table


def is_odd_there(joined: str, at: int) -> bool:
    """Whether such a character at a place of joined texts has what it needs beside it."""
    char = joined[at]
    if char in _CODE_STARTS:
        begins = at - (char == "+")
        return begins >= 0 and CODED.match(joined, begins) is not None
    if char in AS_PARTS:
        return LONE_AS_PARTS.match(joined, at) is not None
    if char in _ROUND or char in _CROSSED:
        return any(beside_at(joined, at, step)[:1] in LATIN for step in (-1, 1))
    return char not in PICTURES


def odd_in(codes: Codes) -> list[int]:
    """As ``odd_at``."""
    found: list[int] = np.flatnonzero(_odd_table().take(codes)).tolist()
    return found
