"""`zhengming policy test`, `diff` and `backtest`: what a pack decides, and what another would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from zlib import crc32

import typer
from rich.table import Table

from processors.policy import TESTS, PackError, Policy, differences, load_pack
from processors.policy.pack_tests import try_cases
from processors.policy.tree import Notes
from schemas.records import Decision
from streams.backtest import Outcome, backtest, share_of
from streams.commands.common import BAD_INPUT, FOUND, STDIN, complain, fail, out, print_json, styled
from streams.commands.history import from_lines, from_topics, time_of
from streams.commands.parallel import run_shares
from streams.commands.policy import policy
from streams.jsonl import LineError
from streams.offline import limits_of
from streams.packs import find_pack, pack_of
from streams.regions import open_regions
from streams.settings import Settings, load_settings

File = Annotated[str | None, typer.Argument(help="JSON lines of inputs.")]
AsJson = Annotated[bool, typer.Option("--json", help="As one JSON object.")]
Processes = Annotated[int, typer.Option(help="Processes to share the work.", min=1, max=256)]


@policy.command("test")
def test(
    pack: Annotated[str, typer.Argument(help="A directory, or a shipped pack.")] = "cac2022",
    json: Annotated[bool, typer.Option("--json", help="A JSON line a test.")] = False,
) -> None:
    """Run the tests of a policy pack and show each; exit code 1 when one fails."""
    files = find_pack(pack)
    tests = files.pop(TESTS, None)
    if tests is None:
        raise fail(f"{pack} has no tests; write some into its {TESTS}: docs/policy-packs.md")
    try:
        judging = Policy(load_pack(files))
    except PackError as error:
        raise fail(f"pack {pack!r} cannot be used:\n{error}") from error
    notes = Notes(TESTS)
    tried = try_cases(judging, tests, notes)
    failed = sum(not case.passed for case in tried)
    if json:
        for case in tried:
            print_json(case._asdict())
    else:
        table = Table("line", "texts", "expected", "decided", "rules", "")
        for case in tried:
            texts = " · ".join(f"{field.lower()}: {text}" for field, text in case.texts.items())
            rules = ", ".join(case.rules)
            mark = styled("passed", "green") if case.passed else styled("failed", "red")
            table.add_row(str(case.line), texts, case.expected, case.decision, rules, mark)
        out.print(table)
        out.print(f"{pack}: {len(tried)} tests, {failed} failed")
    for problem in notes.problems:
        complain(str(problem))
    if notes.problems:
        raise typer.Exit(FOUND)


@policy.command("diff")
def diff(
    before: Annotated[str, typer.Argument(help="A pack, or several with commas between.")],
    after: Annotated[str, typer.Argument(help="Another one.")],
    file: File = None,
    processes: Processes = 1,
    json: AsJson = False,
) -> None:
    """Compare two packs rule by rule, and with a FILE also what they decide of its inputs.

    Exit code 1 when they differ.
    """
    old, new = pack_of(before), pack_of(after)
    found = differences(old, new)
    outcome = None
    if file is not None:
        outcome = _run(_Share(load_settings(), after, before, file, None, None, processes))
    if json:
        answer: dict[str, Any] = {"differences": [d._asdict() for d in found]}
        print_json(answer | ({"decisions": _told(outcome)} if outcome else {}))
    else:
        table = Table("", "of", "difference")
        for kind, name, what in found:
            table.add_row(kind, name, what)
        out.print(table if found else "The packs say the same.")
        if outcome:
            _show(outcome)
    if found or (outcome and outcome.changed):
        raise typer.Exit(FOUND)


@policy.command("backtest")
def run_backtest(
    candidate: Annotated[str, typer.Argument(help="The pack to try, or several with commas.")],
    file: File = None,
    from_topics_: Annotated[
        bool, typer.Option("--from-topics", help="The input topics instead of a file.")
    ] = False,
    against: Annotated[
        str | None, typer.Option(help="The pack in force; the configured one if none is named.")
    ] = None,
    begin: Annotated[
        str | None, typer.Option(help="Only records from this time on: ms, or ISO 8601 (UTC).")
    ] = None,
    end: Annotated[
        str | None, typer.Option(help="Only records before this time: ms, or ISO 8601 (UTC).")
    ] = None,
    processes: Processes = 1,
    json: AsJson = False,
) -> None:
    """Run a history through the domain under a candidate, beside the pack in force.

    Drafts of the candidate are in force. Accounts begin empty. Nothing is written to Kafka.
    """
    if from_topics_ == (file is not None):
        raise fail("backtest on what? give a FILE, or --from-topics")
    settings = load_settings()
    first, last = time_of("--begin", begin), time_of("--end", end)
    share = _Share(settings, candidate, against or settings.pack, file, first, last, processes)
    outcome = _run(share)
    if json:
        print_json(_told(outcome))
    else:
        _show(outcome)


@dataclass(frozen=True)
class _Share:
    """The work of one process of several; it loads the packs by itself."""

    settings: Settings
    candidate: str
    in_force: str
    file: str | None
    first: int | None
    last: int | None
    of: int

    def __call__(self, number: int, progress: Callable[[int], None]) -> Outcome:
        packs = pack_of(self.candidate), pack_of(self.in_force)
        limits, regions = limits_of(self.settings), open_regions(self.settings)
        if self.file is None:
            inputs = from_topics(
                self.settings,
                self.first,
                self.last,
                Counter(),
                lambda key: crc32(key) % self.of == number,
            )
            return backtest(inputs, *packs, limits, regions, progress)
        with Path(self.file).open("rb") as source:
            lines = share_of(_counted(source, progress), number, self.of)
            inputs = from_lines(lines, self.file, self.first, self.last)
            return backtest(inputs, *packs, limits, regions)


def _counted(source: Any, progress: Callable[[int], None]) -> Any:
    """The lines of a file; ``progress`` is told their bytes, a part of them at a time."""
    read = 0
    for line in source:
        read += len(line)
        if read > 1 << 18:
            progress(read)
            read = 0
        yield line
    progress(read)


def _run(share: _Share) -> Outcome:
    pack_of(share.candidate)  # a pack that cannot be used is told before any process starts
    pack_of(share.in_force)
    total = 0
    if share.file == STDIN:
        raise fail("the inputs are read more than once: name a file")
    if share.file is not None:
        try:
            total = Path(share.file).stat().st_size * share.of
        except OSError as error:
            raise fail(f"{share.file}: {error.strerror}; name a file of JSON lines") from error
    outcome = Outcome()
    try:
        for part in run_shares(share, share.of, total, "judging"):
            outcome.add(part)
    except LineError as error:
        raise fail(f"{error}; mend the line: docs/topics.md has the fields", BAD_INPUT) from error
    return outcome


def _told(outcome: Outcome) -> dict[str, Any]:
    def way(pair: tuple[Decision, Decision]) -> str:
        return f"{pair[0]} -> {pair[1]}"

    return {
        "inputs": outcome.inputs,
        "rejected": outcome.rejected,
        "accounts": outcome.accounts,
        "judgements": outcome.judgements,
        "changed": outcome.changed,
        "decisions": {way(pair): n for pair, n in sorted(outcome.decisions.items())},
        "examples": {
            way(pair): [example._asdict() for example in shown]
            for pair, shown in sorted(outcome.examples.items())
        },
        "rules": dict(sorted(outcome.rules.items())),
        "measures": {f"{s} {rule}": n for (s, rule), n in sorted(outcome.measures.items())},
    }


def _show(outcome: Outcome) -> None:
    rules = Table("rule", "hits in force", "hits of the candidate", "errors", "snoozed")
    for name, hits in sorted(outcome.rules.items()):
        numbers = (hits.in_force, hits.candidate, hits.errors, hits.snoozed)
        rules.add_row(name, *(f"{n:,}" for n in numbers))
    out.print(rules)
    decisions = Table("in force", "candidate", "judgements", "such as")
    for (before, after), count in sorted(outcome.decisions.items()):
        if before is not after:
            shown = outcome.examples.get((before, after), [])
            events = ", ".join(example.event_id for example in shown)
            decisions.add_row(before, after, f"{count:,}", events)
    if decisions.row_count:
        out.print(decisions)
    measures = Table("measure begun under the candidate", "rule", "count")
    for (step, rule), count in sorted(outcome.measures.items()):
        measures.add_row(step, rule, f"{count:,}")
    if measures.row_count:
        out.print(measures)
    out.print(
        f"{outcome.inputs:,} inputs of {outcome.accounts:,} accounts, "
        f"{outcome.judgements:,} judgements, {outcome.changed:,} decided otherwise"
    )
