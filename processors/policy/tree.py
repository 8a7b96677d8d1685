"""YAML with line numbers: reads a mapping key by key and notes every fault it meets.

Nothing is executed and nothing is resolved: nodes are read as text, and aliases are refused, so
that a small file cannot grow large. A fault never stops the reading; a stand-in value takes the
place of what is wrong, and the caller looks at the problems before it uses any of it.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from processors.policy.problems import Problem, nearest

Name = TypeVar("Name", bound=StrEnum)
SAVE_AS_UTF8 = "save the file as UTF-8"
_DEEPEST = 20


class Notes:
    """Collects the problems of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def add(self, line: int, code: str, message: str, hint: str = "") -> None:
        """Notes one problem."""
        self.problems.append(Problem(self.file, line, code, message, hint))


def line_of(node: Node | yaml.Event) -> int:
    """Line of a node or of an event, from 1."""
    return int(node.start_mark.line) + 1 if node.start_mark else 1


def parse(data: bytes, notes: Notes) -> Node | None:
    """The node tree of a YAML file; None after a syntax error, which is noted."""
    try:
        text = data.decode("utf-8-sig")
        depth = 0
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent):
                notes.add(line_of(event), "alias", "aliases are not allowed in a pack")
                return None
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                notes.add(line_of(event), "syntax", "is nested too deeply")
                return None
        node: Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
    except UnicodeDecodeError as error:
        notes.add(data.count(b"\n", 0, error.start) + 1, "syntax", "is not UTF-8", SAVE_AS_UTF8)
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        notes.add(mark.line + 1 if mark else 1, "syntax", str(error.problem or "is not YAML"))
        return None
    except yaml.YAMLError as error:
        notes.add(1, "syntax", str(error).splitlines()[0])
        return None
    if node is None:
        notes.add(1, "syntax", "is empty")
    return node


class Table:
    """A YAML mapping that is being read; ``close`` notes the keys nobody asked for."""

    def __init__(self, node: Node, notes: Notes, what: str) -> None:
        self.line = line_of(node)
        self.what = what
        self._notes = notes
        self._values: dict[str, Node] = {}
        self._keys: dict[str, int] = {}
        self._asked: set[str] = set()
        if not isinstance(node, MappingNode):
            self.note("wrong-type", f"{what} must be a mapping")
            return
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else "?"
            if name in self._values:
                notes.add(line_of(key), "duplicate-key", f"{what} has the key {name!r} twice")
            self._values[name] = value
            self._keys[name] = line_of(key)

    def note(
        self, code: str, message: str, hint: str = "", *, key: str = "", below: int = 0
    ) -> None:
        """Notes a problem at the line of a key, or of the mapping; ``below`` counts from there.

        Lines of a value in block style (``|``) begin one below its key.
        """
        line, value = self._keys.get(key, self.line), self._values.get(key)
        if isinstance(value, ScalarNode) and value.style in ("|", ">"):
            below += 1
        self._notes.add(line + below, code, message, hint)

    def has(self, key: str) -> bool:
        """Whether the key is there; it counts as asked for."""
        self._asked.add(key)
        return key in self._values

    def names(self) -> Iterator[str]:
        """All keys, which then count as asked for."""
        self._asked.update(self._values)
        yield from self._values

    def close(self) -> None:
        """Notes every key that nobody asked for."""
        for key, line in self._keys.items():
            if key not in self._asked:
                hint = nearest(key, self._asked)
                self._notes.add(line, "unknown-key", f"{self.what} has no key {key!r}", hint)

    def _node(self, key: str, *, required: bool) -> Node | None:
        if self.has(key):
            return self._values[key]
        if required:
            self.note("missing-key", f"{self.what} needs {key!r}")
        return None

    def _scalar(self, node: Node | None, key: str) -> str | None:
        if node is None:
            return None
        if isinstance(node, ScalarNode):
            return str(node.value)
        self.note("wrong-type", f"{key!r} of {self.what} must be a single value", key=key)
        return None

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty; without ``default`` it is required."""
        node = self._node(key, required=default is None)
        value = self._scalar(node, key)
        if value is not None and not value.strip():
            self.note("missing-key", f"{key!r} of {self.what} is empty", key=key)
        return value if value is not None else default or ""

    def number(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from ``low`` to ``high``; without ``default`` it is required."""
        value = self._number(key, int, low, high, required=default is None)
        return int(value) if value is not None else default if default is not None else low

    def share(self, key: str, default: float) -> float:
        """A number from 0 to 1."""
        value = self._number(key, float, 0, 1, required=False)
        return value if value is not None else default

    def _number(
        self, key: str, kind: Callable[[str], float], low: float, high: float, *, required: bool
    ) -> float | None:
        written = self._scalar(self._node(key, required=required), key)
        if written is None:
            return None
        try:
            value = kind(written)
        except ValueError:
            noun = "a whole number" if kind is int else "a number"
            self.note("wrong-type", f"{key!r} of {self.what} must be {noun}", key=key)
            return None
        if not low <= value <= high:
            message = f"{key!r} of {self.what} must be from {low} to {high}, not {written}"
            self.note("out-of-range", message, key=key)
            return None
        return value

    def time(self, key: str) -> int:
        """A date or a time in ms, UTC unless it says otherwise; 0 by default."""
        written = self._scalar(self._node(key, required=False), key)
        if written is None:
            return 0
        try:
            at = datetime.fromisoformat(written)
        except ValueError:
            message = f"{key!r} of {self.what} must be a date or a time, not {written!r}"
            self.note("wrong-type", message, "such as 2026-03-01T08:00", key=key)
            return 0
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return int(at.timestamp() * 1000)

    def flag(self, key: str) -> bool:
        """A yes or no, no by default."""
        written = self._scalar(self._node(key, required=False), key)
        if written not in (None, "true", "false"):
            self.note("wrong-type", f"{key!r} of {self.what} must be true or false", key=key)
        return written == "true"

    def choice(self, key: str, names: type[Name], default: Name | None = None) -> Name:
        """One of the names of an enumeration; without ``default`` it is required."""
        written = self._scalar(self._node(key, required=default is None), key)
        found = self._member(written, names, key) if written is not None else None
        return found or default or next(iter(names))

    def option(self, key: str, names: type[Name]) -> Name | None:
        """One of the names of an enumeration, or None where the key is absent."""
        written = self._scalar(self._node(key, required=False), key)
        return self._member(written, names, key) if written is not None else None

    def choices(self, key: str, names: type[Name], *, required: bool = False) -> tuple[Name, ...]:
        """A list of names of an enumeration."""
        found = (
            self._member(written, names, key) for written in self.texts(key, required=required)
        )
        return tuple(name for name in found if name)

    def _member(self, written: str, names: type[Name], key: str) -> Name | None:
        try:
            return names(written)
        except ValueError:
            message = f"{key!r} of {self.what} cannot be {written!r}"
            self.note("unknown-value", message, nearest(written, map(str, names)), key=key)
            return None

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of texts, empty by default."""
        node = self._node(key, required=required)
        if node is None:
            return ()
        if not isinstance(node, SequenceNode):
            self.note("wrong-type", f"{key!r} of {self.what} must be a list", key=key)
            return ()
        if required and not node.value:
            self.note("missing-key", f"{key!r} of {self.what} is empty", key=key)
        return tuple(value for item in node.value if (value := self._scalar(item, key)) is not None)

    def table(self, key: str, what: str, *, required: bool = True) -> "Table | None":
        """A mapping inside this one; None where it is absent."""
        node = self._node(key, required=required)
        return Table(node, self._notes, what) if node is not None else None

    def tables(self, key: str, what: str, *, required: bool = True) -> "list[Table]":
        """A list of mappings."""
        node = self._node(key, required=required)
        if node is None:
            return []
        return tables(node, self._notes, what)


def tables(node: Node, notes: Notes, what: str) -> list[Table]:
    """A list of mappings."""
    if isinstance(node, SequenceNode):
        return [Table(item, notes, what) for item in node.value]
    notes.add(line_of(node), "wrong-type", f"must be a list, each item {what}")
    return []
