"""The live picture of the demo in the terminal."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from processors.policy.model import Message, Pack
from schemas.records import Decision, MeasureStep
from streams.commands.common import styled
from streams.demo.ledger import Ledger
from streams.demo.traffic import Watcher
from streams.demo.workers import WorkerPool
from streams.telling import STYLES
from streams.views import ViewReader

RATE_OVER_S = 5.0
LATEST = 2_000
WIDE = 118
"""Columns from which on the three tables stand side by side; on fewer, two and one."""
OTHER_LINES = 14
"""Lines of the picture that are neither findings nor in a second row."""

WORDS = {
    Decision.ALLOW: "通过 allow",
    Decision.ALLOW_LABELLED: "通过并标注 labelled",
    Decision.NEED_MATERIAL: "需补材料 need material",
    Decision.HOLD: "待审 hold",
    Decision.STRICT_HOLD: "从严核验 strict hold",
    Decision.REFUSE: "拒绝 refuse",
}
PROVED = "已有相符的有效证明，予以标注。"
STEPS = {
    MeasureStep.WARN: "警示 warn",
    MeasureStep.CORRECT: "限期改正 correct",
    MeasureStep.RESTRICT: "限制功能 restrict",
    MeasureStep.SUSPEND: "暂停使用 suspend",
    MeasureStep.CLOSE: "关闭 close",
    MeasureStep.BAR: "禁止重新注册 bar",
}


class Screen:
    """Draws what the ledger, the watcher, the views and the workers know."""

    def __init__(
        self,
        ledger: Ledger,
        watcher: Watcher,
        views: ViewReader,
        workers: WorkerPool,
        pack: Pack,
        title: str,
        console: str | None = None,
    ) -> None:
        self._console = console
        self._ledger = ledger
        self._watcher = watcher
        self._views = views
        self._workers = workers
        self._messages: Mapping[str, Message] = {rule.id: rule.message for rule in pack.rules}
        self._title = f"正名 Zhengming · {title} · {pack.id} {pack.version} {pack.hash[:8]}"
        self._samples: deque[tuple[float, int, int]] = deque()

    def draw(self) -> Picture:
        """The picture as it is now. Raises `redis.RedisError` when Redis does not answer."""
        return Picture(
            self._title,
            [self._stream(), self._verdicts(), self._consequences()],
            self._findings(),
            self._console,
        )

    def _rates(self) -> tuple[float, float]:
        now = time.monotonic()
        self._samples.append((now, self._ledger.sent, self._ledger.answered))
        while now - self._samples[0][0] > RATE_OVER_S and len(self._samples) > 2:
            self._samples.popleft()
        at, sent, answered = self._samples[0]
        seconds = max(now - at, 0.5)
        return (self._ledger.sent - sent) / seconds, (self._ledger.answered - answered) / seconds

    def _stream(self) -> Table:
        rate_in, rate_out = self._rates()
        lag = self._workers.lag()
        p50, p99 = (self._ledger.percentile(share, last=LATEST) for share in (0.5, 0.99))
        table = _table("事件流 stream")
        table.add_row("in", f"{self._ledger.sent:,} ({rate_in:,.0f}/s)")
        table.add_row("answered", f"{self._ledger.answered:,} ({rate_out:,.0f}/s)")
        table.add_row("under way", f"{self._ledger.waiting:,}")
        table.add_row("lag", "-" if lag is None else f"{lag:,}")
        table.add_row("p50 / p99", f"{_ms(p50)} / {_ms(p99)}")
        workers = f"{self._workers.ready()} ready, {self._workers.restarts} restarts"
        table.add_row("workers", workers)
        table.add_row("dead letters", f"{self._watcher.counts['dead letters']:,}")
        return table

    def _verdicts(self) -> Table:
        table = _table("结论 verdicts")
        total = sum(self._watcher.decisions.values()) or 1
        for decision in Decision:
            count = self._watcher.decisions[decision]
            share = f"{count:,} {100 * count / total:5.1f} %"
            table.add_row(Text(WORDS[decision], STYLES[decision]), share)
        return table

    def _consequences(self) -> Table:
        table = _table("处置与信用 disposals, credit")
        begun, lifted = (
            {step: self._watcher.steps[f"{action} {step}"] for step in MeasureStep}
            for action in ("BEGIN", "LIFT")
        )
        for step, words in STEPS.items():
            if begun[step]:
                table.add_row(words, f"{begun[step]:,}, {lifted[step]:,} lifted")
        work = self._views.work(int(time.time() * 1000)).values()
        waiting, overdue = sum(w.open for w in work), sum(w.overdue for w in work)
        table.add_row("待人工 escalations", f"{waiting:,} open, {overdue:,} overdue")
        levels = "  ".join(
            f"{name} {count:,}" for name, count in self._views.levels().items() if count
        )
        table.add_row("信用 levels", levels)
        if self._views.status() is None:
            table.add_row("视图 views", Text("stand still", "red"))
        return table

    def _findings(self) -> list[tuple[Text, Text]]:
        """The last findings in words: a Chinese line and an English one each."""
        told = []
        for finding in self._views.findings():
            decision = Decision(finding.what)
            message = self._messages.get(finding.rule_id)
            words = message.zh if message else ""
            if decision is Decision.ALLOW_LABELLED:
                words = PROVED
            first = Text.assemble(
                (WORDS[decision], STYLES[decision]),
                styled(f"  {finding.account_id}  "),
                styled(words),
            )
            second = f"    {finding.why}  {finding.rule_id}, {finding.obligation_id}"
            told.append((first, styled(second, "dim")))
        return told


class Picture:
    """One picture, fitted to the terminal when it is printed."""

    def __init__(
        self,
        title: str,
        tables: list[Table],
        findings: list[tuple[Text, Text]],
        console: str | None = None,
    ) -> None:
        self._ways = f"console {console} · " if console else ""
        self._title = title
        self._tables = tables
        self._findings = findings

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Side by side where there is room, below each other where there is not."""
        side_by_side = 3 if options.max_width >= WIDE else 2
        numbers, other = Group(), OTHER_LINES
        for first in range(0, len(self._tables), side_by_side):
            row = self._tables[first : first + side_by_side]
            grid = Table.grid(expand=True, padding=(0, 3))
            grid.add_row(*row)
            numbers.renderables.append(grid)
            other += first and max(table.row_count for table in row) + 1
        shown = self._findings[: max(1, (console.height - other) // 2)]
        lines = [line for finding in shown for line in finding]
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        heading = Text("最近发现 last findings", "italic", justify="center")
        yield Panel(
            Group(numbers, Text(), heading, *lines),
            title=styled(self._title),
            subtitle=styled(f"{self._ways}Ctrl-C stops everything"),
        )


def _table(title: str) -> Table:
    table = Table(title=title, show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    return table


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"
