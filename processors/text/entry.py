"""Entries of a lexicon, and the plain file that holds them.

A lexicon file is UTF-8, one entry a line: ``term``, then optionally a tab and a ``tag``, then
optionally a tab and flags separated by commas. Blank lines and lines that begin with ``#`` are
skipped. The tag ties terms that mean the same to a proof: the aliases of one institution, 医生 and
医师.
"""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from processors.text.fold import fold, strip

FLAGS = ("word", "allow", "suffix", "place", "role")


class Entry(Struct, frozen=True):
    """One term to look for, and how.

    ``word``: only where no word goes on at either end; for a protected name, at its left end, as
    the words to the right are weighed, and for a suffix at its right end. ``allow``: not a hit
    itself, but clears every shorter hit inside it. The rest matters to protected names only.
    ``suffix``: a kind of organ, which counts with a name before it (杭州市 + 公安局). ``place``:
    the same, but the name must be that of a place (杭州 + 发布). ``role``: too short or too common
    to count but as the whole text or with a role word beside it.
    """

    term: str
    tag: str = ""
    word: bool = False
    allow: bool = False
    suffix: bool = False
    place: bool = False
    role: bool = False


class BadLine(NamedTuple):
    """A line of a lexicon file that is no entry, and why."""

    line: int
    why: str


def read_entries(data: bytes) -> Iterator[tuple[int, Entry] | BadLine]:
    """Entries of a lexicon file with their line numbers; a bad line yields a ``BadLine``."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield BadLine(data.count(b"\n", 0, error.start) + 1, "is not UTF-8")
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        yield _read_line(number, line)


def _read_line(number: int, line: str) -> tuple[int, Entry] | BadLine:
    term, tag, flags, *more = [part.strip() for part in line.split("\t")] + ["", ""]
    if any(more):
        return BadLine(number, "has more than three columns")
    if not strip(fold(term)):
        return BadLine(number, f"has a term without a letter or digit: {term!r}")
    given = [flag.strip() for flag in flags.split(",") if flag.strip()]
    for flag in given:
        if flag not in FLAGS:
            return BadLine(number, f"has an unknown flag {flag!r}; known are {', '.join(FLAGS)}")
    return number, Entry(term, tag or term, **dict.fromkeys(given, True))
