"""Who is asking, and whether they may: deny by default.

Every operation names the roles that may call it, by `allow` or `public`; an application with one
that names none does not start.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from streams.gateway.keys import PREFIX, KeyRing
from streams.gateway.oidc import InvalidToken, IssuerAway, Tokens
from streams.gateway.problems import Problem
from streams.gateway.roles import NOBODY, Principal, Role
from streams.settings import Settings

SESSION = "principal"
"""Key of the console's session that holds name and roles."""

_bearer = HTTPBearer(
    auto_error=False, description="An API key (`zm_…`), or a token of the OIDC issuer."
)


class Authenticator:
    """Tells who a bearer is."""

    def __init__(self, settings: Settings) -> None:
        self._ring = KeyRing(settings.gateway_keys)
        self._tokens = Tokens(settings) if settings.oidc_issuer else None
        self._login = settings.gateway_login
        self._lock = threading.Lock()

    async def principal(self, credential: str) -> Principal:
        """Who holds a key or a token. Raises `Problem` 401, or 503 without the issuer's keys."""
        if credential.startswith(PREFIX):
            found = self._ring.find(credential)
            if found is None:
                raise _unknown("this API key is not known")
            return found
        if self._tokens is None:
            raise _unknown("tokens are not accepted here; use an API key")
        try:
            return await run_in_threadpool(self._tokens.principal, credential)
        except InvalidToken as error:
            raise _unknown(str(error)) from None
        except IssuerAway:
            raise Problem(503, "the issuer of tokens does not answer", Retry_After="30") from None

    def redeem(self, code: str) -> Principal | None:
        """Whom a one-time code makes; None for a wrong one, and for a right one a second time."""
        with self._lock:
            if self._login is None or not _same(self._login.get_secret_value(), code):
                return None
            self._login = None
        return Principal("first-look", frozenset(Role), "session")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _unknown(why: str) -> Problem:
    return Problem(401, why, WWW_Authenticate="Bearer")


async def identify(request: Request, _: Annotated[Any, Depends(_bearer)]) -> Principal:
    """Who is asking; a call without a credential is nobody's."""
    scheme, _space, credential = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return NOBODY
    if scheme.lower() != "bearer" or not credential.strip():
        raise _unknown("the Authorization header must be: Bearer, and a key or a token")
    authenticator: Authenticator = request.app.state.gateway.authenticator
    return await authenticator.principal(credential.strip())


class Allowed:
    """A dependency that lets some roles pass; it also limits how often a caller may call."""

    def __init__(
        self, roles: Iterable[Role], *, public: bool = False, limited: bool = True
    ) -> None:
        self.roles = frozenset(roles)
        self.public = public
        self.limited = limited

    async def __call__(
        self, request: Request, principal: Annotated[Principal, Depends(identify)]
    ) -> Principal:
        """Let pass, or raise `Problem` 401, 403, 429, or 422 for what no parameter is called."""
        if not self.public:
            if principal is NOBODY:
                raise _unknown("a key or a token is needed")
            if not principal.has(*self.roles):
                raise Problem(403, f"this needs one of the roles {', '.join(sorted(self.roles))}")
        if self.limited:
            request.app.state.gateway.limits.check(request, principal)
            _require_known_parameters(request)
        return principal


def _require_known_parameters(request: Request) -> None:
    """A parameter misspelt would otherwise be left out without a word."""
    known = sorted(field.alias for field in request.scope["route"].dependant.query_params)
    if not set(request.query_params) <= set(known):
        raise Problem(
            422, f"a query parameter is not known; there are: {', '.join(known) or 'none'}"
        )


def allow(*roles: Role) -> Any:
    """Let these roles call an operation."""
    return Depends(Allowed(roles))


def public() -> Any:
    """Let everybody call an operation, within the limits of the public."""
    return Depends(Allowed((), public=True))


def probe() -> Any:
    """Let everybody call an operation as often as they like: supervisors and Prometheus do."""
    return Depends(Allowed((), public=True, limited=False))


def access_of(route: APIRoute) -> Allowed | None:
    """What an operation asks for."""
    return next(
        (d.call for d in _dependencies(route.dependant) if isinstance(d.call, Allowed)), None
    )


def _dependencies(dependant: Any) -> Iterable[Any]:
    for dependency in dependant.dependencies:
        yield dependency
        yield from _dependencies(dependency)


def require_access(app: FastAPI, is_api: Callable[[str], bool]) -> None:
    """Refuse an application with an operation that does not say who may call it."""
    for route in app.routes:
        if isinstance(route, APIRoute) and is_api(route.path) and access_of(route) is None:
            raise RuntimeError(f"{route.path} does not say who may call it")
