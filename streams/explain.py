"""Why a text is judged as it is: its views, its odd characters, its matches, the verdict."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from msgspec import Struct

from processors.policy import Mode, Policy, SubjectView
from processors.text import HIDDEN, Form, Lexicon, Match, Outcome, forms_of
from processors.text.fold import RULES, fold
from schemas.records import Decision, Field, Finding, SubjectKind
from streams.visible import code_point, is_visible

_OUTCOMES = {
    Outcome.ACCEPT: "what stands around it makes it harmless",
    Outcome.REVIEW: "it is not certain: a person should look",
    Outcome.REJECT: "nothing around it makes it harmless",
}
_KINDS = {
    "contact": "a contact of the form {}",
    "lexicon": "the entry {!r}",
    "protected": "the protected name {!r}",
    "claim": "the claim {!r}",
    "place": "an association with a place by {!r}",
}
_ORDINARY = frozenset(" \t\n\u3000，：；！？（）～…‘’")
_IN_COLOUR = "\ufe0f"
_NAMELESS = {"Cc": "control character", "Co": "private use", "Cn": "unassigned"}


class Odd(Struct, frozen=True):
    """A character that is not what it seems, or does not seem to be there."""

    index: int
    code_point: str
    name: str
    rule: str | None  # of the folding table; None where it stays as it is
    reads_as: str  # empty where it is taken away


class Found(Struct, frozen=True):
    """A match, the detector that made it, and the rules of the pack that it feeds."""

    entry: str
    tag: str
    kind: str
    detector: str
    rules: tuple[str, ...]  # for this field and subject
    view: str
    technique: str
    outcome: Outcome
    start: int
    end: int
    why: str


class Judged(Struct, frozen=True):
    """The verdict on the text as one field of one account without proofs."""

    pack: str
    version: str
    hash: str
    field: Field
    subject: SubjectKind
    decision: Decision
    reason: str
    findings: tuple[Finding, ...]


class Explanation(Struct, frozen=True):
    """All there is to say about a text."""

    text: str
    views: tuple[Form, ...]
    odd: tuple[Odd, ...]
    matches: tuple[Found, ...]
    verdict: Judged


class Explainer:
    """Explains texts as a field of an account under a policy.

    ``lexicons`` are searched besides the pack, by the name they are to be told by; they feed no
    rule.
    """

    def __init__(
        self,
        policy: Policy,
        field: Field,
        subject: SubjectKind,
        lexicons: dict[str, Lexicon] | None = None,
    ) -> None:
        self._policy = policy
        self._field = field
        self._subject = subject
        self._lexicons = lexicons or {}

    def explain(self, text: str) -> Explanation:
        """Explain one text."""
        hits = self._policy.scan([text])[0]
        found = [self._found(hit.detector, hit.match) for hit in hits]
        for name, lexicon in self._lexicons.items():
            found += [self._found(name, match) for match in lexicon.find([text])[0]]
        found.sort(key=lambda one: (one.start, one.end, one.detector))
        pack = self._policy.pack
        judgement = self._policy.judge(
            SubjectView(self._subject, {}), {self._field: text}, {text: hits}
        )
        verdict = Judged(
            pack.id,
            pack.version,
            pack.hash,
            self._field,
            self._subject,
            judgement.decision,
            judgement.reason,
            judgement.findings,
        )
        return Explanation(text, forms_of(text), tuple(odd_ones(text)), tuple(found), verdict)

    def _found(self, detector: str, match: Match) -> Found:
        return Found(
            match.entry,
            match.tag,
            match.kind,
            detector,
            self._rules(detector, match),
            match.view,
            match.technique,
            match.outcome,
            match.start,
            match.end,
            why(match),
        )

    def _rules(self, detector: str, match: Match) -> tuple[str, ...]:
        if match.outcome is Outcome.ACCEPT:
            return ()
        return tuple(
            rule.id
            for rule in self._policy.pack.rules
            if rule.detector == detector
            and rule.mode in (Mode.ENFORCE, Mode.SHADOW)
            and self._field in rule.fields
            and (not rule.subjects or self._subject in rule.subjects)
            and not (rule.certain and match.outcome is not Outcome.REJECT)
        )


def odd_ones(text: str) -> Iterator[Odd]:
    """The characters of a text that are not visible, or that are read as another one.

    Capital letters and traditional characters are not odd, nor are blanks and line breaks, the
    punctuation of Chinese, and what says that a sign is drawn in colour.
    """
    for index, char in enumerate(text):
        rule = RULES.get(ord(char))
        if char in _ORDINARY or (is_visible(char) and rule in (None, "case", "traditional")):
            continue
        if char == _IN_COLOUR and unicodedata.category(text[max(0, index - 1)]) == "So":
            continue
        name = unicodedata.name(char, "") or _NAMELESS.get(unicodedata.category(char), "unknown")
        yield Odd(index, code_point(char), name, rule, fold(char))


def why(match: Match) -> str:
    """What was found, how it was written, and what was made of it, in a sentence."""
    what = _KINDS[match.kind].format(match.entry)
    how = f", written {HIDDEN[match.technique]}" if match.technique in HIDDEN else ""
    return f"{what[0].upper()}{what[1:]}{how}: {_OUTCOMES[match.outcome]}."
