"""Gates: what of the anchors is a hit.

Taken by themselves the views find an entry in most honest texts. A gate looks at how the text
writes what was found and at what stands around, and asks whether anybody would read it so.
"""

from processors.text import readings
from processors.text.context import cuts_latin, is_bordered, is_latin, is_spaced_on_purpose
from processors.text.fold import RULES
from processors.text.scan import Anchor, Text
from processors.text.views import NUMERALS
from processors.text.words import cut_ends, is_han, words_around

_SHORT = 3  # an entry of so many characters may come about where two words meet
_LEAST_LEET = 4
_LEAST_BROKEN = 6  # so long a Latin term is meant with one sign in it: cas-ino
_LEAST_FOREIGN = 5
_ALPHABETS = (  # in which words are written; what looks Latin in them is no disguise
    frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯІЇЄҐ"),
    frozenset("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΆΈΉΊΌΎΏ"),
)


def stands(text: Text, anchor: Anchor) -> bool:
    """Whether what was found in the folded form begins and ends as a word may."""
    folded, start, end = text.folded, anchor.start, anchor.end
    return not cuts_latin(folded, start, end) and not _is_foreign_word(text, start, end)


def _is_foreign_word(text: Text, start: int, end: int) -> bool:
    """Whether a short Latin term is a word of another script that only looks like it: ВЕТ, вет."""
    if end - start >= _LEAST_FOREIGN or not is_latin(text.folded[start]):
        return False
    first, last = text.span(start, end)
    shown = [c for c in text.original[first:last] if RULES.get(ord(c)) != "invisible"]
    return any(all(char in letters for char in shown) for letters in _ALPHABETS)


def is_apart(text: Text, anchor: Anchor) -> bool:
    """Whether a short term of Han characters is not where two other words meet."""
    start, end = text.stripped_span(anchor.start, anchor.end)
    shown = text.stripped[start:end]
    if len(shown) > _SHORT + 1 or not all(map(is_han, shown)):
        return True
    ends = 1 if len(shown) <= _SHORT else 2
    return cut_ends(text.stripped, start, end) < ends


def is_spaced(text: Text, anchor: Anchor) -> bool:
    """Whether a term with separators between is written so to hide it."""
    folded, start, end = text.folded, anchor.start, anchor.end
    if is_spaced_on_purpose(folded, anchor):
        return not goes_on(folded, start, end)
    shown = folded[start:end]
    return (
        len(anchor.term) >= _LEAST_BROKEN
        and anchor.term.isascii()
        and len(shown) == len(anchor.term) + 1
        and not any(char.isspace() for char in shown)
        and is_bordered(folded, start, end)
    )


def goes_on(folded: str, start: int, end: int) -> bool:
    """Whether a word that is spaced letter by letter goes on beyond a span: b e t t e r."""
    before = start > 1 and not folded[start - 1].isalnum() and folded[start - 2]
    after = end + 1 < len(folded) and not folded[end].isalnum() and folded[end + 1]
    return bool(
        (before and _alike(before, folded[start]) and not folded[max(0, start - 3)].isalnum())
        or (after and _alike(after, folded[end - 1]) and not folded[end + 2 : end + 3].isalnum())
    )


def _alike(char: str, other: str) -> bool:
    return is_latin(char) and is_latin(other)


# --- Skeleton --------------------------------------------------------------------------------


def looks_alike(text: Text, anchor: Anchor, form: str) -> bool:
    """Whether what has the skeleton of a term is written for it."""
    folded, start, end = text.folded, anchor.start, anchor.end
    shown = folded[start:end]
    if not any(map(str.isascii, form)) or any(map(is_han, form)):
        return _is_numeral(text, anchor, form)
    letters = sum(map(str.isalpha, shown))
    signs = len(shown) - letters
    same = equal(shown, form) if len(shown) == len(form) else 0
    if len(form) < _LEAST_LEET or 2 * max(letters, same) < len(shown):
        return False
    if is_bordered(folded, start, end) or not signs:
        return True
    return not _touches(folded, start, end)


def _touches(folded: str, start: int, end: int) -> bool:
    around = folded[start - 1 : start] + folded[end : end + 1]
    return any(char.isalnum() and not is_han(char) for char in around)


def _is_numeral(text: Text, anchor: Anchor, form: str) -> bool:
    """Whether a term with numerals is written with other ones: 6合彩."""
    start, end = text.stripped_span(anchor.start, anchor.end)
    shown = text.stripped[start:end]
    if len(shown) != len(form) or len(form) < _SHORT:
        return False
    changed = [pair for pair in zip(shown, form, strict=True) if pair[0] != pair[1]]
    if not all(_is_count(a) and _is_count(b) for a, b in changed):
        return False
    before, after = text.stripped[start - 1 : start], text.stripped[end : end + 1]
    return not (
        (shown[0].isdigit() and before.isdigit()) or (shown[-1].isdigit() and after.isdigit())
    )


def _is_count(char: str) -> bool:
    return char.isdigit() or char in NUMERALS


# --- Sound -----------------------------------------------------------------------------------


def equal(shown: str, form: str) -> int:
    """How many characters are those of the form."""
    return sum(a == b for a, b in zip(shown, form, strict=False))


def may_sound(shown: str, form: str) -> bool:
    """Whether characters that sound like a form may be meant for it, by themselves."""
    same = equal(shown, form)
    return same < len(form) and (len(form) > _SHORT or same > 0)


def sounds_alike(text: Text, anchor: Anchor, form: str) -> bool:
    """Whether what sounds like a form is written for it, and is no word or words of its own."""
    if anchor.reading == readings.PINYIN:
        return _is_pinyin(text, anchor, form)
    if anchor.reading == readings.INITIAL:
        return _is_initial(text, anchor, form)
    start, end = text.stripped_span(anchor.start, anchor.end)
    shown = text.stripped[start:end]
    if len(shown) != len(form) or cut_ends(text.stripped, start, end):
        return False
    words = words_around(text.stripped, start, end)
    if any(first <= start and last >= end for first, last in words):
        return False
    if len(form) >= _SHORT and equal(shown, form) >= len(form) - 1:
        return True
    changed = [start + at for at in range(len(form)) if shown[at] != form[at]]
    return not any(first <= at < last for at in changed for first, last in words)


def _is_pinyin(text: Text, anchor: Anchor, form: str) -> bool:
    """Syllables in Latin letters: many, or written as one word; a kept character says as much."""
    shown = text.folded[anchor.start : anchor.end]
    kept = [char for char in shown if is_han(char)]
    if kept:
        return any(char in form for char in kept)
    if len(form) >= _SHORT:
        return True
    first, last = text.span(anchor.start, anchor.end)
    original = text.original[first:last]
    return shown.isalpha() and not original.istitle()


def _is_initial(text: Text, anchor: Anchor, form: str) -> bool:
    """All but one character as in the form, the one by its first letter."""
    shown = [char for char in text.folded[anchor.start : anchor.end] if char.isalnum()]
    return len(shown) == len(form) and equal("".join(shown), form) == len(form) - 1
