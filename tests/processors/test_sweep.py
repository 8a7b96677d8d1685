"""Existing accounts are verified anew, in any portions, and only what is otherwise is told."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors import engine
from processors.accounts import Status, decode
from processors.policy import BrakeTerms, CreditTerms, Level, Policy, SweepTerms
from processors.sweeps import Progress, Sweep, advance, next_step
from schemas.records import (
    AccountChange,
    AccountRuling,
    AuditRecord,
    ChangeKind,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationKind,
    Field,
    MeasureStep,
    Notice,
    Phase,
    RulingAction,
    SubjectKind,
)
from tests.effort import effort
from tests.processors.accounts.world import DAY, RULES, SECOND, START, make_pack, of, one, rule

SWEEP = Sweep("s1", START)
STRICT = Policy(make_pack())
LENIENT = Policy(make_pack(rules=tuple(r for r in RULES if r.id == "doctor"), hash="a" * 64))
MILD = Policy(
    make_pack(
        rules=tuple(rule(r.id, r.decision, fields=(Field.NAME,)) for r in RULES), hash="b" * 64
    )
)
"""Rules that look at the name alone."""


RESTRICTED = Level("D", 0, MeasureStep.RESTRICT)


class Town:
    """Accounts of one partition, and sweeps over them."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.states: dict[bytes, bytes | None] = {}
        self.outputs: list[Any] = []
        self.now = START
        self._number = 0

    def say(self, account: str, bio: str, **fields: Any) -> list[Any]:
        """A live edit of the introduction."""
        return self._give(
            AccountChange,
            account,
            kind=fields.pop("kind", ChangeKind.EDIT),
            phase=Phase.APPLIED,
            bio=bio,
            **fields,
        )

    def order(self, account: str, step: MeasureStep) -> list[Any]:
        fields = {"reviewer_id": "rev-1", "reason": "so decided", "step": step}
        action = RulingAction.IMPOSE_MEASURE
        return self._give(
            AccountRuling, account, action=action, subject_id=account, field=Field.BIO, **fields
        )

    def sweep(self, keys: list[bytes] | None = None, sweep: Sweep = SWEEP) -> list[Any]:
        self.now += SECOND
        wanted = sorted(self.states) if keys is None else keys
        accounts = [key for key in wanted if key[0]]
        return self._take(engine.run_sweep(accounts, self.states.get, self.policy, self.now, sweep))

    def wait(self, days: int) -> list[Any]:
        """Let time pass, and deadlines fall due."""
        self.now += days * DAY
        accounts = [key for key in self.states if key[0]]
        return self._take(engine.run_due(accounts, self.states.get, self.policy, self.now))

    def _give(self, record_type: type[Any], account: str, **fields: Any) -> list[Any]:
        self.now += SECOND
        self._number += 1
        head = {"event_id": f"e{self._number}", "account_id": account, "occurred_at": self.now}
        item = engine.Input("t", 0, self._number, self.now, record_type(**head, **fields))
        return self._take(engine.run([item], self.states.get, self.policy))

    def _take(self, outcome: engine.Outcome) -> list[Any]:
        assert not outcome.rejected
        self.states.update(outcome.states)
        self.outputs += outcome.outputs
        return outcome.outputs


@pytest.mark.obligation("CAC-15-1")
def test_what_a_new_pack_finds_in_a_live_value_has_its_measure_notice_and_cause() -> None:
    town = Town(LENIENT)
    town.say("bad", "my contact")
    town.say("good", "tea")
    before = dict(town.states)
    town.policy = STRICT
    outputs = town.sweep()
    begun = one(outputs, Disposal)
    assert (begun.account_id, begun.action, begun.step) == (
        "bad",
        DisposalAction.BEGIN,
        MeasureStep.CORRECT,
    )
    assert one(outputs, Notice).deadline == town.now + 7 * DAY
    causes = [r.summary for r in of(outputs, AuditRecord) if r.subject_id == "s1"]
    assert causes == ["Verified anew by sweep s1."]
    assert {r.event_id for r in outputs} == {begun.event_id}
    assert town.states[b"good"] == before[b"good"], "what is as it was takes no turn"


@pytest.mark.obligation("CAC-15-1")
def test_a_second_sweep_finds_nothing_more() -> None:
    town = Town(LENIENT)
    for number, bio in enumerate(("contact", "ministry", "national", "boast", "doctor", "tea")):
        town.say(f"a{number}", bio)
    town.policy = STRICT
    assert town.sweep()
    before = dict(town.states)
    assert town.sweep(sweep=Sweep("s2", START)) == []
    assert town.states == before


def test_what_asks_for_a_person_goes_to_one() -> None:
    town = Town(LENIENT)
    town.say("a", "ministry")
    town.policy = STRICT
    assert one(town.sweep(), Escalation).kind is EscalationKind.DISPOSAL


def test_a_measure_whose_rule_hits_no_more_is_lifted_and_one_that_a_person_ordered_is_not() -> None:
    town = Town(STRICT)
    town.say("by-rule", "my contact")
    town.say("by-person", "tea")
    town.order("by-person", MeasureStep.CORRECT)
    town.policy = MILD
    lifted = one(town.sweep(), Disposal)
    assert (lifted.account_id, lifted.action) == ("by-rule", DisposalAction.LIFT)


def test_what_followed_from_the_order_of_a_person_is_not_lifted_either() -> None:
    town = Town(STRICT)
    town.say("a", "tea")
    town.order("a", MeasureStep.CORRECT)
    town.wait(days=8)
    assert town.sweep() == []
    state = town.states[b"a"]
    assert state is not None
    assert [m.step for m in decode(state).live_measures()] == [MeasureStep.SUSPEND]


def test_a_measure_of_a_rule_that_is_gone_is_lifted() -> None:
    town = Town(STRICT)
    town.say("a", "my contact")
    town.policy = LENIENT
    lifted = one(town.sweep(), Disposal)
    assert (lifted.rule_id, lifted.action) == ("contact", DisposalAction.LIFT)
    assert town.sweep(sweep=Sweep("s2", START)) == []


def test_a_restriction_of_a_credit_level_that_the_new_pack_does_not_have_is_lifted() -> None:
    town = Town(Policy(make_pack(credit=CreditTerms(700, (Level("A", 690), RESTRICTED)))))
    town.say("a", "my contact")
    town.say("a", "tea")
    town.policy = Policy(make_pack(credit=CreditTerms(700, (Level("A", 0),)), hash="d" * 64))
    lifted = one(town.sweep(), Disposal)
    assert (lifted.rule_id, lifted.action) == ("credit", DisposalAction.LIFT)
    assert town.sweep(sweep=Sweep("s2", START)) == []


def test_a_credit_level_that_a_new_pack_gives_other_functions_restricts_those() -> None:
    def with_functions(*functions: str) -> Policy:
        restricting = Level("D", 0, MeasureStep.RESTRICT, functions)
        terms = CreditTerms(700, (Level("A", 690), restricting))
        return Policy(make_pack(credit=terms, hash=f"{len(functions):064}"))

    town = Town(with_functions("post", "comment"))
    town.say("a", "my contact")
    town.policy = with_functions("post")
    lifted, begun = of(town.sweep(), Disposal)
    assert (lifted.functions, begun.functions) == (("post", "comment"), ("post",))
    assert town.sweep(sweep=Sweep("s2", START)) == []


def test_a_restriction_is_served_to_its_end_without_the_duty_to_correct() -> None:
    town = Town(STRICT)
    town.say("a", "casino")
    town.policy = MILD
    assert one(town.sweep(), AuditRecord).subject_id == "s1"
    state = town.states[b"a"]
    assert state is not None
    (measure,) = decode(state).live_measures()
    assert (measure.step, measure.deadline) == (MeasureStep.RESTRICT, 0)
    assert town.sweep(sweep=Sweep("s2", START)) == []


def test_closed_and_cancelled_accounts_are_left_alone() -> None:
    town = Town(LENIENT)
    town.say("closed", "contact")
    town.order("closed", MeasureStep.CLOSE)
    town.say("gone", "contact")
    town.say("gone", "", kind=ChangeKind.CANCELLATION)
    town.policy = STRICT
    assert town.sweep() == []


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        ({}, {"shop", "page", "fan", "star"}),
        ({"subjects": (SubjectKind.PUBLIC_ACCOUNT,)}, {"page"}),
        ({"marked": True}, {"page", "star"}),
        ({"regions": ("广东",)}, {"fan"}),
        ({"accounts": ("s*",)}, {"shop", "star"}),
        ({"accounts": ("fan", "nobody")}, {"fan"}),
    ],
)
def test_a_sweep_keeps_to_its_scope(scope: dict[str, Any], found: set[str]) -> None:
    town = Town(LENIENT)
    town.say("shop", "contact", subject=SubjectKind.INSTITUTION)
    town.say("page", "contact", subject=SubjectKind.PUBLIC_ACCOUNT)
    town.say("fan", "contact", ip_region="中国|0|广东省|深圳市")
    town.say("star", "contact", badge="tea")
    town.policy = STRICT
    outputs = town.sweep(sweep=Sweep("s1", START, **scope))
    assert {d.account_id for d in of(outputs, Disposal)} == found


def test_a_new_rule_that_hits_too_many_existing_accounts_loses_its_power() -> None:
    new = tuple(
        rule("contact", Decision.REFUSE, since=START) if r.id == "contact" else r for r in RULES
    )
    braked = Policy(make_pack(rules=new, brakes=BrakeTerms(share=0.05, least_changes=20)))
    town = Town(LENIENT)
    for number in range(60):
        town.say(f"a{number:02}", "contact" if number % 2 else "tea")
    town.policy = braked
    keys = sorted(key for key in town.states if key[0])
    for begin in range(0, len(keys), 10):
        town.sweep(keys[begin : begin + 10])
    assert len(of(town.outputs, Disposal)) <= 15
    told = [e for e in of(town.outputs, Escalation) if e.kind is EscalationKind.BRAKE]
    assert len(told) == 1


bios = st.sampled_from(("tea", "contact", "casino", "ministry", "boast", "doctor", "fraud"))
histories = st.lists(st.tuples(st.sampled_from("abcdefgh"), bios), min_size=1, max_size=20)


@given(histories, st.lists(st.integers(1, 4), max_size=8), st.sampled_from((STRICT, MILD)))
@effort(80)
def test_in_whatever_portions_a_sweep_goes_it_does_the_same(
    history: list[tuple[str, str]], sizes: list[int], policy: Policy
) -> None:
    towns = [Town(LENIENT if policy is STRICT else STRICT) for _ in range(2)]
    for town in towns:
        for account, bio in history:
            town.say(account, bio)
        town.policy = policy
    whole, parts = towns
    keys = sorted(key for key in parts.states if key[0])
    at = whole.now
    whole.sweep()
    while keys:
        size = sizes.pop() if sizes else 3
        parts.now = at
        parts.sweep(keys[:size])
        keys = keys[size:]
    assert parts.outputs == whole.outputs
    assert parts.states == whole.states
    for key, state in whole.states.items():
        assert key[0] == 0 or state is None or decode(state).status is not Status.UNKNOWN


# -- which sweep is on ---------------------------------------------------------------------------

NONE = SweepTerms()
LATER = START + DAY


def test_sweeps_go_one_after_the_other_in_the_order_of_their_time_each_once() -> None:
    orders = (Sweep("late", LATER), Sweep("early", START))
    first = next_step(Progress(), orders, NONE, LATER)
    assert first is not None
    assert first.fresh
    assert first.sweep == orders[1]
    progress = advance(first, [b"a", b"b"], 1, last=False, at=LATER)
    again = next_step(progress, orders, NONE, LATER)
    assert again is not None
    assert (again.sweep, again.fresh, again.progress.cursor) == (orders[1], False, b"b")
    progress = advance(again, [b"c"], 0, last=True, at=LATER)
    assert (progress.done, progress.found, progress.total) == (3, 1, 3)
    second = next_step(progress, orders, NONE, LATER)
    assert second is not None
    assert second.sweep == orders[0]
    progress = advance(second, [], 0, last=True, at=LATER)
    assert next_step(progress, orders, NONE, LATER + DAY) is None


def test_a_sweep_begins_at_its_time_and_stops_when_it_is_ordered_no_more() -> None:
    order = Sweep("s", LATER, until=LATER + DAY)
    assert next_step(Progress(), (order,), NONE, START) is None
    begun = next_step(Progress(), (order,), NONE, LATER)
    assert begun is not None
    progress = advance(begun, [b"a"], 0, last=False, at=LATER)
    for orders, at in (((), LATER), ((order,), LATER + DAY)):
        stopped = next_step(progress, orders, NONE, at)
        assert stopped is not None
        assert stopped.stopped
        assert stopped.progress.ended
        assert next_step(stopped.progress, orders, NONE, at) is None


@pytest.mark.obligation("CAC-15-1")
def test_by_time_accounts_are_verified_once_a_period_and_the_first_is_not_made_up_for() -> None:
    terms = SweepTerms(days=180, marked_days=30)
    noted = next_step(Progress(), (), terms, START)
    assert noted is not None
    assert noted.sweep is None
    progress, seen = noted.progress, []
    for day in range(1, 365):
        at = START + day * DAY
        while (step := next_step(progress, (), terms, at)) is not None:
            assert step.sweep is not None
            seen.append((step.sweep.marked, day))
            progress = advance(step, [], 0, last=True, at=at)
    of_all = [day for marked, day in seen if not marked]
    of_marked = [day for marked, day in seen if marked]
    assert len(of_all) == 2
    assert of_all[1] - of_all[0] == 180
    assert len(of_marked) == 12
    assert {b - a for a, b in pairwise(of_marked)} == {30}
