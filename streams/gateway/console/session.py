"""Who sits before the console: sessions in this process, and how one is begun."""

from __future__ import annotations

import copy
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from fastapi import Request
from nicegui import Client, ui
from nicegui import app as pages
from starlette.responses import RedirectResponse, Response

from streams.gateway.console.words import TAGS, Language, word
from streams.gateway.context import Gateway
from streams.gateway.problems import AWAY, Problem
from streams.gateway.roles import NOBODY, Principal, Role
from streams.logs import get_logger

log = get_logger(__name__)

IDLE_S = 4 * 3600.0
AGAIN_S = 5.0
"""After so long a page that had nothing to show is asked for again."""
COOKIE = "zhengming"
REFUSALS = {"wrong": 200, "often": 429, "later": 503}
"""Why nobody was logged in, and the status of the page that says so."""


@dataclass
class Session:
    """A person at the console."""

    principal: Principal
    language: Language
    dark: bool | None = None
    seen: float = 0.0
    """When the person did something last, by the monotonic clock."""
    ended: bool = False

    @property
    def alive(self) -> bool:
        """Whether it goes on: nobody has ended it, it is in use, and its token has not run out."""
        idle = time.monotonic() - self.seen
        return not self.ended and idle <= IDLE_S and self.principal.lasts()

    def goes_on(self) -> bool:
        """Whether the page at hand may do or show more; else it is sent to log in."""
        if not self.alive:
            ui.navigate.to("/login")
        return self.alive

    def word(self, key: str) -> str:
        """A word in the person's language."""
        return word(key, self.language)


class Sessions:
    """The sessions of this process, by a random cookie."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._sessions: dict[str, Session] = {}
        self._pages: WeakKeyDictionary[Client, Session] = WeakKeyDictionary()

    def of(self, request: Request) -> Session | None:
        """The session of a request: by its cookie, None where there is none."""
        session = self._sessions.get(request.cookies.get(COOKIE, ""))
        if session is None or not session.alive:
            return None
        session.seen = time.monotonic()
        return session

    def knows(self, request: Request) -> bool:
        """Whether a request has a session; asking does not prolong it."""
        session = self._sessions.get(request.cookies.get(COOKIE, ""))
        return session is not None and session.alive

    def show(self, session: Session) -> None:
        """Take the page that is being made for one of a session: it goes on for as long."""
        self._pages[ui.context.client] = session

    def hears(self, client_id: str) -> bool:
        """Whether what somebody does on a page is heard; it prolongs the session."""
        client = Client.instances.get(client_id)
        session = None if client is None else self._pages.get(client)
        if client is None or session is None:
            return True  # nothing of ours listens there
        with client:
            if not session.goes_on():
                return False
        session.seen = time.monotonic()
        return True

    async def begin(self, request: Request, credential: str) -> str | None:
        """Begin a session with a key, a token or a one-time code; returns its cookie.

        It takes the place of the one that the browser has. Raises `Problem` 429 for an address from
        which too many logins failed, 503 where nobody can say now whose a token is.
        """
        tries = self.gateway.limits.login(request)
        principal = self.gateway.authenticator.redeem(credential)
        if principal is None:
            try:
                principal = await self.gateway.authenticator.principal(credential)
            except Problem as problem:
                if problem.status == 503:
                    tries.left += 1
                    raise
                principal = NOBODY
        if not principal.roles:
            log.warning("login failed")
            return None
        tries.left += 1
        self.end(request)
        cookie = secrets.token_urlsafe(32)
        self._sessions = {c: s for c, s in self._sessions.items() if s.alive}
        self._sessions[cookie] = Session(principal, _language(request), seen=time.monotonic())
        log.info("login", actor=principal.name, by=principal.by)
        return cookie

    def end(self, request: Request) -> None:
        """End the session of a request, and with it all of its pages."""
        session = self._sessions.pop(request.cookies.get(COOKIE, ""), None)
        if session is not None:
            session.ended = True


Page = Callable[..., Awaitable[None]]


def page(sessions: Sessions, path: str, *roles: Role) -> Callable[[Page], None]:
    """Serve a page to these roles; who has no session is sent to log in."""

    def register(show: Page) -> None:
        from streams.gateway.console.frame import frame

        @ui.page(path, response_timeout=10)
        async def guarded(request: Request) -> Response | None:
            session = sessions.of(request)
            if session is None:
                return RedirectResponse("/login", 303)
            sessions.show(session)
            if (chosen := request.query_params.get("lang")) in ("zh", "en"):
                session.language = chosen  # type: ignore[assignment]  # one of the two
            tell_language(session.language)
            with frame(session, path, request):
                if session.principal.has(*roles):
                    try:
                        await show(sessions.gateway, session, request)
                    except AWAY:
                        ui.label(session.word("away")).classes("empty")
                        ui.timer(AGAIN_S, ui.navigate.reload, immediate=False)
                else:
                    ui.label(session.word("forbidden")).classes("empty")
            return None

    return register


def tell_language(language: Language) -> None:
    """Have the document that is being made say its language, and leave its landmarks to us."""
    client = ui.context.client
    client.page = copy.copy(client.page)  # the original is that of every request for the path
    client.page.language = TAGS[language]
    (around,) = client.page_container.default_slot.children
    around.tag = "div"  # Quasar's is a second `main`, around all of ours


def add_login(sessions: Sessions) -> None:
    """Add the way in and the way out."""

    @ui.page("/login")
    def login(request: Request) -> None:
        language = _language(request)
        tell_language(language)
        ui.page_title("正名 Zhengming")
        ui.dark_mode(None)
        refusal = next((why for why in REFUSALS if why in request.query_params), None)
        if refusal is not None:
            ui.context.client.status_code = REFUSALS[refusal]
        ui.html(_form(language, refusal), sanitize=False)

    @pages.post("/login")
    async def enter(request: Request) -> Response:
        form = await request.form()
        return await _enter(sessions, request, str(form.get("credential", "")))

    @pages.get("/login/{code}")
    async def once(request: Request, code: str) -> Response:
        return await _enter(sessions, request, code)

    @pages.post("/logout")
    async def leave(request: Request) -> Response:
        sessions.end(request)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE)
        return answer


async def _enter(sessions: Sessions, request: Request, credential: str) -> Response:
    try:
        cookie = await sessions.begin(request, credential.strip())
    except Problem as problem:
        why = next(why for why, status in REFUSALS.items() if status == problem.status)
        return RedirectResponse(f"/login?{why}", 303)
    if cookie is None:
        return RedirectResponse("/login?wrong", 303)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE, cookie, httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )
    return answer


def _language(request: Request) -> Language:
    accepted: Any = request.headers.get("accept-language", "")
    return "zh" if accepted.lower().startswith("zh") else "en"


def _form(language: Language, refusal: str | None) -> str:
    told = ""
    if refusal is not None:
        told = f'<p class="bad" role="alert">{word(f"login.{refusal}", language)}</p>'
    return f"""
<main class="login"><form method="post" action="/login">
<h1>正名 <span>Zhengming</span></h1><p>{word("login.about", language)}</p>{told}
<label for="credential">{word("login.hint", language)}</label>
<input id="credential" name="credential" type="password" autocomplete="current-password" autofocus
 required maxlength="4096"><button type="submit">{word("login", language)}</button>
</form></main>"""
