"""Other readings of a text that is written to be read otherwise.

Only few texts have one: those with letters repeated, with characters split into parts (扌丁), with
a run that is turned around by a bidirectional override, with syllables in Latin letters, and so on.
A reading says for each of its characters what span of the folded form it stands for. Which texts
may have one is asked here, cheaply; how they are then read is in ``redrawn`` and ``respelled``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processors.text import tables
from processors.text.fold import IS_LETTER, JOINT, Codes
from processors.text.views import sound, spelled
from processors.text.words import is_han

REPEAT = "repeat"
SPLIT = "split"
REVERSED = "reversed"
TURNED = "turned"
ORNAMENT = "ornament"
SIGNS = "signs"
PINYIN = "pinyin"
BOPOMOFO = "bopomofo"
INITIAL = "initials"

OVERRIDE = "\u202e"
UPSIDE_DOWN = "ɐɔǝɟƃɓɥᴉɾʞɯɹʇʌʍʎ∀ƎℲ⅁⅂┴⅄"
"""Letters that are only ever written upside down."""
ORNAMENTS = "\U0001f170-\U0001f19a\U0001f1e6-\U0001f1ff\U0001f201-\U0001f265㊗㊙"
"""Ranges of pictures with a letter or character in them, which may be ornaments as well."""
SIGN_LETTERS = {
    **{"\\/\\/": "w", "/\\/\\": "m", "|\\/|": "m", "|v|": "m", "|\\|": "n", "/\\/": "n"},
    **{"|-|": "h", "]-[": "h", "}{": "h", "|_|": "u", "(_)": "u", "/-\\": "a", "/\\": "a"},
    **{"\\/": "v", "()": "o", "[]": "o", "<>": "o", "{}": "o", "|)": "d", "|>": "p", "|*": "p"},
    **{"|<": "k", "|{": "k", "|3": "b", "|=": "f", "|_": "l", "|2": "r", "|?": "r", "><": "x"},
    **{"'/": "y", "`/": "y", "_|": "j", ")(": "x"},
}
"""Letters put together from several signs."""
_ODD = re.compile(f"[{OVERRIDE}{UPSIDE_DOWN}{ORNAMENTS}ㄅ-ㄩ]")
_TOKEN = re.compile("[a-z]+")
_LONGEST_SPLIT = 4
_HAN = "㐀"


_Flags = npt.NDArray[np.bool_]


class Reading(NamedTuple):
    """A form of a text and where in the folded form each of its characters comes from."""

    kind: str
    form: str
    spans: Sequence[tuple[int, int]]


# --- Which texts have one ------------------------------------------------------------------------


class Wanted:
    """Pairs of neighbours in what is looked for: a reading without one of them finds nothing."""

    def __init__(self, terms: Iterable[str], sounds: Iterable[str], initials: Iterable[str]):
        self._pairs = frozenset(pair for term in terms for pair in _pairs(term))
        self._sounds = frozenset(pair for term in sounds for pair in _pairs(term))
        initials = tuple(initials)
        self._initials = frozenset(pair for term in initials for pair in _pairs(term))
        self._acronyms = frozenset(filter(str.isascii, initials))
        self._worth: dict[str, str] = {}
        self._chars = frozenset(char for pair in self._pairs for char in pair)
        self._splits = {
            parts: char for parts, char in tables.splits().items() if char in self._chars
        }
        self._heads = frozenset(parts[:2] for parts in self._splits)
        self._syllables = frozenset(char for pair in self._sounds for char in pair)

    def is_split(self, stripped: str, at: int) -> bool:
        """Whether parts that begin here make a character that is wanted beside its neighbour."""
        if stripped[at : at + 2] not in self._heads:
            return False
        whole = self._splits
        for length in range(2, min(_LONGEST_SPLIT, len(stripped) - at) + 1):
            char = whole.get(stripped[at : at + length])
            if char is None:
                continue
            end = at + length
            if stripped[at - 1 : at] + char in self._pairs:
                return True
            if char + stripped[end : end + 1] in self._pairs:
                return True
            if any(
                char + other in self._pairs
                for stop in range(end + 2, min(end + _LONGEST_SPLIT, len(stripped)) + 1)
                if (other := whole.get(stripped[end:stop]))
            ):
                return True
        return False

    def spelled_at(self, folded: str) -> Iterator[int]:
        """Places of words in Latin letters that spell wanted syllables, or stand for initials."""
        last, reach = "", -_GAP - 1
        for word, places in words_in(folded):
            found = self._worth.get(word)
            if found is None:
                found = self._keep(word)
            if not found:
                continue
            start, end = places[0], places[-1] + 1
            before, after = _han_sound(folded, start - 1), _han_sound(folded, end)
            if found == _AS_INITIALS:
                if (before or after) and self._is_initial(before, word, after):
                    yield start
                continue
            before = before or (last if start - reach <= _GAP else "")
            if any(pair in self._sounds for pair in _pairs(before + found + after)):
                yield start
            last, reach = found[-1], end

    def _is_initial(self, before: str, word: str, after: str) -> bool:
        if len(word) > 1:
            return True
        return before + word in self._initials or word + after in self._initials

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
        found = spelled(word)
        if len(found) < 2:
            return found if found in self._syllables else ""
        return found if any(pair in self._sounds for pair in _pairs(found)) else ""


_GAP = 3  # separators that may stand between two syllables
_MOST_WORDS = 1 << 15
_AS_INITIALS = "initials"
_LEAST_SPACED = 4  # letters with separators between them that may spell something


def words_in(folded: str) -> Iterator[tuple[str, Sequence[int]]]:
    """Words in Latin letters with the places of their letters; l-i-u-h-e is one word."""
    run: list[int] = []
    for token in _TOKEN.finditer(folded):
        start, end = token.span()
        if run and (end - start > 1 or not _goes_on(folded, run[-1], start)):
            yield from _spaced(folded, run)
            run = []
        if end - start > 1:
            yield token[0], range(start, end)
        else:
            run.append(start)
    if run:
        yield from _spaced(folded, run)


def _goes_on(folded: str, last: int, start: int) -> bool:
    return start - last <= _GAP + 1 and not any(map(str.isalnum, folded[last + 1 : start]))


def _spaced(folded: str, run: list[int]) -> Iterator[tuple[str, Sequence[int]]]:
    if len(run) >= _LEAST_SPACED:
        yield "".join(folded[at] for at in run), run
    else:
        for at in run:
            yield folded[at], (at,)


def _pairs(term: str) -> list[str]:
    return [term[at : at + 2] for at in range(len(term) - 1)]


def _han_sound(folded: str, at: int) -> str:
    char = folded[at : at + 1] if at >= 0 else ""
    return sound(char) if char and is_han(char) else ""


@cache
def _parts() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """First parts, second parts, and both together, of all splits."""
    pairs = frozenset(parts[:2] for parts in tables.splits())
    return (
        frozenset(pair[0] for pair in pairs),
        frozenset(pair[1] for pair in pairs),
        pairs,
    )


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


def splits_at(stripped: str) -> Iterator[int]:
    """Places where the parts of a split character begin."""
    firsts, _, pairs = _parts()
    if firsts.isdisjoint(stripped):
        return
    for at, char in enumerate(stripped[:-1]):
        if char in firsts and stripped[at : at + 2] in pairs:
            yield at


@cache
def _part_tables() -> tuple[_Flags, _Flags, npt.NDArray[np.uint64]]:
    """Which characters are first parts, which are second ones, and the sorted pairs of them."""
    firsts, seconds = np.zeros(IS_LETTER.size, np.bool_), np.zeros(IS_LETTER.size, np.bool_)
    firsts[[ord(char) for char in _parts()[0]]] = True
    seconds[[ord(char) for char in _parts()[1]]] = True
    pairs = sorted(ord(pair[0]) << 32 | ord(pair[1]) for pair in _parts()[2])
    return firsts, seconds, np.array(pairs, np.uint64)


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


def splits_in(codes: Codes) -> Iterable[int]:
    """As ``splits_at``."""
    firsts, seconds, pairs = _part_tables()
    found = np.flatnonzero(firsts[codes[:-1]])
    found = found[seconds[codes[found + 1]]]
    keys = codes[found].astype(np.uint64) << np.uint64(32) | codes[found + 1]
    places = np.minimum(np.searchsorted(pairs, keys), pairs.size - 1)
    return [int(at) for at in found[pairs[places] == keys]]


def is_odd(text: str) -> bool:
    """Whether a text has a character that asks for one of the rarer readings."""
    return _ODD.search(text) is not None


def odd_at(joined: str) -> list[int]:
    """Places of such characters in joined texts, before they are folded."""
    return [hit.start() for hit in _ODD.finditer(joined)]


@cache
def _odd_table() -> _Flags:
    table = np.zeros(IS_LETTER.size, np.bool_)
    table[[code for code in range(0x80, 0x20000) if _ODD.match(chr(code))]] = True
    return table


def odd_in(codes: Codes) -> list[int]:
    """As ``odd_at``."""
    found: list[int] = np.flatnonzero(_odd_table()[codes]).tolist()
    return found
