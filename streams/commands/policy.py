"""`zhengming policy`: work on policy packs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from processors.policy import Pack, Problem, advise, dropped, lint_pack, load_pack, pack_schema
from schemas.records import PolicyPack
from streams import control_topics
from streams.commands.common import FOUND, complain, out, print_json, styled
from streams.packs import find_pack, load_policy
from streams.settings import load_settings

policy = typer.Typer(no_args_is_help=True, help="Work on policy packs.")


@policy.command("lint")
def lint(
    pack: Annotated[str, typer.Argument(help="A directory, or a shipped pack.")] = "cac2022",
    json: Annotated[bool, typer.Option("--json", help="Problems as JSON.")] = False,
) -> None:
    """Check a policy pack and run its own tests; exit code 1 when there are problems.

    Advice is what may not be meant; it changes no exit code.
    """
    files = find_pack(pack)
    problems = lint_pack(files)
    advice = [] if problems else _advice(files)
    if json:
        print_json(
            [p._asdict() | {"advice": False} for p in problems]
            + [p._asdict() | {"advice": True} for p in advice]
        )
    else:
        for problem in problems:
            out.print(str(problem), soft_wrap=True)
        for one in advice:
            out.print(f"advice: {one}", soft_wrap=True)
        count = f"{len(problems) or 'no'} problem{'' if len(problems) == 1 else 's'}"
        out.print(f"{pack}: {count}")
    if problems:
        raise typer.Exit(FOUND)


@policy.command("schema")
def schema() -> None:
    """Print the JSON Schema of pack.yaml, for editors that complete and check."""
    print_json(pack_schema())


By = Annotated[str, typer.Option("--by", help="Who does it.")]


@policy.command("activate")
def activate(
    pack: Annotated[str, typer.Argument(help="A directory, or a shipped pack.")],
    by: By,
    author: Annotated[
        str | None, typer.Option(help="Who wrote it; must be somebody else than --by.")
    ] = None,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Judge by it beside the others, without consequence.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The pack as JSON.")] = False,
) -> None:
    """Put a pack in force for all running workers; a pack with problems is not published.

    In shadow it is judged by under its id with `.shadow`, until that is retired.
    """
    settings = load_settings()
    files = find_pack(pack)
    beside = control_topics.read_in_force(settings, load_policy(settings)).policy
    record = control_topics.activate(settings, files, by, author, beside=beside, shadow=shadow)
    for one in _advice(files):
        complain(f"advice: {one}")
    if not shadow:
        _compare(beside.pack, load_pack(files))
    _say(record, json, "put in shadow" if shadow else "put in force")


@policy.command("retire")
def retire(
    pack_id: Annotated[str, typer.Argument(help="Id of the pack.")],
    by: By,
    json: Annotated[bool, typer.Option("--json", help="The pack as JSON.")] = False,
) -> None:
    """Take a pack out of force: the configured one of its id decides again, where there is one."""
    _say(control_topics.retire(load_settings(), pack_id, by), json, "retired")


@policy.command("list")
def show(json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show what is in force, and every pack that was put in force or retired, newest last.

    Exit code 1 when something was published that cannot be used.
    """
    settings = load_settings()
    in_force = control_topics.read_in_force(settings, load_policy(settings))
    packs = [
        item.record
        for item in control_topics.read_published(settings)
        if isinstance(item.record, PolicyPack)
    ]
    decide = in_force.policy.pack.parts or (in_force.policy.pack,)
    if json:
        now = [
            {"pack_id": pack.id, "pack_version": pack.version, "pack_hash": pack.hash}
            for pack in decide
        ]
        history = [_told(record) for record in packs]
        problems = list(in_force.problems)
        print_json({"in_force": now, "history": history, "problems": problems})
    else:
        table = Table("when (UTC)", "pack", "version", "hash", "", "by", "author")
        for record in packs:
            at = datetime.fromtimestamp(record.published_at / 1e3, UTC)
            mode = styled(record.mode)
            if record in in_force.packs:
                mode.append(" in force", "green")
            table.add_row(
                f"{at:%Y-%m-%d %H:%M:%S}",
                record.pack_id,
                record.pack_version,
                record.pack_hash[:12],
                mode,
                record.published_by,
                record.author or "",
            )
        out.print(table)
        published = {record.pack_hash for record in in_force.packs}
        for pack in decide:
            origin = "" if pack.hash in published else " (as configured)"
            out.print(f"in force: {pack.id} {pack.version} {pack.hash[:12]}{origin}")
        for problem in in_force.problems:
            out.print(f"cannot be used: {problem}", style="red", soft_wrap=True)
    if in_force.problems:
        raise typer.Exit(FOUND)


def _advice(files: Mapping[str, bytes]) -> list[Problem]:
    return advise(files, time.time_ns() // 1_000_000)


def _compare(in_force: Pack, pack: Pack) -> None:
    """Tell what is easily overlooked of a pack that takes the place of another of its id."""
    before = next((part for part in in_force.parts or (in_force,) if part.id == pack.id), None)
    if before is None:
        return
    if before.version == pack.version and before.hash != pack.hash:
        complain(
            f"advice: the pack before it has the version {pack.version}, too, and says otherwise"
        )
    if gone := dropped(before, pack):
        complain(
            f"advice: rules of the version before that this one does not have: {', '.join(gone)}. "
            "What rests on them is lifted at its time limit; one that is RETIRED keeps its words"
        )


def _told(record: PolicyPack) -> dict[str, object]:
    return {
        "pack_id": record.pack_id,
        "pack_version": record.pack_version,
        "pack_hash": record.pack_hash,
        "mode": record.mode,
        "published_at": record.published_at,
        "published_by": record.published_by,
        "author": record.author,
    }


def _say(record: PolicyPack, json: bool, what: str) -> None:
    if json:
        print_json(_told(record))
    else:
        out.print(f"{record.pack_id} {record.pack_version} {record.pack_hash[:12]}: {what}")
