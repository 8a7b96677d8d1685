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

FLAGS_OF_NAMES = ("suffix", "place", "national", "public", "head", "role", "everyday")
"""Flags that mean something to protected names alone."""
FLAGS = ("word", "allow", *FLAGS_OF_NAMES)
SEVERITIES = range(1, 5)
NOT_UTF8 = "is not UTF-8"
_LANGUAGE = re.compile("[a-z]{2,3}")
_LEAST = 2  # characters of a term: one alone would be found in nearly every text
_HAN = "[\u3400-\u9fff]"
_FLAGS_AT_END = rf" (?:\w+,\s*)*(?:severity|language)=\S+$|{_HAN}.* (?:{'|'.join(FLAGS)})$"
_MISTAKES = (
    (re.compile(" #"), "has a comment behind its term: {!r}; a comment is a line of its own"),
    (
        re.compile(rf"\s{{2}}|\u3000|{_FLAGS_AT_END}"),
        "has columns parted by spaces: {!r}; part them by tabs",
    ),
    (
        re.compile(rf"(?<={_HAN})[,，;；|]|[,，;；|](?={_HAN})"),
        "has several terms: {!r}; give each a line of its own",
    ),
    (
        re.compile(r"\.[*+?]|\\[A-Za-z.]|^\^|\$$|\[[^\]]*\]|[)\]][*+?]"),
        "has a pattern for a term: {!r}; a term is looked for as it is written",
    ),
)
"""What people write into a list that then is never found, by how it looks, and what to say."""


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
        yield BadLine(data.count(b"\n", 0, error.start) + 1, NOT_UTF8)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        yield _read_line(number, line)


def _read_line(number: int, line: str) -> tuple[int, Entry] | BadLine:
    term, tag, flags, *more = [part.strip() for part in line.split("\t")] + ["", ""]
    if any(more):
        return BadLine(number, "has more than three columns")
    why = _no_term(term)
    if why:
        return BadLine(number, why)
    if tag and not flags and _are_flags(tag):
        return BadLine(
            number, f"has its flags {tag!r} where the tag belongs: term, tab, tab, flags"
        )
    given: dict[str, bool | int | str] = {}
    for flag in filter(None, map(str.strip, flags.split(","))):
        read = _read_flag(flag)
        if read is None:
            known = f"{', '.join(FLAGS)}, severity=1 to 4, language=zh"
            return BadLine(number, f"has an unknown flag {flag!r}; known are {known}")
        given[read[0]] = read[1]
    return number, msgspec.convert({"term": term, "tag": tag or term, **given}, Entry)


def _no_term(term: str) -> str:
    """Why a term would never be found as it is meant; empty where it would."""
    letters = strip(fold(term))
    if not letters:
        return f"has a term without a letter or digit: {term!r}"
    if len(letters) < _LEAST:
        return f"has a term of one character, which is never looked for: {term!r}; write a word"
    return next((why.format(term) for form, why in _MISTAKES if form.search(term)), "")


def _are_flags(column: str) -> bool:
    return all(_read_flag(flag.strip()) for flag in column.split(","))


def _read_flag(flag: str) -> tuple[str, bool | int | str] | None:
    """What a flag sets, and to what; None where it is none."""
    name, _, value = flag.partition("=")
    if name in FLAGS and not value:
        return name, True
    if name == "severity" and value in map(str, SEVERITIES):
        return name, int(value)
    if name == "language" and _LANGUAGE.fullmatch(value):
        return name, value
    return None


def written(entry: Entry) -> str:
    """An entry in one line for people: its term, and in brackets its tag and flags if any."""
    said = [] if entry.tag in ("", entry.term) else [entry.tag]
    said += [flag for flag in FLAGS if getattr(entry, flag)]
    said += [f"severity={entry.severity}"] if entry.severity > 1 else []
    said += [f"language={entry.language}"] if entry.language else []
    return f"{entry.term} ({', '.join(said)})" if said else entry.term
