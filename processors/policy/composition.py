"""Several packs as one: a change is judged once, by the rules of all of them.

The first pack leads: its terms hold for what there is once in an account (credit, reviews,
complaints, duties, brakes), and its id, version and hash stand in what no rule caused. The ladder,
the time to appeal and the reports of a measure are those of the pack whose rule it rests on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from processors.policy.loader import MAIN
from processors.policy.model import Detector, Mode, Pack, Rule
from processors.policy.problems import PackError, Problem

SHADOW = ".shadow"


def compose(packs: Sequence[Pack]) -> Pack:
    """The packs as one, the first of them leading. One pack is returned as it is.

    Detectors that are equal but for their name are searched once. Raises `PackError` where two
    packs, or rules of two packs, share an id: what an id means must be certain.
    """
    first, *others = packs
    if not others:
        return first
    problems = _clashes(packs)
    if problems:
        raise PackError(problems)
    alike = common_detectors(packs)
    rules = tuple(rule for pack in alike for rule in pack.rules)
    return replace(alike[0], rules=rules, parts=tuple(packs))


def in_shadow(pack: Pack) -> Pack:
    """A pack of which nothing has a consequence, to stand beside another version of itself.

    Its id and those of its rules end in `SHADOW`; what would be in force is in shadow.
    """
    rules = tuple(
        replace(
            rule,
            id=rule.id + SHADOW,
            pack=pack.id + SHADOW,
            mode=Mode.SHADOW if rule.mode is Mode.ENFORCE else rule.mode,
        )
        for rule in pack.rules
    )
    return replace(pack, id=pack.id + SHADOW, rules=rules)


def common_detectors(packs: Sequence[Pack]) -> list[Pack]:
    """The packs, each with the detectors of all: what was found for one serves every other."""
    detectors: dict[Detector, str] = {}
    names = [_names(pack, detectors) for pack in packs]
    together = tuple(replace(found, name=name) for found, name in detectors.items())
    return [
        replace(pack, detectors=together, rules=tuple(_renamed(rule, own) for rule in pack.rules))
        for pack, own in zip(packs, names, strict=True)
    ]


def _renamed(rule: Rule, names: Mapping[str, str]) -> Rule:
    return replace(rule, detector=names.get(rule.detector, ""))  # a retired rule's may be gone


def _names(pack: Pack, detectors: dict[Detector, str]) -> dict[str, str]:
    """The common name of each detector of a pack; ``detectors`` takes up those that are new."""
    names = {}
    for detector in pack.detectors:
        nameless = replace(detector, name="")
        if nameless not in detectors:
            taken = detector.name in detectors.values()
            detectors[nameless] = f"{pack.id}/{detector.name}" if taken else detector.name
        names[detector.name] = detectors[nameless]
    return names


def _clashes(packs: Sequence[Pack]) -> list[Problem]:
    problems = []
    ids: set[str] = set()
    owners: dict[str, str] = {}
    for pack in packs:
        if pack.id in ids:
            message = f"the pack {pack.id!r} is named twice"
            problems.append(Problem(MAIN, 1, "duplicate-pack", message))
            continue
        ids.add(pack.id)
        for rule in pack.rules:
            owner = owners.setdefault(rule.id, pack.id)
            if owner != pack.id:
                message = f"the packs {owner!r} and {pack.id!r} both have a rule {rule.id!r}"
                hint = (
                    "give it another id in one of them; to decide in the place of the other pack, "
                    "a pack needs that pack's id"
                )
                problems.append(Problem(MAIN, 1, "duplicate-rule", message, hint))
    return problems
