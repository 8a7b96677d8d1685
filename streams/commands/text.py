"""`zhengming text`: look into texts as the engine does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from processors.policy import TEXT_FIELDS, Policy
from processors.text import BadLine, Form, Lexicon, Outcome, read_entries
from schemas.records import Field, SubjectKind
from streams.commands.common import STDIN, fail, out, print_json, reader_may_go
from streams.errors import ConfigurationError
from streams.explain import Explainer, Explanation, Judged, Odd
from streams.packs import policy_of
from streams.settings import load_settings
from streams.telling import STYLES
from streams.visible import shown, visible

text = typer.Typer(no_args_is_help=True, help="Look into texts as the engine does.")

_LONGEST = 2_000  # characters of a text, and rows of odd characters, that a person will look at
_MOST = 40
_WRITTEN = 80
_MARKS = {Outcome.REJECT: "bold red", Outcome.REVIEW: "yellow", Outcome.ACCEPT: "green"}


@text.callback()
def _group() -> None:
    """Keep this a group while it has one command."""


@text.command("explain")
def explain(
    given: Annotated[
        str, typer.Argument(metavar="TEXT", help="The text; - for standard input, a text a line.")
    ] = STDIN,
    field: Annotated[
        Field, typer.Option(case_sensitive=False, help="The field it is judged as.")
    ] = Field.NAME,
    subject: Annotated[
        SubjectKind, typer.Option(case_sensitive=False, help="The kind of account it belongs to.")
    ] = SubjectKind.INDIVIDUAL,
    pack: Annotated[
        str | None, typer.Option(help="A directory, or a shipped pack; the configured one if none.")
    ] = None,
    lexicon: Annotated[
        list[Path] | None, typer.Option(help="A lexicon file to search besides; repeatable.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="A JSON object a text.")] = False,
) -> None:
    """Show how a text is read, what is found in it and why, and the verdict on it.

    Characters that cannot be seen, or that would act on the terminal, are shown by their number.
    """
    if field not in TEXT_FIELDS:
        known = ", ".join(TEXT_FIELDS).lower()
        raise fail(f"the {field.lower()} holds no text; --field is one of {known}")
    explainer = Explainer(
        _policy(pack or load_settings().pack),
        field,
        subject,
        {path.name: _lexicon(path) for path in lexicon or ()},
    )
    for one in _lines() if given == STDIN else (given,):
        explanation = explainer.explain(_whole(one))
        with reader_may_go():
            if json:
                print_json(explanation)
            else:
                _show(explanation)
            sys.stdout.flush()


def _policy(names: str) -> Policy:
    try:
        return policy_of(names)
    except ConfigurationError as error:
        raise fail(str(error)) from error


def _lexicon(path: Path) -> Lexicon:
    try:
        lines = list(read_entries(path.read_bytes()))
    except OSError as error:
        raise fail(f"{path}: {error.strerror}; name a lexicon file") from error
    bad = [line for line in lines if isinstance(line, BadLine)]
    if bad:
        raise fail("\n".join(f"{path}:{line.line}: {line.why}" for line in bad))
    return Lexicon(line[1] for line in lines if not isinstance(line, BadLine))


def _lines() -> Iterator[str]:
    for line in iter(sys.stdin.buffer.readline, b""):
        yield line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "replace")


def _whole(given: str) -> str:
    """The text without halves of characters, which arguments that are no UTF-8 turn into."""
    return given.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


# -- for people --------------------------------------------------------------------------------


def _show(explanation: Explanation) -> None:
    out.print(_highlighted(explanation), soft_wrap=True)
    out.print(_views(explanation))
    if explanation.odd:
        out.print(_odd(explanation.odd))
    if explanation.matches:
        out.print(_matches(explanation), soft_wrap=True)
    out.print(_verdict(explanation.verdict), soft_wrap=True)
    out.print()


def _highlighted(explanation: Explanation) -> Text:
    """The text with its matches coloured by outcome, the gravest on top."""
    styles = [""] * min(len(explanation.text), _LONGEST)
    for outcome in Outcome:
        for match in explanation.matches:
            if match.outcome is outcome:
                for index in range(match.start, min(match.end, len(styles))):
                    styles[index] = f"{_MARKS[outcome]} reverse"
    line = Text("text  ", "bold")
    for char, style in zip(explanation.text, styles, strict=False):
        line.append(shown(char), style or "not bold")
    return line.append(_more(len(explanation.text) - len(styles), "characters"), "dim")


def _views(explanation: Explanation) -> Table:
    """What the text is read as; a view that reads as one before it does is left out."""
    table = Table("view", "read as", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for view in _told_once(explanation.views):
        form = Text(visible(view.text[:_LONGEST]))
        form.append(_more(len(view.text) - _LONGEST, "characters"), "dim")
        table.add_row(view.view, form)
    return table


def _told_once(views: tuple[Form, ...]) -> list[Form]:
    told: dict[str, Form] = {}
    for view in views:
        told.setdefault(view.text, view)
    return list(told.values())


def _odd(odd: tuple[Odd, ...]) -> Table:
    heads = ("at", "code point", "name", "rule", "read as")
    table = Table(*heads, title="odd characters", title_justify="left")
    for one in odd[:_MOST]:
        form = "itself" if one.rule is None else visible(one.reads_as) or "nothing"
        table.add_row(str(one.index), one.code_point, one.name, one.rule or "none", form)
    if len(odd) > _MOST:
        table.add_row("", "", _more(len(odd) - _MOST, "characters"), "", "")
    return table


def _matches(explanation: Explanation) -> Text:
    lines = Text("matches", "italic")
    for match in explanation.matches:
        written = visible(explanation.text[match.start : match.end][:_WRITTEN])
        lines.append(f"\n  {match.start}-{match.end}  ", "not italic")
        lines.append(written, f"not italic {_MARKS[match.outcome]}")
        lines.append(f"  {match.outcome}: {visible(match.why)}", "not italic")
        tag = f" [{match.tag}]" if match.tag not in ("", match.entry) else ""
        rules = ", ".join(match.rules) or "no rule"
        lines.append("\n")
        lines.append(
            visible(
                f"      entry {match.entry}{tag}, detector {match.detector}, "
                f"technique {match.technique}, view {match.view}; feeds {rules}"
            ),
            "not italic dim",
        )
    return lines


def _verdict(verdict: Judged) -> Text:
    line = Text(
        f"verdict on the {verdict.field.lower()} of an account of kind {verdict.subject.lower()}, "
        f"by {verdict.pack} {verdict.version} {verdict.hash[:8]}: "
    )
    line.append(verdict.decision, f"bold {STYLES[verdict.decision]}")
    for finding in verdict.findings:
        line.append(f"\n  {finding.rule_id} ({finding.obligation_id}) {finding.decision}: ")
        line.append(visible(finding.why))
    return line if verdict.findings else line.append(f"\n  {verdict.reason}")


def _more(count: int, of: str) -> str:
    return f" and {count:,} more {of}" if count > 0 else ""
