"""Policy packs: what is in force, what lint says, and what was published."""

from __future__ import annotations

from fastapi import Request
from nicegui import run, ui

from streams.gateway.console.session import Session, Sessions, page
from streams.gateway.console.show import badge, escape, table, two_lines, when
from streams.gateway.context import Gateway
from streams.gateway.packs import READERS, PackLine, PublishedLine, packs_of


def add_page(sessions: Sessions) -> None:
    """Add the page."""

    @page(sessions, "/packs", *READERS)
    async def packs(gateway: Gateway, session: Session, _: Request) -> None:
        found = await run.io_bound(packs_of, gateway)
        if found is None:
            return
        with ui.element("div").classes("grid"):
            for pack in found.packs:
                ui.html(_pack(pack, session), sanitize=False).classes("card s12")
            ui.html(_published(found.published, session), sanitize=False).classes("card s12")


def _pack(pack: PackLine, session: Session) -> str:
    title = getattr(pack.title, session.language)
    problems = "".join(
        f"<li>{escape(p.file)}:{p.line} {escape(p.code)}: {escape(p.message)}</li>"
        for p in pack.problems
    )
    lint = (
        f'<ul class="bad">{problems}</ul>'
        if problems
        else f'<span class="chip ok">{session.word("lint")}: {session.word("lint.ok")}</span>'
    )
    rows = [
        (
            two_lines(rule.id, getattr(rule.message, session.language)),
            f"<span class=soft>{escape(rule.obligation)}</span>",
            session.word(rule.mode),
            badge(rule.decision, session.language),
            escape(session.word("and").join(session.word(field) for field in rule.fields)),
        )
        for rule in pack.rules
    ]
    heads = [session.word(name) for name in ("rule", "obligation", "mode", "decision", "fields")]
    return (
        f'<div class="row"><h2 class="title">{escape(title)}</h2><span><span class="chip info">'
        f"{session.word('inforce')}</span> {lint}</span></div>"
        f'<p class="soft">{escape(pack.id)} {escape(pack.version)} · {escape(pack.hash[:16])}</p>'
        f"{table(heads, rows, session.word('nothing'))}"
    )


def _published(lines: list[PublishedLine], session: Session) -> str:
    rows = [
        (
            f"<span class=soft>{when(line.published_at)}</span>",
            f"{escape(line.pack_id)} {escape(line.pack_version)}",
            session.word(line.mode),
            f"{escape(line.published_by)} <span class=soft>{escape(line.author or '')}</span>",
        )
        for line in reversed(lines)
    ]
    heads = [session.word(name) for name in ("when", "packs", "mode", "publisher")]
    return f"<h2>{session.word('published')}</h2>{table(heads, rows, session.word('nothing'))}"
