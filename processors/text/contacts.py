"""Search for contacts: addresses, numbers, and ids of other services.

An id is a contact only near the word of its channel; a number only when it has the form of a
telephone number. Years, versions, scores and plain numbers are none. The outcome is ``reject``
where there is an address or an id, ``review`` for an invitation without one and for what may be an
address by chance.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from processors.text import contact_addresses as addresses
from processors.text import contact_channels as channels
from processors.text import contact_invitations as invitations
from processors.text import contact_numbers as numbers
from processors.text import contact_post as post
from processors.text.contact_forms import Contact, split_words, with_digits
from processors.text.fold import fold, strip
from processors.text.match import Match, Outcome
from processors.text.scan import Anchor, Scanner, Text
from processors.text.views import FOLDED

_BACKWARDS_TERMS = frozenset(
    split_words("反过来 倒过来 反着 倒着 倒序 反序 逆序 逆着 从后往前 从右往左 倒读")
)
"""Words that say that something is to be read from its end."""
_ADDRESS_TERMS = frozenset(map(fold, addresses.ANCHORS))
_INVITATION_TERMS = frozenset(map(fold, invitations.ANCHORS))
_INVITATION_WORDS = frozenset(
    term for term in _INVITATION_TERMS if len(term) > 1 and strip(term) == term
)
_POST_TERMS = frozenset(post.ANCHORS)
_SPOKEN_TERMS = frozenset(numbers.STRIPPED_ANCHORS)


class Contacts:
    """Finds contacts; ``entry`` and ``tag`` of a match name the pattern and never the text."""

    prefilter: re.Pattern[str] | None = numbers.WORTH_A_LOOK
    folded_terms: Iterable[str] = tuple(
        _BACKWARDS_TERMS
        | _ADDRESS_TERMS
        | _INVITATION_TERMS
        | _POST_TERMS
        | {*channels.FOLDED_ANCHORS}
    )
    stripped_terms: Iterable[str] = tuple(
        _INVITATION_WORDS | _SPOKEN_TERMS | {*channels.STRIPPED_ANCHORS}
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
            for contact in _apart(_contacts(text.folded, anchors))
        ]


def _apart(contacts: Iterable[Contact]) -> Iterator[Contact]:
    """Contacts that do not overlap, in order.

    What is for review gives way to an address or id, an invitation to everything else.
    """
    ordered = sorted(contacts, key=lambda contact: (contact.start, -contact.end))
    reach = 0
    waiting: Contact | None = None
    for contact in ordered:
        if contact.start < reach:
            continue
        if waiting and waiting.end <= contact.start:
            yield waiting
            waiting = None
        if contact.outcome is not Outcome.REJECT:
            if waiting is None or waiting.name == invitations.INVITATION:
                waiting = contact
            continue
        waiting, reach = None, contact.end
        yield contact
    if waiting:
        yield waiting


def _contacts(folded: str, anchors: Sequence[Anchor]) -> Iterator[Contact]:
    """The contacts of every kind for which the text has what that kind cannot do without."""
    terms = {anchor.term for anchor in anchors}
    if not terms.isdisjoint(_ADDRESS_TERMS):
        yield from addresses.find_addresses(with_digits(folded))
    if numbers.WORTH_A_LOOK.search(folded):
        yield from numbers.find_numbers(folded)
        yield from addresses.find_hosts(folded)
    if not terms.isdisjoint(_BACKWARDS_TERMS):
        yield from _turned_around(folded)
    if not terms.isdisjoint(_SPOKEN_TERMS):
        yield from numbers.find_spoken_numbers(folded)
    yield from channels.find_ids(folded, anchors)
    if not terms.isdisjoint(_POST_TERMS):
        yield from post.find_post(folded)
    if not terms.isdisjoint(_INVITATION_TERMS):
        yield from invitations.find_invitations(folded)


def _turned_around(folded: str) -> Iterator[Contact]:
    """Addresses and numbers that stand from their end to their beginning."""
    turned = folded[::-1]
    for found in (addresses.find_addresses(turned), numbers.find_numbers(turned)):
        for contact in found:
            start, end = len(folded) - contact.end, len(folded) - contact.start
            yield contact._replace(start=start, end=end, technique="reversed")


@cache
def _scanner() -> Scanner:
    return Scanner([Contacts()])


def find_contacts(texts: Sequence[str]) -> list[tuple[Match, ...]]:
    """Per text its contacts, in order of span.

    ``entry`` is one of url, domain, email, phone, wechat, qq, telegram, whatsapp, line, handle,
    address (of the post) and invitation.
    """
    return [tuple(match for _, match in found) for found in _scanner().find(texts)]
