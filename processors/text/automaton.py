"""The search for many terms at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from operator import add, itemgetter
from typing import NamedTuple, Protocol

import daachorse
import numpy as np

from processors.text.fold import Codes, text_of
from processors.text.heads import Heads
from processors.text.words import LEAST_GAIN, pair_gain, pair_gains

Hears = Callable[[str, str, int, int, float], bool]
"""Whether a term, found by sound in a span of the stripped form, is worth a look: of two
characters with what a term would gain there (`pair_gain`)."""


_PAIR = 2


class Hit(NamedTuple):
    """A term in a view of the joined texts, and the detectors that asked for it."""

    start: int
    end: int
    term: str
    owners: tuple[int, ...]


class Search(Protocol):
    """What finds many terms in a text."""

    def find_overlapping(self, haystack: str) -> list[tuple[int, int, int]]:
        """Starts, ends and numbers of the terms, in order of their ends."""


class Lookup:
    """Looks up what stands at each place of a text, for terms of two characters and more.

    It is built in a fraction of the time that an automaton takes, and slower to search: it suits
    terms of which few begin alike, and what is searched in few texts.
    """

    def __init__(self, terms: Sequence[str]) -> None:
        self._numbers = {term: number for number, term in enumerate(terms)}
        self._lengths: dict[str, list[int]] = {}  # of the terms that begin with two characters
        for begin in {f"{term[:_PAIR]}{chr(len(term))}" for term in terms}:
            self._lengths.setdefault(begin[:_PAIR], []).append(ord(begin[_PAIR]))

    def find_overlapping(self, haystack: str) -> list[tuple[int, int, int]]:
        """As `Search`."""
        numbers, lengths = self._numbers, self._lengths
        pairs = enumerate(map(add, haystack, haystack[1:]))
        places = [(at, pair) for at, pair in pairs if pair in lengths]
        found = [
            (at, at + length, numbers[haystack[at : at + length]])
            for at, pair in places
            for length in lengths[pair]
            if haystack[at : at + length] in numbers
        ]
        found.sort(key=itemgetter(1))
        return found


class Automaton:
    """Finds many terms at once, and says which detectors asked for each.

    A long text is given as its code points besides: then the ``search``, which is large and slow
    to walk, sees only the stretches in which a term may begin.
    """

    def __init__(
        self,
        wanted: Iterable[Iterable[str]],
        search: Callable[[list[str]], Search] = daachorse.CharwiseDoubleArrayAhoCorasick,
    ) -> None:
        owners = _owners_of(wanted)
        self._terms = list(owners)
        self._owners = list(owners.values())
        self._search = search(self._terms) if self._terms else None

    @cached_property
    def _heads(self) -> Heads:
        return Heads(self._terms)

    def __bool__(self) -> bool:
        return self._search is not None

    def find(self, joined: str | Codes) -> Iterator[Hit]:
        """Every hit, overlapping ones too."""
        terms, owners = self._terms, self._owners
        for start, end, index in self._found(joined):
            yield Hit(start, end, terms[index], owners[index])

    def find_heard(
        self, joined: str | Codes, stripped: str, hears: Sequence[Hears]
    ) -> Iterator[Hit]:
        """Hits in a view by sound that the detectors they are of take to be worth one, by owner.

        The view is as long as the stripped form, or a few times that with joints.
        """
        again = len(stripped) + 1
        for first, last, term, owners in self.find(joined):
            start = first % again
            asking = _asking(hears, owners, term, stripped, start, start + last - first)
            if asking:
                yield Hit(start, start + last - first, term, asking)

    def _found(self, joined: str | Codes) -> Iterable[tuple[int, int, int]]:
        """Starts, ends and numbers of the terms, in order of their ends."""
        if self._search is None:
            return ()
        if isinstance(joined, str):
            return self._search.find_overlapping(joined)
        places, stretches = self._heads.stretches(joined)
        return (
            (int(places[start]), int(places[start]) + end - start, index)
            for start, end, index in self._search.find_overlapping(text_of(stretches))
        )


class Pairs:
    """As an `Automaton`, for terms of two characters in views by sound.

    They are met everywhere: only those are looked up at which a term would gain enough.
    """

    def __init__(self, wanted: Iterable[Iterable[str]]) -> None:
        self._owners = _owners_of(wanted)

    @cached_property
    def _heads(self) -> Heads:
        return Heads(list(self._owners))

    def __bool__(self) -> bool:
        return bool(self._owners)

    def find_heard(
        self, joined: str | Codes, stripped: str | Codes, text: str, hears: Sequence[Hears]
    ) -> Iterator[Hit]:
        """As `Automaton.find_heard`; ``text`` is the stripped form, if that is given as codes."""
        for start, term, gain in self._found(joined, stripped, text):
            asking = _asking(hears, self._owners[term], term, text, start, start + _PAIR, gain)
            if asking:
                yield Hit(start, start + _PAIR, term, asking)

    def _found(
        self, joined: str | Codes, stripped: str | Codes, text: str
    ) -> Iterator[tuple[int, str, float]]:
        """Where terms are in the stripped form that gain enough there, with what they gain."""
        owners, again = self._owners, len(text) + 1
        if isinstance(joined, str) or isinstance(stripped, str):
            for at, term in enumerate(map(add, joined, joined[1:])):
                if term in owners:
                    gain = pair_gain(text, at % again)
                    if gain > LEAST_GAIN:
                        yield at % again, term, gain
            return
        begins = self._heads.begins(joined)
        begins = begins[begins < joined.size - 1]  # behind the last character stands none
        gains = pair_gains(stripped, begins % again)
        worth = gains > LEAST_GAIN
        begins = begins[worth]
        terms = text_of(joined[begins[:, np.newaxis] + (0, 1)].ravel())
        for at, (place, gain) in enumerate(
            zip(begins.tolist(), gains[worth].tolist(), strict=True)
        ):
            term = terms[_PAIR * at : _PAIR * at + _PAIR]
            if term in owners:
                yield place % again, term, gain


def _owners_of(wanted: Iterable[Iterable[str]]) -> dict[str, tuple[int, ...]]:
    """By term which of those who want some want it."""
    owners: dict[str, tuple[int, ...]] = {}
    for index, terms in enumerate(wanted):
        asked: dict[str, tuple[int, ...]] = dict.fromkeys(terms, (index,))
        if not owners:
            owners = asked
            continue
        both = {term: (*owners[term], index) for term in owners.keys() & asked.keys()}
        owners.update(asked)
        owners.update(both)
    owners.pop("", None)
    return owners


def _asking(
    hears: Sequence[Hears],
    owners: Sequence[int],
    term: str,
    stripped: str,
    start: int,
    end: int,
    gain: float = 0.0,
) -> tuple[int, ...]:
    """Which of the owners of a term take it to be worth a look where it was found."""
    return tuple([owner for owner in owners if hears[owner](term, stripped, start, end, gain)])
