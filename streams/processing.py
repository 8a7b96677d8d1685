"""Joins the transport to the domain: bytes to records, the pure engine, records to bytes.

Whatever cannot be decoded, or is rejected by the domain, becomes a dead letter with its origin; its
neighbours are not touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from processors import engine
from processors.control import Control
from processors.keys import partition_of
from processors.policy import Policy
from processors.sweeps import Sweep
from schemas.codec import Codec
from schemas.errors import DeadLetterReason, DecodeError, RegistryUnavailable
from schemas.records import (
    AccountChange,
    ComplaintFeedback,
    Disposal,
    Escalation,
    KeyClaim,
    KeyClaims,
    KeyFindings,
    RuleOutcome,
    Verdict,
)
from streams.errors import DependencyUnavailable, MessageTooLarge
from streams.journal import InForce, Revision
from streams.metrics import DEADLINE, Tally
from streams.regions import NO_REGIONS, Regions
from streams.work import Headers, Message, Read, Record, Work

DEAD_LETTER_HEADERS = ("reason", "error", "topic", "partition", "offset", "timestamp")
"""Headers a dead letter carries, each with the prefix `HEADER_PREFIX`."""

HEADER_PREFIX = "zhengming-"
MAX_ERROR_CHARS = 300
MAX_ORIGINAL_BYTES = (2 << 20) - (64 << 10)
MAX_KEY_BYTES = 1 << 10
MAX_CLAIMS = 200
"""Claims in one record: one that cannot be processed is set aside as a whole."""

_REPARTITIONED = (KeyClaims, KeyFindings)

MAX_CUT_BYTES = 1 << 20
"""A longer original is cut to these: the whole record is still in its topic, at its offset."""


class DomainProcessing:
    """Runs the domain on Kafka records under the policy in force.

    ``inputs`` maps the real name of each topic that is read to its logical name and record type;
    ``outputs`` maps a record type to the real name of its topic. Claims on keys go to the one of
    ``partitions`` that a key belongs to. ``regions`` takes the place of observed addresses before
    anything else sees them. ``value_key`` keys the hashes of values. What is in force is taken over
    between two transactions, never within one.
    """

    def __init__(
        self,
        policy: Policy,
        codec: Codec,
        inputs: Mapping[str, tuple[str, type[Any]]],
        outputs: Mapping[type[Any], str],
        dead_letters: str,
        partitions: int,
        limits: engine.Limits,
        regions: Regions = NO_REGIONS,
        value_key: bytes | engine.ValueKeys = b"",
    ) -> None:
        self.control = Control.of(policy)
        self.sweeps: tuple[Sweep, ...] = ()
        self.revision: Revision = {}
        self.value_key = value_key
        self._codec = codec
        self.encode = codec.encode
        self._inputs = inputs
        self._outputs = outputs
        self._dead_letters = dead_letters
        self._partitions = partitions
        self._limits = limits
        self._regions = regions
        self.next_due = engine.next_due

    def adopt(self, in_force: InForce) -> None:
        """From the next transaction on, decide by this."""
        self.control, self.revision = in_force.control, in_force.revision
        self.sweeps = in_force.sweeps

    def process(self, records: Sequence[Record], read: Read, now: int) -> Work:
        """Process records in order; what is not acceptable comes back as dead letters.

        Raises `DependencyUnavailable` where nothing is wrong with the records.
        """
        with _registry_is_a_dependency():
            return self._process(records, read, now)

    def _process(self, records: Sequence[Record], read: Read, now: int) -> Work:
        messages: list[Message] = []
        tallies: Counter[Tally] = Counter()
        origins: list[Record] = []
        inputs: list[engine.Input] = []
        for record in records:
            try:
                inputs.append(self._input(record, now))
            except DecodeError as error:
                self._bury(record, error.reason, error.detail, messages, tallies)
            else:
                origins.append(record)
        outcome = engine.run(inputs, read, self.control, self._limits, self.value_key)
        origin = records[0].partition if records else 0
        for index, reason, detail in outcome.rejected:
            self._bury(origins[index], reason, detail, messages, tallies)
        if outcome.duplicates:
            tallies["duplicates",] += outcome.duplicates
        self._encode(outcome.outputs, messages, tallies)
        self._repartition(outcome, origin, messages)
        return Work(outcome.states, messages, tallies)

    def process_due(self, keys: Iterable[bytes], read: Read, upto: int, partition: int) -> Work:
        """Fire the deadlines of these accounts that are due at or before ``upto`` (ms).

        Raises `DependencyUnavailable` as `process` does.
        """
        outcome = engine.run_due(keys, read, self.control, upto, self.value_key)
        return self.work(outcome, partition, {("deadlines_fired",): len(outcome.states)})

    def process_unanswered(
        self, keys: Iterable[bytes], read: Read, upto: int, partition: int
    ) -> Work:
        """Decide at ``upto`` (ms) what these accounts wait for without an answer.

        Raises `DependencyUnavailable` as `process` does.
        """
        outcome = engine.run_unanswered(keys, read, self.control, upto, self.value_key)
        return self.work(outcome, partition, {("unanswered",): len(outcome.states)})

    def work(self, outcome: engine.Outcome, partition: int, counted: Mapping[Tally, int]) -> Work:
        """What comes of something else than records."""
        messages: list[Message] = []
        tallies: Counter[Tally] = Counter(counted)
        with _registry_is_a_dependency():
            self._encode(outcome.outputs, messages, tallies)
            self._repartition(outcome, partition, messages)
        return Work(outcome.states, messages, tallies)

    def set_aside(self, record: Record, error: Exception) -> Work:
        """The dead letter for a record whose processing raised."""
        messages: list[Message] = []
        tallies: Counter[Tally] = Counter()
        reason = (
            DeadLetterReason.TOO_LARGE
            if isinstance(error, MessageTooLarge)
            else DeadLetterReason.PROCESSING_FAILED
        )
        # The error's text may quote the record: only its type goes out.
        self._bury(record, reason, type(error).__name__, messages, tallies)
        return Work({}, messages, tallies)

    def set_deadline_aside(self, key: bytes, error: Exception) -> Work:
        """The dead letter for an account whose deadline raised."""
        reason = DeadLetterReason.PROCESSING_FAILED
        headers = _headers(reason, type(error).__name__, "", -1, -1, -1)
        letter = Message(self._dead_letters, key, None, headers)
        return Work({}, [letter], {("dead_letters", DEADLINE, reason.value): 1})

    def _input(self, record: Record, now: int) -> engine.Input:
        logical, record_type = self._inputs[record.topic]
        if record.value is None:
            raise DecodeError(DeadLetterReason.UNDECODABLE, "the record has no value")
        if record.timestamp > now + self._limits.max_future_ms:
            raise DecodeError(
                DeadLetterReason.TIME_IN_FUTURE, "the record's timestamp lies in the future"
            )
        value = self._codec.decode(record_type, record.value)
        if record_type in _REPARTITIONED:
            return engine.Input(logical, record.partition, record.offset, record.timestamp, value)
        if record.key is None or record.key != value.account_id.encode():
            raise DecodeError(
                DeadLetterReason.KEY_MISMATCH,
                "the record's key must be its account_id, so that it reaches the right partition",
            )
        if record.key.startswith(b"\0"):
            raise DecodeError(
                DeadLetterReason.INVALID_FIELD, "account_id begins with a zero character"
            )
        value = self._regions.resolve(value)
        return engine.Input(logical, record.partition, record.offset, record.timestamp, value)

    def _encode(
        self, outputs: Iterable[Any], messages: list[Message], tallies: Counter[Tally]
    ) -> None:
        encode, topics = self._codec.encode, self._outputs
        for output in outputs:
            record_type = type(output)
            messages.append(
                Message(topics[record_type], output.account_id.encode(), encode(output))
            )
            if record_type is Verdict:
                tallies["verdicts", output.decision, output.pack_id] += 1
                for finding in output.findings:
                    pack_id = finding.pack_id or output.pack_id
                    tallies["findings", finding.rule_id, finding.mode, pack_id] += 1
                    if finding.outcome is RuleOutcome.ERROR:
                        tallies["rule_errors", finding.rule_id, pack_id] += 1
                if output.shadow_decision is not None:
                    tallies["shadow", output.decision, output.shadow_decision] += 1
            elif record_type is Disposal:
                tallies["disposals", output.action, output.step] += 1
            elif record_type is Escalation:
                tallies["escalations", output.kind, output.status] += 1
            elif record_type is ComplaintFeedback:
                tallies["complaints", output.state] += 1

    def _repartition(self, outcome: engine.Outcome, origin: int, messages: list[Message]) -> None:
        """Claims to the partitions that their keys belong to, answers to where they were asked."""
        encode, topics = self._codec.encode, self._outputs
        by_partition: dict[int, list[KeyClaim]] = {}
        for claim in outcome.claims:
            by_partition.setdefault(partition_of(claim.key, self._partitions), []).append(claim)
        for partition, claims in by_partition.items():
            for start in range(0, len(claims), MAX_CLAIMS):
                together = tuple(claims[start : start + MAX_CLAIMS])
                value = encode(KeyClaims(origin=origin, claims=together))
                messages.append(Message(topics[KeyClaims], None, value, partition=partition))
        for asked, findings in outcome.answers:
            value = encode(findings)
            messages.append(Message(topics[KeyFindings], None, value, partition=asked))

    def _bury(
        self,
        record: Record,
        reason: DeadLetterReason,
        detail: str,
        messages: list[Message],
        tallies: Counter[Tally],
    ) -> None:
        headers = _headers(
            reason, detail, record.topic, record.partition, record.offset, record.timestamp
        )
        key, value = record.key, self._unaddressed(record)
        own = tuple(one for one in record.headers if not one[0].startswith(HEADER_PREFIX))
        room = MAX_ORIGINAL_BYTES - len(key or b"") - sum(len(n) + len(v or b"") for n, v in own)
        if room < len(value or b""):
            key, value, own = (key or b"")[:MAX_KEY_BYTES], (value or b"")[:MAX_CUT_BYTES], ()
            headers = [*headers, (HEADER_PREFIX + "truncated", b"true")]
        messages.append(Message(self._dead_letters, key, value, [*own, *headers], fits=True))
        tallies["dead_letters", record.topic, reason.value] += 1

    def _unaddressed(self, record: Record) -> bytes | None:
        """The record's own bytes; where they hold an observed address, its region instead."""
        record_type = self._inputs.get(record.topic, ("", None))[1]
        if record.value is None or record_type is not AccountChange:
            return record.value
        try:
            change = self._codec.decode(AccountChange, record.value)
            resolved = self._regions.resolve(change)
            return record.value if resolved is change else self._codec.encode(resolved)
        except (DecodeError, RegistryUnavailable):
            return record.value


@contextmanager
def _registry_is_a_dependency() -> Iterator[None]:
    """A registry that is away is no fault of the records: reading and writing may both need it."""
    try:
        yield
    except RegistryUnavailable as error:
        raise DependencyUnavailable(str(error)) from error


def _headers(
    reason: DeadLetterReason, error: str, topic: str, partition: int, offset: int, timestamp: int
) -> Headers:
    values = (reason.value, error[:MAX_ERROR_CHARS], topic, partition, offset, timestamp)
    return [
        (HEADER_PREFIX + name, str(value).encode())
        for name, value in zip(DEAD_LETTER_HEADERS, values, strict=True)
    ]
