"""One account through any life that hypothesis can think of, its books checked at every step."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from processors import engine
from processors.accounts import Status
from processors.policy import DutyTerms, Facet, Policy
from schemas.records import (
    ChangeKind,
    ComplaintState,
    Decision,
    Disposal,
    Escalation,
    EscalationKind,
    MeasureStep,
    Phase,
    RulingAction,
    SubjectKind,
    Verdict,
    VerificationKind,
)
from tests.processors.accounts.world import ACCOUNT, POLICY, World, make_pack, of
from tests.processors.books import Books
from tests.processors.histories import (
    Known,
    appeals,
    build,
    changes,
    complaints,
    rulings,
    verifications,
)


class Life(RuleBasedStateMachine):
    """The account, what may refer to what, and the books."""

    policy = POLICY

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.policy, registered=False)
        self.books = Books(self.world.policy.pack)
        self.known = Known()
        self.number = 0
        self.breached: set[str] = set()

    def _give(self, kind: str, fields: dict[str, Any]) -> list[Any]:
        self.number += 1
        record = build(kind, self.number, ACCOUNT, self.world.now, fields, self.known)
        return self._note(self.world.give(record))

    def _note(self, outputs: list[Any]) -> list[Any]:
        self.books.add(outputs)
        self.known.measures += [d.measure_id for d in of(outputs, Disposal)]
        for escalation in of(outputs, Escalation):
            if escalation.kind is EscalationKind.SLA_BREACH:
                self.breached.add(escalation.subject_id)
        return outputs

    @rule(fields=changes)
    def change(self, fields: dict[str, Any]) -> None:
        before = list(self.world.account.values) if self.world.store else [None] * 6
        outputs = self._give("change", fields)
        decided = [o for o in outputs if getattr(o, "event_id", "") == f"e{self.number}"]
        refused = any(getattr(o, "decision", "") == "REFUSE" for o in decided)
        cancelled = fields["kind"] is ChangeKind.CANCELLATION
        if refused and fields["phase"] is Phase.PROPOSED and not cancelled:
            assert self.world.account.values == before

    @rule(fields=verifications)
    def verify(self, fields: dict[str, Any]) -> None:
        self._give("verification", fields)

    @rule(fields=complaints)
    def complain(self, fields: dict[str, Any]) -> None:
        self._give("complaint", fields)

    @rule(fields=appeals)
    def appeal(self, fields: dict[str, Any]) -> None:
        self._give("appeal", fields)

    @rule(fields=rulings)
    def decide(self, fields: dict[str, Any]) -> None:
        self._give("ruling", fields)

    @rule(fields=rulings, action=st.sampled_from(RulingAction))
    def decide_on_the_newest(self, fields: dict[str, Any], action: RulingAction) -> None:
        self._give("ruling", {**fields, "action": action, "pick": 840})

    @rule(hours=st.sampled_from([1, 24, 84, 168, 800]))
    def wait(self, hours: int) -> None:
        self._note(self.world.wait(hours=hours))

    @precondition(lambda self: bool(self.world.inputs))
    @rule()
    def repeat(self) -> None:
        before = dict(self.world.store)
        item = self.world.inputs[-1]
        outcome = engine.run([item], self.world.store.get, self.world.policy)
        assert (outcome.duplicates, outcome.outputs, outcome.states) == (1, [], {})
        assert self.world.store == before

    @invariant()
    def the_books_are_right(self) -> None:
        if self.world.store:
            self.books.check(self.world.account)

    def teardown(self) -> None:
        """In the end every suspension has ended and every complaint has feedback or a breach."""
        if not self.world.store:
            return
        self._note(self.world.wait(days=400))
        self.books.check(self.world.account)
        for ticket, state in self.books.tickets.items():
            assert state is ComplaintState.CLOSED or ticket in self.breached
        account = self.world.account
        live = {m.step for m in account.live_measures() if m.rule != "credit"}
        assert MeasureStep.SUSPEND not in live
        assert MeasureStep.CORRECT not in live
        assert account.status is not Status.AWAITING


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


class OwingLife(Life):
    """A life under a pack that asks for agreement, identity and a whole page of every account."""

    duties = DutyTerms(agreement=True, identity=True, page=tuple(Facet), unseen=True)
    policy = Policy(make_pack(duties=duties))

    def _note(self, outputs: list[Any]) -> list[Any]:
        for verdict in of(outputs, Verdict):
            allowed = verdict.decision in (Decision.ALLOW, Decision.ALLOW_LABELLED)
            if verdict.kind is not ChangeKind.CANCELLATION and verdict.phase is Phase.PROPOSED:
                assert not (allowed and verdict.missing)
                assert not allowed or self._owes_nothing(), "nothing is allowed that lacks anything"
            assert verdict.ip_label in (None, "广东", "日本")
            assert verdict.publishable == self._whole_page()
        return super()._note(outputs)

    @invariant()
    def what_is_owed_is_under_a_measure_or_not_live(self) -> None:
        """Where a duty has a measure, the duty is not met; where none is owed, none is left."""
        if self.world.store and self.world.status is Status.OPEN and self._owes_nothing():
            live = {measure.rule for measure in self.world.account.live_measures()}
            assert not live & {"agreement", "page"}

    def _owes_nothing(self) -> bool:
        account = self.world.account
        facts = account.facts
        organisation = account.subject not in (None, SubjectKind.INDIVIDUAL)
        kinds = {fact.kind for fact in facts if not fact.failed}
        identified = VerificationKind.IDENTITY in kinds or (
            organisation and VerificationKind.INSTITUTION in kinds
        )
        failed = any(fact.failed for fact in facts)
        return bool(
            account.agreement and identified and not failed and self._whole_page() in (None, True)
        )

    def _whole_page(self) -> bool | None:
        account = self.world.account
        if account.subject is not SubjectKind.PUBLIC_ACCOUNT:
            return None
        registered = [f for f in account.facts if f.kind is VerificationKind.INSTITUTION]
        facets = 0
        for fact in registered:
            facets |= fact.facets
        contact = any(fact.kind is VerificationKind.CONTACT for fact in account.facts)
        named = any(fact.value for fact in registered)
        return bool(named and facets == 7 and contact and account.place)


TestOwingLife = OwingLife.TestCase
TestOwingLife.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
