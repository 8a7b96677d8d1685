"""Search of a whole batch at once.

The texts are folded joined together, and automata run over the joined views: the folded form, the
stripped form, in which nothing stands between letters, the skeleton and the sound. The few texts
that may be meant to be read otherwise (``readings``) go through the automata once more, as what
they may be read as. What the automata hit are only anchors; the detector that asked for the anchor
confirms it, looking at what stands around. Texts without an anchor cost nothing more.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple, Protocol

from processors.text import readings, redrawn, respelled
from processors.text.automaton import Automaton, Hears, Hit, Lookup, Pairs
from processors.text.fold import JOINT, RULES, UNKNOWN, kept, origins, strip
from processors.text.forms import Forms, for_search, starts_of
from processors.text.match import Match
from processors.text.similar import Near
from processors.text.views import (
    BACKWARDS,
    COLLAPSED,
    FOLDED,
    FUZZY,
    FUZZY_PAIR,
    INITIALS,
    MIXED,
    PAIR,
    SHAPE,
    SHAPE_PAIR,
    SIMILAR,
    SKELETON,
    SOUND,
    STRIPPED,
    TONED,
    kind_of,
    skeleton,
    skeleton_kept,
    sound,
)
from processors.text.wanted import Wanted

_RULES_BY_WEIGHT = (
    *("invisible", "confusable", "enclosed", "radical", "variant", "traditional", "digit"),
    *("mark", "width", "case"),
)
"""Rules of folding, that which hides most first; a text is named after the first that was used."""

_TECHNIQUES = {
    **{STRIPPED: "separator", SKELETON: "skeleton", SIMILAR: "similar", SHAPE: "similar"},
    **dict.fromkeys((SOUND, MIXED, TONED, FUZZY), "homophone"),
}
_VIEWS = (
    FOLDED,
    STRIPPED,
    BACKWARDS,
    SKELETON,
    SOUND,
    PAIR,
    MIXED,
    TONED,
    FUZZY,
    FUZZY_PAIR,
    SHAPE,
    SHAPE_PAIR,
    COLLAPSED,
    INITIALS,
)
_PLAIN_VIEWS = (FOLDED, STRIPPED, SKELETON, SOUND, SHAPE)  # of a text as it stands
_TOGETHER = {
    STRIPPED: (BACKWARDS,),
    SHAPE: (FUZZY,),
    MIXED: (TONED, SHAPE_PAIR, FUZZY_PAIR),
}  # what is searched in one go
_LOOKED_UP = (SHAPE, INITIALS)
"""Views of terms of which few begin alike, and of the most, for which few texts are searched."""
_VIEWS_OF = {  # the views in which a reading is searched; the first gives its form
    readings.REPEAT: (STRIPPED, COLLAPSED, SKELETON, SOUND, PAIR),
    readings.SPLIT: (STRIPPED,),
    readings.REVERSED: (STRIPPED, SKELETON, SOUND, PAIR),
    readings.TURNED: (STRIPPED,),
    BACKWARDS: (STRIPPED,),
    readings.ORNAMENT: (STRIPPED, SKELETON, SOUND, PAIR),
    readings.SIGNS: (STRIPPED, SKELETON),
    readings.PARTED: (STRIPPED,),
    readings.BRACKET: (STRIPPED,),
    readings.PICTURE: (STRIPPED,),
    readings.TRANSLATED: (STRIPPED,),
    readings.MASKED: (STRIPPED,),
    readings.DRAWN: (STRIPPED, SKELETON),
    readings.TOLD: (STRIPPED,),
    readings.ENCODED: (STRIPPED, SOUND, PAIR),
    readings.NUMERAL: (STRIPPED, SKELETON),
    readings.PINYIN: (SOUND, PAIR, INITIALS),
    readings.BOPOMOFO: (SOUND, PAIR),
    readings.INITIAL: (INITIALS,),
    readings.COMBINED: (SOUND, PAIR, INITIALS),
}

_SPOKEN = (
    readings.PINYIN,
    readings.BOPOMOFO,
    readings.COMBINED,
)  # readings whose form is one by sound


class Anchor(NamedTuple):
    """A term found in a view. ``start`` and ``end`` are in the folded form, for any view.

    ``reading`` is empty where the text is read as it stands.
    """

    view: str
    term: str
    start: int
    end: int
    reading: str = ""
    written: tuple[str, ...] = ()
    """Of a combined reading what each character is read from."""

    @property
    def form(self) -> str:
        """The reading or view by which a match is named."""
        return self.reading or (SOUND if self.view in (PAIR, MIXED, TONED, FUZZY) else self.view)


class Text:
    """One text in its forms, with the way back from the folded form to the original."""

    def __init__(self, original: str, folded: str) -> None:
        self.original = original
        self.folded = folded
        self._heard: dict[str, int] = {}

    @cached_property
    def origins(self) -> Sequence[int]:
        """For every character of the folded form the index of the code point it came from."""
        return origins(self.original)

    @cached_property
    def kept(self) -> list[int]:
        """For every character of the stripped form its index in the folded form."""
        return kept(self.folded)

    @cached_property
    def stripped(self) -> str:
        """The stripped form."""
        return strip(self.folded)

    def heard_first(self, syllables: str) -> int:
        """Where in the stripped form characters that sound so stand first, -1 where none do."""
        if syllables not in self._heard:
            self._heard[syllables] = self._sounded.find(syllables)
        return self._heard[syllables]

    @cached_property
    def _sounded(self) -> str:
        return sound(self.stripped)

    @cached_property
    def _skeleton_kept(self) -> list[int]:
        return skeleton_kept(self.folded)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Span of the original that a span of the folded form came from."""
        return self.origins[start], self.origins[end - 1] + 1

    def folded_span(self, view: str, start: int, end: int) -> tuple[int, int]:
        """Span of the folded form that a span of a view came from."""
        if view == FOLDED:
            return start, end
        if view == SKELETON:
            places = self._skeleton_kept
            return places[start], places[end - 1] + 1
        return self.kept[start], self.kept[end - 1] + 1

    def stripped_span(self, start: int, end: int) -> tuple[int, int]:
        """Span of the stripped form for a span of the folded form."""
        return bisect_right(self.kept, start - 1), bisect_right(self.kept, end - 1)

    def technique(self, anchor: Anchor) -> str:
        """How the original shows or hides what was found: ``plain`` when it does not hide it."""
        if anchor.reading:
            return anchor.reading
        if anchor.view in _TECHNIQUES:
            return _TECHNIQUES[anchor.view]
        start, end = self.span(anchor.start, anchor.end)
        used = {RULES.get(ord(char)) for char in self.original[start:end]}
        return next((rule for rule in _RULES_BY_WEIGHT if rule in used), "plain")

    def read_otherwise(self, kind: str, wanted: Wanted) -> Iterator[readings.Reading]:
        """What the text may be read as otherwise, in the way of a kind."""
        folded = self.folded
        if kind == readings.REPEAT:
            places = readings.repeats_at(self.stripped)
            if any(redrawn.is_stretched(folded, self.kept, at) for at in places):
                yield redrawn.repeat(folded, self.kept)
        elif kind == readings.SPLIT:
            yield redrawn.split(folded, self.kept, wanted.wholes(self.stripped))
        elif kind == readings.PARTED:
            yield redrawn.part(folded, self.kept, self.stripped, wanted)
        elif kind == readings.BRACKET:
            yield redrawn.unbracket(folded, self.kept)
            yield from redrawn.unweave(folded, self.kept, self.stripped)
        elif kind == readings.COMBINED:
            yield respelled.count(folded, self.kept)
        elif kind == BACKWARDS:
            yield redrawn.backwards(folded, self.kept)
        elif kind == readings.SIGNS:
            yield redrawn.put_together(folded)
            yield from redrawn.unmask(folded, wanted)
            yield from redrawn.uncover(folded, self.kept, wanted)
        elif kind == readings.TOLD:
            yield from redrawn.tell(folded)
        elif kind == readings.PICTURE:
            yield from redrawn.picture(folded, wanted)
        elif kind == readings.PINYIN:
            yield from respelled.spell(folded, wanted)
            yield from redrawn.translate(folded, wanted)
        else:
            yield from self.odd_readings(wanted)

    def odd_readings(self, wanted: Wanted | None = None) -> Iterator[readings.Reading]:
        """Readings of characters that are there for no other."""
        for read in (
            *(redrawn.reverse, redrawn.turn, redrawn.unadorn),
            *(redrawn.draw, redrawn.count),
        ):
            yield from read(self.original, self.origins, self.folded)
        yield from redrawn.decode(self.folded)
        yield from redrawn.look(self.folded, wanted)
        yield from respelled.sound_out(self.folded)


class Detector(Protocol):
    """What the scanner needs of a detector.

    One that finds what is nearly a term has ``piece_terms``, which are looked for in the stripped
    form, and ``near``, which is asked what is there around one.

    Beside these it may have ``skeleton_terms``, ``sound_terms``, ``pair_terms``,
    ``mixed_terms``, ``toned_terms``, ``fuzzy_terms``,
    ``fuzzy_pair_terms``, ``shape_terms``, ``shape_pair_terms``, ``backwards_terms``,
    ``collapsed_terms``, ``initials_terms`` and ``parted_terms``, and then gets anchors of these
    views and of the other readings.
    """

    @property
    def folded_terms(self) -> Iterable[str]:
        """Terms to look for in the folded form."""

    @property
    def stripped_terms(self) -> Iterable[str]:
        """Terms to look for in the stripped form."""

    @property
    def prefilter(self) -> re.Pattern[str] | None:
        """Pattern that makes a text worth a look without an anchor; must not match ``JOINT``."""

    def confirm(self, text: Text, anchors: Sequence[Anchor]) -> list[Match]:
        """Matches of a text, given its anchors by start, the longest first; linear in both.

        Of anchors with one span that of the plainest view is first.
        """


_ByDetector = defaultdict[int, list[Anchor]]


class _Batch:
    """Texts, their forms, and the anchors found so far, by text and detector."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.joined = _join(texts)
        self.forms = Forms(self.joined)
        self.anchors: dict[int, _ByDetector] = {}
        self.signed: set[int] = set()  # texts with signs that may make a letter together
        self._made: dict[int, Text] = {}

    @cached_property
    def _parts(self) -> list[str]:
        return self.forms.folded.split(JOINT)

    def text(self, index: int) -> Text:
        """One of the texts."""
        made = self._made.get(index)
        if made is None:
            made = self._made[index] = Text(self.texts[index], self._parts[index])
        return made

    def detectors(self, index: int) -> _ByDetector:
        """Anchors of a text by detector."""
        found = self.anchors.get(index)
        if found is None:
            found = self.anchors[index] = defaultdict(list)
        return found


class Scanner:
    """Runs any number of detectors over a batch in one go."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = tuple(detectors)
        wanted = {view: [_terms(detector, view) for detector in detectors] for view in _VIEWS}
        wanted[FOLDED].append(readings.SIGNED)  # owned by none of the detectors
        for view, others in _TOGETHER.items():
            every = zip(wanted[view], *map(wanted.pop, others), strict=True)
            wanted[view] = list(map(chain.from_iterable, every))
        wanted[STRIPPED] += [_terms(detector, "piece") for detector in detectors]
        self._pairs = Pairs(wanted.pop(MIXED))
        self._automata = {
            view: Automaton(terms, Lookup) if view in _LOOKED_UP else Automaton(terms)
            for view, terms in wanted.items()
        }
        self._backwards = [frozenset(_terms(detector, BACKWARDS)) for detector in detectors]
        self._base = tuple(view for view in _PLAIN_VIEWS if self._automata[view])
        if self._pairs:
            self._base += (MIXED,)
        self._otherwise = frozenset(
            index for index, one in enumerate(detectors) if hasattr(one, "collapsed_terms")
        )
        self._hears: list[Hears] = [getattr(one, "hears", _never) for one in detectors]
        self._near: list[Callable[[str, str, int], Iterable[Near]]] = [
            getattr(one, "near", _nothing) for one in detectors
        ]
        self._wanted = Wanted(
            *(
                [
                    term
                    for index in self._otherwise
                    for view in views
                    for term in _terms(detectors[index], view)
                ]
                for views in ((STRIPPED,), (SOUND, PAIR), (MIXED,), (INITIALS,), (readings.PARTED,))
            )
        )

    def find(self, texts: Sequence[str]) -> list[tuple[tuple[int, Match], ...]]:
        """Per text, the index of the detector and the match, in the order of detector and span.

        A text gets the same answer whatever else is in the batch. Raises `TypeError` for what is
        no sequence of texts, such as one text alone.
        """
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise TypeError(f"texts must be a sequence of str, as in [text], not {texts!r:.80}")
        batch = _Batch(texts)
        for view in self._base:
            self._search(batch, view)
        if self._otherwise:
            self._read_otherwise(batch)
        self._prefilter(batch)
        found: list[tuple[tuple[int, Match], ...]] = [()] * len(texts)
        for index, by_detector in batch.anchors.items():
            found[index] = tuple(
                (owner, match)
                for owner in sorted(by_detector)
                for match in self._confirm(owner, batch.text(index), by_detector[owner])
            )
        return found

    def _search(self, batch: _Batch, view: str) -> None:
        """Anchors of the texts as they stand, in one view."""
        forms = batch.forms
        seen = forms.view(view)
        if view == MIXED:
            hits = self._pairs.find_heard(seen, forms.view(STRIPPED), forms.stripped, self._hears)
        elif view in (SOUND, SHAPE):  # nearly all of them are words of their own
            hits = self._automata[view].find_heard(seen, forms.stripped, self._hears)
        else:
            hits = self._automata[view].find(seen)
        if view == STRIPPED:
            hits = self._seen(batch, hits)
        starts: list[int] = []
        for hit in hits:
            starts = starts or forms.starts(view)
            index = bisect_right(starts, hit.start) - 1
            offset = starts[index]
            span = batch.text(index).folded_span(view, hit.start - offset, hit.end - offset)
            anchor = Anchor(kind_of(view, hit.term), hit.term, *span)
            by_detector = batch.detectors(index)
            for owner in hit.owners:
                if owner == len(self._detectors):
                    batch.signed.add(index)
                else:
                    by_detector[owner].append(anchor)

    def _seen(self, batch: _Batch, hits: Iterable[Hit]) -> Iterator[Hit]:
        """The hits that are of terms; pieces of a term that is nearly there become anchors."""
        count, stripped = len(self._detectors), batch.forms.stripped
        for hit in hits:
            if hit.owners[-1] < count:
                yield hit
                continue
            for owner in hit.owners:
                if owner >= count:
                    for term, start, end in self._near[owner - count](
                        hit.term, stripped, hit.start
                    ):
                        self._add_near(batch, owner - count, term, start, end)
            owners = tuple([owner for owner in hit.owners if owner < count])
            if owners:
                yield hit._replace(owners=owners)

    def _add_near(self, batch: _Batch, owner: int, term: str, start: int, end: int) -> None:
        starts = batch.forms.starts(STRIPPED)
        index = bisect_right(starts, start) - 1
        offset = starts[index]
        span = batch.text(index).folded_span(STRIPPED, start - offset, end - offset)
        batch.detectors(index)[owner].append(Anchor(SIMILAR, term, *span))

    def _read_otherwise(self, batch: _Batch) -> None:
        """Anchors of what texts may be read as otherwise."""
        wanted = self._wanted
        kinds = {(index, readings.SIGNS) for index in batch.signed}
        made = [
            (index, reading)
            for index, kind in sorted(kinds.union(batch.forms.otherwise(wanted)))
            for reading in batch.text(index).read_otherwise(kind, wanted)
        ]
        made += [
            (index, combined)
            for index, reading in made
            if reading.kind in (readings.SPLIT, readings.PICTURE)
            for combined in respelled.combine(reading, wanted)
        ]
        for kind, views in _VIEWS_OF.items():
            some = [(index, reading) for index, reading in made if reading.kind == kind]
            joined = JOINT.join(reading.form for _, reading in some)
            for view in views if some else ():
                unspoken = view in (SOUND, PAIR) and kind not in _SPOKEN
                form = sound(joined) if unspoken else joined
                form = skeleton(form) if view == SKELETON else form
                self._search_readings(batch, some, view, form)

    def _search_readings(
        self,
        batch: _Batch,
        some: Sequence[tuple[int, readings.Reading]],
        view: str,
        joined: str,
    ) -> None:
        starts = starts_of(joined)
        places: dict[int, list[int]] = {}
        for hit in self._automata[view].find(for_search(joined)):
            at = bisect_right(starts, hit.start) - 1
            index, reading = some[at]
            first, last = hit.start - starts[at], hit.end - starts[at]
            if view == SKELETON:
                if at not in places:
                    places[at] = skeleton_kept(reading.form)
                first, last = places[at][first], places[at][last - 1] + 1
            start, end = reading.span(first, last)
            if not _differs(batch.text(index).folded[start:end], reading, first, last):
                continue
            written = tuple(reading.written[first:last])
            anchor = Anchor(view, hit.term, start, end, reading.kind, written)
            for owner in self._otherwise.intersection(hit.owners):
                if hit.term not in self._backwards[owner]:  # one way to hide it is enough
                    batch.detectors(index)[owner].append(anchor)

    def _prefilter(self, batch: _Batch) -> None:
        starts: list[int] = []
        for owner, detector in enumerate(self._detectors):
            if detector.prefilter is None:
                continue
            for hit in detector.prefilter.finditer(batch.forms.folded):
                starts = starts or batch.forms.starts(FOLDED)
                batch.detectors(bisect_right(starts, hit.start()) - 1).setdefault(owner, [])

    def _confirm(self, owner: int, text: Text, found: list[Anchor]) -> list[Match]:
        """Matches of a detector; of anchors with one span that of the plainest view is first.

        Of a term that is found there in several views only that one is left.
        """
        each = {(one.start, one.end, one.term, one.reading): one for one in reversed(found)}
        ordered = list(each.values())[::-1]
        ordered.sort(key=lambda anchor: (anchor.start, -anchor.end))
        return sorted(self._detectors[owner].confirm(text, ordered), key=_span)


def _differs(shown: str, reading: readings.Reading, first: int, last: int) -> bool:
    """Whether what is found in a reading is not found without it."""
    if reading.kind == readings.INITIAL:
        return True
    if reading.kind == readings.COMBINED:
        return any(piece.isdigit() or piece not in shown for piece in reading.written[first:last])
    spoken = reading.kind in _SPOKEN
    if spoken and not readings.MAY_SPELL.search(shown):
        return False
    plain = strip(shown)
    return reading.form[first:last] != (sound(plain) if spoken else plain)


def _nothing(_piece: str, _stripped: str, _at: int) -> Iterable[Near]:
    return ()


def _never(_term: str, _stripped: str, _start: int, _end: int, _gain: float) -> bool:
    return False


def _terms(detector: Detector, view: str) -> Iterable[str]:
    terms: Iterable[str] = getattr(detector, f"{view}_terms", ())
    return terms


def _span(match: Match) -> tuple[int, int]:
    return match.start, match.end


def _join(texts: Sequence[str]) -> str:
    joined = JOINT.join(texts)
    if joined.count(JOINT) >= len(texts) > 0:
        return JOINT.join(text.replace(JOINT, UNKNOWN) for text in texts)
    return joined
