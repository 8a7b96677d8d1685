"""A candidate pack over a history, beside the pack in force, without a broker.

The domain runs under the candidate. Whenever it judges, the pack in force is asked of the same
values in the same situation, so that every difference is one between the packs. Texts are scanned
once for both. Each process takes its share of the accounts. What is counted over accounts, in
quotas and where a pack checks accounts against one another, is then known within a share only.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from processors import engine
from processors.policy import Hit, Judgement, Pack, Policy, SubjectView, common_detectors
from schemas.records import (
    Decision,
    Disposal,
    DisposalAction,
    Field,
    RuleOutcome,
)
from streams.offline import Offline
from streams.regions import NO_REGIONS, Regions

AT_ONCE = 1_000
EXAMPLES = 5
"""Examples that are kept of each change of a decision."""

_NONE: Set[str] = frozenset()
_NO_IMAGES: Mapping[Field, str] = {}


class Example(NamedTuple):
    """A judgement on which the packs differ: the event, and the rules that hit under each."""

    event_id: str
    in_force: tuple[str, ...]
    candidate: tuple[str, ...]


class RuleCount(msgspec.Struct):
    """What a rule did: judgements it hit under each pack; under the candidate also errors."""

    in_force: int = 0
    candidate: int = 0
    errors: int = 0
    snoozed: int = 0


class Outcome(msgspec.Struct):
    """What a backtest, or a share of it, came to.

    ``decisions`` counts judgements by the decision of the pack in force and of the candidate;
    ``examples`` shows some of those that differ. ``measures`` counts what began under the candidate
    by step and rule.
    """

    inputs: int = 0
    rejected: int = 0
    accounts: int = 0
    judgements: int = 0
    decisions: dict[tuple[Decision, Decision], int] = {}
    examples: dict[tuple[Decision, Decision], list[Example]] = {}
    rules: dict[str, RuleCount] = {}
    measures: dict[tuple[str, str], int] = {}

    @property
    def changed(self) -> int:
        """Judgements on which the packs differ."""
        return sum(n for (before, after), n in self.decisions.items() if before is not after)

    def add(self, other: Outcome) -> None:
        """Add another share."""
        self.inputs += other.inputs
        self.rejected += other.rejected
        self.accounts += other.accounts
        self.judgements += other.judgements
        for way, count in other.decisions.items():
            self.decisions[way] = self.decisions.get(way, 0) + count
            shown = self.examples.setdefault(way, [])
            shown += other.examples.get(way, [])[: EXAMPLES - len(shown)]
        for rule, counted in other.rules.items():
            mine = self.rules.setdefault(rule, RuleCount())
            for name in RuleCount.__struct_fields__:
                setattr(mine, name, getattr(mine, name) + getattr(counted, name))
        for what, count in other.measures.items():
            self.measures[what] = self.measures.get(what, 0) + count


class Rivals(Policy):
    """The candidate's policy, which asks that of the pack in force in every situation."""

    def __init__(self, candidate: Pack, in_force: Pack, outcome: Outcome) -> None:
        together = common_detectors([candidate, in_force])
        super().__init__(together[0], drafts=True)
        self._in_force = Policy(together[1])
        self._outcome = outcome

    def judge(
        self,
        subject: SubjectView,
        changed: Mapping[Field, str],
        hits: Mapping[str, tuple[Hit, ...]],
        braked: Set[str] = _NONE,
        images: Mapping[Field, str] = _NO_IMAGES,
    ) -> Judgement:
        """The candidate's judgement; the difference to that of the pack in force is noted."""
        judgement = super().judge(subject, changed, hits, braked, images)
        other = self._in_force.judge(subject, changed, hits, images=images)
        outcome = self._outcome
        outcome.judgements += 1
        way = other.decision, judgement.decision
        outcome.decisions[way] = outcome.decisions.get(way, 0) + 1
        if judgement.findings or other.findings:
            self._note(judgement, other)
        if other.decision is not judgement.decision:
            shown = outcome.examples.setdefault(way, [])
            if len(shown) < EXAMPLES:
                shown.append(Example(subject.event, _rules(other), _rules(judgement)))
        return judgement

    def _note(self, judgement: Judgement, other: Judgement) -> None:
        rules = self._outcome.rules
        for rule in dict.fromkeys(f.rule_id for f in other.findings):
            rules.setdefault(rule, RuleCount()).in_force += 1
        outcomes = {f.rule_id: f.outcome for f in judgement.findings}
        for rule, outcome in outcomes.items():
            count = rules.setdefault(rule, RuleCount())
            count.candidate += 1
            count.errors += outcome is RuleOutcome.ERROR
            count.snoozed += outcome is RuleOutcome.SNOOZED


def _rules(judgement: Judgement) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.rule_id for finding in judgement.findings))


def backtest(
    inputs: Iterable[engine.Input],
    candidate: Pack,
    in_force: Pack,
    limits: engine.Limits,
    regions: Regions = NO_REGIONS,
    progress: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Run inputs, in their order, under a candidate. ``progress`` is told how many were run."""
    outcome = Outcome()
    offline = Offline(Rivals(candidate, in_force, outcome), limits, regions)
    remaining = iter(inputs)
    while batch := list(islice(remaining, AT_ONCE)):
        applied = offline.apply(batch)
        outcome.inputs += len(batch)
        outcome.rejected += len(applied.rejected)
        _count_measures(applied.outputs, outcome)
        progress(len(batch))
    outcome.accounts = offline.accounts
    return outcome


def _count_measures(outputs: Sequence[Any], outcome: Outcome) -> None:
    for record in outputs:
        if type(record) is Disposal and record.action is DisposalAction.BEGIN:
            what = str(record.step), record.rule_id
            outcome.measures[what] = outcome.measures.get(what, 0) + 1


class _Body(msgspec.Struct):
    account_id: str = ""


class _Line(msgspec.Struct):
    account_id: str = ""
    record: _Body | None = None


_line = msgspec.json.Decoder(_Line).decode


def share_of(lines: Iterable[bytes], number: int, of: int) -> Iterator[bytes]:
    """The lines of one share of the accounts; each other one as an empty line, to keep count.

    A line that cannot be read belongs to the first share, which says what is wrong with it.
    """
    if of == 1:
        yield from lines
        return
    for text in lines:
        try:
            line = _line(text)
        except msgspec.DecodeError:
            yield b"" if number else text
            continue
        account = line.record.account_id if line.record else line.account_id
        yield text if zlib.crc32(account.encode()) % of == number else b""
