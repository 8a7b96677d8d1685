"""The application: operations, limits, errors, and what is open meanwhile."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from streams.gateway import (
    accounts,
    changes,
    checks,
    directives,
    exports,
    overview,
    packs,
    reviews,
    tickets,
)
from streams.gateway.auth import require_access
from streams.gateway.context import Gateway
from streams.gateway.headers import SafeHeaders
from streams.gateway.limits import BodyLimit
from streams.gateway.measuring import Measured
from streams.gateway.nowhere import nowhere
from streams.gateway.paths import QuotedPaths, unquote_ids
from streams.gateway.problems import add_handlers
from streams.gateway.schemas import describe
from streams.settings import Settings

API = ("/v1/", "/health", "/ready", "/metrics")
PARTS = (checks, changes, tickets, accounts, reviews, packs, directives, exports, overview)


def create_app(settings: Settings, *, console: bool = True) -> FastAPI:
    """Make the application, with the console once in a process.

    Raises `ConfigurationError` for settings that cannot be.
    """
    gateway = Gateway(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(gateway.start)
        following = asyncio.create_task(gateway.follow())
        # What lives by now lives to the end. Without this the collector goes through all of it
        # now and then, and every request waits for half a second.
        gc.collect()
        gc.freeze()
        try:
            yield
        finally:
            following.cancel()
            await run_in_threadpool(gateway.stop)

    app = FastAPI(
        title="Zhengming 正名",
        version=version("zhengming"),
        description="Account information, kept true. Times are milliseconds since the epoch. "
        "Errors are `application/problem+json`.",
        lifespan=lifespan,
        docs_url=None,  # its pages would load scripts from elsewhere
        redoc_url=None,
        openapi_url=None,  # an operation of ours gives it, within the limits of the public
        redirect_slashes=False,
        # It would tell paths, which hold account ids; and asking it costs every request something.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.gateway = gateway
    for part in PARTS:
        # Not `include_router`: it may wrap the routes, and every one of them is looked at below.
        app.router.routes.extend(part.router.routes)
    unquote_ids(app.routes)
    app.router.routes.extend(nowhere(app.routes))
    gateway.metrics.expect(app.routes)
    add_handlers(app)
    describe(app)
    app.add_middleware(BodyLimit, most=settings.gateway_max_body)
    app.add_middleware(Measured, metrics=gateway.metrics)
    app.add_middleware(QuotedPaths)
    app.add_middleware(SafeHeaders)
    require_access(app, lambda path: path.startswith(API))
    if console:
        from streams.gateway.console import install

        install(app, gateway)
    return app
