"""What a measure rests on in a value, and the last value of the field that was compliant.

That value is kept with the live measures of a field, no longer, and at most one for a field. The
executor is offered it, so that a field can be set back alone.
"""

from __future__ import annotations

from processors.accounts.state import INDEX, Measure
from processors.accounts.turn import Turn
from schemas.records import Field, Finding


def evidence_of(turn: Turn, rule_id: str, field: Field | None) -> tuple[Finding, ...]:
    """What a rule finds now in the value of a field; nothing for a rule that no pack has."""
    value = turn.account.value(field) if field else None
    if field is None or not value:
        return ()
    findings = turn.judge_current({field: value}).findings
    return tuple(finding for finding in findings if finding.rule_id == rule_id)


def last_compliant(turn: Turn, field: Field | None) -> str | None:
    """The last value of a field that may be restored, None where none is known.

    It is judged anew: what asks for a person, or shows a contact, is not offered.
    """
    if field is None:
        return None
    value = _before(turn, field)
    if value is None or value == turn.account.value(field):
        return None
    if not value:
        return None if field is Field.NAME else value
    if turn.examiner.shows_contact(field, value) or turn.judge_current({field: value}).proposals:
        return None
    return value


def keep_compliant(turn: Turn, measure: Measure) -> None:
    """A measure ends: what it kept stands ready for one that takes its place in the same turn."""
    if measure.field:
        if turn.compliant is None:
            turn.compliant = {}
        turn.compliant.setdefault(measure.field, measure.rollback)
        measure.rollback = None


def _before(turn: Turn, field: Field) -> str | None:
    """What was kept with a measure; else the value before this event, under no measure then."""
    for measure in turn.account.measures:
        if measure.field is field and not measure.ended:
            return measure.rollback
    if turn.compliant and field in turn.compliant:
        return turn.compliant[field]
    return turn.former[INDEX[field]] if turn.former else None
