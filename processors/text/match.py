"""What a search of a text returns."""

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """How sure a match is, mildest first."""

    ACCEPT = "accept"  # found, but what stands around it makes it harmless
    REVIEW = "review"  # found, a person should look
    REJECT = "reject"  # found, and nothing speaks for it


class Match(NamedTuple):
    """One thing found in a text.

    ``start`` and ``end`` are code points of the original text, ``end`` excluded. ``entry`` is the
    lexicon entry, or the name of a pattern where the matched text may be personal (``phone``).
    """

    entry: str
    tag: str
    kind: str  # "contact", "lexicon", "protected" or "claim"
    view: str  # "folded" or "stripped": the form of the text in which it was found
    technique: str  # how the text showed or hid it: plain, case, width, invisible, separator, ...
    outcome: Outcome
    start: int
    end: int
