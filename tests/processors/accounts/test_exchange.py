"""What is asked of the registry of keys, and answered, when it lies in other partitions.

Accounts and keys live in several partitions, as on a broker. Claims and answers travel between them
one record at a time, in any order that keeps each way's own order.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from processors import engine
from processors.accounts import Account, Status, decode
from processors.accounts.parking import MAX_PARKED
from processors.accounts.reviews import UNANSWERED
from processors.control import Control, Timed
from processors.keys import partition_of
from processors.policy import ImageTerms, Policy
from processors.policy.model import Pause
from schemas.errors import DeadLetterReason
from schemas.records import (
    AccountChange,
    AccountRuling,
    AccountVerification,
    ChangeKind,
    Decision,
    Disposal,
    DisposalAction,
    Escalation,
    EscalationStatus,
    Field,
    KeyClaims,
    MeasureStep,
    Phase,
    RulingAction,
    SubjectKind,
    Verdict,
    VerificationKind,
    VerificationResult,
)
from tests.effort import effort
from tests.processors.accounts.street import Street, policy, verdict
from tests.processors.accounts.world import DAY, HOUR, RULES, SECOND, START, TOPICS, of, rule

PARTITIONS = 3
MANY = policy(persons=0, organisations=0)
ACCOUNTS = tuple("abcd")


class Cluster:
    """Partitions that process when they are told to, and what travels between them."""

    policy: Policy | Control = MANY

    def __init__(self) -> None:
        self.states: list[dict[bytes, bytes | None]] = [{} for _ in range(PARTITIONS)]
        self.ways: dict[tuple[int, int, str], deque[Any]] = defaultdict(deque)
        self.outputs: list[Any] = []
        self.rejected: list[engine.Rejection] = []
        self.now = START
        self.number = 0

    def send(self, record: Any) -> None:
        """Process an input in the partition of its account; what it asks is on its way then."""
        self.now += SECOND
        self.number += 1
        place = home(record.account_id)
        self.process(
            place, engine.Input(TOPICS[type(record)], place, self.number, self.now, record)
        )

    def process(self, place: int, item: engine.Input) -> None:
        held = self.states[place]
        self._take(place, engine.run([item], held.get, self.policy))

    def _take(self, place: int, outcome: engine.Outcome) -> None:
        self.states[place].update(outcome.states)
        self.outputs += outcome.outputs
        self.rejected += outcome.rejected
        for claim in outcome.claims:
            way = (place, partition_of(claim.key, PARTITIONS), "name.claims")
            self.ways[way].append(KeyClaims(origin=place, claims=(claim,)))
        for origin, findings in outcome.answers:
            self.ways[place, origin, "account.findings"].append(findings)

    def travel(self, pick: int) -> bool:
        """One record arrives; False where nothing is on its way."""
        busy = sorted(way for way, records in self.ways.items() if records)
        if not busy:
            return False
        way = busy[pick % len(busy)]
        self.number += 1
        record = self.ways[way].popleft()
        self.process(way[1], engine.Input(way[2], way[1], self.number, self.now, record))
        return True

    def lose(self, topic: str) -> None:
        """What is on its way on a topic is set aside."""
        for way in self.ways:
            if way[2] == topic:
                self.ways[way].clear()

    def give_up(self) -> None:
        """What waits for answers has waited long enough."""
        for place, held in enumerate(self.states):
            accounts = [key for key in held if key[0]]
            outcome = engine.run_unanswered(accounts, held.get, self.policy, self.now)
            self._take(place, outcome)

    def fire(self) -> None:
        """What is due by now takes effect."""
        for place, held in enumerate(self.states):
            accounts = [key for key in held if key[0]]
            self._take(place, engine.run_due(accounts, held.get, self.policy, self.now))

    def rule(self, account: str, action: RulingAction, subject: str) -> None:
        head = {"event_id": f"ev-{self.number + 1}", "occurred_at": self.now}
        fields = {"action": action, "subject_id": subject, "reviewer_id": "rev-1", "reason": "so"}
        self.send(AccountRuling(account_id=account, **head, **fields))

    def settle(self, picks: list[int] | None = None) -> None:
        """Everything arrives, in the order of ``picks`` as far as they go."""
        for pick in picks or ():
            self.travel(pick)
        while self.travel(0):
            pass

    def change(self, account: str, **fields: Any) -> str:
        """A change; returns its event id."""
        fields.setdefault("kind", ChangeKind.EDIT)
        event = f"ev-{self.number + 1}"
        self.send(AccountChange(event_id=event, account_id=account, occurred_at=self.now, **fields))
        return event

    def register(self, account: str, token: str, name: str = "plain", **fields: Any) -> str:
        head = {"kind": ChangeKind.REGISTRATION, "name": name, "owner_token": token}
        return self.change(account, **head, **fields)

    def prove(self, account: str, kind: VerificationKind, **fields: Any) -> None:
        fields.setdefault("result", VerificationResult.VERIFIED)
        head = {"event_id": f"ev-{self.number + 1}", "occurred_at": self.now}
        self.send(AccountVerification(account_id=account, kind=kind, **head, **fields))

    def account(self, account: str) -> Account:
        state = self.states[home(account)][account.encode()]
        assert state is not None
        return decode(state)

    def decision(self, event: str) -> list[Decision]:
        """The verdicts on an event so far."""
        return [v.decision for v in of(self.outputs, Verdict) if v.event_id == event]


def home(account: str) -> int:
    """The partition of an account."""
    return ord(account) % PARTITIONS


@pytest.mark.invariant("INV-01")
def test_a_registration_has_no_verdict_before_the_last_answer_is_there():
    cluster = Cluster()
    event = cluster.register("a", "tok-a", device_token="dev")
    while cluster.account("a").pending:
        assert cluster.decision(event) == []
        assert cluster.account("a").value(Field.NAME) in (None, "")
        assert cluster.travel(0)
    assert cluster.decision(event) == [Decision.ALLOW]
    assert cluster.account("a").value(Field.NAME) == "plain"


def test_a_renamed_account_keeps_its_name_until_the_answer():
    cluster = Cluster()
    cluster.register("a", "tok-a")
    cluster.settle()
    event = cluster.change("a", name="sunny")
    assert cluster.account("a").value(Field.NAME) == "plain"
    assert cluster.decision(event) == []
    cluster.settle()
    assert cluster.account("a").value(Field.NAME) == "sunny"


def test_what_does_not_concern_others_asks_nothing():
    cluster = Cluster()
    cluster.register("a", "tok-a")
    cluster.settle()
    event = cluster.change("a", bio="tea", avatar="img", device_token="dev", avatar_hash="look")
    assert cluster.decision(event) == [Decision.ALLOW]
    assert not cluster.travel(0)


@pytest.mark.obligation("CAC-08-2")
@pytest.mark.parametrize("pick", [0, -1])
def test_of_two_institutions_that_race_for_a_name_the_one_whose_claim_comes_first_gets_it(pick):
    cluster, events = Cluster(), []
    for account, legal in (("a", "Hill Books Ltd"), ("b", "Hill Books Inc")):
        cluster.prove(account, VerificationKind.INSTITUTION, value=legal)
        fields = {"subject": SubjectKind.INSTITUTION}
        events.append(cluster.register(account, f"tok-{account}", "Hill Books", **fields))
    assert [cluster.decision(event) for event in events] == [[], []]
    while cluster.travel(pick):
        pass
    assert sorted(cluster.decision(events[0]) + cluster.decision(events[1])) == [
        Decision.ALLOW,
        Decision.HOLD,
    ]


def test_changes_behind_a_registration_wait_with_it_and_keep_their_order():
    cluster = Cluster()
    cluster.register("a", "tok-a")
    bios = [cluster.change("a", bio=f"tea {n}") for n in range(3)]
    assert [cluster.decision(event) for event in bios] == [[], [], []]
    cluster.settle()
    assert [cluster.decision(event) for event in bios] == [[Decision.ALLOW]] * 3
    assert cluster.account("a").value(Field.BIO) == "tea 2"
    assert cluster.account("a").parked == []


@pytest.mark.parametrize("by_the_clock", [False, True])
def test_changes_behind_a_registration_that_a_pause_lets_go_wait_with_it(by_the_clock: bool):
    cluster = Cluster()
    until = START + DAY
    pause = Pause("d-1", "An order.", until, (ChangeKind.REGISTRATION,))
    cluster.policy = Control.under(MANY, [Timed(START, until, pause)])
    cluster.register("a", "tok-a")
    cluster.now = until
    if by_the_clock:
        cluster.fire()
    bios = [cluster.change("a", bio=f"tea {n}") for n in range(2)]
    cluster.settle()
    assert [cluster.decision(event) for event in bios] == [[Decision.ALLOW]] * 2
    assert cluster.account("a").value(Field.BIO) == "tea 1"


def test_changes_that_wait_for_one_registration_after_another_keep_their_order():
    cluster = Cluster()
    until = START + DAY
    pause = Pause("d-1", "An order.", until, (ChangeKind.REGISTRATION,))
    cluster.policy = Control.under(MANY, [Timed(START + HOUR, until, pause)])
    cluster.register("a", "tok-a")
    cluster.lose("name.claims")
    cluster.now = START + 2 * HOUR
    cluster.register("a", "tok-a", "sunny")
    cluster.now = until
    bios = [cluster.change("a", bio=f"tea {n}") for n in range(3)]
    cluster.give_up()
    cluster.settle()
    assert [cluster.decision(event) for event in bios] == [[Decision.ALLOW]] * 3
    account = cluster.account("a")
    assert (account.value(Field.NAME), account.value(Field.BIO)) == ("sunny", "tea 2")


def test_changes_behind_a_registration_that_ends_otherwise_do_not_wait_for_ever():
    cluster = Cluster()
    registration = cluster.register("a", "tok-a")
    bio = cluster.change("a", bio="tea")
    cluster.prove("a", VerificationKind.IDENTITY, result=VerificationResult.FAILED)
    assert cluster.decision(registration) == [Decision.REFUSE]
    assert cluster.decision(bio) == [Decision.REFUSE]
    cluster.settle()
    assert cluster.decision(registration) == [Decision.REFUSE], "the answers come too late"
    assert cluster.account("a").claimed == []


def test_a_deadline_between_changes_that_waited_lets_no_later_one_by():
    cluster = Cluster()
    looked_at = rule("pictured", Decision.REFUSE, detector="contact", fields=(Field.AVATAR,))
    images = ImageTerms(required=(Field.AVATAR,), wait_minutes=10)
    rules = (*MANY.pack.rules, looked_at)
    cluster.policy = Policy(replace(MANY.pack, rules=rules, images=images))
    cluster.register("a", "tok-a")
    start = cluster.now
    events = []
    for minutes, fields in ((60, {"avatar": "img"}), (75, {"bio": "tea"}), (80, {"bio": "milk"})):
        cluster.now = start + minutes * 60 * SECOND
        events.append(cluster.change("a", **fields))
    cluster.settle()
    firsts = [v.event_id for v in of(cluster.outputs, Verdict) if v.revision == 1]
    assert firsts[1:] == events
    assert cluster.account("a").value(Field.BIO) == "milk"
    cluster.outputs.clear()
    again = {"event_id": events[-1], "account_id": "a", "occurred_at": cluster.now}
    cluster.send(AccountChange(**again, kind=ChangeKind.EDIT, bio="milk"))
    assert cluster.outputs == [], "each is still known, should it come again"


def test_a_flood_behind_a_registration_is_set_aside_beyond_what_is_kept():
    cluster = Cluster()
    cluster.register("a", "tok-a")
    for number in range(MAX_PARKED + 1):
        cluster.change("a", bio=f"tea {number}")
    assert [r.reason for r in cluster.rejected] == [DeadLetterReason.ACCOUNT_BUSY]
    cluster.settle()
    assert cluster.account("a").value(Field.BIO) == f"tea {MAX_PARKED - 1}"


def test_a_newer_name_takes_over_from_one_that_waits_for_its_answer():
    cluster = Cluster()
    cluster.register("a", "tok-a")
    cluster.settle()
    first, second = cluster.change("a", name="sunny"), cluster.change("a", name="rainy")
    cluster.settle()
    assert cluster.decision(first) == [Decision.REFUSE]
    assert cluster.decision(second) == [Decision.ALLOW]
    assert cluster.account("a").value(Field.NAME) == "rainy"


# -- answers that do not come -------------------------------------------------------------------


@pytest.mark.obligation("CAC-10-3a")
@pytest.mark.invariant("INV-02")
def test_what_is_not_answered_in_time_goes_to_a_person_once_and_is_not_visible():
    cluster = Cluster()
    event = cluster.register("a", "tok-a")
    bio = cluster.change("a", bio="tea")
    cluster.lose("name.claims")
    cluster.give_up()
    cluster.give_up()
    (held,) = [v for v in of(cluster.outputs, Verdict) if v.event_id == event]
    assert (held.decision, held.reason) == (Decision.HOLD, UNANSWERED)
    (asked,) = of(cluster.outputs, Escalation)
    assert asked.subject_id == event
    assert UNANSWERED in asked.reason
    assert cluster.account("a").value(Field.NAME) in (None, "")
    assert cluster.decision(bio) == [Decision.REFUSE], "what waited behind it does not wait on"


def test_what_is_asked_only_now_because_something_was_not_answered_is_waited_for():
    cluster = Cluster()
    first, second = cluster.register("a", "tok-a"), cluster.register("a", "tok-b")
    cluster.lose("name.claims")
    cluster.give_up()
    assert cluster.decision(first) == [Decision.HOLD, Decision.REFUSE], "the newer one replaces it"
    assert cluster.decision(second) == []
    cluster.settle()
    assert cluster.decision(second) == [Decision.ALLOW]


def test_an_answer_that_comes_late_decides_unless_a_person_has():
    cluster = Cluster()
    first, second = cluster.register("a", "tok-a"), cluster.register("b", "tok-b")
    cluster.travel(0)
    cluster.give_up()
    cluster.rule("b", RulingAction.REJECT_CHANGE, second)
    cluster.settle()
    assert cluster.decision(first) == [Decision.HOLD, Decision.ALLOW]
    assert cluster.decision(second) == [Decision.HOLD, Decision.REFUSE]
    statuses = [e.status for e in of(cluster.outputs, Escalation) if e.subject_id == first]
    assert statuses == [EscalationStatus.OPENED, EscalationStatus.CLOSED]


@pytest.mark.obligation("CAC-10-3a")
@pytest.mark.invariant("INV-06")
def test_a_person_cannot_let_a_barred_identity_in_for_want_of_an_answer():
    cluster = Cluster()
    cluster.register("a", "tok-a")
    cluster.settle()
    cluster.change("a", bio="fraud", phase=Phase.APPLIED)
    cluster.settle()
    assert cluster.account("a").status is Status.CLOSED
    event = cluster.register("b", "tok-a")
    cluster.lose("name.claims")
    cluster.give_up()
    cluster.rule("b", RulingAction.APPROVE_CHANGE, event)
    assert cluster.decision(event) == [Decision.HOLD], "it asks once more before it is allowed"
    cluster.settle()
    assert cluster.decision(event) == [Decision.HOLD, Decision.REFUSE]


def test_a_late_answer_does_not_count_for_what_was_asked_again():
    cluster = Cluster()
    event = cluster.register("a", "tok-a")
    late = {way: list(records) for way, records in cluster.ways.items()}
    cluster.lose("name.claims")
    cluster.give_up()
    cluster.rule("a", RulingAction.APPROVE_CHANGE, event)
    again = {way: list(records) for way, records in cluster.ways.items()}
    cluster.lose("name.claims")
    for way, records in late.items():
        cluster.ways[way].extend(records)
    cluster.settle()
    assert cluster.decision(event) == [Decision.HOLD]
    for way, records in again.items():
        cluster.ways[way].extend(records)
    cluster.settle()
    assert cluster.decision(event) == [Decision.HOLD, Decision.ALLOW]


@pytest.mark.obligation("CAC-10-1")
@pytest.mark.parametrize("again", [True, False])
def test_what_a_person_approved_stays_approved_however_late_the_answer_comes(again):
    cluster = Cluster()
    event = cluster.register("a", "tok-a", "doctor lee")
    cluster.rule("a", RulingAction.APPROVE_CHANGE, event)
    cluster.give_up()
    if again:
        cluster.rule("a", RulingAction.APPROVE_CHANGE, event)
    cluster.settle()
    assert cluster.decision(event) == [Decision.NEED_MATERIAL, Decision.HOLD, Decision.ALLOW]
    cluster.prove("a", VerificationKind.CONTACT, token="tel-1")
    revoked = VerificationResult.REVOKED
    cluster.prove("a", VerificationKind.CONTACT, token="tel-1", result=revoked)
    cluster.settle()
    assert of(cluster.outputs, Disposal) == [], "the end of a proof has all verified anew"


@pytest.mark.obligation("CAC-10-2")
@pytest.mark.invariant("INV-03")
def test_a_late_answer_does_not_release_what_is_held_strictly_since_one_person_approved_it():
    cluster = Cluster()
    event = cluster.register("a", "tok-a", "doctor lee")
    cluster.rule("a", RulingAction.APPROVE_CHANGE, event)
    cluster.give_up()
    strict = tuple(replace(r, decision=Decision.STRICT_HOLD) for r in RULES if r.id == "doctor")
    cluster.policy = Policy(replace(MANY.pack, rules=strict, hash="a" * 64))
    cluster.prove("a", VerificationKind.CONTACT, token="tel-1")
    assert cluster.decision(event)[-1] is Decision.STRICT_HOLD
    cluster.settle()
    assert cluster.decision(event)[-1] is Decision.STRICT_HOLD
    assert cluster.account("a").value(Field.NAME) in (None, "")


@pytest.mark.obligation("CAC-10-1")
def test_a_late_answer_does_not_release_what_is_found_since_one_person_approved_it():
    cluster = Cluster()
    cluster.prove("a", VerificationKind.INSTITUTION, value="ministry")
    event = cluster.register("a", "tok-a", "harbour office ministry")
    cluster.rule("a", RulingAction.APPROVE_CHANGE, event)
    cluster.give_up()
    revoked = VerificationResult.REVOKED
    cluster.prove("a", VerificationKind.INSTITUTION, value="ministry", result=revoked)
    (waiting,) = cluster.account("a").pending
    assert waiting.rules == [("ministry", Field.NAME)], "who rejects it charges nothing set aside"
    cluster.settle()
    assert cluster.decision(event)[-1] is Decision.HOLD
    cluster.rule("a", RulingAction.APPROVE_CHANGE, event)
    cluster.settle()
    assert cluster.decision(event)[-1] is Decision.ALLOW
    assert cluster.account("a").approvals[0].rules == ["organs", "ministry"]


# -- random histories ---------------------------------------------------------------------------

steps = st.one_of(
    st.tuples(
        st.just("register"),
        st.sampled_from(ACCOUNTS),
        st.sampled_from(("tok-1", "tok-2", "tok-3")),
        st.sampled_from(("plain", "sunny")),
    ),
    st.tuples(st.just("rename"), st.sampled_from(ACCOUNTS), st.sampled_from(("plain", "wind"))),
    st.tuples(st.just("cancel"), st.sampled_from(ACCOUNTS)),
    st.tuples(st.just("close"), st.sampled_from(ACCOUNTS), st.sampled_from((1, 30, 100))),
    st.tuples(st.just("wait"), st.sampled_from((0.5, 2, 40))),
)
histories = st.lists(steps, min_size=4, max_size=25)


def live_on(street: Street, step: tuple[Any, ...]) -> list[Any]:
    """One step of a history."""
    if step[0] == "register":
        return street.register(*step[1:])
    if step[0] == "rename":
        return street.rename(*step[1:])
    if step[0] == "cancel":
        return street.cancel(step[1])
    if step[0] == "close":
        return street.close(step[1], step[2], Field.BIO)
    return street.wait(step[1])


class Bars:
    """What the disposals say of bars, by the identity under which the closed ones were registered.

    Knows nothing of the registry.
    """

    def __init__(self) -> None:
        self.owner: dict[str, str] = {}
        self.left: dict[str, tuple[str, int]] = {}

    def learn(self, street: Street, outputs: list[Any]) -> None:
        for record in of(outputs, Disposal):
            account = record.account_id
            if record.step is MeasureStep.BAR and record.action is not DisposalAction.LIFT:
                owner = street.account(account).owner
                if owner:
                    self.left[account] = owner, record.ends_at or 0
            elif record.step is MeasureStep.CLOSE and record.action is DisposalAction.LIFT:
                self.left.pop(account, None)

    def on(self, token: str, but: str) -> list[int]:
        """When bars on an identity end, those of other accounts."""
        return [until for a, (owner, until) in self.left.items() if owner == token and a != but]


@pytest.mark.invariant("INV-06")
@given(histories)
@effort(150)
def test_a_barred_identity_is_refused_then_held_strictly_and_cancelling_bars_nothing(history):
    street, bars = Street(MANY), Bars()
    for step in history:
        before = street.states.get(step[1].encode()) if step[0] == "register" else None
        closed = before is not None and decode(before).status.name == "CLOSED"
        opened = before is not None and decode(before).status.name in ("OPEN", "AWAITING")
        outputs = live_on(street, step)
        bars.learn(street, outputs)
        if step[0] != "register" or closed or opened:
            continue
        said, left = verdict(outputs), bars.on(step[2], step[1])
        if any(not until or until > street.now for until in left):
            assert said.decision is Decision.REFUSE
            assert "CAC-10-3a" in said.reason
        elif left:
            assert said.decision is Decision.STRICT_HOLD
        else:
            assert said.decision is Decision.ALLOW, said.reason


@given(histories, st.lists(st.integers(0, 50), max_size=60))
@effort(100)
def test_whatever_the_order_in_which_answers_come_nothing_waits_for_ever(history, picks):
    cluster, picks = Cluster(), list(picks)
    for step in history:
        kind, *rest = step
        if kind == "register":
            cluster.register(rest[0], rest[1], rest[2])
        elif kind == "rename":
            cluster.change(rest[0], name=rest[1])
        elif kind == "cancel":
            cluster.change(rest[0], kind=ChangeKind.CANCELLATION)
        for _ in range(2):
            cluster.travel(picks.pop() if picks else 0)
        if picks and picks[-1] % 5 == 0:
            cluster.give_up()
    cluster.settle(picks)
    for account in ACCOUNTS:
        if account.encode() in cluster.states[home(account)]:
            found = cluster.account(account)
            assert not found.parked
            assert all(p.asks <= 0 for p in found.pending)
    asked = {v.event_id for v in of(cluster.outputs, Verdict)}
    assert len(asked) == len({v.event_id for v in of(cluster.outputs, Verdict) if v.revision == 1})


@given(histories)
@effort(60)
def test_answers_from_elsewhere_come_to_the_same_as_answers_at_once(history):
    street, cluster = Street(MANY), Cluster()
    for step in history:
        if step[0] in ("close", "wait"):
            continue
        cluster.now = street.now
        live_on(street, step)
        cluster.number = len(street.inputs) - 1
        record = street.inputs[-1].record
        cluster.send(record)
        cluster.settle()
    said = [(v.event_id, v.revision, v.decision, v.decided_at) for v in of(street.log, Verdict)]
    assert said == [
        (v.event_id, v.revision, v.decision, v.decided_at) for v in of(cluster.outputs, Verdict)
    ]
    for account in ACCOUNTS:
        if account.encode() in street.states:
            assert street.account(account).claimed == cluster.account(account).claimed
    together: dict[bytes, bytes | None] = {}
    for held in cluster.states:
        together.update(held)
    keys = {key: state for key, state in street.states.items() if not key[0] and state}
    assert keys == {key: state for key, state in together.items() if not key[0] and state}
