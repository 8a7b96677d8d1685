"""Folding: one reading of a text for all the ways of writing it.

Every code point is folded by itself, by one baked table, so that a batch of texts can be folded
joined together and every folded character has exactly one origin. Folding takes away width, case,
compatibility forms, look-alikes of other scripts, traditional forms, digits of other scripts,
invisible and bidirectional controls and loose marks; it keeps separators, which the stripped
reading takes away.
"""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from processors.text import tables

JOINT = "\uffff"
"""Stands between the texts of a batch; a noncharacter that no entry and no text may hold."""

UNKNOWN = "\ufffd"

TABLE, RULES = tables.folding()
"""Per code point that folds its form, and the rule of the table that folds it."""

Codes = npt.NDArray[np.uint32]
"""Code points of a text."""

_SEPARATOR = re.compile(f"[^\\w{JOINT}]")
_LAST = 0x110000
_POOLED = np.uint32(1 << 31)  # marks a form of no or several characters, kept in a pool


def fold(text: str) -> str:
    """Folded form of a text, or of texts joined by ``JOINT``. Never raises, linear."""
    return text.translate(TABLE)


def strip(folded: str) -> str:
    """The folded form without anything that is neither letter nor digit; joints stay."""
    return _SEPARATOR.sub("", folded.replace("_", " "))


_UNEVEN = frozenset(chr(code) for code, form in TABLE.items() if len(form) != 1)


def origins(text: str) -> Sequence[int]:
    """For every character of ``fold(text)`` the index of the code point it came from."""
    if _UNEVEN.isdisjoint(text):
        return range(len(text))
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


# --- The same for whole batches, as arrays -------------------------------------------------------


def codes_of(text: str) -> Codes:
    """Code points of a text, lone surrogates too."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def text_of(codes: Codes) -> str:
    """The text of code points, which hold no surrogates."""
    return codes.tobytes().decode("utf-32-le")


Indexes = npt.NDArray[np.intp]


def _lookup() -> tuple[Codes, Indexes, Indexes, Codes]:
    """Per code point its form or a number of the pool; starts, lengths and points of the pool."""
    table = np.arange(_LAST, dtype=np.uint32)
    single = {code: ord(form) for code, form in TABLE.items() if len(form) == 1}
    table[list(single)] = list(single.values())
    pool = dict.fromkeys(form for form in TABLE.values() if len(form) != 1)
    number = {form: index for index, form in enumerate(pool)}
    pooled = {code: number[form] for code, form in TABLE.items() if len(form) != 1}
    table[list(pooled)] = np.array(list(pooled.values()), np.uint32) | _POOLED
    lengths = np.array([len(form) for form in pool], np.intp)
    starts = np.cumsum(lengths) - lengths
    return table, starts, lengths, codes_of("".join(pool))


def _letters() -> npt.NDArray[np.bool_]:
    table = np.zeros(_LAST, np.bool_)
    for letters in tables.letters():
        table[letters.start : letters.stop] = True
    return table


_FORMS, _STARTS, _LENGTHS, _POOL = _lookup()
IS_LETTER = _letters()
"""Per code point of folded text whether it is a letter or a digit."""

_STAYS = IS_LETTER.copy()
_STAYS[ord(JOINT)] = True


def fold_codes(codes: Codes) -> Codes:
    """Folds as ``fold`` does."""
    found = _FORMS.take(codes)
    pooled = np.flatnonzero(found >= _POOLED)
    if not pooled.size:
        return found
    numbers = found[pooled] ^ _POOLED
    lengths = _LENGTHS[numbers]
    counts = np.ones(found.size, np.intp)
    counts[pooled] = lengths
    found = np.repeat(found, counts)
    if lengths.any():
        begins = (np.cumsum(counts) - counts)[pooled]
        steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        found[np.repeat(begins, lengths) + steps] = _POOL[
            np.repeat(_STARTS[numbers], lengths) + steps
        ]
    return found


def strip_codes(folded: Codes) -> Codes:
    """Strips as ``strip`` does."""
    return folded.compress(_STAYS.take(folded))
