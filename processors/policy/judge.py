"""A pack compiled: finds what its detectors look for, and judges by its rules.

Rules only propose. The most severe proposal decides, every finding is reported, and the order of
rules never matters.
"""

from collections.abc import Mapping, Sequence

from processors.policy.model import (
    Covers,
    Detector,
    DetectorKind,
    Hit,
    Judgement,
    Pack,
    Proposal,
    Rule,
    SubjectView,
)
from processors.policy.registered import is_registered
from processors.text import (
    HIDDEN,
    Claims,
    Contacts,
    Lexicon,
    Match,
    Outcome,
    ProtectedNames,
    Scanner,
)
from processors.text.contact_invitations import INVITATION
from processors.text.fold import fold, strip
from processors.text.gazetteer import Gazetteer
from processors.text.lexicon import TermDetector
from schemas.records import Decision, Field, Finding, Mark, RuleMode, SubjectKind

_RANK = {decision: rank for rank, decision in enumerate(Decision)}
_FIELD_ORDER = {field: order for order, field in enumerate(Field)}
_NOTHING = Judgement(Decision.ALLOW, (), (), "No rule asks for anything.")
_SHOWN = frozenset(("plain", "case", "width", "traditional"))
"""Ways to write a contact that do not mean to hide it."""
_SHORTEST_PROOF = 3  # letters of a proof's value that may stand inside a longer name
_SAID = {
    "contact": "a contact of the form {entry} is in the {field}",
    "lexicon": "the {field} holds {entry!r}",
    "protected": "the {field} uses the protected name {entry!r}",
    "claim": "the {field} claims {entry!r}",
    "place": "the {field} associates itself with a place by {entry!r}",
    "whole": "the {field} is compared with the registered name",
}
_INVITED = "the {field} invites to get in touch elsewhere"

_Rules = Mapping[tuple[SubjectKind, Field], Mapping[str, tuple[Rule, ...]]]


class Policy:
    """A compiled pack: immutable, and a function of the pack alone."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        searched = [d for d in pack.detectors if d.kind is not DetectorKind.WHOLE]
        self._names = tuple(detector.name for detector in searched)
        searches = [_search(detector) for detector in searched]
        self._searches = dict(zip(self._names, searches, strict=True))
        self._scanner = Scanner(searches)
        self._rules = _by_field(pack.rules)
        whole = {d.name for d in pack.detectors if d.kind is DetectorKind.WHOLE}
        self._whole = _by_field([rule for rule in pack.rules if rule.detector in whole])
        self._compared = {kind for kind, _ in self._whole}

    def scan(self, texts: Sequence[str]) -> list[tuple[Hit, ...]]:
        """Per text what all detectors find, in the order of detector and span.

        A text gets the same hits alone and in a batch.
        """
        names = self._names
        return [
            tuple([Hit(names[index], match) for index, match in found]) if found else ()
            for found in self._scanner.find(texts)
        ]

    def judge(
        self,
        subject: SubjectView,
        changed: Mapping[Field, str],
        hits: Mapping[str, tuple[Hit, ...]],
    ) -> Judgement:
        """The decision on the changed fields of an account.

        ``changed`` maps fields to their new texts, ``hits`` texts to what ``scan`` found in them.
        """
        proposals: list[Proposal] = []
        for field, text in changed.items():
            found = hits.get(text)
            if found:
                proposals += self._propose(subject, field, text, found)
            if subject.kind in self._compared and text:
                proposals += self._compare(subject, field, text)
        return _decide(proposals) if proposals else _NOTHING

    def _propose(
        self, subject: SubjectView, field: Field, text: str, hits: tuple[Hit, ...]
    ) -> list[Proposal]:
        """One proposal for each rule and entry that hit the field: its most severe one."""
        rules = self._rules.get((subject.kind, field), {})
        proposals: dict[tuple[str, str], Proposal] = {}
        for detector, match in hits:
            if match.outcome is Outcome.ACCEPT:
                continue
            for rule in rules.get(detector, ()):
                if rule.certain and match.outcome is not Outcome.REJECT:
                    continue
                proposal = self._apply(rule, subject, field, text, match)
                known = proposals.get((rule.id, match.entry))
                if known is None or _rank(proposal) > _rank(known):
                    proposals[rule.id, match.entry] = proposal
        return list(proposals.values())

    def _compare(self, subject: SubjectView, field: Field, text: str) -> list[Proposal]:
        """Proposals of rules that look at a text whole; nothing is said of one that is covered."""
        by_detector = self._whole.get((subject.kind, field))
        if not by_detector:
            return []
        match = Match("", "", "whole", "folded", "plain", Outcome.REJECT, 0, len(text))
        return [
            proposal
            for rules in by_detector.values()
            for rule in rules
            if (proposal := self._apply(rule, subject, field, text, match)).finding.decision
            is not Decision.ALLOW
        ]

    def _apply(
        self, rule: Rule, subject: SubjectView, field: Field, text: str, match: Match
    ) -> Proposal:
        decision, why = rule.decision, _said(match, field)
        if match.technique in HIDDEN:
            why += f", written {HIDDEN[match.technique]}"
        if decision is Decision.REFUSE and match.outcome is not Outcome.REJECT:
            decision = Decision.HOLD
            why += "; that is not certain, so a person decides"
        if rule.proof is not None:
            values = subject.proofs.get(rule.proof, ())
            proof = f"proof of {rule.proof.lower()}"
            if not values:
                why += f"; there is no valid {proof}"
            elif match.kind == "contact" and match.technique not in _SHOWN:
                why += f"; no {proof} covers what is hidden"
            elif self._covers(rule, subject, values, text, match):
                decision = rule.cleared or decision
                why += f"; a valid {proof} covers it"
            else:
                decision = rule.contradicted or decision
                why += f"; the {proof} is for something else"
        finding = Finding(
            rule_id=rule.id,
            obligation_id=rule.obligation,
            field=field,
            span_start=match.start,
            span_end=match.end,
            technique=match.technique,
            entry=match.entry,
            decision=decision,
            mode=rule.mode,
            why=f"{why[0].upper()}{why[1:]}.",
        )
        mark = None
        if rule.mark is not None and decision is Decision.ALLOW_LABELLED:
            zh, en = (words.replace("{tag}", match.tag) for words in (rule.mark.zh, rule.mark.en))
            mark = Mark(rule_id=rule.id, zh=zh, en=en)
        return Proposal(rule, field, finding, mark)

    def _covers(
        self, rule: Rule, subject: SubjectView, values: tuple[str, ...], text: str, match: Match
    ) -> bool:
        """Whether one of the proofs is about what was found."""
        if rule.proof_covers is Covers.ANY:
            return True
        if rule.proof_covers is Covers.REGISTERED:
            return is_registered(text, values)
        if rule.proof_covers is Covers.WORDS:
            folded = [strip(fold(value)) for value in values]
            words = [strip(fold(word)) for word in rule.proof_words]
            return any(word in value for value in folded for word in words)
        if rule.proof_covers is Covers.SCOPE:
            values = (*subject.scopes, *values)
        return self._speaks_of(rule, values, text, match)

    def _speaks_of(self, rule: Rule, values: tuple[str, ...], text: str, match: Match) -> bool:
        """Whether one of the values names what was found, or something of the same tag."""
        search = self._searches.get(rule.detector)
        if isinstance(search, TermDetector) and any(
            match.tag in search.tags_in(value) for value in values
        ):
            return True
        if match.kind == "claim":
            return False
        folded = [strip(fold(value)) for value in values]
        if match.kind == "lexicon":
            tag = strip(fold(match.tag))
            return any(tag in value for value in folded)
        found = strip(fold(text[match.start : match.end]))
        return any(
            found in value or (len(value) >= _SHORTEST_PROOF and value in found) for value in folded
        )


def _said(match: Match, field: Field) -> str:
    invited = match.kind == "contact" and match.entry == INVITATION
    words = _INVITED if invited else _SAID[match.kind]
    return words.format(entry=match.entry, field=field.lower())


def _search(detector: Detector) -> Contacts | TermDetector:
    if detector.kind is DetectorKind.CONTACTS:
        return Contacts()
    if detector.kind is DetectorKind.PROTECTED:
        return ProtectedNames(detector.entries, detector.places)
    if detector.kind is DetectorKind.CLAIMS:
        return Claims(detector.entries)
    if detector.kind is DetectorKind.GAZETTEER:
        return Gazetteer(detector.entries, detector.places, detector.signals)
    return Lexicon(detector.entries, detector.views)


def _by_field(rules: Sequence[Rule]) -> _Rules:
    """For every kind of subject and field, the rules of each detector."""
    table: dict[tuple[SubjectKind, Field], dict[str, tuple[Rule, ...]]] = {}
    for rule in rules:
        for subject in rule.subjects or SubjectKind:
            for field in rule.fields:
                by_detector = table.setdefault((subject, field), {})
                by_detector[rule.detector] = (*by_detector.get(rule.detector, ()), rule)
    return table


def _rank(proposal: Proposal) -> int:
    return _RANK[proposal.finding.decision]


def _order(proposal: Proposal) -> tuple[str, int, int, int, str]:
    finding = proposal.finding
    return (
        finding.rule_id,
        _FIELD_ORDER[finding.field],
        finding.span_start,
        finding.span_end,
        finding.entry,
    )


def _decide(proposals: list[Proposal]) -> Judgement:
    """The most severe decision of the rules in force, and all that was found."""
    proposals.sort(key=_order)
    findings = tuple(proposal.finding for proposal in proposals)
    in_force = [p for p in proposals if p.finding.mode is RuleMode.ENFORCE]
    if not in_force:
        return Judgement(Decision.ALLOW, findings, (), "Only rules on trial hit.")
    in_force.sort(key=lambda proposal: (-_rank(proposal), -proposal.rule.severity))
    asking = tuple(p for p in in_force if _rank(p) > _RANK[Decision.ALLOW_LABELLED])
    first = in_force[0].finding
    marks = () if asking else tuple(dict.fromkeys(p.mark for p in in_force if p.mark))
    return Judgement(first.decision, findings, asking, first.why, marks)
