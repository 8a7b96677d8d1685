"""What the views make of records, without Redis."""

from __future__ import annotations

from schemas.records import (
    ComplaintCategory,
    ComplaintState,
    Field,
    RulingAction,
    Verdict,
)
from streams.views.documents import COMPLAINTS, VERDICTS, AccountView
from streams.views.feeder import first_level
from streams.views.fold import RECORDS, Fold, Seen
from tests.processors.accounts.world import ACCOUNT, World
from tests.streams.views.outputs import CREDIT, simulated


def document_of(world: World) -> AccountView:
    """What the views have of the account."""
    records = [
        record
        for record in (*(item.record for item in world.inputs), *world.log)
        if type(record) in RECORDS
    ]
    fold = Fold({}, first_level(CREDIT))
    fold.apply(Seen("t", 0, offset, record) for offset, record in enumerate(records))
    return fold.documents[ACCOUNT]


def test_a_verdict_is_told_by_its_own_reason_and_by_no_rule_that_did_not_decide_it() -> None:
    verdicts = [r for r in simulated(1_500) if isinstance(r, Verdict) and r.findings]
    fold = Fold({}, first_level(CREDIT))
    fold.apply(Seen("verdicts", 0, offset, verdict) for offset, verdict in enumerate(verdicts))

    too_soon = 0
    for verdict, line in zip(verdicts, fold.findings, strict=True):
        assert (line.event_id, line.why) == (verdict.event_id, verdict.reason)
        if verdict.reason == "The name was changed less than 3 days ago.":
            assert (line.rule_id, line.obligation_id, line.field) == ("", "", "")
            too_soon += 1
        whys = [
            f.why for f in verdict.findings if (f.rule_id, f.field) == (line.rule_id, line.field)
        ]
        assert not line.rule_id or any(verdict.reason.startswith(why) for why in whys)
    assert too_soon
    assert any(line.rule_id for line in fold.findings)


def test_a_change_that_waits_for_a_person_is_known_however_many_come_after_it() -> None:
    world = World()
    world.propose("held", name="ministry")
    world.propose("strictly", signature="national")
    for number in range(2 * VERDICTS):
        world.propose(f"later-{number}", bio=f"bio {number}")
    document = document_of(world)
    for event_id in ("held", "strictly"):
        verdict = document.verdict(event_id)
        assert verdict is not None
        assert verdict.findings
    assert len(document.verdicts) == VERDICTS + 2

    world.rule(RulingAction.REJECT_CHANGE, "held")
    for number in range(VERDICTS):
        world.propose(f"after-{number}", bio=f"bio after {number}")
    document = document_of(world)
    assert document.verdict("held") is None
    assert len(document.verdicts) == VERDICTS + 1


def test_an_open_complaint_is_known_with_its_words_however_many_come_after_it() -> None:
    world = World()
    world.complain("first", ComplaintCategory.OTHER, Field.NAME)
    for number in range(4 * COMPLAINTS):  # who repeats it shares its outcome and is told so
        world.complain(f"again-{number}", ComplaintCategory.OTHER, Field.NAME)
    document = document_of(world)
    (waits,) = [line for line in document.complaints if line.state is not ComplaintState.CLOSED]
    assert (waits.complaint_id, waits.state) == ("first", ComplaintState.ESCALATED)
    assert len(document.complaints) == COMPLAINTS + 1
    (case,) = [line for line in document.escalations if not line.closed]
    (ticket,) = [line for line in document.tickets if line.ticket_id == case.subject_id]
    assert (ticket.about, ticket.field) == (ComplaintCategory.OTHER, Field.NAME)
