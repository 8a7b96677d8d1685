"""API keys: drawn at random, kept as hashes in a file, compared in constant time.

A key is 256 random bits, so a plain SHA-256 of it can be neither guessed nor looked up: the slow
hashes that passwords need would only cost time on every request (docs/decisions/0002).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import tomllib
from pathlib import Path
from typing import Any

from streams.errors import ConfigurationError
from streams.gateway.roles import Principal, Role

PREFIX = "zm_"


def draw_key() -> str:
    """A new key."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    """What the file keeps of a key."""
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def entry(name: str, roles: list[Role], key: str) -> str:
    """The lines of the file for a key."""
    listed = ", ".join(f'"{role}"' for role in roles)
    return f'[[key]]\nname = "{name}"\nroles = [{listed}]\nhash = "{hash_key(key)}"\n'


class KeyRing:
    """The keys of a file. Raises `ConfigurationError` when the file is not as it must be."""

    def __init__(self, file: Path | None) -> None:
        self._keys: dict[str, Principal] = {}
        if file is None:
            return
        try:
            content = tomllib.loads(file.read_text("utf-8"))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"the API keys in {file} cannot be read: {error}") from error
        for number, item in enumerate(content.get("key", []), 1):
            digest, principal = _read(item, f"{file}, key {number}")
            self._keys[digest] = principal

    def find(self, key: str) -> Principal | None:
        """Whose key this is; None when it is nobody's."""
        digest = hash_key(key)
        found = None
        for known, principal in self._keys.items():
            if hmac.compare_digest(known, digest):
                found = principal
        return found


def _read(item: Any, where: str) -> tuple[str, Principal]:
    try:
        name, roles, digest = str(item["name"]), item["roles"], str(item["hash"])
        granted = frozenset(Role(role) for role in roles)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{where}: needs name, roles of {', '.join(Role)}, and hash ({error})"
        ) from error
    if not digest.startswith("sha256:") or len(digest) != 71:
        raise ConfigurationError(
            f"{where}: the hash is not sha256: and 64 hex digits; `zhengming gateway-key` makes one"
        )
    return digest, Principal(name, granted, "key")
