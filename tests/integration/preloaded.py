"""What a worker of the tests reads before it works; `tests.integration.forks` reads it once."""

import gc

from streams.packs import policy_of
from tests.integration import worker_main

__all__ = ["worker_main"]

policy_of("cac2022")
gc.freeze()
