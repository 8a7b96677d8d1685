"""The first page: live traffic, verdict mix, rules with shadow beside enforce, lag and capacity."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi import Request
from nicegui import run, ui

from processors.policy import Pack
from schemas.records import Decision
from streams.gateway.console.chart import Chart
from streams.gateway.console.frame import keep_fresh
from streams.gateway.console.sentences import reason
from streams.gateway.console.session import Session, Sessions, page
from streams.gateway.console.show import TONES, account_link, badge, escape, table, two_lines, when
from streams.gateway.console.words import measure_words
from streams.gateway.context import Gateway
from streams.gateway.overview import WATCHERS, Minute, Traffic, traffic_of
from streams.gateway.problems import AWAY
from streams.views.documents import Headline, Status

EVERY_S = 2.0
MINUTES = 60
RULES, LINES = 10, 8
RATE_OVER = 3
"""Whole minutes that the rate is taken over."""
COLOURS = ("#2e9e67", "#3f83cf", "#d9a02b", "#c98a1b", "#d4622a", "#c6362c")


class Now:
    """Everything that the page shows, read at once."""

    def __init__(self, gateway: Gateway) -> None:
        self.traffic: Traffic = traffic_of(gateway, MINUTES)
        self.findings: list[Headline] = gateway.views.findings(LINES)
        self.disposals: list[Headline] = gateway.views.disposals(LINES)
        self.status: Status | None = gateway.views.status()
        self.lag: int | None = gateway.lag.read()


def add_page(sessions: Sessions) -> None:
    """Add the page."""

    @page(sessions, "/", *WATCHERS)
    async def overview(gateway: Gateway, session: Session, _: Request) -> None:
        with ui.element("div").classes("grid") as grid:
            numbers = ui.html("", sanitize=False).classes("s12")
            with _card(session, "traffic", "s8"):
                chart = Chart(_chart(session), "260px", session.word("traffic"))
            mix = _block(session, "mix", "s4")
            rules = _block(session, "rules", "s7")
            with ui.element("div").classes("s5 stack"):
                levels = _block(session, "levels", "")
                disposals = _block(session, "disposals", "")
            findings = _block(session, "findings", "s12")

        async def refresh() -> None:
            try:
                now = await run.io_bound(Now, gateway)
            except AWAY:  # the page stays and tries again
                numbers.set_content(f'<p class="empty">{session.word("away")}</p>')
                return
            if now is None:  # the process is stopping
                return
            numbers.set_content(_numbers(now, session))
            counts = _decisions(now.traffic)
            mix.set_content(_mix(counts, session))
            rules.set_content(_rules(now.traffic, gateway.deciding.pack, session))
            levels.set_content(_levels(now.traffic.levels))
            findings.set_content(_findings(now.findings, session))
            disposals.set_content(_disposals(now.disposals, session))
            _fill(chart.options, now.traffic)
            chart.update(_told(now.traffic, session))

        await refresh()
        keep_fresh(session, grid, refresh, EVERY_S)


def _card(session: Session, title: str, size: str) -> Any:
    card = ui.element("section").classes(f"card {size}")
    with card:
        ui.html(f"<h2>{session.word(title)}</h2>", sanitize=False)
    return card


def _block(session: Session, title: str, size: str) -> ui.html:
    with _card(session, title, size):
        return ui.html("", sanitize=False)


def _decisions(traffic: Traffic) -> Counter[str]:
    counts: Counter[str] = Counter()
    for minute in traffic.minutes:
        for decision in Decision:
            counts[decision] += minute.counts.get(f"decision:{decision}", 0)
    return counts


def _numbers(now: Now, session: Session) -> str:
    rates = [_all(minute) / 60 for minute in now.traffic.minutes]
    whole = rates[-1 - RATE_OVER : -1]
    work, status = now.traffic.work, now.status
    behind = "–" if status is None else f"{status.behind_ms / 1000:.1f} s"
    cells = [
        (
            f"{max(rates[-1], sum(whole) / RATE_OVER):,.1f}",
            "rate",
            f"{session.word('peak')} {max(rates):,.1f}",
        ),
        *(
            (
                f"{work[queue].open:,}",
                name,
                f'<span class="bad">{work[queue].overdue:,} {session.word("overdue")}</span>'
                if work[queue].overdue
                else "",
            )
            for queue, name in (
                ("review", "waiting"),
                ("complaint", "waiting.complaints"),
                ("appeal", "waiting.appeals"),
            )
        ),
        ("–" if now.lag is None else f"{now.lag:,}", "lag", ""),
        (behind, "lag.views", ""),
    ]
    drawn = "".join(
        f"<div><b>{number}</b><span>{session.word(name)} {more}</span></div>"
        for number, name, more in cells
    )
    return f'<div class="numbers">{drawn}</div>'


def _mix(counts: Counter[str], session: Session) -> str:
    total = sum(counts.values()) or 1
    return "".join(
        f'<div class="bar {TONES[decision]}"><span>{session.word(decision)}</span>'
        f'<i style="width:{100 * counts[decision] / total:.2f}%"></i>'
        f'<span class="num">{counts[decision]:,} · {100 * counts[decision] / total:.1f}%</span>'
        "</div>"
        for decision in Decision
    )


def _levels(levels: dict[str, int]) -> str:
    total = sum(levels.values()) or 1
    return "".join(
        f'<div class="bar info"><span>{escape(name)}</span>'
        f'<i style="width:{100 * count / total:.2f}%"></i><span class="num">{count:,}</span></div>'
        for name, count in levels.items()
    )


def _rules(traffic: Traffic, pack: Pack, session: Session) -> str:
    enforced: Counter[str] = Counter()
    shadow: Counter[str] = Counter()
    for minute in traffic.minutes:
        for name, count in minute.counts.items():
            kind, _, rest = name.partition(":")
            if kind == "rule":
                mode, _, rule = rest.partition(":")
                (shadow if mode == "SHADOW" else enforced)[rule] += count
    messages = {rule.id: rule.message for rule in pack.rules}
    rows = []
    for rule, _ in (enforced + shadow).most_common(RULES):
        message = messages.get(rule)
        told = getattr(message, session.language) if message else ""
        rows.append(
            (
                two_lines(rule, told),
                f"<span class=num>{enforced[rule]:,}</span>",
                f"<span class=num>{shadow[rule]:,}</span>",
            )
        )
    heads = [session.word(name) for name in ("rule", "enforced", "shadow")]
    return table(heads, rows, session.word("nothing"))


def _findings(lines: list[Headline], session: Session) -> str:
    rows = [
        (
            f"<span class=soft>{when(line.at)}</span>",
            account_link(line.account_id),
            badge(Decision(line.what), session.language),
            two_lines(reason(line.why, session.language), line.rule_id, line.obligation_id),
        )
        for line in lines
    ]
    heads = [session.word(name) for name in ("when", "account", "decision", "why")]
    return table(heads, rows, session.word("nothing"))


def _disposals(lines: list[Headline], session: Session) -> str:
    rows = [
        (
            f"<span class=soft>{when(line.at)}</span>",
            account_link(line.account_id),
            two_lines(measure_words(line.what, session.language), line.rule_id),
        )
        for line in lines
    ]
    heads = [session.word(name) for name in ("when", "account", "what")]
    return table(heads, rows, session.word("nothing"))


def _chart(session: Session) -> dict[str, Any]:
    series = [
        {
            "name": session.word(decision),
            "type": "bar",
            "stack": "all",
            "barCategoryGap": "20%",
            "itemStyle": {"color": colour},
            "data": [],
        }
        for decision, colour in zip(Decision, COLOURS, strict=True)
    ]
    axis = {"axisLabel": {"color": "#8793a3"}, "splitLine": {"lineStyle": {"color": "#8793a333"}}}
    return {
        "animation": False,
        "backgroundColor": "transparent",
        "tooltip": {"trigger": "axis"},
        "legend": {
            "bottom": 0,
            "type": "scroll",
            "textStyle": {"color": "#8793a3"},
            "itemWidth": 12,
            "itemHeight": 8,
        },
        "grid": {"left": 44, "right": 8, "top": 8, "bottom": 52},
        "xAxis": {"type": "category", "data": [], **axis},
        "yAxis": {"type": "value", "minInterval": 1, **axis},
        "series": series,
    }


def _told(traffic: Traffic, session: Session) -> str:
    """What the chart shows, in words."""
    counts = [_all(minute) for minute in traffic.minutes]
    most = max(range(len(counts)), key=counts.__getitem__)
    return session.word("traffic.told").format(
        total=sum(counts),
        at=when(traffic.minutes[most].at)[6:11],
        most=counts[most],
        last=counts[-1],
    )


def _all(minute: Minute) -> int:
    return sum(minute.counts.get(f"decision:{decision}", 0) for decision in Decision)


def _fill(options: dict[str, Any], traffic: Traffic) -> None:
    options["xAxis"]["data"] = [when(minute.at)[6:11] for minute in traffic.minutes]
    for series, decision in zip(options["series"], Decision, strict=True):
        series["data"] = [
            minute.counts.get(f"decision:{decision}", 0) for minute in traffic.minutes
        ]
