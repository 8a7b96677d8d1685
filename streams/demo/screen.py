"""The live picture of the demo in the terminal."""

from __future__ import annotations

import time
from collections import deque

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from schemas.records import Decision
from streams.demo.traffic import Ledger, Watcher
from streams.demo.workers import WorkerPool
from streams.views import Views

FINDINGS = 8
RATE_OVER_S = 5.0
STYLES = {
    Decision.ALLOW: "green",
    Decision.ALLOW_LABELLED: "green",
    Decision.NEED_MATERIAL: "yellow",
    Decision.HOLD: "yellow",
    Decision.STRICT_HOLD: "magenta",
    Decision.REFUSE: "red",
}
WORDS = {
    Decision.ALLOW: "通过 allow",
    Decision.ALLOW_LABELLED: "通过并标注 allow, labelled",
    Decision.NEED_MATERIAL: "需补材料 need material",
    Decision.HOLD: "待审 hold",
    Decision.STRICT_HOLD: "从严核验 strict hold",
    Decision.REFUSE: "拒绝 refuse",
}


class Screen:
    """Draws what the ledger, the watcher, the views and the workers know."""

    def __init__(
        self,
        ledger: Ledger,
        watcher: Watcher,
        views: Views,
        workers: WorkerPool,
        levels: tuple[str, ...],
        title: str,
    ) -> None:
        self._ledger = ledger
        self._watcher = watcher
        self._views = views
        self._workers = workers
        self._levels = levels
        self._title = title
        self._samples: deque[tuple[float, int, int]] = deque()

    def draw(self) -> RenderableType:
        """The whole picture."""
        numbers = Table.grid(expand=True, padding=(0, 2))
        numbers.add_row(self._stream(), self._verdicts(), self._consequences())
        return Panel(
            Group(numbers, self._findings()),
            title=f"正名 Zhengming · {self._title}",
            subtitle="Ctrl-C stops everything",
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
        p50, p99 = (self._ledger.percentile(q, last=2_000) for q in (0.5, 0.99))
        table = _table("事件流 stream")
        table.add_row("in", f"{self._ledger.sent:,}  ({rate_in:,.0f}/s)")
        table.add_row("answered", f"{self._ledger.answered:,}  ({rate_out:,.0f}/s)")
        table.add_row("under way", f"{self._ledger.waiting:,}")
        table.add_row("lag", "-" if lag is None else f"{lag:,}")
        table.add_row("latency p50 / p99", f"{_ms(p50)} / {_ms(p99)}")
        table.add_row(
            "workers", f"{self._workers.ready()} ready, {self._workers.restarts} restarted"
        )
        table.add_row("dead letters", f"{self._watcher.counts['dead letters']:,}")
        return table

    def _verdicts(self) -> Table:
        table = _table("结论 verdicts")
        total = sum(self._watcher.decisions.values()) or 1
        for decision in Decision:
            count = self._watcher.decisions[decision]
            share = f"{count:,}  ({100 * count / total:.1f} %)"
            table.add_row(Text(WORDS[decision], STYLES[decision]), share)
        return table

    def _consequences(self) -> Table:
        table = _table("处置与信用 disposals and credit")
        for step, count in sorted(self._watcher.steps.items()):
            table.add_row(step.lower(), f"{count:,}")
        waiting, overdue = self._views.open_work(int(time.time() * 1000))
        table.add_row("escalations open", f"{waiting:,} ({overdue} overdue)")
        levels = self._views.levels(self._levels)
        table.add_row("credit levels", "  ".join(f"{name} {n:,}" for name, n in levels.items()))
        if self._watcher.views_wait:
            table.add_row(Text("Redis is away, views wait", "red"), "")
        return table

    def _findings(self) -> Table:
        table = Table(expand=True, title="最近发现 last findings", show_edge=False)
        for column in ("account", "verdict", "rule", "why"):
            table.add_column(column, overflow="ellipsis", no_wrap=True)
        for finding in self._views.findings(FINDINGS):
            decision = Decision(finding["decision"])
            table.add_row(
                finding["account"],
                Text(WORDS[decision], STYLES[decision]),
                f"{finding['rule']} ({finding['obligation']})",
                finding["why"],
            )
        return table


def _table(title: str) -> Table:
    table = Table(title=title, show_header=False, show_edge=False, expand=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    return table


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"
