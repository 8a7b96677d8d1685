"""Stories told from beginning to end under the shipped pack.

``<story>/events.jsonl`` holds inputs, as every command reads them; an event's ``occurred_at`` is
also the time of its record. ``<story>/directives.jsonl``, where there is one, holds what was
ordered. ``<story>/expected.jsonl`` holds everything put out, up to `HORIZON` days after the last
event, and ``<story>/story.md`` tells the same in words, for people. What names the state of the
pack is left out, so that a story changes when its course does. Look at the difference before you
keep an update: ``git diff tests/golden``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from processors import engine
from processors.control import Control
from processors.policy import Policy, load_pack, shipped_pack
from schemas.records import PlatformDirective
from streams.journal import pauses_of
from streams.jsonl import read_lines
from streams.topics import topic_of
from tests.golden.words import story as in_words

HERE = Path(__file__).parent
STORIES = sorted(path.parent for path in HERE.glob("*/events.jsonl"))
HORIZON = 400
DAY = 86_400_000
LEFT_OUT = {"pack_hash", "pack_version", "hash", "previous_hash"}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy(load_pack(shipped_pack()))


def read(events: Path) -> list[engine.Input]:
    """The events of a story."""
    return [
        engine.Input(line.topic, 0, line.number, line.record.occurred_at, line.record)
        for line in read_lines(events.read_bytes().splitlines(), events.name)
    ]


def in_force(policy: Policy, orders: Path) -> Control:
    """The policy, with the directives of a story where it has some."""
    lines = orders.read_bytes().splitlines() if orders.exists() else []
    issued = [
        msgspec.json.decode(line, type=PlatformDirective)
        for line in lines
        if not line.startswith(b"#")
    ]
    pauses, problems = pauses_of(issued)
    assert problems == []
    return Control.under(policy, pauses)


def tell(inputs: list[engine.Input], policy: Control) -> list[Any]:
    """Everything that is put out for the events of a story."""
    states: dict[bytes, bytes | None] = {}
    outcome = engine.run(inputs, states.get, policy, alone=True)
    assert outcome.rejected == []
    states.update(outcome.states)
    accounts = [key for key in states if key[0]]
    end = inputs[-1].timestamp + HORIZON * DAY
    return outcome.outputs + engine.run_due(accounts, states.get, policy, end, alone=True).outputs


def written(output: Any) -> bytes:
    """An output as a line: topic and record, without what is empty."""
    record = {
        name: value
        for name, value in msgspec.structs.asdict(output).items()
        if name not in LEFT_OUT and value not in (None, (), "")
    }
    return msgspec.json.encode({"topic": topic_of(type(output)).name, "record": record})


def test_there_are_stories():
    assert len(STORIES) >= 8


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_the_story_takes_its_course(
    story: Path, policy: Policy, pytestconfig: pytest.Config
) -> None:
    events = story / "events.jsonl"
    inputs = read(events)
    outputs = tell(inputs, in_force(policy, story / "directives.jsonl"))
    lines = [written(output) for output in outputs]
    text = in_words(story.name, events.read_text("utf-8").splitlines(), inputs, outputs)
    expected, words = story / "expected.jsonl", story / "story.md"
    if pytestconfig.getoption("--update-golden"):
        expected.write_bytes(b"\n".join(lines) + b"\n")
        words.write_text(text, "utf-8")
    assert [msgspec.json.decode(line) for line in lines] == [
        msgspec.json.decode(line) for line in expected.read_bytes().splitlines()
    ]
    assert text == words.read_text("utf-8")
