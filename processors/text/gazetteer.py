"""Search for places that a name associates itself with (Order No. 10, Art. 8(5)).

A place in a name is usually innocent: 南京人, 西湖边的猫. What counts is a second signal beside it:
a word that sounds official (杭州发布), the end of an institution's name (天安门管理处), or abuse.
"""

import re
from collections.abc import Iterable, Sequence

from processors.text.context import after, before, is_whole, segment
from processors.text.entry import Entry
from processors.text.fold import fold, strip
from processors.text.lexicon import TermDetector
from processors.text.match import Match, Outcome
from processors.text.scan import Anchor, Text
from processors.text.views import FOLDED, STRIPPED

SIGNALS = ("official", "organ", "abuse")
"""Tags that a signal may have."""

_SHORT = 20  # letters of a text that may be a name
_REACH = 16
_BETWEEN = 6  # letters that the name of an institution may have between place and ending

_UNIT = re.compile(r"(?:特别行政区|自治[区州县]|新区|[省市县区旗州盟镇乡村])")
_JOINED = re.compile(r"[\W_]*(?:的|之)?[\W_]*")
_DIVISION = re.compile(r"[㐀-鿿]{2,6}(?:省|市|县|自治[区州县]|新区)\Z")
_NO_DIVISION = re.compile(r"(?:[超夜菜股上门早开面都城楼]市|[外知]县|反省)\Z")
_HARMLESS_AFTER = re.compile(
    r"[\W_]*(?:人(?!民|大|社)|话|菜|味|妹|娃|女孩|男孩|姑娘|小伙|大叔|阿姨|边|畔|旁|附近|对面|脚下|"
    r"的(?:猫|狗|雨|风|雪|夜|秋|冬|春|夏|月|云|花|树|梦|鱼|海|山|日|故|小|老|一|那)|之恋|往事|印象|游记|"
    r"旅行|日记|小吃|美食|火锅|烤鸭|拉面|米粉|热干面|炸酱面|凉皮|烧烤|早茶|方言|生活|打工|漂泊?(?:\W|\Z))"
)
_HARMLESS_BEFORE = re.compile(
    r"(?:老|爱|在|去|来自|想去|离开|走遍|回|漂在|住在|我爱|路过|打卡)[\W_]*\Z"
)


class Gazetteer(TermDetector):
    """Finds names of places, and says whether a second signal stands beside them.

    ``landmarks`` are landmarks and seats of institutions, ``divisions`` plain names of divisions.
    ``signals`` are the words that make an association of a place: their tag is ``official``
    (directly beside the place, its unit between at most), ``organ`` (ends the name of an
    institution that begins with the place) or ``abuse`` (anywhere in a short text). The outcome is
    ``reject`` with a second signal. A landmark without one is ``accept`` where the surroundings
    make it harmless, ``review`` where it stands in a short text, no match in a long one; a division
    without one is no match.
    """

    def __init__(
        self, landmarks: Iterable[Entry], divisions: Iterable[str], signals: Iterable[Entry]
    ) -> None:
        landmarks, signals = tuple(landmarks), tuple(signals)
        self._signals, self._landmarks = frozenset(signals), frozenset(landmarks)
        super().__init__((*landmarks, *signals))
        self._divisions = {fold(name): Entry(name, name) for name in divisions if len(name) > 1}
        longest_first = sorted(self._divisions, key=lambda name: (-len(name), name))
        # Many honest texts hold a division: they are looked for only where there is a signal.
        self._any_division = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self._allowed = {form for form, entry in self.terms.stripped.items() if entry.allow}

    def confirm(self, text: Text, anchors: Sequence[Anchor]) -> list[Match]:
        """Places with the outcome their surroundings give them."""
        places: list[tuple[Anchor, Entry]] = []
        signals: list[tuple[Anchor, Entry]] = []
        for anchor, entry in self.hits(text, anchors):
            (signals if entry in self._signals else places).append((anchor, entry))
        short = _is_short(text.folded)
        if signals:
            taken = [anchor for anchor, _ in places]
            taken += [anchor for anchor in anchors if anchor.term in self._allowed]
            places += self._divisions_in(text, taken)
        found = (
            _match(text, place, entry, signals, alone=entry in self._landmarks, short=short)
            for place, entry in places
        )
        return [match for match in found if match] or self._by_unit(text, signals)

    def _divisions_in(self, text: Text, taken: list[Anchor]) -> list[tuple[Anchor, Entry]]:
        """Divisions named in a text, but for those inside something else."""
        found = []
        for hit in self._any_division.finditer(text.stripped):
            start, end = text.folded_span(STRIPPED, *hit.span())
            if not any(t.start <= start and end <= t.end for t in taken):
                view = FOLDED if end - start == len(hit[0]) else STRIPPED
                found.append((Anchor(view, hit[0], start, end), self._divisions[hit[0]]))
        return found

    @staticmethod
    def _by_unit(text: Text, signals: list[tuple[Anchor, Entry]]) -> list[Match]:
        """Divisions that no list has, told by their unit, a signal after them: 滨江新区发布."""
        matches = []
        for anchor, entry in signals:
            first, _ = segment(text.folded, anchor, _REACH)
            name = strip(text.folded[first : anchor.start])
            found = _DIVISION.search(name)
            if found is None or _NO_DIVISION.search(name) or entry.tag == "abuse":
                continue
            matches.append(
                Match(
                    entry.term,
                    entry.tag,
                    "place",
                    anchor.view,
                    text.technique(anchor),
                    Outcome.REJECT,
                    *text.span(first, anchor.end),
                    entry.severity,
                )
            )
        return matches


def _match(
    text: Text,
    place: Anchor,
    entry: Entry,
    signals: list[tuple[Anchor, Entry]],
    *,
    alone: bool,
    short: bool,
) -> Match | None:
    """The match of a place; without a signal only where it counts ``alone``, in a short text."""
    folded, start, end = text.folded, place.start, place.end
    signal = next((s for s, e in signals if _associates(folded, place, s, e, short=short)), None)
    if signal:
        outcome = Outcome.REJECT
        start, end = min(start, signal.start), max(end, signal.end)
    elif not (short and alone):
        return None
    else:
        outcome = Outcome.ACCEPT if _is_harmless(folded, place) else Outcome.REVIEW
    return Match(
        entry.term,
        entry.tag,
        "place",
        place.view,
        text.technique(place),
        outcome,
        *text.span(start, end),
        entry.severity,
    )


def _associates(folded: str, place: Anchor, signal: Anchor, entry: Entry, *, short: bool) -> bool:
    """Whether a signal makes something of a place."""
    if entry.tag == "abuse":
        return short
    if signal.end <= place.start:  # 官方·西湖
        between = folded[signal.end : place.start]
        return entry.tag == "official" and _JOINED.fullmatch(between) is not None
    between = folded[place.end : signal.start]
    if entry.tag == "organ":
        return len(strip(between)) <= _BETWEEN and all(map(_may_be_inside, between))
    rest = _UNIT.sub("", between, count=1)
    return _JOINED.fullmatch(rest) is not None


def _may_be_inside(char: str) -> bool:
    """Whether a character may stand inside the name of an institution."""
    return char not in "的是在和与，。！？、" and (
        char.isalpha() or char.isspace() or char in "·-—*_"
    )


def _is_harmless(folded: str, place: Anchor) -> bool:
    """Whether the surroundings say that it is only where somebody is, or what they speak of."""
    if is_whole(folded, place.start, place.end):
        return False
    return (
        _HARMLESS_AFTER.match(after(folded, place, _REACH)) is not None
        or _HARMLESS_BEFORE.search(before(folded, place, _REACH)) is not None
    )


def _is_short(folded: str) -> bool:
    return len(folded) <= 4 * _SHORT and sum(map(str.isalnum, folded)) <= _SHORT
