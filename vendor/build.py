"""``python -m vendor.build [--check]``: bake the tables of the text engine from what lies here.

Writes ``processors/text/data/*.tsv.gz``; with ``--check`` only says whether they are what it would
write. The tables are a function of the files in this directory and of ``rows.py``: no Unicode data
of the running Python takes part.
"""

from __future__ import annotations

import gzip
import lzma
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from vendor import rows

HERE = Path(__file__).parent
DATA = HERE.parent / "processors" / "text" / "data"


def source(name: str) -> Iterator[list[str]]:
    """Rows of a vendored file."""
    for line in lzma.decompress((HERE / f"{name}.tsv.xz").read_bytes()).decode().splitlines():
        yield line.split("\t")


def _chars(points: str) -> str:
    return "".join(chr(int(point, 16)) for point in points.split())


class Folding:
    """Folds code points by the first rule that applies, again and again until none does."""

    def __init__(self) -> None:
        self._casefold = {int(code, 16): _chars(form) for code, form in source("casefolding")}
        self.looks = {int(code, 16): _chars(form) for code, form in source("confusables")}
        self._simplified = {ord(char): form for char, form in source("traditional")}
        self._core = {char for char, core, *_ in source("readings") if core}
        self.japanese = {
            ord(char): form for char, form in source("japanese") if char not in self._core
        }
        self._variants = {ord(char): others for char, *others in source("variants")}
        self._radicals = {
            code: chr(int(unified, 16))
            for first, last, unified in source("radicals")
            for code in range(int(first, 16), int(last, 16) + 1)
        }

    @cached_property
    def characters(self) -> dict[int, rows.Character]:
        """Every assigned code point."""
        found = {}
        for first, last, category, decomposition, number, age in source("characters"):
            one = rows.Character(category, decomposition, number, tuple(map(int, age.split("."))))
            found.update(dict.fromkeys(range(int(first, 16), int(last, 16) + 1), one))
        return found

    def fold(self, code: int) -> tuple[str, str]:
        """The rule and the form of a code point; an empty rule where it stays as it is."""
        rule, form = self._first(code)
        if form == chr(code):
            return "", form
        return rule, "".join(self.fold(ord(char))[1] for char in form)

    def _first(self, code: int) -> tuple[str, str]:
        char = chr(code)
        known = self.characters.get(code, rows.UNASSIGNED)
        if (settled := self._settled(code, known)) is not None:
            return settled
        for rule, form in self._forms(code, known):
            if form not in (char, None):
                return rule, form
        if known.age > rows.OLDEST and known.category[0] in "LN":
            return "new", rows.NEW_LETTER
        return "", char

    def _settled(self, code: int, known: rows.Character) -> tuple[str, str] | None:
        """What is neither a matter of form nor of looks."""
        category, parts, number, _ = known
        if chr(code) in rows.KEPT:
            return "", chr(code)
        if category == "Cs":
            return "unknown", rows.UNKNOWN
        if rows.is_invisible(code, category):
            return "invisible", ""
        if code in rows.HAND:
            return "enclosed", rows.HAND[code]
        if number and category in ("Nd", "No", "Nl") and not rows.is_word(code, category, parts):
            return "width" if parts else "digit", number
        return None

    def _forms(self, code: int, known: rows.Character) -> Iterator[tuple[str, str | None]]:
        kind, _, points = known.decomposition.rpartition("> ")
        parts = _chars(points)
        if kind and parts.isascii() and parts.isalnum():
            yield "width", parts  # a letter in other clothes is that letter, whatever it looks like
        yield "confusable", rows.ORNATE.get(code)
        yield "confusable", self._look(code, known.category)
        if kind and (len(parts) > 1 and parts[0] == "(" and parts[-1] == ")"):
            yield "enclosed", parts[1:-1]
        if kind or len(parts) == 1:
            yield "width", parts.replace(" ", "")
        elif parts and code < rows.MARKED_BELOW:
            yield "mark", parts
        yield "case", self._casefold.get(code)
        yield "radical", self._radicals.get(code)
        yield "traditional", self._simplified.get(code)
        yield "variant", self._variant(code)

    def _variant(self, code: int) -> str | None:
        """The one common character of which one that is not is a variant, or is in Japan."""
        if chr(code) in self._core or code in rows.VARIANT:
            return rows.VARIANT.get(code)
        if code in self.japanese:
            return self.japanese[code]
        forms = {self._simplified.get(ord(one), one) for one in self._variants.get(code, ())}
        common = forms & self._core
        return common.pop() if len(common) == 1 else None

    def _look(self, code: int, category: str) -> str | None:
        """The ASCII characters a code point looks like, where they may stand for it.

        A mark of punctuation stands for a sign that in its turn may stand for a letter, and so
        does a line that looks like one.
        """
        look = self.looks.get(code)
        if look is None or code < 0x80 or rows.is_east_asian(code):
            return None
        look = "".join(rows.HAND.get(ord(char), char) for char in look if not self._is_mark(char))
        if look.isascii() and look.isalnum():
            if category[0] == "P" or (category in ("Sm", "So") and look in rows.SIGN_OF):
                return rows.SIGN_OF.get(look)
            return look
        if len(look) == 1 and look in rows.LOOKED_LIKE and category[0] in "PZS":
            return None if rows.is_pictogram(code) else look
        return None

    def _is_mark(self, char: str) -> bool:
        return self.characters.get(ord(char), rows.UNASSIGNED).category in ("Mn", "Me")


def folding(table: Folding) -> Iterator[tuple[str, ...]]:
    """Every code point that folds: first and last of a run with one form, rule, form."""
    run: tuple[str, str] = ("", "")
    first = last = -2
    for code in sorted({*table.characters, *rows.IGNORABLE, *table.looks}):
        rule, form = table.fold(code)
        if code != last + 1 or (rule, form) != run:
            if run[0]:
                yield f"{first:X}", f"{last:X}", *run
            first, run = code, (rule, form)
        last = code
    if run[0]:
        yield f"{first:X}", f"{last:X}", *run


def letters(table: Folding) -> Iterator[tuple[str, ...]]:
    """Ranges of the letters and digits that no rule folds away: first and last code point."""
    first = last = -2
    for code, known in sorted(table.characters.items()):
        if known.category[0] not in "LN" or table.fold(code)[0]:
            continue
        if code != last + 1:
            if last >= 0:
                yield f"{first:X}", f"{last:X}"
            first = code
        last = code
    yield f"{first:X}", f"{last:X}"


def sounds(table: Folding) -> Iterator[tuple[str, ...]]:
    """Every character with a syllable: it, how often it is read, its syllables with tones."""
    for char, core, often, *syllables in source("readings"):
        if not table.fold(ord(char))[0]:
            yield char, often, *(syllables if core else syllables[:1])


def splits(table: Folding) -> Iterator[tuple[str, ...]]:
    """Ways to write a common character as two to four parts: the parts, the character.

    Of several that have the same parts it is the one that is met most often: 外, and not 处. What
    goes around the rest stands at either side: 辶米 and 米辶. What has another form at the left
    is written in either: 人半 and 亻半.
    """
    common = {char: int(often or 0) for char, core, often, *_ in source("readings") if core}
    found: dict[str, str] = {}
    rows_of = [
        (table.fold(ord(char))[1], ways)
        for char, *ways in source("splits")
        if ord(char) not in table.japanese
    ]
    wholes = {
        way: char for char, ways in rows_of for way in ways if len(way) == 2 and len(char) == 1
    } | rows.WHOLES
    for made, ways in rows_of:  # 場 is written as 土昜, and so is 场
        if made not in common:
            continue
        shorter = (short for way in ways for short in _shorter(way, wholes))
        for way in (*ways, *shorter):
            forms = [table.fold(ord(part))[1] for part in way]
            parts = "".join(form for form in forms if form not in rows.STROKES)
            if all(len(form) == 1 for form in forms) and 2 <= len(parts) <= 4 and made not in parts:
                found[parts] = max(found.get(parts, made), made, key=lambda one: common[one])
    for parts, made in sorted(found.items(), key=lambda one: -common[one[1]]):
        if len(parts) == 2 and not rows.AROUND.isdisjoint(parts):
            found.setdefault(parts[::-1], made)
        if parts[0] in rows.AT_THE_LEFT:
            found.setdefault(rows.AT_THE_LEFT[parts[0]] + parts[1:], made)
    yield from sorted((found | rows.SPLITS).items())


def lookalikes(table: Folding) -> Iterator[tuple[str, ...]]:
    """Characters that are drawn nearly the same: the one that is read often, the other, percent.

    Only those that no rule folds away.
    """
    for one, other, alike in source("lookalikes"):
        if not (table.fold(ord(one))[0] or table.fold(ord(other))[0]):
            yield one, other, alike


def _shorter(way: str, wholes: dict[str, str]) -> Iterator[str]:
    """A way with two of its parts taken together: 月卩又, and 月𠬝."""
    for at in range(len(way) - 1 if len(way) > 2 else 0):
        if whole := wholes.get(way[at : at + 2]):
            yield way[:at] + whole + way[at + 2 :]


def bake() -> dict[str, bytes]:
    """Every table, as its file's content before compression."""
    table = Folding()
    made: dict[str, Iterable[tuple[str, ...]]] = {
        "folding": folding(table),
        "letters": letters(table),
        "sounds": sounds(table),
        "splits": splits(table),
        "lookalikes": lookalikes(table),
    }
    return {
        name: "".join("\t".join(row) + "\n" for row in found).encode()
        for name, found in made.items()
    }


def main() -> int:
    """Write the tables, or check them; 1 when a table is not what this would write."""
    baked = bake()
    stale = [name for name, data in baked.items() if _content(name) != data]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"{name} is not what vendor.build writes", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        (DATA / f"{name}.tsv.gz").write_bytes(gzip.compress(baked[name], mtime=0))
    return 0


def _content(name: str) -> bytes | None:
    file = DATA / f"{name}.tsv.gz"
    return gzip.decompress(file.read_bytes()) if file.exists() else None


if __name__ == "__main__":
    sys.exit(main())
