"""`zhengming policy`: work on policy packs."""

from __future__ import annotations

from typing import Annotated

import typer

from processors.policy import lint_pack
from streams.commands.common import FOUND, out, print_json
from streams.packs import find_pack

policy = typer.Typer(no_args_is_help=True, help="Work on policy packs.")


@policy.callback()
def _group() -> None:
    """Keep this a group while it has one command."""


@policy.command("lint")
def lint(
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
