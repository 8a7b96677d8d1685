"""What was measured, as rows: on the terminal and in RESULTS.md, with machine and versions."""

from __future__ import annotations

import platform
import re
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types
from rich.console import Console
from rich.table import Table

LIBRARIES = (
    "faust-streaming",
    "aiokafka",
    "confluent-kafka",
    "msgspec",
    "daachorse",
    "numpy",
    "rjieba",
    "mode-streaming",
)

YES, NO = "reached", "not reached"


@dataclass(frozen=True)
class Row:
    """One line of a table: its cells as text."""

    cells: tuple[str, ...]


@dataclass
class Section:
    """One item: columns, rows, and what is to be said beside."""

    title: str
    columns: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Add a row."""
        assert len(cells) == len(self.columns)
        self.rows.append(Row(cells))


@dataclass(frozen=True)
class Target:
    """A goal and what was measured for it."""

    what: str
    goal: str
    measured: str
    reached: bool


@dataclass
class Report:
    """Everything that one run has to say."""

    command: str
    pack: str
    peers: dict[str, str]
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    sections: list[Section] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def section(self, title: str, *columns: str) -> Section:
        """Begin a section."""
        section = Section(title, columns)
        self.sections.append(section)
        return section

    def target(self, what: str, goal: str, measured: str, reached: bool) -> None:
        """Hold a figure to its goal."""
        self.targets.append(Target(what, goal, measured, reached))

    @property
    def ground(self) -> dict[str, str]:
        """Machine, versions and settings of the run."""
        libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
        memory = psutil.virtual_memory().total / 2**30
        return {
            "Date": f"{self.started:%Y-%m-%d %H:%M} UTC, "
            f"{(datetime.now(UTC) - self.started).total_seconds() / 60:.0f} minutes",
            "Command": f"`{self.command}`",
            "Machine": f"{psutil.cpu_count()} cores, {_processor()}, {memory:.0f} GiB memory, "
            f"{platform.system()} {platform.release()}",
            "Load of others": "average at the end (1, 5, 15 minutes, this run included) "
            + ", ".join(f"{load:.1f}" for load in psutil.getloadavg()),
            "Python": platform.python_version(),
            "Java": _java(),
            "Kafka": "one broker on loopback, all clients on the same machine; "
            + self.peers["broker"],
            "Libraries": libraries,
            "Peers": ", ".join(f"{n} {v}" for n, v in self.peers.items() if n != "broker"),
            "Guarantee": "exactly once: one Kafka transaction a batch, positions in the changelog, "
            "outputs read at `read_committed`",
            "Rule set": self.pack,
        }


def show(report: Report) -> None:
    """Print one table with everything on the terminal."""
    console = Console()
    table = Table(title="zhengming benchmarks", title_justify="left", show_header=False)
    table.add_column(ratio=2, overflow="fold")
    table.add_column(ratio=3, overflow="fold")
    for section in report.sections:
        table.add_section()
        table.add_row(f"[bold]{section.title}[/]", "")
        for row in section.rows:
            cells = zip(section.columns[1:], row.cells[1:], strict=True)
            table.add_row(row.cells[0], "; ".join(f"{name} {told}" for name, told in cells))
    table.add_section()
    table.add_row("[bold]Targets[/]", "")
    for target in report.targets:
        style = "green" if target.reached else "red"
        told = f"{target.measured} ({target.goal}): [{style}]{_reached(target)}[/]"
        table.add_row(target.what, told)
    console.print(table)
    for failure in report.failures:
        console.print(f"failed: {failure}", style="red", markup=False)


def write(report: Report, file: Path) -> None:
    """Write the page of results."""
    lines = [
        "# Benchmark results",
        "",
        "Written by the benchmarks themselves; every figure comes from this one run. How each is "
        "measured: [README](README.md).",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {told} |" for name, told in report.ground.items()),
        "",
        "## Targets",
        "",
        *_markdown(
            ("target", "goal", "measured", ""),
            [(t.what, t.goal, t.measured, _reached(t)) for t in report.targets],
        ),
    ]
    for section in report.sections:
        rows = [row.cells for row in section.rows]
        lines += ["", f"## {section.title}", "", *_markdown(section.columns, rows)]
        lines += ["", *section.notes] if section.notes else []
    if report.failures:
        lines += ["", "## Failed", "", *(f"- {_one_line(f)}" for f in report.failures)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _markdown(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    rule = "|---|" + "---:|" * (len(columns) - 1)
    return [f"| {' | '.join(cells)} |" for cells in (columns,)] + [
        rule,
        *(f"| {' | '.join(cells)} |" for cells in rows),
    ]


def _reached(target: Target) -> str:
    return YES if target.reached else NO


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    if told.is_file() and (found := re.search(r"model name\s*: (.+)", told.read_text())):
        return found[1]
    return platform.processor() or platform.machine()


def _java() -> str:
    try:
        done = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return "none"
    return done.stderr.splitlines()[0] if done.stderr else "unknown"
