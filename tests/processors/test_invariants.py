"""The invariants of docs/coverage.md, each over random histories with a watcher of its own.

Inputs come late, twice and in batches of any size; deadlines fire early, late or not at all before
the next input; only the bytes of a state survive a restart. `town` has the histories.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from processors import engine
from processors.accounts import Account, Status
from processors.accounts.state import STEP_RANK, Measure
from processors.countries import COUNTRIES
from processors.credit_code import is_credit_code
from processors.places import PROVINCES
from processors.policy import Policy
from schemas.codec import Codec
from schemas.records import (
    AccountChange,
    AccountComplaint,
    AccountRuling,
    AccountVerification,
    AuditRecord,
    ChangeKind,
    ComplaintCategory,
    ComplaintFeedback,
    ComplaintState,
    CreditAction,
    CreditChange,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationKind,
    Field,
    MeasureStep,
    Notice,
    Phase,
    RuleMode,
    RulingAction,
    SubjectKind,
    Verdict,
    VerificationKind,
    VerificationResult,
)
from tests.processors.accounts.world import POLICY, RULES, of
from tests.processors.books import Books
from tests.processors.histories import PRIVATE
from tests.processors.town import OWING, Act, Town, Turn, Watcher, live_through

CODEC = Codec()
ALLOWED = (Decision.ALLOW, Decision.ALLOW_LABELLED)
NO_ACCOUNT = Account()
OFTEN = ("The name was changed", "More than")
"""Reasons to refuse a name for how often it changes, whatever it holds."""


def record_of(turn: Turn) -> Any:
    return turn.item.record if turn.item else None


def proposed_by(change: AccountChange) -> set[tuple[Field, str]]:
    values = ((field, getattr(change, field.lower())) for field in Field)
    return {(field, value) for field, value in values if value is not None}


def live(account: Account, *steps: MeasureStep) -> list[Measure]:
    return [m for m in account.live_measures() if not steps or m.step in steps]


def says(field: str, said: str, phase: Phase) -> Act:
    return lambda town, account: town.say(account, field, said, phase)


def agrees(reviewer: str) -> Act:
    return lambda town, account: town.decide(account, reviewer)


def sleeps(days: int) -> Act:
    return lambda town, account: town.sleep(days)


HELD = (
    says("name", "national", Phase.PROPOSED),
    agrees("rev-1"),
    agrees("rev-2"),
    says("name", "national plain", Phase.PROPOSED),
    sleeps(9),
)
MEMBER = (
    lambda town, account: town.prove(account, VerificationKind.IDENTITY),
    lambda town, account: town.register(account),
)
SUSPENDED = (*MEMBER, says("bio", "contact zq9x", Phase.APPLIED), sleeps(9))
APPEALED = (
    *MEMBER,
    says("bio", "casino", Phase.APPLIED),
    lambda town, account: town.appeal(account),
    agrees("rev-2"),
)
CLOSED = (
    *MEMBER,
    says("bio", "contact", Phase.APPLIED),
    lambda town, account: town.receive(account, "change", {"kind": ChangeKind.CANCELLATION}),
    *MEMBER,
    lambda town, account: town.order(account, MeasureStep.CLOSE, 1),
    lambda town, account: town.register(account),
    sleeps(2),
    lambda town, account: town.register(account),
)
SHOWN = (
    lambda town, account: town.bring_papers(account),
    lambda town, account: town.register(account, SubjectKind.PUBLIC_ACCOUNT),
    says("bio", "sunny", Phase.PROPOSED),
)
COMPLAINED = (
    *MEMBER,
    lambda town, account: town.receive(account, "complaint", {"category": ComplaintCategory.OTHER}),
    sleeps(30),
)


class Decisions(Watcher):
    """Whatever becomes current was decided in the same transaction."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.proposed: dict[str, set[tuple[Field, str]]] = {}

    def see(self, turn: Turn) -> None:
        record = record_of(turn)
        if type(record) is AccountChange:
            self.proposed[record.event_id] = proposed_by(record)
        may: set[tuple[Field, str]] = set()
        for verdict in of(turn.outputs, Verdict):
            own = type(record) is AccountChange and record.event_id == verdict.event_id
            applied = own and verdict.phase is Phase.APPLIED
            if verdict.decision in ALLOWED or applied:
                self.witnessed += verdict.revision > 1
                may |= self.proposed[verdict.event_id]
        for field, was, now in zip(Field, turn.before.values, turn.after.values, strict=True):
            assert now == was or not now or (field, now) in may


@pytest.mark.invariant("INV-01")
def test_no_proposed_value_is_current_before_its_decision():
    live_through(Decisions, story=(*MEMBER, *HELD))


class Refusals(Watcher):
    """A refusal, by a rule, by a person or by time, leaves all values as they were."""

    def see(self, turn: Turn) -> None:
        record = record_of(turn)
        verdicts = [v for v in of(turn.outputs, Verdict) if v.phase is Phase.PROPOSED]
        if any(v.decision in ALLOWED for v in verdicts):
            return
        live_change = type(record) is AccountChange and record.phase is Phase.APPLIED
        if any(v.decision is Decision.REFUSE for v in verdicts) and not live_change:
            assert turn.after.values == turn.before.values
            self.witnessed += record is None  # the time had passed


@pytest.mark.invariant("INV-02")
def test_a_refusal_and_an_expired_hold_leave_the_values_untouched():
    live_through(Refusals, story=(*MEMBER, *HELD))


class StrictTrack(Watcher):
    """Only two different people allow what a strict word held; no rule refuses it."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.held: set[str] = set()

    def see(self, turn: Turn) -> None:
        for verdict in of(turn.outputs, Verdict):
            if verdict.event_id in self.held and verdict.phase is Phase.PROPOSED:
                self.check_later(turn, verdict)
            asked = {f.decision for f in verdict.findings if f.mode == "ENFORCE"}
            if asked == {Decision.STRICT_HOLD} and verdict.revision == 1:
                lacks = Decision.NEED_MATERIAL if verdict.missing else Decision.STRICT_HOLD
                often = verdict.reason.startswith(OFTEN)
                assert often or verdict.decision in (lacks, Decision.STRICT_HOLD), verdict.reason
            if verdict.decision is Decision.STRICT_HOLD:
                self.held.add(verdict.event_id)

    def check_later(self, turn: Turn, verdict: Verdict) -> None:
        record = record_of(turn)
        assert verdict.decision is not Decision.ALLOW_LABELLED
        if verdict.decision is Decision.ALLOW:
            assert len(set(verdict.reviewers)) == 2
            self.witnessed += 1
        elif verdict.decision is Decision.REFUSE:
            by_person = type(record) is AccountRuling
            by_holder = type(record) is AccountChange  # a newer change, or a cancellation
            ended = turn.after.status in (Status.CLOSED, Status.REFUSED)
            no_identity = "CAC-09-2" in verdict.reason
            assert record is None or by_person or by_holder or ended or no_identity


@pytest.mark.invariant("INV-03")
def test_a_strict_word_is_neither_allowed_nor_refused_by_a_rule():
    live_through(
        StrictTrack, words=("plain", "national zq9x", "national doctor"), story=(*MEMBER, *HELD)
    )


class Suspensions(Watcher):
    """A suspension has one end in sight, and is told when it ends."""

    def see(self, turn: Turn) -> None:
        causes = Counter((m.rule, m.field) for m in live(turn.after) if m.deadline)
        assert all(count == 1 for count in causes.values())
        still = {m.id for m in live(turn.after)}
        for measure in live(turn.after, MeasureStep.SUSPEND):
            if measure.rule != "credit":  # lasts for as long as the level does
                assert bool(measure.deadline) != bool(measure.ends)
        for measure in live(turn.before, MeasureStep.SUSPEND):
            if measure.id not in still:
                self.check_end(turn, measure)

    def check_end(self, turn: Turn, measure: Measure) -> None:
        (lift,) = [d for d in of(turn.outputs, Disposal) if d.measure_id == measure.id]
        assert lift.action is DisposalAction.LIFT
        assert lift.notice_id in {n.notice_id for n in of(turn.outputs, Notice)}
        assert lift.audit_id in {a.audit_id for a in of(turn.outputs, AuditRecord)}
        self.witnessed += 1

    def end(self, town: Town) -> None:
        for account_id in town.outputs:
            account = town.account(account_id)
            assert [m for m in live(account, MeasureStep.SUSPEND) if m.rule != "credit"] == []


@pytest.mark.invariant("INV-05")
def test_a_suspension_has_one_deadline_and_ends_in_resumed_or_terminated():
    live_through(Suspensions, words=("plain", "contact zq9x", "casino"), story=SUSPENDED)


class Bars(Watcher):
    """Closing bars the registration anew, cancelling does not."""

    def see(self, turn: Turn) -> None:
        begun = {d.step for d in of(turn.outputs, Disposal) if d.action is DisposalAction.BEGIN}
        assert (MeasureStep.CLOSE in begun) == (MeasureStep.BAR in begun)
        if turn.after.status is Status.CANCELLED:
            assert live(turn.after) == []
        record = record_of(turn)
        if type(record) is AccountChange and record.kind is ChangeKind.REGISTRATION:
            (verdict,) = [
                v
                for v in of(turn.outputs, Verdict)
                if (v.event_id, v.revision) == (record.event_id, 1)
            ]
            if turn.before.status is Status.CLOSED:
                self.check_closed(turn, record, verdict)
            elif turn.before.status is Status.CANCELLED:
                assert "CAC-10-3a" not in verdict.reason
                served = not verdict.reason.startswith("The credit level")
                if served and not verdict.findings and not verdict.missing:
                    assert verdict.decision is Decision.ALLOW

    def check_closed(self, turn: Turn, record: AccountChange, verdict: Verdict) -> None:
        barred = live(turn.before, MeasureStep.BAR)
        self.witnessed += not barred
        if barred or record.phase is Phase.APPLIED:
            assert verdict.decision is Decision.REFUSE
            assert "CAC-10-3a" in verdict.reason
            return
        assert verdict.decision in (Decision.STRICT_HOLD, Decision.REFUSE)
        if verdict.decision is Decision.REFUSE:  # on grounds of its own
            assert verdict.findings or "CAC-09-2" in verdict.reason


@pytest.mark.invariant("INV-06")
def test_closing_bars_and_cancelling_does_not():
    live_through(Bars, words=("plain", "contact zq9x", "fraud"), story=CLOSED)


PAPERS = {
    "value": "ENTITY",
    "registered_address": "ADDRESS",
    "content_category": "CATEGORY",
    "credit_code": "CREDIT_CODE",
}


class Pages(Watcher):
    """A page is publishable when the proofs that hold carry what it must show, and only then."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.carried: dict[tuple[str, str], set[str]] = {}

    def see(self, turn: Turn) -> None:
        record = record_of(turn)
        if type(record) is AccountVerification and record.kind is VerificationKind.INSTITUTION:
            carried = {PAPERS[name] for name in PAPERS if getattr(record, name)}
            if record.credit_code and not is_credit_code(record.credit_code):
                carried.remove("CREDIT_CODE")
            over = record.expires_at is not None and record.expires_at <= turn.item.timestamp
            if record.result is VerificationResult.VERIFIED and not over:
                self.carried[turn.account_id, record.value or ""] = carried
        shown = self.shown(turn.account_id, turn.after)
        public = turn.after.subject is SubjectKind.PUBLIC_ACCOUNT
        for verdict in of(turn.outputs, Verdict):
            assert verdict.publishable == ((len(shown) == 6) if public else None)
            self.witnessed += bool(verdict.publishable)

    def shown(self, account_id: str, account: Account) -> set[str]:
        shown = {"IP_LOCATION"} if account.place else set()
        for fact in account.facts:
            if fact.kind is VerificationKind.CONTACT:
                shown.add("CONTACT")
            elif fact.kind is VerificationKind.INSTITUTION:
                shown |= self.carried[account_id, fact.value]
        return shown


@pytest.mark.invariant("INV-07")
def test_a_page_is_publishable_exactly_with_all_six_facets_verified():
    live_through(Pages, policies=(OWING,), story=SHOWN)


class Places(Watcher):
    """No place is finer than a province, and none is guessed."""

    def see(self, turn: Turn) -> None:
        for verdict in of(turn.outputs, Verdict):
            label = verdict.ip_label
            assert label is None or label in PROVINCES or label in COUNTRIES
            self.witnessed += label is not None


@pytest.mark.invariant("INV-08")
def test_a_place_shown_is_a_province_a_country_or_nothing():
    live_through(Places, story=SHOWN)


class Bookkeeper(Watcher):
    """Keeps the books of every account from the outputs alone, and compares them at every turn."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.books: dict[str, Books] = defaultdict(lambda: Books(policy.pack))

    def see(self, turn: Turn) -> None:
        books = self.books[turn.account_id]
        books.add(turn.outputs)
        books.check(turn.after)
        self.witnessed += bool(turn.after.ledger)


@pytest.mark.invariant("INV-15")
def test_credit_is_the_fold_of_its_ledger_at_every_moment():
    live_through(Bookkeeper, story=SUSPENDED)


def ids_of(outputs: list[Any], *names: str) -> list[str]:
    return [getattr(o, name) for o in outputs for name in names if getattr(o, name, None)]


class Disposals(Bookkeeper):
    """One record, one notice, one report item a disposal: sent again, restarted or replayed."""

    def end(self, town: Town) -> None:
        for account_id, outputs in town.outputs.items():
            disposals = of(outputs, Disposal)
            for kind in ("disposal_id", "notice_id", "audit_id", "report_id"):
                ids = ids_of(disposals, kind)
                assert len(ids) == len(set(ids))
            for kind in (Notice, AuditRecord):
                ids = ids_of(of(outputs, kind), "notice_id", "audit_id")
                assert len(ids) == len(set(ids))
            assert replayed(town, town.policy)[account_id] == outputs


def replayed(town: Town, policy: Policy, size: int = 7) -> Mapping[str, list[Any]]:
    """Outputs by account of the whole log, in batches, with the deadlines at the end."""
    states: dict[bytes, bytes | None] = {}
    outputs: dict[str, list[Any]] = defaultdict(list)
    for start in range(0, len(town.log), size):
        outcome = engine.run(town.log[start : start + size], states.get, policy)
        states.update(outcome.states)
        for output in outcome.outputs:
            outputs[output.account_id].append(output)
    for output in engine.run_due(list(states), states.get, policy, town.now).outputs:
        outputs[output.account_id].append(output)
    return outputs


@pytest.mark.invariant("INV-09")
def test_each_disposal_has_one_record_one_notice_and_one_report():
    live_through(Disposals, story=SUSPENDED, late=False)


class Complaints(Watcher):
    """Every complaint comes to its feedback, or the breach of its time limit is told."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.made: set[str] = set()
        self.answered: set[str] = set()

    def see(self, turn: Turn) -> None:
        record = record_of(turn)
        if type(record) is AccountComplaint:
            self.made.add(record.complaint_id)
        for feedback in of(turn.outputs, ComplaintFeedback):
            if feedback.state is ComplaintState.FEEDBACK:
                self.answered.add(feedback.complaint_id)
        for escalation in of(turn.outputs, Escalation):
            if escalation.kind is EscalationKind.SLA_BREACH:
                self.answered.add(escalation.subject_id)
                self.witnessed += escalation.subject_id in self.made

    def end(self, town: Town) -> None:
        assert self.made <= self.answered


@pytest.mark.invariant("INV-10")
def test_every_complaint_reaches_feedback_or_a_breach_of_its_time_limit():
    live_through(Complaints, story=COMPLAINED)


OTHER = Policy(replace(POLICY.pack, hash="a" * 64))


class Replays(Watcher):
    """The same log under the same pack gives the same bytes; another hash shows everywhere."""

    def end(self, town: Town) -> None:
        again, other = replayed(town, town.policy, 3), replayed(town, OTHER)
        for account_id, outputs in town.outputs.items():
            assert [CODEC.encode(o) for o in outputs] == [
                CODEC.encode(o) for o in again[account_id]
            ]
            assert {o.pack_hash for o in other[account_id]} == {OTHER.pack.hash}
            self.witnessed += 1
            decisions = [(v.event_id, v.decision) for v in of(outputs, Verdict)]
            assert decisions == [(v.event_id, v.decision) for v in of(other[account_id], Verdict)]


@pytest.mark.invariant("INV-11")
def test_a_replay_gives_the_same_bytes_and_another_pack_shows_in_every_record():
    live_through(Replays, policies=(POLICY,), story=APPEALED, late=False)


ASKING = [rule for rule in RULES if rule.mode is RuleMode.ENFORCE and rule.proof is None]


class Silence(Watcher):
    """What an account says, and what is complained of in words, is in no output.

    Except what a disposal proposes to restore: a value that the account showed itself, in which
    nothing is found.
    """

    def see(self, turn: Turn) -> None:
        for output in turn.outputs:
            said = output
            if type(output) is Disposal and output.rollback_value:
                assert not any(rule.id in output.rollback_value for rule in ASKING)
                said = replace(output, rollback_value=None)
            assert PRIVATE.encode() not in CODEC.encode(said)
            self.witnessed += 1


@pytest.mark.invariant("INV-12")
def test_no_value_and_no_statement_is_in_any_output():
    live_through(Silence, story=SUSPENDED)


def judges_of(account: Account, measure: Measure) -> set[str]:
    """Who had a hand in a measure, or in one of the same breach."""
    together = [m for m in account.measures if m.root == measure.root]
    return {m.reviewer for m in together} | {name for m in together for name in m.confirmed}


class Appeals(Watcher):
    """An upheld appeal lifts the measure and takes its points back at once.

    One upheld by somebody who had a hand in the measure changes nothing.
    """

    def see(self, turn: Turn) -> None:
        record = record_of(turn)
        if type(record) is not AccountRuling or record.action is not RulingAction.UPHOLD_APPEAL:
            return
        against = {a.measure for a in turn.before.appeals if a.id == record.subject_id}
        for measure in turn.before.measures:
            if measure.id not in against:
                continue
            if record.reviewer_id in judges_of(turn.before, measure):
                assert turn.after.measures == turn.before.measures
                assert not any(type(output) is CreditChange for output in turn.outputs)
            else:
                self.check(turn, measure)

    def check(self, turn: Turn, measure: Measure) -> None:
        together = [m for m in turn.before.measures if m.root == measure.root]
        still = {m.id for m in live(turn.after)}
        lifts = {d.measure_id: d for d in of(turn.outputs, Disposal)}
        notices = {n.notice_id: n for n in of(turn.outputs, Notice)}
        for taken_back in together:
            assert taken_back.id not in still
            if not taken_back.ended:
                lift = lifts[taken_back.id]
                assert (lift.action, lift.ends_at) == (DisposalAction.LIFT, turn.item.timestamp)
                if STEP_RANK[taken_back.step] >= STEP_RANK[MeasureStep.RESTRICT]:
                    text = str(notices[lift.notice_id])
                    assert "Served: " in text or "已执行" in text
        counted = {entry.id: entry for entry in turn.before.ledger}
        assert measure.entry not in {entry.id for entry in turn.after.ledger}
        if measure.entry in counted:
            reversed_ = [c for c in of(turn.outputs, CreditChange) if c.entry_id == measure.entry]
            assert [c.action for c in reversed_] == [CreditAction.REVERSED]
            self.witnessed += 1


@pytest.mark.invariant("INV-14")
def test_an_upheld_appeal_lifts_the_measure_and_reverses_the_credit_at_once():
    live_through(Appeals, words=("plain", "contact zq9x", "casino", "boast"), story=APPEALED)
