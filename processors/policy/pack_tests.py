"""A pack's own tests: what it is meant to decide, in ``tests.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from processors.policy.analyses import IMAGE_FIELDS, CodeClass, value_digest
from processors.policy.judge import Policy
from processors.policy.model import TEXT_FIELDS, Analysis, Labelled, SubjectView
from processors.policy.tree import Notes, Table, parse, tables
from schemas.records import Decision, Field, ImagePart, SubjectKind, VerificationKind

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
    images = _read_images(table)
    subject = SubjectView(
        table.choice("subject", SubjectKind, SubjectKind.INDIVIDUAL),
        _read_proofs(table),
        table.texts("scopes"),
        analyses=(*_read_labels(table, changed), *images.values()),
        logos=_read_logos(table),
    )
    expected = table.choice("expect", Decision)
    rules = set(table.texts("rules")) if table.has("rules") else None
    table.close()
    if not changed and not images:
        hint = f"one of {', '.join(field.lower() for field in Field)}"
        table.note("missing-key", "a test needs a value", hint)
    if policy is None or not (changed or images):
        return None
    texts = [*changed.values(), *(image.text for image in images.values() if image.text)]
    hits = dict(zip(texts, policy.scan(texts), strict=True))
    judgement = policy.judge(subject, changed, hits, images=dict.fromkeys(images, _REFERENCE))
    if judgement.decision is not expected:
        message = f"expected {expected}, got {judgement.decision}"
        table.note("failing-test", message, judgement.reason, key="expect")
    hit = {finding.rule_id for finding in judgement.findings}
    if rules is not None and rules != hit:
        wanted, said = (", ".join(sorted(names)) or "none" for names in (rules, hit))
        table.note("failing-test", f"expected hits of {wanted}; hit {said}", key="rules")
    passed = judgement.decision is expected and rules in (None, hit)
    return Tried(
        table.line,
        {**changed, **dict.fromkeys(images, _REFERENCE)},
        expected,
        judgement.decision,
        tuple(sorted(hit)),
        judgement.reason,
        passed,
    )


_REFERENCE = "image"
"""Reference of every image of a test: what is in it is told by the test."""


def _read_images(table: Table) -> dict[Field, Analysis]:
    """What a test says its images hold; they count as looked into for everything."""
    found = {}
    for field in IMAGE_FIELDS:
        inner = table.table(field.lower(), f"{field.lower()} of a test", required=False)
        if inner is None:
            continue
        codes = tuple(code.value for code in inner.choices("codes", CodeClass))
        written = inner.text("hash", "")
        try:
            seen = bytes.fromhex(written)
        except ValueError:
            inner.note("wrong-type", "'hash' must be 64 hex digits", key="hash")
            seen = b""
        labels = _labels_of(inner)
        digest = value_digest(_REFERENCE)
        text = inner.text("text", "")
        found[field] = Analysis(
            field, digest, True, "", tuple(ImagePart), codes, text, seen, b"", labels
        )
        inner.close()
    return found


def _read_logos(table: Table) -> tuple[bytes, ...]:
    logos = []
    for written in table.texts("logos"):
        try:
            logos.append(bytes.fromhex(written))
        except ValueError:
            table.note("wrong-type", "'logos' must be hashes of 64 hex digits", key="logos")
    return tuple(logos)


def _read_labels(table: Table, changed: Mapping[Field, str]) -> list[Analysis]:
    """Labels that a test gives to all of its texts."""
    labels = _labels_of(table)
    if not labels:
        return []
    return [Analysis(field, value_digest(text), labels=labels) for field, text in changed.items()]


def _labels_of(table: Table) -> tuple[Labelled, ...]:
    inner = table.table("labels", f"labels of {table.what}", required=False)
    if inner is None:
        return ()
    labels = [
        Labelled("test", name, round(1000 * inner.share(name, 1.0))) for name in inner.names()
    ]
    inner.close()
    return tuple(labels)


def _read_proofs(table: Table) -> dict[VerificationKind, tuple[str, ...]]:
    inner = table.table("proofs", "proofs of a test", required=False)
    if inner is None:
        return {}
    proofs = {kind: inner.texts(kind) for kind in VerificationKind if inner.has(kind)}
    inner.close()
    return proofs
