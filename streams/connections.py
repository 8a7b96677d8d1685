"""Lets aiokafka's connections live with uvloop.

uvloop refuses a write to a transport that has closed with a ``RuntimeError``; aiokafka knows an
``OSError`` only (aiokafka issue 1038). So where a broker dies at the wrong moment, the task of a
client that keeps its metadata ends without a word: it looks for no coordinator and no leader any
more, and the worker is out of its group while it goes on working.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_SENDING = ("send", "_send_sasl_token")


def tell_of_closed_transports() -> None:
    """Make every connection of this process tell of a closed transport as of a lost connection."""
    for name in _SENDING:
        method = getattr(AIOKafkaConnection, name)
        if not hasattr(method, "__wrapped__"):
            setattr(AIOKafkaConnection, name, _telling(method))


def _telling(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def send(self: Any, *args: Any, **options: Any) -> Any:
        try:
            return method(self, *args, **options)
        except RuntimeError as error:
            if not self._writer.transport.is_closing():
                raise
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"connection to {self.host}:{self.port} lost") from error

    return send
