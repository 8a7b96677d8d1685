"""Search for contacts: addresses, numbers, and ids of other services.

An id is a contact only near the word of its channel; a number only when it has the form of a
telephone number. Years, versions, scores and plain numbers are none. The outcome is ``reject``
where there is an address or an id, ``review`` for an invitation without one.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from processors.text import contact_patterns as patterns
from processors.text.fold import strip
from processors.text.match import Match, Outcome
from processors.text.scan import FOLDED, Anchor, Scanner, Text


class _Contact(NamedTuple):
    """A contact in the folded form."""

    start: int
    end: int
    name: str
    outcome: Outcome = Outcome.REJECT
    technique: str | None = None  # None: as the original shows


class Contacts:
    """Finds contacts; ``entry`` and ``tag`` of a match name the pattern and never the text."""

    prefilter: re.Pattern[str] | None = patterns.WORTH_A_LOOK
    folded_terms: Iterable[str] = patterns.ANCHORS + patterns.CHANNEL_TERMS
    stripped_terms: Iterable[str] = tuple(
        word for word in map(strip, patterns.CHANNEL_TERMS) if len(word) > 1
    )

    def confirm(self, text: Text, anchors: Sequence[Anchor]) -> list[Match]:
        """All contacts of a text, in order; of those that overlap, the one that begins first."""
        return [
            Match(
                contact.name,
                contact.name,
                "contact",
                FOLDED,
                contact.technique or text.technique(Anchor(FOLDED, "", contact.start, contact.end)),
                contact.outcome,
                *text.span(contact.start, contact.end),
            )
            for contact in _apart(_contacts(text.folded))
        ]


def _apart(contacts: Iterable[_Contact]) -> Iterator[_Contact]:
    """Contacts that do not overlap, in order; an invitation gives way to an address or id."""
    ordered = sorted(contacts, key=lambda contact: (contact.start, -contact.end))
    reach = 0
    waiting: _Contact | None = None
    for contact in ordered:
        if contact.start < reach:
            continue
        if waiting and waiting.end <= contact.start:
            yield waiting
            waiting = None
        if contact.outcome is not Outcome.REJECT:
            waiting = waiting or contact
            continue
        waiting, reach = None, contact.end
        yield contact
    if waiting:
        yield waiting


def _contacts(folded: str) -> Iterator[_Contact]:
    for name, pattern in (("url", patterns.URL), ("email", patterns.EMAIL)):
        for hit in pattern.finditer(folded):
            yield _Contact(*hit.span(), name)
    yield from _domains(folded)
    yield from _numbers(folded)
    if patterns.NUMERAL_RUN.search(folded):
        for contact in _mobiles(folded.translate(patterns.NUMERALS)):
            yield contact._replace(technique="numeral")
    yield from _ids(folded)
    for hit in patterns.INVITATION.finditer(folded):
        declined = patterns.DECLINED.search(folded, max(0, hit.start() - 4), hit.start())
        outcome = Outcome.ACCEPT if declined else Outcome.REVIEW
        yield _Contact(*hit.span(), "invitation", outcome)


def _domains(folded: str) -> Iterator[_Contact]:
    for hit in patterns.DOMAIN.finditer(folded):
        if hit[0] not in patterns.NO_DOMAINS and not patterns.O_CLOCK.match(hit[0]):
            yield _Contact(*hit.span(), "domain")


def _numbers(folded: str) -> Iterator[_Contact]:
    yield from _mobiles(folded)
    for pattern in (patterns.LANDLINE, patterns.SERVICE, patterns.INTERNATIONAL, patterns.CALL):
        for hit in pattern.finditer(folded):
            yield _Contact(*hit.span(), "phone")


def _mobiles(folded: str) -> Iterator[_Contact]:
    """Mobile numbers of the mainland, in whatever groups: each begins and ends with a group."""
    for run in patterns.DIGIT_RUN.finditer(folded):
        groups = [hit.span() for hit in patterns.DIGITS.finditer(folded, *run.span())]
        digits = "".join(folded[start:end] for start, end in groups)
        # For every count of digits at the end of a group, where in the text that is.
        ends = dict(zip(accumulate(end - start for start, end in groups), groups, strict=True))
        count = 0
        for index, (start, end) in enumerate(groups):
            hit = patterns.MOBILE.match(digits, count)
            count += end - start
            last = ends.get(hit.end()) if hit else None
            if last is None or _is_decimal(folded, start) or _is_date(groups[index : index + 2]):
                continue
            plain = all(char.isdigit() or char in " -" for char in folded[start : last[1]])
            yield _Contact(start, last[1], "phone", technique=None if plain else "separator")


def _is_decimal(folded: str, start: int) -> bool:
    return start > 1 and folded[start - 1] == "." and folded[start - 2].isdigit()


def _is_date(groups: Sequence[tuple[int, int]]) -> bool:
    """Whether digits begin as a date does: a group of four, then one of one or two (1998-12-25)."""
    lengths = [end - start for start, end in groups]
    return len(lengths) == 2 and lengths[0] == 4 and lengths[1] <= 2


def _ids(folded: str) -> Iterator[_Contact]:
    for channel, sure, words in patterns.CHANNEL_WORDS:
        for word in words.finditer(folded):
            start, end = word.span(1)
            hit = patterns.ID.match(folded, end)
            if hit and _is_id(channel, sure, folded[end - 1 : hit.start("id")], hit["id"]):
                yield _Contact(start, hit.end(), channel.name)


def _is_id(channel: patterns.Channel, sure: bool, fill: str, name: str) -> bool:
    """Whether what stands behind the word of a channel is an id there.

    A name without a digit may be any word: it needs a mark such as a colon before it. So does
    everything behind a word that means other things too.
    """
    if name[0].isdigit():
        count = sum(map(str.isdigit, name))
        if channel.digits is None or not channel.digits[0] <= count <= channel.digits[1]:
            return False
        return sure or count > 5 or patterns.MARK.search(fill) is not None
    if not channel.letters:
        return False
    if any(char.isdigit() or char == "_" for char in name):
        return sure or patterns.MARK.search(fill) is not None
    return (patterns.MARK if sure else patterns.STRONG_MARK).search(fill) is not None


@cache
def _scanner() -> Scanner:
    return Scanner([Contacts()])


def find_contacts(texts: Sequence[str]) -> list[tuple[Match, ...]]:
    """Per text its contacts, in order of span.

    ``entry`` is one of url, domain, email, phone, wechat, qq, telegram, whatsapp, line, handle and
    invitation.
    """
    return [tuple(match for _, match in found) for found in _scanner().find(texts)]
