"""The search for many terms at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from operator import add, itemgetter
from typing import NamedTuple, Protocol

import daachorse
import numpy as np
import numpy.typing as npt

from processors.text.fold import Codes, text_of
from processors.text.heads import Heads, Mask, Places
from processors.text.words import LEAST_GAIN, pair_gain

Hears = Callable[[str, str, int, int, float], bool]
"""Whether a term, found by sound in a span of the stripped form, is worth a look: of two
characters with what a term would gain there (`pair_gain`)."""


Gains = Callable[[Places], npt.NDArray[np.float64]]
"""``pair_gain`` for the two characters at many places at once."""


Worth = Callable[[Places], Mask]
"""Which of some places are worth a look."""


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
        self,
        joined: str | Codes,
        stripped: str,
        hears: Sequence[Hears],
        gains: Gains | None = None,
    ) -> Iterator[Hit]:
        """Hits in a view by sound that the detectors they are of take to be worth one, by owner.

        The views by sound are as long as the stripped form, or a few times that with joints.
        Two characters must let a term gain enough; ``gains`` are asked for where they are many.
        """
        terms, owners, again = self._terms, self._owners, len(stripped) + 1

        def worth(places: Places) -> Mask:
            assert gains is not None
            return gains(places % again) > LEAST_GAIN

        found = self._found(joined, worth if gains else None)
        gained: Sequence[float] = ()
        if gains:
            found = list(found)
            gained = gains(np.array([first % again for first, _, _ in found], np.intp)).tolist()
        for at, (first, last, index) in enumerate(found):
            back = first - first % again
            start, end, term, gain = first - back, last - back, terms[index], 0.0
            if end - start == _PAIR:
                gain = gained[at] if gains else pair_gain(stripped, start)
                if gain <= LEAST_GAIN:
                    continue
            asking = [
                owner for owner in owners[index] if hears[owner](term, stripped, start, end, gain)
            ]
            if asking:
                yield Hit(start, end, term, tuple(asking))

    def _found(
        self, joined: str | Codes, worth: Worth | None = None
    ) -> Iterable[tuple[int, int, int]]:
        """Starts, ends and numbers of the terms, in order of their ends.

        ``worth`` leaves out of a long text the places at which none is wanted.
        """
        if self._search is None:
            return ()
        if isinstance(joined, str):
            return self._search.find_overlapping(joined)
        places, stretches = self._heads.stretches(joined, worth)
        return (
            (int(places[start]), int(places[start]) + end - start, index)
            for start, end, index in self._search.find_overlapping(text_of(stretches))
        )
