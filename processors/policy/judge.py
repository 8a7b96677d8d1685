"""A pack compiled: finds what its detectors look for, and judges by its rules.

Rules only propose. The most severe proposal decides, every finding is reported, and the order of
rules never matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from copy import copy
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from msgspec.structs import replace

from processors.policy.analyses import (
    IMAGE_FIELDS,
    MIRRORED,
    find,
    hits_in,
    parts_by_field,
    with_unchecked,
)
from processors.policy.conditions import Condition, ConditionError
from processors.policy.model import (
    MACHINE_KINDS,
    Covers,
    Detector,
    DetectorKind,
    Hit,
    Judgement,
    Mode,
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
from schemas.records import (
    Decision,
    Field,
    Finding,
    Mark,
    PackRef,
    RuleMode,
    RuleOutcome,
    SubjectKind,
)

_RANK = {decision: rank for rank, decision in enumerate(Decision)}
_FIELD_ORDER = {field: order for order, field in enumerate(Field)}
_NOTHING = Judgement(Decision.ALLOW, (), (), "No rule asks for anything.")
_SHOWN = frozenset(("plain", "case", "width", "traditional"))
"""Ways to write a contact that do not mean to hide it."""
_NOT_SEARCHED = (DetectorKind.WHOLE, DetectorKind.TAKEN, *MACHINE_KINDS)
_SHORTEST_PROOF = 3  # letters of a proof's value that may stand inside a longer name
SAID = {
    "contact": "a contact of the form {entry} is in the {field}",
    "lexicon": "the {field} holds {entry!r}",
    "protected": "the {field} uses the protected name {entry!r}",
    "claim": "the {field} claims {entry!r}",
    "place": "the {field} associates itself with a place by {entry!r}",
    "whole": "the {field} is compared with the registered name",
    "code": "a code of the class {entry} is in the {field}",
    "image": "the {field} looks like the known image {entry!r}",
    "logo": "the {field} does not look like the registered logo",
    "label": "a classifier gives the {field} the label {entry!r}",
    "taken": "the {field} is that of {entry}",
}
"""What was found, in words, by the kind of the match."""
_OF_MACHINES = frozenset(("code", "image", "label", "logo"))
"""Kinds of what machines found: no words of the value, and no proof is compared with them."""
_INVITED = "the {field} invites to get in touch elsewhere"
_NONE: Set[str] = frozenset()
_NO_IMAGES: Mapping[Field, str] = {}

_Search = Contacts | TermDetector
_Rules = Mapping[tuple[SubjectKind, Field], Mapping[str, tuple[Rule, ...]]]


class _Case(NamedTuple):
    """One field of an account that is being judged; ``braked`` rules have lost their power."""

    subject: SubjectView
    field: Field
    text: str
    braked: Set[str]


class Policy:
    """A compiled pack: immutable, and a function of the pack alone.

    With ``drafts`` the rules that are drafts are in force, as backtests want it. ``recent`` holds
    what was found in texts scanned lately: what waits for an answer is looked at twice.
    """

    def __init__(self, pack: Pack, *, drafts: bool = False) -> None:
        self.pack = pack
        self.recent: dict[str, tuple[Hit, ...]] = {}
        searched = tuple(d for d in pack.detectors if d.kind not in _NOT_SEARCHED)
        self._names = tuple(detector.name for detector in searched)
        searches, self._scanner = _searching(searched)
        self._searches = dict(zip(self._names, searches, strict=True))
        rules = _judged(pack.rules, drafts=drafts)
        self._rules = _by_field(rules)
        whole = {d.name for d in pack.detectors if d.kind is DetectorKind.WHOLE}
        self._whole = _by_field([rule for rule in rules if rule.detector in whole])
        self._compared = {kind for kind, _ in self._whole}
        self._machines = tuple(d for d in pack.detectors if d.kind in MACHINE_KINDS)
        self._parts = parts_by_field(rules, pack.detectors)
        taken = {d.name for d in pack.detectors if d.kind is DetectorKind.TAKEN}
        self._taken = tuple(rule for rule in rules if rule.detector in taken)
        self._unseen: dict[tuple[SubjectKind, tuple[Field, ...]], Judgement] = {}
        self._conditions = {rule.id: Condition(rule.when) for rule in rules if rule.when}

    @property
    def hash(self) -> str:
        """What tells this policy from every other: the content hash of its pack, or of all."""
        parts = self.pack.parts
        if not parts:
            return self.pack.hash
        return sha256("\n".join(part.hash for part in parts).encode()).hexdigest()

    @cached_property
    def watched(self) -> tuple[tuple[str, int], ...]:
        """Rules in force whose coming into force is dated, with that time in ms."""
        return tuple((r.id, r.since) for r in self.pack.rules if r.since and r.mode == Mode.ENFORCE)

    @cached_property
    def has_brakes(self) -> bool:
        """Whether there is anything to count: a dated rule, or a quota."""
        return bool(self.watched or self.pack.brakes.quotas)

    @cached_property
    def hashes(self) -> frozenset[str]:
        """Content hashes of all its packs: what its records may carry."""
        return frozenset(pack.hash for pack in self.pack.parts or (self.pack,))

    @cached_property
    def others(self) -> tuple[PackRef, ...]:
        """The packs beside the first one."""
        return tuple(PackRef(id=p.id, version=p.version, hash=p.hash) for p in self.pack.parts[1:])

    def pack_of(self, rule_id: str) -> Pack:
        """The pack of a rule; the first one for what is no rule of any."""
        parts = self.pack.parts
        if not parts or (rule := self.rules.get(rule_id)) is None:
            return self.pack
        return next(part for part in parts if part.id == rule.pack)

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """All rules by id, drafts and retired ones too: what an old measure rests on."""
        return {rule.id: rule for rule in self.pack.rules}

    def amended(self, pack: Pack) -> Policy:
        """The same searches and rules under a pack, or parts, of other hashes and terms."""
        other = copy(self)
        other.pack = pack
        for derived in ("hashes", "others"):
            vars(other).pop(derived, None)
        return other

    def scan(self, texts: Sequence[str]) -> list[tuple[Hit, ...]]:
        """Per text what all detectors find, in the order of detector and span.

        A text gets the same hits alone and in a batch.
        """
        names = self._names
        return [
            tuple([Hit(names[index], match) for index, match in _listed(found)]) if found else ()
            for found in self._scanner.find(texts)
        ]

    def judge(
        self,
        subject: SubjectView,
        changed: Mapping[Field, str],
        hits: Mapping[str, tuple[Hit, ...]],
        braked: Set[str] = _NONE,
        images: Mapping[Field, str] = _NO_IMAGES,
    ) -> Judgement:
        """The decision on the changed fields of an account.

        ``changed`` maps fields to their new texts, ``images`` fields to the references of new
        images, ``hits`` texts, those read in images too, to what ``scan`` found in them. Rules in
        ``braked`` are reported as snoozed and have no consequence.
        """
        proposals: list[Proposal] = []
        for field, text in changed.items():
            found = hits.get(text)
            if found:
                proposals += self._propose(_Case(subject, field, text, braked), found)
            if subject.kind in self._compared and text:
                proposals += self._compare(_Case(subject, field, text, braked))
        if images or subject.analyses:
            if not proposals and not subject.analyses:
                return self._judge_unseen(subject.kind, tuple(images))
            return self._judge_analysed(subject, {**changed, **images}, hits, braked, proposals)
        return _decide(proposals) if proposals else _NOTHING

    def _judge_unseen(self, kind: SubjectKind, fields: tuple[Field, ...]) -> Judgement:
        """The decision where nothing was found and nobody has seen the images of these fields."""
        known = self._unseen.get((kind, fields))
        if known is None:
            unchecked = [f for f in fields if (kind, f) in self._parts]
            known = _NOTHING
            if unchecked:
                unchecked.sort(key=_FIELD_ORDER.__getitem__)
                known = with_unchecked(_NOTHING, self.pack.images, unchecked, set(unchecked))
            self._unseen[kind, fields] = known
        return known

    def _judge_analysed(
        self,
        subject: SubjectView,
        values: Mapping[Field, str],
        hits: Mapping[str, tuple[Hit, ...]],
        braked: Set[str],
        proposals: list[Proposal],
    ) -> Judgement:
        """The decision with what machines found, and with what they have not looked into."""
        unchecked: list[Field] = []
        awaited: set[Field] = set()
        for field, value in values.items():
            analysis = find(subject.analyses, field, value)
            if analysis is not None:
                found = (
                    *hits_in(self._machines, analysis, subject.logos),
                    *hits.get(analysis.text, ()),
                )
                text = analysis.text if field in IMAGE_FIELDS else value
                proposals += self._propose(_Case(subject, field, text, braked), found)
            parts = self._parts.get((subject.kind, field))
            if parts and not (
                analysis is not None and analysis.checked and parts.issubset(analysis.parts)
            ):
                unchecked.append(field)
                if analysis is None or analysis.checked is None:
                    awaited.add(field)
        judgement = _decide(proposals) if proposals else _NOTHING
        if not unchecked:
            return judgement
        unchecked.sort(key=_FIELD_ORDER.__getitem__)
        return with_unchecked(judgement, self.pack.images, unchecked, awaited)

    def judge_taken(self, subject: SubjectView, name: str, owner: str) -> Judgement:
        """What the rules on taken names say of a name that is that of ``owner``."""
        match = Match(owner, "", "taken", "folded", "plain", Outcome.REJECT, 0, len(name))
        case = _Case(subject, Field.NAME, name, _NONE)
        found = [
            self._consider(rule, case, match)
            for rule in self._taken
            if not rule.subjects or subject.kind in rule.subjects
        ]
        return _decide([proposal for proposal in found if proposal is not None])

    @cached_property
    def protecting(self) -> frozenset[str]:
        """Ids of the rules on protected names."""
        kinds = {detector.name: detector.kind for detector in self.pack.detectors}
        rules = self.pack.rules
        return frozenset(r.id for r in rules if kinds.get(r.detector) is DetectorKind.PROTECTED)

    def _propose(self, case: _Case, hits: tuple[Hit, ...]) -> list[Proposal]:
        """One proposal for each rule and entry that hit the field: its most severe one."""
        rules = self._rules.get((case.subject.kind, case.field), {})
        proposals: dict[tuple[str, str], Proposal] = {}
        for detector, match, score, detail in hits:
            if match.outcome is Outcome.ACCEPT:
                continue
            for rule in rules.get(detector, ()):
                if rule.certain and match.outcome is not Outcome.REJECT:
                    continue
                if score < rule.threshold:
                    continue
                proposal = self._consider(rule, case, match, detail)
                if proposal is None:
                    continue
                known = proposals.get((rule.id, match.entry))
                if known is None or _rank(proposal) > _rank(known):
                    proposals[rule.id, match.entry] = proposal
        return list(proposals.values())

    def _compare(self, case: _Case) -> list[Proposal]:
        """Proposals of rules that look at a text whole; nothing is said of one that is covered."""
        by_detector = self._whole.get((case.subject.kind, case.field))
        if not by_detector:
            return []
        match = Match("", "", "whole", "folded", "plain", Outcome.REJECT, 0, len(case.text))
        considered = [
            self._consider(rule, case, match) for rules in by_detector.values() for rule in rules
        ]
        return [p for p in considered if p and p.finding.decision is not Decision.ALLOW]

    def _consider(self, rule: Rule, case: _Case, match: Match, detail: str = "") -> Proposal | None:
        """What a rule proposes of a match; None where it is set aside, or by its condition.

        A condition without an answer asks for a person: an error allows nothing by itself.
        """
        if case.subject.aside and (rule.id, case.field) in case.subject.aside:
            return None
        condition = self._conditions.get(rule.id) if rule.when else None
        if condition is None:
            return self._apply(rule, case, match, detail)
        try:
            holds = condition.holds(self._values(case, match))
        except ConditionError as error:
            strict = rule.decision is Decision.STRICT_HOLD
            decision = Decision.STRICT_HOLD if strict else Decision.HOLD
            why = f"{_said(match, case.field)}; its condition has no answer: {error}"
            return _proposal(rule, case, match, decision, why, RuleOutcome.ERROR)
        return self._apply(rule, case, match, detail) if holds else None

    def _values(self, case: _Case, match: Match) -> dict[str, Any]:
        """What a condition may name; `processors.policy.conditions` has the list."""
        subject, account = case.subject, case.subject.account
        points = sum(entry.points for entry in account.ledger) if account else 0
        return {
            "field": str(case.field),
            "text": case.text,
            "match.entry": match.entry,
            "match.tag": match.tag,
            "match.technique": match.technique,
            "match.outcome": str(match.outcome),
            "match.severity": match.severity,
            "match.length": match.end - match.start,
            "subject": str(subject.kind),
            "proofs": {str(kind): list(values) for kind, values in subject.proofs.items()},
            "scopes": list(subject.scopes),
            "account.seen": bool(account and account.registered),
            "account.inputs": account.seq if account else 0,
            "account.score": min(1000, max(0, self.pack.credit.base + points)),
            "account.measures": len(account.live_measures()) if account else 0,
            "account.language": (account and account.language) or "",
            "account.place": (account and account.place) or "",
        }

    def _apply(self, rule: Rule, case: _Case, match: Match, detail: str) -> Proposal:
        subject, field = case.subject, case.field
        decision, why = rule.decision, _said(match, field)
        if match.technique in HIDDEN:
            why += f", written {HIDDEN[match.technique]}"
        if detail:
            why += f", {detail}"
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
            elif self._covers(rule, subject, values, case.text, match):
                decision = rule.cleared or decision
                why += f"; a valid {proof} covers it"
            else:
                decision = rule.contradicted or decision
                why += f"; the {proof} is for something else"
        return _proposal(rule, case, match, decision, why, RuleOutcome.HIT)

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
        if match.kind == "lexicon" or match.kind in _OF_MACHINES:
            tag = strip(fold(match.tag))
            return any(tag in value for value in folded)
        found = strip(fold(text[match.start : match.end]))
        return any(
            found in value or (len(value) >= _SHORTEST_PROOF and value in found) for value in folded
        )


def _judged(rules: Sequence[Rule], *, drafts: bool) -> list[Rule]:
    """The rules that are judged by: in force or in shadow, and drafts where they are wanted."""
    return [
        replace(rule, mode=Mode.ENFORCE) if rule.mode == Mode.DRAFT else rule
        for rule in rules
        if rule.mode in (Mode.ENFORCE, Mode.SHADOW) or (drafts and rule.mode == Mode.DRAFT)
    ]


def _proposal(
    rule: Rule, case: _Case, match: Match, decision: Decision, why: str, outcome: RuleOutcome
) -> Proposal:
    mode = RuleMode.ENFORCE if rule.mode == Mode.ENFORCE else RuleMode.SHADOW
    if rule.id in case.braked:
        mode, outcome = RuleMode.SHADOW, RuleOutcome.SNOOZED
        why += "; the rule is new, hits too much, and has lost its power"
    finding = Finding(
        rule_id=rule.id,
        obligation_id=rule.obligation,
        field=case.field,
        span_start=match.start,
        span_end=match.end,
        technique=match.technique,
        entry=match.entry,
        decision=decision,
        mode=mode,
        why=f"{why[0].upper()}{why[1:]}.",
        pack_id=rule.pack,
        outcome=outcome,
    )
    mark = None
    if rule.mark is not None and decision is Decision.ALLOW_LABELLED:
        zh, en = (words.replace("{tag}", match.tag) for words in (rule.mark.zh, rule.mark.en))
        mark = Mark(rule_id=rule.id, zh=zh, en=en)
    return Proposal(rule, case.field, finding, mark)


def _said(match: Match, field: Field) -> str:
    invited = match.kind == "contact" and match.entry == INVITATION
    words = _INVITED if invited else SAID[match.kind]
    if field in IMAGE_FIELDS and match.kind not in _OF_MACHINES:
        words += ", in the text read in it"
    if match.technique == MIRRORED:
        words += ", turned around"
    return words.format(entry=match.entry, field=field.lower())


def _listed(found: tuple[tuple[int, Match], ...]) -> tuple[tuple[int, Match], ...]:
    """What was found, without what only has the form of a name and is all within a listed one.

    世界卫生组织 is an international organisation, and no organ of this country besides.
    """
    if len(found) == 1:
        return found
    names = [one for one in found if one[1].kind == "protected"]
    sure = [one for one in names if one[1].outcome is Outcome.REJECT]
    doubted = {
        (index, match)
        for index, match in names
        if match.outcome is Outcome.REVIEW
        and any(
            other != index and name.start <= match.start and match.end <= name.end
            for other, name in sure
        )
    }
    return tuple(one for one in found if one not in doubted) if doubted else found


@lru_cache(maxsize=1)
def _searching(detectors: tuple[Detector, ...]) -> tuple[tuple[_Search, ...], Scanner]:
    """The searches of detectors, and all of them at once.

    The last are kept: a pack is tried before it is used, and its next version mostly has the same.
    """
    searches = tuple(map(_search, detectors))
    return searches, Scanner(searches)


def _search(detector: Detector) -> _Search:
    if detector.kind is DetectorKind.CONTACTS:
        return Contacts()
    if detector.kind is DetectorKind.PROTECTED:
        return ProtectedNames(detector.entries, detector.places, only_places=detector.only_places)
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
    shadow = None
    if len(in_force) < len(proposals):
        shadow = max((p.finding.decision for p in proposals), key=_RANK.__getitem__)
    if not in_force:
        shadow = None if shadow is Decision.ALLOW else shadow
        return Judgement(
            Decision.ALLOW, findings, (), "Only rules on trial hit.", shadow_decision=shadow
        )
    in_force.sort(key=lambda proposal: (-_rank(proposal), -proposal.rule.severity))
    asking = tuple(p for p in in_force if _rank(p) > _RANK[Decision.ALLOW_LABELLED])
    first = in_force[0].finding
    marks = () if asking else tuple(dict.fromkeys(p.mark for p in in_force if p.mark))
    shadow = None if shadow is first.decision else shadow
    return Judgement(first.decision, findings, asking, first.why, marks, shadow_decision=shadow)
