"""Checks a whole pack: what its parts say of each other, and the pack's own tests."""

from collections.abc import Mapping

from processors.policy.analyses import IMAGE_FIELDS
from processors.policy.judge import Policy
from processors.policy.loader import MAIN, Draft, read_pack
from processors.policy.model import (
    TEXT_FIELDS,
    Covers,
    DetectorKind,
    GroundsTerms,
    Mode,
    Pack,
    Rule,
)
from processors.policy.pack_tests import TESTS, try_cases
from processors.policy.problems import PackError, Problem, nearest
from processors.policy.tree import Notes
from schemas.records import Decision, Field

_FIELDS_OF: Mapping[DetectorKind | None, tuple[tuple[Field, ...], str]] = {
    DetectorKind.WHOLE: (TEXT_FIELDS, "text"),
    DetectorKind.IMAGE_CODES: (IMAGE_FIELDS, "an image"),
    DetectorKind.KNOWN_IMAGES: (IMAGE_FIELDS, "an image"),
    DetectorKind.LOGO: (IMAGE_FIELDS, "an image"),
}
"""Fields at which a kind can look, and what they hold; the text of images is read as any other."""
_OF_TEXTS_AS_A_WHOLE = (DetectorKind.WHOLE, DetectorKind.TAKEN)
_OF_PROOF = ("proof", "proof_covers", "proof_words", "cleared", "contradicted")
_OF_WHOLE_TEXTS = (Covers.REGISTERED, Covers.WORDS, Covers.ANY)


def load_pack(files: Mapping[str, bytes]) -> Pack:
    """The pack of these files. Raises ``PackError`` with every problem when it is not sound."""
    draft, problems = _check(files)
    if problems or draft is None:
        raise PackError(problems)
    return draft.pack


def lint_pack(files: Mapping[str, bytes]) -> list[Problem]:
    """Everything that is wrong with the pack of these files, in the order of file and line."""
    return _check(files)[1]


def _check(files: Mapping[str, bytes]) -> tuple[Draft | None, list[Problem]]:
    draft, problems = read_pack(files)
    if draft is not None:
        # A decision that could not be read is not one that allows.
        problems += [] if problems else _check_decisions(draft)
        problems += _check_rules(draft)
        problems += _check_detectors(draft)
        if TESTS in files:
            # Tests of a pack that cannot be read would only repeat what is wrong with it.
            notes = Notes(TESTS)
            try_cases(None if problems else Policy(draft.pack), files[TESTS], notes)
            problems += notes.problems
    return draft, sorted(problems, key=lambda problem: (problem.file != MAIN, *problem))


def _check_rules(draft: Draft) -> list[Problem]:
    notes = Notes(MAIN)
    detectors = {detector.name for detector in draft.pack.detectors}
    kinds = {detector.name: detector.kind for detector in draft.pack.detectors}
    whole = {d.name for d in draft.pack.detectors if d.kind in _OF_TEXTS_AS_A_WHOLE}
    taken = {d.name for d in draft.pack.detectors if d.kind is DetectorKind.TAKEN}
    seen: list[tuple[int, Rule]] = []
    for line, rule in zip(draft.rule_lines, draft.pack.rules, strict=True):
        if rule.detector and rule.detector not in detectors and rule.mode != Mode.RETIRED:
            hint = nearest(rule.detector, detectors)
            message = f"rule {rule.id!r} names the detector {rule.detector!r}, which is not there"
            notes.add(line, "unknown-detector", message, hint)
        if rule.id in GroundsTerms.__struct_fields__:
            message = f"the id {rule.id!r} is that of what no rule causes"
            notes.add(line, "bad-id", message, f"such as {rule.id}.any")
        for first, other in seen:
            if rule.id and other.id == rule.id:
                message = f"the rule {rule.id!r} is already on line {first}"
                notes.add(line, "duplicate-rule", message)
            elif _is_covered(rule, other):
                message = f"rule {rule.id!r} adds nothing to {other.id!r} on line {first}"
                notes.add(line, "unreachable-rule", message)
        if rule.detector in whole and rule.proof and rule.proof_covers not in _OF_WHOLE_TEXTS:
            covers = rule.proof_covers.value
            message = f"rule {rule.id!r} looks at whole texts; its proof cannot cover {covers!r}"
            hint = "let its proof cover 'registered', 'words' or 'any'"
            notes.add(line, "unknown-value", message, hint)
        if rule.detector in taken and set(rule.fields) - {Field.NAME}:
            message = f"rule {rule.id!r} is about names that are taken, and looks at other fields"
            notes.add(line, "unknown-value", message, "let its fields be [NAME]")
        wanted, what = _FIELDS_OF.get(kinds.get(rule.detector), (tuple(Field), ""))
        if rule.fields and not set(rule.fields) & set(wanted):
            message = f"rule {rule.id!r} looks at no field that holds {what}"
            notes.add(line, "unreachable-rule", message)
        if rule.threshold and kinds.get(rule.detector) is not DetectorKind.LABELS:
            message = f"rule {rule.id!r} has a threshold, but what it looks at has no score"
            notes.add(line, "unknown-key", message, "only labels of a classifier have one")
        seen.append((line, rule))
    return notes.problems


def _check_decisions(draft: Draft) -> list[Problem]:
    notes = Notes(MAIN)
    for line, rule in zip(draft.rule_lines, draft.pack.rules, strict=True):
        if rule.decision is Decision.ALLOW:
            message = f"rule {rule.id!r} would decide nothing: it allows what it hits"
            hint = "ALLOW_LABELLED marks it; to leave a rule out, let its mode be RETIRED"
            notes.add(line, "unknown-value", message, hint)
    return notes.problems


def _is_covered(rule: Rule, other: Rule) -> bool:
    """Whether whatever a rule hits is decided the same, by the same proof, by another one.

    Of two that decide the same the graver one acts: one that is graver than another is needed, for
    its points, measure and words.
    """
    return (
        rule.detector == other.detector
        and rule.mode is other.mode
        and rule.decision is other.decision
        and rule.severity <= other.severity
        and set(rule.categories) <= set(other.categories)
        and all(getattr(rule, key) == getattr(other, key) for key in _OF_PROOF)
        and set(rule.fields) <= set(other.fields)
        and (
            not other.subjects
            or (bool(rule.subjects) and set(rule.subjects) <= set(other.subjects))
        )
        and (rule.certain or not other.certain)
        and rule.threshold >= other.threshold
        and other.when in ("", rule.when)
        and rule.mode != Mode.RETIRED
    )


def _check_detectors(draft: Draft) -> list[Problem]:
    notes = Notes(MAIN)
    used = {rule.detector for rule in draft.pack.rules if rule.mode != Mode.RETIRED}
    for line, detector in zip(draft.detector_lines, draft.pack.detectors, strict=True):
        if detector.kind is DetectorKind.TAKEN and draft.pack.across is None:
            message = f"{detector.name!r} finds nothing without the check across accounts"
            notes.add(line, "missing-key", message, "add the section 'across'")
        if detector.name not in used:
            notes.add(line, "unused-detector", f"no rule names the detector {detector.name!r}")
    return notes.problems
