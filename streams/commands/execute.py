"""`zhengming execute`: the reference executor."""

from __future__ import annotations

import asyncio
import signal

from streams.access import Part, require
from streams.logs import configure_logging
from streams.settings import Settings, load_settings


def execute() -> None:
    """Carry disposals to the platform's webhook until a signal; several share the partitions."""
    settings = load_settings()
    configure_logging(settings)
    require(settings, Part.EXECUTOR)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    from streams.executor.process import Executor
    from streams.probes import probes

    executor = Executor(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, executor.stopping.set)
    with probes(settings, executor.metrics.registry, executor.liveness, executor.readiness):
        await executor.run()
