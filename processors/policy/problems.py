"""What can be wrong with a policy pack, and how it is said."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple


class Problem(NamedTuple):
    """One fault of a pack: where it is, a stable code, what is wrong, and what to do."""

    file: str
    line: int
    code: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """One line for people: ``pack.yaml:12: unknown-key: ... (did you mean ...?)``."""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}: {self.code}: {self.message}{hint}"


class PackError(Exception):
    """A pack cannot be used. ``problems`` says why; the pack in force stays in force."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names what was probably meant, else what there is."""
    known = sorted(known)
    close = get_close_matches(word, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known are {', '.join(known)}" if known else ""
