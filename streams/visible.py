"""Shows text that may hold anything without letting it act on the terminal.

Controls, escape sequences, bidirectional controls and characters that cannot be seen are shown as
their code point in angle brackets.
"""

from __future__ import annotations

import re

# Printable to Python, but blank: fillers, joiners, variation selectors, the empty braille cell.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_NOT_ASCII_SAFE = re.compile("[^ -~]")


def is_visible(text: str) -> bool:
    """Whether each character can be seen and does nothing but stand in its place."""
    return text.isprintable() and not _BLANK.search(text)


def code_point(char: str) -> str:
    """The number of a character as it is cited: U+202E."""
    return f"U+{ord(char):04X}"


def shown(char: str) -> str:
    """A character, or its number where it cannot be seen or would act on the terminal."""
    return char if is_visible(char) else f"⟨{code_point(char)}⟩"


def visible(text: str) -> str:
    """A text with everything that cannot be seen replaced by its number."""
    return text if is_visible(text) else "".join(map(shown, text))


def escape_json(json: str) -> str:
    """The same JSON with every character that is not visible written as an escape."""
    return json if is_visible(json) else _NOT_ASCII_SAFE.sub(_escape, json)


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    if is_visible(char):
        return char
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
