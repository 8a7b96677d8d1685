"""`zhengming gateway`: the HTTP gateway with the console; and API keys for it."""

from __future__ import annotations

import ssl
from contextlib import suppress
from functools import partial
from typing import Annotated, Any

import typer

from streams.access import Part, require
from streams.commands.common import err, fail, out
from streams.errors import ConfigurationError, WorkerError
from streams.logs import configure_logging
from streams.probes import require_free
from streams.settings import Settings, load_settings


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
    require_free(settings, "gateway")
    require(settings, Part.GATEWAY)
    app = create_app(settings)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            **_tls(settings),
            host=settings.gateway_host,
            port=settings.gateway_port,
            log_config=None,
            access_log=False,  # paths hold account ids; the metrics count requests
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )
    answers = app.state.gateway.answers
    answers.on_failure = partial(setattr, server, "should_exit", True)
    with suppress(KeyboardInterrupt):
        server.run()
    if answers.failed:  # a supervisor starts again what has left with a fault
        raise WorkerError("the gateway left, for it read no answers any more; its log says why")


def _tls(settings: Settings) -> dict[str, Any]:
    """Certificate and key for the server; nothing without them. Raises `ConfigurationError`."""
    if settings.gateway_tls_certificate is None or settings.gateway_tls_key is None:
        return {}
    secret = settings.gateway_tls_key_password
    password = secret.get_secret_value() if secret else ""  # without one OpenSSL would ask for it
    files = str(settings.gateway_tls_certificate), str(settings.gateway_tls_key)
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*files, password)
    except (ssl.SSLError, OSError) as error:
        raise ConfigurationError(
            f"the gateway's TLS files cannot be used ({error}): check "
            "ZHENGMING_GATEWAY_TLS_CERTIFICATE, ZHENGMING_GATEWAY_TLS_KEY and "
            "ZHENGMING_GATEWAY_TLS_KEY_PASSWORD"
        ) from error
    return {"ssl_certfile": files[0], "ssl_keyfile": files[1], "ssl_keyfile_password": password}


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
    err.print(key, soft_wrap=True)
    out.print(entry(name, roles, key), soft_wrap=True)
