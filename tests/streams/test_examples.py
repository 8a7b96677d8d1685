"""The stories of examples/ come out as their README tells them."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from processors import engine
from schemas.records import (
    ComplaintFeedback,
    ComplaintState,
    CreditAction,
    CreditChange,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationKind,
    EscalationStatus,
    MeasureStep,
    Verdict,
)
from streams.jsonl import read_lines
from streams.offline import Offline, limits_of
from streams.packs import load_policy
from streams.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "examples"
STORIES = sorted(EXAMPLES.glob("*.jsonl"))


class Told:
    """A story and what came of it."""

    def __init__(self, name: str) -> None:
        settings = Settings()
        self.offline = Offline(load_policy(settings), limits_of(settings))
        self.outputs: list[Any] = []
        with (EXAMPLES / f"{name}.jsonl").open("rb") as file:
            for line in read_lines(file, name):
                at = line.record.occurred_at
                given = engine.Input(line.topic, 0, line.number, at, line.record)
                applied = self.offline.apply([given])
                assert not applied.rejected
                self.outputs += applied.outputs

    def of(self, record_type: type[Any], account: str | None = None) -> list[Any]:
        return [
            o
            for o in self.outputs
            if isinstance(o, record_type) and account in (None, o.account_id)
        ]

    def decisions(self, account: str) -> list[Decision]:
        return [verdict.decision for verdict in self.of(Verdict, account)]

    def steps(self, account: str) -> list[tuple[DisposalAction, MeasureStep]]:
        return [(d.action, d.step) for d in self.of(Disposal, account)]


def test_there_are_a_few_hundred_lines_and_each_story_is_told_in_the_readme() -> None:
    lines = sum(len(story.read_text("utf-8").splitlines()) for story in STORIES)
    assert 250 < lines < 800
    readme = (EXAMPLES / "README.md").read_text("utf-8")
    for story in STORIES:
        assert f"**[{story.name}]({story.name})**" in readme


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_a_story_can_be_published_today_and_names_nobody_real(story: Path) -> None:
    with story.open("rb") as file:
        records = [line.record for line in read_lines(file, story.name)]
    assert max(record.occurred_at for record in records) < time.time_ns() // 1_000_000
    times = [record.occurred_at for record in records]
    assert times == sorted(times)
    text = story.read_text("utf-8")
    telephones = re.findall(r"(?<!\d)1[3-9]\d{9}(?!\d)", text)
    assert all(number.startswith("1990000") for number in telephones)
    addresses = re.findall(r"https?://[^\s\"]+|\S+@\S+\.com", text)
    assert all("example" in address for address in addresses)


def test_honest_people_are_left_alone() -> None:
    told = Told("honest-people")
    assert {verdict.decision for verdict in told.of(Verdict)} == {Decision.ALLOW}
    assert told.offline.duplicates == 1
    assert not told.of(Disposal)


def test_institutions_are_labelled_once_their_papers_are_there() -> None:
    told = Told("institutions")
    assert told.decisions("i-chenguangli") == [
        Decision.NEED_MATERIAL,
        Decision.ALLOW,
        Decision.ALLOW_LABELLED,
        Decision.ALLOW_LABELLED,
        Decision.HOLD,
        Decision.ALLOW_LABELLED,
    ]
    assert told.steps("p-tingdedong") == [
        (DisposalAction.BEGIN, MeasureStep.CORRECT),
        (DisposalAction.LIFT, MeasureStep.CORRECT),
    ]
    assert told.decisions("i-fakehw")[:2] == [Decision.HOLD, Decision.REFUSE]
    last = told.of(Verdict, "p-pufa")[-1]
    assert (last.decision, last.publishable, last.ip_label) == (Decision.ALLOW, True, "湖北")


def test_spammers_climb_the_ladder_unless_they_correct() -> None:
    told = Told("spammers")
    assert told.steps("u-dailihuo") == [
        (DisposalAction.BEGIN, MeasureStep.CORRECT),
        (DisposalAction.LIFT, MeasureStep.CORRECT),
    ]
    begun = [s for action, s in told.steps("u-jianzhi001") if action is DisposalAction.BEGIN]
    assert begun == [
        MeasureStep.CORRECT,
        MeasureStep.RESTRICT,
        MeasureStep.SUSPEND,
        MeasureStep.CLOSE,
        MeasureStep.BAR,
    ]
    assert told.decisions("u-gupiao66")[-1] is Decision.REFUSE
    refused = Counter(verdict.decision for verdict in told.of(Verdict))[Decision.REFUSE]
    assert refused >= 20


def test_impersonators_meet_a_person_and_the_platform_itself_refuses_at_once() -> None:
    told = Told("impersonators")
    assert told.decisions("u-xitong") == [Decision.REFUSE]
    assert told.decisions("u-zhongguofeng") == [Decision.STRICT_HOLD, Decision.ALLOW]
    assert told.decisions("u-zhonghuazx") == [Decision.STRICT_HOLD, Decision.REFUSE]
    assert told.decisions("u-minzheng110")[:2] == [Decision.HOLD, Decision.REFUSE]
    breaches = [e for e in told.of(Escalation) if e.kind is EscalationKind.SLA_BREACH]
    assert breaches


def test_the_doctor_is_labelled_with_her_proof_and_relieved_when_she_renews_it() -> None:
    told = Told("doctor")
    assert told.decisions("u-heruoxi")[:5] == [
        Decision.NEED_MATERIAL,
        Decision.ALLOW,
        Decision.NEED_MATERIAL,
        Decision.ALLOW_LABELLED,
        Decision.ALLOW_LABELLED,
    ]
    steps = Counter(told.steps("u-heruoxi"))
    assert steps[DisposalAction.BEGIN, MeasureStep.CORRECT] == 2
    assert steps[DisposalAction.LIFT, MeasureStep.CORRECT] == 2
    assert told.decisions("u-liuyisheng") == [
        Decision.NEED_MATERIAL,
        Decision.REFUSE,
        Decision.ALLOW_LABELLED,
    ]
    assert told.steps("u-shouyi") == [
        (DisposalAction.BEGIN, MeasureStep.SUSPEND),
        (DisposalAction.LIFT, MeasureStep.SUSPEND),
    ]


def test_the_city_needs_a_person_and_its_fakes_are_closed() -> None:
    told = Told("city-government")
    assert told.decisions("g-yunxi")[:2] == [Decision.HOLD, Decision.ALLOW]
    assert told.steps("u-yxjiaojing") == [
        (DisposalAction.BEGIN, MeasureStep.SUSPEND),
        (DisposalAction.LIFT, MeasureStep.SUSPEND),
        (DisposalAction.BEGIN, MeasureStep.CLOSE),
        (DisposalAction.BEGIN, MeasureStep.BAR),
    ]
    assert told.decisions("u-yxjiaojing")[-1] is Decision.REFUSE
    citizens = ("u-yunxiren", "u-yunxichi", "u-shizhangrexian")
    assert {d for account in citizens for d in told.decisions(account)} == {Decision.ALLOW}


def test_every_complaint_is_answered_or_said_to_be_overdue() -> None:
    told = Told("complaints")
    states: dict[str, list[ComplaintState]] = {}
    for feedback in told.of(ComplaintFeedback):
        states.setdefault(feedback.complaint_id, []).append(feedback.state)
    overdue = {e.subject_id for e in told.of(Escalation) if e.kind is EscalationKind.SLA_BREACH}
    assert len(states) >= 18
    for complaint, reached in states.items():
        assert reached[-1] is ComplaintState.CLOSED or complaint in overdue
    assert ComplaintState.NOT_ACCEPTED in states["c-1401"]
    assert ComplaintState.DISPOSAL in states["c-1001"]
    assert not told.steps("u-pinglun")


def test_an_upheld_appeal_takes_back_the_measure_and_its_points() -> None:
    told = Told("appeals")
    assert told.steps("u-chepai") == [
        (DisposalAction.BEGIN, MeasureStep.CORRECT),
        (DisposalAction.LIFT, MeasureStep.CORRECT),
    ]
    assert [c.action for c in told.of(CreditChange, "u-chepai")] == [
        CreditAction.ADDED,
        CreditAction.REVERSED,
    ]
    opened = [
        e.reason
        for e in told.of(Escalation)
        if e.kind is EscalationKind.APPEAL and e.status is EscalationStatus.OPENED
    ]
    assert sum("not known to have" in reason for reason in opened) == 1
    assert any("after the time for appeals" in reason for reason in opened)
