"""Texts whose characters are spelled by sound: in pinyin, in bopomofo, by their initials."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from processors.text.beside import AS_NUMERALS, LONE_DIGIT, han_beside
from processors.text.readings import (
    BOPOMOFO,
    COMBINED,
    INITIAL,
    PICTURE,
    PINYIN,
    SPLIT,
    Reading,
)
from processors.text.redrawn import split
from processors.text.views import sound, spelled, spellings, syllables
from processors.text.wanted import Wanted, words_in

_TONES = frozenset("12345")
_Spans = list[tuple[int, int]]


def spell(folded: str, wanted: Wanted | None = None) -> Iterator[Reading]:
    """Words in Latin letters as the syllables they spell; the rest by sound, letters as they are.

    The second reading, for texts with letters among Han characters, keeps every word.
    """
    said, kept, at, some, single = _Draft(), _Draft(), 0, False, False
    for word, places in words_in(folded, wanted):
        start, end = places[0], places[-1] + 1
        between = _sounded(folded, at, start, toned=some)
        letters = (word, [(index, index + 1) for index in places])
        found = spelled(word) if len(word) > 1 else ""
        said.add(between, (found, _syllable_spans(places, found)) if found else letters)
        kept.add(between, letters)
        says = wanted is not None and wanted.is_acronym(word)
        single = single or (not found and (says or _beside_han(folded, start, end)))
        some = some or bool(found)
        at = end
    rest = _sounded(folded, at, len(folded), toned=some)
    if some:
        said.add(rest)
        yield said.reading(PINYIN)
        yield from _counted(said.reading(PINYIN))
    if single:
        kept.add(rest)
        yield kept.reading(INITIAL)


def _counted(reading: Reading) -> Iterator[Reading]:
    """With digits by themselves as numerals: 1夜qing."""
    form = LONE_DIGIT.sub(lambda hit: sound(hit[0].translate(AS_NUMERALS)), reading.form)
    if form != reading.form:
        yield reading._replace(form=form)


def combine(base: Reading, wanted: Wanted) -> Iterator[Reading]:
    """What has been put together from parts and pictures, by sound, and with Latin letters in it.

    So 贝者bo is 赌博, 衤果l 裸聊 and 带🤰 代孕.
    """
    wholes = wanted.wholes(base.form)
    if wholes and base.kind == PICTURE:
        made = split(base.form, range(len(base.form)), wholes)
        base = Reading(SPLIT, made.form, [base.span(*span) for span in made.spans])
    said = sound(base.form.translate(AS_NUMERALS))
    by_sound = Reading(COMBINED, said, [(at, at + 1) for at in range(len(base.form))])
    for reading in (by_sound, *spell(base.form)):
        yield Reading(
            COMBINED,
            reading.form,
            [base.span(start, end) for start, end in reading.spans],
            [base.form[start:end] for start, end in reading.spans],
        )


def count(folded: str, kept: Sequence[int]) -> Reading:
    """The text by sound, digits as numerals: 6和彩."""
    stripped = "".join(folded[at] for at in kept)
    spans = [(at, at + 1) for at in kept]
    return Reading(COMBINED, sound(stripped.translate(AS_NUMERALS)), spans, stripped)


class _Draft:
    """A reading in the making."""

    def __init__(self) -> None:
        self._form: list[str] = []
        self._spans = _Spans()

    def add(self, *parts: tuple[str, _Spans]) -> None:
        """Take up what follows."""
        for form, spans in parts:
            self._form.append(form)
            self._spans += spans

    def reading(self, kind: str) -> Reading:
        """What has been taken up."""
        return Reading(kind, "".join(self._form), self._spans)


def _beside_han(folded: str, start: int, end: int) -> bool:
    return bool(han_beside(folded, start, -1) or han_beside(folded, end - 1, 1))


def _syllable_spans(places: Sequence[int], found: str) -> _Spans:
    spans, at = _Spans(), 0
    for syllable in found:
        length = len(spellings()[syllable])
        spans.append((places[at], places[at + length - 1] + 1))
        at += length
    return spans


def _sounded(folded: str, start: int, end: int, *, toned: bool) -> tuple[str, _Spans]:
    """What stands between two words, by sound; a tone right behind the first is left out."""
    if (
        toned
        and folded[start : start + 1] in _TONES
        and not folded[start + 1 : start + 2].isdigit()
    ):
        start += 1
    places = [index for index in range(start, end) if folded[index].isalnum()]
    form = sound("".join(folded[index] for index in places))
    return form, [(index, index + 1) for index in places]


# --- Bopomofo ------------------------------------------------------------------------------------

_INITIALS = {
    **dict(zip("ㄅㄆㄇㄈㄉㄊㄋㄌㄍㄎㄏㄐㄑㄒㄖㄗㄘㄙ", "bpmfdtnlgkhjqxrzcs", strict=True)),
    **{"ㄓ": "zh", "ㄔ": "ch", "ㄕ": "sh"},
}
_FINALS = {
    **dict(zip("ㄚㄛㄜㄝㄧㄨㄩ", "aoeeiuv", strict=True)),
    **{"ㄞ": "ai", "ㄟ": "ei", "ㄠ": "ao", "ㄡ": "ou", "ㄢ": "an", "ㄣ": "en", "ㄤ": "ang"},
    **{"ㄥ": "eng", "ㄦ": "er"},
}
_COMPOUND = {  # finals that are not written as their parts; behind a consonant, and without one
    **{"ㄧㄚ": ("ia", "ya"), "ㄧㄝ": ("ie", "ye"), "ㄧㄠ": ("iao", "yao"), "ㄧㄡ": ("iu", "you")},
    **{"ㄧㄢ": ("ian", "yan"), "ㄧㄣ": ("in", "yin"), "ㄧㄤ": ("iang", "yang")},
    **{"ㄧㄥ": ("ing", "ying"), "ㄨㄚ": ("ua", "wa"), "ㄨㄛ": ("uo", "wo")},
    **{"ㄨㄞ": ("uai", "wai"), "ㄨㄟ": ("ui", "wei"), "ㄨㄢ": ("uan", "wan")},
    **{"ㄨㄣ": ("un", "wen"), "ㄨㄤ": ("uang", "wang"), "ㄨㄥ": ("ong", "weng")},
    **{"ㄩㄝ": ("ve", "yue"), "ㄩㄢ": ("uan", "yuan"), "ㄩㄣ": ("un", "yun")},
    **{"ㄩㄥ": ("iong", "yong"), "ㄧ": ("i", "yi"), "ㄨ": ("u", "wu"), "ㄩ": ("v", "yu")},
}
_MARKS = "[ˉˊˇˋ˙ ]"
_BOPOMOFO = re.compile(rf"([ㄅ-ㄙ]?)([ㄧㄨㄩ]?[ㄚ-ㄦ]|[ㄧㄨㄩ]|(?<=[ㄓ-ㄙ])){_MARKS}?")


@cache
def _latin(initial: str, final: str) -> str:
    """Pinyin of a syllable in bopomofo; empty where there is none."""
    first = _INITIALS.get(initial, "")
    behind, alone = _COMPOUND.get(final, (_FINALS.get(final, ""),) * 2)
    if not first:
        return alone
    if not final:
        return first + "i"
    if behind[0] == "v" and first in ("j", "q", "x"):
        behind = "u" + behind[1:]
    return first + behind


def sound_out(folded: str) -> Iterator[Reading]:
    """Bopomofo as the syllables it spells, the rest by sound; nothing without any."""
    names = syllables()
    made, at = _Draft(), 0
    for hit in _BOPOMOFO.finditer(folded):
        syllable = names.get(_latin(hit[1], hit[2]))
        if syllable is not None:
            made.add(_sounded(folded, at, hit.start(), toned=False), (syllable, [hit.span()]))
            at = hit.end()
    if at:
        made.add(_sounded(folded, at, len(folded), toned=False))
        yield made.reading(BOPOMOFO)
