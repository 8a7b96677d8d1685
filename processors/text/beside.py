"""What stands beside a place of a text.

Separators and what is invisible do not part neighbours; a digit by itself is a numeral.
"""

import re
from collections.abc import Iterator

from processors.text.fold import JOINT, fold
from processors.text.words import is_han

LONE_DIGIT = re.compile("(?<![0-9a-z])[0-9](?![0-9])")
"""A digit by itself that is no tone behind a syllable."""
AS_NUMERALS = str.maketrans("0123456789", "零一二三四五六七八九")
"""What digits are read as."""
GAP = 3  # separators that may stand between two syllables
_BOTH = 2


def beside_at(joined: str, at: int, step: int) -> str:
    """Up to two characters beside a place in one direction, the nearer first, folded.

    What is invisible is none.
    """
    found, gap = "", 0
    while len(found) < _BOTH and gap < GAP:
        at += step
        char = fold(joined[at]) if 0 <= at < len(joined) else JOINT
        if char:
            found, gap = found + char[::step], 0
        else:
            gap += 1
    return found[:_BOTH]


def han_beside(folded: str, at: int, step: int) -> str:
    """The Han character right beside a place in one direction, or nothing."""
    char = folded[at + step : at + step + 1] if at + step >= 0 else ""
    return char if char and is_han(char) else ""


def han_before(folded: str, start: int) -> str:
    """Up to two Han characters before a place, each a separator or two away at most."""
    return "".join(reversed(list(_han_near(folded, start, -1))))


def han_after(folded: str, end: int) -> str:
    """As ``han_before``, after a place; and two digits right there, as in xingyun28."""
    if folded[end : end + 2].isdecimal() and end + 1 < len(folded):
        return folded[end : end + 2]
    return "".join(_han_near(folded, end - 1, 1))


def _han_near(folded: str, at: int, step: int) -> Iterator[str]:
    """Up to two Han characters beside a place in one direction; a digit by itself is a numeral."""
    found, gap = 0, 0
    while found < _BOTH and gap < GAP:
        at += step
        char = folded[at] if 0 <= at < len(folded) else JOINT
        numeral = LONE_DIGIT.match(folded, at) if char.isdigit() else None
        if char == JOINT or not (is_han(char) or numeral or not char.isalnum()):
            return
        if char.isalnum():
            found, gap = found + 1, 0
            yield char.translate(AS_NUMERALS)
        else:
            gap += 1
