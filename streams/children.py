"""Child processes that never outlive their parent: the brokers and workers of demo and tests."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

PORTS = range(20_000, 32_000)
"""Below the ports that the system gives to outgoing connections. A client that tries to reach a
stopped server could otherwise be given the server's own port, and keep it."""

_PR_SET_PDEATHSIG = 1
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_children: set[Child] = set()
"""All that may still run, also those whose start a signal cut off before anybody held them."""
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Child:
    """A process with its own process group and a log file.

    On Linux the kernel kills it when its parent dies, however that dies; elsewhere an exit of the
    parent does. Start it from the main thread: the kernel watches the thread that started it.
    """

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.command = list(command)
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output, _signals_held():
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if environment is None else {**os.environ, **environment},
                start_new_session=True,
                # One system call, prepared before the fork: no lock is taken in the child.
                preexec_fn=_die_with_parent if _watched() else None,  # noqa: PLW1509
            )
            _children.difference_update([child for child in _children if not child.running])
            _children.add(self)

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative the number of the signal that ended it."""
        return self._process.poll()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.exit_code is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the whole group; nothing happens when it has ended."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def stop(self, within_s: float = 10.0) -> int:
        """Ask it to end, kill it when it has not after ``within_s``; returns the exit code."""
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(within_s)
        return self.kill()

    def kill(self) -> int:
        """End it at once, with the whole group; returns the exit code."""
        self.send(signal.SIGKILL)
        return self._process.wait()

    def wait(self, within_s: float | None = None) -> int:
        """Wait for its end and return the exit code. Raises ``subprocess.TimeoutExpired``."""
        return self._process.wait(within_s)

    def tail(self, lines: int = 15) -> str:
        """Return the last lines of its log."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def wait_for(
    ready: Callable[[], bool], child: Child, within_s: float, every_s: float = 0.05
) -> str:
    """Wait until a child is ready; returns why it is not, or an empty text once it is."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not child.running:
            return f"it ended with exit code {child.exit_code}"
        if ready():
            return ""
        time.sleep(every_s)
    return f"it did not answer within {within_s:g} s"


def scratch_directory(what: str) -> Path:
    """Make a temporary directory, and remove those whose maker was killed before it could."""
    for old in Path(tempfile.gettempdir()).glob(f"zhengming-{what}-*"):
        maker = old.name.removeprefix(f"zhengming-{what}-").partition("-")[0]
        if maker.isdigit() and not _exists(int(maker)):
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"zhengming-{what}-{os.getpid()}-"))


def free_ports(count: int) -> list[int]:
    """Find ports on loopback that nobody listens on; none is given twice by one process."""
    found: list[int] = []
    if len(_given) + count > len(PORTS) // 2:
        _given.clear()
    while len(found) < count:
        port = random.choice(PORTS)  # noqa: S311 - any will do
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                if port not in _given:
                    _given.add(port)
                    found.append(port)
    return found


_given: set[int] = set()


def accepts(port: int) -> bool:
    """Tell whether something on loopback accepts connections at a port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Hold back what Python does about signals: a child that is half started is known to nobody."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is ever interrupted
        return
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in before.items():
        if handler is not None:  # None is a handler that C code has set
            signal.signal(number, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
        for missed in came:
            signal.raise_signal(missed)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _watched() -> bool:
    return _libc is not None and threading.current_thread() is threading.main_thread()


def _die_with_parent() -> None:
    assert _libc is not None
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


@atexit.register
def _end_all() -> None:
    for child in list(_children):
        child.kill()
