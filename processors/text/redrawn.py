"""Texts whose letters are drawn otherwise: repeated, split, turned, ornamented, put together."""

import re
from collections.abc import Iterator, Sequence

from processors.text import tables
from processors.text.readings import (
    ORNAMENT,
    ORNAMENTS,
    OVERRIDE,
    REPEAT,
    REVERSED,
    SIGN_LETTERS,
    SIGNS,
    SPLIT,
    TURNED,
    UPSIDE_DOWN,
    Reading,
)

_LONGEST_SPLIT = 4
_POPPED = re.compile("[\u202c\u2069\n\r]|\\Z")
_ORNAMENT = re.compile(f"[{ORNAMENTS}]")
_SIGNS = re.compile("|".join(map(re.escape, sorted(SIGN_LETTERS, key=len, reverse=True))))
_UPRIGHT = dict(
    zip("ɐqɔpǝɟƃɓɥᴉıɾſʞlןɯuodbɹsʇnʌʍxʎz", "abcdefgghiijjkllmnopqrstuvwxyz", strict=True)
)
_UPRIGHT |= dict(zip("∀ƆƎℲ⅁⅂Ԁ┴∩Λ⅄96Ɩᄅ", "acefglptuvy6912", strict=True))


def repeat(folded: str, kept: Sequence[int]) -> Reading:
    """Every run of one letter as one."""
    form: list[str] = []
    spans: list[tuple[int, int]] = []
    for index in kept:
        char = folded[index]
        if form and form[-1] == char and not char.isdigit():
            spans[-1] = (spans[-1][0], index + 1)
            continue
        form.append(char)
        spans.append((index, index + 1))
    return Reading(REPEAT, "".join(form), spans)


def split(folded: str, kept: Sequence[int]) -> Reading:
    """Parts put together."""
    stripped = "".join(folded[index] for index in kept)
    whole, made, spans, at = tables.splits(), [], [], 0
    while at < len(stripped):
        longest = min(_LONGEST_SPLIT, len(stripped) - at)
        length = next((n for n in range(longest, 1, -1) if stripped[at : at + n] in whole), 1)
        made.append(whole[stripped[at : at + length]] if length > 1 else stripped[at])
        spans.append((kept[at], kept[at + length - 1] + 1))
        at += length
    return Reading(SPLIT, "".join(made), spans)


def reverse(original: str, origins: Sequence[int], folded: str) -> Reading | None:
    """Runs under an override in the order they are shown in; None without one."""
    places = [index for index, char in enumerate(folded) if char.isalnum()]
    turned: list[int] = []
    at = 0
    for begin, stop in _overridden(original):
        while at < len(places) and origins[places[at]] <= begin:
            turned.append(places[at])
            at += 1
        first = at
        while at < len(places) and origins[places[at]] < stop:
            at += 1
        turned += places[first:at][::-1]
    turned += places[at:]
    if turned == places:
        return None
    return Reading(REVERSED, "".join(folded[i] for i in turned), [(i, i + 1) for i in turned])


def _overridden(original: str) -> Iterator[tuple[int, int]]:
    """Spans from an override to its end."""
    begin = original.find(OVERRIDE)
    while begin >= 0:
        popped = _POPPED.search(original, begin)
        stop = popped.start() if popped else len(original)
        yield begin, stop
        begin = original.find(OVERRIDE, stop)


def turn(original: str, origins: Sequence[int], folded: str) -> Reading | None:
    """Everything read from the other side, with the letters upright; None if none is turned."""
    if not any(char in UPSIDE_DOWN for char in original):
        return None
    places = [index for index, char in enumerate(folded) if char.isalnum()]
    shown = [(index, original[origins[index]]) for index in places]
    form = "".join(_UPRIGHT.get(char, folded[index]) for index, char in reversed(shown))
    return Reading(TURNED, form, [(index, index + 1) for index, _ in reversed(shown)])


def unadorn(original: str, origins: Sequence[int], folded: str) -> Reading | None:
    """The text without pictures that have a letter in them: 刷🇨🇳单; None without one."""
    if not _ORNAMENT.search(original):
        return None
    places = [
        index
        for index, char in enumerate(folded)
        if char.isalnum() and not _ORNAMENT.match(original[origins[index]])
    ]
    return Reading(
        ORNAMENT, "".join(folded[i] for i in places), [(index, index + 1) for index in places]
    )


def put_together(folded: str) -> Reading:
    """Letters made of several signs as what they look like: po|<er."""
    form, spans, at = list[str](), list[tuple[int, int]](), 0
    for hit in [*_SIGNS.finditer(folded), None]:
        start, end = hit.span() if hit else (len(folded), len(folded))
        places = [index for index in range(at, start) if folded[index].isalnum()]
        form += [folded[index] for index in places]
        spans += [(index, index + 1) for index in places]
        if hit:
            form.append(SIGN_LETTERS[hit[0]])
            spans.append((start, end))
        at = end
    return Reading(SIGNS, "".join(form), spans)
