"""Other readings of a text that is written to be read otherwise.

Only few texts have one: those with letters repeated, with characters split into parts (扌丁), with
a run that is turned around by a bidirectional override, with syllables in Latin letters, and so on.
A reading says for each of its characters what span of the folded form it stands for. Which texts
may have one is asked here, cheaply; how they are then read is in ``redrawn`` and ``respelled``.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processors.text import tables
from processors.text.fold import IS_LETTER, JOINT, Codes, codes_of, fold, text_of
from processors.text.grammar import BETWEEN, BETWEEN_STARTS
from processors.text.pictures import PICTURES
from processors.text.views import (
    BACKWARDS,
    FOR_LETTERS,
    STRETCHED,
    disguises,
    sound,
    sound_codes,
    spelled,
)
from processors.text.words import is_han

REPEAT = "repeat"
SPLIT = "split"
PARTED = "parted"
BRACKET = "bracket"
REVERSED = "reversed"
TURNED = "turned"
ORNAMENT = "ornament"
SIGNS = "signs"
PICTURE = "picture"
DRAWN = "drawn"
NUMERAL = "numeral"
COMBINED = "combined"
PINYIN = "pinyin"
BOPOMOFO = "bopomofo"
INITIAL = "initials"

ODD = "odd"
"""Of the kind of its characters: reversed, turned, drawn, with ornaments, or in bopomofo."""

OVERRIDE = "\u202e"
_OPEN, _CLOSE = r"(\[【〔「『《<{", r")\]】〕」』》>}"
BRACKETED = re.compile(
    f"(?:[{_OPEN}][^{_OPEN}{_CLOSE}\\n]{{1,6}}[{_CLOSE}]|[a-z1-9の](?<=[㐀-鿿].))(?=[㐀-鿿])"
)
"""What is put into a word in brackets, or alone: 办(假)证, 裸の聊, 毛x片."""
_SAYS_BACKWARDS = re.compile("[反倒](?:着|过来)[看读念写]|(?<=[读念写看])[反倒]了")
"""How a text says that it is to be read from its end."""
UPSIDE_DOWN = "ɐɔǝɟƃɓɥᴉɾʞɯɹʇʌʍʎ∀ƎℲ⅁⅂┴⅄"
"""Letters that are only ever written upside down."""
_ROUND, _CROSSED = "⭕🔴🟠🟡🟢🔵🟣⚫⚪", "❌✖"  # signs that are letters beside others only
_DRAWN = {
    **{
        "a": "卂ﾑムΛΔ",
        "b": "乃",
        "c": "匚𑣩𑣲",
        "d": "刀",
        "e": "乇モΞΣ",
        "f": "千ｷſ",
        "h": "卄廾ん",
    },
    **{
        "i": "工丨",
        "j": "ﾌ",
        "k": "ズ",
        "l": "ㄥﾚ︱",
        "m": "爪ﾶ",
        "n": "几",
        "o": "Θㄖ口ㅇᄋﾷᆼ٥۵" + _ROUND,
    },
    **{"p": "卩ｱ", "r": "尺", "s": "丂", "t": "ㄒ丅ｲ𝍳⟙", "u": "ㄩ", "v": "√٧۷𞅅", "w": "山𑣦𑣯"},
    **{"x": "乂ﾒ᙮𐌢𐳼𑣬" + _CROSSED, "y": "ㄚ丫ﾘ", "z": "乙𑣥𐋵"},
}
DRAWN_AS = {char: letter for letter, chars in _DRAWN.items() for char in chars}
"""Letters of other scripts, and digits, as they look; folding reads them as what they are."""
_COMMON_DRAWN = frozenset("ム乃刀モ千ん工ズ几口尺山乙")  # of which none asks for the reading
AS_PARTS = {
    **dict(
        zip(
            "タトハニロカエムチミイリオヌネヒノク",
            "夕卜八二口力工厶千三亻刂才又礻匕丿勹",
            strict=True,
        )
    ),
    **dict(zip("ーメサシヨユアマ", "一乂艹氵彐工丫厶", strict=True)),
    **dict(zip("\u1109\u1106\u1173\u1161\u1175\u1103", "人口一卜丨匚", strict=True)),  # of Korean
    **dict(zip("ㄅㄆㄇㄈㄉㄋㄌㄎㄏㄒㄓㄕㄖㄗㄘ", "勹攵冂匚刀乃力丂厂下之尸日卩七", strict=True)),
    **dict(zip("ㄙㄚㄝㄠㄡㄤㄦㄧㄨㄩλξ", "厶丫也幺又尢儿一乂凵人三", strict=True)),
}
"""Letters of Japanese, Korean, bopomofo and Greek as the Chinese characters or parts of them that
they look like."""
LONE_AS_PARTS = re.compile(
    f"(?:(?<=[㐀-鿿])[{''.join(AS_PARTS)}]{{1,2}}(?![ぁ-ヿ])|(?<![ぁ-ヿ])[{''.join(AS_PARTS)}]{{1,2}}(?=[㐀-鿿]))"
)
"""One or two of them beside Chinese, and no more Japanese: タト挂, 王ハ蛋."""
_NUMERALS = "一二三四五六七八九"
_COUNTED = ("①", "⑴", "⒈", "❶", "➀", "➊", "⓵", "\U0001f102")
LONE_DIGIT = re.compile("(?<![0-9a-z])[0-9](?![0-9])")
"""A digit by itself that is no tone behind a syllable."""
COUNTED = {
    **{chr(ord(first) + at): digit for first in _COUNTED for at, digit in enumerate(_NUMERALS)},
    **dict(zip("ⅡⅢⅣⅥⅦⅧⅨⅱⅲⅳⅵⅶⅷⅸ", "二三四六七八九二三四六七八九", strict=True)),
}
"""Numerals in circles and the like, and Roman ones, as Chinese ones: 快③, 牌❾."""
AS_NUMERALS = str.maketrans("0123456789", "零" + _NUMERALS)
"""What digits are read as."""
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
_ODD_DRAWN = "".join(sorted({*DRAWN_AS, *ROMAN, *COUNTED, *AS_PARTS} - _COMMON_DRAWN))
_ODD_CHARS = f"{OVERRIDE}{UPSIDE_DOWN}{ORNAMENTS}{_ODD_DRAWN}ㄅ-ㄩ"
_ODD = re.compile(f"[{_ODD_CHARS}]")
_ODD_OR_PICTURE = re.compile(f"[{_ODD_CHARS}{''.join(PICTURES)}]")
MAY_SPELL = re.compile("[a-z1-5ㄅ-ㄩ]")
"""What spells a syllable has a letter, and what is spelled otherwise one or a tone."""
_TOKEN = re.compile("[a-z]+")
_ODD_LETTERS = frozenset(FOR_LETTERS)
LATIN = frozenset("abcdefghijklmnopqrstuvwxyz")
_ODD_LETTER = f"([{re.escape(FOR_LETTERS)}])"
_MAY_HIDE = re.compile(
    rf"(?:(?<![a-z\d]){_ODD_LETTER})?[a-z]+(?:{_ODD_LETTER}[a-z]+)*(?:{_ODD_LETTER}(?=[㐀-鿿]))?"
)
_LONGEST_SPLIT = 4
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
        if self.kind in (REVERSED, TURNED, BACKWARDS):
            return min(start for start, _ in spans), max(end for _, end in spans)
        return spans[0][0], spans[-1][1]


# --- Which texts have one ------------------------------------------------------------------------


class Wanted:
    """What neighbours there are in what is looked for: without any a reading finds nothing."""

    def __init__(
        self,
        terms: Iterable[str],
        sounds: Iterable[str],
        mixed: Iterable[str],
        initials: Iterable[str],
        parted: Iterable[str],
    ) -> None:
        terms, initials, sounds = tuple(terms), tuple(initials), tuple(sounds)
        self._pairs = _runs_of(terms, 2)
        self._left, self._right = _beside(self._pairs)
        wanted = self._left.keys() | self._right.keys()
        self._splits = {parts: char for parts, char in tables.splits().items() if char in wanted}
        self._heads: dict[str, list[str]] = {}
        for parts in sorted(self._splits, key=len, reverse=True):
            self._heads.setdefault(parts[:2], []).append(parts)
        self._firsts = frozenset(head[0] for head in self._heads)
        _, self._objects = _beside(parted)
        self._verbs = np.zeros(IS_LETTER.size, np.bool_)
        self._verbs[list(map(ord, self._objects))] = True
        # Of two syllables both, of more three in a row: fewer are found everywhere.
        self._threes = _runs_of(sounds, 3)
        self._sounds = self._threes.union(term for term in sounds if len(term) == 2)
        self._mixed = frozenset(mixed)
        self._heads_in = _Heads(self._heads, self._splits, self._pairs | self._mixed, self._threes)
        self._initials = _runs_of(initials, 2)
        self._acronyms = frozenset(filter(str.isascii, initials))
        self._letters = frozenset(_TOKEN.findall(JOINT.join(initials)))
        self._worth: dict[str, str] = {}
        self._words: dict[tuple[int, str], list[str]] = {}
        for term in filter(str.isascii, terms):
            self._words.setdefault((len(term), term[0]), []).append(term)

    def masked(self, word: str) -> Iterator[str]:
        """The wanted Latin words that a word with asterisks for letters may be: f**k, a**hole."""
        pattern = re.compile(re.escape(word).replace("\\*", "[a-z]"))
        yield from filter(pattern.fullmatch, self._words.get((len(word), word[0]), ()))

    def splits_at(
        self, stripped: str, codes: Codes | None = None, sounded: Codes | None = None
    ) -> Iterator[int]:
        """Places of the stripped form where parts of a character begin that is wanted there."""
        if codes is None or sounded is None:
            places: Iterable[int] = self._heads_at(stripped)
        else:
            places = self._heads_in.places(codes, sounded)
        for at in places:
            if self._whole(stripped, at):
                yield at

    def _heads_at(self, stripped: str) -> Iterator[int]:
        if not self._firsts.isdisjoint(stripped):
            firsts, heads = self._firsts, self._heads
            for at, char in enumerate(stripped):
                if char in firsts and stripped[at : at + 2] in heads:
                    yield at

    def wholes(self, stripped: str) -> dict[int, tuple[int, str]]:
        """By place where parts begin how many there are and the character that is wanted there."""
        found, made, reach = dict[int, tuple[int, str]](), "", 0
        for at in self._heads_at(stripped):
            if at < reach:
                continue
            whole = self._whole(stripped, at, made if at == reach else "")
            if whole:
                before = made[-1:] if at == reach else stripped[max(0, at - 1) : at]
                found[at], reach, made = whole, at + whole[0], before + whole[1]
        return found

    def _whole(self, stripped: str, at: int, made: str = "") -> tuple[int, str] | None:
        """How many parts there are and what they make, where it is wanted beside its neighbour.

        ``made`` is what parts right before have made, and what stands before that.
        """
        for parts in self._heads.get(stripped[at : at + 2], ()):
            if not stripped.startswith(parts, at):
                continue
            char, end = self._splits[parts], at + len(parts)
            before, after = stripped[max(0, at - 2) : at], stripped[end : end + 2]
            if (
                self._fits(before, char, after)
                or (made and self._fits(made, char, after))
                or self._are_parts(stripped, end, self._right.get(char, _NONE))
            ):
                return len(parts), char
        return None

    def _fits(self, before: str, char: str, after: str) -> bool:
        """Whether a character is wanted between up to two characters at either side.

        Beside one of them as it is, in a term of two beside one that only sounds so, or as one of
        three that do. A letter beside it may stand for any character.
        """
        left, right = before[-1:], after[:1]
        if left + char in self._pairs or char + right in self._pairs:
            return True
        if left in LATIN or right in LATIN:
            return char in self._left or char in self._right
        heard = sound((before + char + after).translate(AS_NUMERALS))
        at = len(before)
        return (
            heard[at - 1 : at] + char in self._mixed
            or char + heard[at + 1 : at + 2] in self._mixed
            or any(three in self._threes for three in _runs(heard, 3))
        )

    def _are_parts(self, stripped: str, at: int, wanted: Collection[str]) -> bool:
        """Whether the parts of a wanted character follow."""
        for parts in self._heads.get(stripped[at : at + 2], ()):
            if self._splits[parts] in wanted and stripped.startswith(parts, at):
                return True
        return False

    def parted_at(self, stripped: str, codes: Codes | None = None) -> Iterator[int]:
        """Places of verbs with something between them and an object that is wanted there."""
        if codes is not None:
            found = self._verbs.take(codes[:-1]) & _between_table().take(codes[1:])
            places: Iterable[int] = np.flatnonzero(found).tolist()
        else:
            places = (at for at, char in enumerate(stripped) if char in self._objects)
        for at in places:
            if self.parting(stripped, at):
                yield at

    def parting(self, stripped: str, at: int) -> int:
        """How many characters stand between a verb and an object that is wanted there, or 0."""
        objects = self._objects.get(stripped[at], _NONE)
        between = BETWEEN.match(stripped, at + 1) if objects else None
        if not between:
            return 0
        end = between.end()
        if stripped[end : end + 1] in objects:
            return end - at - 1
        return end - at - 2 if stripped[end - 1] in objects else 0  # 找个|小姐

    def bracketed_at(self, folded: str, codes: Codes | None = None) -> Iterator[int]:
        """Places where something in brackets stands between two wanted neighbours."""
        if codes is None:
            hits: Iterable[re.Match[str] | None] = BRACKETED.finditer(folded)
        else:
            hits = (BRACKETED.match(folded, at) for at in _put_in(codes))
        for hit in filter(None, hits):
            start, end = hit.span()
            if folded[start - 1 : start] + folded[end] in self._pairs:
                yield start

    def counted_at(
        self, stripped: str, codes: Codes | None = None, sounded: Codes | None = None
    ) -> Iterator[int]:
        """Places of digits by themselves that sound like what is wanted there: 6和彩."""
        if codes is None or sounded is None:
            places: Iterable[int] = (hit.start() for hit in LONE_DIGIT.finditer(stripped))
        else:
            places = self._heads_in.counted(codes, sounded)
        for at in places:
            heard = sound(stripped[max(0, at - 2) : at + 3].translate(AS_NUMERALS))
            if LONE_DIGIT.match(stripped, at) and any(
                three in self._threes for three in _runs(heard, 3)
            ):
                yield at

    def pictured(self, picture: str, before: str, after: str) -> list[str]:
        """The characters a picture stands for that are wanted between what is at either side.

        What is before it may be parts of a character, and what is beside it pictures as well.
        """
        lefts = [before[:-1] + one for one in PICTURES.get(before[-1:], (before[-1:],))]
        lefts += filter(None, (self._splits.get(before, ""),))
        rights = [one + after[1:] for one in PICTURES.get(after[:1], (after[:1],))]
        return [
            char
            for char in PICTURES[picture]
            if any(self._fits(left, char, after) for left in lefts)
            or any(self._fits(before, char, right) for right in rights)
        ]

    def is_pictured(self, joined: str, at: int) -> bool:
        """Whether at a place of joined texts stands a picture for a wanted character."""
        before, after = _beside_at(joined, at, -1), _beside_at(joined, at, 1)
        return bool(self.pictured(joined[at], before[::-1], after))

    def spelled_at(self, folded: str, codes: Codes | None = None) -> Iterator[int]:
        """Places of words in Latin letters that spell wanted syllables, or stand for initials."""
        known, singles, said, reach = self._worth, list[int](), "", -_GAP - 1
        first, last, seen = 0, -1, 0
        for start, end, odd in _words(folded) if codes is None else _words_in(codes):
            word = folded[start:end]
            found = known.get(word)
            if found is None:
                found = self._keep(word)
            if not (found or odd or end - start == 1):
                continue
            if odd:
                if start - last == 1 and start >= seen and folded[last] in _ODD_LETTERS:
                    seen = _disguised_end(folded, first)
                    if _hidden(folded, first, seen, self):
                        yield first
                begin = start - (folded[start - 1 : start] in _ODD_LETTERS)
                stop = _disguised_end(folded, begin)
                if stop - begin > end - start and _hidden(folded, begin, stop, self):
                    yield begin
            first, last = start, end
            if end - start == 1:
                singles.append(start)
            if found:
                said = said if start - reach <= _GAP else ""
                if self.is_spelled(folded, start, end, found, said):
                    yield start
                said, reach = "" if found == _AS_INITIALS else (said + found)[-2:], end
        for word, places in _runs_of_letters(folded, singles):
            found = self._keep(word) if len(word) > 1 else ""
            if found and self.is_spelled(folded, places[0], places[-1] + 1, found):
                yield places[0]

    def is_spelled(self, folded: str, start: int, end: int, found: str, said: str = "") -> bool:
        """Whether syllables are wanted beside what stands around, or initials where they are.

        ``said`` are the syllables of words in Latin letters right before.
        """
        if found == _AS_INITIALS:
            before, after = han_beside(folded, start, -1), han_beside(folded, end - 1, 1)
            return bool(before or after) and self._is_initial(
                sound(before), folded[start:end], sound(after)
            )
        left, right = _han_before(folded, start), _han_after(folded, end)
        if not (left or right or said or len(found) > 1):
            return False
        if left[-1:] + found[0] in self._mixed or found[-1] + right[:1] in self._mixed:
            return True
        # Of two characters the one that is kept must be the right one, as mixed has told.
        # One that only sounds so may do as well, in an offer.
        near = sound(left[-1:]) + found + sound(right[:1]) if left else said[-1:] + found
        wide = said[len(left) - 2 :] if len(left) < 2 else ""
        wide += sound(left) + found + sound(right)
        return any(pair in self._sounds for pair in _runs(near, 2)) or any(
            three in self._sounds for three in _runs(wide, 3)
        )

    def _is_initial(self, before: str, word: str, after: str) -> bool:
        if word in self._acronyms:
            return True
        return before + word[0] in self._initials or word[-1] + after in self._initials

    def _keep(self, word: str) -> str:
        """What a word is worth, kept for the next time it is met."""
        if len(self._worth) >= _MOST_WORDS:
            self._worth.clear()
        found = self._worth[word] = self._is_worth(word)
        return found

    def _is_worth(self, word: str) -> str:
        """The syllables of a word that may be wanted; empty where it is not worth a look."""
        if word in self._acronyms:
            return _AS_INITIALS
        if len(word) == 1:
            return _AS_INITIALS if self._initials else ""
        syllables = spelled(word) if self._sounds or self._mixed else ""
        if not syllables and STRETCHED.search(word):
            syllables = next((found for _, _, found in disguises(word)), "")
        return syllables or (_AS_INITIALS if word in self._letters else "")


_NONE: frozenset[str] = frozenset()
_GAP = 3  # separators that may stand between two syllables
_MOST_WORDS = 1 << 15
_AS_INITIALS = "initials"
_LEAST_SPACED = 4  # letters with separators between them that may spell something


def words_in(folded: str, wanted: Wanted | None) -> Iterator[tuple[str, Sequence[int]]]:
    """Words in Latin letters with the places of their letters; l-i-u-h-e is one word.

    Those that hide a wanted word are that word; where it is not told what is wanted, any that may.
    """
    run: list[int] = []
    for start, end, hidden in _tokens(folded, wanted):
        if end - start == 1:
            run.append(start)
            continue
        yield from _runs_of_letters(folded, run)
        run = []
        yield hidden or (folded[start:end], range(start, end))
    yield from _runs_of_letters(folded, run)


_Word = tuple[str, Sequence[int]]


def _tokens(folded: str, wanted: Wanted | None) -> Iterator[tuple[int, int, _Word | None]]:
    """Spans of words in Latin letters, each with the word that it hides."""
    for hit in _MAY_HIDE.finditer(folded):
        start, end = hit.span()
        found = None
        if hit.lastindex or STRETCHED.search(hit[0]):
            found = _hidden(folded, start, end, wanted)
        if found:
            yield start, end, found
        else:
            yield from ((*token.span(), None) for token in _TOKEN.finditer(folded, start, end))


def _hidden(folded: str, start: int, end: int, wanted: Wanted | None) -> _Word | None:
    """The letters of a wanted word that digits or signs are in, or that is stretched: b0c@i.

    And the place of each letter.
    """
    for letters, places, found in disguises(folded[start:end]):
        if wanted is None or wanted.is_spelled(folded, start, end, found):
            return letters, [start + place for place in places]
    return None


def _disguised_end(folded: str, start: int) -> int:
    """The end of a word with single digits or signs among its letters."""
    hit = _MAY_HIDE.match(folded, start)
    return hit.end() if hit else start


def _runs_of_letters(folded: str, singles: list[int]) -> Iterator[tuple[str, Sequence[int]]]:
    """Single letters, those together that follow each other with a few separators between."""
    run: list[int] = []
    for at in singles:
        if run and not _goes_on(folded, run[-1], at):
            yield from _spaced(folded, run)
            run = []
        run.append(at)
    yield from _spaced(folded, run)


def _goes_on(folded: str, last: int, start: int) -> bool:
    return start - last <= _GAP + 1 and not any(map(str.isalnum, folded[last + 1 : start]))


def _spaced(folded: str, run: list[int]) -> Iterator[tuple[str, Sequence[int]]]:
    if len(run) >= _LEAST_SPACED:
        yield "".join(folded[at] for at in run), run
    else:
        for at in run:
            yield folded[at], (at,)


def _put_in(codes: Codes) -> list[int]:
    """Places where a bracket opens, or a letter stands alone between two Han characters."""
    kinds = _bracket_table().take(codes)
    alone = (kinds[:-2] == _OF_HAN) & (kinds[1:-1] == _ALONE) & (kinds[2:] == _OF_HAN)
    found: list[int] = (np.flatnonzero(alone | (kinds[1:-1] == _OPENS)) + 1).tolist()
    return found


@cache
def _bracket_table() -> npt.NDArray[np.uint8]:
    table = np.zeros(IS_LETTER.size, np.uint8)
    table[ord("㐀") : ord("鿿") + 1] = _OF_HAN
    table[[*map(ord, LATIN), *map(ord, "123456789の")]] = _ALONE
    table[[ord(char) for char in _OPEN if char != "\\"]] = _OPENS
    return table


_OF_HAN, _ALONE, _OPENS = 1, 2, 3


def _words(folded: str) -> Iterator[tuple[int, int, bool]]:
    """Spans of words in Latin letters, and whether a digit or sign that may be one is beside."""
    for token in _TOKEN.finditer(folded):
        start, end = token.span()
        beside = folded[max(0, start - 1) : start], folded[end : end + 1]
        yield start, end, not _ODD_LETTERS.isdisjoint(beside)


def _words_in(codes: Codes) -> Iterator[tuple[int, int, bool]]:
    """As ``_words``."""
    kinds = np.zeros(codes.size + 2, np.uint8)
    kinds[1:-1] = _letter_table().take(codes)
    latin = kinds == _LATIN
    edges = np.flatnonzero(latin[1:] != latin[:-1])
    starts, ends = edges[::2], edges[1::2]
    odd = (kinds[starts] == _FOR_LATIN) | (kinds[ends + 1] == _FOR_LATIN)
    return zip(starts.tolist(), ends.tolist(), odd.tolist(), strict=True)


@cache
def _letter_table() -> npt.NDArray[np.uint8]:
    table = np.zeros(IS_LETTER.size, np.uint8)
    table[list(map(ord, _ODD_LETTERS))] = _FOR_LATIN
    table[list(map(ord, LATIN))] = _LATIN
    return table


_FOR_LATIN, _LATIN = 1, 2


def _runs(term: str, length: int) -> list[str]:
    return [term[at : at + length] for at in range(len(term) - length + 1)]


def _runs_of(terms: Iterable[str], length: int) -> frozenset[str]:
    """Every run of a length, two or three, that is in one of the terms."""
    codes = codes_of(JOINT.join(terms)).astype(np.uint64)
    count = max(0, codes.size - length + 1)
    packed, whole = np.zeros(count, np.uint64), np.ones(count, np.bool_)
    for at in range(length):
        one = codes[at : at + count]
        packed = packed << np.uint64(_CODE_BITS) | one
        whole &= one != ord(JOINT)
    found = np.unique(packed[whole])
    shifts = np.arange(length - 1, -1, -1, dtype=np.uint64) * np.uint64(_CODE_BITS)
    spread = found[:, np.newaxis] >> shifts & np.uint64((1 << _CODE_BITS) - 1)
    return frozenset(_pieces(text_of(spread.astype(np.uint32).ravel()), length))


_CODE_BITS = 21


def _pieces(joined: str, length: int) -> list[str]:
    return [joined[at : at + length] for at in range(0, len(joined), length)]


def _beside(pairs: Iterable[str]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """By character what stands to its left in a pair, and to its right."""
    left, right = dict[str, set[str]](), dict[str, set[str]]()
    for pair in pairs:
        left.setdefault(pair[1], set()).add(pair[0])
        right.setdefault(pair[0], set()).add(pair[1])
    return left, right


def _beside_at(joined: str, at: int, step: int) -> str:
    """Up to two characters beside a place in one direction, the nearer first, folded.

    What is invisible is none.
    """
    found, gap = "", 0
    while len(found) < _BOTH and gap < _GAP:
        at += step
        char = fold(joined[at]) if 0 <= at < len(joined) else JOINT
        if char:
            found, gap = found + char[::step], 0
        else:
            gap += 1
    return found[:_BOTH]


def han_beside(folded: str, at: int, step: int) -> str:
    """The Han character right beside a place in one direction, or nothing."""
    char = folded[at + step : at + step + 1] if at + step >= 0 else ""
    return char if char and is_han(char) else ""


def _han_before(folded: str, start: int) -> str:
    """Up to two Han characters before a place, each a separator or two away at most."""
    return "".join(reversed(list(_han_near(folded, start, -1))))


def _han_after(folded: str, end: int) -> str:
    """As ``_han_before``, after a place; and two digits right there, as in xingyun28."""
    if folded[end : end + 2].isdecimal() and end + 1 < len(folded):
        return folded[end : end + 2]
    return "".join(_han_near(folded, end - 1, 1))


def _han_near(folded: str, at: int, step: int) -> Iterator[str]:
    """Up to two Han characters beside a place in one direction; a digit by itself is a numeral."""
    found, gap = 0, 0
    while found < _BOTH and gap < _GAP:
        at += step
        char = folded[at] if 0 <= at < len(folded) else JOINT
        numeral = LONE_DIGIT.match(folded, at) if char.isdigit() else None
        if char == JOINT or not (is_han(char) or numeral or not char.isalnum()):
            return
        if char.isalnum():
            found, gap = found + 1, 0
            yield char.translate(AS_NUMERALS)
        else:
            gap += 1


_BOTH = 2


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


class _Heads:
    """The first two parts of wanted characters, for a search of many places at once."""

    def __init__(
        self,
        heads: dict[str, list[str]],
        splits: dict[str, str],
        pairs: Collection[str],
        threes: Collection[str],
    ) -> None:
        self._made = np.zeros(1 << _HEAD_BITS, np.uint32)
        codes = codes_of("".join(heads))
        self._known = np.zeros_like(self._made)  # which head a slot is of, if of one
        hashes = _hashes(codes[::2], codes[1::2])
        slots = hashes >> _HEAD_SHIFT
        self._known[slots] = hashes
        whole = [splits[head] if parts == [head] else _SEVERAL for head, parts in heads.items()]
        self._made[slots] = codes_of("".join(whole))
        taken, times = np.unique(slots, return_counts=True)
        self._made[taken[times > 1]] = ord(_SEVERAL)
        self._known[taken[times > 1]] = 0
        most = max(len(pairs), len(threes))
        self._bits = min(max((_ROOM * most).bit_length(), _RUN_BITS[0]), _RUN_BITS[1])
        self._pairs, self._threes = np.zeros((2, 1 << self._bits), np.bool_)
        for length, table, runs in ((2, self._pairs, pairs), (3, self._threes, threes)):
            codes = codes_of("".join(runs))
            table[_slots(*(codes[at::length] for at in range(length)), bits=self._bits)] = True

    def places(self, codes: Codes, sounded: Codes) -> list[int]:
        """Places where parts begin of what may be wanted beside its neighbour, and a few others.

        A neighbour that only sounds as the one that is wanted will do, or two of them.
        """
        hashes = _hashes(codes, np.append(codes[1:], _AROUND[:1]))
        made = self._made.take(hashes >> _HEAD_SHIFT)
        at = np.flatnonzero(made)
        known = self._known.take(hashes[at] >> _HEAD_SHIFT)
        at = at[(known == hashes[at]) | (known == 0)]
        whole = made[at]
        begins = np.zeros(codes.size + 2, np.bool_)
        begins[at] = True
        wanted = begins[at + 2] | (whole == ord(_SEVERAL))
        shown, heard = (np.concatenate((_AROUND, one, _AROUND)) for one in (codes, sounded))
        far, before, after, beyond = (heard[at + step] for step in (1, 2, 5, 6))
        for left, right in ((shown[at + 2], shown[at + 5]), (before, after)):
            wanted |= self._pairs.take(_slots(left, whole, bits=self._bits))
            wanted |= self._pairs.take(_slots(whole, right, bits=self._bits))
        for beside in (before, after):
            wanted |= beside - np.uint32(ord("a")) < len(LATIN)
        run = (far, before, sound_codes(whole), after, beyond)
        for beside in run:
            wanted |= beside - np.uint32(ord("0")) < len(AS_NUMERALS)
        for first in range(3):
            three = run[first : first + 3]
            wanted |= self._threes.take(_slots(*three, bits=self._bits))
        found: list[int] = at[wanted].tolist()
        return found

    def counted(self, codes: Codes, sounded: Codes) -> list[int]:
        """Places of digits by themselves that may be one of three that are wanted by sound."""
        digit = np.zeros(codes.size + 2, np.bool_)
        np.less(codes - np.uint32(ord("0")), len(AS_NUMERALS), out=digit[1:-1])
        at = np.flatnonzero(digit[1:-1] & ~digit[:-2] & ~digit[2:])
        heard = np.concatenate((_AROUND, sounded, _AROUND))
        run = [heard[at + step] for step in range(1, 6)]
        run[2] = _numeral_sounds()[codes[at] - np.uint32(ord("0"))]
        wanted = np.zeros(at.size, np.bool_)
        for first in range(3):
            wanted |= self._threes.take(_slots(*run[first : first + 3], bits=self._bits))
        found: list[int] = at[wanted].tolist()
        return found


@cache
def _numeral_sounds() -> Codes:
    return sound_codes(codes_of("".join(map(chr, AS_NUMERALS.values()))))


_HEAD_BITS = 18
_HEAD_SHIFT = np.uint32(32 - _HEAD_BITS)
_RUN_BITS = (12, 24)  # the smallest and the largest table of runs
_ROOM = 32  # places of it for each
_SEVERAL = "\uffff"  # in place of a character: there are several, or of more parts
_AROUND = np.zeros(3, np.uint32)


def _slots(*codes: Codes, bits: int) -> Codes:
    """Places in a table for runs of code points."""
    return _hashes(*codes) >> np.uint32(32 - bits)


def _hashes(*codes: Codes) -> Codes:
    """A hash for each run of code points, given the first of all, the second of all, and so on."""
    found: Codes = codes[0] * _FACTORS[0]
    for one, factor in zip(codes[1:], _FACTORS[1:], strict=False):
        found += one * factor
    return found


_FACTORS = np.array((0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D), np.uint32)


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


def backwards_at(folded: str, codes: Codes | None = None) -> list[int]:
    """Places where a text says that it is to be read from its end."""
    if codes is None:
        return [hit.start() for hit in _SAYS_BACKWARDS.finditer(folded)]
    places = np.flatnonzero((codes == ord("反")) | (codes == ord("倒"))).tolist()
    return [at for at in places if _SAYS_BACKWARDS.match(folded, at)]


def is_odd(text: str) -> bool:
    """Whether a text has a character that asks for one of the rarer readings."""
    return _ODD.search(text) is not None


def odd_at(joined: str) -> list[int]:
    """Places of such characters and of pictures in joined texts, before they are folded."""
    return [hit.start() for hit in _ODD_OR_PICTURE.finditer(joined)]


@cache
def _between_table() -> _Flags:
    table = np.zeros(IS_LETTER.size, np.bool_)
    table[list(map(ord, BETWEEN_STARTS))] = True
    return table


@cache
def _odd_table() -> _Flags:
    table = np.zeros(IS_LETTER.size, np.bool_)
    table[[code for code in range(0x80, 0x20000) if _ODD_OR_PICTURE.match(chr(code))]] = True
    return table


def is_odd_there(joined: str, at: int) -> bool:
    """Whether such a character at a place of joined texts has what it needs beside it."""
    char = joined[at]
    if char in AS_PARTS:
        return LONE_AS_PARTS.match(joined, at) is not None
    if char in _ROUND or char in _CROSSED:
        return any(_beside_at(joined, at, step)[:1] in LATIN for step in (-1, 1))
    return char not in PICTURES


def odd_in(codes: Codes) -> list[int]:
    """As ``odd_at``."""
    found: list[int] = np.flatnonzero(_odd_table()[codes]).tolist()
    return found
