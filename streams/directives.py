"""Directives as records: orders that hold for the whole platform, for a time."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from processors.policy import Policy
from schemas.records import ChangeKind, DirectiveKind, Field, PlatformDirective, SubjectKind
from streams.control_topics import load_fitting
from streams.errors import ConfigurationError
from streams.journal import HELD_KINDS
from streams.packs import archive


def pause(
    *,
    begins: int,
    ends: int,
    reason: str,
    by: str,
    name: str | None = None,
    kinds: Iterable[ChangeKind] = (),
    fields: Iterable[Field] = (),
    subjects: Iterable[SubjectKind] = (),
    regions: Iterable[str] = (),
    accounts: Iterable[str] = (),
) -> PlatformDirective:
    """What holds the changes it covers from ``begins`` until ``ends`` (ms).

    What is empty covers all; the id is made up when there is no ``name``. Raises
    `ConfigurationError` where it covers cancellations, which are never held.
    """
    kinds, fields, subjects = tuple(kinds), tuple(fields), tuple(subjects)
    regions, accounts = tuple(regions), tuple(accounts)
    if ChangeKind.CANCELLATION in kinds:
        raise ConfigurationError("a cancellation is never held: leave out CANCELLATION")
    covered = (kinds or HELD_KINDS, fields, subjects, regions, accounts)
    return PlatformDirective(
        directive_id=name or f"pause-{uuid.uuid4().hex[:8]}",
        kind=DirectiveKind.PAUSE,
        scope="; ".join(", ".join(part) for part in covered if part),
        starts_at=begins,
        ends_at=ends,
        reason=reason,
        issued_by=by,
        change_kinds=kinds,
        fields=fields,
        subjects=subjects,
        regions=regions,
        accounts=accounts,
    )


def overlay(
    files: Mapping[str, bytes],
    *,
    beside: Policy,
    begins: int,
    ends: int,
    reason: str,
    by: str,
    name: str | None = None,
) -> PlatformDirective:
    """What lets a pack decide beside those in force from ``begins`` until ``ends`` (ms).

    ``beside`` is what is in force now. Raises `ConfigurationError` when the pack is not sound or
    does not fit beside it.
    """
    pack = load_fitting(files, beside, replaces=False)
    return PlatformDirective(
        directive_id=name or f"overlay-{uuid.uuid4().hex[:8]}",
        kind=DirectiveKind.OVERLAY,
        scope=f"{pack.id} {pack.version}, {len(pack.rules)} rules",
        starts_at=begins,
        ends_at=ends,
        reason=reason,
        issued_by=by,
        content=archive(files),
    )
