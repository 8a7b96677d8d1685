"""What a reviewer can rule on a case, and is told of a ruling: whether it changed anything."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.records import (
    AccountRuling,
    AuditRecord,
    Disposal,
    EscalationKind,
    MeasureStep,
    RulingAction,
)
from streams.gateway.problems import Problem
from streams.gateway.reviews import Ruling, decide, fitting, took_effect
from streams.gateway.roles import NOBODY
from tests.processors.accounts.world import ACCOUNT, World, of, one
from tests.streams.views.test_fold import document_of


def ruled(world: World, action: RulingAction, subject: str, reason: str = "so decided") -> bool:
    """Rule, and read the answer."""
    record = AccountRuling(
        event_id=f"ruling-{world.now}",
        account_id=ACCOUNT,
        occurred_at=world.now,
        action=action,
        subject_id=subject,
        reviewer_id="ann",
        reason=reason,
    )
    return took_effect(one(world.give(record), AuditRecord).summary)


def test_a_ruling_took_effect_whatever_the_reviewer_wrote() -> None:
    world = World()
    world.propose("held", name="ministry")
    said = "The one before was told: applied to nothing; so once more"
    assert ruled(world, RulingAction.REJECT_CHANGE, "held", said)
    assert not ruled(world, RulingAction.REJECT_CHANGE, "held", said)


def test_to_take_note_of_a_passed_time_limit_is_an_effect() -> None:
    world = World()
    world.propose("held", name="ministry")
    world.wait(days=30)
    (breach,) = world.account.breaches
    assert breach.kind is EscalationKind.SLA_BREACH
    assert ruled(world, RulingAction.APPROVE_CHANGE, breach.subject)
    assert world.account.breaches == []
    assert not ruled(world, RulingAction.APPROVE_CHANGE, breach.subject)


def test_on_a_passed_time_limit_one_rules_what_decides_that_of_which_it_was_the_limit() -> None:
    """Any other ruling would take note of the limit only, and leave undecided what is late."""
    world = World()
    world.propose("held", name="ministry")
    world.complain("complaint")
    imposed = world.rule(RulingAction.IMPOSE_MEASURE, "", step=MeasureStep.SUSPEND)
    world.appeal("appeal", of(imposed, Disposal)[0].measure_id)
    world.wait(days=30)
    document = document_of(world)
    late = {
        line.subject_id: [str(action) for action in fitting(line, document)]
        for line in document.escalations
        if line.kind is EscalationKind.SLA_BREACH
    }
    assert late == {
        "held": ["APPROVE_CHANGE", "REJECT_CHANGE"],
        "complaint": ["UPHOLD_COMPLAINT", "DISMISS_COMPLAINT"],
        "appeal": ["UPHOLD_APPEAL", "DISMISS_APPEAL"],
    }


def test_on_a_passed_time_limit_any_other_ruling_is_refused() -> None:
    world = World()
    world.complain("complaint")
    world.wait(days=30)
    document = document_of(world)
    line = next(x for x in document.escalations if x.kind is EscalationKind.SLA_BREACH)
    gateway: Any = SimpleNamespace(views=SimpleNamespace(account=lambda _: document))
    body = Ruling(action=RulingAction.DISMISS_APPEAL, reason="no", step=None, duration_days=None)
    with pytest.raises(Problem, match="UPHOLD_COMPLAINT, DISMISS_COMPLAINT"):
        asyncio.run(decide(gateway, line, body, NOBODY))


@pytest.mark.obligation("DSA-23")
def test_a_reviewer_can_say_that_a_complaint_was_manifestly_unfounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.complain("complaint")
    document = document_of(world)
    (line,) = [x for x in document.escalations if x.kind is EscalationKind.COMPLAINT]
    sent: list[AccountRuling] = []

    async def submit(_gateway: Any, record: AccountRuling) -> None:
        sent.append(record)

    monkeypatch.setattr("streams.gateway.reviews.submit", submit)
    gateway: Any = SimpleNamespace(views=SimpleNamespace(account=lambda _: document))
    body = Ruling(
        action=RulingAction.DISMISS_COMPLAINT,
        reason="no",
        step=None,
        duration_days=None,
        misuse=True,
    )
    asyncio.run(decide(gateway, line, body, NOBODY))
    assert [record.misuse for record in sent] == [True]
    with pytest.raises(ValueError, match="only a complaint that is dismissed"):
        Ruling.model_validate({"action": "UPHOLD_COMPLAINT", "reason": "no", "misuse": True})
