"""The policy packs that ship with the project, as files of this package.

Reading them is the one permitted read of the domain: package data, the same for everybody.
"""

from importlib import resources
from importlib.resources.abc import Traversable

_KINDS = (".yaml", ".tsv", ".txt")


def shipped_pack(name: str = "cac2022") -> dict[str, bytes]:
    """Files of a shipped pack by relative name, ``pack.yaml`` first.

    Raises ``KeyError`` when there is no such pack.
    """
    root = resources.files(__name__) / name
    if not name.isidentifier() or not (root / "pack.yaml").is_file():
        raise KeyError(name)
    files = dict(_read(root, ""))
    return {"pack.yaml": files.pop("pack.yaml"), **files}


def _read(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found = []
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            found += _read(item, f"{prefix}{item.name}/")
        elif item.name.endswith(_KINDS):
            found.append((prefix + item.name, item.read_bytes()))
    return found
