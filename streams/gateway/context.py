"""Everything the operations work with, opened at the start and closed at the end."""

from __future__ import annotations

import asyncio

from aiokafka.errors import KafkaError
from fastapi import Request

from processors.control import Control
from processors.policy import Policy
from schemas.errors import RegistryUnavailable
from streams.codecs import open_codec
from streams.connections import tell_of_closed_transports
from streams.follower import Follower
from streams.gateway.answers import Answers
from streams.gateway.auth import Authenticator
from streams.gateway.desk import Desk
from streams.gateway.inputs import Inputs
from streams.gateway.lag import Lag
from streams.gateway.limits import Limits
from streams.gateway.measuring import GatewayMetrics
from streams.gateway.originals import Originals
from streams.health import Health
from streams.journal import InForce, Journal
from streams.logs import get_logger
from streams.metrics import show_ready
from streams.packs import configured_files, load_policy
from streams.settings import Settings
from streams.views import ViewReader
from streams.views.store import now_ms

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
"""Between two tries to follow what is in force."""
BEHIND_MS = 60_000
"""Views that lag by more are no basis for work."""


log = get_logger(__name__)


class Gateway:
    """The parts of one gateway process. Raises `ConfigurationError` for settings that cannot be."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.policy: Policy = load_policy(settings)
        """That of the packs in force, as far as is known here, before directives."""
        self._control = Control.of(self.policy)
        self.files = configured_files(settings)
        """Files of the configured packs, by their hashes."""
        self._configured = self.policy
        self._unfollowed = "what is in force is not read yet"
        self._codec = open_codec(settings)
        self.authenticator = Authenticator(settings)
        self.limits = Limits(settings)
        self.metrics = GatewayMetrics()
        self.views = ViewReader(settings, self.policy.pack.credit)
        self.desk = Desk(settings, self.views.redis)
        self.answers = Answers(settings)
        self.originals = Originals(settings)
        self.lag = Lag(settings)
        self.inputs = Inputs(settings)
        show_ready(self.metrics.registry, lambda: self.readiness().ok)

    @property
    def deciding(self) -> Policy:
        """What decides now, overlays too, as far as is known: checks and the console go by it."""
        return self._control.at(now_ms()).policy

    def start(self) -> None:
        """Begin to read answers. Raises `BrokerUnreachable`."""
        self.answers.start()

    async def follow(self) -> None:
        """Follow what is put in force, for ever: whatever ends that, it begins anew.

        What was in force stays until everything is read again.
        """
        tell_of_closed_transports()  # uvicorn runs uvloop
        pause = FIRST_PAUSE_S
        while True:
            # Another journal each time: one that takes a record up twice puts old packs in force.
            journal = Journal(self.settings, self._configured, self._codec)
            follower = Follower(self.settings.aiokafka_config(), journal, self._adopt)
            try:
                await follower.run()
            except Exception as error:
                if not self._unfollowed:  # it was all well meanwhile
                    pause = FIRST_PAUSE_S
                what = "what is in force is not followed"
                self._unfollowed = f"{what} ({type(error).__name__})"
                foreseen = isinstance(error, KafkaError | RegistryUnavailable)
                log.warning(what, error=repr(error), exc_info=not foreseen)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _adopt(self, in_force: InForce) -> None:
        self.policy, self._control, self._unfollowed = in_force.policy, in_force.control, ""

    def stop(self) -> None:
        """Close everything."""
        self.inputs.stop()
        self.answers.stop()
        self.originals.stop()
        self.views.close()

    def readiness(self) -> Health:
        """Whether it serves: outputs and packs are read, Kafka answers and the views are fed."""
        problems = [*self.answers.problems]
        if self._unfollowed:
            problems.append(self._unfollowed)
        try:
            status = self.views.status()
        except Exception as error:  # whatever Redis does, it is no reason to fall over
            problems.append(f"Redis is away ({type(error).__name__})")
        else:
            if status is None:
                problems.append("nobody feeds the views; run `zhengming views`")
            elif status.behind_ms > BEHIND_MS:
                problems.append(f"the views are {status.behind_ms // 1000} s behind")
        return Health(not problems, tuple(problems))


def gateway_of(request: Request) -> Gateway:
    """The gateway of the application that serves a request."""
    found: Gateway = request.app.state.gateway
    return found
