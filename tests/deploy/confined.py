"""Runs a command as the compose file and the units have it run, where we may (Linux, as root).

``python confined.py DIRECTORY COMMAND...``: everything is read-only but DIRECTORY, a tmpfs that the
command starts in; no capability, no new privileges, no memory that is both written and executed.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

NEW_MOUNTS = 0x00020000
READ_ONLY, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 32, 4096, 16384, 1 << 18
DROP_CAPABILITY, NO_NEW_PRIVILEGES, NO_WRITE_AND_EXECUTE = 24, 38, 65
CAPABILITIES = 64

libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None) -> None:
    """As the system call. Raises ``OSError``."""
    words = [word.encode() if word is not None else None for word in (source, target, kind)]
    options = data.encode() if data is not None else None
    if libc.mount(*words, ctypes.c_ulong(flags), options):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def confine(directory: str) -> None:
    """Confine this process and what it becomes."""
    if libc.unshare(NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "unshare")
    mount("none", "/", None, RECURSIVE | PRIVATE, None)
    mount("none", "/", None, REMOUNT | BIND | READ_ONLY, None)
    mount("tmpfs", directory, "tmpfs", 0, "size=256m,mode=0750")
    for capability in range(CAPABILITIES):
        libc.prctl(DROP_CAPABILITY, capability, 0, 0, 0)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    libc.prctl(NO_WRITE_AND_EXECUTE, 1, 0, 0, 0)  # Linux 6.3; before, nothing happens


def main() -> None:
    """Confine, then become the command."""
    directory, *command = sys.argv[1:]
    if sys.platform == "linux" and os.geteuid() == 0:
        confine(directory)
        assert not os.access(Path(__file__).parent, os.W_OK)
    os.chdir(directory)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
