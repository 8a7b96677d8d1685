"""Names that are nearly a protected one: a character changed, left out or put in.

A change leaves one half of a name as it is. The halves are looked for together with everything
else; what stands around one is then compared by an index of all names with one character open.
"""

from collections.abc import Container, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from processors.text import grammar, tables
from processors.text.fold import JOINT
from processors.text.lookalikes import GROUPS
from processors.text.views import STROKES, is_in_tone, sound
from processors.text.words import are_han, is_han, is_word

_PAIR = 2  # Han characters of a name of which one may be changed for one that is never met
_LEAST = 3  # of which one may be changed for any one that looks alike
_LEAST_LONGER = 5  # of a name of which one may be left out or put in
_LEAST_TWICE = 4  # of which one may stand twice
_LEAST_LATIN = 6
_OPEN = "\ufffe"  # stands for the character that is open


class Near(NamedTuple):
    """A stretch of stripped text that is nearly a name."""

    form: str
    start: int
    end: int


class _Window(NamedTuple):
    """How far before a piece a stretch begins, how long it is, and how long the name is."""

    shift: int
    size: int
    length: int


class Similar:
    """Finds what is nearly one of the given names, but none of the ``known`` ones itself.

    All are stripped forms.
    """

    def __init__(self, forms: Iterable[str], known: Container[str]) -> None:
        self._known = known
        self._forms = frozenset(filter(_may_be_changed, forms))
        self._open: dict[str, tuple[str, ...]] = {}
        self._shorter: dict[str, str] = {}
        places: dict[str, set[_Window]] = {}
        for form in sorted(self._forms):
            for at in range(len(form)):
                opened = _opened(form, at)
                self._open[opened] = (*self._open.get(opened, ()), form)
                if len(form) >= _LEAST_LONGER and 0 < at < len(form) - 1:
                    self._shorter.setdefault(form[:at] + form[at + 1 :], form)
            for shown in _redrawn(form):
                places.setdefault(shown, set()).add(_Window(0, len(form), len(form)))
            if len(form) == _PAIR:
                continue
            for first, last in _halves(len(form)):
                places.setdefault(form[first:last], set()).update(_windows(first, len(form)))
        self._places = {piece: sorted(windows) for piece, windows in places.items()}
        self.pieces = tuple(self._places)

    def near(self, piece: str, stripped: str, at: int) -> Iterator[Near]:
        """What is nearly a name around one of the pieces, which begins at a place."""
        for shift, size, length in self._places[piece]:
            start, end = at - shift, at - shift + size
            if start < 0 or end > len(stripped) or not _may_speak(stripped, start, end):
                continue
            shown = stripped[start:end]
            if JOINT in shown or shown in self._known:
                continue
            form = self._form(shown, length)
            if form:
                yield Near(form, start, end)

    def _form(self, shown: str, length: int) -> str | None:
        """The name of a length that is shown with one character otherwise."""
        if len(shown) < length:
            return self._shorter.get(shown)
        if len(shown) > length:
            shorter = (
                shown[:at] + shown[at + 1 :]
                for at in range(len(shown) - 1)
                if length >= _LEAST_LONGER or (shown[at] == shown[at + 1] and at < length - 1)
            )
            return next((form for form in shorter if form in self._forms), None)
        for at, char in enumerate(shown):
            for form in self._open.get(_opened(shown, at), ()):
                if form.isascii() or is_alike(char, form[at]):
                    return form
        return None


def _may_speak(stripped: str, start: int, end: int) -> bool:
    """Whether a stretch begins or ends a text, or a role word may follow: only then it counts."""
    if start == 0 or end == len(stripped) or stripped[start - 1] == JOINT:
        return True
    return stripped[end] == JOINT or stripped[end : end + 2] in grammar.ROLE_HEADS


def _windows(offset: int, length: int) -> Iterator[_Window]:
    """Where a name of a length may stand around a piece that it has at an offset."""
    yield _Window(offset, length, length)
    if length >= _LEAST_LONGER:
        for more in (-1, 1):
            yield _Window(offset + more if offset else 0, length + more, length)
    elif length == _LEAST_TWICE:
        yield _Window(offset + 1 if offset else 0, length + 1, length)


def _opened(form: str, at: int) -> str:
    return form[:at] + _OPEN + form[at + 1 :]


def _halves(length: int) -> tuple[tuple[int, int], tuple[int, int]]:
    if length == _LEAST:
        return (0, 2), (1, 3)
    return (0, length // 2), (length // 2, length)


def _redrawn(form: str) -> Iterator[str]:
    """Short names with a character that looks like their own, where no half is left as it is.

    The middle of three, and of two either, but those for one that running text never has and nobody
    is called by: 枓音. What makes a word with a neighbour is none.
    """
    if form.isascii() or len(form) > _LEAST:
        return
    for at in range(_PAIR) if len(form) == _PAIR else (1,):
        for char in _unmet_like(form[at]) if len(form) == _PAIR else _alike_to(form[at]):
            shown = form[:at] + char + form[at + 1 :]
            if not any(is_word(shown[first : first + 2]) for first in range(len(form) - 1)):
                yield shown


def _unmet_like(char: str) -> Iterator[str]:
    """Characters drawn like one of which running text has none, and that are no surname."""
    drawn = {*_grouped().get(char, ()), *tables.lookalikes().get(char, ())}
    for other in sorted(drawn - {char} - grammar.SURNAMES):
        if other not in tables.counts():
            yield other


@cache
def _alike_to(char: str) -> frozenset[str]:
    """The other characters that look like one."""
    wholes = _wholes()
    found = {*_grouped().get(char, ()), *tables.lookalikes().get(char, ())}
    for part in (char, *_parts().get(char, _NONE)):
        found |= wholes.get(part, _NONE)
    return frozenset(found) - {char}


@cache
def _wholes() -> dict[str, frozenset[str]]:
    """Per part the characters that are known by it."""
    found: dict[str, set[str]] = {}
    for whole, parts in _parts().items():
        for part in parts:
            found.setdefault(part, set()).add(whole)
    return {part: frozenset(wholes) for part, wholes in found.items()}


def _may_be_changed(form: str) -> bool:
    if form.isascii():
        return len(form) >= _LEAST_LATIN and form.isalpha()
    return len(form) >= _PAIR and are_han(form)


@cache
def _parts() -> dict[str, frozenset[str]]:
    """Per character the parts it is known by: the last; the first where that is of few strokes."""
    found: dict[str, set[str]] = {}
    for parts, whole in tables.splits().items():
        last = parts[-1]
        found.setdefault(whole, set()).add(_AT_FIRST + parts[0] if last in STROKES else last)
    return {char: frozenset(parts) for char, parts in found.items()}


_NONE: frozenset[str] = frozenset()
_AT_FIRST = "\ufffe"  # before a part at the beginning of a character


def is_other_word(shown: str, form: str) -> bool:
    """Whether the one character that is otherwise makes a word with its neighbour, in other tones.

    It must look otherwise as well: 大雪 is none of the ways to write 大学.
    """
    at = _only_change(shown, form)
    if at is None:
        return False
    char, meant = shown[at], form[at]
    return (
        sound(char) == sound(meant)
        and not (is_in_tone(char, meant) or looks_alike(char, meant))
        and _makes_a_word(shown, at)
    )


def is_misdrawn(shown: str, form: str) -> bool:
    """Whether a name has one character that only looks like its own, and makes no word there.

    Or one that stands there twice: 农业银银行.
    """
    if len(shown) == len(form) + 1:
        return any(
            shown[at] == shown[at + 1] and shown[:at] + shown[at + 1 :] == form
            for at in range(len(form))
        )
    at = _only_change(shown, form)
    return at is not None and looks_alike(shown[at], form[at]) and not _makes_a_word(shown, at)


def _only_change(shown: str, form: str) -> int | None:
    """Where the one character stands that is otherwise; None where there is not just one."""
    if len(shown) != len(form):
        return None
    changes = [at for at, char in enumerate(shown) if char != form[at]]
    return changes[0] if len(changes) == 1 else None


def _makes_a_word(shown: str, at: int) -> bool:
    words = (shown[max(0, at - 1) : at + 1], shown[at : at + 2])
    return any(len(word) > 1 and is_word(word) for word in words)


def is_alike(one: str, other: str) -> bool:
    """Whether two characters sound alike, or look alike.

    So they do by the part that one is known by (迅 and 讯), or where one is inside the other. A
    radical in common is too little: 城 and 社.
    """
    if not (is_han(one) and is_han(other)):
        return False
    return sound(one) == sound(other) or looks_alike(one, other)


def looks_alike(one: str, other: str) -> bool:
    """Whether two characters have the part that one is known by in common, or look alike."""
    parts = _parts()
    ours, theirs = parts.get(one, _NONE), parts.get(other, _NONE)
    if ours & theirs or one in theirs or other in ours:
        return True
    drawn = tables.lookalikes()
    if other in drawn.get(one, ()) or one in drawn.get(other, ()):
        return True
    return other in _grouped().get(one, _NONE)


@cache
def _grouped() -> dict[str, frozenset[str]]:
    """Per character those that are in a group with it."""
    found: dict[str, set[str]] = {}
    for group in GROUPS:
        for char in group:
            found.setdefault(char, set()).update(group)
    return {char: frozenset(others) for char, others in found.items()}
