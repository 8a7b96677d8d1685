"""The Avro schemas as they lie in the package: the only source of truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

AVRO = Path(__file__).parent / "avro"
"""Schemas of this version, one file a record."""

RELEASED = Path(__file__).parent / "released"
"""Schemas of each released version, in a directory named by it; never changed afterwards."""


def load(directory: Path = AVRO) -> dict[str, dict[str, Any]]:
    """The schemas of a directory by record name."""
    schemas = [json.loads(path.read_text("utf-8")) for path in sorted(directory.glob("*.avsc"))]
    return {schema["name"]: schema for schema in schemas}
