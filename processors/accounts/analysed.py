"""What machines found in the values of an account, as far as it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from msgspec.structs import replace

from processors.accounts.state import Account
from processors.policy.analyses import find, value_digest
from processors.policy.model import Analysis, Labelled
from schemas.records import AccountChange, Field, FieldAnalysis, ImageFacts

MAX_ANALYSES = 12
"""Values whose analysis an account keeps; beyond it the oldest is dropped."""

MAX_TEXT = 1_000
"""Characters that are kept of the text read in an image."""

MAX_CODES = 16
MAX_LABELS = 32

CHANGE = "change"
"""Source of the labels that came with a change."""


def note_labels(account: Account, change: AccountChange) -> None:
    """Keep the labels that came with a change for the values that it gives."""
    by_field = sorted(change.labels, key=lambda label: tuple(Field).index(label.field))
    for field, labels in groupby(by_field, key=lambda label: label.field):
        value = getattr(change, field.lower())
        if value:
            given = tuple(Labelled(CHANGE, label.label, label.score) for label in labels)
            _keep(account, _labelled(_known(account, field, value), CHANGE, given))


def note(account: Account, analysis: FieldAnalysis) -> None:
    """Keep an analysis beside what is known of the same value."""
    known = _known(account, analysis.field, analysis.value)
    given = tuple(Labelled(analysis.source, one.label, one.score) for one in analysis.labels)
    if given:
        known = _labelled(known, analysis.source, given)
    if analysis.image is not None and (analysis.image.checked or not known.checked):
        known = _looked_into(known, analysis.image)
    _keep(account, known)


def note_untried(account: Account, values: Mapping[Field, str]) -> None:
    """Note of images that nobody has looked into them in time."""
    for field, value in values.items():
        known = _known(account, field, value)
        _keep(account, replace(known, checked=False, detail="No analysis came in time."))


def prune(account: Account) -> None:
    """Drop what was found in values that are neither current nor waiting."""
    account.analyses = [a for a in account.analyses if _belongs(account, a)]


def _belongs(account: Account, analysis: Analysis) -> bool:
    field = analysis.field
    values = [account.value(field), *(p.values.get(field) for p in account.pending)]
    return any(value and value_digest(value) == analysis.value for value in values)


def _known(account: Account, field: Field, value: str) -> Analysis:
    return find(account.analyses, field, value) or Analysis(field, value_digest(value))


def _keep(account: Account, analysis: Analysis) -> None:
    """Keep it in the place of what is known of the value."""
    others = [a for a in account.analyses if (a.field, a.value) != (analysis.field, analysis.value)]
    account.analyses = [*others, analysis][-MAX_ANALYSES:]


def _labelled(known: Analysis, source: str, labels: tuple[Labelled, ...]) -> Analysis:
    others = tuple(label for label in known.labels if label.source != source)
    return replace(known, labels=(*others, *labels)[-MAX_LABELS:])


def _looked_into(known: Analysis, image: ImageFacts) -> Analysis:
    return replace(
        known,
        checked=image.checked,
        detail=image.detail,
        parts=image.parts,
        codes=image.codes[:MAX_CODES],
        text=image.text[:MAX_TEXT],
        hash=bytes.fromhex(image.hash),
        mirror=bytes.fromhex(image.mirror_hash),
    )
