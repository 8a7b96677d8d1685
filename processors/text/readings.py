"""Other readings of a text that is written to be read otherwise.

Only few texts have one: those with letters repeated, with characters split into parts (扌丁), with
a run that is turned around by a bidirectional override, with syllables in Latin letters, or with
single letters among Han characters. A reading says for each of its characters what span of the
folded form it stands for.
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
from processors.text.views import sound, spelled, spellings
from processors.text.words import is_han

REPEAT = "repeat"
SPLIT = "split"
REVERSED = "reversed"
PINYIN = "pinyin"
INITIAL = "initials"

OVERRIDE = "\u202e"
_POPPED = re.compile("[\u202c\u2069\n\r]|\\Z")
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
        self._initials = frozenset(pair for term in initials for pair in _pairs(term))
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
        """Places of words in Latin letters that spell wanted syllables, or one by its initial."""
        worth = {token for token in set(_TOKEN.findall(folded)) if self._is_worth(token)}
        if not worth:
            return
        last, reach = "", -_GAP - 1
        for token in _TOKEN.finditer(folded):
            word = token[0]
            if word not in worth:
                continue
            start, end = token.span()
            before, after = _han_sound(folded, start - 1), _han_sound(folded, end)
            if len(word) == 1:
                if before + word in self._initials or word + after in self._initials:
                    yield start
                continue
            found = spelled(word)
            before = before or (last if start - reach <= _GAP else "")
            if any(pair in self._sounds for pair in _pairs(before + found + after)):
                yield start
            last, reach = found[-1], end

    def _is_worth(self, token: str) -> bool:
        """Whether a word spells a wanted syllable, or several with a wanted pair among them."""
        if len(token) == 1:
            return bool(self._initials)
        found = spelled(token)
        if len(found) < 2:
            return found in self._syllables and found != ""
        return any(pair in self._sounds for pair in _pairs(found))


_GAP = 3  # separators that may stand between two syllables


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


def _beside_han(folded: str, start: int, end: int) -> bool:
    return (start > 0 and is_han(folded[start - 1])) or (end < len(folded) and is_han(folded[end]))


# --- What they are -------------------------------------------------------------------------------


def repeat(folded: str, kept: Sequence[int]) -> Reading:
    """Every run of one letter as one."""
    form: list[str] = []
    spans: list[tuple[int, int]] = []
    for index in kept:
        char = folded[index]
        if form and form[-1] == char and not char.isdigit():
            spans[-1] = (spans[-1][0], index + 1)
            continue
        form.append(char)
        spans.append((index, index + 1))
    return Reading(REPEAT, "".join(form), spans)


def split(folded: str, kept: Sequence[int]) -> Reading:
    """Parts put together."""
    stripped = "".join(folded[index] for index in kept)
    whole, made, spans, at = tables.splits(), [], [], 0
    while at < len(stripped):
        longest = min(_LONGEST_SPLIT, len(stripped) - at)
        length = next((n for n in range(longest, 1, -1) if stripped[at : at + n] in whole), 1)
        made.append(whole[stripped[at : at + length]] if length > 1 else stripped[at])
        spans.append((kept[at], kept[at + length - 1] + 1))
        at += length
    return Reading(SPLIT, "".join(made), spans)


def reverse(original: str, origins: Sequence[int], folded: str) -> Reading | None:
    """Runs under an override in the order they are shown in; None without one."""
    places = [index for index, char in enumerate(folded) if char.isalnum()]
    turned: list[int] = []
    at = 0
    for begin, stop in _overridden(original):
        while at < len(places) and origins[places[at]] <= begin:
            turned.append(places[at])
            at += 1
        first = at
        while at < len(places) and origins[places[at]] < stop:
            at += 1
        turned += places[first:at][::-1]
    turned += places[at:]
    if turned == places:
        return None
    return Reading(REVERSED, "".join(folded[i] for i in turned), [(i, i + 1) for i in turned])


def _overridden(original: str) -> Iterator[tuple[int, int]]:
    """Spans from an override to its end."""
    begin = original.find(OVERRIDE)
    while begin >= 0:
        popped = _POPPED.search(original, begin)
        stop = popped.start() if popped else len(original)
        yield begin, stop
        begin = original.find(OVERRIDE, stop)


def spell(folded: str) -> Iterator[Reading]:
    """Words in Latin letters as the syllables they spell; the rest by sound, letters as they are.

    The second reading, for texts with single letters among Han characters, keeps every word.
    """
    form, spans, at, single, some = "", list[tuple[int, int]](), 0, False, False
    for token in _TOKEN.finditer(folded):
        start, end = token.span()
        form, spans = _sounded(folded, at, start, form, spans)
        syllables = spelled(token[0]) if end - start > 1 else ""
        single = single or (end - start == 1 and _beside_han(folded, start, end))
        some = some or bool(syllables)
        if syllables:
            form += syllables
            spans += _syllable_spans(start, syllables)
        else:
            form += token[0]
            spans += [(index, index + 1) for index in range(start, end)]
        at = end
    form, spans = _sounded(folded, at, len(folded), form, spans)
    if some:
        yield Reading(PINYIN, form, spans)
    if single:
        yield Reading(INITIAL, form, spans)


def _syllable_spans(start: int, found: str) -> Iterator[tuple[int, int]]:
    for syllable in found:
        end = start + len(spellings()[syllable])
        yield start, end
        start = end


def _sounded(
    folded: str, start: int, end: int, form: str, spans: list[tuple[int, int]]
) -> tuple[str, list[tuple[int, int]]]:
    places = [index for index in range(start, end) if folded[index].isalnum()]
    form += sound("".join(folded[index] for index in places))
    spans += [(index, index + 1) for index in places]
    return form, spans
