"""Who has the simulated accounts: kinds of holders, their shares, and what their papers lack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from processors.places import label
from schemas.records import SubjectKind
from streams.simulate import words


class Persona(NamedTuple):
    """A kind of account holder and its share of all accounts."""

    name: str
    share: float
    offends: bool = False


PERSONAS = (
    Persona("honest", 0.865),
    Persona("institution", 0.04),
    Persona("public", 0.02),
    Persona("professional", 0.03),
    Persona("spammer", 0.02, offends=True),
    Persona("impersonator", 0.012, offends=True),
    Persona("grand", 0.013, offends=True),
)

SUBJECTS = {"institution": SubjectKind.INSTITUTION, "public": SubjectKind.PUBLIC_ACCOUNT}

LATE_SHARE = 0.01
"""Share of accounts whose identity is verified only after they registered."""

FAILED_SHARE = 0.06
"""Share of offenders whose identity cannot be verified."""

REGIONS_OF_PAGES = tuple(r for r in words.REGIONS if label(r))
"""Where public accounts are: their page shows a place."""


@dataclass(slots=True)
class Account:
    """An account and what traffic needs to know of it; ``refused`` where it was never opened.

    ``token``, ``device`` and ``look`` are the tokens of identity and device, and the hash of the
    avatar, under which it is registered; ``renamed`` says that it had its rename for these days.
    """

    id: str
    persona: Persona
    language: str
    token: str
    device: str
    look: str
    name: str = ""
    paper: str = ""
    refused: bool = False
    offended: int = 0
    renamed: bool = False
    closed: bool = False
