"""What one check says."""

from __future__ import annotations

from typing import Any, NamedTuple

from streams.redaction import redact


class Finding(NamedTuple):
    """One check: what was looked at, whether it is well, what was seen, the cure, and where.

    With a cure although it is well it is a note: nothing is broken, and somebody should know.
    """

    what: str
    ok: bool
    seen: str
    cure: str = ""
    where: str = ""

    @property
    def verdict(self) -> str:
        """``ok``, ``note`` or ``fault``."""
        if not self.ok:
            return "fault"
        return "note" if self.cure else "ok"

    def told(self) -> dict[str, Any]:
        """As programs get it; no secret is in it."""
        return {
            "what": self.what,
            "verdict": self.verdict,
            "ok": self.ok,
            "seen": redact(self.seen),
            "where": self.where,
            "cure": redact(self.cure),
        }


def found(what: str, faults: list[str], well: str, cure: str, where: str = "") -> Finding:
    """One finding of a list of faults, which is empty where all is ``well``."""
    if not faults:
        return Finding(what, True, well)
    return Finding(what, False, listed(faults), cure, where)


def listed(items: list[str], most: int = 6) -> str:
    """Items with semicolons between, the first of many."""
    more = f"; and {len(items) - most} more" if len(items) > most else ""
    return "; ".join(items[:most]) + more
