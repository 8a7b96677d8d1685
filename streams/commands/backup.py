"""`zhengming backup`, `zhengming migrate`: an application as files, and in other partitions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from streams.backup import Manifest, Plan, Proof, carry, export, open_backup, plan, prove, restore
from streams.backup.carrying import left_behind
from streams.commands.common import FOUND, complain, fail, out, print_json, progress_bar, styled
from streams.sealed import is_sealed
from streams.settings import Settings, load_settings

backup = typer.Typer(no_args_is_help=True, help="Back an application up, and restore it.")

Directory = Annotated[Path, typer.Argument(help="Directory of the backup.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
WithoutOutputs = Annotated[
    bool,
    typer.Option(
        "--without-outputs", help="Leave out what went out before: it stays in the old topics."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be written where.")]


@backup.command("create")
def create(
    directory: Annotated[Path, typer.Argument(help="A new directory.")],
    without_outputs: WithoutOutputs = False,
    json: AsJson = False,
) -> None:
    """Write states, unprocessed inputs, packs and directives, and outputs. No worker may run."""
    manifest = _export(load_settings(), directory, outputs=not without_outputs)
    if json:
        print_json(manifest)
        return
    _show_manifest(manifest)


@backup.command("check")
def check(directory: Directory, json: AsJson = False) -> None:
    """Check that a backup is whole; exit code 2 where it is not. Needs no broker."""
    manifest = open_backup(directory)
    if json:
        print_json(manifest)
        return
    _show_manifest(manifest)


@backup.command("restore")
def restore_backup(directory: Directory, dry_run: DryRun = False, json: AsJson = False) -> None:
    """Write a backup into empty topics and prove it; cut off, it goes on when run again."""
    settings = load_settings()
    if dry_run:
        _show_plan(plan(settings, directory), json=json)
        return
    _show_proof(_restore(settings, directory), json=json)


@backup.command("verify")
def verify(directory: Directory, json: AsJson = False) -> None:
    """Compare what the topics hold with the backup they were restored from; exit code 1 where not.

    States are compared until a worker goes on with them.
    """
    _show_proof(prove(load_settings(), directory), json=json)


def migrate(
    directory: Annotated[Path, typer.Argument(help="For the backup between; new, or to go on.")],
    app_id: Annotated[str, typer.Option(help="Application id after the move.")],
    topic_prefix: Annotated[str, typer.Option(help="Prefix of the topics after the move.")],
    partitions: Annotated[int, typer.Option(help="Partitions after the move.", min=1, max=10_000)],
    without_outputs: WithoutOutputs = False,
    dry_run: DryRun = False,
    json: AsJson = False,
) -> None:
    """Move the application to another number of partitions, and prove that nothing is lost.

    A backup, restored under another id into other topics. Run again it goes on where it was cut
    off; once the move is done it carries over what came to the old topics meanwhile: inputs, packs
    and directives. Exit code 1 where the proof fails or something is left behind.
    """
    source = load_settings()
    changed = {"app_id": app_id, "topic_prefix": topic_prefix, "partitions": partitions}
    target = source.model_copy(update=changed)
    if app_id == source.app_id or topic_prefix == source.topic_prefix:
        raise fail("the move needs another --app-id and another --topic-prefix than there are now")
    if is_sealed(directory):
        manifest = open_backup(directory)
        if (manifest.app_id, manifest.topic_prefix) != (source.app_id, source.topic_prefix):
            raise fail(f"{directory} is a backup of {manifest.app_id}; name a directory of its own")
    else:
        manifest = _export(source, directory, outputs=not without_outputs)
    if dry_run:
        _show_plan(plan(target, directory), json=json)
        return
    proof = _restore(target, directory)
    carried = 0
    if proof.ok:
        with progress_bar() as bar:
            task = bar.add_task("carrying over")
            carried = carry(
                source,
                target,
                manifest,
                lambda done, total: bar.update(task, completed=done, total=total),
            )
    left = left_behind(source, target, manifest)
    _show_proof(proof, json=json, more={"carried": carried, "left_behind": left})
    if left:
        complain(
            f"{sum(left.values())} records came to {', '.join(left)} of the old application "
            "meanwhile: let who writes there write to the new topics, and run it again"
        )
        raise typer.Exit(FOUND)


def _export(settings: Settings, directory: Path, *, outputs: bool) -> Manifest:
    with progress_bar() as bar:
        task = bar.add_task("reading")

        def progress(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        return export(settings, directory, progress, outputs=outputs)


def _restore(settings: Settings, directory: Path) -> Proof:
    with progress_bar() as bar:
        task = bar.add_task("writing")

        def progress(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        return restore(settings, directory, progress)


def _show_manifest(manifest: Manifest) -> None:
    table = Table("file", "records", "SHA-256", title=f"{manifest.app_id}, {manifest.id}")
    for part in manifest.files:
        table.add_row(part.name, f"{part.records:,}", part.sha256[:16])
    out.print(table)
    waiting = sum(
        end - position
        for topic, positions in manifest.positions.items()
        for end, position in zip(manifest.ends[topic], positions, strict=True)
    )
    out.print(
        f"{manifest.accounts:,} accounts in {manifest.partitions} partitions; {waiting:,} offsets "
        "of inputs were not processed",
        soft_wrap=True,
    )


def _show_plan(planned: Plan, *, json: bool) -> None:
    if json:
        print_json(planned)
        return
    columns = ("accounts", "other states", "inputs", "outputs")
    title = f"{planned.before} partitions to {planned.after}; nothing was written"
    table = Table("partition", *columns, title=title)
    rows = zip(planned.accounts, planned.states, planned.inputs, planned.outputs, strict=True)
    for partition, row in enumerate(rows):
        table.add_row(str(partition), *(f"{count:,}" for count in row))
    out.print(table)


def _show_proof(proof: Proof, *, json: bool, more: dict[str, Any] | None = None) -> None:
    if json:
        print_json({"ok": proof.ok, "proof": proof} | (more or {}))
    else:
        table = Table("topic", "items before", "items now", "digest before", "digest now", "")
        for one in proof.topics:
            mark = styled("same", "green") if one.same else styled("not the same", "red")
            digests = one.digest_before[:12], one.digest_after[:12]
            table.add_row(one.topic, f"{one.before:,}", f"{one.after:,}", *digests, mark)
        out.print(table)
        table = Table("partition", "accounts", "items", "digest")
        for held in proof.partitions:
            table.add_row(
                str(held.partition), f"{held.accounts:,}", f"{held.items:,}", held.digest[:12]
            )
        out.print(table)
        if proof.gone_on:
            out.print("workers have gone on with the states: only the records are compared")
        for kept in proof.kept_longer:
            out.print(
                f"{kept.topic}: what waits there would be deleted before workers can read it, so "
                f"retention.ms was raised from {kept.before_ms} to {kept.after_ms}. Set it back "
                "when they have caught up",
                soft_wrap=True,
            )
        for name, said in (more or {}).items():
            out.print(f"{name.replace('_', ' ')}: {said}")
    for problem in proof.problems:
        complain(problem)
    if proof.problems:
        raise typer.Exit(FOUND)
