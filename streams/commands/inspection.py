"""`zhengming export inspection` and `zhengming audit`: what is asked for, and if it is whole."""

from __future__ import annotations

import hmac
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from processors.accounts.ids import keyed_hash
from schemas.records import AuditRecord, Field
from streams.audit import Chains
from streams.commands.common import (
    BAD_INPUT,
    FOUND,
    SHOWN,
    complain,
    fail,
    leave_if_any,
    out,
    print_json,
    progress_bar,
)
from streams.commands.export import export
from streams.commands.history import time_of
from streams.decoded import Unreadable, read_decoded
from streams.inspection import Manifest, Scope, verify_export
from streams.inspection import export as write_export
from streams.sealed import MANIFEST, hash_of
from streams.settings import load_settings
from streams.topics import output_topics, topic_of

LOOK = "look how it is spelt, or whether retention has deleted what there was"

audit = typer.Typer(no_args_is_help=True, help="The hash-chained audit records.")


@export.command("inspection")
def inspection(
    accounts: Annotated[
        list[str], typer.Option("--account", help="Id, or its beginning and *; repeatable.")
    ],
    order: Annotated[str, typer.Option(help="Reference of the order.")],
    ordered_by: Annotated[str, typer.Option(help="Who ordered it.")],
    approved_by: Annotated[str, typer.Option(help="Who approved it; somebody else.")],
    directory: Annotated[Path, typer.Option("--out", help="A new directory.")],
    topics: Annotated[
        list[str] | None, typer.Option("--topic", help="Topic; repeatable; all outputs.")
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option(help="From this time on: ms, or ISO 8601, as 2026-03-01T00:00+08:00; or UTC."),
    ] = None,
    end: Annotated[str | None, typer.Option(help="Before this time.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The manifest as JSON.")] = False,
) -> None:
    """Write exactly what was ordered as JSON lines, with a manifest of hashes."""
    scope = Scope(
        tuple(accounts),
        tuple(topics or (topic.name for topic in output_topics())),
        time_of("--begin", begin),
        time_of("--end", end),
    )
    with progress_bar() as bar:
        task = bar.add_task("reading")
        manifest = write_export(
            load_settings(),
            scope,
            directory,
            order=order,
            ordered_by=ordered_by,
            approved_by=approved_by,
            at=time.time_ns() // 1_000_000,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    sha256 = hash_of(directory / MANIFEST)
    if json:
        print_json(msgspec.to_builtins(manifest) | {"manifest_sha256": sha256})
    else:
        table = Table("file", "lines", "SHA-256")
        for part in manifest.files:
            table.add_row(part.name, f"{part.lines:,}", part.sha256[:16])
        out.print(table)
        out.print(f"SHA-256 of {MANIFEST}: {sha256}", soft_wrap=True)
        out.print("Keep it somewhere else: `zhengming export verify --sha256` asks for it.")
    for said in _notes(manifest):
        complain(said)
    leave_if_any([one for one in manifest.unreadable if one.output])
    if manifest.nothing_of:
        raise typer.Exit(BAD_INPUT)


def _notes(manifest: Manifest) -> Iterator[str]:
    """What whoever reads an export should know of it, and is no fault of its files."""
    for name in manifest.nothing_of[:SHOWN]:
        yield f"there is nothing of an account {name!r}: {LOOK}"
    if (more := len(manifest.nothing_of) - SHOWN) > 0:
        yield f"nor is there of {more:,} other accounts: `nothing_of` in {MANIFEST} names them"
    if manifest.deleted:
        yield (
            "records that others call for and the topics hold no more, as retention leaves them: "
            f"{manifest.deleted:,}; `absent` in {MANIFEST} names them"
        )


@export.command("verify")
def verify(
    directory: Annotated[Path, typer.Argument(help="Directory of an export.")],
    sha256: Annotated[
        str | None, typer.Option(help="SHA-256 of the manifest, as the export told it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Check an export against its manifest, scope and audit chains; exit code 1 where it fails."""
    if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise fail("--sha256: give all 64 hexadecimal digits that the export was told with")
    manifest, problems = verify_export(directory, sha256)
    if json:
        print_json({"ok": not problems, "problems": problems, "manifest": manifest})
    else:
        for problem in problems[:SHOWN]:
            out.print(problem, style="red", soft_wrap=True)
        lines = sum(part.lines for part in manifest.files) if manifest else 0
        said = f"{len(problems)} problems" if problems else f"{lines:,} lines, all as the manifest"
        out.print(f"{directory}: {said}", soft_wrap=True)
        for note in _notes(manifest) if manifest else ():
            out.print(note, soft_wrap=True)
    if problems:
        raise typer.Exit(FOUND)


@audit.command("verify")
def verify_chains(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Follow the hash chain of every account in the audit records.

    Exit code 1 where one breaks, or a record cannot be read.
    """
    chains, bad = Chains(), list[Unreadable]()
    with progress_bar() as bar:
        task = bar.add_task("reading")
        for read in read_decoded(
            load_settings(),
            [topic_of(AuditRecord)],
            bad.append,
            lambda done, total: bar.update(task, completed=done, total=total),
        ):
            if account is None or read.value.account_id == account:
                chains.add(read.value)
    concerned = [str(one) for one in bad if account is None or one.concerns(account)]
    chains.problems[:0] = concerned
    if account is not None and not chains.records and not chains.problems:
        raise fail(f"there is no audit record of an account {account!r}: {LOOK}")
    if json:
        print_json(
            {
                "ok": not chains.problems,
                "records": chains.records,
                "accounts": len(chains.last),
                "shortened": len(chains.shortened),
                "problems": chains.problems,
            }
        )
    else:
        for problem in chains.problems[:SHOWN]:
            out.print(problem, style="red", soft_wrap=True)
        out.print(
            f"{chains.records:,} records of {len(chains.last):,} accounts, "
            f"{len(chains.problems)} problems; {len(chains.shortened):,} chains begin after their "
            "first record, as retention leaves them"
        )
    if chains.problems:
        raise typer.Exit(FOUND)


@audit.command("value")
def value(
    field: Annotated[Field, typer.Option(help="Field that the record is about.")],
    hashed: Annotated[str, typer.Option("--hash", help="`value_hash` of the record.")],
) -> None:
    """Tell whether a value, read from standard input, is the one that a record has the hash of.

    It is tried under the key in use and under those before it. Exit code 1 where it is not.
    """
    keys = load_settings().hashing_key()
    known = [key for key in (keys.current, *(key for _, key in keys.before)) if key]
    if not known:
        raise fail("there is no key: set ZHENGMING_VALUE_KEY")
    text = sys.stdin.read().removesuffix("\n")
    for number, key in enumerate(known):
        if hmac.compare_digest(keyed_hash(key, field, text), hashed.lower()):
            out.print("it is the value" + (f", under former key {number}" if number else ""))
            return
    out.print("it is another value, or hashed under a key that is not set")
    raise typer.Exit(FOUND)
