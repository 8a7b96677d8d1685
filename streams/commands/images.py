"""`zhengming images`: the worker that looks into images."""

from __future__ import annotations

import signal
import threading
from typing import Any

from streams.commands.common import err
from streams.errors import ConfigurationError
from streams.settings import load_settings


def images() -> None:
    """Fetch the images that changes refer to and say what is in them, until a signal."""
    try:
        import PIL  # noqa: F401  # asked for before anything is fetched
    except ImportError as error:
        raise ConfigurationError(
            "looking into images needs the extra: pip install 'zhengming[images]'"
        ) from error
    from streams.access import Part, require
    from streams.images.look import tools
    from streams.images.pool import LookPool
    from streams.images.source import open_fetcher
    from streams.images.worker import ImageWorker
    from streams.logs import configure_logging
    from streams.probes import probes

    settings = load_settings()
    configure_logging(settings)
    fetcher = open_fetcher(settings)
    require(settings, Part.IMAGES)
    _tell(tools())
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    pool = LookPool(settings.image_processes)
    worker = ImageWorker(settings, fetcher, pool)
    try:
        with probes(settings, worker.metrics.registry, worker.liveness, worker.readiness):
            worker.run(stop)
    finally:
        pool.close()


def _tell(there: Any) -> None:
    """Say what cannot be looked for, as a verdict will say of every image."""
    lacks = [
        name
        for name, tool in (("codes (zxing-cpp)", there.codes), ("text (rapidocr)", there.text))
        if tool is None
    ]
    if lacks:
        err.print(f"not looked for, as the library is not there: {', '.join(lacks)}")
