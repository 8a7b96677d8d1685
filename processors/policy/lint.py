"""Checks a whole pack: what its parts say of each other, and the pack's own tests."""

from collections.abc import Mapping

from processors.policy.judge import Policy
from processors.policy.loader import MAIN, Draft, read_pack
from processors.policy.model import (
    TEXT_FIELDS,
    Covers,
    DetectorKind,
    Mode,
    Pack,
    Rule,
    SubjectView,
)
from processors.policy.problems import PackError, Problem, nearest
from processors.policy.tree import Notes, Table, parse, tables
from schemas.records import Decision, SubjectKind, VerificationKind

TESTS = "tests.yaml"
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
        problems += _check_rules(draft)
        problems += _check_detectors(draft)
        if TESTS in files:
            # Tests of a pack that cannot be read would only repeat what is wrong with it.
            problems += run_tests(draft.pack, files[TESTS], runnable=not problems)
    return draft, sorted(problems, key=lambda problem: (problem.file != MAIN, *problem))


def _check_rules(draft: Draft) -> list[Problem]:
    notes = Notes(MAIN)
    detectors = {detector.name for detector in draft.pack.detectors}
    whole = {d.name for d in draft.pack.detectors if d.kind is DetectorKind.WHOLE}
    seen: list[tuple[int, Rule]] = []
    for line, rule in zip(draft.rule_lines, draft.pack.rules, strict=True):
        if rule.detector and rule.detector not in detectors and rule.mode != Mode.RETIRED:
            hint = nearest(rule.detector, detectors)
            message = f"rule {rule.id!r} names the detector {rule.detector!r}, which is not there"
            notes.add(line, "unknown-detector", message, hint)
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
        if rule.fields and not set(rule.fields) & set(TEXT_FIELDS):
            message = f"rule {rule.id!r} looks at no field that holds text"
            notes.add(line, "unreachable-rule", message)
        seen.append((line, rule))
    return notes.problems


def _is_covered(rule: Rule, other: Rule) -> bool:
    """Whether whatever a rule hits is decided the same, by the same proof, by another one."""
    return (
        rule.detector == other.detector
        and rule.mode is other.mode
        and rule.decision is other.decision
        and rule.proof is other.proof
        and set(rule.fields) <= set(other.fields)
        and (
            not other.subjects
            or (bool(rule.subjects) and set(rule.subjects) <= set(other.subjects))
        )
        and (rule.certain or not other.certain)
        and other.when in ("", rule.when)
        and rule.mode != Mode.RETIRED
    )


def _check_detectors(draft: Draft) -> list[Problem]:
    notes = Notes(MAIN)
    used = {rule.detector for rule in draft.pack.rules if rule.mode != Mode.RETIRED}
    for line, detector in zip(draft.detector_lines, draft.pack.detectors, strict=True):
        if detector.name not in used:
            notes.add(line, "unused-detector", f"no rule names the detector {detector.name!r}")
    return notes.problems


def run_tests(pack: Pack, data: bytes, *, runnable: bool = True) -> list[Problem]:
    """Problems of the pack's own tests, and of the pack where one of them fails."""
    notes = Notes(TESTS)
    node = parse(data, notes)
    if node is None:
        return notes.problems
    policy = Policy(pack) if runnable else None
    for table in tables(node, notes, "a test"):
        _run_test(policy, table)
    return notes.problems


def _run_test(policy: Policy | None, table: Table) -> None:
    changed = {
        field: table.text(field.lower()) for field in TEXT_FIELDS if table.has(field.lower())
    }
    subject = SubjectView(
        table.choice("subject", SubjectKind, SubjectKind.INDIVIDUAL),
        _read_proofs(table),
        table.texts("scopes"),
    )
    expected = table.choice("expect", Decision)
    rules = set(table.texts("rules")) if table.has("rules") else None
    table.close()
    if not changed:
        hint = f"one of {', '.join(field.lower() for field in TEXT_FIELDS)}"
        table.note("missing-key", "a test needs a text", hint)
    if policy is None or not changed:
        return
    texts = list(changed.values())
    judgement = policy.judge(subject, changed, dict(zip(texts, policy.scan(texts), strict=True)))
    if judgement.decision is not expected:
        message = f"expected {expected}, got {judgement.decision}"
        table.note("failing-test", message, judgement.reason, key="expect")
    hit = {finding.rule_id for finding in judgement.findings}
    if rules is not None and rules != hit:
        said = ", ".join(sorted(hit)) or "none"
        table.note("failing-test", f"expected hits of other rules; hit {said}", key="rules")


def _read_proofs(table: Table) -> dict[VerificationKind, tuple[str, ...]]:
    inner = table.table("proofs", "proofs of a test", required=False)
    if inner is None:
        return {}
    proofs = {kind: inner.texts(kind) for kind in VerificationKind if inner.has(kind)}
    inner.close()
    return proofs
