"""Conditions of rules, in the Common Expression Language (CEL).

A condition is compiled and type-checked once, at load. It is total and bounded: CEL has no loops
but those over lists and maps, the library stops an evaluation after a fixed number of steps, and
regular expressions take linear time. It knows no clock: the same arguments give the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from cel_expr_python import cel

from processors.policy.problems import nearest

LONGEST = 2_000
"""Characters that a condition may have."""

_TEXT, _NUMBER, _FLAG = cel.Type.STRING, cel.Type.INT, cel.Type.BOOL
_TEXTS = cel.Type.List(_TEXT)

VARIABLES: Mapping[str, tuple[Any, Any]] = {
    "field": (_TEXT, "NAME"),
    "text": (_TEXT, ""),
    "match.entry": (_TEXT, ""),
    "match.tag": (_TEXT, ""),
    "match.technique": (_TEXT, "plain"),
    "match.outcome": (_TEXT, "reject"),
    "match.severity": (_NUMBER, 1),
    "match.length": (_NUMBER, 0),
    "subject": (_TEXT, "INDIVIDUAL"),
    "proofs": (cel.Type.Map(_TEXT, _TEXTS), {}),
    "scopes": (_TEXTS, []),
    "account.seen": (_FLAG, False),
    "account.inputs": (_NUMBER, 0),
    "account.score": (_NUMBER, 0),
    "account.measures": (_NUMBER, 0),
    "account.language": (_TEXT, ""),
    "account.place": (_TEXT, ""),
}
"""What a condition may name: the type of each, and a value of it."""

_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'(?: \(in container ''\))?")


class Fault(NamedTuple):
    """What is wrong with a condition; ``line`` counts inside it, from 0."""

    line: int
    message: str
    hint: str = ""


class ConditionError(Exception):
    """A condition gave no answer for these arguments; the text says why."""


class Condition:
    """A compiled condition. Raises ``ValueError`` for one that ``check`` finds fault with."""

    def __init__(self, source: str) -> None:
        faults = check(source)
        if faults:
            raise ValueError(faults[0].message)
        self.source = source
        self._evaluate = _environment().compile(source).eval

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it holds for values of all `VARIABLES`. Raises `ConditionError`."""
        try:
            result = self._evaluate(data=values)
        except RuntimeError as error:  # the bound on its steps
            raise ConditionError(_plain(str(error))) from error
        value = result.value()
        if isinstance(value, bool):
            return value
        raise ConditionError(_plain(str(value)))


def check(source: str) -> list[Fault]:
    """Everything that is wrong with a condition: syntax, unknown names, wrong types."""
    if len(source) > LONGEST:
        return [Fault(0, f"is longer than {LONGEST} characters")]
    try:
        compiled = _environment().compile(source)
    except RuntimeError as error:
        return _faults(str(error))
    if compiled.return_type() != cel.Type.BOOL:
        kind = compiled.return_type().name().lower()
        return [Fault(0, f"must be true or false, but is of type {kind}", "compare it")]
    return []


@cache
def _environment() -> Any:
    return cel.NewEnv(variables={name: kind for name, (kind, _) in VARIABLES.items()})


def _faults(said: str) -> list[Fault]:
    found = []
    for line, column, message in _ERROR.findall(said):
        unknown = _UNDECLARED.search(message)
        if unknown:
            name = unknown[1]
            known = nearest(name, VARIABLES)
            found.append(Fault(int(line) - 1, f"knows no {name!r} (column {column})", known))
        else:
            found.append(Fault(int(line) - 1, f"{message} (column {column})"))
    return found or [Fault(0, _plain(said))]


def _plain(said: str) -> str:
    """The library's message in one line, without its code at either end."""
    return re.sub(r"^[A-Z_]+: | \[[A-Z_]+\]$", "", " ".join(said.split()))
