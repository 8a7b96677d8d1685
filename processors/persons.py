"""Names of persons where they are asked for: whether one is said, and whether two are of one."""

from __future__ import annotations

import unicodedata

_UNSEEN = {"Cc", "Cf", "Zl", "Zp", "Zs"}
"""Categories of characters that tell no names apart: white space, controls, what is not seen."""


def same_person(one: str, other: str) -> bool:
    """Whether two names differ in no more than case, width, white space or what is not seen.

    Whoever is asked for by name twice must be two people: "Ana " is not somebody else than "ana".
    """
    return _core(one) == _core(other)


def says_nothing(text: str) -> bool:
    """Whether a name or a reference that is asked for has nothing that can be seen."""
    return not _core(text)


def _core(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(char for char in folded if unicodedata.category(char) not in _UNSEEN)
