"""The views of a text in a form that a person can read. Only for showing: slow, one at a time."""

import re
from collections.abc import Iterator

from msgspec import Struct

from processors.text import readings, redrawn, respelled, tables
from processors.text.fold import fold, strip
from processors.text.scan import Text
from processors.text.views import FOLDED, SKELETON, SOUND, STRIPPED, skeleton, sound, spellings


class Form(Struct, frozen=True):
    """A form of a text in which entries are looked for, syllables in Latin letters."""

    view: str
    text: str


def forms_of(text: str) -> tuple[Form, ...]:
    """The views every text has, then the readings that this one has besides."""
    folded = fold(text)
    stripped = strip(folded)
    return (
        Form(FOLDED, folded),
        Form(STRIPPED, stripped),
        Form(SKELETON, skeleton(folded)),
        Form(SOUND, _spelled(sound(stripped))),
        *(Form(one.kind, _spelled(one.form)) for one in _otherwise(Text(text, folded))),
    )


def _otherwise(text: Text) -> Iterator[readings.Reading]:
    """Every reading that a text may have, whatever entries there are."""
    if any(True for _ in readings.repeats_at(text.stripped)):
        yield redrawn.repeat(text.folded, text.kept)
    wholes = _wholes(text.stripped)
    if wholes:
        yield redrawn.split(text.folded, text.kept, wholes)
    signed = redrawn.put_together(text.folded)
    if signed.form != text.stripped:
        yield signed
    yield from redrawn.picture(text.folded)
    yield from text.odd_readings()
    yield from redrawn.tell(text.folded)
    yield from respelled.spell(text.folded)


def _wholes(stripped: str) -> dict[int, tuple[int, str]]:
    """By place where parts of a character begin how many there are and what they make."""
    whole, found, at = tables.splits(), dict[int, tuple[int, str]](), 0
    while at < len(stripped):
        longest = min(4, len(stripped) - at)
        length = next((n for n in range(longest, 1, -1) if stripped[at : at + n] in whole), 1)
        if length > 1:
            found[at] = length, whole[stripped[at : at + length]]
        at += length
    return found


def _spelled(form: str) -> str:
    """The form with its syllables in Latin letters, apart from each other and from the rest."""
    names = spellings()
    spelled = "".join(f" {names[char]} " if char in names else char for char in form)
    return re.sub(" {2,}", " ", spelled).strip()
