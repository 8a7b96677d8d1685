"""`zhengming gateway`: the HTTP gateway with the console; and API keys for it."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.commands.common import err, fail, out
from streams.errors import ConfigurationError
from streams.logs import configure_logging
from streams.settings import load_settings
from streams.topics import missing_topics


def gateway() -> None:
    """Serve the HTTP gateway and the console until a signal."""
    try:
        import uvicorn

        from streams.gateway.app import create_app
    except ImportError as error:
        raise fail(
            f"the gateway needs the extra `gateway` ({error}): pip install 'zhengming[gateway]'"
        ) from error
    settings = load_settings()
    configure_logging(settings)
    if missing := missing_topics(settings):
        raise ConfigurationError(
            f"topics are missing: {', '.join(missing)}; run `zhengming topics create`"
        )
    uvicorn.run(
        create_app(settings),
        host=settings.gateway_host,
        port=settings.gateway_port,
        log_config=None,
        access_log=False,  # paths hold account ids; the metrics count requests
        server_header=False,
        timeout_graceful_shutdown=5,
    )


def gateway_key(
    name: Annotated[str, typer.Argument(help="Whose key it is; stands in the record of rulings.")],
    role: Annotated[
        list[str], typer.Option("--role", help="A role; give it again for another one.")
    ],
) -> None:
    """Draw an API key: the key on standard error, its entry for the file on standard output."""
    from streams.gateway.keys import draw_key, entry
    from streams.gateway.roles import Role

    try:
        roles = [Role(one) for one in role]
    except ValueError as error:
        raise fail(f"{error}; roles are {', '.join(Role)}") from error
    if not name or any(char in '"\\\n' for char in name):
        raise fail("a name has no quotes, backslashes or line breaks")
    key = draw_key()
    err.print(key, soft_wrap=True, markup=False)
    out.print(entry(name, roles, key), soft_wrap=True, markup=False)
