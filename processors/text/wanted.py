"""Which texts may have another reading in which something is found that is looked for.

Without neighbours that are wanted a reading finds nothing; that is asked here, cheaply.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from processors.text import tables
from processors.text.beside import (
    AS_NUMERALS,
    GAP,
    LONE_DIGIT,
    beside_at,
    han_after,
    han_before,
    han_beside,
)
from processors.text.fold import IS_LETTER, JOINT, Codes
from processors.text.grammar import BETWEEN, BETWEEN_STARTS
from processors.text.pictures import ENGLISH, PICTURES
from processors.text.readings import BRACKETED, OPEN, PUT_IN, table_of
from processors.text.runs import Heads, runs, runs_of
from processors.text.views import FOR_LETTERS, STRETCHED, disguises, sound, spelled
from processors.text.words import LATIN

_TOKEN = re.compile("[a-z]+")
_ODD_LETTERS = frozenset(FOR_LETTERS)
_ODD_LETTER = f"([{re.escape(FOR_LETTERS)}])"
_MAY_HIDE = re.compile(
    rf"(?:(?<![a-z\d]){_ODD_LETTER})?[a-z]+(?:{_ODD_LETTER}[a-z]+)*"
    rf"(?:{_ODD_LETTER}(?=[㐀-鿿])|(?:(?<=\d[a-z])|(?<=\d[a-z]{{2}}))\d(?![a-z\d]))?"
)
"""A word with digits or signs for letters: at its end before a Chinese character, or, where a digit
stands for one already, as in yu3pa0."""


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
        self._pairs = runs_of(terms, 2)
        self._chars = frozenset("".join(self._pairs))
        self._splits = {
            parts: char for parts, char in tables.splits().items() if char in self._chars
        }
        self._heads: dict[str, list[str]] = {}
        for parts in sorted(self._splits, key=len, reverse=True):
            self._heads.setdefault(parts[:2], []).append(parts)
        self._firsts = frozenset(head[0] for head in self._heads)
        self._objects: dict[str, set[str]] = {}
        for pair in parted:
            self._objects.setdefault(pair[0], set()).add(pair[1])
        self._verbs = np.zeros(IS_LETTER.size, np.bool_)
        self._verbs[list(map(ord, self._objects))] = True
        # Of two syllables both, of more three in a row: fewer are found everywhere.
        self._threes = runs_of(sounds, 3)
        self._sounds = self._threes.union(term for term in sounds if len(term) == 2)
        self._mixed = frozenset(mixed)
        self._heads_in = Heads(self._heads, self._splits, self._pairs | self._mixed, self._threes)
        self._initials = runs_of(initials, 2)
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

    def masked_at(self, folded: str, codes: Codes | None = None) -> Iterator[int]:
        """Places of signs that stand for a character that is wanted between its neighbours."""
        if codes is None:
            places: Iterable[int] = (hit.start() for hit in _MASK.finditer(folded))
        else:
            places = np.flatnonzero(table_of(_MASKS).take(codes)).tolist()
        for at in places:
            if _MASK.match(folded, at) and self.between(folded[at - 1], folded[at + 1]):
                yield at

    def between(self, left: str, right: str) -> list[str]:
        """The characters that are wanted between two others, as many as may be tried."""
        fit = self._behind.get(left, _NONE)
        return [char for char in sorted(fit) if char + right in self._pairs][:_MOST_TRIED]

    @cached_property
    def _behind(self) -> dict[str, set[str]]:
        found = dict[str, set[str]]()
        for pair in self._pairs:
            found.setdefault(pair[0], set()).add(pair[1])
        return found

    def translated(self, folded: str, start: int, end: int) -> str:
        """The character that a word of English stands for that is wanted there, or nothing."""
        chars = ENGLISH.get(folded[start:end], "")
        before, after = (folded[max(0, start - 1) : start], folded[end : end + 1])
        return next((c for c in chars if before + c in self._pairs or c + after in self._pairs), "")

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
                or self._are_parts(stripped, end, char)
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
            return char in self._chars
        heard = sound((before + char + after).translate(AS_NUMERALS))
        at = len(before)
        return (
            heard[at - 1 : at] + char in self._mixed
            or char + heard[at + 1 : at + 2] in self._mixed
            or any(three in self._threes for three in runs(heard, 3))
        )

    def _are_parts(self, stripped: str, at: int, char: str) -> bool:
        """Whether the parts of a character follow that is wanted behind another."""
        for parts in self._heads.get(stripped[at : at + 2], ()):
            if char + self._splits[parts] in self._pairs and stripped.startswith(parts, at):
                return True
        return False

    def parted_at(self, stripped: str, codes: Codes | None = None) -> Iterator[int]:
        """Places of verbs with something between them and an object that is wanted there."""
        if codes is not None:
            found = self._verbs.take(codes[:-1]) & table_of(BETWEEN_STARTS).take(codes[1:])
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
                three in self._threes for three in runs(heard, 3)
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
        before, after = beside_at(joined, at, -1), beside_at(joined, at, 1)
        return bool(self.pictured(joined[at], before[::-1], after))

    def spelled_at(self, folded: str, codes: Codes | None = None) -> Iterator[int]:
        """Places of words in Latin letters that spell wanted syllables, or stand for initials."""
        known, singles, said, reach = self._worth, list[int](), "", -GAP - 1
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
                said = said if start - reach <= GAP else ""
                if self.is_spelled(folded, start, end, found, said):
                    yield start
                said, reach = "" if found == _AS_INITIALS else (said + found)[-2:], end
        for word, places in _runs_of_letters(folded, singles):
            found = self._keep(word) if len(word) > 1 else ""
            if found and self.is_spelled(folded, places[0], places[-1] + 1, found):
                yield places[0]

    def is_spelled(self, folded: str, start: int, end: int, found: str, said: str = "") -> bool:
        """Whether syllables are wanted beside what stands around, or initials where they are.

        Or a character that the word means. ``said`` are the syllables of words in Latin letters
        right before.
        """
        if folded[start:end] in ENGLISH and self.translated(folded, start, end):
            return True
        if found == _AS_INITIALS:
            word = "".join(_TOKEN.findall(folded, start, end))
            if self.is_acronym(word):
                return bool(han_before(folded, start) or han_after(folded, end))
            before, after = han_beside(folded, start, -1), han_beside(folded, end - 1, 1)
            return bool(before or after) and self._is_initial(sound(before), word, sound(after))
        left, right = han_before(folded, start), han_after(folded, end)
        if not (left or right or said or len(found) > 1):
            return False
        if left[-1:] + found[0] in self._mixed or found[-1] + right[:1] in self._mixed:
            return True
        # Of two characters the one that is kept must be the right one, as mixed has told.
        # One that only sounds so may do as well, in an offer.
        near = sound(left[-1:]) + found + sound(right[:1]) if left else said[-1:] + found
        wide = said[len(left) - 2 :] if len(left) < 2 else ""
        wide += sound(left) + found + sound(right)
        return any(pair in self._sounds for pair in runs(near, 2)) or any(
            three in self._sounds for three in runs(wide, 3)
        )

    def is_acronym(self, word: str) -> bool:
        """Whether a word is the initials of all of a term, and long enough to say so by itself."""
        return len(word) >= _LEAST_ACRONYM and word in self._acronyms

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
        """The syllables of a word that may be wanted, or that it may mean characters otherwise.

        Empty where it is not worth a look.
        """
        if word in self._acronyms:
            return _AS_INITIALS
        if len(word) == 1:
            return _AS_INITIALS if self._initials else ""
        syllables = spelled(word) if self._sounds or self._mixed else ""
        if not syllables and STRETCHED.search(word):
            syllables = next((found for _, _, found in disguises(word)), "")
        known = word in self._letters or word in ENGLISH
        return syllables or (_AS_INITIALS if known else "")


_NONE: frozenset[str] = frozenset()
_MOST_WORDS = 1 << 15
_MOST_TRIED = 64  # characters that a sign may stand for
_MASKS = "*□■※"
_MASK = re.compile(f"(?<=[㐀-鿿])[{re.escape(_MASKS)}](?=[㐀-鿿])")
_AS_INITIALS = "initials"
_LEAST_ACRONYM = 4  # initials of a whole term, which say enough with something else beside them
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
    between = folded[last + 1 : start]
    return len(between) <= GAP and JOINT not in between and not any(map(str.isalnum, between))


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
    table[list(map(ord, PUT_IN))] = _ALONE
    table[[ord(char) for char in OPEN if char != "\\"]] = _OPENS
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
