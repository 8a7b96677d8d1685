"""Judges values under one policy, each text scanned once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from processors.accounts.effects import Ground, ground_of
from processors.accounts.ids import keyed_hash
from processors.accounts.state import Account, Fact
from processors.masking import mask
from processors.policy import Policy
from processors.policy.model import (
    TEXT_FIELDS,
    Hit,
    Judgement,
    Level,
    Pack,
    Rule,
    SubjectView,
)
from processors.text import Contacts, Scanner
from processors.value_keys import ValueKeys
from schemas.records import Field, SubjectKind, VerificationKind

if TYPE_CHECKING:
    from processors.accounts.brakes import Brakes

_NO_PROOFS: Mapping[VerificationKind, tuple[str, ...]] = {}
_TEXT_FIELDS = frozenset(TEXT_FIELDS)
_INDIVIDUAL = SubjectKind.INDIVIDUAL


@lru_cache(maxsize=1)
def _contact_scanner() -> Scanner:
    return Scanner([Contacts()])


FEW = 8
"""Texts so few that scanning them by themselves would cost more each than many at once."""

RECENT = 20_000
"""Texts whose hits are remembered from one batch to the next, about."""


class Examiner:
    """A policy, and what its detectors found in the texts of one batch.

    ``value_key`` is the operator's key for hashes of values.
    """

    def __init__(
        self, policy: Policy, value_key: bytes | ValueKeys = b"", brakes: Brakes | None = None
    ) -> None:
        self.pack: Pack = policy.pack
        self.policy = policy
        self.brakes = brakes
        self._rules = policy.rules
        self._value_keys = ValueKeys.of(value_key)
        self._hits: dict[str, tuple[Hit, ...]] = {}

    def learn(self, texts: Iterable[str]) -> None:
        """Scan texts that were not scanned before, all at once."""
        hits, recent = self._hits, self.policy.recent
        new = [text for text in dict.fromkeys(texts) if text not in hits]
        if len(new) <= FEW:  # asked for beside the batch: of a change that came with an earlier one
            for text in [text for text in new if text in recent]:
                hits[text] = recent[text]
                new.remove(text)
        if new:
            if len(recent) > RECENT:
                recent.clear()
            found = dict(zip(new, self.policy.scan(new), strict=True))
            hits.update(found)
            recent.update(found)

    def judge(self, view: SubjectView, values: Mapping[Field, str], at: int) -> Judgement:
        """What the policy says at ``at`` (ms) of these values; only texts that are there count."""
        hits = self._hits
        texts: dict[Field, str] = {}
        images: dict[Field, str] = {}
        known = True
        for field, value in values.items():
            if value and field in _TEXT_FIELDS:
                texts[field] = value
                known = known and value in hits
            elif value:
                images[field] = value
        if not known:
            self.learn(texts.values())
        if view.analyses:
            self.learn([analysis.text for analysis in view.analyses if analysis.text])
        if self.brakes is None:
            return self.policy.judge(view, texts, hits, images=images)
        return self.policy.judge(view, texts, hits, self.brakes.braked_at(at), images)

    def judge_taken(self, view: SubjectView, name: str, owner: str) -> Judgement:
        """What the policy says of a name that belongs to another account."""
        return self.policy.judge_taken(view, name, owner)

    def rule(self, rule_id: str) -> Rule | None:
        """A rule of the pack, or None when the pack has none of that id (any more)."""
        return self._rules.get(rule_id)

    def ground(self, rule_id: str, otherwise: Ground) -> Ground:
        """Ground of a rule of the pack, or another when the pack has none of that id."""
        rule = self._rules.get(rule_id)
        return otherwise if rule is None else ground_of(rule)

    def shows_contact(self, field: Field, value: str) -> bool:
        """Whether a contact, or a number or address of a person, is in a text, for any pack."""
        if field not in _TEXT_FIELDS:
            return False
        return bool(_contact_scanner().find([value])[0]) or mask(value) != value

    def hash_value(self, field: Field, value: str | None, at: int) -> str | None:
        """Hash of a value under the key of an event time; None where either is not there."""
        if value is None or not (key := self._value_keys.at(at)):
            return None
        return keyed_hash(key, field, value)

    def level(self, score: int) -> Level:
        """Credit level of a score."""
        levels = self.pack.credit.levels
        for level in levels:
            if score >= level.minimum:
                return level
        return levels[-1]


def view_of(
    account: Account,
    event_id: str,
    subject: SubjectKind | None = None,
    facts: list[Fact] | None = None,
) -> SubjectView:
    """What judging may know of an account: its kind and its proofs, or those among ``facts``."""
    kind = subject or account.subject or _INDIVIDUAL
    facts = account.facts if facts is None else facts
    if not facts:
        return SubjectView(kind, _NO_PROOFS, (), account, event_id, account.analyses)
    proofs: dict[VerificationKind, tuple[str, ...]] = {}
    scopes: tuple[str, ...] = ()
    logos: tuple[bytes, ...] = ()
    for fact in facts:
        if not fact.failed:
            kind_of = fact.kind
            said = (fact.value, *fact.names) if fact.names else (fact.value,)
            proofs[kind_of] = proofs[kind_of] + said if kind_of in proofs else said
            if fact.scope:
                scopes = (*scopes, fact.scope)
            if fact.logo:
                logos = (*logos, fact.logo)
    return SubjectView(kind, proofs, scopes, account, event_id, account.analyses, logos)
