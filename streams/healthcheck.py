"""`python -m streams.healthcheck`: leaves with 0 when the process beside it says that it is well.

For container engines that run a command to learn that. A container runs one process, so whichever
of its two ports listens is asked for ``/health``; a gateway with a certificate, over TLS.
It runs every few seconds, and so it imports nothing heavy and reads its few settings by itself.
"""

from __future__ import annotations

import os
import ssl
import sys
from http.client import HTTPConnection, HTTPException, HTTPSConnection

PORTS = {"ZHENGMING_WEB_PORT": 6066, "ZHENGMING_GATEWAY_PORT": 8066}
"""The settings, with their defaults."""
TLS = {"ZHENGMING_GATEWAY_PORT": "ZHENGMING_GATEWAY_TLS_CERTIFICATE"}
"""The settings with which a port speaks TLS alone."""
ANSWER_S = 3.0


def main() -> int:
    """Ask; returns 0 when it is well, 1 with the reason on standard error when it is not."""
    for variable, default in PORTS.items():
        port = int(os.environ.get(variable) or default)
        over_tls = bool(os.environ.get(TLS.get(variable, "")))
        try:
            status, body = _ask(port, over_tls)
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


def _ask(port: int, over_tls: bool) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
    if over_tls:
        connection = HTTPSConnection("127.0.0.1", port, timeout=ANSWER_S, context=_unverified())
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        return answer.status, answer.read(1_000).decode("utf-8", "replace")
    finally:
        connection.close()


def _unverified() -> ssl.SSLContext:
    """TLS to whoever listens: on loopback no name of a certificate is right, and nobody else is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


if __name__ == "__main__":
    sys.exit(main())
