"""While a pause lasts what it covers waits; then it is decided in its order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors import engine
from processors.accounts import Account, Status, decode
from processors.control import ALWAYS, Control, Timed
from processors.policy import DutyTerms, Policy
from processors.policy.model import Pause
from schemas.records import (
    AccountChange,
    AuditRecord,
    ChangeKind,
    CreditAction,
    CreditChange,
    Decision,
    Disposal,
    Escalation,
    EscalationStatus,
    Field,
    MeasureStep,
    Phase,
    RulingAction,
    SubjectKind,
    Verdict,
    VerificationKind,
)
from tests.processors.accounts.world import (
    DAY,
    HOUR,
    POLICY,
    SECOND,
    START,
    World,
    make_pack,
    none,
    of,
    one,
)
from tests.processors.books import Books
from tests.processors.histories import ACCOUNTS, plans, realise

KINDS = (ChangeKind.REGISTRATION, ChangeKind.EDIT, ChangeKind.OWNER_CHANGE)


def pause(since: int = START + HOUR, days: float = 2, name: str = "d-1", **scope: Any) -> Timed:
    until = since + int(days * DAY)
    return Timed(since, until, Pause(name, "An order.", until, **{"kinds": KINDS} | scope))


def paused(*pauses: Timed) -> World:
    """An account registered before the first pause, and a moment within it."""
    world = World(Control.under(POLICY, pauses or [pause()]))
    world.wait(hours=2)
    return world


@pytest.mark.obligation("CAC-21-2")
def test_under_a_pause_a_change_is_held_with_the_directive_and_decided_at_its_end():
    world = paused()
    held = one(world.propose("e1", name="sunny"), Verdict)
    assert held.decision is Decision.HOLD
    assert "directive d-1" in held.reason
    assert "An order." in held.reason
    assert held.due_at == START + HOUR + 2 * DAY
    assert held.pack_hash != "f" * 64
    assert world.value(Field.NAME) == "plain"
    assert none(world.log, Escalation), "nobody can decide it"
    decided = one(world.wait(days=2), Verdict)
    assert (decided.event_id, decided.decision, decided.revision) == ("e1", Decision.ALLOW, 2)
    assert decided.pack_hash == "f" * 64
    assert (decided.source_topic, decided.source_offset) == (held.source_topic, held.source_offset)
    assert world.value(Field.NAME) == "sunny"


@pytest.mark.obligation("CAC-21-2")
def test_what_was_held_is_judged_by_the_rules_when_the_pause_ends():
    world = paused()
    world.propose("bad", bio="contact me")
    world.propose("odd", name="ministry")
    verdicts = {v.event_id: v.decision for v in of(world.wait(days=2), Verdict)}
    assert verdicts == {"bad": Decision.REFUSE, "odd": Decision.HOLD}
    assert world.value(Field.BIO) == ""
    world.rule(RulingAction.APPROVE_CHANGE, "odd")
    assert world.value(Field.NAME) == "ministry"


def test_what_is_claimed_to_be_live_is_not_taken_up_and_shown_to_a_person():
    world = paused()
    outputs = world.apply("e1", bio="sunny")
    assert one(outputs, Verdict).decision is Decision.HOLD
    assert "Claimed to be live" in one(outputs, Escalation).reason
    assert world.value(Field.BIO) == ""
    ended = world.wait(days=2)
    assert one(ended, Escalation).status is EscalationStatus.CLOSED
    assert one(ended, Verdict).decision is Decision.ALLOW
    assert world.value(Field.BIO) == "sunny"


def test_changes_are_decided_in_the_order_in_which_they_came():
    world = paused()
    world.apply("one", bio="first")
    world.apply("two", signature="second")
    world.propose("three", name="third")
    world.apply("four", name="fourth")
    decided = [(v.event_id, v.decision) for v in of(world.wait(days=2), Verdict)]
    assert decided == [(name, Decision.ALLOW) for name in ("one", "two", "three", "four")]
    assert world.value(Field.NAME) == "fourth"


def test_a_newer_change_of_the_same_field_takes_the_place_of_the_held_one():
    world = paused()
    world.propose("one", bio="first")
    outputs = world.propose("two", bio="")
    assert [(v.event_id, v.decision) for v in of(outputs, Verdict)] == [
        ("two", Decision.HOLD),
        ("one", Decision.REFUSE),
    ]
    world.wait(days=2)
    assert world.value(Field.BIO) == ""


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        ({"fields": (Field.NAME,)}, True),
        ({"fields": (Field.BIO,)}, False),
        ({"kinds": (ChangeKind.REGISTRATION,)}, False),
        ({"subjects": (SubjectKind.INDIVIDUAL,)}, True),
        ({"subjects": (SubjectKind.INSTITUTION,)}, False),
        ({"regions": ("广东",)}, True),
        ({"regions": ("四川",)}, False),
        ({"accounts": ("acct-*",)}, True),
        ({"accounts": ("acct-1",)}, True),
        ({"accounts": ("acct",)}, False),
    ],
)
def test_a_pause_covers_what_its_scope_says(scope: dict[str, Any], held: bool):
    world = paused(pause(**scope))
    verdict = one(world.propose(name="sunny", ip_region="广东省"), Verdict)
    assert (verdict.decision is Decision.HOLD) == held


@pytest.mark.obligation("CAC-21-2")
def test_a_registration_under_a_pause_waits_and_is_registered_afterwards():
    world = World(Control.under(POLICY, [pause(START)]), registered=False)
    assert one(world.change(kind=ChangeKind.REGISTRATION, name="sunny"), Verdict).decision == "HOLD"
    assert world.status is Status.AWAITING
    world.wait(days=3)
    assert (world.status, world.value(Field.NAME)) == (Status.OPEN, "sunny")


def test_a_cancelled_account_that_is_registered_live_under_a_pause_can_be_cancelled_again():
    world = paused()
    world.propose("bye", kind=ChangeKind.CANCELLATION)
    world.apply("back", kind=ChangeKind.REGISTRATION, name="plain")
    cancelled = of(world.propose("away", kind=ChangeKind.CANCELLATION), Verdict)
    assert [v.decision for v in cancelled if v.event_id == "away"] == [Decision.ALLOW]
    assert none(world.wait(days=2), Verdict)
    assert world.account.status is Status.CANCELLED


@pytest.mark.obligation("CAC-06")
def test_an_agreement_accepted_under_a_pause_is_accepted_at_once():
    owing = Policy(make_pack(duties=DutyTerms(agreement=True)))
    world = World(Control.under(owing, [pause()]), registered=False)
    world.change(kind=ChangeKind.REGISTRATION, phase=Phase.APPLIED, name="plain")
    world.wait(hours=2)
    assert world.live() == [MeasureStep.CORRECT]
    world.propose(agreement_version="2")
    assert world.live() == []


@pytest.mark.parametrize("phase", list(Phase))
def test_edits_of_no_field_do_not_pile_up_under_a_pause(phase: Phase):
    world = paused()
    for _ in range(3):
        verdict = one(world.change(phase=phase, agreement_version="2"), Verdict)
        assert (verdict.decision, verdict.due_at) == (Decision.HOLD, None)
        assert verdict.reason.startswith("Held by directive d-1 until")
    assert world.account.pending == []
    for subject in (SubjectKind.INSTITUTION, SubjectKind.PUBLIC_ACCOUNT):
        world.change(subject.value, phase=phase, subject=subject)
    (waiting,) = world.account.pending
    assert waiting.event_id == "PUBLIC_ACCOUNT"
    world.wait(days=2)
    assert world.account.subject is SubjectKind.PUBLIC_ACCOUNT


def test_a_cancellation_is_never_held():
    world = paused()
    assert one(world.change(kind=ChangeKind.CANCELLATION), Verdict).decision is Decision.ALLOW


def test_neither_a_person_nor_a_proof_makes_current_what_a_pause_covers():
    world = World(Control.under(POLICY, [pause()]))
    world.propose("held", name="ministry")
    world.propose("asked", bio="doctor")
    world.wait(hours=2)
    record = one(world.rule(RulingAction.APPROVE_CHANGE, "held"), AuditRecord)
    assert "directive d-1" in record.summary
    proved = world.verify(VerificationKind.OCCUPATION, value="doctor")
    verdict = one(proved, Verdict)
    assert (verdict.event_id, verdict.decision) == ("asked", Decision.HOLD)
    assert (world.value(Field.NAME), world.value(Field.BIO)) == ("plain", "")
    world.wait(days=2)
    assert world.value(Field.BIO) == "doctor"


def test_a_pause_that_is_lifted_early_lets_go_before_the_next_event_of_the_account():
    world = paused()
    world.propose("e1", bio="sunny")
    world.policy = Control.under(POLICY, [pause(days=0.1)])
    world.wait(hours=3)
    assert world.value(Field.BIO) == "sunny"


def test_a_pause_that_is_lifted_lets_go_at_once_of_what_waits_when_asked():
    world = paused()
    world.propose("e1", bio="sunny")
    world.policy = Control.under(POLICY, [pause(days=0.1)])
    world.now += 3 * HOUR
    verdicts = of(world.propose("e2", name="later"), Verdict)
    assert [(v.event_id, v.decision) for v in verdicts] == [
        ("e1", Decision.ALLOW),
        ("e2", Decision.ALLOW),
    ]


def test_a_pause_that_is_extended_holds_on_and_says_until_when():
    world = paused()
    world.propose("e1", bio="sunny")
    longer = pause(days=5)
    world.policy = Control.under(POLICY, [longer])
    verdict = one(world.wait(days=2), Verdict)
    assert (verdict.decision, verdict.due_at) == (Decision.HOLD, longer.until)
    assert one(world.wait(days=3), Verdict).decision is Decision.ALLOW


def test_a_pause_that_follows_on_another_holds_on():
    first, second = pause(), pause(START + 2 * DAY, name="d-2")
    world = paused(first, second)
    world.propose("e1", bio="sunny")
    verdict = one(world.wait(days=2), Verdict)
    assert "d-2" in verdict.reason
    assert world.value(Field.BIO) == ""


scopes = st.fixed_dictionaries(
    {
        "since": st.integers(0, 20).map(lambda days: START + days * DAY),
        "days": st.sampled_from((0.5, 3, 20, 60)),
        "kinds": st.sampled_from((KINDS, (ChangeKind.EDIT,), (ChangeKind.REGISTRATION,))),
        "fields": st.sampled_from(((), (), (Field.NAME,))),
        "accounts": st.sampled_from(((), (), ("a",))),
        "subjects": st.sampled_from(((), (), (SubjectKind.INDIVIDUAL,))),
    }
)


def of_account(states: dict[bytes, bytes | None], key: bytes) -> Account:
    state = states.get(key)
    return decode(state) if state else Account()


def told(account: Account) -> list[Any]:
    return [*account.values, account.subject, account.owner, account.registered]


def test_what_a_person_sees_after_a_pause_is_the_change_that_was_held():
    world = paused()
    world.apply("live", bio="ministry")
    verdicts = of(world.wait(days=2), Verdict)
    assert [(v.event_id, v.revision, v.decision) for v in verdicts] == [("live", 2, Decision.HOLD)]
    (waiting,) = world.account.pending
    assert (waiting.event_id, waiting.revision) == ("live", 2)
    ruled = one(world.rule(RulingAction.APPROVE_CHANGE, "live"), Verdict)
    assert (ruled.event_id, ruled.revision, ruled.decision) == ("live", 3, Decision.ALLOW)


@pytest.mark.invariant("INV-13")
@pytest.mark.obligation("CAC-21-2")
@settings(max_examples=80, deadline=None)
@given(plan=plans, orders=st.lists(scopes, min_size=1, max_size=3), lifted=st.booleans())
def test_under_a_pause_no_matching_event_is_applied(plan: Any, orders: Any, lifted: bool):
    timed = [pause(name=f"d-{n}", **order) for n, order in enumerate(orders)]
    control = Control.under(POLICY, timed)
    states: dict[bytes, bytes | None] = {}
    books = {account: Books(POLICY.pack) for account in ACCOUNTS}
    given_: dict[str, AccountChange] = {}
    inputs = realise(plan)
    turns: list[Any] = []
    for item in inputs:
        key = item.record.account_id.encode()
        turns += [(key, None, at) for at in _due(states, key, item.timestamp)]
        turns.append((key, item, item.timestamp))
        for turn in turns:
            _watch(turn, control, states, given_, books)
        turns = []
    end = ALWAYS[1]
    if lifted:  # before their time, and at once
        control = Control.under(POLICY, [])
        end = (inputs[-1].timestamp if inputs else START) + 1
    for key in list(states):
        _watch((key, None, min(end, START + 400 * DAY)), control, states, given_, books)
        assert not any(p.pause for p in of_account(states, key).pending), "nothing is forgotten"


def _due(states: dict[bytes, bytes | None], key: bytes, upto: int) -> list[int]:
    """The times at which something falls due up to a time, so that each turn is seen alone."""
    state = states.get(key)
    due = engine.next_due(state) if state else 0
    return [due] if 0 < due <= upto else []


def _watch(
    turn: Any,
    control: Control,
    states: dict[bytes, bytes | None],
    given_: dict[str, AccountChange],
    books: dict[str, Books],
) -> None:
    key, item, upto = turn
    for turns in range(1_000):
        assert turns < 900, "it comes to an end"
        before = of_account(states, key)
        outcome = engine.run_due([key], states.get, control, upto, once=True)
        if not outcome.outputs:
            break
        _check(key, before, outcome, control, states, given_, books)
    if item is not None:
        before = of_account(states, key)
        if type(item.record) is AccountChange:
            given_[item.record.event_id] = item.record
        outcome = engine.run([item], states.get, control)
        _check(key, before, outcome, control, states, given_, books)


def _check(
    key: bytes,
    before: Account,
    outcome: engine.Outcome,
    control: Control,
    states: dict[bytes, bytes | None],
    given_: dict[str, AccountChange],
    books: dict[str, Books],
) -> None:
    states.update(outcome.states)
    after = of_account(states, key)
    books[key.decode()].add(outcome.outputs)
    if outcome.outputs:
        books[key.decode()].check(after)
    allowed = [
        v
        for v in of(outcome.outputs, Verdict)
        if v.decision in (Decision.ALLOW, Decision.ALLOW_LABELLED) or v.phase is Phase.APPLIED
    ]
    if told(before) == told(after):
        return
    for verdict in allowed:
        change = given_[verdict.event_id]
        if change.kind is ChangeKind.CANCELLATION or verdict.decision is Decision.HOLD:
            continue
        if verdict.cause:  # another change has replaced what was held
            continue
        in_force = control.at(verdict.decided_at).policy.pack.pauses
        subject = change.subject or before.subject or SubjectKind.INDIVIDUAL
        fields = {field for field in Field if getattr(change, field.lower()) is not None}
        for order in in_force:
            covers = (
                change.kind in order.kinds
                and (not order.fields or fields & set(order.fields))
                and (not order.subjects or subject in order.subjects)
                and (not order.accounts or key.decode() in order.accounts)
            )
            assert not covers, (order, change)


def test_nobody_is_suspended_or_closed_for_a_correction_that_a_pause_holds():
    world = paused(pause(since=START + 5 * DAY, days=60))
    world.apply(bio="contact")
    world.wait(days=6)
    world.propose("fix", bio="clean")
    world.wait(days=50)
    assert world.live() == [MeasureStep.CORRECT]
    world.wait(days=10)
    assert world.live() == []
    assert MeasureStep.SUSPEND not in [disposal.step for disposal in of(world.log, Disposal)]


@pytest.mark.obligation("CAC-15-2")
def test_a_correction_that_goes_to_a_person_after_a_pause_is_waited_for_as_any_other():
    world = paused(pause(since=START + 5 * DAY, days=60))
    world.apply(bio="contact")
    world.wait(days=6)
    world.propose("fix", bio="ministry")
    outputs = world.wait(days=60)
    assert of(outputs, Verdict)[-1].decision is Decision.HOLD
    assert world.live() == [MeasureStep.CORRECT]
    world.rule(RulingAction.APPROVE_CHANGE, "fix")
    assert world.live() == []
    assert MeasureStep.SUSPEND not in [disposal.step for disposal in of(world.log, Disposal)]


@pytest.mark.invariant("INV-13")
@pytest.mark.obligation("CAC-21-2")
def test_an_input_that_comes_late_from_before_a_pause_ends_it_for_nobody():
    world = World(Control.under(POLICY, [pause()]))
    world.now = START + HOUR + 5 * SECOND
    world.propose("e1", bio="contact")
    world.propose("e2", signature="sunny")
    world.now = START + HOUR - 2 * SECOND
    late = world.verify(VerificationKind.OCCUPATION, value="doctor")
    assert none(late, Verdict)
    assert (world.value(Field.SIGNATURE), len(world.account.pending)) == ("", 2)
    world.now = START + 2 * HOUR
    assert none(world.propose("e3", language="en"), Disposal)
    assert world.value(Field.SIGNATURE) == ""
    world.wait(days=2)
    assert world.value(Field.SIGNATURE) == "sunny"


@pytest.mark.invariant("INV-13")
def test_an_approval_with_a_time_before_a_pause_lets_nothing_by_that_the_pause_holds():
    world = World(Control.under(POLICY, [pause()]))
    world.now = START + HOUR + 5 * SECOND
    world.propose("e1", bio="sunny")
    world.now = START + HOUR - 2 * SECOND
    ruled = world.rule(RulingAction.APPROVE_CHANGE, "e1")
    assert "directive d-1 holds it" in one(ruled, AuditRecord).summary
    assert (none(ruled, Verdict), world.value(Field.BIO)) == (True, "")


def test_an_input_that_comes_late_from_an_earlier_pause_does_not_bring_that_back():
    world = paused(pause(), pause(START + HOUR + 2 * DAY, name="d-2"))
    world.propose("e1", bio="sunny")
    world.wait(days=2)
    waits_until = world.account.pending[0].due
    world.now = START + 2 * DAY
    world.verify(VerificationKind.OCCUPATION, value="doctor")
    assert (world.account.pending[0].pause, world.account.pending[0].due) == ("d-2", waits_until)


@pytest.mark.parametrize("longer", [False, True], ids=["ended", "extended"])
def test_what_a_pause_lets_go_together_has_turns_and_ids_of_its_own(longer: bool):
    world = paused()
    world.propose("b", bio="contact")
    world.propose("a", signature="contact")
    if longer:
        world.policy = Control.under(POLICY, [pause(days=5)])
    verdicts = of(world.wait(days=2), Verdict)
    assert [verdict.event_id for verdict in verdicts] == ["b", "a"]
    audits = of(world.log, AuditRecord)
    assert len({audit.audit_id for audit in audits}) == len(audits)
    world.wait(days=3)
    entries = [c.entry_id for c in of(world.log, CreditChange) if c.action is CreditAction.ADDED]
    assert len(set(entries)) == len(entries) == len(world.account.ledger) == 2
