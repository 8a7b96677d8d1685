"""Everything the operations work with, opened at the start and closed at the end."""

from __future__ import annotations

import asyncio

from aiokafka.errors import KafkaError
from fastapi import Request

from processors.policy import Policy
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
from streams.packs import load_policy
from streams.settings import Settings
from streams.views import ViewReader

FOLLOW_AGAIN_S = 2.0
BEHIND_MS = 60_000
"""Views that lag by more are no basis for work."""


log = get_logger(__name__)


class Gateway:
    """The parts of one gateway process. Raises `ConfigurationError` for settings that cannot be."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.policy: Policy = load_policy(settings)
        """What decides now, as far as is known here: `/v1/checks` and the console go by it."""
        self._journal = Journal(settings, self.policy)
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

    def start(self) -> None:
        """Begin to read answers. Raises `BrokerUnreachable`."""
        self.answers.start()

    async def follow(self) -> None:
        """Follow what is put in force, for ever."""
        follower = Follower(self.settings.aiokafka_config(), self._journal, self._adopt)
        while True:
            try:
                await follower.run()
            except KafkaError as error:
                log.warning("what is in force is not followed", error=type(error).__name__)
                await asyncio.sleep(FOLLOW_AGAIN_S)

    def _adopt(self, in_force: InForce) -> None:
        self.policy = in_force.policy

    def stop(self) -> None:
        """Close everything."""
        self.inputs.stop()
        self.answers.stop()
        self.originals.stop()
        self.views.close()

    def readiness(self) -> Health:
        """Whether it serves: Kafka answers, the outputs are read and the views are fed."""
        problems = [*self.answers.problems]
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
