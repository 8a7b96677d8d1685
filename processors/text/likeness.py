"""Gates for what only sounds or looks like a short term: whether it is written for it."""

from collections.abc import Callable
from typing import NamedTuple

from processors.text import tables
from processors.text.context import is_ordinary
from processors.text.gates import neighbours
from processors.text.grammar import (
    PERSON_AFTER,
    SHOP_AFTER,
    SURNAMES,
    WHO_AFTER,
    offers,
)
from processors.text.scan import Anchor, Text
from processors.text.similar import is_alike
from processors.text.views import fuzzy, is_in_tone, other_sounds, sound
from processors.text.words import LEAST_GAIN, REACH, gain, is_han, is_word, reads_over

_TWO, _THREE, _FOUR = 2, 3, 4
_OFTEN = 100  # a character met so often in 1.7 million is one of the 1,400 of any text


class _Case(NamedTuple):
    """What is shown for a form, and what stands around it."""

    shown: str
    form: str
    changed: list[int]
    before: str
    after: str
    around: str  # the same with what is separated from it
    named: bool  # it is in a run that begins with a surname and is no longer than a name: 曾桂丽
    person: bool  # it begins with a surname, and who that is follows: 贾文平书法

    @property
    def often(self) -> int:
        """How often the most frequent of the characters is met that are not those of the form."""
        return max((tables.counts().get(self.shown[at], 0) for at in self.changed), default=0)

    @property
    def offers(self) -> int:
        """How many words of an offer stand near it, with who is offered right behind."""
        return offers(self.around) + bool(PERSON_AFTER.match(self.after))

    @property
    def offered(self) -> bool:
        """Whether somebody offers something there."""
        return self.offers > 0

    @property
    def worded(self) -> bool:
        """Whether the one character of three and four that is otherwise makes a word: 黑|扣子."""
        if len(self.changed) != 1 or len(self.form) not in (_THREE, _FOUR):
            return False
        at = self.changed[0]
        pairs = (self.shown[max(0, at - 1) : at + 1], self.shown[at : at + 2])
        return any(len(pair) > 1 and is_word(pair) for pair in pairs)

    def all_changed(self, alike: Callable[[str, str], bool]) -> bool:
        """Whether all that is changed is alike in a way."""
        return all(alike(self.shown[at], self.form[at]) for at in self.changed)


def _case(text: Text, anchor: Anchor, form: str) -> _Case | None:
    """None where what is shown is not as long as the form."""
    start, end = text.stripped_span(anchor.start, anchor.end)
    shown = text.stripped[start:end]
    if len(shown) != len(form):
        return None
    before, after = neighbours(text, anchor)
    changed = [at for at in range(len(form)) if shown[at] != form[at]]
    around = text.stripped[max(0, start - REACH) : end + REACH]
    named = _is_named(text.folded, anchor)
    person = not before and shown[0] in SURNAMES and WHO_AFTER.match(after) is not None
    return _Case(shown, form, changed, before, after, around, named, person)


def _is_named(folded: str, anchor: Anchor) -> bool:
    first, last = anchor.start, anchor.end
    while first > 0 and last - first <= _THREE and is_han(folded[first - 1]):
        first -= 1
    while last < len(folded) and last - first <= _THREE and is_han(folded[last]):
        last += 1
    return last - first <= _THREE and folded[first] in SURNAMES


def is_meant(text: Text, anchor: Anchor, form: str) -> bool:
    """Whether what sounds like a form is there for it."""
    case = _case(text, anchor, form)
    nearly = case is not None and case.changed and case.all_changed(_sounds_nearly_so)
    if case and nearly and len(form) <= _THREE:
        return len(case.changed) == 1 and _reads_better(case, NEARLY)
    if case is not None and not case.all_changed(_may_sound_so):
        return len(case.changed) == 1 and (not case.worded or case.offered)
    if case is None or not case.changed or len(form) > _THREE:
        return True
    if _is_parted_by_signs(text, anchor):
        return True
    return _reads_better(case, IN_TONE if case.all_changed(is_in_tone) else TONELESS)


def is_drawn(text: Text, anchor: Anchor, form: str) -> bool:
    """Whether what looks like a form is written for it: 校园货. Of long ones half is kept."""
    case = _case(text, anchor, form)
    if case is None or not case.all_changed(is_alike):
        return False
    if len(form) <= _THREE:
        return _reads_better(case, DRAWN)
    most = 2 * len(case.changed) > len(form)
    return not most and (not case.worded or case.often < _OFTEN or case.offered)


def _reads_better(case: _Case, how: int) -> bool:
    """Whether a run reads so much better (`words.gain`) with the form in it as it takes.

    That is the more the less of the form is kept and the less alike the rest is, where it may be
    the name of a person, and where a word is kept, which goes before others as well (水果季); the
    less where somebody offers something, and where nothing else is in the run (办正). Where nobody
    does, no word goes over an end (六盒|彩笔), and it is no name of a shop or of somebody.
    """
    if not case.offered and (
        case.person
        or reads_over(case.before, case.shown, case.after)
        or SHOP_AFTER.match(case.after)
    ):
        return False
    kept = len(case.form) - len(case.changed)
    needed = _NEEDED[len(case.form), len(case.changed)][how]
    needed -= _OFFERED * min(2, case.offers)
    if case.named and kept < _TWO and not (kept and how == IN_TONE):
        needed += _NAMED
    elif how == IN_TONE and kept and not (case.before or case.after):
        needed -= _ALONE
    if case.changed == [_TWO] and not case.offered and is_word(case.form[:_TWO]):
        needed += _WORDED
    return gain(case.before, case.shown, case.after) >= max(needed, LEAST_GAIN)


IN_TONE, TONELESS, DRAWN, NEARLY = range(4)
_NEEDED = {  # nats, by characters and how many are others
    (_TWO, 1): (3.75, 4.75, 5.0, 6.0),
    (_TWO, 2): (8.0, 11.0, 11.0),
    (_THREE, 1): (3.75, 6.0, 3.75, 5.5),
    (_THREE, 2): (9.0, 12.0, 12.0),
    (_THREE, 3): (9.0, 12.0, 15.0),
}
_OFFERED = 1.0
_ALONE = 1.0
_NAMED = 4.0
_WORDED = 3.25
LEAST_FUZZY = 4.0
"""What two characters of which one sounds nearly like a term's must gain to be looked at."""
LEAST_OF_PAIRS = {  # of _NEEDED what is left in an offer, and less as it is asked of few around
    (False, True): 3.0,
    (False, False): 5.5,
    (True, True): 3.0,
    (True, False): 8.5,
}
"""What two characters must gain to be looked at, by whether they look like a term or sound like it
in tone, and whether one of them is its own."""


def _is_parted_by_signs(text: Text, anchor: Anchor) -> bool:
    """Whether signs stand between that nobody writes there honestly: 代☆运."""
    between = (char for char in text.folded[anchor.start : anchor.end] if not char.isalnum())
    return not all(map(is_ordinary, between))


def _sounds_nearly_so(char: str, other: str) -> bool:
    """Whether a character has a sound that many people do not tell from that of another."""
    return not _may_sound_so(char, other) and fuzzy(char) == fuzzy(other)


def _may_sound_so(char: str, other: str) -> bool:
    """Whether a character has the usual sound of another, or one that the other may have."""
    return sound(char) in (sound(other), *other_sounds(other))
