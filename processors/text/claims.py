"""Search for claims: titles and occupations, and words that promise too much.

张医生 claims to be a doctor; 医生的女儿, 想当医生 and 律师函 claim nothing. The outcome is
``accept`` where the surroundings cancel the claim, ``reject`` where it stands in a short phrase of
its own, as names and badges are written, and ``review`` inside running text.
"""

from collections.abc import Sequence
from functools import cache

from processors.packs import shipped_pack
from processors.text import grammar
from processors.text.context import after, before, segment
from processors.text.entry import BadLine, read_entries
from processors.text.lexicon import TermDetector
from processors.text.match import Match, Outcome
from processors.text.scan import Anchor, Text
from processors.text.words import divides, is_han, words_around

_REACH = 12
_PHRASE = 8  # letters beside the term in a phrase that still is about nothing else


class Claims(TermDetector):
    """Finds claims of the given terms. ``Claims(entries).find(texts)``, as for a lexicon."""

    def confirm(self, text: Text, anchors: Sequence[Anchor]) -> list[Match]:
        """Claims with the outcome their surroundings give them."""
        return [
            Match(
                entry.term,
                entry.tag,
                "claim",
                anchor.view,
                text.technique(anchor),
                _outcome(text.folded, anchor),
                *text.span(anchor.start, anchor.end),
            )
            for anchor, entry in self.hits(text, anchors)
            if not _is_cut(text, anchor)
        ]


def _is_cut(text: Text, anchor: Anchor) -> bool:
    """Whether the end of the term begins another word: 研究|员工."""
    start, end = text.stripped_span(anchor.start, anchor.end)
    shown, follows = text.stripped[start:end], text.stripped[end : end + _REACH]
    if not is_han(shown[-1]) or not is_han(follows[:1] or " "):
        return False
    precedes = text.stripped[max(0, start - _REACH) : start]
    words = words_around(text.stripped, start, end)
    return divides(precedes, shown, follows) >= 0 and any(
        first < end < last and first > start for first, last in words
    )


def _outcome(folded: str, anchor: Anchor) -> Outcome:
    precedes, follows = before(folded, anchor, _REACH), after(folded, anchor, _REACH)
    if grammar.CANCELLED_AFTER.match(follows) or grammar.CANCELLED_BEFORE.search(precedes):
        return Outcome.ACCEPT
    if grammar.SELF_BEFORE.search(precedes):
        return Outcome.REJECT
    first, last = segment(folded, anchor, _PHRASE + 1)
    beside = (anchor.start - first) + (last - anchor.end)
    return Outcome.REJECT if beside <= _PHRASE else Outcome.REVIEW


@cache
def _occupations() -> Claims:
    lines = read_entries(shipped_pack()["lexicons/occupations.tsv"])
    return Claims(line[1] for line in lines if not isinstance(line, BadLine))


def find_claims(texts: Sequence[str]) -> list[tuple[Match, ...]]:
    """Per text the titles and occupations it claims, by the list of the shipped pack."""
    return _occupations().find(texts)
