"""Checks what partition tasks have sent each other: claims on keys, and the answers to them.

Claims are outputs of accounts and are compared with those of the replay. Answers are outputs of the
partition that a key belongs to: its claims are applied again in their order, and give the same
answers and the same states.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from processors import engine
from processors.accounts import across, decode, reporters
from processors.keys import apply_claims, partition_of, single
from schemas.codec import Codec
from schemas.records import KeyClaim, KeyClaims, KeyFinding, KeyFindings, KeyKind, NothingKnown
from streams.dead_letters import Origin
from streams.settings import Settings
from streams.topics import real_name

FINDINGS = "account.findings"


Record = TypeVar("Record")


class _Sent(NamedTuple, Generic[Record]):
    """A record that a task has sent to another one."""

    origin: Origin
    value: bytes
    record: Record


class Exchange:
    """Collects claims and answers of a run, then compares them; ``add`` reports a problem.

    ``before`` holds the states of keys with which the run began, by partition; ``dead`` the origins
    of what was set aside, as far as they are known.
    """

    def __init__(
        self,
        settings: Settings,
        codec: Codec,
        add: Callable[[str, str], None],
        before: Mapping[tuple[int, bytes], bytes],
        dead: Collection[Origin],
    ) -> None:
        self.claims: dict[str, list[KeyClaim]] = defaultdict(list)
        self.origins: dict[str, int] = {}
        self.states: dict[tuple[int, bytes], bytes | None] = {}
        self._before = before
        self._dead = dead
        self._codec = codec
        self._add = add
        self._partitions = settings.partitions
        self._claimed = real_name(settings, "name.claims")
        self._found = real_name(settings, FINDINGS)
        self._claims: list[_Sent[KeyClaims]] = []
        self._findings: list[_Sent[KeyFindings]] = []
        self._answers: dict[tuple[str, str], list[engine.Input]] = defaultdict(list)
        self._given_up: set[tuple[str, str]] = set()
        self._reached: dict[int, int] = {}
        self._earlier: set[Origin] = set()

    @property
    def topics(self) -> tuple[str, str]:
        """Real names of the topics that are read."""
        return self._claimed, self._found

    def reached(self, partition: int, positions: Mapping[str, int]) -> None:
        """Note how far a partition has read; claims beyond it are still on their way."""
        self._reached[partition] = positions.get(self._claimed, 0)

    def collect(self, topic: str, message: Any, *, before: bool = False) -> None:
        """Take up a message; those of one partition in order.

        What was made ``before`` the run is applied, and is not compared with what the run makes.
        """
        origin, value = (topic, message.partition(), message.offset()), message.value()
        if before:
            self._earlier.add(origin)
        if topic == self._claimed:
            record = self._codec.decode(KeyClaims, value)
            self._claims.append(_Sent(origin, value, record))
            self._collect_claims(origin, record, before=before)
        else:
            found = self._codec.decode(KeyFindings, value)
            self._findings.append(_Sent(origin, value, found))
            for answer, one in single(found):
                self._collect_answer(answer, engine.Input(FINDINGS, *origin[1:], answer.at, one))

    def _collect_claims(self, origin: Origin, record: KeyClaims, *, before: bool) -> None:
        for claim in record.claims:
            account = claim.account_id
            if not before:
                self.claims[account].append(claim)
            if claim.answer:
                turn = across.unanswered_id(account, claim.event_id, claim.at)
                self._given_up.add((account, turn))
            self.origins[claim.account_id] = record.origin
            if partition_of(claim.key, self._partitions) != origin[1]:
                self._add("claims", f"{claim.account_id}: {origin} is not where the key belongs")

    def _collect_answer(self, answer: KeyFinding | NothingKnown, given: engine.Input) -> None:
        account, event = answer.account_id, answer.event_id
        if isinstance(answer, KeyFinding) and answer.kind is KeyKind.REPORTER:
            self._answers[account, reporters.answer_id(account, event)].append(given)
            return
        for live in (False, True):
            turn = across.answer_id(account, event, answer.at, of_live_name=live)
            self._answers[account, turn].append(given)

    def answers(self, account: str, event: str) -> list[engine.Input]:
        """The answers considered in a turn of an account, in the order in which they came."""
        given = self._answers.get((account, event), [])
        topic = self._found
        return [one for one in given if (topic, one.partition, one.offset) not in self._dead]

    def given_up(self, account: str, event: str) -> bool:
        """Whether a turn of an account is one in which an answer is waited for no longer."""
        return (account, event) in self._given_up

    def answers_on_the_way(
        self, accounts: Iterable[str], states: Mapping[bytes, bytes | None]
    ) -> Iterator[engine.Input]:
        """Answers that have come to what waits for more of them."""
        for name in accounts:
            state = states.get(name.encode())
            for pending in decode(state).pending if state is not None else ():
                if pending.asks > 0:
                    turn = across.answer_id(name, pending.event_id, pending.asked)
                    yield from self.answers(name, turn)

    def compare(self, replayed: Mapping[str, list[KeyClaim]]) -> None:
        """Compare with the claims of a replay, and the answers with what the claims give."""
        claims: dict[str, list[KeyClaim]] = defaultdict(list)
        for sent in self._made(self._claims):
            for claim in sent.record.claims:
                claims[claim.account_id].append(claim)
        for account in claims.keys() | replayed.keys():
            ours, theirs = claims.get(account, []), replayed.get(account, [])
            if sorted(ours, key=_order) != sorted(theirs, key=_order):
                self._add("claims", f"{account}: claims and replay differ")
        answers = Counter((sent.origin[1], sent.value) for sent in self._made(self._findings))
        replayed_ones: Counter[tuple[int, bytes]] = Counter()
        states: dict[int, dict[bytes, bytes | None]] = defaultdict(dict)
        for (partition, key), held in self._before.items():
            states[partition][key] = held
        for origin, _, record in self._claims:
            if origin in self._dead or origin[2] >= self._reached.get(origin[1], 0):
                continue
            known = states[origin[1]]
            found = apply_claims(record.claims, known.get, known)
            if found.findings or found.nothing:
                replayed_ones[record.origin, self._codec.encode(found)] += 1
        differing = (answers - replayed_ones) + (replayed_ones - answers)
        for (partition, _), count in differing.items():
            self._add("claims", f"{count} records of answers to partition {partition} differ")
        made = {(p, key): value for p, known in states.items() for key, value in known.items()}
        for place in made.keys() | self.states.keys():
            if made.get(place) != self.states.get(place):
                self._add("claims", f"the state of key {place} and the replay differ")

    def _made(self, sent: Iterable[_Sent[Record]]) -> Iterator[_Sent[Record]]:
        """Records as the run made them: one that was set aside and sent again counts once."""
        aside: Counter[tuple[int, bytes]] = Counter()
        for one in sent:
            if one.origin in self._earlier:
                continue
            place = one.origin[1], one.value
            if aside[place]:
                aside[place] -= 1
            else:
                yield one
            aside[place] += one.origin in self._dead


def unanswered(states: Mapping[bytes, bytes | None]) -> Iterator[tuple[str, str]]:
    """Account and event of every change, and of every complaint, that waits for an answer."""
    for key, state in states.items():
        if state is None or not key[0]:
            continue
        account = decode(state)
        for pending in account.pending:
            if pending.asking:
                yield key.decode(), pending.event_id
        for ticket in account.tickets:
            if ticket.asks:
                yield key.decode(), ticket.asks


def _order(claim: KeyClaim) -> tuple[int, str, bytes, str]:
    return claim.account_seq, claim.kind, claim.key, claim.ask
