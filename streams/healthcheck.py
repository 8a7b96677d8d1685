"""`python -m streams.healthcheck`: leaves with 0 when the process beside it says that it is well.

For container engines that run a command to learn that. A container runs one process, so whichever
of its two ports listens is asked for ``/health``. It runs every few seconds, and so it imports
nothing heavy and reads the two settings it needs by itself.
"""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException

PORTS = {"ZHENGMING_WEB_PORT": 6066, "ZHENGMING_GATEWAY_PORT": 8066}
"""The settings, with their defaults."""
ANSWER_S = 3.0


def main() -> int:
    """Ask; returns 0 when it is well, 1 with the reason on standard error when it is not."""
    for variable, default in PORTS.items():
        port = int(os.environ.get(variable) or default)
        try:
            status, body = _ask(port)
        except ConnectionRefusedError:
            continue
        except (OSError, HTTPException) as error:
            sys.stderr.write(f"port {port} does not answer: {error!r}\n")
            return 1
        if status != 200:
            sys.stderr.write(f"port {port} answers {status}: {body}\n")
        return int(status != 200)
    sys.stderr.write(f"nothing listens; the ports are those of {' and '.join(PORTS)}\n")
    return 1


def _ask(port: int) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        return answer.status, answer.read(1_000).decode("utf-8", "replace")
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
