"""`zhengming doctor`: shows the settings and finds the usual faults, each with its cure."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from streams.access import Part
from streams.commands.common import FOUND, out, print_json, styled
from streams.doctor import Finding, examine
from streams.settings import Settings, load_settings, settings_table

_STYLES = {"ok": "green", "note": "yellow", "fault": "red"}


def doctor(
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    part: Annotated[Part, typer.Option(help="Whose rights on Kafka are looked at.")] = Part.WORKER,
) -> None:
    """Show what is in force and what is wrong with it; exit code 1 when something is."""
    settings = load_settings()
    findings = list(examine(settings, part))
    if json:
        values = {row.variable: row.value for row in settings_table(settings)}
        print_json({"settings": values, "checks": [finding.told() for finding in findings]})
    else:
        _show(settings, findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(FOUND)


def _show(settings: Settings, findings: list[Finding]) -> None:
    table = Table("setting", "value", title="settings")
    for row in settings_table(settings):
        table.add_row(row.variable, row.value)
    out.print(table)
    table = Table("", "check", "seen", "where", "cure")
    for finding in findings:
        told = finding.told()
        table.add_row(
            styled(finding.verdict, _STYLES[finding.verdict]),
            *(told[cell] for cell in ("what", "seen", "where", "cure")),
        )
    out.print(table)
