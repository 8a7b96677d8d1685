"""Backups of an application, and moving it to another number of partitions.

Both are one thing: an export of states, of what is not processed, of what is in force and of what
went out (`exporting`), and an import under other names or in other partitions (`restoring`), proved
before a worker may go on (`proof`). `moving` says where each record belongs, `files` how it is
kept.
"""

from streams.backup.carrying import carry
from streams.backup.exporting import export
from streams.backup.files import Manifest, open_backup
from streams.backup.proof import Proof
from streams.backup.restoring import Plan, plan, prove, restore

__all__ = [
    "Manifest",
    "Plan",
    "Proof",
    "carry",
    "export",
    "open_backup",
    "plan",
    "prove",
    "restore",
]
