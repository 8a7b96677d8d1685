"""What stands around a hit: borders, separators, the segment it is in."""

import re

from processors.text.fold import strip
from processors.text.scan import Anchor
from processors.text.views import STRIPPED

# Separators as honest writing uses them. Anything else between two letters of a term (an
# asterisk, a pipe of emoji) is there to hide it.
_ORDINARY = frozenset(",.;:!?，。；：！？、·•・-—–/&()（）[]【】「」『』《》“”‘’…~～+@|｜丨")
_LONGEST_GAP = 3
_FACE = re.compile(r"\([^\w()\s]{2,8}\)")
"""A face drawn in brackets, such as (*^▽^*), is one sign."""
_EDGE = re.compile(r"[\W_]*\Z")


def is_ordinary(char: str) -> bool:
    """Whether a separator is one of honest writing."""
    return char in _ORDINARY or char.isspace()


def is_latin(char: str) -> bool:
    """Whether a folded character belongs to a word of Latin letters."""
    return "a" <= char <= "z" or ("ß" <= char <= "ɏ" and char.isalpha())


def is_bordered(folded: str, start: int, end: int) -> bool:
    """Whether no word goes on at either end of the span, in whatever script."""
    before = folded[start - 1] if start else " "
    after = folded[end] if end < len(folded) else " "
    return not before.isalnum() and not after.isalnum()


def cuts_latin(folded: str, start: int, end: int) -> bool:
    """Whether the span cuts a word of Latin letters in two; digits may touch."""
    if start and is_latin(folded[start]) and is_latin(folded[start - 1]):
        return True
    return end < len(folded) and is_latin(folded[end - 1]) and is_latin(folded[end])


def is_spaced_on_purpose(folded: str, anchor: Anchor) -> bool:
    """Whether a stripped hit is one written with separators, not one that strides two words.

    So it is when every letter of it is spaced from the next, or when the separators inside are
    none of honest writing. Two letters with an ordinary separator between them say nothing, unless
    their neighbours are spaced as well: 中国 is not in 集中 国家, but in 中 国.
    """
    letters, gaps, odd, gap = 0, 0, True, 0
    for char in _FACE.sub("*", folded[anchor.start : anchor.end]):
        if char.isalnum():
            letters += 1
            gaps += gap > 0
            gap = 0
            continue
        gap += 1
        odd = odd and not is_ordinary(char)
        if gap > _LONGEST_GAP:
            return False
    if not gaps or odd:
        return True
    if gaps < letters - 1:
        return False
    return letters > 2 or is_bordered(folded, anchor.start, anchor.end)


def is_whole(folded: str, start: int, end: int) -> bool:
    """Whether the span is all that the text holds but separators (64 at most at either end)."""
    return (
        start <= 64
        and len(folded) - end <= 64
        and not any(char.isalnum() for char in folded[:start])
        and _EDGE.match(folded, end) is not None
    )


def segment(folded: str, anchor: Anchor, reach: int) -> tuple[int, int]:
    """The run of letters and digits around a hit, at most ``reach`` longer at either end.

    A hit that was found in spite of separators is in a run that has them as well.
    """
    gap = _LONGEST_GAP if anchor.view == STRIPPED else 0
    first, last = anchor.start, anchor.end
    low, high = max(0, first - reach * (gap + 1)), min(len(folded), last + reach * (gap + 1))
    taken, at = 0, first - 1
    while at >= low and first - at <= gap + 1 and taken < reach:
        if folded[at].isalnum():
            first, taken = at, taken + 1
        at -= 1
    taken, at = 0, last
    while at < high and at - last <= gap and taken < reach:
        if folded[at].isalnum():
            last, taken = at + 1, taken + 1
        at += 1
    return first, last


def before(folded: str, anchor: Anchor, reach: int) -> str:
    """The last ``reach`` characters before a hit, stripped where the hit is."""
    if anchor.view != STRIPPED:
        return folded[max(0, anchor.start - reach) : anchor.start]
    return strip(folded[max(0, anchor.start - reach * (_LONGEST_GAP + 1)) : anchor.start])[-reach:]


def after(folded: str, anchor: Anchor, reach: int) -> str:
    """The first ``reach`` characters after a hit, stripped where the hit is."""
    if anchor.view != STRIPPED:
        return folded[anchor.end : anchor.end + reach]
    return strip(folded[anchor.end : anchor.end + reach * (_LONGEST_GAP + 1)])[:reach]
