"""Search of a whole batch at once.

The texts are folded joined together, and two automata run over the joined forms: one over the
folded form, one over the stripped form, in which nothing stands between letters. What they hit are
only anchors; the detector that asked for the anchor confirms it, looking at what stands around.
Texts without an anchor cost nothing more.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple, Protocol

import daachorse

from processors.text.fold import (
    JOINT,
    RULES,
    UNKNOWN,
    codes_of,
    fold,
    fold_codes,
    kept,
    origins,
    strip,
    strip_codes,
    text_of,
)
from processors.text.match import Match

FOLDED = "folded"
STRIPPED = "stripped"


_RULES_BY_WEIGHT = (
    *("invisible", "confusable", "enclosed", "radical", "traditional", "digit"),
    *("mark", "width", "case"),
)
"""Rules of folding, that which hides most first; a text is named after the first that was used."""

_FEW = 400
"""Characters up to which the way without arrays is quicker."""


class Anchor(NamedTuple):
    """A term found in a view. ``start`` and ``end`` are in the folded form, for either view."""

    view: str
    term: str
    start: int
    end: int


class Text:
    """One text in its forms, with the way back from the folded form to the original."""

    def __init__(self, original: str, folded: str) -> None:
        self.original = original
        self.folded = folded

    @cached_property
    def _origins(self) -> list[int]:
        return origins(self.original)

    @cached_property
    def kept(self) -> list[int]:
        """For every character of the stripped form its index in the folded form."""
        return kept(self.folded)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Span of the original that a span of the folded form came from."""
        return self._origins[start], self._origins[end - 1] + 1

    def technique(self, anchor: Anchor) -> str:
        """How the original shows or hides what was found: ``plain`` when it does not hide it."""
        if anchor.view == STRIPPED:
            return "separator"
        start, end = self.span(anchor.start, anchor.end)
        used = {RULES.get(ord(char)) for char in self.original[start:end]}
        return next((rule for rule in _RULES_BY_WEIGHT if rule in used), "plain")


class Detector(Protocol):
    """What the scanner needs of a detector."""

    @property
    def folded_terms(self) -> Iterable[str]:
        """Terms to look for in the folded form."""

    @property
    def stripped_terms(self) -> Iterable[str]:
        """Terms to look for in the stripped form."""

    @property
    def prefilter(self) -> re.Pattern[str] | None:
        """Pattern that makes a text worth a look without an anchor; must not match ``JOINT``."""

    def confirm(self, text: Text, anchors: Sequence[Anchor]) -> list[Match]:
        """Matches of a text, given its anchors in order of start; linear in both."""


class _Automaton:
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

    def find(self, joined: str) -> Iterable[tuple[int, int, str, tuple[int, ...]]]:
        """Start, end, term and owners of every hit, overlapping ones too."""
        if self._search is None:
            return
        for start, end, index in self._search.find_overlapping(joined):
            yield start, end, self._terms[index], self._owners[index]


class Scanner:
    """Runs any number of detectors over a batch in one go."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = tuple(detectors)
        self._folded = _Automaton(detector.folded_terms for detector in detectors)
        self._stripped = _Automaton(detector.stripped_terms for detector in detectors)

    def find(self, texts: Sequence[str]) -> list[tuple[tuple[int, Match], ...]]:
        """Per text, the index of the detector and the match, in the order of detector and span.

        A text gets the same answer whatever else is in the batch.
        """
        folded, stripped = _forms(_join(texts))
        anchors = self._anchors(folded, stripped)
        if not anchors:
            return [()] * len(texts)
        found: list[tuple[tuple[int, Match], ...]] = [()] * len(texts)
        parts = folded.split(JOINT)
        for index, by_detector in anchors.items():
            text = Text(texts[index], parts[index])
            found[index] = tuple(
                (owner, match)
                for owner in sorted(by_detector)
                for match in self._confirm(owner, text, by_detector[owner])
            )
        return found

    def _confirm(
        self, owner: int, text: Text, hits: list[tuple[str, str, int, int]]
    ) -> list[Match]:
        anchors = [Anchor(*hit) for hit in hits if hit[0] == FOLDED]
        seen = {(anchor.start, anchor.end) for anchor in anchors}
        for view, term, start, end in hits[len(anchors) :]:  # the folded hits come first
            first, last = text.kept[start], text.kept[end - 1] + 1
            if (first, last) not in seen:
                anchors.append(Anchor(view, term, first, last))
        anchors.sort(key=lambda anchor: (anchor.start, -anchor.end))
        return sorted(self._detectors[owner].confirm(text, anchors), key=_span)

    def _anchors(
        self, folded: str, stripped: str
    ) -> dict[int, defaultdict[int, list[tuple[str, str, int, int]]]]:
        """Per text and detector the hits of both views, with offsets inside the text."""
        anchors: dict[int, defaultdict[int, list[tuple[str, str, int, int]]]] = {}
        for view, automaton, joined in (
            (FOLDED, self._folded, folded),
            (STRIPPED, self._stripped, stripped),
        ):
            starts: list[int] = []
            for start, end, term, owners in automaton.find(joined):
                starts = starts or _starts(joined)
                index = bisect_right(starts, start) - 1
                by_detector = anchors.setdefault(index, defaultdict(list))
                offset = starts[index]
                for owner in owners:
                    by_detector[owner].append((view, term, start - offset, end - offset))
        starts = []
        for owner, detector in enumerate(self._detectors):
            if detector.prefilter is None:
                continue
            for hit in detector.prefilter.finditer(folded):
                starts = starts or _starts(folded)
                index = bisect_right(starts, hit.start()) - 1
                anchors.setdefault(index, defaultdict(list)).setdefault(owner, [])
        return anchors


def _span(match: Match) -> tuple[int, int]:
    return match.start, match.end


def _forms(joined: str) -> tuple[str, str]:
    """The folded and the stripped form; short texts go the way without arrays, to the same end."""
    if len(joined) <= _FEW:
        folded = fold(joined)
        return folded, strip(folded)
    codes = fold_codes(codes_of(joined))
    return text_of(codes), text_of(strip_codes(codes))


def _join(texts: Sequence[str]) -> str:
    joined = JOINT.join(texts)
    if joined.count(JOINT) >= len(texts) > 0:
        return JOINT.join(text.replace(JOINT, UNKNOWN) for text in texts)
    return joined


def _starts(joined: str) -> list[int]:
    return list(accumulate((len(part) + 1 for part in joined.split(JOINT)[:-1]), initial=0))
