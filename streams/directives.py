"""Directives as records: orders that hold for the whole platform, for a time."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from processors.places import PROVINCES, label
from processors.policy import Policy
from schemas.records import ChangeKind, DirectiveKind, Field, PlatformDirective, SubjectKind
from streams.control_topics import load_fitting
from streams.errors import ConfigurationError
from streams.given import given
from streams.journal import HELD_KINDS
from streams.packs import archive

REASON, WHO = "the reason", "the name of who orders it"


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

    What is empty covers all; the id is made up when there is no ``name``; regions are kept as IP
    labels, however they are spelt. Raises `ConfigurationError` where it covers cancellations, which
    are never held, or a place that no label shows, and where an account, ``reason`` or ``by`` is
    empty.
    """
    kinds, fields, subjects = tuple(kinds), tuple(fields), tuple(subjects)
    regions, accounts = _labels(regions), _accounts(accounts)
    if ChangeKind.CANCELLATION in kinds:
        raise ConfigurationError("a cancellation is never held: leave out CANCELLATION")
    covered = (kinds or HELD_KINDS, fields, subjects, regions, accounts)
    return PlatformDirective(
        directive_id=_id(name, "pause"),
        kind=DirectiveKind.PAUSE,
        scope="; ".join(", ".join(part) for part in covered if part),
        starts_at=begins,
        ends_at=ends,
        reason=given(REASON, reason),
        issued_by=given(WHO, by),
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
    does not fit beside it, or where ``reason`` or ``by`` is empty.
    """
    pack = load_fitting(files, beside, replaces=False)
    return PlatformDirective(
        directive_id=_id(name, "overlay"),
        kind=DirectiveKind.OVERLAY,
        scope=f"{pack.id} {pack.version}, {len(pack.rules)} rules",
        starts_at=begins,
        ends_at=ends,
        reason=given(REASON, reason),
        issued_by=given(WHO, by),
        content=archive(files),
    )


def sweep(
    *,
    begins: int,
    ends: int,
    reason: str,
    by: str,
    packs_read: int,
    name: str | None = None,
    subjects: Iterable[SubjectKind] = (),
    regions: Iterable[str] = (),
    accounts: Iterable[str] = (),
) -> PlatformDirective:
    """What verifies the accounts that it covers anew, until ``ends`` (ms) at the latest.

    It begins where ``packs_read`` of the packs are read. The scope, and what is refused, are as in
    a `pause`.
    """
    subjects, regions, accounts = tuple(subjects), _labels(regions), _accounts(accounts)
    return PlatformDirective(
        directive_id=_id(name, "sweep"),
        kind=DirectiveKind.SWEEP,
        scope=", ".join((*subjects, *regions, *accounts)) or "all accounts",
        starts_at=begins,
        ends_at=ends,
        reason=given(REASON, reason),
        issued_by=given(WHO, by),
        subjects=subjects,
        regions=regions,
        accounts=accounts,
        packs_read=packs_read,
    )


def _id(name: str | None, kind: str) -> str:
    return given("the id", name) if name else f"{kind}-{uuid.uuid4().hex[:8]}"


def _labels(regions: Iterable[str]) -> tuple[str, ...]:
    """The IP labels of places: accounts are compared by these."""
    return tuple(dict.fromkeys(map(_label, regions)))


def _label(region: str) -> str:
    shown = label(region)
    if shown is None:
        raise ConfigurationError(
            f"no IP label shows the region {region!r}; give a country or region outside, such as "
            f"日本, or one of {', '.join(PROVINCES)}"
        )
    return shown


def _accounts(accounts: Iterable[str]) -> tuple[str, ...]:
    return tuple(given("an account of the scope", account) for account in accounts)
