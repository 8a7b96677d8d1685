"""What the processes of a pool run in tests, in the place of the real thing: some bytes do harm.

A module of its own, for each process imports it.
"""

from __future__ import annotations

import os
import time

from schemas.records import ImageFacts
from streams.images.look import look_into

SLOW_S = 1.5


def looking(body: bytes) -> ImageFacts:
    """What an image holds; ``die``, ``hang…`` and ``slow…``, which tells its process, are none."""
    if body == b"die":
        os._exit(1)
    if body.startswith(b"hang"):
        time.sleep(600)
    if body.startswith(b"slow"):
        time.sleep(SLOW_S)
        return ImageFacts(checked=True, text=str(os.getpid()))
    return look_into(body)
