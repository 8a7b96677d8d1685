"""What joins Kafka to the domain: dead letters, and whose fault an error is."""

from types import SimpleNamespace

import pytest

from processors.engine import Limits
from schemas.codec import Codec, encode
from schemas.errors import RegistryUnavailable
from schemas.records import AccountChange, ChangeKind, Phase, Verdict
from streams.dead_letters import parse
from streams.errors import DependencyUnavailable
from streams.packs import load_policy
from streams.processing import MAX_KEY_BYTES, DomainProcessing
from streams.settings import Settings
from streams.topics import output_topics

NOW = 1_800_000_000_000


class Away(Codec):
    """A codec whose registry does not answer, for reading or for writing."""

    def __init__(self, reading, writing):
        super().__init__()
        self.reading, self.writing = reading, writing

    def decode(self, record_type, data):
        if self.reading:
            raise RegistryUnavailable("away")
        return super().decode(record_type, data)

    def encode(self, record):
        if self.writing:
            raise RegistryUnavailable("away")
        return super().encode(record)


def processing(codec=None):
    inputs = {"in": ("account.changes", AccountChange)}
    outputs = {topic.record: topic.name for topic in output_topics()}
    policy = load_policy(Settings())
    return DomainProcessing(policy, codec or Codec(), inputs, outputs, "dead", 1, Limits())


def record(value=None, key=b"a1", headers=(), offset=7):
    change = AccountChange(
        event_id="e1",
        account_id="a1",
        occurred_at=NOW,
        kind=ChangeKind.EDIT,
        phase=Phase.PROPOSED,
        bio="晒太阳",
    )
    value = encode(change) if value is None else value
    return SimpleNamespace(
        topic="in", partition=0, offset=offset, timestamp=NOW, key=key, value=value, headers=headers
    )


def letter_of(message):
    return parse(
        SimpleNamespace(
            topic=lambda: "dead",
            partition=lambda: 0,
            offset=lambda: 0,
            key=lambda: message.key,
            value=lambda: message.value,
            headers=lambda: list(message.headers),
        )
    )


def test_a_change_is_answered_with_a_verdict():
    work = processing().process([record()], {}.get, NOW)
    assert Verdict in {topic.record for topic in output_topics()}
    assert "account.verdicts" in [message.topic for message in work.messages]
    assert work.states.keys() == {b"a1"}


@pytest.mark.parametrize(("reading", "writing"), [(True, False), (False, True)])
def test_a_registry_that_is_away_is_no_fault_of_the_records(reading, writing):
    with pytest.raises(DependencyUnavailable):
        processing(Away(reading, writing)).process([record()], {}.get, NOW)


def test_the_headers_of_a_record_cannot_pose_as_ours():
    forged = [("zhengming-reason", b"FORGED"), ("zhengming-truncated", b""), ("trace", b"t")]
    (message,) = (
        processing().process([record(b"\xffrubbish", headers=forged)], {}.get, NOW).messages
    )
    letter = letter_of(message)
    assert (letter.reason, letter.origin) == ("UNDECODABLE", ("in", 0, 7))
    assert letter.headers == [("trace", b"t")]
    assert letter.whole


def test_an_original_too_long_for_a_message_is_cut_and_says_so():
    huge = record(b"\xff" * (3 << 20), key=b"k" * 5_000, headers=[("trace", b"t")])
    (message,) = processing().process([huge], {}.get, NOW).messages
    letter = letter_of(message)
    assert letter.truncated
    assert not letter.whole
    assert len(letter.value or b"") < 2 << 20
    assert len(letter.key or b"") == MAX_KEY_BYTES
    assert letter.origin == ("in", 0, 7)
