"""Who may do what: the roles, and who is asking."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Literal, NamedTuple


class Role(StrEnum):
    """What somebody may do. Nobody has a right that is not named here."""

    SERVICE = "service"  # the platform: changes, registrations, appeals, checks
    VIEWER = "viewer"  # screens without any text of an account
    REVIEWER = "reviewer"  # reviews, complaints and appeals, with their texts
    POLICY = "policy"  # policy packs
    OPERATOR = "operator"  # directives
    AUDITOR = "auditor"  # dossiers, audit lines, exports; no text, no ruling


class Principal(NamedTuple):
    """Who is asking: a name for the record, roles, and how they proved it."""

    name: str
    roles: frozenset[Role]
    by: Literal["key", "token", "session", "nobody"]
    until: float | None = None
    """When the token by which they proved it runs out, in seconds since the epoch."""

    def lasts(self) -> bool:
        """Whether it has not run out."""
        return self.until is None or time.time() < self.until

    def has(self, *roles: Role) -> bool:
        """Whether one of these roles is theirs."""
        return not self.roles.isdisjoint(roles)


NOBODY = Principal("", frozenset(), "nobody")
