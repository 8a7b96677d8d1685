"""Structured logs: one line an event, JSON or for the eye, UTC, without anything personal.

Lines of the standard library's loggers (Faust, aiokafka, librdkafka) go through the same chain.
Logs go to standard error; standard output belongs to what a command prints.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from processors.masking import mask
from streams.redaction import MASKED, NAMES, learn, redact
from streams.settings import Settings

NOISY = {
    "faust": "warning",
    "mode": "warning",
    "aiokafka": "warning",
    "asyncio": "warning",
    "uvicorn": "warning",  # its lines on connections hold addresses and paths
}
"""Loggers of libraries that would fill the log at ``info``, and the level they get there."""

QUIET_S = 10.0
"""What a library says over and over is written once in so many seconds."""

KINDS = 1_000
"""So many different lines are known at most."""

_SECRET = re.compile(NAMES, re.IGNORECASE)


class _Repeats(logging.Filter):
    """Holds back what a library of `NOISY` has said just now, however other its values are.

    While a broker is away clients say the same some hundred times a second, until the disk is full.
    The next line that is written has ``held_back``: how many of its kind were not.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._said: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write a line."""
        if record.name.partition(".")[0] not in NOISY:
            return True
        kind = record.name, record.levelno, str(record.msg)
        with self._lock:
            if len(self._said) > KINDS:  # some library puts its values into what it says
                self._said.clear()
            said, held_back = self._said.get(kind, (-QUIET_S, 0))
            if 0 <= record.created - said < QUIET_S:
                self._said[kind] = said, held_back + 1
                return False
            self._said[kind] = record.created, 0
        if held_back:
            record.held_back = held_back
        return True


def mask_personal(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Mask every text of an event, however deep, and the values of keys that name secrets.

    Secrets of the settings are taken out of every text.
    """
    return {key: _masked(key, value) for key, value in event.items()}


def configure_logging(settings: Settings) -> None:
    """Send all logs of the process to standard error, as the settings say."""
    learn(settings.secrets())
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
    if level != "DEBUG":
        handler.addFilter(_Repeats())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, quiet in NOISY.items():
        logging.getLogger(name).setLevel(quiet.upper() if level == "INFO" else level)


def log_to_stderr() -> None:
    """Send the logs of a command that has not configured any to standard error, masked as well."""
    if not structlog.is_configured():
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.format_exc_info,
                mask_personal,
                structlog.dev.ConsoleRenderer(colors=False),
            ],
            logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        )


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
        return mask(redact(value))
    if isinstance(value, Mapping):
        return {k: _masked(k, v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(None, v) for v in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask(redact(str(value)))
