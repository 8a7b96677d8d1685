"""A pack's own tests: what it is meant to decide, in ``tests.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from processors.policy.judge import Policy
from processors.policy.model import TEXT_FIELDS, SubjectView
from processors.policy.tree import Notes, Table, parse, tables
from schemas.records import Decision, Field, SubjectKind, VerificationKind

TESTS = "tests.yaml"


class Tried(NamedTuple):
    """One test as it came out: its line and texts, what was expected, and what was decided."""

    line: int
    texts: Mapping[Field, str]
    expected: Decision
    decision: Decision
    rules: tuple[str, ...]
    reason: str
    passed: bool


def try_cases(policy: Policy | None, data: bytes, notes: Notes) -> list[Tried]:
    """Try the tests of a pack; what is wrong with them, and each that fails, is noted.

    Without a policy they are only read.
    """
    node = parse(data, notes)
    if node is None:
        return []
    tried = [_try(policy, table) for table in tables(node, notes, "a test")]
    return [case for case in tried if case is not None]


def _try(policy: Policy | None, table: Table) -> Tried | None:
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
        return None
    texts = list(changed.values())
    judgement = policy.judge(subject, changed, dict(zip(texts, policy.scan(texts), strict=True)))
    if judgement.decision is not expected:
        message = f"expected {expected}, got {judgement.decision}"
        table.note("failing-test", message, judgement.reason, key="expect")
    hit = {finding.rule_id for finding in judgement.findings}
    if rules is not None and rules != hit:
        said = ", ".join(sorted(hit)) or "none"
        table.note("failing-test", f"expected hits of other rules; hit {said}", key="rules")
    passed = judgement.decision is expected and rules in (None, hit)
    return Tried(
        table.line,
        changed,
        expected,
        judgement.decision,
        tuple(sorted(hit)),
        judgement.reason,
        passed,
    )


def _read_proofs(table: Table) -> dict[VerificationKind, tuple[str, ...]]:
    inner = table.table("proofs", "proofs of a test", required=False)
    if inner is None:
        return {}
    proofs = {kind: inner.texts(kind) for kind in VerificationKind if inner.has(kind)}
    inner.close()
    return proofs
