"""Checks a finished run: nothing lost, nothing doubled, state and outputs as the domain says.

It reads all inputs, outputs, dead letters and the changelog of an application and compares three
accounts of what happened: the changelog, the outputs, and a pure replay of the inputs in the order
that the outputs' ``account_seq`` tells, each turn under the policy whose hash its outputs carry. An
input is known by its account and event id. What partition tasks have sent each other is checked by
`streams.checker_keys`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple

from processors import engine
from processors.accounts import state as account_state
from processors.accounts.brakes import KEY as BRAKES
from processors.accounts.brakes import Counters, RecordedBrakes, decode_counters
from processors.accounts.sweeping import turn_id
from processors.keys import is_registry_key
from processors.policy import Policy
from schemas.codec import Codec
from schemas.errors import DecodeError
from schemas.records import (
    AuditRecord,
    AuthorityReport,
    ComplaintFeedback,
    CreditAction,
    CreditChange,
    Disposal,
    DisposalAction,
    Escalation,
    ImageRequest,
    KeyClaim,
    MeasureStep,
    Notice,
    Verdict,
)
from streams.backup.proof import was_restored
from streams.checker_base import NOTHING, Base
from streams.checker_keys import Exchange, unanswered
from streams.clients import read_all
from streams.codecs import open_codec
from streams.dead_letters import Origin, parse
from streams.journal import Journal
from streams.offline import limits_of
from streams.regions import open_regions
from streams.reserved import POSITIONS, RESERVED, decode_positions
from streams.settings import Settings
from streams.topics import changelog_topic, input_topics, output_topics, real_name

PROBLEMS = ("lost", "doubled", "sequence", "order", "state", "outputs", "claims", "fold")
EXAMPLES = 5
REPLAY_BATCH = 1_000

IDENTITY: Mapping[type, Callable[[Any], object]] = {
    Verdict: lambda r: (r.event_id, r.revision),
    Disposal: lambda r: r.disposal_id,
    Escalation: lambda r: (r.escalation_id, r.status, r.account_seq),
    ComplaintFeedback: lambda r: r.feedback_id,
    CreditChange: lambda r: (r.entry_id, r.action),
    Notice: lambda r: r.notice_id,
    AuthorityReport: lambda r: r.report_id,
    AuditRecord: lambda r: r.audit_id,
    ImageRequest: lambda r: r.request_id,
}
"""What an output of each type shares with no other of its type and account."""

Event = tuple[str, str]
"""Account id and event id."""


@dataclass
class Report:
    """What a check found. ``problems`` counts each kind; ``examples`` names the first of each.

    ``lost``: an input without answer, or a deadline that event time has passed and that did not
    fire; ``sequence``: a number of an account missing or given twice;
    ``doubled``: an input answered twice, or an output that stands twice; ``order``: an account's
    inputs or outputs out of order; ``state``, ``outputs``: not what the replay gives; ``claims``:
    what tasks sent each other is not; ``fold``: measures or credit of the state are not what the
    outputs add up to.
    """

    inputs: int = 0
    duplicates: int = 0
    outputs: int = 0
    dead_letters: int = 0
    accounts: int = 0
    problems: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PROBLEMS, 0))
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing at all was found."""
        return not any(self.problems.values())

    @property
    def lost(self) -> int:
        """Inputs neither answered nor set aside, deadlines not fired, and gaps in a sequence."""
        return self.problems["lost"] + self.problems["sequence"]

    @property
    def doubled(self) -> int:
        """Inputs answered twice, and outputs that stand twice."""
        return self.problems["doubled"]

    @property
    def diverged(self) -> int:
        """Accounts whose order, state or outputs are not what the domain says."""
        return sum(self.problems[name] for name in ("order", "state", "outputs", "claims", "fold"))

    def add(self, problem: str, example: str) -> None:
        """Count a problem."""
        self.problems[problem] += 1
        shown = self.examples.setdefault(problem, [])
        if len(shown) < EXAMPLES:
            shown.append(example)


class _Input(NamedTuple):
    origin: Origin
    timestamp: int
    record: Any


class _Output(NamedTuple):
    record: Any
    data: bytes


class _Reading:
    """How event time went on in each partition, as far as a worker has read."""

    def __init__(self, inputs: Iterable[_Input], reached: Mapping[int, Mapping[str, int]]) -> None:
        times: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
        for (topic, partition, offset), timestamp, _ in inputs:
            if offset < reached.get(partition, {}).get(topic, 0):
                times[topic, partition].append((offset, timestamp))
        self._offsets: dict[tuple[str, int], list[int]] = {}
        self._latest: dict[tuple[str, int], list[int]] = {}
        for place, known in times.items():
            known.sort()
            self._offsets[place] = [offset for offset, _ in known]
            self._latest[place] = [*accumulate((at for _, at in reversed(known)), max)][::-1]

    def latest(self, partition: int, positions: Mapping[str, int]) -> int:
        """The latest timestamp read in a partition from these positions on; 0 where nothing was."""
        return max(
            (
                self._latest[topic, read][begin]
                for (topic, read), offsets in self._offsets.items()
                if read == partition
                and (begin := bisect_left(offsets, positions.get(topic, 0))) < len(offsets)
            ),
            default=0,
        )


class _Replay:
    """A run of the pure engine, in batches, each under one policy and its brakes."""

    def __init__(
        self,
        limits: engine.Limits,
        value_key: bytes | engine.ValueKeys,
        states: Mapping[bytes, bytes],
    ) -> None:
        self.states: dict[bytes, bytes | None] = {**states}
        self.outputs: dict[str, list[Any]] = defaultdict(list)
        self.claims: dict[str, list[KeyClaim]] = defaultdict(list)
        self._under: tuple[Policy, RecordedBrakes | None] | None = None
        self._limits = limits
        self._value_key = value_key
        self._given: list[engine.Input] = []

    def under(self, policy: Policy, brakes: RecordedBrakes | None) -> None:
        """From here on another policy decides."""
        if self._under != (policy, brakes):
            self.run()
        self._under = policy, brakes

    def give(self, item: engine.Input) -> None:
        """Apply an input after those before it."""
        self._given.append(item)
        if len(self._given) >= REPLAY_BATCH:
            self.run()

    def fire(self, account: str, upto: int, *, once: bool = False) -> None:
        """Fire what is due of an account after the inputs before; ``once``: one turn of it."""
        self.run()
        if self._under is not None:
            policy, brakes = self._under
            keys, read = [account.encode()], self.states.get
            key = self._value_key
            self._take(engine.run_due(keys, read, policy, upto, key, brakes, once=once))

    def give_up(self, account: str, at: int) -> None:
        """One turn in which an account waited for answers no longer, after the inputs before."""
        self.run()
        if self._under is not None:
            policy, brakes = self._under
            keys, read = [account.encode()], self.states.get
            key = self._value_key
            self._take(engine.run_unanswered(keys, read, policy, at, key, brakes, once=True))

    def sweep(self, account: str, sweep_id: str, at: int) -> None:
        """One turn in which an account was verified anew, after the inputs before."""
        self.run()
        if self._under is not None:
            policy, brakes = self._under
            keys, read, sweep = [account.encode()], self.states.get, engine.Sweep(sweep_id, 0)
            key = self._value_key
            self._take(engine.run_sweep(keys, read, policy, at, sweep, key, brakes))

    def run(self) -> None:
        """Apply what was given."""
        given, self._given = self._given, []
        if given and self._under is not None:
            policy, brakes = self._under
            read, key = self.states.get, self._value_key
            self._take(engine.run(given, read, policy, self._limits, key, brakes))

    def _take(self, outcome: engine.Outcome) -> None:
        self.states.update(outcome.states)
        # Not the count of what waits for review: what it led to is in the hash of each output.
        self.states.pop(engine.BACKLOG, None)
        for record in outcome.outputs:
            self.outputs[record.account_id].append(record)
        for claim in outcome.claims:
            self.claims[claim.account_id].append(claim)


class Checker:
    """Collects a run's messages, then compares them. `check` does both on a broker.

    ``base`` is what an application that was restored began with; what the restore itself wrote into
    outputs is then left out.
    """

    def __init__(
        self,
        settings: Settings,
        policy: Policy,
        codec: Codec | None = None,
        base: Base = NOTHING,
    ) -> None:
        self.report = Report()
        self._policy = policy
        self._journal = Journal(settings, policy, codec)
        self._regions = open_regions(settings)
        self._codec = codec or open_codec(settings)
        self._limits = limits_of(settings)
        self._value_key = settings.hashing_key()
        self._inputs = {real_name(settings, t.name): t for t in input_topics()}
        self._outputs = {real_name(settings, t.name): t for t in output_topics()}
        self._dead_topic = real_name(settings, "dead.letters")
        self._changelog = changelog_topic(settings)
        self._events: dict[Event, list[_Input]] = defaultdict(list)
        self._undecoded: set[Origin] = set()
        self._dead: set[Origin] = set()
        self._answers: dict[str, list[_Output]] = defaultdict(list)
        self._states: dict[bytes, bytes | None] = {}
        self._unended: dict[int, list[bytes]] = defaultdict(list)
        self._written: dict[bytes, tuple[int, Mapping[str, int]]] = {}
        self._reached: dict[int, Mapping[str, int]] = {}
        self._fired_in_vain: set[bytes] = set()
        self._brakes: dict[int, Counters] = {}
        self._partitions: dict[str, int] = {}
        self._begun: set[str] = set()
        self._recordings: dict[tuple[int, str], RecordedBrakes] = {}
        self._decided: dict[str, dict[int, Policy]] = {}
        self._base = base
        self._exchange = Exchange(settings, self._codec, self.report.add, base.keys, self._dead)

    @property
    def topics(self) -> list[str]:
        """Real names of all topics that a check reads."""
        return [
            *self._inputs,
            *self._outputs,
            *self._journal.topics,
            *self._exchange.topics,
            self._dead_topic,
            self._changelog,
        ]

    # -- collecting ---------------------------------------------------------------------------

    def collect(self, messages: Iterable[Any]) -> None:
        """Take up messages; those of one partition in order."""
        for message in messages:
            topic = str(message.topic())
            if topic in self._inputs:
                self._collect_input(topic, message)
            elif topic in self._exchange.topics:
                self._exchange.collect(topic, message, before=self._from_before(message))
            elif topic in self._outputs or topic == self._dead_topic:
                if self._from_before(message):
                    continue
                if topic in self._outputs:
                    self._collect_output(topic, message)
                else:
                    self._collect_dead(message)
            elif topic in self._journal.topics:
                self._journal.take(topic, message.offset(), message.value(), message.key())
            elif message.key() == BRAKES:
                self._brakes[message.partition()] = decode_counters(message.value())
            elif is_registry_key(message.key()):
                self._exchange.states[message.partition(), message.key()] = message.value()
            elif message.key() == POSITIONS:
                self._end_transaction(message.partition(), decode_positions(message.value()))
            elif not message.key().startswith(RESERVED):
                self._states[message.key()] = message.value()
                self._written.pop(message.key(), None)
                self._unended[message.partition()].append(message.key())

    def _from_before(self, message: Any) -> bool:
        """Whether a restore wrote a record, and not a task."""
        return self._base is not NOTHING and was_restored(message)

    def _end_transaction(self, partition: int, positions: dict[str, int]) -> None:
        """Note with each state how far the inputs were read: that comes last in a transaction.

        Where compaction has left the positions of a later one only, what is noted is later, too.
        """
        self._exchange.reached(partition, positions)
        self._reached[partition] = positions
        for key in self._unended.pop(partition, ()):
            self._written[key] = partition, positions

    def _collect_input(self, topic: str, message: Any) -> None:
        origin = (topic, message.partition(), message.offset())
        self.report.inputs += 1
        try:
            record = self._codec.decode(self._inputs[topic].record, message.value() or b"")
            record = self._regions.resolve(record)
        except DecodeError:
            self._undecoded.add(origin)
            return
        same = self._events[record.account_id, record.event_id]
        self.report.duplicates += bool(same)
        same.append(_Input(origin, message.timestamp()[1], record))

    def _collect_output(self, topic: str, message: Any) -> None:
        record = self._codec.decode(self._outputs[topic].record, message.value())
        self.report.outputs += 1
        if message.key() != record.account_id.encode():
            self.report.add("order", f"{topic}: the key is not {record.account_id}")
        self._answers[record.account_id].append(_Output(record, self._as_today(record, message)))
        self._partitions[record.account_id] = message.partition()
        if isinstance(record, Disposal) and record.action is DisposalAction.BEGIN:
            self._begun.add(record.measure_id)

    def _as_today(self, record: Any, message: Any) -> bytes:
        """An output as this version writes it, where another one wrote it by another schema.

        What was written by this version's schema is taken as it is, byte for byte.
        """
        data: bytes = message.value()
        ours = data.startswith(self._codec.header(type(record)))
        return data if ours else self._codec.encode(record)

    def _collect_dead(self, message: Any) -> None:
        letter = parse(message)
        if letter is None:
            return  # the mark of a letter that was sent again
        self.report.dead_letters += 1
        if letter.origin[1] < 0:  # a deadline was set aside: that is no input
            self._fired_in_vain.add(letter.key or b"")
            return
        if letter.origin in self._dead:
            self.report.add("doubled", f"dead letter of {letter.origin}")
        self._dead.add(letter.origin)

    # -- comparing ----------------------------------------------------------------------------

    def compare(self) -> Report:
        """Compare what was collected; the report says what does not hold."""
        for origin in self._undecoded - self._dead:
            self.report.add("lost", f"undecodable record {origin} is no dead letter")
        for account, partition in self._exchange.origins.items():
            self._answers[account]  # one that has only asked yet is an account, too
            self._partitions.setdefault(account, partition)
        sequences = {
            account: self._sequence(account, answers) for account, answers in self._answers.items()
        }
        self.report.accounts = len(sequences)
        answered = {(a, e) for a, events in sequences.items() for e in events.values()}
        for event, given in self._events.items():
            alive = [one for one in given if one.origin not in self._dead]
            if alive and event not in answered and not self._base.knew(alive[0].record):
                self.report.add("lost", f"{alive[0].origin} {event[1]}")
            elif not alive and event in answered:
                self.report.add("doubled", f"{given[0].origin} is answered and set aside")
        self._find_overdue()
        self._compare_replay(sequences)
        return self.report

    def _find_overdue(self) -> None:
        """Report the accounts whose deadline did not fire when its time had come.

        Each transaction fires what was due, by the states of before, at the latest time of its
        inputs or at the worker's own, whichever is earlier. An input that took effect was not
        further ahead of that than `max_future_ms`.
        """
        alive = (
            one for given in self._events.values() for one in given if one.origin not in self._dead
        )
        reading = _Reading(alive, self._reached)
        for key, (partition, positions) in self._written.items():
            state = self._states[key]
            due = 0 if state is None or key in self._fired_in_vain else engine.next_due(state)
            passed = reading.latest(partition, positions) if due else 0
            if due and due <= passed - self._limits.max_future_ms:
                what = f"what was due at {due} has not fired, and inputs are at {passed}"
                self.report.add("lost", f"{key.decode()}: {what}")

    def _sequence(self, account: str, answers: list[_Output]) -> dict[int, str]:
        """The event of each number; reports numbers missing, shared, and outputs standing twice."""
        events: dict[int, str] = {}
        numbers: dict[str, int] = {}
        seen: set[tuple[type, object]] = set()
        for record, _ in answers:
            identity = (type(record), IDENTITY[type(record)](record))
            if identity in seen:
                self.report.add("doubled", f"{account}: {type(record).__name__} stands twice")
            seen.add(identity)
            seq, event = record.account_seq, _cause_of(record)
            if events.setdefault(seq, event) != event:
                self.report.add("sequence", f"{account} #{seq}: {events[seq]} and {event}")
            if numbers.setdefault(event, seq) != seq:
                self.report.add("doubled", f"{account} {event}: #{numbers[event]} and #{seq}")
        for claim in self._exchange.claims[account]:
            events.setdefault(claim.account_seq, claim.event_id)  # nothing else came of it yet
        first = self._base.account(account).seq + 1
        if sorted(events) != list(range(first, first + len(events))):
            self.report.add("sequence", f"{account}: numbers {sorted(events)[:20]}")
        self._check_order(account, events)
        return events

    def _check_order(self, account: str, events: dict[int, str]) -> None:
        """Inputs of one topic must have been applied in the order of their offsets."""
        last: dict[str, int] = {}
        for seq in sorted(events):
            given = self._applied(account, events[seq])
            if given is None:
                continue  # a deadline
            topic, _, offset = given.origin
            if offset <= last.get(topic, -1):
                self.report.add("order", f"{account} #{seq}: offset {offset} of {topic}")
            last[topic] = offset

    def _applied(self, account: str, event: str) -> _Input | None:
        """The input that took effect under an event id: the first that was not set aside."""
        given = self._events.get((account, event), ())
        return next((one for one in given if one.origin not in self._dead), None)

    def _compare_replay(self, sequences: dict[str, dict[int, str]]) -> None:
        self._policies = {policy.hash: policy for policy in self._journal.policies()}
        replay = self._replay(sequences)
        states, outputs = replay.states, replay.outputs
        for account, answers in self._answers.items():
            key = account.encode()
            found = self._states.get(key)
            if found != states.get(key) and (where := _differing(found, states.get(key))):
                self.report.add("state", f"{account}: changelog and replay differ in {where}")
            if _by_type(answers, lambda o: o.data) != _by_type(
                outputs[account], self._codec.encode
            ):
                self.report.add("outputs", f"{account}: outputs and replay differ")
            if found is not None:
                self._compare_fold(account, found, answers)
        before = self._base.accounts
        for key in (self._states.keys() | before.keys()) - {a.encode() for a in self._answers}:
            if self._states.get(key) != before.get(key):
                self.report.add("state", f"{key.decode()}: a state without any output")
        self._exchange.compare(replay.claims)

    def _replay(self, sequences: dict[str, dict[int, str]]) -> _Replay:
        """Run the pure engine over all inputs, each account's in the order that was applied.

        Accounts that one policy decided about all along are taken together.
        """
        replay = _Replay(self._limits, self._value_key, self._base.accounts)
        together: dict[tuple[int, str], list[str]] = defaultdict(list)
        for account, events in sequences.items():
            policies = self._deciding(account)
            if len(known := {policy.hash for policy in policies.values()}) == 1:
                together[self._partitions[account], known.pop()].append(account)
            elif known:
                for seq, event in sorted(events.items()):
                    self._set_policy(replay, self._partitions[account], policies[seq])
                    self._take_turn(replay, account, seq, event)
        for (partition, policy_hash), accounts in together.items():
            self._set_policy(replay, partition, self._policies[policy_hash])
            for account in accounts:
                for seq, event in sorted(sequences[account].items()):
                    self._take_turn(replay, account, seq, event)
            replay.run()
            for account in accounts:
                if times := [_time_of(output.record) for output in self._answers[account]]:
                    replay.fire(account, max(times))
            for answer in self._exchange.answers_on_the_way(accounts, replay.states):
                replay.give(answer)
        replay.run()
        for account, event in unanswered(replay.states):
            self.report.add("lost", f"{account} {event}: waits for an answer across accounts")
        self._compare_quotas()
        return replay

    def _set_policy(self, replay: _Replay, partition: int, policy: Policy) -> None:
        replay.under(policy, self._recorded(partition, policy))

    def _deciding(self, account: str) -> dict[int, Policy]:
        """The policy of each turn of an account; empty, and reported, where one is not known.

        Records carry the hash of a pack: with several in force, that of the rule's own. Claims
        carry the beginning of the policy's hash.
        """
        hashes: dict[int, set[str]] = defaultdict(set)
        for record, _ in self._answers[account]:
            of_turn = hashes[record.account_seq]
            of_turn.add(record.pack_hash)
            if isinstance(record, Verdict):
                of_turn.update(pack.hash for pack in record.other_packs)
        found: dict[int, Policy] = {}
        of_claims: dict[int, Policy] = {}
        for claim in self._exchange.claims[account]:
            begins, known = claim.policy.hex(), self._policies.values()
            if by := next((p for p in known if p.hash.startswith(begins)), None):
                of_claims[claim.account_seq] = by
                hashes.setdefault(claim.account_seq, set())
            else:
                hashes[claim.account_seq].add(begins)
        policy: Policy | None = None
        for seq, carried in sorted(hashes.items()):
            last = [policy] if policy else []  # a turn that does not tell is under the last one
            told = [of_claims[seq]] if seq in of_claims else []
            candidates = (*told, *last, *self._policies.values())
            policy = next((p for p in candidates if carried <= p.hashes), None)
            if policy is None:
                what = f"{account}: decided by {carried}, which nobody issued"
                self.report.add("outputs", what)
                return {}
            found[seq] = policy
        self._decided[account] = found
        return found

    def _recorded(self, partition: int, policy: Policy) -> RecordedBrakes | None:
        """What the brakes of a partition decided, where the policy has any.

        They depend on the order of all accounts of the partition, which the outputs do not tell:
        the replay of an account takes over what was decided, and the counts are compared after it.
        """
        if not policy.has_brakes:
            return None
        known = partition, policy.hash
        if known not in self._recordings:
            watches = self._brakes.get(partition, Counters()).watches
            self._recordings[known] = RecordedBrakes(policy, watches, self._begun)
        return self._recordings[known]

    def _compare_quotas(self) -> None:
        """The state of each partition counts the measures that began in the windows it keeps."""
        began: Counter[tuple[int, MeasureStep, int]] = Counter()
        for (partition, _), brakes in self._recordings.items():
            for step, windows in brakes.used.items():
                for window, used in windows.items():
                    began[partition, step, window] += used
        for (partition, step, window), since in began.items():
            kept = self._brakes.get(partition, Counters()).quotas.get(step, {})
            used = since + self._base.used(partition, step, window)
            counted = kept.get(window, used)  # older windows are forgotten
            if counted != used:
                what = f"partition {partition}: {used} {step} began, {counted} are counted"
                self.report.add("state", what)

    def _take_turn(self, replay: _Replay, account: str, seq: int, event: str) -> None:
        """Replay a turn: an input, the answers to a question, or a deadline."""
        given = self._applied(account, event)
        if given is not None:
            topic, partition, offset = given.origin
            name = self._inputs[topic].name
            replay.give(engine.Input(name, partition, offset, given.timestamp, given.record))
        elif answers := self._exchange.answers(account, event):
            for answer in answers:
                replay.give(answer)
        else:
            at = max(map(_time_of, self._records_of(account, seq)), default=0)
            if self._exchange.given_up(account, event):
                replay.give_up(account, at)
            elif sweep := self._sweep_of(account, seq, event):
                replay.sweep(account, sweep, at)
            else:
                replay.fire(account, at, once=True)

    def _records_of(self, account: str, seq: int) -> list[Any]:
        """The outputs of one turn of an account."""
        records = (output.record for output in self._answers[account])
        return [record for record in records if record.account_seq == seq]

    def _sweep_of(self, account: str, seq: int, event: str) -> str:
        """The sweep in which a turn was taken, as its audit record says; empty where in none."""
        for record in self._records_of(account, seq):
            if isinstance(record, AuditRecord) and turn_id(account, record.subject_id) == event:
                return record.subject_id
        return ""

    def _compare_fold(self, account: str, found: bytes, answers: list[_Output]) -> None:
        """Fold the credit and disposal outputs and compare them with the state."""
        state, before = account_state.decode(found), self._base.account(account)
        live: set[str] = {measure.id for measure in before.live_measures()}
        entries: dict[str, int] = {entry.id: entry.points for entry in before.ledger}
        for record, _ in answers:
            if isinstance(record, Disposal) and record.step is not MeasureStep.WARN:
                lifted = record.action is DisposalAction.LIFT
                (live.discard if lifted else live.add)(record.measure_id)
            elif isinstance(record, CreditChange):
                repaired = record.action is CreditAction.REPAIRED and record.points
                if record.action is CreditAction.ADDED or repaired:
                    entries[record.entry_id] = record.points
                else:
                    entries.pop(record.entry_id, None)
        if live != {m.id for m in state.live_measures()}:  # a warning is over when given
            self.report.add("fold", f"{account}: measures")
        if entries != {e.id: e.points for e in state.ledger}:
            self.report.add("fold", f"{account}: credit entries")
        said = [record for record, _ in answers if isinstance(record, CreditChange)]
        if said and (policy := self._decided.get(account, {}).get(said[-1].account_seq)):
            score = max(0, min(1000, policy.pack.credit.base + sum(entries.values())))
            if said[-1].score != score:
                self.report.add("fold", f"{account}: score {said[-1].score}, not {score}")


def check(
    settings: Settings,
    policy: Policy,
    progress: Callable[[int, int], None] | None = None,
    base: Base = NOTHING,
    codec: Codec | None = None,
) -> Report:
    """Read a finished run from the broker and compare it, from ``base`` on.

    ``progress`` is told offsets read and offsets in all.
    """
    checker = Checker(settings, policy, codec, base)
    checker.collect(read_all(settings, checker.topics, progress=progress))
    return checker.compare()


def _differing(found: bytes | None, expected: bytes | None) -> str:
    """Names of what two states differ in; empty where they are the same, read.

    An older version, which has written one, leaves out what it does not know.
    """
    if found is None or expected is None:
        return "whether the account is there"
    one, other = account_state.decode(found), account_state.decode(expected)
    names = [name for name in one.__struct_fields__ if getattr(one, name) != getattr(other, name)]
    if not names and found[:8] != expected[:8]:
        return "what waits"
    return ", ".join(names)


def _by_type(outputs: Iterable[Any], encode: Callable[[Any], bytes]) -> dict[type, list[bytes]]:
    """The bytes of an account's outputs, topic by topic, in order."""
    found: dict[type, list[bytes]] = defaultdict(list)
    for output in outputs:
        record = output.record if isinstance(output, _Output) else output
        found[type(record)].append(encode(output))
    return found


def _cause_of(record: Any) -> str:
    """The event whose turn put a record out: a verdict names the change it is about."""
    event: str = (record.cause if isinstance(record, Verdict) else None) or record.event_id
    return event


def _time_of(record: Any) -> int:
    at: int = record.decided_at if isinstance(record, Verdict) else record.at
    return at
