"""What a sound pack says that whoever wrote it may not mean. None of it keeps a pack from use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from processors.policy.conditions import VARIABLES, Condition, ConditionError
from processors.policy.loader import MAIN, read_pack
from processors.policy.model import Mode, Pack, Rule
from processors.policy.pack_tests import TESTS
from processors.policy.problems import Problem, nearest
from processors.policy.tree import Notes, parse
from schemas.records import Decision, Field, SubjectKind, VerificationKind

_WORDS = (".md", "LICENSE")
"""Ends of names of files that are for people."""
_PLACEHOLDER = re.compile(r"\{[^{}\s]*\}")
_QUOTED = r"""['"]([^'"]*)['"]"""
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "field": tuple(Field),
    "subject": tuple(SubjectKind),
    r"match\.outcome": ("review", "reject"),
}
"""What a condition may find in a name that has few values."""
_PROOFS = re.compile(rf"{_QUOTED}\s+in\s+proofs\b|\bproofs\s*\[\s*{_QUOTED}")


def advise(files: Mapping[str, bytes], at: int) -> list[Problem]:
    """What may not be meant in the pack of these files at ``at`` (ms); nothing of an unsound one.

    In the order of file and line.
    """
    draft, problems = read_pack(files)
    if draft is None or problems:
        return []
    notes = Notes(MAIN)
    for line, rule in zip(draft.rule_lines, draft.pack.rules, strict=True):
        if rule.mode != Mode.RETIRED:
            for code, message, hint in _of_rule(rule, at):
                notes.add(line, code, f"rule {rule.id!r} {message}", hint)
    for function in _without_words(draft.pack):
        message = f"no word of function_names says to a person what {function!r} is"
        notes.add(1, "unnamed-function", message)
    return sorted([*notes.problems, *_unnamed(files)], key=lambda p: (p.file != MAIN, *p))


def dropped(before: Pack, after: Pack) -> list[str]:
    """Ids of the rules that were in force or on trial and that the next version does not have."""
    kept = {rule.id for rule in after.rules}
    lived = (Mode.ENFORCE, Mode.SHADOW, Mode.RETIRED)
    return [rule.id for rule in before.rules if rule.id not in kept and rule.mode in lived]


def _without_words(pack: Pack) -> list[str]:
    """Functions that notices can only call as the executor does."""
    restricted = [
        *pack.ladder.functions.values(),
        *(level.functions for level in pack.credit.levels),
    ]
    every = dict.fromkeys(function for functions in restricted for function in functions)
    return [function for function in every if function not in pack.ladder.function_names]


def _of_rule(rule: Rule, at: int) -> Iterator[tuple[str, str, str]]:
    cleared = rule.proof is not None and rule.cleared is not None
    if rule.decision is Decision.NEED_MATERIAL and not cleared:
        message = "asks for material, and no proof clears it: the change waits and is refused"
        yield "no-proof", message, "give it a proof with 'cleared', or let it HOLD"
    if rule.since > at:
        since = datetime.fromtimestamp(rule.since / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
        message = f"is in force with its pack, and no brake watches it before {since}"
        yield "since-to-come", message, "'since' delays nothing"
    for name in ("message", "remedy", "mark"):
        words = getattr(rule, name)
        filled = "{tag}" if name == "mark" else ""
        found = _PLACEHOLDER.findall(f"{words.zh} {words.en}") if words else []
        if unfilled := [one for one in found if one != filled]:
            message = f"has {unfilled[0]!r} in its {name}, which stays as it is written"
            yield "unfilled", message, "only {tag} in a mark is filled in"
    if rule.mark is not None and Decision.ALLOW_LABELLED not in (rule.decision, rule.cleared):
        message = "has a mark, and never comes to ALLOW_LABELLED"
        yield "unshown-mark", message, "a mark is shown where it does"
    if rule.when:
        yield from _of_condition(rule.when)


def _of_condition(source: str) -> Iterator[tuple[str, str, str]]:
    asked = [(name, said, known) for name, known in _KNOWN.items() for said in _said(name, source)]
    kinds = tuple(VerificationKind)
    asked += [("proofs", one or other, kinds) for one, other in _PROOFS.findall(source)]
    for name, said, known in asked:
        if said not in known:
            plain = name.replace("\\", "")
            yield (
                "never-true",
                f"asks {plain!r} for {said!r}, which it never is",
                _meant(said, known),
            )
    try:
        Condition(source).holds({name: value for name, (_, value) in VARIABLES.items()})
    except ConditionError as error:
        message = f"has a condition without an answer for an account without proofs: {error}"
        yield "no-answer", message, "then a person is asked; ask first whether it is there"


def _said(name: str, source: str) -> list[str]:
    """The texts to which a condition compares a name."""
    said = re.findall(rf"(?<![\w.]){name}\s*[!=]=\s*{_QUOTED}", source)
    for listed in re.findall(rf"(?<![\w.]){name}\s+in\s+\[([^\]]*)\]", source):
        said += re.findall(_QUOTED, listed)
    return said


def _meant(said: str, known: tuple[str, ...]) -> str:
    alike = [one for one in known if one.lower() == said.lower()]
    return f"did you mean {str(alike[0])!r}?" if alike else nearest(said, map(str, known))


def _unnamed(files: Mapping[str, bytes]) -> Iterator[Problem]:
    node = parse(files[MAIN], Notes(MAIN))
    named = {MAIN, TESTS, *(_scalars(node) if node else ())}
    for name in files:
        if name not in named and not name.endswith(_WORDS):
            message = f"nothing in {MAIN} names the file; it decides nothing"
            yield Problem(
                name, 1, "unnamed-file", message, "name it under a detector, or remove it"
            )


def _scalars(node: Node) -> Iterator[str]:
    if isinstance(node, ScalarNode):
        yield str(node.value)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _scalars(item)
    elif isinstance(node, MappingNode):
        for _, value in node.value:
            yield from _scalars(value)
