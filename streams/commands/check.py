"""`zhengming check`: the domain over a file, without a broker."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Annotated, Any

import typer
from rich.table import Table

from processors import engine
from schemas.records import Decision, Disposal, Escalation, EscalationStatus, Verdict
from streams.commands.common import (
    BAD_INPUT,
    FOUND,
    STDIN,
    complain,
    opened,
    out,
    print_json,
    styled,
)
from streams.jsonl import LineError, read_lines
from streams.offline import Offline, limits_of
from streams.packs import load_policy
from streams.regions import open_regions
from streams.settings import load_settings
from streams.telling import tell

SEVERITY = {decision: number for number, decision in enumerate(Decision)}


def check(
    file: Annotated[str, typer.Argument(help="JSON lines of inputs; - for standard input.")] = "-",
    json: Annotated[bool, typer.Option("--json", help="Every output as a JSON line.")] = False,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show every output, also what is simply allowed.")
    ] = False,
    fail_on: Annotated[
        Decision | None,
        typer.Option(
            case_sensitive=False,
            help="Exit with 1 when a verdict is as severe as this, or more.",
        ),
    ] = None,
) -> None:
    """Judge account changes without a broker: JSON lines in, verdicts out.

    Lines take effect in order, at the times they carry, on accounts that begin empty. A bare change
    needs no more than an account_id and the fields that change. Bad lines are told with their
    number and left out; the exit code is then 2.
    """
    settings = load_settings()
    regions, key = open_regions(settings), settings.hashing_key()
    session = _Session(Offline(load_policy(settings), limits_of(settings), regions, key))
    table = Table("line", "account", "what", "why")
    with opened(file, "checking") as source:
        for line in read_lines(source, file, on_error=session.refuse, fill_in=True):
            for record in session.apply(file, line.number, line.topic, line.record):
                if json:
                    print_json(
                        {"line": line.number, "type": type(record).__name__, "record": record}
                    )
                elif show_all or _worth_showing(record):
                    _add(table, line.number, record)
            if file == STDIN:
                sys.stdout.flush()  # whoever writes to us may wait for the answer
    if not json:
        if table.row_count:
            out.print(table)
        out.print(session.summary(), soft_wrap=True)
    if session.bad:
        complain(f"{session.bad} bad lines were left out: mend them; docs/topics.md has the fields")
        raise typer.Exit(BAD_INPUT)
    if fail_on is not None and session.worst >= SEVERITY[fail_on]:
        raise typer.Exit(FOUND)


class _Session:
    """A run over a file: what came of it so far."""

    def __init__(self, offline: Offline) -> None:
        self._offline = offline
        self._verdicts: Counter[Decision] = Counter()
        self._others: Counter[str] = Counter()
        self.inputs = 0
        self.bad = 0
        self.worst = -1

    def refuse(self, error: LineError) -> None:
        """Tell a bad line."""
        self.bad += 1
        complain(str(error))

    def apply(self, file: str, number: int, topic: str, record: Any) -> list[Any]:
        """Apply the input of a line; returns its outputs."""
        given = engine.Input(topic, 0, number, record.occurred_at, record)
        outputs, rejected = self._offline.apply([given])
        for _, reason, detail in rejected:
            self.refuse(LineError(f"{file}:{number}: {reason.value}: {detail}"))
            return []
        self.inputs += 1
        for output in outputs:
            if isinstance(output, Verdict):
                self._verdicts[output.decision] += 1
                self.worst = max(self.worst, SEVERITY[output.decision])
            else:
                self._others[type(output).__name__] += 1
        return outputs

    def summary(self) -> str:
        """What was made of the inputs."""
        verdicts = ", ".join(f"{n} {d}" for d in Decision if (n := self._verdicts[d]))
        others = ", ".join(f"{n} {name}" for name, n in sorted(self._others.items()))
        told = [f"{self.inputs} inputs", f"verdicts: {verdicts or 'none'}"]
        if others:
            told.append(f"besides: {others}")
        if repeated := self._offline.duplicates:
            told.append(f"repeated events: {repeated}")
        return "; ".join(told)


def _worth_showing(record: Any) -> bool:
    if isinstance(record, Verdict):
        return record.decision is not Decision.ALLOW or record.revision > 1
    opened_now = isinstance(record, Escalation) and record.status is EscalationStatus.OPENED
    return opened_now or isinstance(record, Disposal)


def _add(table: Table, number: int, record: Any) -> None:
    told = tell(record)
    why = styled(told.why)
    if told.rules:
        why.append(styled(f" [{told.rules}]", "dim"))
    table.add_row(str(number), record.account_id, styled(told.what, told.style), why)
