"""Some accounts under the engine, the log of their inputs, and somebody who watches every turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from processors import engine
from processors.accounts import Account, decode, encode
from processors.policy import DutyTerms, Facet, Policy, ReportTerms
from schemas.records import (
    AuthorityReport,
    ChangeKind,
    ComplaintCategory,
    Decision,
    Disposal,
    MeasureStep,
    Phase,
    RulingAction,
    SubjectKind,
    VerificationKind,
    VerificationResult,
)
from tests.effort import effort
from tests.processors.accounts.world import DAY, HOUR, POLICY, SECOND, START, TOPICS, make_pack
from tests.processors.histories import (
    ACCOUNTS,
    CODE,
    REGIONS,
    WORDS,
    Known,
    appeals,
    build,
    changes,
    complaints,
    rulings,
    verifications,
)

_BASE = make_pack()
_STRICTER = {"C": Decision.HOLD, "D": Decision.STRICT_HOLD}
OWING = Policy(
    make_pack(
        duties=DutyTerms(agreement=True, identity=True, page=tuple(Facet), unseen=True),
        credit=replace(
            _BASE.credit,
            levels=tuple(replace(v, review=_STRICTER.get(v.name)) for v in _BASE.credit.levels),
            repair_days=30,
            repair_points=20,
        ),
        complaints=replace(_BASE.complaints, evidence_for=(ComplaintCategory.IMPERSONATION,)),
        report=ReportTerms(confirm=True),
    )
)
"""A policy under which accounts owe an agreement, an identity and a whole page, are reviewed at low
credit, and see it repaired over clean time; some complaints need evidence, and reports are awaited.
"""

PATIENCE = 500 * DAY
BACKLOG = 6
"""Inputs that wait at most, so that what is sent again is still among the last that are known."""


class Turn(NamedTuple):
    """What one input, or one moment's deadlines where ``item`` is None, did to one account."""

    account_id: str
    item: engine.Input | None
    before: Account
    after: Account
    outputs: list[Any]


class Watcher:
    """Sees every turn of every account in order, and the end, when no deadline is left.

    ``witnessed`` counts the cases that it is about.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.witnessed = 0

    def see(self, turn: Turn) -> None:
        """A turn was taken."""

    def end(self, town: Town) -> None:
        """Nothing more will come."""


class Town:
    """Accounts whose inputs come late, twice, in batches, before and after restarts."""

    def __init__(self, policy: Policy, watcher: Watcher, *, late: bool = True) -> None:
        self.policy = policy
        self.watcher = watcher
        self.now = START
        self.states: dict[bytes, bytes | None] = {}
        self.log: list[engine.Input] = []
        self.outputs: dict[str, list[Any]] = defaultdict(list)
        self.waiting: list[engine.Input] = []
        self._late = late
        self._fired = START
        self._known: dict[str, Known] = defaultdict(Known)
        self._number = 0

    def receive(self, account: str, kind: str, fields: dict[str, Any], late: int = 0) -> None:
        """An input comes, perhaps with a time before that of others.

        In a town that is not ``late``, as in a worker, the clock fires only up to where the inputs
        are processed: that is what lets a replay take the same turns.
        """
        self.now += SECOND
        at = max(START if self._late else self._fired, self.now - late)
        self._number += 1
        record = build(kind, self._number, account, at, fields, self._known[account])
        self._queue(engine.Input(TOPICS[type(record)], 0, self._number, at, record))

    def repeat(self, back: int) -> None:
        """One of the last inputs is delivered again."""
        self._queue(self.log[-1 - back % min(len(self.log), BACKLOG)])

    def process(self, size: int) -> None:
        """Take a batch off the queue: at once, and again turn by turn to watch it."""
        batch, self.waiting = self.waiting[:size], self.waiting[size:]
        whole = engine.run(batch, self.states.get, self.policy)
        assert not whole.rejected
        seen = [output for item in batch for output in self._watch(item)]
        assert seen == whole.outputs, "a batch does what its inputs do one by one"
        assert all(self.states[key] == state for key, state in whole.states.items())
        self.log += batch

    def wait(self, milliseconds: int) -> None:
        """Time passes; deadlines do not fire by themselves."""
        self.now += milliseconds

    def sleep(self, days: int) -> None:
        """Time passes, and the clock fires what is due."""
        self.process(len(self.waiting))
        self.wait(days * DAY)
        self.fire()

    def fire(self, back: int = 0) -> None:
        """The clock fires what is due, perhaps only what was due some time ago."""
        if not self._late:
            self.process(len(self.waiting))
        upto = max(self._fired, self.now - back)
        self._fired = upto
        whole = engine.run_due(list(self.states), self.states.get, self.policy, upto)
        seen = [output for key in list(self.states) for output in self._watch_due(key, upto)]
        assert seen == whole.outputs, "deadlines fired together do what they do one by one"

    def restart(self) -> None:
        """Only the bytes of the states survive."""
        for state in self.states.values():
            assert state is not None
            assert encode(decode(state)) == state

    def end(self) -> None:
        """Everything is processed, and every deadline passes."""
        self.process(len(self.waiting))
        self.now += PATIENCE
        self.fire()
        self.watcher.end(self)

    def account(self, account_id: str) -> Account:
        """An account as it is now."""
        state = self.states.get(account_id.encode())
        return Account() if state is None else decode(state)

    def register(
        self,
        account: str,
        subject: SubjectKind = SubjectKind.INDIVIDUAL,
        region: str | None = "中国|0|广东省|深圳市",
    ) -> None:
        """A registration with a plain name and the agreement."""
        fields = {"kind": ChangeKind.REGISTRATION, "subject": subject, "name": "plain"}
        more = {"ip_region": region, "agreement_version": "v1"}
        self.receive(account, "change", {**fields, **more})

    def prove(
        self, account: str, kind: VerificationKind, days: int | None = None, **facts: str
    ) -> None:
        """A verification that succeeds, for so many days."""
        head = {"kind": kind, "result": VerificationResult.VERIFIED, "days": days}
        self.receive(account, "verification", {**head, **facts})

    def bring_papers(self, account: str, days: int | None = None) -> None:
        """Everything that the page of a public account must show."""
        papers = {"value": "ministry", "registered_address": "a", "content_category": "tea"}
        self.prove(account, VerificationKind.INSTITUTION, days, **papers, credit_code=CODE)
        self.prove(account, VerificationKind.CONTACT, days)

    def say(self, account: str, field: str, said: str, phase: Phase, late: int = 0) -> None:
        """An edit of one field."""
        fields = {"kind": ChangeKind.EDIT, "phase": phase, field: said}
        self.receive(account, "change", fields, late)

    def appeal(self, account: str, pick: int = 0) -> None:
        """An appeal against one of the newest measures, where there is one."""
        self.process(BACKLOG)
        measures = self.account(account).measures
        if measures:
            measure = measures[-1 - pick % min(3, len(measures))]
            self.receive(account, "appeal", {"measure_id": measure.id})

    def decide(self, account: str, reviewer: str, pick: int = 0, *, agree: bool = True) -> None:
        """A ruling on something that waits, where there is any."""
        self.process(BACKLOG)
        waits = self.waits(account)
        if waits:
            subject, yes, no = waits[pick % len(waits)]
            fields = {"action": yes if agree else no, "subject_id": subject, "pick": 0}
            self.receive(account, "ruling", {**fields, "reviewer_id": reviewer})

    def order(self, account: str, step: MeasureStep, days: int | None = None) -> None:
        """A measure by order of a person."""
        fields = {"action": RulingAction.IMPOSE_MEASURE, "step": step, "duration_days": days}
        self.receive(account, "ruling", {**fields, "pick": 0, "reviewer_id": "rev-1"})

    def waits(self, account_id: str) -> list[tuple[str, RulingAction, RulingAction]]:
        """What a person could decide of an account: its id, and the rulings for and against."""
        account = self.account(account_id)
        act = RulingAction
        return [
            *[(p.event_id, act.APPROVE_CHANGE, act.REJECT_CHANGE) for p in account.pending],
            *[(t.id, act.UPHOLD_COMPLAINT, act.DISMISS_COMPLAINT) for t in account.open_tickets()],
            *[(a.id, act.UPHOLD_APPEAL, act.DISMISS_APPEAL) for a in account.appeals],
            *[(m.id, act.LIFT_MEASURE, act.IMPOSE_MEASURE) for m in account.live_measures()],
        ]

    def _queue(self, item: engine.Input) -> None:
        self.waiting.append(item)
        if len(self.waiting) >= BACKLOG:
            self.process(BACKLOG)

    def _watch(self, item: engine.Input) -> list[Any]:
        account_id = item.record.account_id
        if engine.run([item], self.states.get, self.policy).duplicates:
            return []
        outputs = self._watch_due(account_id.encode(), item.timestamp)
        return outputs + self._take(
            account_id, item, lambda: engine.run([item], self.states.get, self.policy)
        )

    def _watch_due(self, key: bytes, upto: int) -> list[Any]:
        outputs: list[Any] = []
        while (state := self.states.get(key)) and 0 < (due := engine.next_due(state)) <= upto:
            outputs += self._take(
                key.decode(),
                None,
                lambda: engine.run_due([key], self.states.get, self.policy, due),
            )
        return outputs

    def _take(
        self, account_id: str, item: engine.Input | None, turn: Callable[[], engine.Outcome]
    ) -> list[Any]:
        before = self.account(account_id)
        outcome = turn()
        self.states.update(outcome.states)
        self.outputs[account_id] += outcome.outputs
        measures = [o.measure_id for o in outcome.outputs if type(o) is Disposal]
        self._known[account_id].measures += measures
        reports = [o.report_id for o in outcome.outputs if type(o) is AuthorityReport]
        self._known[account_id].reports += reports
        self.watcher.see(Turn(account_id, item, before, self.account(account_id), outcome.outputs))
        return outcome.outputs


accounts = st.sampled_from(ACCOUNTS[:2])
texts = st.sampled_from(("name", "name", "bio"))
words = st.integers(0, 840)
phases = st.sampled_from(Phase)
reviewers = st.sampled_from(("rev-1", "rev-2", "rev-3"))
subjects = st.sampled_from(SubjectKind)
regions = st.sampled_from(REGIONS)
lateness = st.sampled_from((0, 0, 0, 0, HOUR, 3 * DAY, 10 * DAY))
sizes = st.integers(1, BACKLOG)


Act = Callable[[Town, str], None]
"""Something that is done with an account of a town."""


class Focus(NamedTuple):
    """What histories are about: policies, what accounts say, and a story told as far as it goes.

    With ``late`` inputs may come from before what the clock has fired.
    """

    policies: tuple[Policy, ...]
    words: tuple[str, ...]
    story: tuple[Act, ...]
    late: bool


class Machine(RuleBasedStateMachine):
    """Any history that hypothesis can think of."""

    def __init__(self, make: type[Watcher], focus: Focus) -> None:
        super().__init__()
        self._make = make
        self._focus = focus
        self.town: Town

    @initialize(number=st.integers(0, 5), registered=st.booleans())
    def found(self, number: int, registered: bool) -> None:
        policy = self._focus.policies[number % len(self._focus.policies)]
        self.town = Town(policy, self._make(policy), late=self._focus.late)
        for account in ACCOUNTS[:2] if registered else ():
            self.town.prove(account, VerificationKind.IDENTITY)
            self.town.register(account)

    @rule(account=accounts, fields=changes, late=lateness)
    def change(self, account: str, fields: dict[str, Any], late: int) -> None:
        self.town.receive(account, "change", fields, late)

    @rule(account=accounts, field=texts, word=words, phase=phases, late=lateness)
    def say(self, account: str, field: str, word: int, phase: Phase, late: int) -> None:
        said = self._focus.words[word % len(self._focus.words)]
        self.town.say(account, field, said, phase, late)

    @precondition(lambda self: self._focus.story)
    @rule(account=accounts, length=sizes)
    def tell(self, account: str, length: int) -> None:
        for act in self._focus.story[:length]:
            act(self.town, account)

    @rule(account=accounts, subject=subjects, region=regions)
    def register(self, account: str, subject: SubjectKind, region: str | None) -> None:
        self.town.register(account, subject, region)

    @rule(account=accounts, fields=verifications, late=lateness)
    def verify(self, account: str, fields: dict[str, Any], late: int) -> None:
        self.town.receive(account, "verification", fields, late)

    @rule(account=accounts, fields=complaints, late=lateness)
    def complain(self, account: str, fields: dict[str, Any], late: int) -> None:
        self.town.receive(account, "complaint", fields, late)

    @rule(account=accounts, fields=appeals, late=lateness)
    def appeal(self, account: str, fields: dict[str, Any], late: int) -> None:
        self.town.receive(account, "appeal", fields, late)

    @rule(account=accounts, pick=sizes)
    def appeal_against_a_measure(self, account: str, pick: int) -> None:
        self.town.appeal(account, pick)

    @rule(account=accounts, days=st.sampled_from((None, 10, 60)))
    def bring_papers(self, account: str, days: int | None) -> None:
        self.town.bring_papers(account, days)

    @rule(account=accounts, fields=rulings, late=lateness)
    def decide(self, account: str, fields: dict[str, Any], late: int) -> None:
        self.town.receive(account, "ruling", fields, late)

    @rule(account=accounts, pick=sizes, reviewer=reviewers, agree=st.booleans())
    def decide_what_waits(self, account: str, pick: int, reviewer: str, agree: bool) -> None:
        self.town.decide(account, reviewer, pick, agree=agree)

    @precondition(lambda self: self.town.log)
    @rule(back=sizes)
    def repeat(self, back: int) -> None:
        self.town.repeat(back)

    @rule(size=sizes)
    def process(self, size: int) -> None:
        self.town.process(size)

    @rule(hours=st.sampled_from((1, 24, 24, 84, 168, 800)))
    def wait(self, hours: int) -> None:
        self.town.wait(hours * HOUR)

    @rule(back=st.sampled_from((0, 0, HOUR, 2 * DAY)))
    def fire(self, back: int) -> None:
        self.town.fire(back)

    @rule()
    def restart(self) -> None:
        self.town.restart()

    def teardown(self) -> None:
        if hasattr(self, "town"):
            self.town.end()


def live_through(
    watcher: type[Watcher],
    *,
    policies: tuple[Policy, ...] = (POLICY, POLICY, OWING),
    words: tuple[str, ...] = WORDS,
    story: tuple[Act, ...] = (),
    late: bool = True,
    examples: int = 80,
) -> None:
    """Let towns live through the story, then through many histories in which it may come up.

    Each has a watcher of its own. The story must be to the point: no property holds for want of a
    case.
    """
    for policy in policies:
        town = Town(policy, watcher(policy), late=late)
        for act in story:
            act(town, ACCOUNTS[0])
        town.end()
        assert town.watcher.witnessed or not story, "the story is not to the point"
    focus = Focus(policies, words, story, late)
    run_state_machine_as_test(lambda: Machine(watcher, focus), settings=effort(examples, steps=60))
