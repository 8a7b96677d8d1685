"""Tokens of one identifier under several keys, while whoever keys them changes their key.

A field holds a token, or several separated by spaces: the one under the newest key first. They
stand for the same identifier, so what is known under one of them is known of all.
"""

from __future__ import annotations

KEPT = 4
"""Tokens of one identifier that an account remembers: those under the newest keys."""


def tokens_of(tokens: str | None) -> list[str]:
    """The single tokens, that under the newest key first."""
    return tokens.split() if tokens else []


def is_same(one: str | None, other: str | None) -> bool:
    """Whether two stand for one identifier: they share a token, or neither is known."""
    if one == other:
        return True
    return bool(one and other) and not set(tokens_of(one)).isdisjoint(tokens_of(other))


def renewed(known: str | None, given: str | None) -> str | None:
    """What to remember: what was given and, where that is the same identifier, what was known."""
    if not given or not known or given == known or not is_same(known, given):
        return given or known
    return " ".join(list(dict.fromkeys((*tokens_of(given), *tokens_of(known))))[:KEPT])
