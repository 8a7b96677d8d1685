"""Commands that talk to Kafka: worker, publish, topics, dead-letters, replay."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer
from confluent_kafka import Producer
from rich.table import Table

from processors import engine
from schemas.codec import Codec
from schemas.errors import DecodeError
from schemas.records import Verdict
from streams import dead_letters as letters
from streams.clients import create_producer, read_all
from streams.commands.common import UNREACHABLE, fail, opened, out, print_json, progress_bar
from streams.jsonl import Line, LineError, read_lines
from streams.packs import load_policy
from streams.settings import Settings, load_settings
from streams.topics import create_topics, describe_topics, input_topics, real_name

FLUSH_S = 30.0

topics = typer.Typer(no_args_is_help=True, help="Create and compare the topics.")
dead_letters = typer.Typer(no_args_is_help=True, help="Records that were set aside.")


def worker() -> None:
    """Run one worker until a signal; it leaves with the exit codes of docs/delivery.md."""
    from streams.worker import run_worker

    raise typer.Exit(run_worker(load_settings()))


class Publisher:
    """Publishes with a plain producer and knows what Kafka did not take."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self.published = 0
        self.errors: Counter[str] = Counter()

    def send(self, topic: str, key: bytes | None, value: bytes | None, **more: Any) -> None:
        """Queue one record; waits while the producer's queue is full."""
        while True:
            try:
                self._producer.produce(
                    topic, key=key, value=value, on_delivery=self._delivered, **more
                )
                break
            except BufferError:
                self._producer.poll(0.1)
        self._producer.poll(0)

    def finish(self) -> None:
        """Wait for all deliveries; exits with 4 when some failed."""
        if left := self._producer.flush(FLUSH_S):
            self.errors["no answer"] += left
        if self.errors:
            told = ", ".join(f"{count} x {error}" for error, count in self.errors.items())
            raise fail(f"Kafka did not take everything: {told}", UNREACHABLE)

    def _delivered(self, error: Any, _message: Any) -> None:
        if error is None:
            self.published += 1
        else:
            self.errors[error.str()] += 1


def publish(
    file: Annotated[str, typer.Argument(help="JSON lines of inputs; - for standard input.")] = "-",
) -> None:
    """Publish inputs to Kafka with a plain producer, keyed by account id."""
    settings, codec = load_settings(), Codec()
    publisher = Publisher(create_producer(settings))
    try:
        with opened(file) as source:
            for line in read_lines(source, file):
                key = line.record.account_id.encode()
                publisher.send(real_name(settings, line.topic), key, codec.encode(line.record))
    except LineError as error:
        raise fail(str(error)) from error
    finally:
        publisher.finish()
    out.print(f"{publisher.published} published")


@topics.command("create")
def topics_create() -> None:
    """Create what is missing; existing topics are left as they are."""
    created = create_topics(load_settings())
    out.print(f"created {', '.join(created)}" if created else "all topics are there")


@topics.command("list")
def topics_list(
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show every topic, what it carries, and where it differs from the table."""
    states = describe_topics(load_settings())
    if json:
        print_json([{**s._asdict(), "topic": s.topic.name} for s in states])
        return
    table = Table("topic", "direction", "partitions", "carries", "differences")
    for state in states:
        there = str(state.partitions) if state.partitions else "missing"
        table.add_row(
            state.name,
            state.topic.direction,
            there,
            state.topic.description,
            "; ".join(state.differences),
        )
    out.print(table)


def _dead_letters(settings: Settings, reason: str | None) -> list[letters.DeadLetter]:
    found = (letters.parse(m) for m in read_all(settings, [real_name(settings, "dead.letters")]))
    return [letter for letter in found if reason in (None, letter.reason)]


@dead_letters.command("list")
def dead_letters_list(
    reason: Annotated[str | None, typer.Option(help="Only those of this reason code.")] = None,
    json: Annotated[bool, typer.Option("--json", help="A JSON line each.")] = False,
) -> None:
    """Show dead letters: where they stand, why, and where they came from. Never their bytes."""
    found = _dead_letters(load_settings(), reason)
    if json:
        for letter in found:
            row = letter._asdict()
            print_json({k: row[k] for k in ("partition", "offset", "reason", "error", "origin")})
        return
    table = Table("dead letter", "reason", "error", "origin")
    for letter in found:
        topic, partition, offset = letter.origin
        table.add_row(
            f"{letter.partition}:{letter.offset}",
            letter.reason,
            letter.error,
            f"{topic}[{partition}]@{offset}",
        )
    out.print(table)
    out.print(f"{len(found)} dead letters")


@dead_letters.command("requeue")
def dead_letters_requeue(
    reason: Annotated[str | None, typer.Option(help="Only those of this reason code.")] = None,
    at: Annotated[
        list[str] | None, typer.Option(help="Only this one, as partition:offset; repeatable.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Only say what would be sent.")] = False,
) -> None:
    """Send dead letters again to the partition they came from.

    An event that has taken effect meanwhile is known by its event id and has no second effect.
    Letters that were cut, and those of deadlines, cannot be sent again and are named.
    """
    settings = load_settings()
    chosen = [
        letter
        for letter in _dead_letters(settings, reason)
        if not at or f"{letter.partition}:{letter.offset}" in at
    ]
    whole = [x for x in chosen if not x.truncated and x.origin[1] >= 0]
    if not dry_run:
        publisher = Publisher(create_producer(settings))
        for letter in whole:
            topic, partition, _ = letter.origin
            publisher.send(
                topic, letter.key, letter.value, partition=partition, headers=letter.headers
            )
        publisher.finish()
    told = "would be sent" if dry_run else "sent"
    out.print(f"{len(whole)} {told} again, {len(chosen) - len(whole)} cannot be")


def replay(
    file: Annotated[
        str | None, typer.Argument(help="JSON lines of inputs instead of the topics.")
    ] = None,
    begin: Annotated[int | None, typer.Option(help="Only inputs from this time on (ms).")] = None,
    end: Annotated[int | None, typer.Option(help="Only inputs before this time (ms).")] = None,
    outputs: Annotated[bool, typer.Option("--outputs", help="Outputs as JSON lines.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The summary as JSON.")] = False,
) -> None:
    """Run inputs through the pure domain, under the configured pack. Writes nothing to Kafka.

    Topics are merged by record time; a file is taken in its order.
    """
    settings = load_settings()
    try:
        inputs, unreadable = (
            _from_topics(settings, begin, end) if file is None else (_from_file(file), 0)
        )
    except LineError as error:
        raise fail(str(error)) from error
    judging = load_policy(settings)
    limits = engine.Limits(settings.max_field_chars, settings.max_id_chars, settings.max_future_ms)
    states: dict[bytes, bytes | None] = {}
    made: Counter[str] = Counter(unreadable=unreadable)
    with progress_bar() as bar:
        for start in bar.track(range(0, len(inputs), 1_000), description="replaying"):
            outcome = engine.run(inputs[start : start + 1_000], states.get, judging, limits)
            states.update(outcome.states)
            made["rejected"] += len(outcome.rejected)
            made["duplicates"] += outcome.duplicates
            for record in outcome.outputs:
                made[type(record).__name__] += 1
                if isinstance(record, Verdict):
                    made[record.decision] += 1
                if outputs:
                    print_json({"type": type(record).__name__, "record": record})
    summary = {
        "inputs": len(inputs),
        "accounts": len(states),
        **{k: v for k, v in made.items() if v},
    }
    if json:
        print_json(summary)
    elif not outputs:
        table = Table("what", "count")
        for name, count in summary.items():
            table.add_row(name, str(count))
        out.print(table)


def _from_file(file: str) -> list[engine.Input]:
    def as_input(line: Line) -> engine.Input:
        return engine.Input(line.topic, 0, line.number, line.record.occurred_at, line.record)

    with opened(file) as source:
        return [as_input(line) for line in read_lines(source, file)]


def _from_topics(
    settings: Settings, begin: int | None, end: int | None
) -> tuple[list[engine.Input], int]:
    codec, unreadable = Codec(), 0
    names = {real_name(settings, topic.name): topic for topic in input_topics()}
    inputs: list[engine.Input] = []
    with progress_bar() as bar:
        task = bar.add_task("reading")
        for message in read_all(
            settings,
            list(names),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        ):
            at = message.timestamp()[1]
            if (begin is not None and at < begin) or (end is not None and at >= end):
                continue
            topic = names[str(message.topic())]
            try:
                record = codec.decode(topic.record, message.value() or b"")
            except DecodeError:
                unreadable += 1
                continue
            inputs.append(
                engine.Input(
                    topic.name, message.partition() or 0, message.offset() or 0, at, record
                )
            )
    order = {topic.name: number for number, topic in enumerate(input_topics())}
    inputs.sort(key=lambda i: (i.timestamp, order[i.topic], i.partition, i.offset))
    return inputs, unreadable
