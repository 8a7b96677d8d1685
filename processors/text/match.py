"""What a search of a text returns."""

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """How sure a match is, mildest first."""

    ACCEPT = "accept"  # found, but what stands around it makes it harmless
    REVIEW = "review"  # found, a person should look
    REJECT = "reject"  # found, and nothing speaks for it


HIDDEN = {
    "width": "in other forms of the characters",
    "mark": "with accents",
    "enclosed": "in enclosed letters",
    "digit": "in digits of another script",
    "radical": "in radicals",
    "traditional": "in traditional characters",
    "variant": "in variants of its characters",
    "confusable": "in look-alike letters",
    "invisible": "with invisible characters between",
    "separator": "with separators between",
    "numeral": "in numerals",
    "skeleton": "in signs, digits or numerals that stand for its characters",
    "homophone": "in characters that sound like it",
    "pinyin": "in Latin syllables",
    "bopomofo": "in bopomofo",
    "initials": "in initials",
    "similar": "with a character otherwise",
    "repeat": "with letters repeated",
    "split": "in parts of its characters",
    "reversed": "in an order that the screen turns around",
    "backwards": "backwards",
    "turned": "upside down",
    "drawn": "in characters drawn like its letters",
    "ornament": "with pictures between",
    "picture": "with pictures that stand for its characters",
    "signs": "in letters put together from signs",
    "spelled": "with its signs spelled out",
    "slang": "under a byname",
}
"""Techniques that hide what was found, in words that follow "written"; ``plain`` and ``case`` hide
nothing."""


class Match(NamedTuple):
    """One thing found in a text.

    ``start`` and ``end`` are code points of the original text, ``end`` excluded. ``entry`` is the
    lexicon entry, or the name of a pattern where the matched text may be personal (``phone``).
    """

    entry: str
    tag: str
    kind: str  # "contact", "lexicon", "protected" or "claim"
    view: str  # the form of the text in which it was found: "folded", "stripped", "sound", ...
    technique: str  # how the text showed or hid it: plain, case, width, invisible, separator, ...
    outcome: Outcome
    start: int
    end: int
    severity: int = 1  # of the entry, 1 to 4
