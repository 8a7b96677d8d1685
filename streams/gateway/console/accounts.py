"""The dossier of an account: credit curve, measures, timeline, and, for reviewers, its texts."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from fastapi import Request
from nicegui import run, ui

from schemas.records import (
    ChangeKind,
    ComplaintState,
    CreditAction,
    Decision,
    EscalationKind,
    EscalationStatus,
    NoticeKind,
    RulingAction,
)
from streams.gateway.accounts import READERS, Moment, Value, moments, values_of
from streams.gateway.console.chart import Chart
from streams.gateway.console.frame import every
from streams.gateway.console.sentences import reason
from streams.gateway.console.session import Session, Sessions, log, page
from streams.gateway.console.show import account_link, badge, escape, table, two_lines, when
from streams.gateway.console.words import measure_words, words
from streams.gateway.context import Gateway
from streams.gateway.problems import AWAY
from streams.gateway.roles import Role
from streams.views.documents import AccountView
from streams.views.store import now_ms

LINES = 80
LATEST = 30
EVERY_S = 5.0
KINDS: dict[str, tuple[type[StrEnum], ...]] = {
    "credit": (CreditAction,),
    "escalation": (EscalationStatus, EscalationKind),
    "complaint": (ComplaintState,),
    "notice": (NoticeKind,),
}
"""What the words of a moment are, by its kind."""


def add_page(sessions: Sessions) -> None:
    """Add the page."""

    @page(sessions, "/accounts", *READERS)
    async def accounts(gateway: Gateway, session: Session, request: Request) -> None:
        account_id = request.query_params.get("id", "")
        _find(session, account_id)
        if not account_id:
            latest = await run.io_bound(_latest, gateway)
            ui.html(_ways(latest or [], session), sanitize=False).classes("card")
            return
        document = await run.io_bound(gateway.views.account, account_id)
        if document is None:
            ui.html(_empty(session.word("unknown")), sanitize=False)
            return
        with ui.element("div").classes("grid"):
            head = ui.html("", sanitize=False).classes("s12 card")
            with ui.element("section").classes("card s7"):
                ui.html(f"<h2>{session.word('curve')}</h2>", sanitize=False)
                chart = Chart(_curve(gateway, document), "220px", session.word("curve"))
            with ui.element("section").classes("card s5"):
                ui.html(f"<h2>{session.word('measures')}</h2>", sanitize=False)
                measures = ui.html("", sanitize=False)
            if session.principal.has(Role.REVIEWER):
                _texts(gateway, session, account_id)
            with ui.element("section").classes("card s12"):
                ui.html(f"<h2>{session.word('timeline')}</h2>", sanitize=False)
                line = ui.html("", sanitize=False)

        async def refresh() -> None:
            known = await run.io_bound(gateway.views.account, account_id)
            if known is not None:
                head.set_content(_head(known, session))
                measures.set_content(_measures(known, session))
                line.set_content(timeline(known, session))
                points = _points(gateway, known)
                chart.options["series"][0]["data"] = points
                chart.update(_told(points, known, session))

        await refresh()
        every(session, EVERY_S, refresh)


def _latest(gateway: Gateway) -> list[str]:
    """Accounts that something was found of, or done to, last."""
    lines = [*gateway.views.disposals(LATEST), *gateway.views.findings(LATEST)]
    lines.sort(key=lambda line: line.at, reverse=True)
    return list(dict.fromkeys(line.account_id for line in lines))[:LATEST]


def _ways(accounts: list[str], session: Session) -> str:
    ways = "".join(f"<li>{account_link(account)}</li>" for account in accounts)
    listed = f'<ul class="ids">{ways}</ul>' if ways else _empty(session.word("nothing"))
    return f"<h2>{session.word('latest')}</h2>{listed}"


def _empty(told: str) -> str:
    return f'<p class="empty">{told}</p>'


def _find(session: Session, account_id: str) -> None:
    ui.html(
        '<form class="find" action="/accounts" role="search">'
        f'<input name="id" value="{escape(account_id)}" placeholder="{session.word("find")}" '
        f'aria-label="{session.word("find")}" maxlength="256" required>'
        f"<button type=submit>{session.word('open')}</button></form>",
        sanitize=False,
    )


def _texts(gateway: Gateway, session: Session, account_id: str) -> None:
    with ui.element("section").classes("card s12"):
        ui.html(f"<h2>{session.word('values')}</h2>", sanitize=False)
        shown = ui.html("", sanitize=False)
        button = ui.element("button").props("type=button")
        with button:
            ui.html(session.word("values.ask"), sanitize=False, tag="span")

    async def show() -> None:
        log.info("texts read", actor=session.principal.name, account=account_id)
        try:
            values = await run.io_bound(_read_values, gateway, account_id)
        except AWAY:
            ui.notify(session.word("unanswered"), type="negative")
            return
        rows = [
            (
                session.word(value.field),
                escape(value.value),
                session.word(value.standing),
                f"<span class=soft>{when(value.at)}</span>",
            )
            for value in values or ()
        ]
        heads = [session.word(name) for name in ("fields", "text", "state", "when")]
        shown.set_content(table(heads, rows, session.word("gone")))
        button.delete()

    button.on("click", show)


def _read_values(gateway: Gateway, account_id: str) -> list[Value]:
    document = gateway.views.account(account_id)
    return [] if document is None else values_of(gateway, document)


def _head(document: AccountView, session: Session) -> str:
    score = "" if document.score is None else f"{session.word('score')} <b>{document.score}</b> · "
    return (
        f'<div class="row"><h2 class="title">{escape(document.account_id)}</h2><span>{score}'
        f"{session.word('level')} <b>{escape(document.level)}</b></span></div>"
    )


def _measures(document: AccountView, session: Session) -> str:
    rows = [
        (
            f'<span class="chip bad">{session.word(measure.step)}</span>',
            two_lines(reason(measure.reason, session.language), measure.rule_id, measure.article),
            f"<span class=soft>{when(measure.begins_at)}"
            f"{f' → {when(measure.ends_at)}' if measure.ends_at else ''}</span>",
        )
        for measure in document.live_measures(now_ms())
    ]
    heads = [session.word(name) for name in ("measure", "why", "when")]
    return table(heads, rows, session.word("nothing"))


def timeline(document: AccountView, session: Session) -> str:
    """What happened to an account, as a table, newest first."""
    rows = []
    for moment in moments(document)[:LINES]:
        rows.append(
            (
                f"<span class=soft>{when(moment.at)}</span>",
                f"<span class=soft>{session.word(f'moment.{moment.kind}')}</span>",
                _what(moment, session),
                two_lines(reason(moment.why, session.language), ", ".join(moment.rule_ids)),
            )
        )
    heads = [session.word(name) for name in ("when", "kind", "what", "why")]
    return table(heads, rows, session.word("nothing"))


def _what(moment: Moment, session: Session) -> str:
    if moment.kind == "verdict":
        kind, decision = moment.what.split(" ")
        return f"{session.word(ChangeKind(kind))} {badge(Decision(decision), session.language)}"
    if moment.kind == "measure":
        return escape(measure_words(moment.what, session.language))
    if moment.kind == "ruling":
        done = words(moment.why.split(" ")[0], session.language, RulingAction)
        return escape(f"{done} · {moment.what.removeprefix('by ')}")
    return escape(words(moment.what, session.language, *KINDS[moment.kind]))


def _points(gateway: Gateway, document: AccountView) -> list[list[int]]:
    points = [[line.at, line.score] for line in document.credit]
    first = points[0][0] - 60_000 if points else (document.at or now_ms()) - 60_000
    before = gateway.policy.pack.credit.base
    if document.credit:
        before = document.credit[0].score - document.credit[0].points
    last = points[-1][1] if points else before
    return [[first, before], *points, [now_ms(), last]]


def _told(points: list[list[int]], document: AccountView, session: Session) -> str:
    """What the curve shows, in words."""
    scores = [score for _, score in points]
    return session.word("curve.told").format(
        first=scores[0], last=scores[-1], least=min(scores), level=document.level
    )


def _curve(gateway: Gateway, document: AccountView) -> dict[str, Any]:
    levels = gateway.policy.pack.credit.levels
    axis = {"color": "#8793a3"}
    label = {"axisLabel": axis, "splitLine": {"show": False}}
    return {
        "animation": False,
        "backgroundColor": "transparent",
        "tooltip": {"trigger": "axis"},
        "grid": {"left": 44, "right": 44, "top": 12, "bottom": 28},
        "xAxis": {"type": "time", **label, "axisLabel": {**axis, "hideOverlap": True}},
        "yAxis": {"type": "value", "min": 0, "max": 1000, **label},
        "series": [
            {
                "type": "line",
                "step": "end",
                "symbolSize": 6,
                "lineStyle": {"width": 2, "color": "#3f83cf"},
                "itemStyle": {"color": "#3f83cf"},
                "data": _points(gateway, document),
                "markLine": {
                    "silent": True,
                    "symbol": "none",
                    "lineStyle": {"color": "#8793a388", "type": "dashed"},
                    "label": {"color": "#8793a3", "formatter": "{b}"},
                    "data": [{"name": x.name, "yAxis": x.minimum} for x in levels if x.minimum],
                },
            }
        ],
    }
