"""Reads policy packs: the one that is shipped, a directory of the operator's, an archive."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from processors.packs import shipped_pack
from processors.policy import Pack, PackError, Policy, compose, load_pack
from processors.policy.loader import content_hash
from streams.errors import ConfigurationError
from streams.settings import Settings

MAX_UNPACKED = 64 << 20
"""Bytes that the files of an archived pack may have in all."""


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
    """The policy of the configured packs. Raises `ConfigurationError` when it cannot be used."""
    return policy_of(settings.pack)


def policy_of(names: str) -> Policy:
    """The policy of one pack, or of several with commas between.

    Raises `ConfigurationError` when it cannot be used.
    """
    return Policy(pack_of(names))


def pack_of(names: str) -> Pack:
    """One pack, or several with commas between as one, the first one leading.

    Raises `ConfigurationError` when it cannot be used.
    """
    packs = []
    for name in _each(names):
        try:
            packs.append(load_pack(find_pack(name)))
        except PackError as error:
            raise ConfigurationError(f"pack {name!r} cannot be used:\n{error}") from error
    try:
        return compose(packs)
    except PackError as error:
        raise ConfigurationError(f"packs {names!r} cannot be used together:\n{error}") from error


def configured_files(settings: Settings) -> dict[str, dict[str, bytes]]:
    """Files of each of the configured packs, by its hash. Raises `ConfigurationError`."""
    return {content_hash(files): files for files in map(find_pack, _each(settings.pack))}


def _each(names: str) -> list[str]:
    return [name.strip() for name in names.split(",")]


def archive(files: Mapping[str, bytes]) -> bytes:
    """The files of a pack as a ZIP archive; the same files give the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(files):
            target.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def unarchive(content: bytes) -> dict[str, bytes]:
    """The files of an archived pack. Raises `ConfigurationError` for what is no such archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as source:
            if sum(item.file_size for item in source.infolist()) > MAX_UNPACKED:
                raise ConfigurationError(f"its files are larger than {MAX_UNPACKED >> 20} MB")
            return {item.filename: source.read(item) for item in source.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise ConfigurationError(f"the archive cannot be read: {error}") from error
