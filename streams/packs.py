"""Reads policy packs from disk: the one that is shipped, or a directory of the operator's."""

from __future__ import annotations

from pathlib import Path

from processors.packs import shipped_pack
from processors.policy import PackError, Policy, load_pack
from streams.errors import ConfigurationError
from streams.settings import Settings


def read_pack(directory: Path) -> dict[str, bytes]:
    """All files of a pack's directory, by name relative to it. Hidden files are left out."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(directory).parts)
    }


def find_pack(name: str) -> dict[str, bytes]:
    """Files of a pack: a directory with a pack.yaml, or the name of a shipped pack.

    Raises `ConfigurationError` when it is neither.
    """
    directory = Path(name)
    if (directory / "pack.yaml").is_file():
        return read_pack(directory)
    try:
        return shipped_pack(name)
    except KeyError as error:
        raise ConfigurationError(
            f"pack {name!r} is neither a directory with a pack.yaml nor the name of a shipped pack"
        ) from error


def load_policy(settings: Settings) -> Policy:
    """The policy of the configured pack. Raises `ConfigurationError` when it cannot be used."""
    try:
        return Policy(load_pack(find_pack(settings.pack)))
    except PackError as error:
        raise ConfigurationError(f"pack {settings.pack!r} cannot be used:\n{error}") from error
