"""Complaints and what is to be reported, with their clocks."""

from __future__ import annotations

from fastapi import Request
from nicegui import run, ui

from schemas.records import ComplaintCategory
from streams.gateway.console.frame import keep_fresh
from streams.gateway.console.session import Session, Sessions, page
from streams.gateway.console.show import account_link, clock, escape, table, when
from streams.gateway.console.words import words
from streams.gateway.context import Gateway
from streams.gateway.roles import Role
from streams.views.documents import AccountView, EscalationLine, ReportLine
from streams.views.store import now_ms

EVERY_S = 5.0
SHOWN = 100


def add_page(sessions: Sessions) -> None:
    """Add the page."""

    @page(sessions, "/complaints", Role.REVIEWER, Role.VIEWER, Role.OPERATOR, Role.AUDITOR)
    async def complaints(gateway: Gateway, session: Session, _: Request) -> None:
        with ui.element("div").classes("grid high") as grid:
            with ui.element("section").classes("card s7"):
                ui.html(f"<h2>{session.word('complaints')}</h2>", sanitize=False)
                waiting = ui.html("", sanitize=False)
            with ui.element("section").classes("card s5"):
                ui.html(f"<h2>{session.word('reports')}</h2>", sanitize=False)
                reports = ui.html("", sanitize=False)

        async def refresh() -> None:
            read = await run.io_bound(_read, gateway)
            if read is not None:
                waiting.set_content(_complaints(*read[:2], session))
                reports.set_content(_reports(read[2], session))

        await refresh()
        keep_fresh(session, grid, refresh, EVERY_S)


def _read(
    gateway: Gateway,
) -> tuple[list[EscalationLine], dict[str, AccountView], list[ReportLine]]:
    lines = gateway.views.queue("complaint", 0, SHOWN)
    accounts = gateway.views.accounts(list({line.account_id for line in lines}))
    return lines, accounts, gateway.views.reports(0, SHOWN)


def _complaints(
    lines: list[EscalationLine], accounts: dict[str, AccountView], session: Session
) -> str:
    now, rows = now_ms(), []
    for line in lines:
        document = accounts.get(line.account_id, AccountView(line.account_id))
        ticket = next((t for t in document.tickets if t.ticket_id == line.subject_id), None)
        about = words(ticket.about, session.language, ComplaintCategory) if ticket else ""
        field = session.word(ticket.field) if ticket and ticket.field else ""
        rows.append(
            (
                account_link(line.account_id),
                escape(" · ".join(filter(None, (about, field)))),
                f"P{line.priority}",
                f"<span class=soft>{when(line.opened_at)}</span>",
                clock(line.due_at, now, session.language),
            )
        )
    heads = [session.word(name) for name in ("account", "kind", "priority", "when", "clock")]
    return table(heads, rows, session.word("empty"))


def _reports(lines: list[ReportLine], session: Session) -> str:
    now = now_ms()
    rows = [
        (
            account_link(line.account_id),
            f"{session.word(line.step)}<br><span class=soft>{escape(line.article)}</span>",
            clock(line.due_at, now, session.language),
        )
        for line in lines
    ]
    heads = [session.word(name) for name in ("account", "what", "clock")]
    return table(heads, rows, session.word("empty"))
