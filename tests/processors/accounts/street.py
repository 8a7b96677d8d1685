"""Several accounts and the registry of keys, under one clock."""

from __future__ import annotations

from typing import Any

from processors import engine
from processors.accounts import Account, decode
from processors.policy import AcrossTerms, Detector, DetectorKind, NameTerms, Policy
from processors.text import Entry
from schemas.records import (
    AccountChange,
    AccountRuling,
    AccountVerification,
    ChangeKind,
    Decision,
    Field,
    KeyKind,
    MeasureStep,
    Phase,
    RulingAction,
    SubjectKind,
    Verdict,
    VerificationKind,
    VerificationResult,
)
from tests.processors.accounts.world import DAY, RULES, SECOND, START, TOPICS, make_pack, of, rule

WEIGHTS = {
    KeyKind.IDENTITY: 100,
    KeyKind.CONTACT: 60,
    KeyKind.CREDIT_CODE: 100,
    KeyKind.DEVICE: 40,
    KeyKind.NAME: 30,
    KeyKind.AVATAR: 30,
}
TAKEN = rule(
    "taken",
    Decision.HOLD,
    fields=(Field.NAME,),
    proof=None,
    points=-10,
)
DETECTORS = (
    *(Detector(r.id, DetectorKind.LEXICON, (Entry(r.id, r.id),)) for r in RULES),
    Detector("organs", DetectorKind.PROTECTED, (Entry("harbour office", "harbour office"),)),
    Detector("taken", DetectorKind.TAKEN),
)
ORGANS = rule("organs", Decision.HOLD, fields=(Field.NAME,), severity=3)


def policy(names: NameTerms | None = None, **terms: Any) -> Policy:
    """A policy with the check across accounts."""
    across = AcrossTerms(WEIGHTS, **terms)
    return Policy(
        make_pack(
            across=across,
            names=names or NameTerms(),
            rules=(*RULES, ORGANS, TAKEN),
            detectors=DETECTORS,
        )
    )


POLICY = policy()


class Street:
    """Accounts beside each other. Every call returns the records it brought about."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.policy = policy
        self.states: dict[bytes, bytes | None] = {}
        self.now = START
        self.log: list[Any] = []
        self.inputs: list[engine.Input] = []

    def register(
        self, account: str, token: str | None = None, name: str = "plain", **fields: Any
    ) -> list[Any]:
        return self.change(
            account, kind=ChangeKind.REGISTRATION, name=name, owner_token=token, **fields
        )

    def rename(self, account: str, name: str, **fields: Any) -> list[Any]:
        return self.change(account, name=name, **fields)

    def change(self, account: str, **fields: Any) -> list[Any]:
        fields.setdefault("kind", ChangeKind.EDIT)
        return self.give(AccountChange(**self._head(account), **fields))

    def cancel(self, account: str) -> list[Any]:
        return self.change(account, kind=ChangeKind.CANCELLATION)

    def prove(self, account: str, kind: VerificationKind, **fields: Any) -> list[Any]:
        fields.setdefault("result", VerificationResult.VERIFIED)
        return self.give(AccountVerification(**self._head(account), kind=kind, **fields))

    def prove_institution(self, account: str, legal_name: str, **fields: Any) -> list[Any]:
        return self.prove(account, VerificationKind.INSTITUTION, value=legal_name, **fields)

    def found(self, account: str, legal_name: str, name: str) -> list[Any]:
        """An institution registers under a name, its proof first."""
        self.prove_institution(account, legal_name)
        return self.register(account, f"tok-{account}", name, subject=SubjectKind.INSTITUTION)

    def close(self, account: str, days: int | None = None, field: Field | None = None) -> list[Any]:
        return self.rule(
            account,
            RulingAction.IMPOSE_MEASURE,
            account,
            step=MeasureStep.CLOSE,
            field=field,
            duration_days=days,
        )

    def approve(self, account: str, event: str, *reviewers: str) -> list[Any]:
        outputs: list[Any] = []
        for reviewer in reviewers:
            outputs += self.rule(account, RulingAction.APPROVE_CHANGE, event, reviewer)
        return outputs

    def rule(
        self,
        account: str,
        action: RulingAction,
        subject: str,
        reviewer: str = "rev-1",
        **fields: Any,
    ) -> list[Any]:
        return self.give(
            AccountRuling(
                **self._head(account),
                action=action,
                subject_id=subject,
                reviewer_id=reviewer,
                reason="so decided",
                **fields,
            )
        )

    def wait(self, days: float) -> list[Any]:
        """Let time pass, and deadlines fall due."""
        self.now += int(days * DAY)
        keys = [key for key in self.states if key[0]]
        return self._take(engine.run_due(keys, self.states.get, self.policy, self.now, alone=True))

    def give(self, record: Any) -> list[Any]:
        """Apply one input, a second after the last."""
        self.now += SECOND
        topic = TOPICS[type(record)]
        item = engine.Input(topic, 0, len(self.inputs), self.now, record)
        self.inputs.append(item)
        return self._take(engine.run([item], self.states.get, self.policy, alone=True))

    def account(self, account: str) -> Account:
        state = self.states[account.encode()]
        assert state is not None
        return decode(state)

    def keys(self) -> set[bytes]:
        """Registry keys that have a state."""
        return {key for key, state in self.states.items() if not key[0] and state is not None}

    def _head(self, account: str) -> dict[str, Any]:
        event = f"ev-{len(self.inputs) + 1}"
        return {"event_id": event, "account_id": account, "occurred_at": self.now}

    def _take(self, outcome: engine.Outcome) -> list[Any]:
        assert not outcome.rejected
        self.states.update(outcome.states)
        self.log += outcome.outputs
        return list(outcome.outputs)


def verdict(outputs: list[Any]) -> Verdict:
    """The only verdict among outputs, or the last one."""
    return of(outputs, Verdict)[-1]


def applied(**fields: Any) -> dict[str, Any]:
    """Fields of a change that is live already."""
    return {"phase": Phase.APPLIED, **fields}
