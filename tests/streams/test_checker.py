"""The checker finds what it is there to find, and nothing in a run that is sound."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest
from msgspec.structs import replace

from processors import engine
from processors.accounts.brakes import decode_counters
from processors.keys import is_registry_key
from processors.policy import BrakeTerms, Policy
from schemas.codec import decode, encode
from schemas.records import (
    AccountChange,
    ChangeKind,
    Escalation,
    EscalationKind,
    KeyClaims,
    MeasureStep,
    Verdict,
)
from streams.checker import Checker, Report
from streams.dead_letters import REQUEUED
from streams.packs import load_policy
from streams.processing import HEADER_PREFIX
from streams.reserved import POSITIONS
from streams.settings import Settings
from streams.simulate import Simulation
from streams.topics import changelog_topic, topic_of

START = 1_760_000_000_000
DAY_MS = 86_400_000
SETTINGS = Settings(partitions=1)


class Message(NamedTuple):
    """What a consumer gives, as far as the checker asks."""

    at_topic: str
    at_offset: int
    its_key: bytes | None
    its_value: bytes | None
    its_time: int = START
    its_headers: tuple[tuple[str, bytes], ...] = ()

    def topic(self) -> str:
        return self.at_topic

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.at_offset

    def key(self) -> bytes | None:
        return self.its_key

    def value(self) -> bytes | None:
        return self.its_value

    def timestamp(self) -> tuple[int, int]:
        return (2, self.its_time)

    def headers(self) -> list[tuple[str, bytes]]:
        return list(self.its_headers)


class Run:
    """A finished run on one partition, made by the pure engine, to be spoilt by tests.

    One that is ``forgetful`` fires no deadline of an account to which nothing comes.
    """

    def __init__(
        self,
        policy: Policy,
        records: list[tuple[str, Any]],
        aside: str | None = None,
        *,
        forgetful: bool = False,
    ) -> None:
        self.policy = policy
        self.messages: list[Message] = []
        self._ends: defaultdict[str, int] = defaultdict(int)
        self._states: dict[bytes, bytes | None] = {}
        self._aside = aside
        self._set_aside: list[Any] = []
        for topic, record in records:
            at = record.occurred_at
            offset = self.add(topic, record.account_id.encode(), encode(record), at)
            self.apply(engine.Input(topic, 0, offset, at, record))
            if not forgetful:
                self.fire(at)

    def apply(self, given: engine.Input) -> None:
        """What a worker would write for an input, and for what it then sends itself."""
        outcome = engine.run([given], self._states.get, self.policy)
        for _, reason, detail in outcome.rejected:
            self.bury(given.topic, given.offset, reason, detail)
        self.take(outcome)

    def fire(self, upto: int) -> None:
        """What a worker would write where event time has come so far."""
        states = self._states.items()
        due = [k for k, state in states if k[0] and state and 0 < engine.next_due(state) <= upto]
        if due:
            self.take(engine.run_due(due, self._states.get, self.policy, upto))

    def take(self, outcome: engine.Outcome) -> None:
        """What a worker would write in a transaction, and for what it then sends itself."""
        self._states.update(outcome.states)
        self.write(outcome)
        sent = [KeyClaims(origin=0, claims=tuple(outcome.claims))] if outcome.claims else []
        for record in (*sent, *(answer.findings for answer in outcome.answers)):
            self.send(record)

    def send(self, record: Any) -> None:
        """What a task sends another one; the topic ``aside`` is one that sets aside what comes."""
        topic = topic_of(type(record)).name
        offset = self.add(topic, None, encode(record))
        if topic == self._aside:
            self.bury(topic, offset, "TIME_IN_FUTURE")
            self._set_aside.append(record)
        else:
            self.apply(engine.Input(topic, 0, offset, 0, record))

    def send_again(self) -> None:
        """Send what was set aside once more, and set nothing aside from here on."""
        self._aside = None
        for record in self._set_aside:
            self.send(record)

    def write(self, outcome: engine.Outcome) -> None:
        """The outputs and states of a transaction."""
        for output in outcome.outputs:
            self.add(topic_of(type(output)).name, output.account_id.encode(), encode(output))
        for key, value in outcome.states.items():
            self.add(changelog_topic(SETTINGS), key, value)
        self.add(changelog_topic(SETTINGS), POSITIONS, msgspec.json.encode(self._ends))

    def add(self, topic: str, key: bytes | None, value: bytes | None, at: int = START) -> int:
        """Append a message; returns its offset."""
        offset = self._ends[topic]
        self._ends[topic] += 1
        self.messages.append(Message(topic, offset, key, value, at))
        return offset

    def bury(self, topic: str, offset: int, reason: str, detail: str = "") -> None:
        """Append a dead letter."""
        told = {
            "reason": reason,
            "error": detail,
            "topic": topic,
            "partition": "0",
            "offset": str(offset),
            "timestamp": str(START),
        }
        headers = tuple((HEADER_PREFIX + name, text.encode()) for name, text in told.items())
        self.messages.append(Message("dead.letters", len(self.messages), b"", b"", START, headers))

    def next_due(self, account: str) -> int:
        """When the next deadline of an account falls due."""
        return engine.next_due(self._states[account.encode()] or b"")

    def place(self, wanted: Callable[[Message], bool]) -> int:
        """Place of the first message of a kind in `messages`."""
        return next(i for i, message in enumerate(self.messages) if wanted(message))

    def check(self) -> Report:
        checker = Checker(SETTINGS, self.policy)
        checker.collect(self.messages)
        return checker.compare()


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(SETTINGS)


@pytest.fixture
def run(policy: Policy) -> Run:
    simulation = Simulation(accounts=40, start=START, step_ms=60_000, offenders=4)
    return Run(policy, list(simulation.events(800)))


def found(report: Report) -> set[str]:
    return {problem for problem, count in report.problems.items() if count}


def is_account(key: bytes | None) -> bool:
    return key is not None and not key.startswith(b"\0")


def is_verdict(message: Message) -> bool:
    return message.at_topic == "account.verdicts"


def is_verdict_at_once(message: Message) -> bool:
    """On a change that asked for nothing of other accounts."""
    found = decode(Verdict, message.its_value or b"") if is_verdict(message) else None
    alone = found is not None and not (found.cause or found.unchecked)
    return found is not None and alone and found.kind is ChangeKind.EDIT


def edit(
    event_id: str, at: int = START, account: str = "a", **values: Any
) -> tuple[str, AccountChange]:
    change = AccountChange(
        event_id=event_id,
        account_id=account,
        occurred_at=at,
        kind=ChangeKind.EDIT,
        **values,
    )
    return "account.changes", change


def test_a_sound_run_has_no_problem(run: Run) -> None:
    report = run.check()
    assert found(report) == set(), report.examples
    assert report.ok
    assert (report.inputs, report.accounts) == (800, 40)
    assert report.duplicates > 0
    assert report.outputs > 800


def test_a_missing_answer_is_lost(run: Run) -> None:
    at = run.place(is_verdict_at_once)
    event = decode(Verdict, run.messages[at].its_value or b"").event_id
    del run.messages[at]
    report = run.check()
    assert {"lost", "outputs"} <= found(report)
    assert report.lost
    assert event in report.examples["lost"][0]


def test_an_answer_across_accounts_that_never_came_is_lost(policy: Policy) -> None:
    run = Run(policy, [edit("x", name="小鱼")])
    assert run.check().ok
    del run.messages[run.place(lambda m: m.at_topic == "account.findings") :]
    report = run.check()
    assert found(report) == {"lost", "claims"}
    assert report.examples["lost"] == ["a x: waits for an answer across accounts"]


def test_an_answer_that_the_claims_do_not_give_is_told(run: Run) -> None:
    at = run.place(lambda m: m.at_topic == "account.findings")
    run.messages.append(run.messages[at]._replace(at_offset=10**6))
    assert "claims" in found(run.check())


def test_a_state_of_a_key_that_the_claims_do_not_give_is_told(run: Run) -> None:
    at = run.place(
        lambda m: m.at_topic == changelog_topic(SETTINGS) and is_registry_key(m.its_key or b"")
    )
    run.messages.append(run.messages[at]._replace(its_value=b"\x92\x90\x90"))
    assert found(run.check()) == {"claims"}


def test_an_answer_that_stands_twice_is_doubled(run: Run) -> None:
    run.messages.append(run.messages[run.place(is_verdict)])
    report = run.check()
    assert {"doubled", "outputs"} <= found(report)
    assert report.doubled == 1


def test_an_input_that_took_effect_twice_is_doubled(policy: Policy) -> None:
    run = Run(policy, [edit("x", bio="小鱼")])
    verdict = decode(Verdict, run.messages[run.place(is_verdict)].its_value or b"")
    again = Verdict(
        **{f: getattr(verdict, f) for f in verdict.__struct_fields__} | {"account_seq": 2}
    )
    run.add("account.verdicts", b"a", encode(again))
    assert run.check().doubled == 2  # the same verdict, under a second number


def test_a_state_that_no_replay_gives_is_told(run: Run) -> None:
    at = run.place(lambda m: m.at_topic == changelog_topic(SETTINGS) and is_account(m.its_key))
    key = run.messages[at].its_key
    run.messages.append(run.messages[at]._replace(at_offset=10**6))  # an old state came back
    report = run.check()
    assert "state" in found(report)
    assert (key or b"").decode() in report.examples["state"][0]


def test_a_lost_state_is_told(run: Run) -> None:
    at = run.place(lambda m: m.at_topic == changelog_topic(SETTINGS) and is_account(m.its_key))
    key = run.messages[at].its_key
    run.messages = [
        m for m in run.messages if m.its_key != key or m.at_topic != changelog_topic(SETTINGS)
    ]
    assert "state" in found(run.check())


def test_outputs_out_of_order_are_told(policy: Policy) -> None:
    run = Run(policy, [edit("x", bio="小鱼"), edit("y", bio="大鱼")])
    first, second = (i for i, m in enumerate(run.messages) if is_verdict(m))
    run.messages[first], run.messages[second] = run.messages[second], run.messages[first]
    assert found(run.check()) == {"outputs"}


def test_inputs_applied_out_of_order_are_told(policy: Policy) -> None:
    run = Run(policy, [edit("x", bio="小鱼"), edit("y", bio="大鱼")])
    first, second = (i for i, m in enumerate(run.messages) if m.at_topic == "account.changes")
    one, two = run.messages[first], run.messages[second]
    run.messages[first] = one._replace(its_value=two.its_value)
    run.messages[second] = two._replace(its_value=one.its_value)
    assert "order" in found(run.check())


def test_an_output_under_another_key_is_told(run: Run) -> None:
    at = run.place(is_verdict)
    run.messages[at] = run.messages[at]._replace(its_key=b"somebody else")
    assert found(run.check()) == {"order"}


def test_a_dead_letter_answers_its_input(policy: Policy) -> None:
    run = Run(policy, [edit("x", bio="长" * 30_000)])
    run.bury("account.changes", run.add("account.changes", b"a", b"\xff"), "UNDECODABLE")
    report = run.check()
    assert report.ok, report.examples
    assert report.dead_letters == 2


def test_an_undecodable_input_without_dead_letter_is_lost(policy: Policy) -> None:
    run = Run(policy, [edit("x", bio="小鱼")])
    run.add("account.changes", b"a", b"\xff")
    assert found(run.check()) == {"lost"}


def test_two_dead_letters_of_one_input_are_doubled(policy: Policy) -> None:
    run = Run(policy, [edit("x", bio="长" * 30_000)])
    run.bury("account.changes", 0, "OVERSIZE_FIELD")
    assert found(run.check()) == {"doubled"}


def test_an_input_both_answered_and_set_aside_is_doubled(policy: Policy) -> None:
    run = Run(policy, [edit("x", bio="小鱼")])
    run.bury("account.changes", 0, "PROCESSING_FAILED")
    assert "doubled" in found(run.check())


def test_a_letter_that_was_sent_again_and_answered_is_sound(policy: Policy) -> None:
    run = Run(policy, [])
    topic, change = edit("x", name="小鱼")
    run.bury(topic, run.add(topic, b"a", encode(change)), "PROCESSING_FAILED")
    mark = ((REQUEUED, b"0:0"),)
    run.messages.append(Message("dead.letters", 1, b"a", None, START, mark))
    offset = run.add(topic, b"a", encode(change))
    run.apply(engine.Input(topic, 0, offset, START, change))
    report = run.check()
    assert report.ok, report.examples
    assert (report.dead_letters, report.duplicates) == (1, 1)


@pytest.mark.parametrize("topic", ["name.claims", "account.findings"])
def test_what_tasks_sent_each_other_and_was_sent_again_is_sound(policy: Policy, topic: str) -> None:
    """One record of an exchange between accounts is set aside, and sent again at the end."""
    run = Run(policy, [edit("x", name="小鱼")], aside=topic)
    assert run.check().lost == 1, "what is set aside and not sent again is waited for"
    run.send_again()
    assert run.check().ok, run.check().examples
    assert run.check().dead_letters == 1


def test_deadlines_that_fired_are_replayed(policy: Policy) -> None:
    held = edit("x", name="华为终端")
    much_later = edit("y", START + 30 * DAY_MS, avatar="img/1.png")
    report = Run(policy, [held, much_later]).check()
    assert report.ok, report.examples


def test_a_deadline_that_did_not_fire_is_lost(policy: Policy) -> None:
    """An account to which nothing comes any more, in a partition that goes on."""
    held = edit("x", name="华为终端")
    alone = Run(policy, [held])
    assert alone.check().ok
    due = alone.next_due("a")
    for late, said in ((299_999, set()), (300_000, {"lost"})):
        # No input is taken that is more than five minutes ahead of the worker's clock.
        records = [held, edit("y", due + late, account="b", avatar="img/1.png")]
        assert Run(policy, records).check().ok
        report = Run(policy, records, forgetful=True).check()
        assert found(report) == said, report.examples
    assert report.lost == 1
    assert report.examples["lost"][0].startswith(f"a: what was due at {due} has not fired")


def test_a_deadline_that_came_with_the_last_inputs_has_yet_to_fire(policy: Policy) -> None:
    """It is known to the next transaction, however far these inputs had gone."""
    late = edit("y", START + 30 * DAY_MS, account="b", avatar="img/1.png")
    run = Run(policy, [late, edit("x", name="华为终端")], forgetful=True)
    assert run.check().ok, run.check().examples


def test_deadlines_set_aside_are_no_inputs(policy: Policy) -> None:
    much_later = edit("y", START + 30 * DAY_MS, account="b", avatar="img/1.png")
    run = Run(policy, [edit("x", name="华为终端"), much_later], forgetful=True)
    for _ in range(2):
        run.bury("", -1, "PROCESSING_FAILED")
        run.messages[-1] = run.messages[-1]._replace(
            its_key=b"a",
            its_headers=tuple(
                (name, b"-1" if name.endswith("partition") else value)
                for name, value in run.messages[-1].its_headers
            ),
        )
    assert run.check().ok


def test_the_examples_of_a_problem_are_few(run: Run) -> None:
    run.messages = [m for m in run.messages if not is_verdict(m)]
    report = run.check()
    assert report.problems["lost"] > 100
    assert len(report.examples["lost"]) == 5


@pytest.fixture
def braked_run(policy: Policy) -> Run:
    """A run in which both brakes held."""
    brakes = BrakeTerms(least_changes=20, share=0.02, quotas={MeasureStep.CORRECT: 3})
    rules = tuple(
        replace(rule, since=START) if rule.id == "contacts.individual" else rule
        for rule in policy.pack.rules
    )
    braked = Policy(replace(policy.pack, rules=rules, brakes=brakes))
    simulation = Simulation(accounts=40, start=START, step_ms=60_000, offenders=12)
    return Run(braked, list(simulation.events(800)))


def test_a_run_in_which_the_brakes_held_is_sound(braked_run: Run):
    escalations = [
        decode(Escalation, m.its_value or b"")
        for m in braked_run.messages
        if m.at_topic == "complaint.escalations"
    ]
    assert EscalationKind.BRAKE in {e.kind for e in escalations}
    report = braked_run.check()
    assert report.ok, report.examples


def test_a_quota_that_was_counted_wrongly_is_found(braked_run: Run):
    last = max(i for i, m in enumerate(braked_run.messages) if m.its_key == engine.BRAKES)
    counters = decode_counters(braked_run.messages[last].its_value or b"")
    counters.quotas = {MeasureStep.CORRECT: dict.fromkeys(counters.quotas[MeasureStep.CORRECT], 1)}
    value = bytes(8) + msgspec.msgpack.encode(counters)
    braked_run.messages[last] = braked_run.messages[last]._replace(its_value=value)
    report = braked_run.check()
    assert found(report) == {"state"}
    assert "CORRECT began, 1 are counted" in report.examples["state"][0]


def test_a_brake_that_the_state_does_not_know_is_found(braked_run: Run):
    braked_run.messages = [m for m in braked_run.messages if m.its_key != engine.BRAKES]
    assert {"state", "outputs"} <= found(braked_run.check())
