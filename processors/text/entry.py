"""Entries of a lexicon, and the plain file that holds them.

A lexicon file is UTF-8, one entry a line: ``term``, then optionally a tab and a ``tag``, then
optionally a tab and flags separated by commas (``word, severity=3``). Blank lines and lines that
begin with ``#`` are skipped. The tag ties terms that mean the same to a proof: the aliases of one
institution, 医生 and 医师.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec
from msgspec import Struct

from processors.text.fold import fold, strip

FLAGS = ("word", "allow", "suffix", "place", "national", "public", "head", "role", "everyday")
SEVERITIES = range(1, 5)
_LANGUAGE = re.compile("[a-z]{2,3}")


class Entry(Struct, frozen=True):
    """One term to look for, and how.

    ``word``: only where no word goes on at either end; for a protected name, at its left end, as
    the words to the right are weighed, and for a suffix at its right end. ``allow``: not a hit
    itself, but clears every shorter hit inside it. The rest matters to protected names only.
    ``suffix``: a kind of organ, which counts with a name before it (杭州市 + 公安局). ``place``:
    the same, but the name must be that of a place (杭州 + 发布).
    ``national``: the same, but the name must claim the whole country or a division of it (中国,
    杭州市 + 委员会); no list holds such an organ, so a person decides. With ``place`` as well, a
    name that only begins with a place (南京鼓楼 + 医院) is for a person too; with ``public``, it
    must speak of a matter of the state (社保 + 中心), with ``role``, for a platform (官方流量 +
    专员). ``head``: the beginning of such a name (国家 + 短剧审查部). ``role``: too short or too
    common to count but as the whole text or with a role word beside it. ``everyday``: an everyday
    word (小米, 移动), which counts with the word of a role right after it only (小米客服), or with
    官方 before it, and where no word goes on to its left.

    ``severity``, 1 to 4, goes into every match; of entries that read the same the gravest counts.
    ``language`` is a code such as zh or ja; an entry of another language than Chinese is not
    looked for by the sound of its characters.
    """

    term: str
    tag: str = ""
    word: bool = False
    allow: bool = False
    suffix: bool = False
    place: bool = False
    national: bool = False
    public: bool = False
    head: bool = False
    role: bool = False
    everyday: bool = False
    severity: int = 1
    language: str = ""


def entries_of(given: Iterable[Entry | str]) -> Iterator[Entry]:
    """Entries as they are given; a plain term is an entry whose tag it is.

    Raises `TypeError` for anything else, and for one text in place of several.
    """
    if isinstance(given, str):
        raise TypeError(f"entries must be several, as in [{given!r}], not one text")
    for one in given:
        if isinstance(one, str):
            yield Entry(one, one)
        elif isinstance(one, Entry):
            yield one
        else:
            raise TypeError(f"an entry must be an Entry or a str, not {one!r:.80}")


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
    given: dict[str, bool | int | str] = {}
    for flag in filter(None, map(str.strip, flags.split(","))):
        name, _, value = flag.partition("=")
        if name in FLAGS and not value:
            given[name] = True
        elif name == "severity" and value in map(str, SEVERITIES):
            given[name] = int(value)
        elif name == "language" and _LANGUAGE.fullmatch(value):
            given[name] = value
        else:
            known = f"{', '.join(FLAGS)}, severity=1 to 4, language=zh"
            return BadLine(number, f"has an unknown flag {flag!r}; known are {known}")
    return number, msgspec.convert({"term": term, "tag": tag or term, **given}, Entry)
