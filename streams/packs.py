"""Reads policy packs from disk: the one that is shipped, or a directory of the operator's."""

from __future__ import annotations

from pathlib import Path

from processors.packs import shipped_pack
from processors.policy import Policy, load_pack
from streams.errors import ConfigurationError
from streams.settings import Settings


def read_pack(directory: Path) -> dict[str, bytes]:
    """All files of a pack's directory, by name relative to it. Hidden files are left out."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.parts)
    }


def load_policy(settings: Settings) -> Policy:
    """The policy of the configured pack. Raises `ConfigurationError` when there is none there.

    A pack with faults raises `processors.policy.PackError`, which lists them.
    """
    directory = Path(settings.pack)
    if (directory / "pack.yaml").is_file():
        return Policy(load_pack(read_pack(directory)))
    try:
        return Policy(load_pack(shipped_pack(settings.pack)))
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"ZHENGMING_PACK={settings.pack!r} is neither a directory with a pack.yaml "
            "nor the name of a shipped pack"
        ) from error
