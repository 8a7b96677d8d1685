"""Folding: one reading of a text for all the ways of writing it.

Every code point is folded by itself, by one table, so that a batch of texts can be folded joined
together and every folded character has exactly one origin. Folding takes away width, case,
compatibility forms, digits of other scripts, invisible and bidirectional controls and loose marks;
it keeps separators, which the stripped reading takes away.
"""

import re
import unicodedata

JOINT = "\uffff"
"""Stands between the texts of a batch; a noncharacter that no entry and no text may hold."""

UNKNOWN = "\ufffd"

# Blocks in which something folds. The rest (ideographs, Hangul syllables, unused planes) stays
# as it is, which keeps building the table to some 40 ms.
_BLOCKS = (
    (0x0000, 0x3400),
    (0xA000, 0xAC00),
    (0xD7B0, 0x20000),
    (0x2F800, 0x2FA20),
    (0xE0000, 0xE0200),
)
# Marks that belong to no script of their own: accents, enclosures, variation selectors.
_LOOSE_MARKS = (
    (0x0300, 0x0370),
    (0x1AB0, 0x1B00),
    (0x1DC0, 0x1E00),
    (0x20D0, 0x2100),
    (0xFE00, 0xFE10),
    (0xFE20, 0xFE30),
    (0xE0100, 0xE01F0),
)
_FILLERS = frozenset((0x115F, 0x1160, 0x3164, 0xFFA0, 0x17B4, 0x17B5))
_KEPT = frozenset("\t\n\v\f\r\x85…‥")  # separators; an ellipsis must not turn into three full stops


def _is_invisible(code: int, category: str) -> bool:
    if category in ("Cf", "Cc") or code in _FILLERS:
        return True
    return category in ("Mn", "Me") and any(low <= code < high for low, high in _LOOSE_MARKS)


def _fold_one(code: int) -> str:
    """Folded form of one code point; empty where it is taken away."""
    char = chr(code)
    category = unicodedata.category(char)
    if char in _KEPT or char == JOINT:
        return char
    if category == "Cs":
        return UNKNOWN
    if _is_invisible(code, category):
        return ""
    if category == "Nd":
        return str(unicodedata.digit(char))
    if code < 0x2000:
        # Latin, Greek, Cyrillic: accents off as well.
        parts = unicodedata.normalize("NFKD", char).casefold()
        return "".join(part for part in parts if unicodedata.category(part) != "Mn")
    form = unicodedata.normalize("NFKC", char).casefold()
    return form if form == char else "".join(_fold_one(ord(part)) for part in form)


def _build_table() -> dict[int, str]:
    table = {}
    for low, high in _BLOCKS:
        for code in range(low, high):
            form = _fold_one(code)
            if form != chr(code):
                table[code] = form
    return table


TABLE = _build_table()
_SEPARATOR = re.compile(f"[^\\w{JOINT}]")


def fold(text: str) -> str:
    """Folded form of a text, or of texts joined by ``JOINT``. Never raises, linear."""
    return text.translate(TABLE)


def strip(folded: str) -> str:
    """The folded form without anything that is neither letter nor digit; joints stay."""
    return _SEPARATOR.sub("", folded.replace("_", " "))


def origins(text: str) -> list[int]:
    """For every character of ``fold(text)`` the index of the code point it came from."""
    found: list[int] = []
    for index, char in enumerate(text):
        form = TABLE.get(ord(char))
        if form is None or len(form) == 1:
            found.append(index)
        elif form:
            found.extend([index] * len(form))
    return found


def kept(folded: str) -> list[int]:
    """For every character of ``strip(folded)`` its index in ``folded``."""
    return [index for index, char in enumerate(folded) if char.isalnum()]
