"""Complaints and what is to be reported, with their clocks."""

from __future__ import annotations

from fastapi import Request
from nicegui import run, ui

from schemas.records import ComplaintCategory
from streams.gateway.console.frame import keep_fresh
from streams.gateway.console.session import Session, Sessions, page
from streams.gateway.console.show import account_link, clock, escape, table, two_lines, when
from streams.gateway.console.words import words
from streams.gateway.context import Gateway
from streams.gateway.overview import REPORT_READERS
from streams.gateway.roles import Role
from streams.views.documents import AccountView, EscalationLine, ReportLine
from streams.views.store import now_ms

EVERY_S = 5.0
SHOWN = 100


def add_page(sessions: Sessions) -> None:
    """Add the page."""

    @page(sessions, "/complaints", Role.REVIEWER, Role.VIEWER, Role.OPERATOR, Role.AUDITOR)
    async def complaints(gateway: Gateway, session: Session, _: Request) -> None:
        reports: ui.html | None = None
        with ui.element("div").classes("grid high") as grid:
            reported = session.principal.has(*REPORT_READERS)
            with ui.element("section").classes("card s7" if reported else "card s12"):
                ui.html(f"<h2>{session.word('complaints')}</h2>", sanitize=False)
                waiting = ui.html("", sanitize=False)
            if reported:
                with ui.element("section").classes("card s5"):
                    ui.html(f"<h2>{session.word('reports')}</h2>", sanitize=False)
                    reports = ui.html("", sanitize=False)

        async def refresh() -> None:
            read = await run.io_bound(_read, gateway)
            if read is None:
                return
            waiting.set_content(_complaints(*read, session))
            if reports is not None:
                due = await run.io_bound(_read_reports, gateway)
                if due is not None:
                    reports.set_content(_reports(*due, session))

        await refresh()
        keep_fresh(session, grid, refresh, EVERY_S)


def _read(gateway: Gateway) -> tuple[list[EscalationLine], dict[str, AccountView]]:
    lines = gateway.views.queue("complaint", 0, SHOWN)
    return lines, gateway.views.accounts(list({line.account_id for line in lines}))


def _read_reports(gateway: Gateway) -> tuple[list[ReportLine], int]:
    """What is due from now on, and how much was due before."""
    views, now = gateway.views, now_ms()
    return views.reports(count=SHOWN, due_from=now), views.reports_past(now)


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


def _reports(lines: list[ReportLine], past: int, session: Session) -> str:
    now = now_ms()
    rows = [
        (
            account_link(line.account_id),
            two_lines(
                session.word(line.step),
                session.word("taken.back") if line.taken_back else "",
                line.article,
            ),
            clock(line.due_at, now, session.language),
        )
        for line in lines
    ]
    heads = [session.word(name) for name in ("account", "what", "clock")]
    told = f'<p class="soft">{session.word("reports.past").format(past)}</p>' if past else ""
    return told + table(heads, rows, session.word("empty"))
