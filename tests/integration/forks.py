"""Workers begun as forks of one process that has read the code and the shipped pack already.

Reading both takes seconds of CPU, and the tests begin hundreds of workers. A fork is a process like
any other: it is killed, frozen and asked to stop in the same way, and leaves with the same codes.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([f"{__package__}.preloaded"])


class Fork:
    """A worker of `tests.integration.worker_main` with an environment and a log of its own."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._process: BaseProcess = _SERVER.Process(
            target=_run, args=(dict(environment), log), daemon=True
        )
        self._process.start()
        _begun.add(self)

    def poll(self) -> int | None:
        """Exit code, negative the number of a signal; None while it runs."""
        return self._process.exitcode

    def wait(self) -> int | None:
        """Wait for its end; returns the exit code."""
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process.pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, number)


_begun: set[Fork] = set()


@atexit.register  # before multiprocessing ends them, which waits for what is frozen
def _kill_what_is_left() -> None:
    for fork in _begun:
        if fork.poll() is None:
            fork.send_signal(signal.SIGKILL)


def _run(environment: Mapping[str, str], log: Path) -> None:
    """What the fork does: become what a process of its own would have been, and work."""
    from tests.integration.worker_main import main

    os.setsid()
    with log.open("ab") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    assert f"{__package__}.preloaded" in sys.modules, "it could not be imported"
    os.environ.clear()
    os.environ.update(environment)
    sys.exit(main())
