"""Search for protected names: what follows or precedes a name decides.

教育部官方 speaks for the ministry, 教育部对面的小店 does not. The words that decide are in
``grammar``; the names themselves come from the lexicons of a pack.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from processors.packs import shipped_pack
from processors.text import grammar
from processors.text.context import after, before, is_latin, is_whole, segment
from processors.text.entry import BadLine, Entry, entries_of, read_entries
from processors.text.fold import fold, strip
from processors.text.lexicon import ALL_VIEWS, TermDetector
from processors.text.match import Match, Outcome
from processors.text.scan import Anchor, Text
from processors.text.similar import Near, Similar, is_misdrawn, is_other_word
from processors.text.views import INITIALS, MIXED, PAIR, SIMILAR, SOUND
from processors.text.words import is_han, runs_on, said_of

_NAME_LENGTH = 20  # a text of so many characters may be a name; a longer one only mentions
_LETTERS = 3  # that take the room of one
_OWNER_REACH = 12  # letters that the name of an organ may have before its suffix
_PLACE_LENGTHS = range(2, 9)
_REACH = 24
_APART = 3  # characters between two names of one bearer at most
_SHORT = 2
_LONG_NAME = 4
_SHORT_FORM = 4  # letters of a kind of organ that may be written with one that looks alike
_LIKENESS = (SIMILAR, SOUND, PAIR, MIXED, INITIALS)
"""Views in which only something like a name is found."""

_UNITS = "省市县区旗州盟镇乡村"


class ProtectedNames(TermDetector):
    """Finds protected names, and the forms of names that go with them.

    ``names`` are entries: whole names, and suffixes (人民政府, 日报) that count with a name before
    them. ``places`` are names of places, for suffixes that count only after a place (杭州 + 发布);
    where they are left out, the suffixes and places of the shipped pack are looked for as well.
    What ends in a unit of a division (市, 县) is a place too, unless ``only_places`` are known.
    What is only nearly a name, or sounds like one, counts as all of a text or with a role word, and
    is for review.
    The outcome says what the surroundings make of it: ``reject`` for the name itself or with a
    role word (官方, 客服, 招生办), ``accept`` for somebody near it (校友, 粉丝, 对面) and for a
    passing mention, ``review`` for the rest.
    """

    def __init__(
        self,
        names: Iterable[Entry | str],
        places: Iterable[str] | None = None,
        *,
        only_places: bool = False,
    ) -> None:
        entries = tuple(entries_of(names))
        if places is None:
            forms, places = _shipped_forms()
            entries += forms
        super().__init__(entries, ALL_VIEWS)
        known = self.terms.stripped
        whole = (
            form
            for form, one in known.items()
            if not (one.national or one.head or one.role or one.everyday or one.allow)
            and not (_is_form(one) and len(form) > _SHORT_FORM)
        )
        self._similar = Similar(whole, known)
        self.piece_terms: Iterable[str] = self._similar.pieces
        self._suffixes = frozenset(entry.tag for entry in entries if _is_form(entry))
        self._places = frozenset(fold(place) for place in places)
        self._units = "" if only_places else _UNITS

    def hears(self, term: str, stripped: str, start: int, end: int, gain: float) -> bool:
        """As for other terms, but two characters need a role word beside them."""
        if end - start == _SHORT and not (
            stripped[end : end + 2] in grammar.ROLE_STARTS
            or stripped[max(0, start - 2) : start] in grammar.ROLE_ENDS
        ):
            return False
        return super().hears(term, stripped, start, end, gain)

    def near(self, piece: str, stripped: str, at: int) -> Iterator[Near]:
        """What is nearly a name around a piece of one, in joined texts."""
        return self._similar.near(piece, stripped, at)

    def confirm(self, text: Text, anchors: Sequence[Anchor]) -> list[Match]:
        """Names and forms of names with the outcome their surroundings give them."""
        found = [anchor for anchor in anchors if anchor.view not in _LIKENESS]
        matches, unlisted = list[Match](), list[Match]()
        for anchor, entry in _together(text.folded, self.hits(text, found)):
            for match in self._judge(text, anchor, entry):
                weak = (entry.national or entry.head) and match.outcome is Outcome.REVIEW
                (unlisted if weak else matches).append(match)
        alike = list[Match]()
        likenesses = [anchor for anchor in anchors if anchor.view in _LIKENESS]
        for seen, entry in self.hits(text, likenesses) if likenesses else ():
            like = self._owned(text.folded, seen, entry) if _is_form(entry) else seen
            if like is None:
                continue
            start, end = text.span(like.start, like.end)
            within = [one for one in matches if one.outcome is Outcome.ACCEPT]
            within = [one for one in within if start <= one.start and one.end <= end]
            others = [one for one in matches + alike if one not in within]
            if _speaks(text.folded, like, entry) and not _overlaps(start, end, others):
                alike.append(_match(text, like, entry, Outcome.REVIEW))
                matches = [one for one in matches if one not in within]
        unlisted = [one for one in unlisted if not _overlaps(one.start, one.end, alike)]
        return matches + unlisted + alike

    def _judge(self, text: Text, anchor: Anchor, entry: Entry) -> Iterator[Match]:
        found = self._named(text.folded, anchor, entry)
        if found is not None:
            owner = strip(text.folded[found.start : anchor.start])
            bare = _is_form(entry) and not owner
            unlisted = (entry.place or entry.national) and not (
                entry.place and self._ends_with_place(owner)
            )
            outcome = _outcome(text.folded, found, entry, bare=bare or unlisted)
            if outcome is not None:
                yield _match(text, found, entry, outcome)

    def tags_in(self, value: str) -> frozenset[str]:
        """Tags of the names in the words of a proof; a suffix alone names nobody."""
        return super().tags_in(value) - self._suffixes

    def _named(self, folded: str, anchor: Anchor, entry: Entry) -> Anchor | None:
        """The hit with the name before a suffix taken in; None where it is no name."""
        if entry.head:
            return _headed(folded, anchor)
        if not _is_form(entry):
            named = self._placed(folded, anchor) if entry.word or entry.everyday else anchor
            house = grammar.HOUSE.match(folded, named.end)
            named = named._replace(end=house.end()) if house else named
            return named if not entry.everyday or _is_claimed(folded, named) else None
        first, last = segment(folded, anchor, _OWNER_REACH)
        follows = after(folded, anchor, _REACH)
        spoken = entry.word and grammar.ROLE_AFTER.match(follows) is not None
        office = (
            grammar.OFFICE.match(follows) if grammar.AUTHORITIES.fullmatch(anchor.term) else None
        )
        if office or (anchor.start == 0 and _acts(anchor.term, follows)):
            spoken = True
        goes_on = last > anchor.end and not grammar.STAFF_AFTER.match(follows)
        if entry.word and goes_on and not spoken:
            return None
        lead = grammar.LEAD.match(folded, first, anchor.start)
        start = lead.end() if lead else first
        owner = strip(folded[start : anchor.start])
        placed = entry.place and self._ends_with_place(owner)
        claimed = entry.national and self._is_of_the_state(owner, entry)
        spoken = spoken and len(owner) > 1  # whoever it is, somebody speaks for it
        kind = not office and grammar.AUTHORITIES.match(anchor.term)
        some = kind and grammar.SOME_UNIT.fullmatch(owner)
        if (entry.place or entry.national) and not (placed or claimed or spoken or some):
            return None
        free = (entry.suffix or spoken) and not self._ends_with_place(owner)
        numbered = not owner or is_han(owner[-1]) or grammar.NUMBERED_OWNER.search(owner)
        if (free and _is_nowhere(owner)) or not numbered:
            return None
        return anchor._replace(start=start, end=anchor.end + (office.end() if office else 0))

    def _owned(self, folded: str, anchor: Anchor, entry: Entry) -> Anchor | None:
        """What is only like a kind of organ, with the place before it; None where there is none."""
        named = self._named(folded, anchor, entry)
        owner = strip(folded[named.start : anchor.start]) if named else ""
        return named if owner and self._ends_with_place(owner) else None

    def _is_of_the_state(self, owner: str, entry: Entry) -> bool:
        """Whether a name before a form claims a whole country, a division or a matter of it.

        Before the staff of a platform it is what speaks for one: 官方流量扶持专员.
        """
        if entry.role:
            return grammar.OF_A_PLATFORM.match(owner) is not None
        if grammar.PUBLIC_MATTER.match(owner) or grammar.OF_THE_COUNTRY.match(owner):
            return True
        return not entry.public and (
            grammar.NATIONAL.match(owner) is not None
            or (entry.place and self._begins_with_place(owner))
        )

    def _placed(self, folded: str, anchor: Anchor) -> Anchor:
        """A short name with the place before it: 卫健委 is one organ, and one in every city."""
        first, _ = segment(folded, anchor, _OWNER_REACH)
        ours = self._ends_with_place(strip(folded[first : anchor.start]))
        return anchor._replace(start=first) if ours else anchor

    def _ends_with_place(self, owner: str) -> bool:
        if len(owner) > 2 and owner[-1] in self._units:
            return True
        return any(owner[-length:] in self._places for length in _PLACE_LENGTHS)

    def _begins_with_place(self, owner: str) -> bool:
        return any(owner[:length] in self._places for length in _PLACE_LENGTHS)


@cache
def _shipped_forms() -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """The kinds of institutions, and the names of places, of the shipped pack."""
    files = shipped_pack()
    forms = [
        line[1]
        for name, data in sorted(files.items())
        if name.startswith("lexicons/") and name.endswith(".tsv")
        for line in read_entries(data)
        if not isinstance(line, BadLine) and _is_form(line[1])
    ]
    lines = files["lexicons/places.txt"].decode().splitlines()
    places = " ".join(line for line in lines if not line.startswith("#")).split()
    return tuple(forms), tuple(places)


def _together(folded: str, hits: Iterable[tuple[Anchor, Entry]]) -> Iterator[tuple[Anchor, Entry]]:
    """The hits, but as one those of one bearer that stand side by side: Reuters路透社.

    Beside its name a word that is an everyday one by itself is none: 95588工商银行.
    """
    last: tuple[Anchor, Entry] | None = None
    for anchor, entry in hits:
        if last and _is_same(last[1], entry) and _touch(folded, last[0], anchor):
            first, one = last
            if one.everyday:
                last = (anchor._replace(start=first.start), entry)
            else:
                last = (first._replace(end=anchor.end), one)
            continue
        if last:
            yield last
        last = (anchor, entry)
    if last:
        yield last


def _touch(folded: str, one: Anchor, other: Anchor) -> bool:
    return 0 <= other.start - one.end <= _APART and not strip(folded[one.end : other.start])


def _is_same(one: Entry, other: Entry) -> bool:
    return one.tag == other.tag and not (_is_form(one) or one.allow or other.allow)


def _overlaps(start: int, end: int, matches: Sequence[Match]) -> bool:
    return any(match.start < end and start < match.end for match in matches)


def _match(text: Text, found: Anchor, entry: Entry, outcome: Outcome) -> Match:
    span = text.span(found.start, found.end)
    technique = text.technique(found)
    return Match(entry.term, entry.tag, "protected", found.form, technique, outcome, *span)


def _speaks(folded: str, found: Anchor, entry: Entry) -> bool:
    """Whether what is only like a name is there for it: all of the text, or with a role word.

    A name of two characters of which one is another says too little by itself, unless nobody else
    writes that one; and so does one whose other character makes a word that does not quite sound
    the same: 北京大雪.
    """
    precedes, follows = before(folded, found, _REACH), after(folded, found, _REACH)
    if grammar.NEAR_AFTER.match(follows) or grammar.NEAR_BEFORE.search(precedes):
        return False
    if entry.everyday:
        return _is_claimed(folded, found) and not grammar.OF_A_FIRM.match(follows)
    if found.end - found.start > _SHORT and (
        grammar.PART_OF_AN_ORGAN.match(follows)
        or grammar.CLAIMED_AFTER.match(follows)
        or grammar.MATTER_AFTER.match(follows)
    ):
        return True
    shown = strip(folded[found.start : found.end])
    if found.start == 0 and is_misdrawn(shown, found.term) and _is_office_at_last(folded, follows):
        return True
    return _is_role(precedes, follows) or _is_all(folded, found, follows) or _is_meant(shown, found)


def _is_office_at_last(folded: str, follows: str) -> bool:
    """Whether a text no longer than a name goes on to what belongs to an institution."""
    return _is_short(folded) and grammar.PART_OF_AN_ORGAN.search(follows) is not None


def _is_all(folded: str, found: Anchor, follows: str) -> bool:
    """Whether what is only like a name is all of a text, or all before the name of an office."""
    if found.view == SIMILAR and is_other_word(strip(folded[found.start : found.end]), found.term):
        return False
    if found.end - found.start <= _SHORT and found.view != SIMILAR:
        return False
    if not is_whole(folded, found.start, len(folded)):
        return False
    if is_whole(folded, found.start, found.end):
        return True
    shown = strip(folded[found.start : found.end])
    return grammar.OFFICE.match(follows) is not None and not runs_on("", shown, strip(follows))


def _is_meant(shown: str, found: Anchor) -> bool:
    """Whether nothing else can be meant by what is only like a name, whatever follows it.

    A name half in pinyin, or a long one with a character that only looks like its own: 公an部,
    中国入民银行.
    """
    if found.view == SIMILAR:
        return len(shown) >= _LONG_NAME and is_misdrawn(shown, found.term)
    latin = sum(map(is_latin, shown))
    return found.view == SOUND and 0 < latin < len(shown) - 1 and len(found.term) > _SHORT


def _is_near(precedes: str, follows: str, *, staff: bool) -> bool:
    """Whether somebody speaks of a name, or only stands near it."""
    for near in (grammar.NEAR_AFTER, grammar.ROLE_ADMIRED, grammar.OF_A_PERSON):
        if near.match(follows):
            return True
    return grammar.NEAR_BEFORE.search(precedes) is not None and not staff


def _is_given(folded: str, found: Anchor) -> bool:
    """Whether a name of two characters is that of a person, with the surname before it: 吕京东."""
    return (
        found.end - found.start == _SHORT
        and folded[: found.start].strip() in grammar.SURNAMES
        and is_whole(folded, 0, found.end)
    )


def _is_role(precedes: str, follows: str) -> bool:
    """Whether a role word stands beside a name, letter by letter (官 方) too."""
    return (
        grammar.ROLE_AFTER.match(follows) is not None
        or grammar.ROLE_BEFORE.search(precedes) is not None
        or grammar.ROLE_AFTER.match(strip(follows)) is not None
    )


def _is_claimed(folded: str, found: Anchor) -> bool:
    """Whether a name that is an everyday word is there for its bearer: 小米客服, 官方小米.

    It is no part of a longer word: 最美的客服 is none of 美的.
    """
    precedes, follows = before(folded, found, _REACH), after(folded, found, _REACH)
    number = folded[found.start : found.end].isdecimal()
    if number and not strip(follows) and grammar.PUBLIC_MATTER.match(strip(precedes)):
        return True  # 税务12366
    if grammar.CLAIMED_BEFORE.search(precedes):
        return not follows[:1].isalnum() or grammar.CLAIMED_AFTER.match(follows) is not None
    if not (grammar.CLAIMED_AFTER.match(follows) or grammar.CLAIMED_AFTER.match(strip(follows))):
        return False
    # A number may have before it whose it is: 税务12366专员.
    owned = number and is_han(precedes[-1:] or " ")
    return owned or grammar.INTRODUCED.search(precedes) is not None


def _headed(folded: str, anchor: Anchor) -> Anchor | None:
    """What begins as the name of an organ, with the rest of it; None where it ends otherwise."""
    province = anchor.term.endswith(("省", "自治区"))
    rest = grammar.REST_OF_A_PROVINCE if province else grammar.REST_OF_AN_ORGAN
    hit = rest.match(folded, anchor.end)
    if hit is None or is_han(folded[: anchor.start][-1:] or " "):
        return None
    return anchor._replace(end=hit.end())


def _is_nowhere(owner: str) -> bool:
    return grammar.NOWHERE.search(owner) is not None


def _is_form(entry: Entry) -> bool:
    """Whether a term is the end of a name rather than a name."""
    return entry.suffix or entry.place or entry.national or entry.head


def _outcome(folded: str, found: Anchor, entry: Entry, *, bare: bool) -> Outcome | None:
    """What the surroundings make of a name; None where it is no hit at all.

    ``bare`` is a suffix without a name before it, which nobody is named by, or with one that no
    list holds.
    """
    precedes, follows = before(folded, found, _REACH), after(folded, found, _REACH)
    staff = grammar.STAFF_AFTER.match(follows) is not None
    if _is_near(precedes, follows, staff=staff) or _is_given(folded, found):
        return Outcome.ACCEPT
    alone = (
        is_whole(folded, found.start, found.end)
        or (bare and _serves(found, entry, follows))
        or (entry.role and found.start == 0 and grammar.NUMBERED.match(follows) is not None)
    )
    claimed = entry.everyday or (not bare and grammar.CLAIMED_AFTER.match(follows))
    if alone or claimed or _is_role(precedes, follows):
        return Outcome.REVIEW if bare else Outcome.REJECT
    speaks = grammar.OFFICIAL_AT_LAST.match(follows) or (entry.role and _is_office(follows))
    if speaks or staff:
        return Outcome.REVIEW if speaks or not _is_weak(precedes, entry, bare=bare) else None
    if grammar.GOES_ON.match(follows):
        return Outcome.ACCEPT
    shown, behind = strip(folded[found.start : found.end]), strip(follows)
    of_a_firm = grammar.OF_A_FIRM.match(behind) is not None
    runs = not of_a_firm and runs_on(strip(precedes), shown, behind)
    if runs or _is_weak(precedes, entry, bare=bare):
        return None
    return Outcome.REVIEW if _is_short(folded) and not _only_happens(behind) else Outcome.ACCEPT


def _is_office(follows: str) -> bool:
    """Whether an office follows with the matter of state that it is of: 央行|数字人民币推广部."""
    matter = grammar.MATTER_AFTER.match(follows)
    return matter is not None and grammar.PART_OF_AN_ORGAN.search(follows, matter.end()) is not None


def _serves(found: Anchor, entry: Entry, follows: str) -> bool:
    """Whether a kind of organ says what it does for people, and the text no more."""
    kind = entry.suffix or grammar.AUTHORITIES.match(found.term) is not None
    return kind and found.start == 0 and _acts(found.term, follows)


def _acts(term: str, follows: str) -> bool:
    """Whether an organ does something for people there, or somebody of it does."""
    if grammar.SERVES.match(follows):
        return True
    return term.endswith(grammar.SENDING) and grammar.SENDS.match(follows) is not None


def _is_weak(precedes: str, entry: Entry, *, bare: bool) -> bool:
    """Whether a name is none unless it is there for its bearer."""
    return (
        (bare and not entry.national)
        or entry.role
        or (entry.word and not _is_form(entry) and precedes[-1:].isalnum())
    )


def _only_happens(follows: str) -> bool:
    """Whether somebody does something there that institutions do not do: 大学散步, 周末爬山."""
    if grammar.PART_OF_AN_ORGAN.search(follows):
        return False
    if grammar.COMPLAINT.search(follows):
        return True
    said = said_of(follows)
    return bool(said) and not grammar.DEED_OF_AN_ORGAN.search(said[-1])


def _is_short(folded: str) -> bool:
    """Whether a text is no longer than a name, of which several letters take a character's room."""
    if len(folded) > 4 * _NAME_LENGTH:
        return False
    letters = sum(map(is_latin, folded))
    return sum(map(str.isalnum, folded)) - letters + letters // _LETTERS <= _NAME_LENGTH
