"""Search for the entries of a lexicon."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cached_property

from processors.text import grammar
from processors.text.bynames import bynames
from processors.text.entry import Entry, entries_of
from processors.text.fold import JOINT, UNKNOWN, codes_of, fold, fold_codes, strip, text_of
from processors.text.gates import (
    equal,
    is_apart,
    is_combined,
    is_no_word,
    is_spaced,
    is_whole_word,
    looks_alike,
    may_be_others,
    sounds_alike,
    stands,
)
from processors.text.likeness import (
    LEAST_FUZZY,
    LEAST_OF_PAIRS,
    is_drawn,
    is_meant,
)
from processors.text.match import Match, Outcome
from processors.text.readings import (
    BOPOMOFO,
    BRACKET,
    COMBINED,
    DRAWN,
    MASKED,
    NUMERAL,
    PARTED,
    PICTURE,
    PINYIN,
    REVERSED,
    SIGNS,
    SLANG,
    TOLD,
    TRANSLATED,
    TURNED,
)
from processors.text.scan import Anchor, Scanner, Text
from processors.text.views import (
    BACKWARDS,
    COLLAPSED,
    FOLDED,
    FUZZY,
    INITIALS,
    MIXED,
    NUMERALS,
    PAIR,
    SHAPE,
    SIMILAR,
    SKELETON,
    SOUND,
    STRIPPED,
    TONED,
    collapse,
    drawn,
    fuzzy,
    fuzzy_sounds,
    leads,
    lookalikes,
    other_sounds,
    shape,
    skeleton,
    sound,
    toned_ways,
)
from processors.text.words import REACH, are_han, cut_ends, is_han, is_word

_LEAST = 2  # a single character would be found everywhere
_LEAST_ALIKE = 3  # shorter ones count in no skeleton
_LONGEST_SOUND = 8
_LEAST_BY_TURNS = 4
_LEAST_BACKWARDS = 3
_LEAST_BACKWARDS_LATIN = 5


class View(StrEnum):
    """What may be searched beside the folded and the stripped form, which always are."""

    SKELETON = "skeleton"  # look-alikes, digits for letters, other numerals
    SOUND = "sound"  # homophones, pinyin, initials
    REPEAT = "repeat"
    SPLIT = "split"
    REVERSED = "reversed"
    PARTED = "parted"


ALL_VIEWS = tuple(View)
QUIET_VIEWS = tuple(view for view in View if view is not View.SOUND)
"""The same without those by sound, which suit neither names nor titles."""

_SPELLED = (PINYIN, BOPOMOFO, COMBINED)
_APART = (BACKWARDS, PARTED, BRACKET, COMBINED, TOLD, TRANSLATED, MASKED)
"""Readings of lexicons alone."""
_DOUBTFUL = (PICTURE, SLANG, *_APART)
_GUESSED = (TRANSLATED, MASKED)
"""Readings that nothing is hidden by which stands there plainly."""
_BY_SOUND = (SOUND, PAIR, MIXED, TONED, FUZZY, INITIALS)
_SWITCHED = {  # readings that are left out with a view
    **{view.value: view for view in (View.REPEAT, View.SPLIT, View.REVERSED, View.PARTED)},
    BACKWARDS: View.REVERSED,
    TOLD: View.REVERSED,
    BRACKET: View.PARTED,
    COMBINED: View.SOUND,
    **dict.fromkeys((SIGNS, MASKED, TRANSLATED, TURNED, DRAWN, NUMERAL), View.SKELETON),
}


class Terms:
    """Entries by their forms in every view.

    Of entries that fold to the same form one that allows stays, whatever their order: a list of
    exceptions is set against a list that others keep. Else the gravest, of equal ones the first.
    """

    def __init__(self, given: Iterable[Entry | str], views: Collection[View] = ALL_VIEWS) -> None:
        self.folded: dict[str, Entry] = {}
        self.stripped: dict[str, Entry] = {}
        self.loose: set[str] = set()  # stripped forms of entries with separators of their own
        self.skeleton: dict[str, str] = {}  # stripped form by form in the view
        self.collapsed: dict[str, str] = {}
        self.initials: dict[str, tuple[str, ...]] = {}
        self.sound: dict[str, tuple[str, ...]] = {}
        self.mixed: dict[str, tuple[str, ...]] = {}  # of two characters, one of them by its sound
        self.toned: dict[str, tuple[str, ...]] = {}  # of two characters, both by sound and tone
        self.fuzzy: dict[str, tuple[str, ...]] = {}  # by fuzzy sounds; of two one of them
        self.shape: dict[str, tuple[str, ...]] = {}
        self.backwards: dict[str, str] = {}
        self.bynames: dict[str, re.Pattern[str] | None] = {}  # form by form, to what is near it
        self.parted: dict[str, str] = {}  # form by form, to the verb and what it is parted from
        entries = tuple(entries_of(given))
        folds = _each(entry.term.replace(JOINT, UNKNOWN) for entry in entries)
        strips = strip(JOINT.join(folds)).split(JOINT) if entries else ()
        for entry, folded, stripped in zip(entries, folds, strips, strict=False):
            if len(stripped) < _LEAST:
                continue
            _put(self.folded, folded, entry)
            _put(self.stripped, stripped, entry)
            if folded != stripped:
                self.loose.add(stripped)
        hidden = [form for form, entry in self.stripped.items() if not entry.allow]
        if View.SKELETON in views:
            self._add_drawn(hidden)
        if View.REPEAT in views:
            for form, once in zip(hidden, _each_by(collapse, hidden), strict=True):
                if once != form and len(once) >= _LEAST:
                    self.collapsed.setdefault(once, form)
        if View.REVERSED in views:
            self._add_backwards(hidden)
        if View.PARTED in views:
            parted = ((form, _parted_at(form)) for form in hidden)
            self.parted = {form: form[at - 1 : at + 1] for form, at in parted if at}
        if View.SOUND in views:
            self._add_bynames(hidden)
            self._add_sounds([form for form in hidden if _has_sound(form, self.stripped[form])])

    def _add_drawn(self, forms: Sequence[str]) -> None:
        """Every form as it looks: with other letters and numerals, or by parts of characters."""
        plain = [f for f in forms if len(f) >= _LEAST_ALIKE and _CHANGES.search(f)]
        others = [(form, way) for form in plain for way in drawn(form)]
        every = [*zip(plain, plain, strict=True), *others]
        ways = _each_by(skeleton, [way for _, way in every])
        for (form, _), way in zip(every, ways, strict=True):
            self.skeleton.setdefault(way, form)  # as it is before what only looks so
        short = [form for form in forms if len(form) <= _LONGEST_SOUND and are_han(form)]
        alike = [(form, one) for form in short for one in (form, *lookalikes(form))]
        shapes = _each_by(shape, [one for _, one in alike])
        for (form, one), shaped in zip(alike, shapes, strict=True):
            if one == form:
                _append(self.shape, shaped, (form,))
            else:
                self.shape.setdefault(shaped, (form,))

    def _add_backwards(self, forms: Sequence[str]) -> None:
        """Forms of enough letters from the last to the first, unless that is an entry too."""
        for form in forms:
            turned = form[::-1]
            long = len(form) >= (_LEAST_BACKWARDS_LATIN if form.isascii() else _LEAST_BACKWARDS)
            plain = (form.isascii() and form.isalpha()) or are_han(form)
            if long and plain and turned not in self.stripped:
                self.backwards.setdefault(turned, form)

    def _add_bynames(self, forms: Sequence[str]) -> None:
        """What everybody writes instead of a form, unless that is an entry itself."""
        for form in forms:
            ours = self.stripped[form].language in ("", "zh", "en")
            for byname in bynames(form) if ours else ():
                if byname.form not in self.stripped:
                    self.folded[byname.form] = self.stripped[byname.form] = self.stripped[form]
                    self.bynames[byname.form] = byname.near

    def _add_sounds(self, forms: Sequence[str]) -> None:
        """Every form by sound, with one character by another of its sounds or by its initial."""
        acronyms: dict[str, str] = {}
        sounds = _each_by(sound, forms)
        for form, sounded, lead in zip(forms, sounds, _each_by(leads, sounds), strict=True):
            one = (form,)
            _append(self.sound, sounded, one)
            for at, (char, syllable) in enumerate(zip(form, sounded, strict=True)):
                if syllable == char:
                    continue
                before, after = sounded[:at], sounded[at + 1 :]
                _append(self.initials, before + lead[at] + after, one)
                if char in _DRAWN_LIKE:
                    _append(self.initials, before + _DRAWN_LIKE[char] + after, one)
                for other in other_sounds(char):
                    self.sound.setdefault(before + other + after, one)
                if len(form) == _LEAST:
                    self._add_mixed(form, at, syllable)
            for heard in toned_ways(form) if len(form) == _LEAST else ():
                _append(self.toned, heard, one)
            if len(form) > _LEAST and lead.isascii() and are_han(form):
                _append(self.fuzzy, fuzzy(form), one)
                acronyms[lead] = "" if lead in acronyms else form
                self._add_some_initials(form, sounded, lead)
        for acronym, form in acronyms.items():
            if form and not _VOWEL.search(acronym):
                _append(self.initials, acronym, (form,))

    def _add_some_initials(self, form: str, sounded: str, lead: str) -> None:
        """Two and more characters at either end by their initials, or every second.

        So 代开fp, dk发票, 包xj, 代k发p, b家l.
        """
        count, one = len(form), (form,)
        if count <= _LEAST_BY_TURNS:
            for this, that in ((lead, sounded), (sounded, lead))[: count - _LEAST]:
                _append(self.initials, this[0] + that[1] + this[2] + that[3:], one)
        for kept in range(1 if count <= _LEAST_BY_TURNS else 2, count - 1):
            for letters, term in (
                (lead[kept:], sounded[:kept] + lead[kept:]),
                (lead[:-kept], lead[:-kept] + sounded[-kept:]),
            ):
                if kept > 1 or not _VOWEL.search(letters):
                    _append(self.initials, term, one)

    def _add_mixed(self, form: str, at: int, syllable: str) -> None:
        """Two characters with one of them by every sound it has."""
        one = (form,)
        for heard in (syllable, *other_sounds(form[at])):
            _append(self.mixed, form[:at] + heard + form[at + 1 :], one)
        for heard in fuzzy_sounds(syllable):
            _append(self.fuzzy, form[:at] + heard + form[at + 1 :], one)

    def form(self, text: Text, anchor: Anchor) -> str:
        """Stripped form of the entry that an anchor stands for."""
        if anchor.reading == COMBINED:
            spoken = self.initials if anchor.view == INITIALS else self.sound
            return max(spoken[anchor.term], key=lambda form: equal(anchor.written, form))
        if anchor.view in _BY_SOUND or anchor.view == SHAPE:
            shown = "".join(filter(str.isalnum, text.folded[anchor.start : anchor.end]))
            heard = {
                TONED: self.toned,
                FUZZY: self.fuzzy,
                SHAPE: self.shape,
                INITIALS: self.initials,
            }.get(anchor.view, self.sound)
            forms = heard[anchor.term] if anchor.view != MIXED else self.pairs(anchor.term)
            return max(forms, key=lambda form: equal(shown, form))
        if anchor.reading == BACKWARDS:
            return self.backwards.get(anchor.term) or strip(anchor.term)
        others = {SKELETON: self.skeleton, COLLAPSED: self.collapsed}
        return others[anchor.view][anchor.term] if anchor.view in others else strip(anchor.term)

    def pairs(self, term: str) -> tuple[str, ...]:
        """The forms of which one of two characters sounds like a term, or nearly so."""
        return (*self.mixed.get(term, ()), *self.fuzzy.get(term, ()))

    def entry(self, anchor: Anchor, form: str) -> Entry:
        """The entry an anchor stands for."""
        return self.folded[anchor.term] if anchor.view == FOLDED else self.stripped[form]

    def counts(self, text: Text, anchor: Anchor, form: str) -> bool:
        """Whether an anchor is a hit at all: no word cut in two, no stride over two words."""
        if anchor.reading in (REVERSED, TOLD) or anchor.view == SIMILAR:
            return True
        if not stands(text, anchor) or (anchor.reading == MASKED and len(form) == _LEAST):
            return False
        if anchor.reading == COMBINED:
            return is_combined(text, anchor, form)
        if anchor.view == SKELETON:
            return looks_alike(text, anchor, form, loose=form in self.loose)
        if anchor.view in _BY_SOUND or anchor.view == SHAPE:
            return sounds_alike(text, anchor, form)
        return (
            anchor.view == FOLDED
            or bool(anchor.reading)
            or anchor.term in self.loose
            or is_spaced(text, anchor)
        )


_DRAWN_LIKE = {"叉": "x", "丁": "t"}
"""Characters with the letters that are drawn like them: 傻x."""
_VOWEL = re.compile("[aeo]")  # initials with one may be an English word
_CHANGES = re.compile(f"[a-z0-9{''.join(NUMERALS)}]")


def _each(terms: Iterable[str]) -> list[str]:
    """Folded forms, without white space around them."""
    folded = text_of(fold_codes(codes_of(JOINT.join(terms))))
    return [form.strip() for form in folded.split(JOINT)]


def _each_by(view: Callable[[str], str], forms: Sequence[str]) -> list[str]:
    """Every form in a view, which keeps the joints between them."""
    return view(JOINT.join(forms)).split(JOINT) if forms else []


def _append(forms: dict[str, tuple[str, ...]], key: str, one: tuple[str]) -> None:
    """Add a form; ``one`` is it as a tuple, which is kept where there is no other."""
    known = forms.setdefault(key, one)
    if known is not one:
        forms[key] = (*known, one[0])


def _parted_at(form: str) -> int:
    """Where something may stand between a verb and its object, 0 where it is not so."""
    if form[0] not in grammar.PARTED or not are_han(form):
        return 0
    at = 2 if len(form) == _LEAST_BY_TURNS else 1
    return at if len(form) == _LEAST or (at < len(form) <= 4 and is_word(form[at:])) else 0


def _put(forms: dict[str, Entry], form: str, entry: Entry) -> None:
    known = forms.get(form)
    if known is None or (known.allow, known.severity) < (entry.allow, entry.severity):
        forms[form] = entry


def _has_sound(form: str, entry: Entry) -> bool:
    return (
        _LEAST <= len(form) <= _LONGEST_SOUND
        and not form.isascii()
        and entry.language in ("", "zh")
        and not (entry.suffix or entry.place or entry.national or entry.head or entry.role)
        and sum(map(is_han, form)) >= _LEAST
    )


def uncovered(hits: Sequence[tuple[Anchor, Entry]]) -> Iterator[tuple[Anchor, Entry]]:
    """Of hits in order of start, longest first, those inside no longer one, without allow entries.

    So 中华人民共和国教育部 is found once, and an allow entry such as 中国际 clears the 中国 in it.
    """
    reach = -1
    for anchor, entry in hits:
        if anchor.end <= reach:
            continue
        reach = anchor.end
        if not entry.allow:
            yield anchor, entry


def _without_guesses(hits: list[tuple[Anchor, Entry]]) -> list[tuple[Anchor, Entry]]:
    """Hits without those that are guessed at where another one stands: nude聊 holds nude."""
    if not any(anchor.reading in _GUESSED for anchor, _ in hits):
        return hits
    sure = {
        at
        for anchor, _ in hits
        if anchor.reading not in _GUESSED
        for at in range(anchor.start, anchor.end)
    }
    return [
        (anchor, entry)
        for anchor, entry in hits
        if anchor.reading not in _GUESSED or sure.isdisjoint(range(anchor.start, anchor.end))
    ]


class TermDetector:
    """Base of the detectors that look for terms."""

    prefilter: re.Pattern[str] | None = None
    apart = False
    """Whether a short hit must not stand where two other words meet, nor only sound like a term."""

    def __init__(
        self, entries: Iterable[Entry | str], views: Collection[View] = QUIET_VIEWS
    ) -> None:
        self.terms = Terms(entries, views)
        self._views = frozenset(views)
        # What has no separators of its own is found in the stripped form as well.
        self.folded_terms: Iterable[str] = tuple(
            term for term in self.terms.folded if not term.isalnum()
        )
        self.stripped_terms: Iterable[str] = self.terms.stripped.keys()
        self.backwards_terms: Iterable[str] = self.terms.backwards.keys() if self.apart else ()
        self.skeleton_terms: Iterable[str] = self.terms.skeleton.keys()
        self.sound_terms: Iterable[str] = tuple(
            term for term in self.terms.sound if len(term) > _LEAST
        )
        self.pair_terms: Iterable[str] = tuple(
            term for term in self.terms.sound if len(term) == _LEAST
        )
        self.mixed_terms: Iterable[str] = self.terms.mixed.keys()
        self.toned_terms: Iterable[str] = self.terms.toned.keys() if self.apart else ()
        self.fuzzy_terms: Iterable[str] = tuple(
            term for term in self.terms.fuzzy if self.apart and len(term) > _LEAST
        )
        self.fuzzy_pair_terms: Iterable[str] = tuple(
            term for term in self.terms.fuzzy if self.apart and len(term) == _LEAST
        )
        self.parted_terms: Iterable[str] = self.terms.parted.values() if self.apart else ()
        self.shape_terms: Iterable[str] = tuple(
            term for term in self.terms.shape if self.apart and len(term) > _LEAST
        )
        self.shape_pair_terms: Iterable[str] = tuple(
            term for term in self.terms.shape if self.apart and len(term) == _LEAST
        )
        self.collapsed_terms: Iterable[str] = self.terms.collapsed.keys()
        self.initials_terms: Iterable[str] = self.terms.initials.keys()

    def hears(self, term: str, stripped: str, start: int, end: int, gain: float) -> bool:
        """Whether characters that sound or look like a term are worth an anchor; cheap."""
        shown, length = stripped[start:end], end - start
        drawn, vague = self.terms.shape.get(term), self.terms.fuzzy.get(term)
        if length > _LEAST:
            same = max([equal(shown, form) for form in drawn or vague or self.terms.sound[term]])
            if vague:
                return same == length - 1 and sound(shown) not in self.terms.sound
            if same > 1 or length > _LEAST_ALIKE:
                return same < length
            return True
        forms = drawn or self.terms.toned.get(term)
        if forms:
            kept = any(equal(shown, form) for form in forms)
            return shown not in forms and gain >= LEAST_OF_PAIRS[bool(drawn), kept]
        if term in self.terms.mixed:
            return shown not in self.terms.mixed[term]
        return gain >= LEAST_FUZZY

    @cached_property
    def _scanner(self) -> Scanner:
        return Scanner([self])

    def find(self, texts: Sequence[str]) -> list[tuple[Match, ...]]:
        """Per text its matches in order of span; the same for a text alone and in a batch."""
        return [tuple(match for _, match in found) for found in self._scanner.find(texts)]

    def hits(self, text: Text, anchors: Sequence[Anchor]) -> Iterator[tuple[Anchor, Entry]]:
        """The anchors that are hits, each with its entry, none inside another."""
        found = []
        for seen in anchors:
            anchor = self._plainly(seen)
            switch = _SWITCHED.get(anchor.reading)
            if switch and switch not in self._views:
                continue
            if anchor.reading in _APART and not self.apart:
                continue
            if anchor.reading == PARTED and anchor.term not in self.terms.parted:
                continue
            if self._is_turned(anchor) and anchor.reading != BACKWARDS:
                continue
            form = self.terms.form(text, anchor)
            if self.terms.counts(text, anchor, form):
                entry = self.terms.entry(anchor, form)
                told = anchor.reading == TOLD
                if entry.allow or told or self._is_read(text, anchor, form):
                    byname = form in self.terms.bynames
                    if byname and anchor.reading in _GUESSED:
                        continue
                    found.append((anchor._replace(reading=SLANG) if byname else anchor, entry))
        return uncovered(_without_guesses(found))

    def _is_read(self, text: Text, anchor: Anchor, form: str) -> bool:
        """Whether a short hit is read as a word of its own, and what sounds so as what it means."""
        heard = anchor.view in _BY_SOUND[:-1] and anchor.reading not in _SPELLED
        drawn = anchor.view == SHAPE
        short = (heard or drawn) and len(form) <= _LEAST_ALIKE
        if not self.apart:
            return not short or is_no_word(text, anchor, form)
        if not (short or is_apart(text, anchor, form)):
            return False
        if form in self.terms.bynames and not _is_near(text, anchor, self.terms.bynames[form]):
            return False
        if anchor.reading == BACKWARDS:
            return not cut_ends(text.stripped, *text.stripped_span(anchor.start, anchor.end))
        if drawn:
            return is_drawn(text, anchor, form)
        return not heard or is_meant(text, anchor, form)

    def _is_turned(self, anchor: Anchor) -> bool:
        return anchor.view == STRIPPED and anchor.term in self.terms.backwards

    def _plainly(self, anchor: Anchor) -> Anchor:
        """What was found stripped but stands as the entry is written was found folded.

        What stands there as an entry turned around is read backwards.
        """
        if self._is_turned(anchor) and not anchor.reading:
            return anchor._replace(reading=BACKWARDS)
        if (
            anchor.view == STRIPPED
            and not anchor.reading
            and anchor.end - anchor.start == len(anchor.term)
            and anchor.term in self.terms.folded
        ):
            return anchor._replace(view=FOLDED)
        return anchor

    def confirm(self, text: Text, anchors: Sequence[Anchor]) -> list[Match]:
        """Matches of a text, given its anchors in order of start."""
        raise NotImplementedError

    def tags_in(self, value: str) -> frozenset[str]:
        """Tags of all terms in the words of a proof, whatever stands around them.

        A rank below what the term says does not count, 副教授 proves no 教授, nor does an everyday
        word: 北京移动未来公司 is none of 中国移动.
        """
        folded = fold(value)
        tags = set()
        for term, entry in self.terms.folded.items():
            at = -1 if entry.everyday else folded.find(term)
            while at >= 0:
                if not folded[:at].endswith(_LOWER_RANKS):
                    tags.add(entry.tag)
                    break
                at = folded.find(term, at + 1)
        return frozenset(tags)


_LOWER_RANKS = ("副", "助理", "见习", "实习", "准")


def _is_near(text: Text, anchor: Anchor, near: re.Pattern[str] | None) -> bool:
    """Whether what must stand near a byname does; beside one of two letters are characters."""
    start, end = text.stripped_span(anchor.start, anchor.end)
    before, after = text.stripped[max(0, start - REACH) : start], text.stripped[end : end + REACH]
    beside = before[-1:] + after[:1]
    touching = text.folded[max(0, anchor.start - 1) : anchor.start]
    touching += text.folded[anchor.end : anchor.end + 1]
    if anchor.term.isascii() and any(map(str.isdigit, touching)):
        return False
    if anchor.term.isascii() and len(anchor.term) == _LEAST and not any(map(is_han, beside)):
        return False
    return near is None or bool(near.search(before) or near.search(after))


def _is_spoken_against(folded: str, anchor: Anchor) -> bool:
    """Whether words right before or right behind a hit deny, forbid or warn of it."""
    before = folded[max(0, anchor.start - _SPOKEN_REACH) : anchor.start]
    return bool(
        grammar.AGAINST_BEFORE.search(before) or grammar.AGAINST_AFTER.match(folded, anchor.end)
    )


_SPOKEN_REACH = 32


def _leaves_room(anchor: Anchor) -> bool:
    return anchor.view in (*_BY_SOUND, SHAPE) or anchor.reading in _DOUBTFUL


class Lexicon(TermDetector):
    """Finds the entries of a lexicon, however they are written.

    What a text speaks against (拒绝裸聊, 刷单都是骗局) is for review: it may as well only say so.
    So is what reads as well as two other words that meet: 红豆包养胃.

    ``Lexicon(entries).find(texts)`` returns for each text its matches, in order of span. Entries
    with ``word`` count only where no word goes on at either end; a Latin entry never counts inside
    a longer Latin word.
    """

    apart = True

    def __init__(self, entries: Iterable[Entry | str], views: Collection[View] = ALL_VIEWS) -> None:
        super().__init__(entries, views)

    def confirm(self, text: Text, anchors: Sequence[Anchor]) -> list[Match]:
        """Every hit; ``review`` for what leaves room or is spoken against, ``reject`` else."""
        return [
            Match(
                entry.term,
                entry.tag,
                "lexicon",
                anchor.form,
                text.technique(anchor),
                Outcome.REVIEW
                if _leaves_room(anchor)
                or may_be_others(text, anchor)
                or _is_spoken_against(text.folded, anchor)
                else Outcome.REJECT,
                *text.span(anchor.start, anchor.end),
                entry.severity,
            )
            for anchor, entry in self.hits(text, anchors)
            if not entry.word or is_whole_word(text, anchor)
        ]
