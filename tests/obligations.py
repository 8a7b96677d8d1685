"""What the regulation asks for, what fulfils it, and which tests prove it: docs/coverage.md.

The duties stand in ``docs/obligations.yaml``, the rules in the shipped pack, the tests carry the
marks ``obligation`` and ``invariant``. ``python -m tests.obligations --markdown`` writes the page.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from processors.policy import Mode, load_pack, shipped_pack

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "docs" / "obligations.yaml"
MARKS = ("obligation", "invariant")


class Duty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row: an obligation, or an invariant, which is proven by tests alone."""

    id: str
    zh: str
    en: str
    article: str = ""
    operator: str = ""
    parts: tuple[str, ...] = ()
    missing: str = ""


class Duties(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole list. ``not_yet`` says by id why a row is not covered."""

    obligations: tuple[Duty, ...]
    invariants: tuple[Duty, ...]
    not_yet: dict[str, str]

    def ids(self, mark: str) -> set[str]:
        """Ids that tests may carry under a mark."""
        return {duty.id for duty in (self.obligations if mark == MARKS[0] else self.invariants)}


class Row(msgspec.Struct, frozen=True):
    """A duty with what was found for it: rules in force, and tests as (file, function)."""

    duty: Duty
    rules: tuple[str, ...]
    tests: tuple[tuple[str, str], ...]
    needs_rule: bool
    reason: str

    @property
    def covered(self) -> bool:
        """Whether something fulfils it and a test proves it."""
        return bool(self.tests) and bool(self.rules or self.duty.parts or not self.needs_rule)

    @property
    def state(self) -> str:
        """``done``, ``in part`` or ``not done yet``; what is listed as not done is never done."""
        if self.reason or not self.covered:
            return "not done yet"
        return "in part" if self.duty.missing else "done"

    @property
    def lacks(self) -> str:
        """What keeps it from being done, in words."""
        return self.reason or self.duty.missing


@cache
def duties() -> Duties:
    """The list as it is written."""
    return msgspec.convert(yaml.safe_load(SOURCE.read_text(encoding="utf-8")), Duties)


def marked_tests(root: Path = ROOT / "tests") -> dict[str, list[tuple[str, str]]]:
    """By id, the tests that carry it, as (path from the root of the project, function)."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in sorted(root.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        whole = [mark for node in tree.body if _is_pytestmark(node) for mark in _marks_in(node)]
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[:4] == "test":
                marks = [mark for item in node.decorator_list for mark in _marks_in(item)]
                for ident in dict.fromkeys([*whole, *marks]):
                    found[ident].append((path.relative_to(ROOT).as_posix(), node.name))
    return found


@cache
def rows() -> tuple[list[Row], list[Row]]:
    """Obligations and invariants with what covers them."""
    tests = marked_tests()
    pack = load_pack(shipped_pack())
    rules: dict[str, list[str]] = defaultdict(list)
    for rule in pack.rules:
        if rule.mode == Mode.ENFORCE:
            rules[rule.obligation].append(rule.id)

    def row(duty: Duty, *, needs_rule: bool) -> Row:
        return Row(
            duty=duty,
            rules=tuple(rules[duty.id]),
            tests=tuple(tests.get(duty.id, ())),
            needs_rule=needs_rule,
            reason=duties().not_yet.get(duty.id, ""),
        )

    return (
        [row(duty, needs_rule=True) for duty in duties().obligations],
        [row(duty, needs_rule=False) for duty in duties().invariants],
    )


def faults(row: Row) -> Iterator[str]:
    """Why a row may not stand as it is, in words."""
    ident = row.duty.id
    if row.reason and row.covered:
        yield f"{ident} is covered now: take it off not_yet, and say what is missing, if anything"
    if not row.reason and not row.covered:
        if not row.tests:
            yield f"{ident} has no test marked with it and does not stand under not_yet"
        else:
            yield f"{ident} has neither a rule nor a part and does not stand under not_yet"


def check_marks(test: str, mark: str, marks: list[tuple[Any, ...]]) -> None:
    """Raise `pytest.UsageError` for a mark of a test that names no known id, or more than one."""
    for args in marks:
        if len(args) != 1 or args[0] not in duties().ids(mark):
            raise pytest.UsageError(f"{test}: docs/obligations.yaml has no {mark} {args}")


def resolve(name: str) -> Any:
    """What a dotted name stands for. Raises ImportError or AttributeError where there is none."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            found = getattr(found, part)
        return found
    raise ImportError(f"nothing is called {name}")


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
    )


def _marks_in(node: ast.AST) -> Iterator[str]:
    """Ids of the marks in a decorator, or in the value of ``pytestmark``."""
    for call in ast.walk(node):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr in MARKS
        ):
            yield from (str(arg.value) for arg in call.args if isinstance(arg, ast.Constant))


# -- the page ----------------------------------------------------------------------------------

_HEAD = """\
# Coverage 义务对照

<!-- Generated by `make docs` from docs/obligations.yaml, the shipped pack and the marks on the
tests; do not edit. -->

What the *Regulations on the Management of Internet User Account Information*
(互联网用户账号信息管理规定, Cyberspace Administration of China, Order No. 10 of 2022) ask of a
service, what of this project fulfils it, and which tests prove that. **It is an engineering
paraphrase and not legal advice**: check it, and your policy pack, with counsel. **The Order sets no
numeric deadline**; every time limit in the pack is a choice of this project or of yours.

*Done* means: a rule of the pack `{pack}` in force or a part of the code fulfils the duty, and a
test proves it. *In part* means that, with what is still missing. The test run fails when a row has
no rule or part, or no test, unless it stands in the list of what is not done yet; and it fails when
a row stands there that has both.

Of {total} obligations {done} are done, {partly} in part, {not_yet} not yet.
Of {invariants} invariants {inv_done} are proven, {inv_partly} in part, {inv_not_yet} not yet.
"""


def markdown() -> str:
    """Return the whole page."""
    obligations, invariants = rows()
    count, inv = _count(obligations), _count(invariants)
    head = _HEAD.format(
        pack=load_pack(shipped_pack()).id,
        total=len(obligations),
        **dict(zip(("done", "partly", "not_yet"), count, strict=True)),
        invariants=len(invariants),
        **dict(zip(("inv_done", "inv_partly", "inv_not_yet"), inv, strict=True)),
    )
    lines = [head, "| id | Art. | duty | rules | tests | state |", "|---|---|---|---|---|---|"]
    lines += [
        f"| [{row.duty.id}](#{row.duty.id.lower()}) | {row.duty.article} | {row.duty.en} "
        f"| {len(row.rules) or ''} | {len(row.tests) or ''} | {row.state} |"
        for row in obligations
    ]
    lines += ["", "## Obligations", ""]
    for row in obligations:
        lines += [*_section(row), ""]
    lines += ["## Invariants", "", "What must hold in every history, whatever its order.", ""]
    for row in invariants:
        lines += [*_section(row), ""]
    return "\n".join(lines).rstrip() + "\n"


def _count(of: list[Row]) -> tuple[int, int, int]:
    done, partly, not_yet = (
        sum(row.state == state for row in of) for state in ("done", "in part", "not done yet")
    )
    return done, partly, not_yet


def _section(row: Row) -> list[str]:
    duty = row.duty
    lines = [f"### {duty.id}", ""]
    article = f"Art. {duty.article}. " if duty.article else ""
    lacks = f"; missing: {row.lacks.rstrip('.')}" if row.lacks else ""
    lines += [f"{article}{duty.zh}。{duty.en}", "", f"- State: **{row.state}**{lacks}."]
    if row.rules:
        lines.append(f"- Rules: {', '.join(f'`{rule}`' for rule in row.rules)}")
    if duty.parts:
        lines.append(f"- Parts: {', '.join(f'`{part}`' for part in duty.parts)}")
    if duty.operator:
        lines.append(f"- The operator supplies: {duty.operator}")
    by_file: dict[str, list[str]] = defaultdict(list)
    for file, test in row.tests:
        by_file[file].append(test.removeprefix("test_").replace("_", " "))
    lines += [f"- [{file}](../{file}): {'; '.join(said)}" for file, said in by_file.items()]
    return lines


if __name__ == "__main__":
    if sys.argv[1:] != ["--markdown"]:
        sys.exit("usage: python -m tests.obligations --markdown")
    sys.stdout.write(markdown())
