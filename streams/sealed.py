"""Directories of files with a manifest that names the hash of each, and a seal over the manifest.

Whoever opens one can tell whether anything in it was changed, cut off, taken away or put in.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec
from msgspec import Struct

MANIFEST = "manifest.json"
SEAL = "manifest.sha256"
UNSEALED = SEAL + ".part"
"""What becomes the seal: where it stands without one, whoever wrote there was cut off."""

M = TypeVar("M", bound=Struct)


def hash_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def private(path: Path) -> BinaryIO:
    """Open a file to be written anew, which nobody but its owner may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def seal(directory: Path, manifest: Struct) -> None:
    """Write the manifest and its seal: from now on the directory is complete."""
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    with private(directory / MANIFEST) as file:
        file.write(content)
    with private(directory / UNSEALED) as file:
        file.write(hashlib.sha256(content).hexdigest().encode() + b"\n")
    (directory / UNSEALED).rename(directory / SEAL)


def is_sealed(directory: Path) -> bool:
    """Whether a directory was written to its end."""
    return (directory / SEAL).is_file()


def is_unfinished(directory: Path) -> bool:
    """Whether it is being written, or whoever wrote it was cut off."""
    return (directory / UNSEALED).is_file() and not is_sealed(directory)


def read_manifest(directory: Path, kind: type[M]) -> tuple[M | None, list[str]]:
    """The manifest of a directory, and what is wrong with it."""
    try:
        content = (directory / MANIFEST).read_bytes()
        manifest = msgspec.json.decode(content, type=kind)
        expected = (directory / SEAL).read_text("ascii").strip()
    except (OSError, ValueError, msgspec.DecodeError) as error:
        return None, [f"the manifest cannot be read: {error}"]
    if hashlib.sha256(content).hexdigest() != expected:
        return manifest, [f"{MANIFEST} does not have the hash that {SEAL} names"]
    return manifest, []


def strangers(directory: Path, names: Iterable[str]) -> list[str]:
    """Files of a directory that its manifest does not name."""
    expected = {MANIFEST, SEAL, *names}
    there = {path.name for path in directory.iterdir()}
    return [f"{name} is not in the manifest" for name in sorted(there - expected)]


def check_hash(directory: Path, name: str, sha256: str) -> list[str]:
    """What is wrong with a file that should have a hash."""
    path = directory / name
    if not path.is_file():
        return [f"{name} is missing"]
    if hash_of(path) != sha256:
        return [f"{name} does not have the hash that the manifest names"]
    return []
