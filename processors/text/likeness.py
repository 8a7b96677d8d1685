"""Gates for what only sounds or looks like a short term: whether it is written for it."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

from processors.text import tables
from processors.text.context import is_ordinary
from processors.text.gates import neighbours
from processors.text.grammar import (
    OFFER_AFTER,
    OFFER_BEFORE,
    PERSON_AFTER,
    SELLING,
    SURNAMES,
    offers,
)
from processors.text.scan import Anchor, Text
from processors.text.similar import is_alike, looks_alike
from processors.text.views import is_in_tone, other_sounds, sound
from processors.text.words import REACH, is_han, is_word

_TWO, _THREE, _FOUR = 2, 3, 4
_RARE = 20  # hardly anybody writes a character met less but to hide another
_EVERYWHERE = 2000  # so often only 之, 的 and the like
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

    @property
    def often(self) -> int:
        """How often the most frequent of the characters is met that are not those of the form."""
        return max((tables.counts().get(self.shown[at], 0) for at in self.changed), default=0)

    @property
    def offered(self) -> bool:
        """Whether somebody offers something near it, or who is offered stands right behind."""
        return offers(self.around) > 0 or bool(PERSON_AFTER.match(self.after))

    @property
    def left(self) -> bool:
        """Whether a Han character stands before it."""
        return is_han(self.before[-1:] or " ")

    @property
    def right(self) -> bool:
        """The same behind it."""
        return is_han(self.after[:1] or " ")

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
    return _Case(shown, form, changed, before, after, around, _is_named(text.folded, anchor))


def _is_named(folded: str, anchor: Anchor) -> bool:
    first, last = anchor.start, anchor.end
    while first > 0 and last - first <= _THREE and is_han(folded[first - 1]):
        first -= 1
    while last < len(folded) and last - first <= _THREE and is_han(folded[last]):
        last += 1
    return last - first <= _THREE and folded[first] in SURNAMES


def is_meant(text: Text, anchor: Anchor, form: str) -> bool:
    """Whether what sounds like a short form is there for it, as more than its sound says.

    Of two characters the sound alone says little, and of three when two are others or one stands
    beside a word that is met everywhere (校园戴 for 校园贷). So an offer must be right beside it
    (涨份接单), or more speak for it: see the three ways below.
    """
    case = _case(text, anchor, form)
    if case is not None and not case.all_changed(_may_sound_so):
        return len(case.changed) == 1 and (not case.worded or case.offered)
    if case is None or not _is_weak(form, case.changed) or _is_parted_by_signs(text, anchor):
        return True
    if OFFER_AFTER.match(case.after) or OFFER_BEFORE.search(case.before):
        return True
    if len(case.changed) == len(form):
        return _is_meant_by_none(case)
    if PERSON_AFTER.match(case.after):
        return True
    return _is_meant_by_one(case) if len(form) == _TWO else _is_meant_by_some(case)


def _is_parted_by_signs(text: Text, anchor: Anchor) -> bool:
    """Whether signs stand between that nobody writes there honestly: 代☆运."""
    between = (char for char in text.folded[anchor.start : anchor.end] if not char.isalnum())
    return not all(map(is_ordinary, between))


def _is_meant_by_none(case: _Case) -> bool:
    """Where no character is kept: with the tones, and in seldom characters or in an offer (拌正).

    Of three characters that are in an offer, or as rare as nobody writes them otherwise, other
    tones will do, and with the tones it may be all there is. A name is one whatever is seldom.
    """
    if case.named:
        return False
    three = len(case.form) == _THREE
    if case.all_changed(is_in_tone):
        alone = three and not (case.left or case.right)
        return alone or case.often < _OFTEN or case.offered
    return (three and case.offered) or _is_odd(case)


def _is_meant_by_one(case: _Case) -> bool:
    """Where one of two is kept: with the tones as well, and more.

    It is a segment of its own, or seldom, or in an offer, or has no more beside it than a character
    behind (走丝烟). With other tones its characters must be rare, or seldom and in an offer, or in
    more than one (信用卡掏现秒到). A name is one whatever is seldom (袁代莲).
    """
    if case.all_changed(is_in_tone):
        alone = not (case.left or case.right)
        last = not case.left and case.often < _EVERYWHERE and not is_han(case.after[1:2] or " ")
        offered = case.offered and case.often < _EVERYWHERE  # 到号了请办理
        if alone or last or case.often < _OFTEN or offered:
            return True
        return not case.named and case.all_changed(looks_alike)
    much = offers(case.around) > 1
    return not case.named and (much or _is_odd(case) or (case.often < _OFTEN and case.offered))


def _is_meant_by_some(case: _Case) -> bool:
    """Where some of three are kept: before a word it is as odd in other tones: 白家乐.

    What both sounds and looks like it needs no more: 绿茶表.
    """
    if case.often < _OFTEN or case.offered:
        return True
    alone = not (case.left or case.right)
    if alone and (case.changed == [0] or case.all_changed(is_in_tone)):
        return True
    return case.all_changed(is_in_tone) and case.all_changed(looks_alike)


def _is_odd(case: _Case) -> bool:
    """Whether the characters are rare, or seldom met with nothing behind.

    There it may only run into another word: 黑壳虾.
    """
    return case.often < _RARE or (case.often < _OFTEN and not case.right)


def is_drawn(text: Text, anchor: Anchor, form: str) -> bool:
    """Whether what looks like a form is written for it: 校园货.

    What is otherwise must be seldom met, or stand in an offer; of two characters both. Where it is
    most of the form, it must be rare and more beside it, or be both, or sound alike as well; of
    long ones half is kept.
    """
    case = _case(text, anchor, form)
    if case is None or not case.all_changed(is_alike):
        return False
    most = 2 * len(case.changed) > len(form)
    if len(form) > _THREE:
        return not most and (not case.worded or case.often < _OFTEN or case.offered)
    seldom = case.often < _OFTEN
    if not most:
        alone = not (case.left or case.right or case.named)
        rare = case.often < _RARE and not case.named
        longer = len(form) > _TWO
        return (
            case.offered
            or rare
            or (seldom and (longer or alone))
            or (longer and alone and not case.worded)
        )
    if seldom and (case.offered or case.all_changed(_sounds_so)):
        return True
    return case.often < _RARE and not case.named


def is_seldom(shown: str, forms: Iterable[str]) -> bool:
    """Whether all is seldom met that is not as in one of the forms."""
    often = _often()
    return not often.issuperset(shown) and any(
        all(a == b or a not in often for a, b in zip(shown, form, strict=True)) for form in forms
    )


@cache
def _often() -> frozenset[str]:
    return frozenset(char for char, count in tables.counts().items() if count >= _OFTEN)


def may_be_offered(stripped: str, start: int, end: int) -> bool:
    """Whether something may be offered around a place; cheap."""
    return (
        offers(stripped[max(0, start - REACH) : end + REACH]) > 0
        or (start > 0 and stripped[start - 1] in SELLING)
        or PERSON_AFTER.match(stripped, end) is not None
    )


def _may_sound_so(char: str, other: str) -> bool:
    """Whether a character has the usual sound of another, or one that the other may have."""
    return sound(char) in (sound(other), *other_sounds(other))


def _sounds_so(char: str, other: str) -> bool:
    return sound(char) == sound(other)


def _is_weak(form: str, changed: list[int]) -> bool:
    """Whether the changed characters of a form are most of it, or stand beside a word."""
    if len(form) <= _TWO or len(changed) == len(form):
        return len(form) <= _THREE
    if len(form) > _THREE or (len(changed) == 1 and changed[0] == 1):
        return False
    if len(changed) > 1:
        return True
    return is_word(form[:-1] if changed[0] else form[1:])
