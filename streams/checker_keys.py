"""Checks what partition tasks have sent each other: claims on keys, and the answers to them.

Claims are outputs of accounts and are compared with those of the replay. Answers are outputs of the
partition that a key belongs to: its claims are applied again in their order, and give the same
answers and the same states.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from processors import engine
from processors.accounts import across, decode, reporters
from processors.keys import apply_claims, partition_of, single
from schemas.codec import Codec
from schemas.records import KeyClaim, KeyClaims, KeyFinding, KeyFindings, KeyKind, NothingKnown
from streams.dead_letters import Origin
from streams.settings import Settings
from streams.topics import real_name

FINDINGS = "account.findings"


class Exchange:
    """Collects claims and answers of a run, then compares them; ``add`` reports a problem.

    ``before`` holds the states of keys with which the run began, by partition.
    """

    def __init__(
        self,
        settings: Settings,
        codec: Codec,
        add: Callable[[str, str], None],
        before: Mapping[tuple[int, bytes], bytes],
    ) -> None:
        self.claims: dict[str, list[KeyClaim]] = defaultdict(list)
        self.origins: dict[str, int] = {}
        self.states: dict[tuple[int, bytes], bytes | None] = {}
        self._before = before
        self._codec = codec
        self._add = add
        self._partitions = settings.partitions
        self._claimed = real_name(settings, "name.claims")
        self._found = real_name(settings, FINDINGS)
        self._records: list[tuple[Origin, bytes, KeyClaims]] = []
        self._answers: dict[tuple[str, str], list[engine.Input]] = defaultdict(list)
        self._given_up: set[tuple[str, str]] = set()
        self._reached: dict[int, int] = {}
        self._earlier: set[Origin] = set()
        self._answered: Counter[tuple[int, bytes]] = Counter()

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
        partition, offset, value = message.partition(), message.offset(), message.value()
        if topic == self._claimed:
            self._collect_claims((topic, partition, offset), value, before=before)
        else:
            self._answered[partition, value] += not before
            for answer, one in single(self._codec.decode(KeyFindings, value)):
                given = engine.Input(FINDINGS, partition, offset, answer.at, one)
                self._collect_answer(answer, given)

    def _collect_claims(self, origin: Origin, value: bytes, *, before: bool) -> None:
        record = self._codec.decode(KeyClaims, value)
        self._records.append((origin, value, record))
        if before:
            self._earlier.add(origin)
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
        return self._answers.get((account, event), [])

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

    def compare(self, replayed: Mapping[str, list[KeyClaim]], dead: Collection[Origin]) -> None:
        """Compare with the claims of a replay, and the answers with what the claims give."""
        claims = self._made(dead)
        for account in claims.keys() | replayed.keys():
            ours, theirs = claims.get(account, []), replayed.get(account, [])
            if sorted(ours, key=_order) != sorted(theirs, key=_order):
                self._add("claims", f"{account}: claims and replay differ")
        answered: Counter[tuple[int, bytes]] = Counter()
        states: dict[int, dict[bytes, bytes | None]] = defaultdict(dict)
        for (partition, key), held in self._before.items():
            states[partition][key] = held
        for origin, _, record in self._records:
            if origin in dead or origin[2] >= self._reached.get(origin[1], 0):
                continue
            known = states[origin[1]]
            found = apply_claims(record.claims, known.get, known)
            if found.findings or found.nothing:
                value = self._codec.encode(found)
                answered[record.origin, value] += 1
        for (partition, _), count in (
            (answered - self._answered) + (self._answered - answered)
        ).items():
            self._add("claims", f"{count} records of answers to partition {partition} differ")
        made = {(p, key): value for p, known in states.items() for key, value in known.items()}
        for place in made.keys() | self.states.keys():
            if made.get(place) != self.states.get(place):
                self._add("claims", f"the state of key {place} and the replay differ")

    def _made(self, dead: Collection[Origin]) -> Mapping[str, list[KeyClaim]]:
        """The claims as accounts made them: a record set aside and sent again counts once."""
        made: dict[str, list[KeyClaim]] = defaultdict(list)
        aside: Counter[bytes] = Counter()
        for origin, value, record in self._records:
            if origin in self._earlier:
                continue
            if aside[value]:
                aside[value] -= 1
            else:
                for claim in record.claims:
                    made[claim.account_id].append(claim)
            aside[value] += origin in dead
        return made


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
