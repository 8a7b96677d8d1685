"""What the searches for the kinds of contact share: their result, and numerals read as digits."""

import re
from typing import NamedTuple

from processors.text.match import Outcome

# Bynames that are digits and nothing else, one character each, so that offsets stay.
_NUMERALS = {
    "0": "〇零洞⓿○",
    "1": "一壹弌幺妖㈠❶➀➊⓵〡⚀",
    "2": "二贰貳两兩弍❷➁➋⓶〢⚁",
    "3": "三叁參弎❸➂➌⓷〣⚂",
    "4": "四肆❹➃➍⓸〤⚃",
    "5": "五伍❺➄➎⓹〥⚄",
    "6": "六陆陸❻➅➏⓺〦⚅",
    "7": "七柒拐❼➆➐⓻〧",
    "8": "八捌❽➇➑⓼〨",
    "9": "九玖氿勾❾➈➒⓽〩",
}
NUMERAL = "".join(_NUMERALS.values())
DIGIT_OF = str.maketrans({char: digit for digit, chars in _NUMERALS.items() for char in chars})
_SOME_NUMERALS = re.compile(
    rf"[{NUMERAL}](?:[\W_]{{0,2}}[{NUMERAL}\d]){{3}}|\d[\W_]?[{NUMERAL}]|幺[{NUMERAL}]{{2}}"
    rf"|[a-z][{NUMERAL}]{{2}}|[{NUMERAL}]{{2}}[a-z]"
)


class Contact(NamedTuple):
    """A contact in the folded form."""

    start: int
    end: int
    name: str
    outcome: Outcome = Outcome.REJECT
    technique: str | None = None  # None: as the original shows


def with_digits(folded: str) -> str:
    """The text with numerals read as digits, where it has a run of them; offsets stay."""
    return folded.translate(DIGIT_OF) if _SOME_NUMERALS.search(folded) else folded


def split_words(words: str) -> tuple[str, ...]:
    """Words with blanks between; a blank that belongs to a word is written ``_``."""
    return tuple(word.replace("_", " ") for word in words.split())
