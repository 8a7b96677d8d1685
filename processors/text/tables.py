"""The baked tables: what every code point folds to, sounds like and is made of.

``python -m vendor.build`` writes them from vendored Unicode data, so that the answer is the same
whatever Python runs. Reading them is one of the two permitted reads of the domain: package data,
the same for everybody.
"""

import gzip
from collections.abc import Iterator
from functools import cache
from importlib import resources

VERSION = "7"
"""Raised when a text may fold otherwise than before."""


def _rows(name: str) -> Iterator[list[str]]:
    data = (resources.files(__package__) / "data" / f"{name}.tsv.gz").read_bytes()
    for line in gzip.decompress(data).decode().split("\n")[:-1]:
        yield line.split("\t")


@cache
def folding() -> tuple[dict[int, str], dict[int, str]]:
    """Per code point that folds its form, empty where it is taken away, and the rule that did it.

    Rules are invisible, enclosed, digit, width, confusable, mark, case, radical, traditional,
    variant, new and unknown.
    """
    forms: dict[int, str] = {}
    rules: dict[int, str] = {}
    for first, last, rule, form in _rows("folding"):
        for code in range(int(first, 16), int(last, 16) + 1):
            forms[code], rules[code] = form, rule
    return forms, rules


def letters() -> Iterator[range]:
    """Ranges of the code points of folded text that are letters or digits."""
    for first, last in _rows("letters"):
        yield range(int(first, 16), int(last, 16) + 1)


@cache
def tones() -> dict[str, tuple[str, ...]]:
    """Per folded Han character its syllables with their tones (dai4), the usual one first."""
    return {char: tuple(syllables) for char, _, *syllables in _rows("sounds")}


@cache
def sounds() -> dict[str, tuple[str, ...]]:
    """Per folded Han character its syllables without tones, the usual one first."""
    return {
        char: tuple(dict.fromkeys(one.rstrip("1234") for one in syllables))
        for char, syllables in tones().items()
    }


@cache
def counts() -> dict[str, int]:
    """How often a folded Han character is met in 1.7 million of running text; 0 is left out."""
    return {char: int(often) for char, often, *_ in _rows("sounds") if often}


@cache
def lookalikes() -> dict[str, dict[str, int]]:
    """Per folded Han character that is read often those drawn nearly the same: how nearly, in %."""
    found: dict[str, dict[str, int]] = {}
    for char, other, alike in _rows("lookalikes"):
        found.setdefault(char, {})[other] = int(alike)
    return found


@cache
def splits() -> dict[str, str]:
    """Per two to four parts the character they make: 扌丁 makes 打."""
    return {row[0]: row[1] for row in _rows("splits")}
