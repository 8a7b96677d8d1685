"""Statements of reasons in the JSON of the DSA Transparency Database (Art. 24(5)).

One statement for each restriction that began under a pack with ``statements``: a restriction of
functions, a suspension, a closure. A warning and a demand to correct restrict nothing. No value of
an account is in a statement: it names rules, techniques and places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from processors.policy import Policy, StatementGround, StatementTerms
from schemas.records import (
    CaseOutcome,
    ComplaintFeedback,
    ComplaintState,
    Disposal,
    DisposalAction,
    Field,
    MeasureStep,
)
from streams.decoded import Unreadable, read_decoded
from streams.errors import ConfigurationError
from streams.settings import Settings
from streams.topics import topic_of

Progress = Callable[[int, int], None]

AT_ONCE = 100
"""Statements that the database takes in one call."""

EU = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
    "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
]  # fmt: skip
"""Member States, by the letters that the database takes."""
EEA = sorted([*EU, "IS", "LI", "NO"])

_RESTRICTIONS = {
    MeasureStep.RESTRICT: (
        "decision_provision",
        "DECISION_PROVISION_PARTIAL_SUSPENSION",
        "end_date_service_restriction",
    ),
    MeasureStep.SUSPEND: (
        "decision_account",
        "DECISION_ACCOUNT_SUSPENDED",
        "end_date_account_restriction",
    ),
    MeasureStep.CLOSE: (
        "decision_account",
        "DECISION_ACCOUNT_TERMINATED",
        "end_date_account_restriction",
    ),
}
_SAY = (Disposal, ComplaintFeedback)
_IMAGES = (Field.AVATAR, Field.COVER)
_LONGEST_FACTS, _LONGEST_GROUND, _LONGEST_EXPLANATION = 5000, 500, 2000


class Statements:
    """Makes statements of the outputs of a run, under the policy that decided."""

    def __init__(self, policy: Policy, territory: Iterable[str]) -> None:
        self._policy = policy
        self._territory = sorted(territory)
        self._asked: set[tuple[str, str]] = set()
        self._disposals: dict[str, Disposal] = {}

    def take(self, record: Any) -> None:
        """Take up an output; others than disposals and feedback on complaints say nothing."""
        if type(record) is Disposal and record.action is DisposalAction.BEGIN:
            self._disposals[record.disposal_id] = record
        elif (
            type(record) is ComplaintFeedback
            and record.state is ComplaintState.DISPOSAL
            and record.outcome is CaseOutcome.UPHELD  # a closure ends complaints of anything else
        ):
            self._asked.add((record.account_id, record.event_id))

    def bodies(self) -> Iterator[dict[str, Any]]:
        """The bodies of calls, each with at most `AT_ONCE` statements, in the order of time."""
        ordered = sorted(self._disposals.values(), key=lambda d: (d.at, d.disposal_id))
        made = (statement for d in ordered if (statement := self._statement(d)) is not None)
        while some := list(islice(made, AT_ONCE)):
            yield {"statements": some}

    def _statement(self, disposal: Disposal) -> dict[str, Any] | None:
        restriction = _RESTRICTIONS.get(disposal.step)
        packs = self._policy.pack.parts or (self._policy.pack,)
        pack = next((pack for pack in packs if pack.id == disposal.pack_id), None)
        if restriction is None or pack is None or pack.statements is None:
            return None
        rule = self._policy.rules.get(disposal.rule_id)
        terms = (rule and rule.statement) or pack.statements.otherwise
        kind, decision, end = restriction
        statement: dict[str, Any] = {
            "puid": disposal.disposal_id,
            kind: decision,
            **_ground(terms, disposal, rule.message.en if rule else disposal.reason),
            **_content(disposal),
            "category": f"STATEMENT_CATEGORY_{terms.category}",
            "territorial_scope": self._territory,
            "application_date": _day(disposal.begins_at),
            "decision_facts": _facts(disposal)[:_LONGEST_FACTS],
            "source_type": self._source(disposal),
            "automated_detection": "Yes" if rule else "No",
            "automated_decision": _automation(disposal, detected=rule is not None),
        }
        if disposal.ends_at is not None and disposal.step is not MeasureStep.CLOSE:
            statement[end] = _day(disposal.ends_at)
        return statement

    def _source(self, disposal: Disposal) -> str:
        """A notice of somebody, where the same event upheld a complaint; else our own doing."""
        asked = (disposal.account_id, disposal.event_id) in self._asked
        return "SOURCE_ARTICLE_16" if asked else "SOURCE_VOLUNTARY"


def countries_of(territory: str) -> list[str]:
    """Countries of ``EU``, ``EEA``, or of two letters each with commas between.

    Raises `ConfigurationError` for others.
    """
    areas = {"EU": EU, "EEA": EEA}
    if territory in areas:
        return areas[territory]
    countries = [country.strip().upper() for country in territory.split(",")]
    if unknown := [country for country in countries if country not in EEA]:
        known = ", ".join(EEA)
        raise ConfigurationError(
            f"territory {', '.join(unknown)} is not known: give EU, EEA, or among {known}"
        )
    return countries


def statements_from_topics(
    settings: Settings,
    policy: Policy,
    territory: Iterable[str],
    unreadable: Callable[[Unreadable], None],
    progress: Progress | None = None,
) -> Statements:
    """Take up all outputs that say something, as `read_decoded` reads them."""
    made = Statements(policy, territory)
    for record in read_decoded(settings, [*map(topic_of, _SAY)], unreadable, progress):
        made.take(record.value)
    return made


def _ground(terms: StatementTerms, disposal: Disposal, explanation: str) -> dict[str, str]:
    explanation = explanation[:_LONGEST_EXPLANATION]
    if terms.ground is StatementGround.ILLEGAL:
        return {
            "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT",
            "illegal_content_legal_ground": disposal.article[:_LONGEST_GROUND],
            "illegal_content_explanation": explanation,
        }
    return {
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "incompatible_content_ground": (disposal.clause or disposal.article)[:_LONGEST_GROUND],
        "incompatible_content_explanation": explanation,
    }


def _content(disposal: Disposal) -> dict[str, Any]:
    """What kind of content it is about, and since when it was there as far as is known."""
    day = {"content_date": _day(disposal.at)}
    if not disposal.fields:
        other = {"content_type": ["CONTENT_TYPE_OTHER"], "content_type_other": "The account"}
        return other | day
    kinds = {
        "CONTENT_TYPE_IMAGE" if field in _IMAGES else "CONTENT_TYPE_TEXT"
        for field in disposal.fields
    }
    return {"content_type": sorted(kinds)} | day


def _facts(disposal: Disposal) -> str:
    facts = [disposal.reason]
    if disposal.fields:
        facts.append(f"It concerns: {', '.join(field.lower() for field in disposal.fields)}.")
    facts += [finding.why for finding in disposal.evidence if finding.why not in disposal.reason]
    return " ".join(facts)


def _automation(disposal: Disposal, *, detected: bool) -> str:
    if disposal.automatic:
        return "AUTOMATED_DECISION_FULLY"
    return "AUTOMATED_DECISION_PARTIALLY" if detected else "AUTOMATED_DECISION_NOT_AUTOMATED"


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d")
