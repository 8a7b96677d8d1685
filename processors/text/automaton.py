"""The search for many terms at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import daachorse


class Hit(NamedTuple):
    """A term in a view of the joined texts, and the detectors that asked for it."""

    start: int
    end: int
    term: str
    owners: tuple[int, ...]


class Automaton:
    """Finds many terms at once, and says which detectors asked for each."""

    def __init__(self, wanted: Iterable[Iterable[str]]) -> None:
        owners: dict[str, list[int]] = {}
        for index, terms in enumerate(wanted):
            for term in dict.fromkeys(terms):
                if term:
                    owners.setdefault(term, []).append(index)
        self._terms = list(owners)
        self._owners = [tuple(indexes) for indexes in owners.values()]
        self._search = (
            daachorse.CharwiseDoubleArrayAhoCorasick(self._terms) if self._terms else None
        )

    def __bool__(self) -> bool:
        return self._search is not None

    def find(self, joined: str) -> Iterator[Hit]:
        """Every hit, overlapping ones too."""
        if self._search is not None:
            terms, owners = self._terms, self._owners
            for start, end, index in self._search.find_overlapping(joined):
                yield Hit(start, end, terms[index], owners[index])

    def find_heard(
        self, joined: str, stripped: str, hears: Sequence[Callable[[str, str, int, int], bool]]
    ) -> Iterator[Hit]:
        """Hits in a view by sound that the detectors they are of take to be worth one, by owner.

        The views by sound are as long as the stripped form, or twice so with a joint between.
        """
        if self._search is None:
            return
        terms, owners, again = self._terms, self._owners, len(stripped) + 1
        for first, last, index in self._search.find_overlapping(joined):
            back = again if first >= again else 0
            start, end, term = first - back, last - back, terms[index]
            asking = [owner for owner in owners[index] if hears[owner](term, stripped, start, end)]
            if asking:
                yield Hit(start, end, term, tuple(asking))
