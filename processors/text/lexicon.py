"""Search for the entries of a lexicon."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from processors.text.context import cuts_latin, is_bordered, is_spaced_on_purpose
from processors.text.entry import Entry
from processors.text.fold import fold, strip
from processors.text.match import Match, Outcome
from processors.text.scan import FOLDED, Anchor, Scanner, Text

_LEAST = 2  # a single character would be found everywhere


class Terms:
    """Entries by their folded and by their stripped form.

    Where two entries fold to the same form the first one given stays.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.folded: dict[str, Entry] = {}
        self.stripped: dict[str, Entry] = {}
        self.loose: set[str] = set()  # stripped forms of entries with separators of their own
        for entry in entries:
            folded = fold(entry.term).strip()
            stripped = strip(folded)
            if len(stripped) >= _LEAST:
                self.folded.setdefault(folded, entry)
                self.stripped.setdefault(stripped, entry)
                if folded != stripped:
                    self.loose.add(stripped)

    def entry(self, anchor: Anchor) -> Entry:
        """The entry an anchor stands for."""
        forms = self.folded if anchor.view == FOLDED else self.stripped
        return forms[anchor.term]

    def counts(self, folded: str, anchor: Anchor) -> bool:
        """Whether an anchor is a hit at all: no word cut in two, no stride over two words."""
        if cuts_latin(folded, anchor.start, anchor.end):
            return False
        return (
            anchor.view == FOLDED
            or anchor.term in self.loose
            or is_spaced_on_purpose(folded, anchor)
        )


def uncovered(hits: Sequence[tuple[Anchor, Entry]]) -> Iterator[tuple[Anchor, Entry]]:
    """Of hits in order of start, longest first, those inside no longer one, without allow entries.

    So 中华人民共和国教育部 is found once, and an allow entry such as 中国际 clears the 中国 in it.
    """
    reach = -1
    for anchor, entry in hits:
        if anchor.end <= reach:
            continue
        reach = anchor.end
        if not entry.allow:
            yield anchor, entry


class TermDetector:
    """Base of the detectors that look for terms."""

    prefilter: re.Pattern[str] | None = None

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.terms = Terms(entries)
        self.folded_terms: Iterable[str] = self.terms.folded.keys()
        self.stripped_terms: Iterable[str] = self.terms.stripped.keys()

    @cached_property
    def _scanner(self) -> Scanner:
        return Scanner([self])

    def find(self, texts: Sequence[str]) -> list[tuple[Match, ...]]:
        """Per text its matches in order of span; the same for a text alone and in a batch."""
        return [tuple(match for _, match in found) for found in self._scanner.find(texts)]

    def hits(self, text: Text, anchors: Sequence[Anchor]) -> Iterator[tuple[Anchor, Entry]]:
        """The anchors that are hits, each with its entry, none inside another."""
        return uncovered(
            [
                (anchor, self.terms.entry(anchor))
                for anchor in anchors
                if self.terms.counts(text.folded, anchor)
            ]
        )

    def confirm(self, text: Text, anchors: Sequence[Anchor]) -> list[Match]:
        """Matches of a text, given its anchors in order of start."""
        raise NotImplementedError

    def tags_in(self, value: str) -> frozenset[str]:
        """Tags of all terms in the words of a proof, whatever stands around them.

        A rank below what the term says does not count: 副教授 proves no 教授.
        """
        folded = fold(value)
        tags = set()
        for term, entry in self.terms.folded.items():
            at = folded.find(term)
            while at >= 0:
                if not folded[:at].endswith(_LOWER_RANKS):
                    tags.add(entry.tag)
                    break
                at = folded.find(term, at + 1)
        return frozenset(tags)


_LOWER_RANKS = ("副", "助理", "见习", "实习", "准")


class Lexicon(TermDetector):
    """Finds the entries of a lexicon, however they are written.

    ``Lexicon(entries).find(texts)`` returns for each text its matches, in order of span. Entries
    with ``word`` count only where no word goes on at either end; a Latin entry never counts inside
    a longer Latin word.
    """

    def confirm(self, text: Text, anchors: Sequence[Anchor]) -> list[Match]:
        """Every hit, with outcome ``reject``."""
        return [
            Match(
                entry.term,
                entry.tag,
                "lexicon",
                anchor.view,
                text.technique(anchor),
                Outcome.REJECT,
                *text.span(anchor.start, anchor.end),
            )
            for anchor, entry in self.hits(text, anchors)
            if not entry.word or is_bordered(text.folded, anchor.start, anchor.end)
        ]
