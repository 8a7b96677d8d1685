"""Who is asking, and whether they may: deny by default.

Every operation names the roles that may call it, by `allow` or `public`; an application with one
that names none does not start.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Coroutine, Iterable, Set
from operator import attrgetter
from typing import Annotated, Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.routing import APIRoute

from streams.gateway.keys import PREFIX, KeyRing
from streams.gateway.limits import Limits
from streams.gateway.oidc import InvalidToken, IssuerAway, Tokens
from streams.gateway.problems import Problem
from streams.gateway.roles import NOBODY, Principal, Role
from streams.settings import Settings

TOKENS_AT_ONCE = 4
"""Tokens that are checked at once. While their issuer does not answer they hold up their threads;
those of all others are apart."""

_CALLER = "zhengming.caller"
"""Key of a request's scope that holds who calls."""


class Authenticator:
    """Tells who a bearer is."""

    def __init__(self, settings: Settings) -> None:
        self._ring = KeyRing(settings.gateway_keys)
        self._tokens = Tokens(settings) if settings.oidc_issuer else None
        self._checking = CapacityLimiter(TOKENS_AT_ONCE)
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
            return await to_thread.run_sync(
                self._tokens.principal, credential, limiter=self._checking
            )
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


async def identify(request: Request) -> Principal:
    """Who is asking; a call without a credential is nobody's."""
    scheme, _space, credential = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return NOBODY
    if scheme.lower() != "bearer" or not credential.strip():
        raise _unknown("the Authorization header must be: Bearer, and a key or a token")
    authenticator: Authenticator = request.app.state.gateway.authenticator
    return await authenticator.principal(credential.strip())


class Access:
    """Which roles an operation lets pass, and whether it limits how often a caller may call."""

    def __init__(
        self, roles: Iterable[Role], *, public: bool = False, limited: bool = True
    ) -> None:
        self.roles = frozenset(roles)
        self.public = public
        self.limited = limited

    async def admit(self, request: Request, known: Set[str]) -> Principal:
        """Let pass, or raise `Problem` 401, 403, 429, or 422 for a parameter that is not known.

        A call counts whatever becomes of it.
        """
        limits: Limits = request.app.state.gateway.limits
        try:
            principal = await identify(request)
        except Problem:
            if self.limited:  # whom we do not know is nobody, whatever they show
                limits.check(request, NOBODY)
            raise
        if self.limited:
            limits.check(request, principal)
        if not self.public:
            if principal is NOBODY:
                raise _unknown("a key or a token is needed")
            if not principal.has(*self.roles):
                raise Problem(403, f"this needs one of the roles {', '.join(sorted(self.roles))}")
        # A parameter misspelt would otherwise be left out without a word.
        if self.limited and not set(request.query_params) <= known:
            told = ", ".join(sorted(known)) or "none"
            raise Problem(422, f"a query parameter is not known; there are: {told}")
        return principal


_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


def _grant(access: Access) -> Callable[[_Endpoint], _Endpoint]:
    def granted(endpoint: _Endpoint) -> _Endpoint:
        vars(endpoint)["access"] = access
        return endpoint

    return granted


def allow(*roles: Role) -> Callable[[_Endpoint], _Endpoint]:
    """Let these roles call an operation."""
    return _grant(Access(roles))


def public() -> Callable[[_Endpoint], _Endpoint]:
    """Let everybody call an operation, within the limits of the public."""
    return _grant(Access((), public=True))


def probe() -> Callable[[_Endpoint], _Endpoint]:
    """Let everybody call an operation as often as they like: supervisors and Prometheus do."""
    return _grant(Access((), public=True, limited=False))


class Operation(APIRoute):
    """An operation of the API. Who calls is settled before anything else of a request is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler behind the access that the endpoint names. Raises `RuntimeError`."""
        access = access_of(self)
        if access is None:
            raise _unguarded(self)
        handle = super().get_route_handler()
        known = frozenset(field.alias for field in self.dependant.query_params)

        async def admitted(request: Request) -> Response:
            request.scope[_CALLER] = await access.admit(request, known)
            return await handle(request)

        return admitted


def operations(tag: str) -> APIRouter:
    """A router for operations that make their responses themselves."""
    return APIRouter(
        tags=[tag],
        route_class=Operation,
        default_response_class=Response,
        generate_unique_id_function=attrgetter("name"),  # what a generated client calls it
    )


async def _caller(request: Request) -> Principal:
    principal: Principal = request.scope[_CALLER]
    return principal


Caller = Annotated[Principal, Depends(_caller)]
"""A parameter of an operation: who calls."""


def access_of(route: APIRoute) -> Access | None:
    """What an operation asks for; None for a route that is none."""
    return getattr(route.endpoint, "access", None) if isinstance(route, Operation) else None


def _unguarded(route: APIRoute) -> RuntimeError:
    return RuntimeError(f"{route.path} does not say who may call it")


def require_access(app: FastAPI, is_api: Callable[[str], bool]) -> None:
    """Refuse an application with an operation that does not say who may call it."""
    for route in app.routes:
        if isinstance(route, APIRoute) and is_api(route.path) and access_of(route) is None:
            raise _unguarded(route)
