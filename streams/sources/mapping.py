"""The mapping file: which rows are accounts, and which column is what. Reference: docs/sources.md.

Columns are named as the message names them. Faults are `ConfigurationError` with the place in the
file.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from schemas.records import SubjectKind
from streams.errors import ConfigurationError
from streams.sources.item import Unit

WatchedField = Literal["name", "avatar", "cover", "bio", "signature", "badge"]
FURTHER = ("agreement_version", "language", "ip_region")
"""What may be mapped beside the six fields; null keeps what is known."""

Scalar = str | int


class _Part(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class StatusColumn(_Part):
    """A column that says what became of the account; its values are an open set."""

    column: str
    cancelled: list[Scalar]
    """Values with which the holder has left."""
    known: list[Scalar] = msgspec.field(default_factory=list)
    """Values that change nothing; any other one is counted."""


class SubjectColumn(_Part):
    """A column that says what kind of subject it is; a value that is not named keeps the known."""

    column: str
    values: dict[Scalar, SubjectKind]


class TimeColumn(_Part):
    """A column with the time of the change. Where it is null, and of a deletion: the message's."""

    column: str
    unit: Unit = "ms"


class Table(_Part):
    """How the rows of one table, or of all that a pattern names, become changes."""

    table: str
    account_id: str
    fields: dict[Literal[WatchedField, "agreement_version", "language", "ip_region"], str]
    account_prefix: str = ""
    subject: SubjectKind | SubjectColumn | None = None
    status: StatusColumn | None = None
    time: TimeColumn | None = None


class Mapping(_Part):
    """A mapping file. ``source`` tells it from other sources with the same account ids."""

    source: str
    format: Literal["debezium", "canal", "maxwell", "rows"]
    tables: list[Table]

    def table_named(self, name: str) -> Table | None:
        """Find the first table whose name or pattern (``shop.users_*``) fits."""
        return next((table for table in self.tables if fnmatchcase(name, table.table)), None)


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raises `ConfigurationError`."""
    try:
        tree: Any = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; --mapping names a file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not YAML: {error}") from error
    try:
        mapping = msgspec.convert(tree, Mapping)
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            f"{path}: {error}; docs/sources.md has the keys, examples/sources/ has examples"
        ) from error
    if not mapping.tables or not all(table.fields for table in mapping.tables):
        raise ConfigurationError(f"{path}: `tables` and the `fields` of each must not be empty")
    return mapping
