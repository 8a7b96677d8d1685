"""What one pack says otherwise than another: rule by rule, list by list, term by term."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from processors.policy.model import Detector, KnownImage, Pack, Rule
from processors.text import Entry
from processors.text.entry import written

_NO_TERMS = ("id", "version", "hash", "title", "detectors", "rules", "parts", "pauses", "guard")
TERMS = tuple(name for name in Pack.__struct_fields__ if name not in _NO_TERMS)
"""What a pack has beside its detectors and rules."""
WAYS = ("kind", "views", "only_places", "distance")
"""How a detector searches."""
LISTS = ("entries", "places", "signals", "names", "images")
"""What it searches for."""
_SHOWN = 5  # entries of a list that are named
_LEFT_OUT = ("id", "pack")


class Difference(NamedTuple):
    """One difference: of what kind of thing (rule, detector, term), of which, and what."""

    kind: str
    name: str
    what: str


def differences(before: Pack, after: Pack) -> list[Difference]:
    """Everything that ``after`` says otherwise, in the order of rules, detectors and terms."""
    return [*_rules(before, after), *_detectors(before, after), *_terms(before, after)]


def _rules(before: Pack, after: Pack) -> Iterator[Difference]:
    old = {rule.id: rule for rule in before.rules}
    new = {rule.id: rule for rule in after.rules}
    for name in sorted(old | new):
        if name not in new:
            yield Difference("rule", name, "is gone")
        elif name not in old:
            rule: Rule = new[name]
            yield Difference("rule", name, f"is new: {rule.mode}, {rule.decision}")
        else:
            for what in _fields(old[name], new[name]):
                yield Difference("rule", name, what)


def _detectors(before: Pack, after: Pack) -> Iterator[Difference]:
    old = {detector.name: detector for detector in before.detectors}
    new = {detector.name: detector for detector in after.detectors}
    for name in sorted(old | new):
        if name not in new:
            yield Difference("detector", name, "is gone")
        elif name not in old:
            yield Difference("detector", name, f"is new: {new[name].kind}")
        else:
            for what in _searched(old[name], new[name]):
                yield Difference("detector", name, what)


def _searched(old: Detector, new: Detector) -> Iterator[str]:
    for name in WAYS:
        if getattr(old, name) != getattr(new, name):
            yield f"{name}: {_said(getattr(old, name))} → {_said(getattr(new, name))}"
    for name in LISTS:
        was, now = getattr(old, name), getattr(new, name)
        kept, known = set(now), set(was)
        gone = [entry for entry in was if entry not in kept]
        come = [entry for entry in now if entry not in known]
        for word, changed in (("without", gone), ("with", come)):
            if changed:
                shown = ", ".join(_term(entry) for entry in changed[:_SHOWN])
                more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
                yield f"{name} {word} {shown}{more}"


def _terms(before: Pack, after: Pack) -> Iterator[Difference]:
    for section in TERMS:
        old, new = getattr(before, section), getattr(after, section)
        if not (isinstance(old, Struct) and isinstance(new, Struct)):
            if old != new:
                yield Difference("term", section, f"{_said(old)} → {_said(new)}")
            continue
        for what in _fields(old, new):
            yield Difference("term", section, what)


def _fields(old: Struct, new: Struct) -> Iterator[str]:
    for name in old.__struct_fields__:
        was, now = getattr(old, name), getattr(new, name)
        if was != now and name not in _LEFT_OUT:
            yield f"{name}: {_said(was)} → {_said(now)}"


def _term(entry: Any) -> str:
    if isinstance(entry, KnownImage):
        return entry.name
    return written(entry) if isinstance(entry, Entry) else str(entry)


def _said(value: Any) -> str:
    if value is None or value in ((), ""):
        return "nothing"
    if isinstance(value, Struct):
        return " ".join(f"{n}={_said(getattr(value, n))}" for n in value.__struct_fields__)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_said(item)}" for key, item in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(_said, value))
    return str(value)
