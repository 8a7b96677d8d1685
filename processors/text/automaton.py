"""The search for many terms at once."""

from collections.abc import Iterable, Iterator
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
