"""The console: the gateway for people, in Chinese and English.

It is a caller like any other: what a page shows or does needs the same roles as the operation of
the API that does the same. Nothing is loaded from elsewhere.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from fastapi import FastAPI
from nicegui import app as pages
from nicegui import ui
from starlette.middleware import Middleware

from streams.gateway.console import (
    accounts,
    complaints,
    connections,
    overview,
    packs,
    reviews,
    session,
)
from streams.gateway.console.assets import Assets
from streams.gateway.console.visits import Visits
from streams.gateway.context import Gateway

STYLE = Path(__file__).with_name("style.css")


def install(app: FastAPI, gateway: Gateway) -> None:
    """Add the console to the application; once in a process."""
    app.add_middleware(Assets)
    sessions = session.Sessions(gateway)
    # The innermost: what it refuses is counted and has its headers, and kept assets never get here.
    app.user_middleware.append(Middleware(Visits, sessions=sessions, limits=gateway.limits))
    session.add_login(sessions)
    connections.attend(sessions)
    for part in (overview, reviews, complaints, accounts, packs):
        part.add_page(sessions)
    ui.add_css(STYLE.read_text("utf-8"), shared=True)
    pages.on_exception(lambda error: session.log.error("console", exc_info=error))
    ui.run_with(
        app,
        title="正名 Zhengming",
        dark=None,
        tailwind=False,
        # Sessions live in this process, so their cookies need not outlive it.
        storage_secret=secrets.token_urlsafe(32),
        session_middleware_kwargs={"same_site": "strict"},
        show_welcome_message=False,
    )
