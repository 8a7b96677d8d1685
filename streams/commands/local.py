"""Commands that need no broker: check, simulate, policy lint."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from processors import engine
from processors.policy import Policy, lint_pack
from schemas.records import Decision, Verdict
from streams.commands.common import FOUND, fail, opened, out, print_json
from streams.jsonl import Line, LineError, read_lines, write_line
from streams.packs import find_pack, load_policy
from streams.settings import load_settings
from streams.simulate import Simulation

BATCH = 1_000

policy = typer.Typer(no_args_is_help=True, help="Work on policy packs.")


def check(
    file: Annotated[str, typer.Argument(help="JSON lines of inputs; - for standard input.")] = "-",
    json: Annotated[bool, typer.Option("--json", help="Every output as a JSON line.")] = False,
    fail_on: Annotated[
        Decision | None,
        typer.Option(help="Exit with 1 when a verdict is as severe as this, or more."),
    ] = None,
) -> None:
    """Judge changes without a broker: JSON lines in, verdicts out.

    Lines take effect in order, each account from an empty state, at the times they carry.
    """
    settings = load_settings()
    judging = load_policy(settings)
    limits = engine.Limits(settings.max_field_chars, settings.max_id_chars, settings.max_future_ms)
    session = Session(judging, limits)
    table = Table("account", "decision", "why", "rules")
    worst = 0
    try:
        with opened(file) as source:
            for line in read_lines(source, file):
                for record in session.apply(line):
                    if json:
                        print_json({"type": type(record).__name__, "record": record})
                    elif isinstance(record, Verdict):
                        rules = ", ".join(sorted({f.rule_id for f in record.findings}))
                        table.add_row(record.account_id, record.decision, record.reason, rules)
                    if isinstance(record, Verdict):
                        worst = max(worst, tuple(Decision).index(record.decision))
    except LineError as error:
        raise fail(str(error)) from error
    if not json:
        out.print(table)
        out.print(f"{session.inputs} inputs, {session.summary()}")
    if fail_on is not None and worst >= tuple(Decision).index(fail_on):
        raise typer.Exit(FOUND)


class Session:
    """The pure engine over inputs from a file, with the states it has made so far."""

    def __init__(self, judging: Policy, limits: engine.Limits) -> None:
        self._policy = judging
        self._limits = limits
        self._states: dict[bytes, bytes | None] = {}
        self.inputs = 0
        self.duplicates = 0
        self.made: Counter[str] = Counter()

    def apply(self, line: Line) -> list[Any]:
        """Apply one input; returns its outputs. Raises `LineError` when the domain rejects it."""
        record = line.record
        given = engine.Input(line.topic, 0, line.number, record.occurred_at, record)
        outcome = engine.run([given], self._states.get, self._policy, self._limits)
        for _, reason, detail in outcome.rejected:
            raise LineError(f"line {line.number}: {reason.value}: {detail}")
        self._states.update(outcome.states)
        self.inputs += 1
        self.duplicates += outcome.duplicates
        for output in outcome.outputs:
            self.made[
                output.decision if isinstance(output, Verdict) else type(output).__name__
            ] += 1
        return list(outcome.outputs)

    def summary(self) -> str:
        """What was made of them, most frequent first."""
        made = [f"{count} {name}" for name, count in self.made.most_common()]
        return ", ".join([*made, f"{self.duplicates} duplicates"])


def simulate(
    events: Annotated[int, typer.Option(min=1, help="Inputs to write.")] = 1_000,
    accounts: Annotated[int, typer.Option(min=1, help="Accounts they spread over.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same traffic.")] = 1,
    offenders: Annotated[float, typer.Option(min=0, help="Scale of the offenders' share.")] = 1.0,
    file: Annotated[
        Path | None, typer.Option("--out", help="A file instead of the screen.")
    ] = None,
) -> None:
    """Write simulated account traffic as JSON lines."""
    simulation = Simulation(
        seed=seed,
        accounts=accounts,
        offenders=offenders,
        start=time.time_ns() // 1_000_000 - events,
    )
    sink = sys.stdout.buffer if file is None else file.open("wb")
    try:
        for topic, record in simulation.events(events):
            sink.write(write_line(topic, record) + b"\n")
    finally:
        if file is not None:
            sink.close()


@policy.command("lint")
def policy_lint(
    pack: Annotated[str, typer.Argument(help="A directory, or a shipped pack.")] = "cac2022",
    json: Annotated[bool, typer.Option("--json", help="Problems as JSON.")] = False,
) -> None:
    """Check a policy pack and run its own tests; exit code 1 when there are problems."""
    problems = lint_pack(find_pack(pack))
    if json:
        print_json([p._asdict() for p in problems])
    else:
        for problem in problems:
            out.print(str(problem), markup=False, soft_wrap=True)
        out.print(f"{pack}: {len(problems)} problems" if problems else f"{pack}: no problems")
    if problems:
        raise typer.Exit(FOUND)
