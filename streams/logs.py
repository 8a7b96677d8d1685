"""Structured logs: one line an event, JSON or for the eye, UTC, without anything personal.

Lines of the standard library's loggers (Faust, aiokafka, librdkafka) go through the same chain.
Logs go to standard error; standard output belongs to what a command prints.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from streams.settings import MASKED, Settings

NOISY = {
    "faust": "warning",
    "mode": "warning",
    "aiokafka": "warning",
    "asyncio": "warning",
    "uvicorn": "warning",  # its lines on connections hold addresses and paths
}
"""Loggers of libraries that would fill the log at ``info``, and the level they get there."""

_SECRET = re.compile(r"passw|secret|token|credential|authorization|api_?key", re.IGNORECASE)

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[0-9Xx](?![0-9A-Za-z])")
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+\d{1,3}[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?![\w-])"
    r"|(?<![\w+])\+\d{1,3}(?:[ -]?\d){7,12}(?!\w)"
)
_IP = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w.]\w|\w)"
)
_WORTH_A_LOOK = re.compile(r"\d{3}|@|:[0-9A-Fa-f]*:|\d\.\d")


def mask(text: str) -> str:
    """Replace e-mail addresses, ID numbers, phone numbers and IP addresses in a text.

    Loopback addresses stay: they name nobody.
    """
    if not _WORTH_A_LOOK.search(text):
        return text
    text = _EMAIL.sub("[e-mail]", text)
    text = _ID_NUMBER.sub("[id]", text)
    text = _PHONE.sub("[phone]", text)
    return _IP.sub(_masked_ip, text)


def mask_personal(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Mask every text of an event, however deep, and the values of keys that name secrets."""
    return {key: _masked(key, value) for key, value in event.items()}


def configure_logging(settings: Settings) -> None:
    """Send all logs of the process to standard error, as the settings say."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask_personal,
                _renderer(settings),
            ],
        )
    )
    level = settings.log_level.upper()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, quiet in NOISY.items():
        logging.getLogger(name).setLevel(quiet.upper() if level == "INFO" else level)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger; give it values by keyword: ``log.info("committed", records=12)``."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def _renderer(settings: Settings) -> Processor:
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _masked(key: Any, value: Any) -> Any:
    if isinstance(key, str) and _SECRET.search(key) and value is not None:
        return MASKED
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {k: _masked(k, v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(None, v) for v in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask(str(value))


def _masked_ip(match: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return match[0]
    return match[0] if address.is_loopback or address.is_unspecified else "[ip]"
