"""What stands around every page: name, ways, language, light and dark."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from fastapi import Request
from nicegui import ui

from streams.gateway.console.session import Session
from streams.gateway.console.show import escape
from streams.gateway.console.words import TAGS, Language
from streams.gateway.problems import AWAY

WAYS = (
    ("/", "overview"),
    ("/reviews", "reviews"),
    ("/complaints", "complaints"),
    ("/accounts", "accounts"),
    ("/packs", "packs"),
)


def every(session: Session, every_s: float, refresh: Callable[[], Awaitable[None]]) -> ui.timer:
    """Refresh a page now and then, for as long as its session goes on."""

    async def ask() -> None:
        if session.goes_on():
            await refresh()

    return ui.timer(every_s, ask)


def keep_fresh(
    session: Session, place: ui.element, refresh: Callable[[], Awaitable[None]], every_s: float
) -> None:
    """Refresh a place now and then; it stands still while something in it has the focus."""

    async def try_to() -> None:
        try:
            await refresh()
        except AWAY:  # the page stays and tries again
            ui.notify(session.word("away"))

    timer = every(session, every_s, try_to)
    place.on("focusin", timer.deactivate, args=[])
    place.on("focusout", timer.activate, args=[])


@contextmanager
def frame(session: Session, path: str, request: Request) -> Iterator[None]:
    """Draw the frame; what is drawn inside stands in its middle."""
    dark = ui.dark_mode(session.dark)
    here = next(name for way, name in WAYS if way == path)
    ui.page_title(f"{session.word(here)} · 正名 Zhengming")
    ways = "".join(
        f'<a href="{way}"{" aria-current=page" if way == path else ""}>{session.word(name)}</a>'
        for way, name in WAYS
    )
    other: Language = "en" if session.language == "zh" else "zh"
    same_page = escape(request.url.include_query_params(lang=other).query)

    def flip() -> None:
        session.dark = not session.dark
        dark.set_value(session.dark)

    with ui.element("header").classes("top").props("role=banner"):
        ui.html(
            f'<a class="skip" href="#content">{session.word("skip")}</a>'
            f'<a class="brand" href="/">正名 <span>Zhengming</span></a>'
            f'<nav aria-label="{session.word("nav")}">{ways}</nav>',
            sanitize=False,
        ).classes("ways")
        with ui.element("div").classes("tools"):
            ui.html(
                f'<a href="{path}?{same_page}" lang="{TAGS[other]}">{session.word("language")}</a>',
                sanitize=False,
            )
            button = ui.element("button").classes("plain").on("click", flip)
            told = session.word("dark")
            button.props(f'type=button aria-label="{told}" title="{told}"')
            with button:
                ui.html("◐", sanitize=False, tag="span")
            ui.html(
                '<form method="post" action="/logout"><button class="plain" type="submit" '
                f'title="{escape(session.principal.name)}">{session.word("logout")}</button></form>',
                sanitize=False,
            )
    with ui.element("main").classes("content").props("id=content tabindex=-1"):
        ui.html(session.word(here), sanitize=False, tag="h1").classes("unseen")
        yield
