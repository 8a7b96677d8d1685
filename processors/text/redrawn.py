"""Texts whose letters are drawn otherwise: repeated, split, turned, ornamented, put together."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from processors.text import tables
from processors.text.fold import UNKNOWN, fold
from processors.text.pictures import PICTURES
from processors.text.readings import (
    AS_PARTS,
    BRACKET,
    BRACKETED,
    CODED,
    COLUMNS,
    COMPOSED,
    COUNTED,
    DRAWN,
    DRAWN_AS,
    ENCODED,
    EXAMPLE,
    EXAMPLES,
    FIRST_OF_LINES,
    LAST_OF_LINES,
    LONE_AS_PARTS,
    MASKED,
    NUMERAL,
    ORNAMENT,
    ORNAMENTS,
    OVERRIDE,
    PARTED,
    PICTURE,
    REPEAT,
    REVERSED,
    ROMAN,
    SIGN_LETTERS,
    SIGNS,
    SPLIT,
    TOLD,
    TRANSLATED,
    TURNED,
    UPSIDE_DOWN,
    WOVEN,
    Reading,
    composed,
)
from processors.text.views import BACKWARDS
from processors.text.wanted import Wanted
from processors.text.words import REACH

_POPPED = re.compile("[\u202c\u2069\n\r]|\\Z")
_ORNAMENT = re.compile(f"[{ORNAMENTS}]")
_SIGNS = re.compile("|".join(map(re.escape, sorted(SIGN_LETTERS, key=len, reverse=True))))
_MASKED = re.compile(r"(?<![a-z])[a-z]+(?:[*]+[a-z]*)+")
_UPRIGHT = dict(
    zip("ɐqɔpǝɟƃɓɥᴉıɾſʞlןɯuodbɹsʇnʌʍxʎz", "abcdefgghiijjkllmnopqrstuvwxyz", strict=True)
)
_UPRIGHT |= dict(zip("∀ƆƎℲ⅁⅂Ԁ┴∩Λ⅄96Ɩᄅ", "acefglptuvy6912", strict=True))


def repeat(folded: str, kept: Sequence[int]) -> Reading:
    """Every run of one letter as one; a run ends where another word begins."""
    form: list[str] = []
    spans: list[tuple[int, int]] = []
    for index in kept:
        char = folded[index]
        if form and form[-1] == char and not char.isdigit() and not _begins(folded, index):
            spans[-1] = (spans[-1][0], index + 1)
            continue
        form.append(char)
        spans.append((index, index + 1))
    return Reading(REPEAT, "".join(form), spans)


def is_stretched(folded: str, kept: Sequence[int], at: int) -> bool:
    """Whether letters in a row in the stripped form are of one word, unlike those of small letters.

    ``at`` is where they begin there.
    """
    first, second, third = kept[at : at + 3]
    gaps = folded[first + 1 : second], folded[second + 1 : third]
    one, other = (any(map(str.isspace, gap)) for gap in gaps)
    return one == other


def _begins(folded: str, index: int) -> bool:
    """Whether a word of several Latin letters begins at a letter, after a blank."""
    after = folded[index + 1 : index + 2]
    return folded[index - 1].isspace() and after.isalpha() and after.isascii()


def split(folded: str, kept: Sequence[int], wholes: Mapping[int, tuple[int, str]]) -> Reading:
    """Parts put together: by place in the stripped form how many, and what they make."""
    made: list[str] = []
    spans: list[tuple[int, int]] = []
    at = 0
    while at < len(kept):
        length, char = wholes.get(at, (1, folded[kept[at]]))
        made.append(char)
        spans.append((kept[at], kept[at + length - 1] + 1))
        at += length
    return Reading(SPLIT, "".join(made), spans)


def part(folded: str, kept: Sequence[int], stripped: str, wanted: Wanted) -> Reading:
    """Without what stands between a verb and its object: 办个证."""
    places, at = list[int](), 0
    while at < len(kept):
        places.append(kept[at])
        at += 1 + wanted.parting(stripped, at)
    return Reading(PARTED, "".join(folded[i] for i in places), [(i, i + 1) for i in places])


def unbracket(folded: str, kept: Sequence[int]) -> Reading:
    """Without what stands in brackets: 办(假)证."""
    left_out = {at for hit in BRACKETED.finditer(folded) for at in range(*hit.span())}
    places = [at for at in kept if at not in left_out]
    return Reading(BRACKET, "".join(folded[i] for i in places), [(i, i + 1) for i in places])


def unweave(folded: str, kept: Sequence[int], stripped: str) -> Iterator[Reading]:
    """Without the character that stands at every other place: 包嘿养嘿找嘿我."""
    fillers = sorted({hit[1] for hit in WOVEN.finditer(stripped)})
    for filler in list(filter(_is_filler, fillers))[:_MOST_FILLERS]:
        places = [at for at in kept if folded[at] != filler]
        yield Reading(BRACKET, "".join(folded[i] for i in places), [(i, i + 1) for i in places])


def _is_filler(char: str) -> bool:
    """Whether nobody writes so to say something, as in 一棋一牌一壶茶 and 不赌不博."""
    return char in _SAID_TO_NOBODY or tables.counts().get(char, 0) < _SELDOM


_SAID_TO_NOBODY = "啊呀哦呵吧呢嘛哇嗯"
_SELDOM = 250  # met less often in 1.7 million
_MOST_FILLERS = 3


def picture(folded: str, wanted: Wanted | None = None) -> Iterator[Reading]:
    """Pictures as the characters that are wanted there; where there are several, each in turn.

    Where it is not told what is wanted, it is the first.
    """
    read = dict[int, Sequence[str]]()
    for at, char in enumerate(folded):
        if char in PICTURES:
            found: Sequence[str] = PICTURES[char][:1]
            if wanted:
                found = wanted.pictured(char, folded[max(0, at - 2) : at], folded[at + 1 : at + 3])
            if found:
                read[at] = found
    places = [at for at, char in enumerate(folded) if char.isalnum() or at in read]
    for turn in range(max(map(len, read.values()), default=0)):
        form, spans = "", list[tuple[int, int]]()
        for at in places:
            shown = read[at][min(turn, len(read[at]) - 1)] if at in read else folded[at]
            form += shown
            spans += [(at, at + 1)] * len(shown)
        yield Reading(PICTURE, form, spans)


def translate(folded: str, wanted: Wanted) -> Iterator[Reading]:
    """Words of English as the characters that are wanted there: 小sister."""
    words = [(hit.span(), wanted.translated(folded, *hit.span())) for hit in _WORD.finditer(folded)]
    said = [(span, char) for span, char in words if char]
    if said:
        yield _said(folded, said)._replace(kind=TRANSLATED)


_WORD = re.compile("[a-z]+")


def reverse(original: str, origins: Sequence[int], folded: str) -> Iterator[Reading]:
    """Runs under an override in the order they are shown in."""
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
    if turned != places:
        yield Reading(REVERSED, "".join(folded[i] for i in turned), [(i, i + 1) for i in turned])


def backwards(folded: str, kept: Sequence[int]) -> Reading:
    """The text from its last letter to its first, as it says it is to be read."""
    turned = kept[::-1]
    return Reading(BACKWARDS, "".join(folded[i] for i in turned), [(i, i + 1) for i in turned])


def _overridden(original: str) -> Iterator[tuple[int, int]]:
    """Spans from an override to its end."""
    begin = original.find(OVERRIDE)
    while begin >= 0:
        popped = _POPPED.search(original, begin)
        stop = popped.start() if popped else len(original)
        yield begin, stop
        begin = original.find(OVERRIDE, stop)


def turn(original: str, origins: Sequence[int], folded: str) -> Iterator[Reading]:
    """With letters that are upside down upright, read from the other side and from this one."""
    if not any(char in UPSIDE_DOWN for char in original):
        return
    places = [index for index, char in enumerate(folded) if char.isalnum()]
    for order in (places[::-1], places):
        form = "".join(_UPRIGHT.get(original[origins[i]], folded[i]) for i in order)
        yield Reading(TURNED, form, [(index, index + 1) for index in order])


def unadorn(original: str, origins: Sequence[int], folded: str) -> Iterator[Reading]:
    """The text without pictures that have a letter in them: 刷🇨🇳单."""
    if not _ORNAMENT.search(original):
        return
    places = [
        index
        for index, char in enumerate(folded)
        if char.isalnum() and not _ORNAMENT.match(original[origins[index]])
    ]
    yield Reading(
        ORNAMENT, "".join(folded[i] for i in places), [(index, index + 1) for index in places]
    )


def draw(original: str, origins: Sequence[int], folded: str) -> Iterator[Reading]:
    """With characters that are drawn like Latin letters as these, in runs of three and more."""
    if not DRAWN_AS.keys().isdisjoint(original):
        seen, spans = _instead(original, origins, folded, DRAWN_AS)
        plain, form, at = [folded[start] for start, _ in spans], list[str](), 0
        for hit in _DRAWN_RUN.finditer(seen):
            form += (*plain[at : hit.start()], hit[0])
            at = hit.end()
        yield Reading(DRAWN, "".join((*form, *plain[at:])), spans)


def look(folded: str, wanted: Wanted | None = None) -> Iterator[Reading]:
    """With Japanese syllables beside Chinese as what they look like, and their parts together."""
    seen = LONE_AS_PARTS.sub(lambda hit: "".join(map(AS_PARTS.__getitem__, hit[0])), folded)
    if seen != folded:
        places = [index for index, char in enumerate(seen) if char.isalnum()]
        form = "".join(seen[index] for index in places)
        yield Reading(DRAWN, form, [(index, index + 1) for index in places])
        wholes = wanted.wholes(form) if wanted else {}
        if wholes:
            yield split(seen, places, wholes)._replace(kind=DRAWN)


def tell(folded: str) -> Iterator[Reading]:
    """As the text tells: characters by words or parts, in columns, by the ends of its lines."""
    if EXAMPLES.search(folded):
        yield _said(folded, [(hit.span(), hit[0][-1]) for hit in EXAMPLE.finditer(folded)])
    if COMPOSED.search(folded):
        hits = [(hit.span(), composed(hit)) for hit in COMPOSED.finditer(folded)]
        said = [(span, char) for span, char in hits if char]
        yield _said(folded, said)._replace(kind=SPLIT)
    for block in COLUMNS.finditer(folded):
        lines = [
            list(_HAN.finditer(folded, *hit.span()))
            for hit in _LINE.finditer(folded, *block.span())
        ]
        for column in zip(*lines, strict=False):
            yield _told((hit[0], hit.span()) for hit in column)
    lines = [list(_HAN.finditer(folded, *hit.span())) for hit in _LINE.finditer(folded)]
    for pattern, end in ((FIRST_OF_LINES, 0), (LAST_OF_LINES, -1)):
        if pattern.search(folded):
            yield _told((line[end][0], line[end].span()) for line in lines if line)


_HAN = re.compile("[㐀-鿿]")
_LINE = re.compile("[^\n]+")


def _said(folded: str, said: Sequence[tuple[tuple[int, int], str]]) -> Reading:
    """The text with some of its spans as the characters that they say."""
    shown, at = list[tuple[str, tuple[int, int]]](), 0
    for (start, end), char in (*said, ((len(folded), len(folded)), "")):
        shown += [(folded[index], (index, index + 1)) for index in range(at, start)]
        shown.append((char, (start, end)))
        at = end
    return _told(shown)


def _told(shown: Iterable[tuple[str, tuple[int, int]]]) -> Reading:
    kept = [(char, span) for char, span in shown if char.isalnum()]
    return Reading(TOLD, "".join(char for char, _ in kept), [span for _, span in kept])


_DRAWN_RUN = re.compile("[a-z0-9]{3,}")


def decode(folded: str) -> Iterator[Reading]:
    """With characters that are written by their codes as what they are."""
    form, spans, at = "", list[tuple[int, int]](), 0
    for hit in [*CODED.finditer(folded), None]:
        start, end = hit.span() if hit else (len(folded), len(folded))
        for index in filter(lambda index: folded[index].isalnum(), range(at, start)):
            form += folded[index]
            spans.append((index, index + 1))
        for shown in filter(str.isalnum, fold(_meant(hit)) if hit else ""):
            form += shown
            spans.append((start, end))
        at = end
    if any(end - start > 1 for start, end in spans):
        yield Reading(ENCODED, form, spans)


def _meant(hit: re.Match[str]) -> str:
    """What codes stand for; nothing where there is no such character."""
    if hit["bytes"]:
        return bytes.fromhex(re.sub("%|.x", "", hit["bytes"])).decode(errors="ignore")
    code = int(hit["number"]) if hit["number"] else int(hit["hex"] or hit["code"], 16)
    return chr(code) if code < _CODES else ""


_CODES = 0x110000


def count(original: str, origins: Sequence[int], folded: str) -> Iterator[Reading]:
    """With Roman numerals of several letters as digits, Ⅵ合彩, and odd ones as Chinese: 快③."""
    for signs in (ROMAN, COUNTED):
        if not signs.keys().isdisjoint(original):
            yield Reading(NUMERAL, *_instead(original, origins, folded, signs))


def _instead(
    original: str, origins: Sequence[int], folded: str, signs: Mapping[str, str]
) -> tuple[str, list[tuple[int, int]]]:
    """The form with one character for each of some signs, and the spans of all its characters."""
    form, spans = list[str](), list[tuple[int, int]]()
    for index, char in enumerate(folded):
        origin = origins[index]
        sign = signs.get(original[origin])
        if sign and index and origins[index - 1] == origin:
            spans[-1] = (spans[-1][0], index + 1)
        elif sign or char.isalnum():
            form.append(sign or char)
            spans.append((index, index + 1))
    return "".join(form), spans


def unmask(folded: str, wanted: Wanted) -> Iterator[Reading]:
    """With asterisks among Latin letters as the letters of each wanted word: f*ck, a**hole.

    One reading holds every word that each may be, and nothing else.
    """
    form, spans = list[str](), list[tuple[int, int]]()
    for hit in _MASKED.finditer(folded):
        word = hit[0]
        if 2 * word.count("*") > len(word):
            continue
        for term in wanted.masked(word):
            form.append(UNKNOWN + term)
            spans += [(at, at + 1) for at in (hit.start(), *range(*hit.span()))]
    if form:
        yield Reading(SIGNS, "".join(form), spans)


def uncover(folded: str, kept: Sequence[int], wanted: Wanted) -> Iterator[Reading]:
    """With a sign between two characters as each that is wanted there: 老*机.

    One reading holds what stands around each sign, once for each character.
    """
    form, spans = list[str](), list[tuple[int, int]]()
    for at in islice(wanted.masked_at(folded), _MOST_MASKS):
        end = bisect_left(kept, at)
        before, after = kept[max(0, end - REACH) : end], kept[end : end + REACH]
        for char in wanted.between(folded[at - 1], folded[at + 1]):
            places = (at, *before, at, *after)
            form += [UNKNOWN, *(folded[i] for i in before), char, *(folded[i] for i in after)]
            spans += [(index, index + 1) for index in places]
    if form:
        yield Reading(MASKED, "".join(form), spans)


_MOST_MASKS = 16


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
