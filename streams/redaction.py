"""What must never be shown: the secrets of the settings, wherever they turn up in a text.

A process learns its secrets when it reads its settings. From then on `redact` takes them out of
whatever it says: log lines, messages, tracebacks, tables. User and password of a URL, and values of
parameters that name a secret, are taken out even where nobody has learned them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, unquote, urlsplit

MASKED = "********"

SHORTEST = 4
"""A shorter secret is only known by its place: it would turn up in any text."""

NAMES = r"passw|secret|token|credential|authorization|signature|(?:api|access|value)_?key"
"""Parts of names whose values are secrets."""

_USER_INFO = re.compile(r"(?<=//)[^\s'\"]*@")
"""User and password inside a URL: all up to its last @, for a password may hold anything."""
_PARAMETER = re.compile(rf"([?&][\w.-]*(?:{NAMES})[\w.-]*=)[^&\s'\"]+", re.IGNORECASE)

_known: set[str] = set()
_pattern: re.Pattern[str] | None = None


def learn(secrets: Iterable[str]) -> None:
    """Take secrets out of everything that this process says from now on."""
    global _pattern  # noqa: PLW0603 - one process has one set of secrets
    new = {secret for secret in secrets if len(secret) >= SHORTEST} - _known
    if new:
        _known.update(new)
        longest_first = sorted(_known, key=len, reverse=True)
        _pattern = re.compile("|".join(map(re.escape, longest_first)))


def redact(text: str) -> str:
    """The text without secrets."""
    if _pattern is not None:
        text = _pattern.sub(MASKED, text)
    return redact_urls(text) if "//" in text else text


def redact_urls(text: str) -> str:
    """The text without user and password of every URL, and without parameters that are secret."""
    text = _USER_INFO.sub(f"{MASKED}@", text)
    return _PARAMETER.sub(rf"\g<1>{MASKED}", text)


def secrets_of_url(url: str) -> set[str]:
    """The password of a URL, and the values of parameters that name one, in every spelling."""
    found: set[str] = set()
    rest = url.partition("://")[2]
    if "@" in rest:  # not by `urlsplit`, which a slash in a password leads astray
        found.add(rest.rpartition("@")[0].partition(":")[2])
    try:
        parameters = parse_qsl(urlsplit(url).query)
    except ValueError:
        parameters = []
    found.update(value for name, value in parameters if re.search(NAMES, name, re.IGNORECASE))
    return {spelt for one in found for spelt in (one, unquote(one), quote(one, safe="")) if spelt}
