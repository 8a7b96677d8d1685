"""Names of the keys in Redis: one table, under one prefix per application."""

from __future__ import annotations

from streams.settings import Settings

DAY_S = 86_400
ACCOUNT_DAYS = 180
"""A settled account is forgotten so long after its last record, as its verdicts are in Kafka."""
MINUTES_KEPT_S = 2 * DAY_S
MINUTE_MS = 60_000
RECENT = 100
"""Length of the lists over all accounts."""
REPORTS = 10_000
"""Items of the report outbox that are kept, the ones due last."""

QUEUES = ("review", "complaint", "appeal", "breach")


class Keys:
    """The keys of one application's views."""

    def __init__(self, settings: Settings) -> None:
        self.prefix = f"{settings.app_id}:{settings.topic_prefix}views:"
        self.lease = f"{settings.app_id}:{settings.topic_prefix}feeder"
        self.made_of = self.prefix + "made_of"
        self.positions = self.prefix + "positions"
        self.status = f"{settings.app_id}:{settings.topic_prefix}status"
        self.desk = f"{settings.app_id}:{settings.topic_prefix}desk:"
        self.levels = self.prefix + "levels"
        self.escalations = self.prefix + "escalations"
        self.reports = self.prefix + "reports"
        self.verdicts = self.prefix + "recent:verdicts"
        self.findings = self.prefix + "recent:findings"
        self.disposals = self.prefix + "recent:disposals"

    def account(self, account_id: str) -> str:
        """The document of an account."""
        return f"{self.prefix}account:{account_id}"

    def minute(self, minute: int) -> str:
        """The counters of a minute (minutes since the epoch)."""
        return f"{self.prefix}minute:{minute}"

    def queue(self, name: str) -> str:
        """A queue by due time; ``name`` is one of `QUEUES`."""
        return f"{self.prefix}queue:{name}"
