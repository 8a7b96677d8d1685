"""One input, or one deadline, as it is applied to one account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from processors.accounts.effects import Effect
from processors.accounts.examiner import Examiner, view_of
from processors.accounts.state import Account
from processors.policy.model import Judgement, LadderTerms, Pack
from schemas.records import Field, Finding, KeyClaim

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Turn:
    """An account while something is applied to it, and the effects collected so far.

    ``at`` is the event time in ms. ``topic``, ``partition`` and ``offset`` tell where the input
    came from: an empty topic and -1 for a deadline. ``former`` holds the values before the event
    where it changed some, ``compliant`` what was kept of measures lifted in this turn: the last
    compliant value of their field. ``revision`` is that of the verdict on a change decided now.
    ``claims`` are what is asked of the registry of keys; ``claims_changed`` says that what the
    account claims of it may have changed. ``found`` is what the rules find where no change is
    judged: None but in a sweep. ``made`` is when a change was made at its source (ms), 0 where that
    is not known or it is no change.
    """

    __slots__ = (
        "account",
        "account_id",
        "at",
        "claims",
        "claims_changed",
        "compliant",
        "effects",
        "event_id",
        "examiner",
        "former",
        "found",
        "made",
        "offset",
        "pack",
        "partition",
        "revision",
        "seq",
        "topic",
    )

    def __init__(
        self,
        account_id: str,
        account: Account,
        examiner: Examiner,
        event_id: str,
        at: int,
        topic: str = "",
        partition: int = -1,
        offset: int = -1,
    ) -> None:
        account.seq += 1
        self.account_id = account_id
        self.account = account
        self.examiner = examiner
        self.pack: Pack = examiner.pack
        self.event_id = event_id
        self.seq = account.seq
        self.at = at
        self.revision = 1
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.effects: list[Effect] = []
        self.former: list[str | None] | None = None
        self.compliant: dict[Field, str | None] | None = None
        self.made = 0
        self.found: Sequence[Finding] | None = None
        self.claims: list[KeyClaim] = []
        self.claims_changed = False

    @property
    def language(self) -> str:
        """Language of the words for the account holder: the pack's where theirs is not known."""
        return self.account.language or self.pack.language

    def ladder_of(self, rule_id: str) -> LadderTerms:
        """The ladder on which a rule puts accounts: that of its own pack."""
        return self.examiner.policy.pack_of(rule_id).ladder

    def judge_current(self, values: Mapping[Field, str] | None = None) -> Judgement:
        """What the policy says of ``values`` of the account, or of all that are current."""
        if values is None:
            values = current_values(self.account)
        return self.examiner.judge(view_of(self.account, self.event_id), values, self.at)


def current_values(account: Account) -> dict[Field, str]:
    """The values that are known and not empty."""
    return {field: value for field, value in zip(Field, account.values, strict=True) if value}
